// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stepping over one instruction with RFLAGS.TF, for an NMI's window and for a
 * VMM that debugs the guest.
 *
 * The control block's TF is ours then; v->state.rflags has the guest's own.  An
 * exception would push ours, so it exits, and x86 injects it; so would PUSHF and
 * INTn, which x86 executes.  POPF and IRET load a TF of the guest's: they exit
 * first, so that it is known whose TF an exit leaves.  An event is injected without
 * TF, and a kick ends that entry where the event has led to.
 *
 * What is left: SYSCALL puts our TF into R11, and the trap does not follow it.
 */
#include <asm/processor-flags.h>
#include <asm/traps.h>

#include "svm/vmcb.h"

/* #DB ends the step, any other exception would push our TF. */
#define STEP_EXCEPTIONS	(~(u32)BIT(X86_TRAP_NMI))

void svm_step_intercepts(struct svm_vcpu *s)
{
	bool loads = s->step && !s->step_loads;
	u32 vectors = s->step ? STEP_EXCEPTIONS : 0;

	if (debug_takes_int3(&s->x86))
		vectors |= BIT(X86_TRAP_BP);
	vmcb_intercept_exceptions(s, vectors);
	/* Not every processor makes an exception of INT3: QEMU's does not. */
	vmcb_intercept(s, INTERCEPT_INTn,
		       s->step || debug_takes_int3(&s->x86));
	vmcb_intercept(s, INTERCEPT_PUSHF, s->step);
	vmcb_intercept(s, INTERCEPT_POPF, loads);
	vmcb_intercept(s, INTERCEPT_IRET, loads || s->nmi == NMI_MASKED);
}

/* Storing RFLAGS puts TF in, or takes it out: svm_state_store(). */
static void step_change(struct svm_vcpu *s, u8 step)
{
	s->step = step;
	state_set(&s->x86, GRP_RFLAGS);
	svm_step_intercepts(s);
	svm_event_virq_update(s);
}

void svm_step_start(struct svm_vcpu *s, u8 why)
{
	if (s->step & why)
		return;
	/* The IRET that is about to execute has exited already. */
	if (!s->step)
		s->step_loads = s->nmi == NMI_IRET &&
				s->x86.state.rip == s->step_rip;
	step_change(s, s->step | why);
}

void svm_step_stop(struct svm_vcpu *s, u8 why)
{
	if (!(s->step & why))
		return;
	if (s->step == (s->step & why))
		s->step_loads = false;
	step_change(s, s->step & ~why);
}

void svm_step_flags_insn(struct svm_vcpu *s)
{
	svm_nmi_resolve(s);
	s->step_rip = s->x86.state.rip;
	s->step_loads = s->step;
	svm_step_intercepts(s);
}

void svm_step_exit(struct svm_vcpu *s)
{
	bool trap = s->vmcb->control.exit_code ==
		    SVM_EXIT_EXCP_BASE + X86_TRAP_DB;
	struct x86_state *state = &s->x86.state;

	/* What POPF or IRET has loaded is the guest's. */
	if (s->step_loads && (trap || state->rip != s->step_rip))
		s->step_loads = false;
	else if (!s->step_tf)
		state->rflags &= ~(u64)X86_EFLAGS_TF;
	/* Ours, if it is gone, comes back with the next entry. */
	state->dirty |= GRP_RFLAGS;
}

/*
 * The instruction did not happen.  If it was an IRET, NMIs are as masked as
 * before; else the window may be open once the event that came is delivered.
 */
static void step_abandon(struct svm_vcpu *s)
{
	if (s->nmi == NMI_IRET)
		s->nmi = NMI_MASKED;
	else
		s->entry_work |= ENTRY_KICK;
	s->step_loads = false;
	svm_step_stop(s, STEP_NMI);
	svm_step_intercepts(s);
}

void svm_step_exception(struct svm_vcpu *s, struct x86_exit *exit)
{
	u64 *guest = &exit->exc.dr6_guest;

	if (exit->exc.vector != X86_TRAP_DB) {
		step_abandon(s);
		return;
	}
	if (s->nmi == NMI_IRET)
		s->nmi = NMI_OPEN;
	exit->exc.stepped = true;
	if (!s->step_tf)
		*guest &= ~DR6_BS;
	if (debug_has_breakpoints(&s->x86))
		*guest &= ~DR6_BREAKPOINTS;
	if (s->step == STEP_NMI && !*guest)
		exit->kind = X86_EXIT_NONE;
	svm_step_stop(s, STEP_NMI);
	svm_step_intercepts(s);
}
