// SPDX-License-Identifier: GPL-2.0-only
/*
 * Register groups between v->state and the control block.
 *
 * RIP, RSP and RFLAGS are copied at every exit (svm_enter()).  CR4, EFER, the debug
 * registers and the TSC offset change through x86 only, so v->state always has them, but
 * for DR7 while it has local breakpoints: a hardware task switch clears those;
 * with nested paging the PDPTEs are read from memory at every use and are no state.
 *
 * On shadow page tables (APM vol. 2, 15.19) the guest always runs with paging, PAE
 * and NXE, whatever it thinks, and CR3 is the root of those: its own CR3 is x86's.
 */
#include <asm/processor-flags.h>

#include "svm/cpu.h"
#include "svm/nested.h"
#include "svm/vmcb.h"
#include "x86/cpu/cr.h"

static void segs_fetch(struct x86_seg *seg, const struct vmcb_save_area *save)
{
	svm_seg_fetch(&seg[SEG_FS], &save->fs);
	svm_seg_fetch(&seg[SEG_GS], &save->gs);
	svm_seg_fetch(&seg[SEG_LDTR], &save->ldtr);
	svm_seg_fetch(&seg[SEG_TR], &save->tr);
}

static void segs_store(struct vmcb_save_area *save, const struct x86_seg *seg)
{
	svm_seg_store(&save->fs, &seg[SEG_FS]);
	svm_seg_store(&save->gs, &seg[SEG_GS]);
	svm_seg_store(&save->ldtr, &seg[SEG_LDTR]);
	svm_seg_store(&save->tr, &seg[SEG_TR]);
}

/* ------------------------------------------------------------------------ */
/* Control registers whose real value differs from the guest's. */

/* Cache disabling is not passed on: the host's memory types rule (api.rst 7.31). */
#define CR0_HIDDEN	(X86_CR0_CD | X86_CR0_NW)

/* The shadow tables say what WP=0 allows. */
#define CR0_SHADOW	(X86_CR0_PG | X86_CR0_WP)

static u64 cr0_real(const struct x86_vcpu *v, u64 cr0)
{
	if (quirk_is_on(v, KVM_X86_QUIRK_CD_NW_CLEARED))
		cr0 &= ~CR0_HIDDEN;
	return svm_features.npt ? cr0 : cr0 | CR0_SHADOW;
}

/*
 * A guest whose CR0 is what it sees exits only for changes beyond TS and MP, and
 * reads freely; otherwise every access exits.
 */
static void cr0_store(struct svm_vcpu *s, u64 cr0)
{
	u64 real = cr0_real(&s->x86, cr0);

	s->vmcb->save.cr0 = real;
	vmcb_intercept(s, INTERCEPT_CR0_READ, real != cr0);
	vmcb_intercept(s, INTERCEPT_CR0_WRITE, real != cr0);
}

/* CD, NW and those of shadow paging change through x86 only: the old value is right. */
static u64 cr0_seen(u64 old, u64 real)
{
	u64 kept = svm_features.npt ? CR0_HIDDEN : CR0_HIDDEN | CR0_SHADOW;

	return (real & ~kept) | (old & kept);
}

/* A machine check with CR4.MCE clear would shut the host down. */
static void cr4_store(struct svm_vcpu *s)
{
	const struct x86_state *state = &s->x86.state;
	u64 cr4 = svm_features.npt ? state->cr4 : cr4_shadow(state);

	cr4 |= svm_features.host_mce;
	s->vmcb->save.cr4 = cr4;
	vmcb_intercept(s, INTERCEPT_CR4_READ, cr4 != state->cr4);
}

/*
 * VMRUN refuses an EFER without SVME, and LME with paging in a CPU that is not in
 * protected mode (APM vol. 2, 15.5.1).
 */
static u64 efer_real(u64 efer)
{
	efer |= EFER_SVME;
	if (svm_features.npt)
		return efer;
	if (!(efer & EFER_LMA))
		efer &= ~(u64)EFER_LME;
	return efer | EFER_NX;
}

/* The root too: a shutdown leaves nothing in the save area. */
static void cr3_store(struct svm_vcpu *s)
{
	s->vmcb->save.cr3 = svm_features.npt ? s->x86.state.cr3 : s->shadow_cr3;
	vmcb_changed(s, CLEAN_CR);
}

static void crs_store(struct svm_vcpu *s, u32 groups)
{
	const struct x86_state *state = &s->x86.state;
	struct vmcb_save_area *save = &s->vmcb->save;

	if (groups & GRP_CR0)
		cr0_store(s, state->cr0);
	if (groups & GRP_CR3)
		cr3_store(s);
	/* With shadow paging it depends on the others. */
	if (groups & (GRP_CR0 | GRP_CR4 | GRP_EFER))
		cr4_store(s);
	if (groups & GRP_EFER) {
		save->efer = efer_real(state->efer);
		/* Nothing but STGI, which takes SVME, could set it again; events are picked. */
		if (unlikely(s->gif_off && !(state->efer & EFER_SVME))) {
			svm_event_gif_open(s);
			s->entry_work |= ENTRY_KICK;
		}
	}
	vmcb_changed(s, CLEAN_CR);
}

/*
 * No guest sees the real DR6: it starts without a reason each time, so that a #DB
 * leaves its own reasons there and no others.
 */
static void dr_store(struct svm_vcpu *s)
{
	u64 dr7 = debug_dr7(&s->x86);
	bool local = dr7 & DR7_LOCAL && !debug_has_breakpoints(&s->x86);

	s->kept = svm_features.kept & ~(local ? GRP_DR : 0);
	s->vmcb->save.dr6 = DR6_ONES;
	s->vmcb->save.dr7 = dr7;
	if (dr7 & DR7_ENABLED)
		s->entry_work |= ENTRY_DB;
	else
		s->entry_work &= ~ENTRY_DB;
	vmcb_changed(s, CLEAN_DR);
}

static void tables_store(struct svm_vcpu *s)
{
	const struct x86_state *state = &s->x86.state;
	struct vmcb_save_area *save = &s->vmcb->save;

	save->gdtr.base = state->gdt.base;
	save->gdtr.limit = state->gdt.limit;
	save->idtr.base = state->idt.base;
	save->idtr.limit = state->idt.limit;
	vmcb_changed(s, CLEAN_TABLES);
}

static void csss_store(struct svm_vcpu *s)
{
	const struct x86_state *state = &s->x86.state;
	struct vmcb_save_area *save = &s->vmcb->save;

	svm_seg_store(&save->cs, &state->seg[SEG_CS]);
	svm_seg_store(&save->ss, &state->seg[SEG_SS]);
	/* The level has a field of its own, but QEMU's TCG takes it from here. */
	save->ss.attrib &= ~(3 << SEG_DPL_SHIFT);
	save->ss.attrib |= state->cpl << SEG_DPL_SHIFT;
	vmcb_changed(s, CLEAN_SEGS);
}

/* ------------------------------------------------------------------------ */
/*
 * The two ops.  Those groups first that nearly every exit has, the others in calls that
 * come last, so that the former need no frame.
 */

#define GROUPS_CR	(GRP_CR0 | GRP_CR3 | GRP_CR4 | GRP_EFER)
#define GROUPS_FREQUENT	(GRP_RIP | GRP_RSP | GRP_RFLAGS | GRP_SHADOW)

static noinline void state_store_slow(struct svm_vcpu *s, u32 groups)
{
	const struct x86_state *state = &s->x86.state;
	struct vmcb *vmcb = s->vmcb;

	if (groups & GROUPS_CR)
		crs_store(s, groups);
	if (groups & GRP_CR2) {
		vmcb->save.cr2 = state->cr2;
		vmcb_changed(s, CLEAN_CR2);
	}
	if ((groups & GRP_CR8) && !s->x86.nested.masks_if) {
		vmcb->control.int_ctl &= ~V_TPR_MASK;
		vmcb->control.int_ctl |= state->cr8 & V_TPR_MASK;
		vmcb_changed(s, CLEAN_TPR);
	}
	if (groups & GRP_CSSS)
		csss_store(s);
	if (groups & GRP_CPL) {
		vmcb->save.cpl = state->cpl;
		vmcb_changed(s, CLEAN_SEGS);
	}
	if (groups & GRP_DATA) {
		svm_seg_store(&vmcb->save.es, &state->seg[SEG_ES]);
		svm_seg_store(&vmcb->save.ds, &state->seg[SEG_DS]);
		vmcb_changed(s, CLEAN_SEGS);
	}
	if (groups & GRP_SEGS) {
		segs_store(&vmcb->save, state->seg);
		vmcb_changed(s, CLEAN_SEGS);
	}
	if (groups & GRP_TABLES)
		tables_store(s);
	if (groups & GRP_DR)
		dr_store(s);
	if (groups & GRP_TSC) {
		vmcb->control.tsc_offset = state->tsc_offset;
		if (s->x86.nested.l2)
			vmcb->control.tsc_offset += s->nested->control.tsc_offset;
		vmcb_changed(s, CLEAN_INTERCEPTS);
		if (unlikely(svm_tsc_is_scaled(s) || s->tsc_ratio_loaded))
			s->entry_work |= ENTRY_TSC;
	}
}

void svm_state_store(struct x86_vcpu *v, u32 groups)
{
	struct svm_vcpu *s = to_svm(v);
	struct vmcb *vmcb = s->vmcb;

	if (groups & GROUPS_FREQUENT) {
		vmcb->save.rip = v->state.rip;
		vmcb->save.rsp = v->state.gpr[GPR_RSP];
		vmcb->save.rflags = v->state.rflags;
		s->step_tf = v->state.rflags & X86_EFLAGS_TF;
		if (s->step)
			vmcb->save.rflags |= X86_EFLAGS_TF;
		if (groups & GRP_SHADOW)
			vmcb->control.int_state =
				v->state.shadow ? SVM_INTERRUPT_SHADOW_MASK : 0;
	}
	groups &= ~GROUPS_FREQUENT;
	if (!groups)
		return;
	/* A guest on shadow page tables often loads CR3, and nothing else. */
	if (groups == GRP_CR3)
		cr3_store(s);
	else
		state_store_slow(s, groups);
}

static noinline void state_fetch_slow(struct svm_vcpu *s, u32 groups)
{
	const struct vmcb_save_area *save = &s->vmcb->save;
	struct x86_state *state = &s->x86.state;

	if (groups & GRP_CR0)
		state->cr0 = cr0_seen(state->cr0, save->cr0);
	if (groups & GRP_CR2)
		state->cr2 = save->cr2;
	if (groups & GRP_DR)
		state->dr7 &= ~DR7_LOCAL | save->dr7;
	if (groups & GRP_DATA) {
		svm_seg_fetch(&state->seg[SEG_ES], &save->es);
		svm_seg_fetch(&state->seg[SEG_DS], &save->ds);
	}
	if (groups & GRP_SEGS)
		segs_fetch(state->seg, save);
	if (groups & GRP_TABLES) {
		state->gdt.base = save->gdtr.base;
		state->gdt.limit = save->gdtr.limit;
		state->idt.base = save->idtr.base;
		state->idt.limit = save->idtr.limit;
	}
	/* Which of the two instructions it was, hardware does not say. */
	if (groups & GRP_SHADOW)
		state->shadow = s->vmcb->control.int_state &
				SVM_INTERRUPT_SHADOW_MASK ?
				SHADOW_MOV_SS | SHADOW_STI : 0;
}

void svm_state_fetch(struct x86_vcpu *v, u32 groups)
{
	const u32 frequent = GRP_CSSS | GRP_CR3 | GRP_CR8;
	struct svm_vcpu *s = to_svm(v);
	const struct vmcb_save_area *save = &s->vmcb->save;
	struct x86_state *state = &v->state;

	state->valid |= groups;
	if (groups & GRP_CSSS) {
		svm_seg_fetch(&state->seg[SEG_CS], &save->cs);
		svm_seg_fetch(&state->seg[SEG_SS], &save->ss);
	}
	if (groups & GRP_CR3)
		state->cr3 = save->cr3;
	/* L2's may be apart from L1's, which then stays as it is. */
	if ((groups & GRP_CR8) && !v->nested.masks_if)
		state->cr8 = s->vmcb->control.int_ctl & V_TPR_MASK;
	if (groups & ~frequent)
		state_fetch_slow(s, groups);
}
