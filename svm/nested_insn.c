// SPDX-License-Identifier: GPL-2.0-only
/*
 * The instructions of SVM, executed for L1, or for L2 where L1 lets it (APM vol. 2, 15.5,
 * 15.16, 15.17; vol. 3); and what an event for L1 does while L2 runs.
 */
#include <linux/bits.h>
#include <linux/string.h>

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

#define MSRS_FIRST	offsetof(struct vmcb_save_area, star)
#define MSRS_BYTES	(offsetof(struct vmcb_save_area, cr2) - MSRS_FIRST)

/* As they lie in a save area. */
static void msrs_copy(struct vmcb_save_area *to, const struct vmcb_save_area *from)
{
	memcpy((void *)to + MSRS_FIRST, (const void *)from + MSRS_FIRST, MSRS_BYTES);
}

static enum x86_next insn_vmload(struct x86_vcpu *v, u64 next_rip, gpa_t gpa)
{
	struct vmcb_save_area l __uninitialized;
	struct x86_state *st;

	if (svm_nested_vmload_read(v, gpa, &l))
		return insn_raise(v, X86_TRAP_GP);
	kvm_nested_skip_to(v, next_rip);
	st = state_set(v, GRP_SEGS);
	svm_seg_fetch(&st->seg[SEG_FS], &l.fs);
	svm_seg_fetch(&st->seg[SEG_GS], &l.gs);
	svm_seg_fetch(&st->seg[SEG_LDTR], &l.ldtr);
	svm_seg_fetch(&st->seg[SEG_TR], &l.tr);
	msrs_copy(&to_svm(v)->vmcb->save, &l);
	return X86_RESUME;
}

static enum x86_next insn_vmsave(struct x86_vcpu *v, u64 next_rip, gpa_t gpa)
{
	const struct x86_state *st = state_get(v, GRP_SEGS);
	struct vmcb_save_area l __uninitialized;

	svm_seg_store(&l.fs, &st->seg[SEG_FS]);
	svm_seg_store(&l.gs, &st->seg[SEG_GS]);
	svm_seg_store(&l.ldtr, &st->seg[SEG_LDTR]);
	svm_seg_store(&l.tr, &st->seg[SEG_TR]);
	msrs_copy(&l, &to_svm(v)->vmcb->save);
	if (svm_nested_vmsave_write(v, gpa, &l))
		return insn_raise(v, X86_TRAP_GP);
	kvm_nested_skip_to(v, next_rip);
	return X86_RESUME;
}

/* ------------------------------------------------------------------------ */
/* The others. */

static enum x86_next gif_set(struct x86_vcpu *v, const struct x86_exit *exit,
			     bool on)
{
	struct svm_vcpu *s = to_svm(v);

	if (!kvm_nested_skip(v, exit))
		return v->next;
	if (svm_nested_gif_set(s, on))
		return X86_RESUME;
	if (on) {
		svm_event_gif_open(s);
	} else {
		s->gif_off = true;
		svm_event_virq_update(s);
	}
	return X86_RESUME;
}

/* ASID 0 is the caller's own; of the others nobody remembers which is which. */
static enum x86_next insn_invlpga(struct x86_vcpu *v, const struct x86_exit *exit)
{
	struct svm_vcpu *s = to_svm(v);

	if (!kvm_nested_skip(v, exit))
		return v->next;
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
	u64 gpa, next_rip;

	if (!kvm_nested_rax(v, exit, &gpa, &next_rip))
		return v->next;
	if (!operand_is_valid(v, gpa))
		return insn_raise(v, X86_TRAP_GP);
	switch (exit->code) {
	case SVM_EXIT_VMRUN:
		/* L1 has to intercept L2's. */
		if (v->nested.l2)
			return insn_raise(v, X86_TRAP_UD);
		return svm_nested_vmrun(v, next_rip, gpa);
	case SVM_EXIT_VMLOAD:
		return insn_vmload(v, next_rip, gpa);
	default:
		return insn_vmsave(v, next_rip, gpa);
	}
}

/* SVM is on, and the CPU in protected mode: #UD else, and #GP above level 0. */
enum x86_next svm_nested_insn(struct x86_vcpu *v, const struct x86_exit *exit)
{
	/* And, in the same go, what operand and length take. */
	const struct x86_state *st = state_get(v, GRP_EFER | GRP_CR0 | GRP_RFLAGS |
					       GRP_CPL | GRP_CSSS | GRP_CR3);

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
		return insn_invlpga(v, exit);
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
