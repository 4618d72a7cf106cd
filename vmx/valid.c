// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without an unrestricted guest VM entry takes protected mode with paging only, and
 * segments as protected mode loads them (SDM vol. 3, 27.3.1.2).  Real mode runs as
 * virtual-8086 mode, if its segments could be of that mode, and what has no paging on an
 * identity map (form.c).  Everything else is executed in software: other real mode, and
 * the way from one mode to the other up to the last segment load.
 */
#include <asm/processor-flags.h>

#include "vmx/cpu.h"
#include "vmx/nested.h"
#include "vmx/vmcs.h"

/* What the checks look at. */
#define GROUPS \
	(GRP_CR0 | GRP_RFLAGS | GRP_CSSS | GRP_DATA | GRP_SEGS | GRP_CPL)

/* Of a segment in virtual-8086 mode. */
#define VM86_LIMIT	0xffff

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

static bool seg_is_paragraphs(const struct x86_seg *seg)
{
	return seg->base == (u32)seg->selector << 4 && seg->limit == VM86_LIMIT;
}

/* SS.DPL, which is the CPL, is stored with the others: state.c. */
static bool vm86_is_valid(const struct x86_state *state)
{
	u16 attr;
	int i;

	for (i = SEG_ES; i <= SEG_GS; i++) {
		attr = state->seg[i].attr | (i == SEG_SS ? SEG_DPL : 0);
		if (!seg_is_paragraphs(&state->seg[i]) || attr != VMCS_VM86_RIGHTS)
			return false;
	}
	return true;
}

/* Of real mode: 16 bits, and what is there can be read, written, executed from 0 up. */
static bool real_seg_fits(const struct x86_seg *seg, bool code)
{
	if (!seg_is_paragraphs(seg) || !seg_usable(seg) || !(seg->attr & SEG_S) ||
	    (seg->attr & SEG_DB))
		return false;
	return code ? (seg->attr & SEG_CODE) || !(seg->attr & SEG_EXPAND_DOWN) :
		      !(seg->attr & (SEG_CODE | SEG_EXPAND_DOWN)) &&
		      (seg->attr & SEG_WRITABLE);
}

/* What has run in the form has loaded what fits it, but for what is dirty. */
static bool real_fits(struct vmx_vcpu *s)
{
	static const u32 groups[] = {
		[SEG_ES] = GRP_DATA, [SEG_CS] = GRP_CSSS, [SEG_SS] = GRP_CSSS,
		[SEG_DS] = GRP_DATA, [SEG_FS] = GRP_SEGS, [SEG_GS] = GRP_SEGS,
	};
	struct x86_state *state = &s->x86.state;
	int i;

	for (i = SEG_ES; i <= SEG_GS; i++) {
		if (s->vm86 && !(state->dirty & groups[i]))
			continue;
		if (!real_seg_fits(&state_get(&s->x86, groups[i])->seg[i], i == SEG_CS))
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

static bool protected_is_valid(const struct x86_state *state)
{
	return state->rflags & X86_EFLAGS_VM ? vm86_is_valid(state) :
					       segs_are_valid(state);
}

/* In real mode VM is no flag. */
static bool real_is_valid(struct vmx_vcpu *s)
{
	return !(state_get(&s->x86, GRP_RFLAGS)->rflags & X86_EFLAGS_VM) &&
	       real_fits(s);
}

static void state_judge(struct vmx_vcpu *s)
{
	struct x86_vcpu *v = &s->x86;
	u64 cr0 = state_get(v, GRP_CR0)->cr0;
	bool real = !(cr0 & X86_CR0_PE), unpaged = !(cr0 & X86_CR0_PG) && vmx_features.ept;

	/* L2 has the VMCS as L1 has filled it, and the processor judges: L1 gets to know. */
	if (nested_l2_runs(v)) {
		s->valid = true;
		vmx_form_set(s, false, false);
		return;
	}
	s->valid = real ? real_is_valid(s) :
			  protected_is_valid(state_get(v, GROUPS));
	if (s->valid)
		vmx_form_set(s, real, unpaged);
}

/* What the processor itself loads is valid. */
enum x86_entry vmx_can_enter(struct x86_vcpu *v)
{
	struct vmx_vcpu *s = to_vmx(v);

	if (v->state.dirty & GROUPS)
		state_judge(s);
	if (!s->valid)
		return X86_ENTRY_NONE;
	return s->vm86 ? X86_ENTRY_BARE : X86_ENTRY_FULL;
}
