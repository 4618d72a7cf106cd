// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without an unrestricted guest VM entry takes protected mode with paging only, and
 * segments as protected mode loads them (SDM vol. 3, 27.3.1.2).  Everything else is
 * executed in software: real mode, the way out of it up to the last segment load and,
 * with EPT, protected mode without paging.
 */
#include <asm/processor-flags.h>

#include "vmx/cpu.h"

/* What the checks look at. */
#define GROUPS	(GRP_CR0 | GRP_RFLAGS | GRP_CSSS | GRP_DATA | GRP_SEGS)

/* Of a segment in virtual-8086 mode. */
#define VM86_LIMIT	0xffff
#define VM86_ATTR	0xf3

static u8 seg_rpl(const struct x86_seg *seg)
{
	return seg->selector & 3;
}

static u8 seg_dpl(const struct x86_seg *seg)
{
	return (seg->attr >> SEG_DPL_SHIFT) & 3;
}

static bool seg_usable(const struct x86_seg *seg)
{
	return (seg->attr & (SEG_P | SEG_UNUSABLE)) == SEG_P;
}

/* SS.DPL, which is the CPL, is stored with the others: state.c. */
static bool vm86_is_valid(const struct x86_state *state)
{
	u16 attr;
	int i;

	for (i = SEG_ES; i <= SEG_GS; i++) {
		const struct x86_seg *seg = &state->seg[i];

		attr = seg->attr | (i == SEG_SS ? SEG_DPL : 0);
		if (seg->base != (u32)seg->selector << 4 || seg->limit != VM86_LIMIT ||
		    (attr & 0xff) != VM86_ATTR)
			return false;
	}
	return true;
}

static bool cs_is_valid(const struct x86_seg *cs, const struct x86_seg *ss, u8 cpl)
{
	if (!seg_usable(cs) || !(cs->attr & SEG_S) || !(cs->attr & SEG_CODE))
		return false;
	if (seg_rpl(cs) != seg_rpl(ss))
		return false;
	return cs->attr & SEG_CONFORMING ? seg_dpl(cs) <= cpl :
					   seg_dpl(cs) == cpl;
}

static bool ss_is_valid(const struct x86_seg *ss, u8 cpl)
{
	if (seg_rpl(ss) != cpl)
		return false;
	return !seg_usable(ss) ||
	       ((ss->attr & SEG_S) && !(ss->attr & SEG_CODE) &&
		(ss->attr & SEG_WRITABLE));
}

static bool data_is_valid(const struct x86_seg *seg)
{
	bool code = seg->attr & SEG_CODE;

	if (!seg_usable(seg))
		return true;
	if (!(seg->attr & SEG_S) || (code && !(seg->attr & SEG_READABLE)))
		return false;
	return (code && (seg->attr & SEG_CONFORMING)) ||
	       seg_dpl(seg) >= seg_rpl(seg);
}

static bool segs_are_valid(const struct x86_state *state)
{
	static const u8 data[] = { SEG_DS, SEG_ES, SEG_FS, SEG_GS };
	int i;

	if (!ss_is_valid(&state->seg[SEG_SS], state->cpl) ||
	    !cs_is_valid(&state->seg[SEG_CS], &state->seg[SEG_SS], state->cpl))
		return false;
	for (i = 0; i < ARRAY_SIZE(data); i++)
		if (!data_is_valid(&state->seg[data[i]]))
			return false;
	return true;
}

static bool state_is_valid(const struct x86_state *state)
{
	if (!(state->cr0 & X86_CR0_PE))
		return false;
	if (vmx_features.ept && !(state->cr0 & X86_CR0_PG))
		return false;
	return state->rflags & X86_EFLAGS_VM ? vm86_is_valid(state) :
					       segs_are_valid(state);
}

/* What the processor itself loads is valid. */
enum x86_entry vmx_can_enter(struct x86_vcpu *v)
{
	struct vmx_vcpu *s = to_vmx(v);

	if (v->state.dirty & (GROUPS | GRP_CPL))
		s->valid = state_is_valid(state_get(v, GROUPS | GRP_CPL));
	return s->valid ? X86_ENTRY_FULL : X86_ENTRY_NONE;
}
