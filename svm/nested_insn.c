// SPDX-License-Identifier: GPL-2.0-only
/*
 * The instructions of SVM, executed for L1, or for L2 where L1 lets it (APM vol. 2, 15.5,
 * 15.16, 15.17; vol. 3); and what an event for L1 does while L2 runs.
 */
#include <linux/bits.h>

#include <asm/processor-flags.h>
#include <asm/traps.h>

#include "svm/cpu.h"
#include "svm/nested.h"
#include "svm/vmcb.h"

static enum x86_next insn_raise(struct x86_vcpu *v, u8 vector)
{
	kvm_event_exception(v, vector, vector == X86_TRAP_GP ? 0 : -1);
	return X86_RESUME;
}

/* ------------------------------------------------------------------------ */
/* VMLOAD and VMSAVE: what VMRUN does not switch. */

#define FSGS_FIRST	offsetof(struct vmcb_save_area, fs)
#define FSGS_BYTES	(2 * sizeof(struct vmcb_seg))
#define LDTR_FIRST	offsetof(struct vmcb_save_area, ldtr)
#define TR_FIRST	offsetof(struct vmcb_save_area, tr)
#define MSRS_FIRST	offsetof(struct vmcb_save_area, star)
#define MSRS_BYTES	(offsetof(struct vmcb_save_area, cr2) - MSRS_FIRST)

/* As they lie in a save area, but for what is between them. */
struct vmload_state {
	struct vmcb_seg fsgs[2];
	struct vmcb_seg ldtr;
	struct vmcb_seg tr;
	u64 msrs[MSRS_BYTES / 8];
};

static int vmload_read(struct x86_vcpu *v, gpa_t gpa, struct vmload_state *l)
{
	gpa += offsetof(struct vmcb, save);
	return kvm_nested_read(v, gpa + FSGS_FIRST, l->fsgs, FSGS_BYTES) ?:
	       kvm_nested_read(v, gpa + LDTR_FIRST, &l->ldtr, sizeof(l->ldtr)) ?:
	       kvm_nested_read(v, gpa + TR_FIRST, &l->tr, sizeof(l->tr)) ?:
	       kvm_nested_read(v, gpa + MSRS_FIRST, l->msrs, MSRS_BYTES);
}

static int vmsave_write(struct x86_vcpu *v, gpa_t gpa, const struct vmload_state *l)
{
	gpa += offsetof(struct vmcb, save);
	return kvm_nested_write(v, gpa + FSGS_FIRST, l->fsgs, FSGS_BYTES) ?:
	       kvm_nested_write(v, gpa + LDTR_FIRST, &l->ldtr, sizeof(l->ldtr)) ?:
	       kvm_nested_write(v, gpa + TR_FIRST, &l->tr, sizeof(l->tr)) ?:
	       kvm_nested_write(v, gpa + MSRS_FIRST, l->msrs, MSRS_BYTES);
}

static u64 *vmload_msrs(struct svm_vcpu *s)
{
	return (void *)&s->vmcb->save + MSRS_FIRST;
}

static enum x86_next vmload(struct x86_vcpu *v, const struct x86_exit *exit,
			    gpa_t gpa)
{
	struct svm_vcpu *s = to_svm(v);
	struct vmload_state l;
	struct x86_state *st;
	enum x86_next next;

	if (vmload_read(v, gpa, &l))
		return insn_raise(v, X86_TRAP_GP);
	if (!kvm_nested_skip(v, exit, &next))
		return next;
	st = state_set(v, GRP_SEGS);
	svm_seg_fetch(&st->seg[SEG_FS], &l.fsgs[0]);
	svm_seg_fetch(&st->seg[SEG_GS], &l.fsgs[1]);
	svm_seg_fetch(&st->seg[SEG_LDTR], &l.ldtr);
	svm_seg_fetch(&st->seg[SEG_TR], &l.tr);
	memcpy(vmload_msrs(s), l.msrs, sizeof(l.msrs));
	return X86_RESUME;
}

static enum x86_next vmsave(struct x86_vcpu *v, const struct x86_exit *exit,
			    gpa_t gpa)
{
	const struct x86_state *st = state_get(v, GRP_SEGS);
	struct svm_vcpu *s = to_svm(v);
	struct vmload_state l;
	enum x86_next next;

	svm_seg_store(&l.fsgs[0], &st->seg[SEG_FS]);
	svm_seg_store(&l.fsgs[1], &st->seg[SEG_GS]);
	svm_seg_store(&l.ldtr, &st->seg[SEG_LDTR]);
	svm_seg_store(&l.tr, &st->seg[SEG_TR]);
	memcpy(l.msrs, vmload_msrs(s), sizeof(l.msrs));
	if (vmsave_write(v, gpa, &l))
		return insn_raise(v, X86_TRAP_GP);
	return kvm_nested_skip(v, exit, &next) ? X86_RESUME : next;
}

/* ------------------------------------------------------------------------ */
/* The others. */

static enum x86_next gif_set(struct x86_vcpu *v, const struct x86_exit *exit,
			     bool on)
{
	struct svm_vcpu *s = to_svm(v);
	enum x86_next next;

	if (!kvm_nested_skip(v, exit, &next))
		return next;
	s->gif_off = !on;
	svm_event_virq_update(s);
	if (on)
		kvm_nested_recheck(v);
	return X86_RESUME;
}

/* ASID 0 is the caller's own; of the others nobody remembers which is which. */
static enum x86_next invlpga(struct x86_vcpu *v, const struct x86_exit *exit)
{
	struct svm_vcpu *s = to_svm(v);
	enum x86_next next;

	if (!kvm_nested_skip(v, exit, &next))
		return next;
	if (svm_features.npt && s->nested && s->nested->npt)
		kvm_nested_flush(v);
	kvm_nested_guest_flush(v);
	return X86_RESUME;
}

static bool operand_is_valid(struct x86_vcpu *v, u64 gpa)
{
	return !(gpa & ~PAGE_MASK) && !(gpa >> v->cpuid.maxphyaddr);
}

/* With an address of a control block. */
static enum x86_next vmcb_insn(struct x86_vcpu *v, const struct x86_exit *exit)
{
	struct x86_exit known __uninitialized;
	enum x86_next next;
	u64 gpa;

	/* Bytes are looked at once: the length is all that is asked for again. */
	known.code = exit->code;
	if (!kvm_nested_rax(v, exit, &gpa, &known.next_rip, &next))
		return next;
	exit = &known;
	if (!operand_is_valid(v, gpa))
		return insn_raise(v, X86_TRAP_GP);
	switch (exit->code) {
	case SVM_EXIT_VMRUN:
		/* L1 has to intercept L2's. */
		if (v->nested.l2)
			return insn_raise(v, X86_TRAP_UD);
		return svm_nested_vmrun(v, exit, gpa);
	case SVM_EXIT_VMLOAD:
		return vmload(v, exit, gpa);
	default:
		return vmsave(v, exit, gpa);
	}
}

/* SVM is on, and the CPU in protected mode: #UD else, and #GP above level 0. */
enum x86_next svm_nested_insn(struct x86_vcpu *v, const struct x86_exit *exit)
{
	const struct x86_state *st = state_get(v, GRP_EFER | GRP_CR0 | GRP_RFLAGS |
					       GRP_CPL);

	if (!(st->efer & EFER_SVME) || !(st->cr0 & X86_CR0_PE) ||
	    (st->rflags & X86_EFLAGS_VM) || exit->code == SVM_EXIT_SKINIT)
		return insn_raise(v, X86_TRAP_UD);
	if (st->cpl)
		return insn_raise(v, X86_TRAP_GP);
	switch (exit->code) {
	case SVM_EXIT_STGI:
		return gif_set(v, exit, true);
	case SVM_EXIT_CLGI:
		return gif_set(v, exit, false);
	case SVM_EXIT_INVLPGA:
		return invlpga(v, exit);
	default:
		return vmcb_insn(v, exit);
	}
}

/* ------------------------------------------------------------------------ */

/*
 * What L1 gets, and did not yet, because something else goes into L2 first, or L2 is in
 * an interrupt shadow: the next entry is left as soon as that is done.
 */
u32 svm_nested_window(struct svm_vcpu *s, u32 mask)
{
	const struct x86_nested *nested = &s->x86.nested;
	u32 kick = 0;

	if (s->gif_off)
		return mask;
	if ((mask & EVENT_MASK_NMI) &&
	    (s->intercepts_l1[INTERCEPT_NMI / 32] & BIT(INTERCEPT_NMI % 32))) {
		kick = s->nmi == NMI_OPEN;
		mask &= ~EVENT_MASK_NMI;
	}
	/* L2's own flag has no say; L1's is constant. */
	if ((mask & EVENT_MASK_INTERRUPT) && nested->masks_if) {
		kick |= nested->if_flag;
		mask &= ~EVENT_MASK_INTERRUPT;
	}
	if (kick)
		s->entry_work |= ENTRY_KICK;
	return mask;
}
