// SPDX-License-Identifier: GPL-2.0-only
/* Steps for a VMM that debugs the guest: the monitor trap flag (SDM vol. 3, 26.5.2). */
#include <asm/traps.h>

#include "vmx/vmcs.h"

void vmx_step_update(struct vmx_vcpu *s)
{
	struct x86_vcpu *v = &s->x86;

	vmcs_control(s, WORD_CPU, CPU_BASED_MONITOR_TRAP_FLAG, debug_steps(v));
	vmcs_exceptions(s, debug_takes_int3(v) ? BIT(X86_TRAP_BP) : 0);
}

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
	pending = vmcs_read(GUEST_PENDING_DBG_EXCEPTIONS) &
		  (DR6_BREAKPOINTS | DR6_BS);
	if (pending)
		vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS, 0);
	exit->kind = X86_EXIT_EXCEPTION;
	exit->exc.vector = X86_TRAP_DB;
	exit->exc.has_error = false;
	exit->exc.stepped = true;
	exit->exc.dr6 = DR6_BS | pending;
	exit->exc.dr6_guest = pending;
	if (debug_has_breakpoints(&s->x86))
		exit->exc.dr6_guest &= ~DR6_BREAKPOINTS;
}
