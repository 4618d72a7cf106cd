// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps for a VMM that debugs the guest: the monitor trap flag (SDM vol. 3, 26.5.2).
 *
 * On a processor without one it is RFLAGS.TF: the VMCS's is ours then, and
 * v->state.rflags has the guest's own.  No exit tells of PUSHF, POPF and IRET, so
 * what the first pushes has our TF, and what the others load loses it up to the next
 * exit.  An event is injected without TF, and a kick ends that entry where the event
 * has led to.
 */
#include <asm/processor-flags.h>
#include <asm/traps.h>

#include "vmx/cpu.h"
#include "vmx/vmcs.h"

void vmx_step_exceptions(struct vmx_vcpu *s)
{
	vmcs_exceptions(s, debug_takes_int3(&s->x86) ? BIT(X86_TRAP_BP) : 0);
}

void vmx_step_update(struct vmx_vcpu *s)
{
	struct x86_vcpu *v = &s->x86;
	bool on = debug_steps(v);

	vmx_step_exceptions(s);
	if (vmx_features.mtf) {
		vmcs_control(s, WORD_CPU, CPU_BASED_MONITOR_TRAP_FLAG, on);
		return;
	}
	if (s->step == on)
		return;
	/*
	 * The guest's own TF goes into the VMCS again, and what ours has left pending at
	 * an exit in the middle of an instruction goes.
	 */
	state_set(v, GRP_RFLAGS);
	vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS, 0);
	s->step = on;
}

void vmx_step_enter(struct vmx_vcpu *s)
{
	u64 rflags = state_get(&s->x86, GRP_RFLAGS)->rflags;

	s->step_tf = rflags & X86_EFLAGS_TF;
	/* An event would push TF: it ends right behind its delivery. */
	if (s->armed)
		s->entry_work |= ENTRY_KICK;
	else
		rflags |= X86_EFLAGS_TF;
	vmcs_write(GUEST_RFLAGS, vmx_form_rflags(s, rflags));
	/*
	 * VM entry wants the trap to be pending in a shadow (27.3.1.5).  Otherwise
	 * no instruction has ended yet, whatever an exit in its middle has left.
	 */
	if (!(vmx_intr_get(s) & (GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS)))
		vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS, 0);
	else if (rflags & X86_EFLAGS_TF)
		vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS, DR6_BS);
}

void vmx_step_db(struct vmx_vcpu *s, struct x86_exit *exit)
{
	u64 *guest = &exit->exc.dr6_guest;

	exit->exc.stepped = true;
	if (!(state_get(&s->x86, GRP_RFLAGS)->rflags & X86_EFLAGS_TF))
		*guest &= ~DR6_BS;
	if (debug_has_breakpoints(&s->x86))
		*guest &= ~DR6_BREAKPOINTS;
}

#define PENDING_BREAKPOINT	BIT(12)

/*
 * What the instruction would have trapped for is pending: the guest's own TF, and
 * breakpoints.  It is taken with the step.
 */
void vmx_step_exit(struct vmx_vcpu *s, struct x86_exit *exit)
{
	u64 pending;

	/* The exit comes before the first instruction of the event's handler. */
	if (s->injected || !debug_steps(&s->x86)) {
		exit->kind = X86_EXIT_NONE;
		return;
	}
	pending = vmcs_read(GUEST_PENDING_DBG_EXCEPTIONS);
	if (pending)
		vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS, 0);
	/* Without this bit it tells of breakpoints that are not enabled (SDM vol. 3, 25.4.2). */
	if (!(pending & PENDING_BREAKPOINT))
		pending &= ~DR6_BREAKPOINTS;
	pending &= DR6_BREAKPOINTS | DR6_BS;
	exit->kind = X86_EXIT_EXCEPTION;
	exit->exc.vector = X86_TRAP_DB;
	exit->exc.has_error = false;
	exit->exc.stepped = true;
	exit->exc.dr6 = DR6_BS | pending;
	exit->exc.dr6_guest = pending;
	if (debug_has_breakpoints(&s->x86))
		exit->exc.dr6_guest &= ~DR6_BREAKPOINTS;
}
