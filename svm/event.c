// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events on their way in (APM vol. 2, 15.20, 15.21).
 *
 * Software interrupts.  When the delivery of an INTn, INT3 or INTO exits, RIP is
 * still at that instruction: executing it again is the re-injection.  So
 * EXITINTINFO of that kind is dropped, and EVENT_SOFT (which can only come from
 * user space, with RIP at the instruction) injects nothing.  #BP and #OF that x86
 * raises are another thing: RIP is the address to return to.  A CPU with NRIP
 * save pushes the control block's next RIP for them, so that is set to RIP too.
 *
 * NMIs.  An injected NMI masks further ones up to the guest's IRET; hardware does
 * not keep that mask, so IRET is intercepted.  The intercept comes before the
 * instruction.  If an NMI waits, one step with RFLAGS.TF goes over it, else the
 * next exit at another RIP tells that it has completed.
 */
#include <asm/processor-flags.h>
#include <asm/traps.h>

#include "svm/vmcb.h"

#define DR6_B0_TO_B3	0xful

/*
 * Exits during a step: #DB ends it; a fault would push our TF.  INT3 and INTO,
 * which would need RIP advanced, cannot be what NMI handlers end with.
 */
#define STEP_EXCEPTIONS \
	(~(u32)(BIT(X86_TRAP_NMI) | BIT(X86_TRAP_BP) | BIT(X86_TRAP_OF)))

static bool vector_is_soft(u8 vector)
{
	return vector == X86_TRAP_BP || vector == X86_TRAP_OF;
}

/*
 * The interrupt window: a virtual interrupt of the highest priority, taken before
 * its vector matters.  Not during a step, which must get to its instruction.
 */
static void virq_update(struct svm_vcpu *s)
{
	bool on = (s->window & EVENT_MASK_INTERRUPT) && !s->stepping;
	struct vmcb_control_area *control = &s->vmcb->control;

	control->int_ctl &= ~V_IRQ_INJECTION_BITS_MASK;
	if (on)
		control->int_ctl |= V_IRQ_INJECTION_BITS_MASK;
	control->int_vector = 0;
	vmcb_changed(s, CLEAN_TPR);
	vmcb_intercept(s, INTERCEPT_VINTR, on);
}

/* ------------------------------------------------------------------------ */
/* One step with RFLAGS.TF; v->state.rflags never shows it. */

static void step_start(struct svm_vcpu *s)
{
	struct x86_state *state = svm_state_set(s, GRP_RFLAGS | GRP_DR);

	s->stepping = true;
	s->step_rip = state->rip;
	s->step_tf = state->rflags & X86_EFLAGS_TF;
	s->step_dr6 = state->dr6;
	vmcb_intercept_exceptions(s, STEP_EXCEPTIONS);
	virq_update(s);
}

/* Storing RFLAGS takes TF out of the control block: svm_state_store(). */
static void step_stop(struct svm_vcpu *s)
{
	s->stepping = false;
	svm_state_set(s, GRP_RFLAGS);
	vmcb_intercept_exceptions(s, 0);
	virq_update(s);
}

/*
 * The instruction did not happen.  If it was an IRET, NMIs are as masked as
 * before; else the window may be open once the event that came is delivered.
 */
static void step_abandon(struct svm_vcpu *s)
{
	step_stop(s);
	if (s->nmi != NMI_IRET) {
		s->rare |= RARE_KICK;
		return;
	}
	s->nmi = NMI_MASKED;
	vmcb_intercept(s, INTERCEPT_IRET, true);
}

void svm_event_step_exit(struct svm_vcpu *s)
{
	struct x86_state *state = &s->x86.state;

	/* An IRET that has completed brought RFLAGS of its own. */
	if (s->nmi == NMI_IRET && state->rip != s->step_rip)
		return;
	state->rflags &= ~(u64)X86_EFLAGS_TF;
	if (s->step_tf)
		state->rflags |= X86_EFLAGS_TF;
}

/* The #DB of the step; it is the guest's too if that had a reason of its own. */
static void step_complete(struct svm_vcpu *s)
{
	struct x86_state *state = svm_state_set(s, GRP_DR);

	step_stop(s);
	s->nmi = NMI_OPEN;
	if (s->step_tf ||
	    ((s->rare & RARE_DB) && (state->dr6 & DR6_B0_TO_B3)))
		kvm_event_exception(&s->x86, X86_TRAP_DB, -1);
	else
		state->dr6 = s->step_dr6;
}

void svm_event_step_end(struct svm_vcpu *s, const struct x86_exit *exit)
{
	if (exit->exc.vector == X86_TRAP_DB) {
		step_complete(s);
		return;
	}
	step_abandon(s);
	/* Where #PF's address waits for its delivery: x86/event.h. */
	if (exit->exc.vector == X86_TRAP_PF)
		s->x86.events.cr2 = exit->exc.address;
	kvm_event_exception(&s->x86, exit->exc.vector,
			    exit->exc.has_error ? (s64)exit->exc.error : -1);
}

void svm_event_iret(struct svm_vcpu *s)
{
	s->nmi = NMI_IRET;
	s->step_rip = s->x86.state.rip;
	vmcb_intercept(s, INTERCEPT_IRET, false);
	if (s->window & EVENT_MASK_NMI)
		step_start(s);
}

/* ------------------------------------------------------------------------ */
/* The four ops. */

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

	/* An event now would push our TF; a step is one instruction. */
	if (s->stepping || in_shadow(s))
		return EVENT_MASK_INTERRUPT | EVENT_MASK_NMI;
	if (s->nmi == NMI_IRET && v->state.rip != s->step_rip)
		s->nmi = NMI_OPEN;
	return s->nmi == NMI_OPEN ? 0 : EVENT_MASK_NMI;
}

static void nmi_mask(struct svm_vcpu *s, bool masked)
{
	s->nmi = masked ? NMI_MASKED : NMI_OPEN;
	vmcb_intercept(s, INTERCEPT_IRET, masked);
}

static u32 inject_type(const struct x86_event *ev)
{
	switch (ev->kind) {
	case EVENT_EXCEPTION:
		return SVM_EVTINJ_TYPE_EXEPT;
	case EVENT_NMI:
		return SVM_EVTINJ_TYPE_NMI;
	default:
		return SVM_EVTINJ_TYPE_INTR;
	}
}

void svm_event_inject(struct x86_vcpu *v, const struct x86_event *ev)
{
	struct svm_vcpu *s = to_svm(v);
	struct vmcb_control_area *control = &s->vmcb->control;
	u32 old = control->event_inj;

	/* An NMI that was to be injected, and is not now, masks nothing. */
	if ((old & SVM_EVTINJ_VALID) &&
	    (old & SVM_EVTINJ_TYPE_MASK) == SVM_EVTINJ_TYPE_NMI)
		nmi_mask(s, false);
	control->event_inj = 0;
	if (!ev || ev->kind == EVENT_NONE || ev->kind == EVENT_SOFT)
		return;
	if (s->stepping)
		step_abandon(s);
	if (ev->kind == EVENT_NMI)
		nmi_mask(s, true);
	s->soft_injected = ev->kind == EVENT_EXCEPTION &&
			   vector_is_soft(ev->vector);
	if (s->soft_injected)
		control->next_rip = v->state.rip;
	control->event_inj = SVM_EVTINJ_VALID | inject_type(ev) | ev->vector;
	if (ev->has_error)
		control->event_inj |= SVM_EVTINJ_VALID_ERR;
	control->event_inj_err = ev->error;
}

void svm_event_window(struct x86_vcpu *v, u32 mask)
{
	struct svm_vcpu *s = to_svm(v);

	s->window = mask;
	virq_update(s);
	/* While NMIs are masked, the intercepted IRET comes first. */
	if (!(mask & EVENT_MASK_NMI) || s->nmi == NMI_MASKED || s->stepping)
		return;
	/* What is injected first would push our TF: look again after it. */
	if (s->vmcb->control.event_inj & SVM_EVTINJ_VALID)
		s->rare |= RARE_KICK;
	else
		step_start(s);
}

static u8 reclaim_kind(const struct svm_vcpu *s, u32 info)
{
	switch (info & SVM_EXITINTINFO_TYPE_MASK) {
	case SVM_EXITINTINFO_TYPE_INTR:
		return EVENT_INTERRUPT;
	case SVM_EXITINTINFO_TYPE_NMI:
		return EVENT_NMI;
	case SVM_EXITINTINFO_TYPE_EXEPT:
		if (vector_is_soft(info & SVM_EXITINTINFO_VEC_MASK) &&
		    !s->soft_injected)
			return EVENT_NONE;
		return EVENT_EXCEPTION;
	default:
		return EVENT_NONE;
	}
}

void svm_event_reclaim(struct x86_vcpu *v, struct x86_event *ev)
{
	struct svm_vcpu *s = to_svm(v);
	const struct vmcb_control_area *control = &s->vmcb->control;
	u32 info = control->exit_int_info;

	/* Refused: nothing was delivered, and x86 will inject it again. */
	if (unlikely(control->exit_code == EXIT_CODE_INVALID)) {
		svm_event_inject(v, NULL);
		return;
	}
	if (likely(!(info & SVM_EXITINTINFO_VALID))) {
		ev->kind = EVENT_NONE;
		return;
	}
	*ev = (struct x86_event){
		.kind = reclaim_kind(s, info),
		.vector = info & SVM_EXITINTINFO_VEC_MASK,
		.has_error = info & SVM_EXITINTINFO_VALID_ERR,
		.error = control->exit_int_info_err,
	};
	/* It did not arrive, so it masks nothing. */
	if (ev->kind == EVENT_NMI)
		nmi_mask(s, false);
}
