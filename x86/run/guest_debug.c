// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest debugging (api.rst 4.87).
 *
 * What userspace asked for takes precedence: with single steps or hardware
 * breakpoints every #DB is its, with software breakpoints every INT3.  One that
 * turns out to be the guest's it raises itself, by KVM_SET_VCPU_EVENTS.  The trap
 * of the guest's own RFLAGS.TF comes as well, after userspace's step.
 */
#include <asm/trapnr.h>

#include "core/run_state.h"
#include "emul/opcode.h"
#include "x86/cpu/apic.h"
#include "x86/cpu/debug.h"
#include "x86/insn/emulate.h"
#include "x86/insn/fetch.h"
#include "x86/run/exits.h"
#include "x86/run/guest_debug.h"
#include "x86/vcpu/vendor.h"

#define DEBUG_INJECT	(KVM_GUESTDBG_INJECT_DB | KVM_GUESTDBG_INJECT_BP)

static enum x86_next debug_exit(struct x86_vcpu *v, u8 vector, u64 bits)
{
	struct kvm_debug_exit_arch *arch = &v->vcpu.run->debug.arch;

	state_get(v, GRP_DR);
	v->vcpu.run->exit_reason = KVM_EXIT_DEBUG;
	*arch = (struct kvm_debug_exit_arch) {
		.exception = vector,
		.pc = state_code_la(v),
		.dr6 = bits | DR6_ONES,
		.dr7 = debug_dr7(v),
	};
	return X86_USER;
}

enum x86_next debug_db_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	bool user = debug_steps(v) || debug_has_breakpoints(v);

	/* A step tells which of its reasons are the guest's: exit.h. */
	if (exit->exc.stepped ? exit->exc.dr6_guest : !user)
		event_debug(v, exit->exc.dr6_guest);
	return user ? debug_exit(v, X86_TRAP_DB, exit->exc.dr6) : X86_RESUME;
}

enum x86_next debug_bp_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	if (debug_takes_int3(v))
		return debug_exit(v, X86_TRAP_BP, 0);
	exit_soft_exception(v, exit);
	return X86_RESUME;
}

enum x86_next debug_int_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	struct emul_insn insn;
	enum x86_next next;

	/* CD 03 is no breakpoint, whatever its vector (APM vol. 2, 15.12.4). */
	if (debug_takes_int3(v)) {
		if (!emulate_decode(v, exit, &insn, &next))
			return next;
		if (!insn.map && insn.opcode == OPCODE_INT3)
			return debug_exit(v, X86_TRAP_BP, 0);
	}
	return emulate_insn(v, exit);
}

enum x86_next debug_step_exit(struct x86_vcpu *v)
{
	u64 bits = v->debug.hits | (debug_steps(v) ? DR6_BS : 0);

	v->debug.hits = 0;
	return debug_exit(v, X86_TRAP_DB, bits);
}

static int debug_inject(struct x86_vcpu *v, u32 control)
{
	const struct x86_events *ev = &v->events;

	if (!(control & DEBUG_INJECT))
		return 0;
	if (ev->exception.kind || ev->injected.kind == EVENT_EXCEPTION)
		return -EBUSY;
	if (control & KVM_GUESTDBG_INJECT_DB) {
		kvm_event_exception(v, X86_TRAP_DB, -1);
	} else {
		/* At an INT3, if it is for one: REQ_INSN_LEN. */
		event_soft_exception(v, X86_TRAP_BP, 0);
		request_set(&v->vcpu, REQ_INSN_LEN);
	}
	return 0;
}

/* Only db[] and DR7 are looked at: VMMs leave the rest uninitialized. */
long debug_ioctl_set(void *obj, void *data, unsigned long arg)
{
	const struct kvm_guest_debug *dbg = data;
	struct x86_vcpu *v = to_x86_vcpu(obj);
	bool breakpoints = dbg->control & KVM_GUESTDBG_USE_HW_BP;
	u32 control = dbg->control;
	int err;

	if (control & ~(u32)DEBUG_CONTROL)
		return -EINVAL;
	if (breakpoints && (dbg->arch.debugreg[7] >> 32))
		return -EINVAL;
	err = debug_inject(v, control);
	if (err)
		return err;
	if (!(control & KVM_GUESTDBG_ENABLE))
		control = 0;
	v->debug.control = control & ~(u32)DEBUG_INJECT;
	if (breakpoints) {
		memcpy(v->debug.db, dbg->arch.debugreg, sizeof(v->debug.db));
		v->debug.dr7 = dr7_fixed(dbg->arch.debugreg[7]) & ~DR7_GD;
	}
	if (!debug_steps(v))
		request_take(&v->vcpu, REQ_DEBUG_STEP);
	v->debug.hits = 0;
	apicv_recheck(v);
	vendor(policy_update)(v);
	return 0;
}
