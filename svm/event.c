// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events on their way in (APM vol. 2, 15.20, 15.21).
 *
 * Software interrupts.  When the delivery of an INTn, INT3 or INTO exits, RIP is
 * still at that instruction: executing it again is the re-injection.  So
 * EXITINTINFO of that kind is dropped, and EVENT_SOFT (which can only come from
 * userspace, with RIP at the instruction) injects nothing.  #BP and #OF that x86
 * raises are another thing, as is what L1 injects: RIP is the address to return to.
 * A CPU with NRIP save pushes the control block's next RIP for them, so that is set to
 * RIP too.
 *
 * NMIs.  An injected NMI masks further ones up to the guest's IRET; hardware does
 * not keep that mask, so IRET is intercepted.  The intercept comes before the
 * instruction.  If an NMI waits, one step (step.c) goes over it, else the next
 * exit at another RIP tells that it has completed.
 */
#include <asm/processor-flags.h>
#include <asm/traps.h>

#include "svm/nested.h"
#include "svm/vmcb.h"

/* Interrupts are from here on (APM vol. 2, 8.1). */
#define VECTORS_EXCEPTION	32

static bool vector_is_soft(u8 vector)
{
	return vector == X86_TRAP_BP || vector == X86_TRAP_OF;
}

static void virq_store(struct svm_vcpu *s, u32 bits, u32 vector)
{
	struct vmcb_control_area *control = &s->vmcb->control;

	control->int_ctl &= ~V_IRQ_INJECTION_BITS_MASK;
	control->int_ctl |= bits & V_IRQ_INJECTION_BITS_MASK;
	control->int_vector = vector;
	vmcb_changed(s, CLEAN_TPR);
}

void svm_event_virq_restore(struct svm_vcpu *s)
{
	if (!s->virq_own)
		virq_store(s, svm_nested_int_ctl(s), s->nested->control.int_vector);
}

/* L2 has a virtual interrupt of L1's, perhaps, which comes back when ours goes. */
static void virq_replace(struct svm_vcpu *s, bool own)
{
	bool l2 = s->x86.nested.l2;

	if (l2 && own)
		svm_nested_virq_get(s, &s->nested->control);
	s->virq_own = own;
	if (own || !l2)
		virq_store(s, own ? V_IRQ_INJECTION_BITS_MASK : 0, 0);
	else
		svm_event_virq_restore(s);
}

/*
 * The interrupt window: a virtual interrupt of the highest priority, taken before
 * its vector matters.  Not during a step, which must get to its instruction.
 */
void svm_event_virq_update(struct svm_vcpu *s)
{
	bool on = (s->window & EVENT_MASK_INTERRUPT) && !(s->step & STEP_NMI) &&
		  !s->gif_off;

	if (on == s->virq_own)
		return;
	virq_replace(s, on);
	vmcb_intercept(s, INTERCEPT_VINTR, on);
}

void svm_event_gif_open(struct svm_vcpu *s)
{
	s->gif_off = false;
	svm_event_virq_update(s);
	kvm_nested_recheck(&s->x86);
}

void svm_event_iret(struct svm_vcpu *s)
{
	stat_inc(s->x86.vcpu.stats.nmi_window_exits);
	svm_nmi_resolve(s);
	if (s->nmi == NMI_MASKED) {
		s->nmi = NMI_IRET;
		s->step_rip = s->x86.state.rip;
	}
	svm_step_flags_insn(s);
	if (s->nmi == NMI_IRET && (s->window & EVENT_MASK_NMI))
		svm_step_start(s, STEP_NMI);
}

/* ------------------------------------------------------------------------ */
/* The ops. */

static bool in_shadow(struct svm_vcpu *s)
{
	const struct x86_state *state = &s->x86.state;

	if (state->valid & GRP_SHADOW)
		return state->shadow;
	return s->vmcb->control.int_state & SVM_INTERRUPT_SHADOW_MASK;
}

u32 svm_event_blocked(struct x86_vcpu *v)
{
	struct svm_vcpu *s = to_svm(v);
	u32 blocked = 0;

	svm_nmi_resolve(s);
	if (s->nmi != NMI_OPEN)
		blocked = EVENT_MASK_NMI | EVENT_NMI_HANDLER;
	/* APM vol. 2, 15.17. */
	if (unlikely(s->gif_off))
		blocked |= EVENT_MASK_INTERRUPT | EVENT_MASK_NMI | EVENT_MASK_INIT;
	/* Our own step is one instruction, and the event would have to wait for it. */
	if ((s->step & STEP_NMI) || in_shadow(s))
		blocked |= EVENT_MASK_INTERRUPT | EVENT_MASK_NMI;
	return blocked;
}

static void nmi_mask(struct svm_vcpu *s, bool masked)
{
	s->nmi = masked ? NMI_MASKED : NMI_OPEN;
	svm_step_intercepts(s);
}

/* What L1 makes up for L2 masks none of L1's own (APM vol. 2, 15.20). */
static void nmi_mask_injected(struct svm_vcpu *s, bool masked)
{
	if (!(s->intercepts_l1[INTERCEPT_NMI / 32] & BIT(INTERCEPT_NMI % 32)))
		nmi_mask(s, masked);
}

void svm_event_nmi_mask(struct x86_vcpu *v, bool masked)
{
	struct svm_vcpu *s = to_svm(v);

	svm_nmi_resolve(s);
	/* An IRET that is about to execute is one of a masked handler. */
	if (masked != (s->nmi != NMI_OPEN))
		nmi_mask(s, masked);
}

u32 svm_event_form(const struct x86_event *ev)
{
	static const u32 types[] = {
		[EVENT_EXCEPTION] = SVM_EVTINJ_TYPE_EXEPT,
		[EVENT_SOFT] = SVM_EVTINJ_TYPE_SOFT,
		[EVENT_NMI] = SVM_EVTINJ_TYPE_NMI,
		[EVENT_INTERRUPT] = SVM_EVTINJ_TYPE_INTR,
		[EVENT_SOFT_NEXT] = SVM_EVTINJ_TYPE_SOFT,
	};

	return SVM_EVTINJ_VALID | types[ev->kind] | ev->vector |
	       (ev->has_error ? SVM_EVTINJ_VALID_ERR : 0);
}

void svm_event_inject(struct x86_vcpu *v, const struct x86_event *ev)
{
	struct svm_vcpu *s = to_svm(v);
	struct vmcb_control_area *control = &s->vmcb->control;
	u32 old = control->event_inj;

	/* An NMI that was to be injected, and is not now, masks nothing. */
	if ((old & SVM_EVTINJ_VALID) &&
	    (old & SVM_EVTINJ_TYPE_MASK) == SVM_EVTINJ_TYPE_NMI)
		nmi_mask_injected(s, false);
	control->event_inj = 0;
	if (!ev || ev->kind == EVENT_NONE || ev->kind == EVENT_SOFT)
		return;
	/* It would push our TF: step from where it leads to. */
	if (s->step) {
		svm_step_stop(s, STEP_NMI | STEP_USER);
		s->entry_work |= ENTRY_KICK;
	}
	if (ev->kind == EVENT_NMI)
		nmi_mask_injected(s, true);
	if (ev->kind == EVENT_SOFT_NEXT ||
	    (ev->kind == EVENT_EXCEPTION && vector_is_soft(ev->vector)))
		control->next_rip = s->soft_rip = v->state.rip;
	control->event_inj = svm_event_form(ev);
	control->event_inj_err = ev->error;
}

/*
 * With a LAPIC in userspace each write is told: it may hold something back; and one of
 * L2's goes to V_TPR, too (nested_virq.c).
 */
void svm_event_cr8_update(struct svm_vcpu *s)
{
	vmcb_intercept(s, INTERCEPT_CR8_WRITE, !s->x86.nested.masks_if &&
		       (!apic_in_kernel(&s->x86) || s->x86.nested.l2 ||
			(s->window & EVENT_MASK_TPR)));
}

void svm_event_window(struct x86_vcpu *v, u32 mask)
{
	struct svm_vcpu *s = to_svm(v);
	u32 changed;

	if (nested_l2_runs(v))
		mask = svm_nested_window(s, mask);
	changed = s->window ^ mask;
	s->window = mask;
	if (unlikely(mask & EVENT_MASK_SMI))
		s->entry_work |= ENTRY_KICK;
	if (unlikely(changed & EVENT_MASK_TPR))
		svm_event_cr8_update(s);
	if (changed & EVENT_MASK_INTERRUPT)
		svm_event_virq_update(s);
	/* While NMIs are masked, the intercepted IRET comes first. */
	if (!(mask & EVENT_MASK_NMI) || s->nmi == NMI_MASKED || s->step ||
	    s->gif_off)
		return;
	/* What is injected first would push our TF: look again after it. */
	if (s->vmcb->control.event_inj & SVM_EVTINJ_VALID)
		s->entry_work |= ENTRY_KICK;
	else
		svm_step_start(s, STEP_NMI);
}

/* Or has the guest executed an INTn, INT3 or INTO behind it? */
static bool is_injected(const struct svm_vcpu *s, u32 info)
{
	const struct x86_event *ev = &s->x86.events.injected;

	return (ev->kind == EVENT_SOFT_NEXT || ev->kind == EVENT_EXCEPTION) &&
	       ev->vector == (info & SVM_EXITINTINFO_VEC_MASK) &&
	       s->x86.state.rip == s->soft_rip;
}

static u8 reclaim_kind(const struct svm_vcpu *s, u32 info)
{
	switch (info & SVM_EXITINTINFO_TYPE_MASK) {
	case SVM_EXITINTINFO_TYPE_INTR:
		return EVENT_INTERRUPT;
	case SVM_EXITINTINFO_TYPE_NMI:
		return EVENT_NMI;
	case SVM_EXITINTINFO_TYPE_SOFT:
		return is_injected(s, info) ? EVENT_SOFT_NEXT : EVENT_NONE;
	case SVM_EXITINTINFO_TYPE_EXEPT:
		if (vector_is_soft(info & SVM_EXITINTINFO_VEC_MASK) &&
		    !is_injected(s, info))
			return EVENT_NONE;
		return EVENT_EXCEPTION;
	default:
		return EVENT_NONE;
	}
}

/*
 * QEMU's TCG calls a virtual interrupt that faults on its way an exception, of a vector that
 * none has, and leaves it pending.
 */
static u32 int_info_mend(struct svm_vcpu *s, u32 info)
{
	if ((info & SVM_EXITINTINFO_TYPE_MASK) != SVM_EXITINTINFO_TYPE_EXEPT ||
	    (info & SVM_EXITINTINFO_VEC_MASK) < VECTORS_EXCEPTION)
		return info;
	s->vmcb->control.int_ctl &= ~V_IRQ_MASK;
	vmcb_changed(s, CLEAN_TPR);
	return (info & ~SVM_EXITINTINFO_TYPE_MASK) | SVM_EXITINTINFO_TYPE_INTR;
}

void svm_event_reclaim(struct svm_vcpu *s)
{
	const struct vmcb_control_area *control = &s->vmcb->control;
	struct x86_event *ev = &s->x86.events.injected;
	u32 info = int_info_mend(s, control->exit_int_info);

	*ev = (struct x86_event){
		.kind = reclaim_kind(s, info),
		.vector = info & SVM_EXITINTINFO_VEC_MASK,
		.has_error = info & SVM_EXITINTINFO_VALID_ERR,
		.error = control->exit_int_info_err,
	};
	/* L0's would be L1's, and exit: so L1 has made this one up. */
	ev->by_l1 = ev->kind == EVENT_INTERRUPT && l1_intercepts(s, INTERCEPT_INTR);
	/* It did not arrive, so it masks nothing. */
	if (ev->kind == EVENT_NMI)
		nmi_mask_injected(s, false);
}
