// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMREAD and VMWRITE of L2's that L1 lets it do in a shadow VMCS (SDM vol. 3, 25.10 and
 * chapter 31): the region that L1's link pointer names, in L1's memory.
 */
#include <asm/processor-flags.h>
#include <asm/traps.h>

#include "vmx/nested.h"
#include "vmx/nested_insn.h"
#include "vmx/nested_parts.h"

/* Encodings that the bitmaps have bits for. */
#define BITMAP_FIELDS	0x8000

/* What cannot be read is not allowed. */
static bool bitmap_denies(struct vmx_vcpu *s, u64 encoding, bool write)
{
	const struct vmcs12 *c = s->nested->c;
	gpa_t map = write ? c->vmwrite_bitmap : c->vmread_bitmap;
	u8 bits;

	return encoding >= BITMAP_FIELDS ||
	       kvm_nested_read(&s->x86, map + encoding / 8, &bits, 1) ||
	       (bits & BIT(encoding % 8));
}

bool vmx_nested_shadows(struct vmx_vcpu *s, u32 reason)
{
	u32 info = vmcs_read(VMX_INSTRUCTION_INFO);

	return l1_cpu2(s, SECONDARY_EXEC_SHADOW_VMCS) &&
	       !bitmap_denies(s, vmx_operand_gpr(&s->x86, INFO_REG2(info)),
			      reason == EXIT_REASON_VMWRITE);
}

static void shadow_end(struct x86_vcpu *v, const struct x86_exit *exit, u64 flags)
{
	struct x86_state *st;

	if (!kvm_nested_skip(v, exit))
		return;
	st = state_set(v, GRP_RFLAGS);
	st->rflags = (st->rflags & ~(u64)VMX_RESULT_FLAGS) | flags;
}

static gpa_t shadow_at(const struct vmx_vcpu *s, const struct vmcs12_field *f, bool high)
{
	return s->nested->c->vmcs_link_pointer + f->offset + (high ? 4 : 0);
}

static unsigned int shadow_bytes(const struct vmcs12_field *f, bool high)
{
	return high ? 4 : f->bytes;
}

static void shadow_read(struct vmx_vcpu *s, const struct x86_exit *exit,
			const struct vmcs12_field *f, bool high)
{
	u32 info = vmcs_read(VMX_INSTRUCTION_INFO);
	struct x86_vcpu *v = &s->x86;
	u64 value = 0;

	kvm_nested_read(v, shadow_at(s, f, high), &value, shadow_bytes(f, high));
	if (info & INFO_IN_REG)
		vmx_operand_gpr_set(v, INFO_REG1(info), value);
	else if (!vmx_operand_store(v, &value, vmx_operand_bytes(v)))
		return;
	shadow_end(v, exit, 0);
}

static void shadow_write(struct vmx_vcpu *s, const struct x86_exit *exit,
			 const struct vmcs12_field *f, bool high)
{
	u32 info = vmcs_read(VMX_INSTRUCTION_INFO);
	struct x86_vcpu *v = &s->x86;
	u64 value = 0;

	if (info & INFO_IN_REG)
		value = vmx_operand_gpr(v, INFO_REG1(info));
	else if (!vmx_operand_load(v, &value, vmx_operand_bytes(v)))
		return;
	kvm_nested_write(v, shadow_at(s, f, high), &value, shadow_bytes(f, high));
	shadow_end(v, exit, 0);
}

/* VMfailValid is told in the shadow VMCS, L2's current one. */
static void shadow_fail(struct vmx_vcpu *s, const struct x86_exit *exit, u32 error)
{
	kvm_nested_write(&s->x86, s->nested->c->vmcs_link_pointer +
			 offsetof(struct vmcs12, vm_instruction_error),
			 &error, sizeof(error));
	shadow_end(&s->x86, exit, X86_EFLAGS_ZF);
}

void vmx_nested_shadow_insn(struct vmx_vcpu *s, const struct x86_exit *exit)
{
	u32 info = vmcs_read(VMX_INSTRUCTION_INFO);
	struct x86_vcpu *v = &s->x86;
	u64 encoding = vmx_operand_gpr(v, INFO_REG2(info));
	const struct vmcs12_field *f = vmcs12_field(encoding);

	if (state_get(v, GRP_CPL)->cpl)
		kvm_event_exception(v, X86_TRAP_GP, 0);
	else if (s->nested->c->vmcs_link_pointer == NO_VMCS)
		shadow_end(v, exit, X86_EFLAGS_CF);
	else if (!f)
		shadow_fail(s, exit, VMXERR_FIELD);
	else if (s->reason == EXIT_REASON_VMREAD)
		shadow_read(s, exit, f, vmcs12_high(encoding));
	else if (vmcs12_read_only(f) && !vmx_writes_all(s))
		shadow_fail(s, exit, VMXERR_READ_ONLY);
	else
		shadow_write(s, exit, f, vmcs12_high(encoding));
}
