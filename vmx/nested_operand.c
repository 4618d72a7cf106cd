// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operands of VMX instructions, as the exit tells of them (SDM vol. 3, tables 28-13 and
 * 28-14): the processor has decoded the instruction.
 */
#include <asm/traps.h>

#include "vmx/insn.h"
#include "vmx/nested.h"
#include "vmx/nested_insn.h"

#define INFO_SCALE(info)	((info) & 3)
#define INFO_ADDRESS(info)	((info) >> 7 & 7)	/* 16, 32 or 64 bits */
#define INFO_SEG(info)		((info) >> 15 & 7)
#define INFO_INDEX(info)	((info) >> 18 & 15)
#define INFO_NO_INDEX		BIT(22)
#define INFO_BASE(info)		((info) >> 23 & 15)
#define INFO_NO_BASE		BIT(27)

static u64 gpr_full(struct x86_vcpu *v, u8 nr)
{
	return state_get(v, nr == GPR_RSP ? GRP_RSP : 0)->gpr[nr];
}

u64 vmx_operand_gpr(struct x86_vcpu *v, u8 nr)
{
	return state_is_64bit_code(v) ? gpr_full(v, nr) : (u32)gpr_full(v, nr);
}

void vmx_operand_gpr_set(struct x86_vcpu *v, u8 nr, u64 value)
{
	if (!state_is_64bit_code(v))
		value = (u32)value;
	state_set(v, nr == GPR_RSP ? GRP_RSP : 0)->gpr[nr] = value;
}

/* A displacement relative to RIP is an address already (28.2.1). */
static u64 operand_offset(struct x86_vcpu *v, u32 info)
{
	u64 offset = vmcs_read(EXIT_QUALIFICATION);

	if (!(info & INFO_NO_BASE))
		offset += gpr_full(v, INFO_BASE(info));
	if (!(info & INFO_NO_INDEX))
		offset += gpr_full(v, INFO_INDEX(info)) << INFO_SCALE(info);
	switch (INFO_ADDRESS(info)) {
	case 0:
		return (u16)offset;
	case 1:
		return (u32)offset;
	default:
		return offset;
	}
}

/* Limit, presence and type of a segment outside 64-bit mode (SDM vol. 3, 5.3, 5.5). */
static bool seg_allows(const struct x86_seg *seg, u32 offset, unsigned int len, bool write)
{
	u8 type = seg->attr & SEG_TYPE;
	u32 last = offset + len - 1;

	if ((seg->attr & SEG_UNUSABLE) || !(seg->attr & SEG_P) || last < offset)
		return false;
	/* Code: readable, never writable.  Data: writable. */
	if (type & 8 ? write || !(type & 2) : write && !(type & 2))
		return false;
	/* Expand-down data ends where others begin. */
	if ((type & 0xc) == 4)
		return offset > seg->limit && last <= (seg->attr & SEG_DB ? U32_MAX : 0xffff);
	return last <= seg->limit;
}

/* Return: false: #GP or #SS. */
static bool operand_linear(struct x86_vcpu *v, unsigned int len, bool write, u64 *la)
{
	u32 info = vmcs_read(VMX_INSTRUCTION_INFO);
	const struct x86_state *st = state_get(v, GRP_CSSS | GRP_DATA | GRP_SEGS);
	const struct x86_seg *seg = &st->seg[min_t(u32, INFO_SEG(info), SEG_GS)];
	u64 offset = operand_offset(v, info);
	bool ok;

	if (state_is_64bit_code(v)) {
		*la = offset + (INFO_SEG(info) >= SEG_FS ? seg->base : 0);
		ok = state_is_canonical(v, *la) && state_is_canonical(v, *la + len - 1);
	} else {
		*la = (u32)(seg->base + offset);
		ok = seg_allows(seg, offset, len, write);
	}
	if (!ok) {
		kvm_event_exception(v, INFO_SEG(info) == SEG_SS ? X86_TRAP_SS :
								  X86_TRAP_GP, 0);
		v->next = X86_RESUME;
	}
	return ok;
}

bool vmx_operand_load(struct x86_vcpu *v, void *buf, unsigned int len)
{
	u64 la;

	return operand_linear(v, len, false, &la) && kvm_nested_load(v, la, buf, len);
}

bool vmx_operand_store(struct x86_vcpu *v, const void *buf, unsigned int len)
{
	u64 la;

	return operand_linear(v, len, true, &la) && kvm_nested_store(v, la, buf, len);
}
