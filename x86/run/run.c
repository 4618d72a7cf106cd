// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_RUN: enter the guest until userspace is needed.
 *
 *	finish what userspace answered
 *	loop: requests ─► root ─► events ─► enter ─► decode ─► handler
 *
 * kvm->srcu is held but for the time in the guest, so that slots and buses stay
 * what they are while an exit is handled, and a guest that never exits delays
 * nobody who replaces them; nor does one that is executed in software, which lets go
 * of it at each step.
 */
#include <linux/sched/signal.h>
#include <linux/signal.h>
#include <linux/vtime.h>

#include <asm/processor-flags.h>

#include "compat/kernel.h"
#include "core/arch.h"
#include "core/dirty_ring.h"
#include "core/guestmem.h"
#include "core/load.h"
#include "core/run_state.h"
#include "core/vm.h"
#include "x86/cpu/apf.h"
#include "x86/cpu/apic.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/cr.h"
#include "x86/cpu/fpu.h"
#include "x86/cpu/msr_filter.h"
#include "x86/cpu/pvclock.h"
#include "x86/cpu/steal.h"
#include "x86/cpu/tsc.h"
#include "x86/hyperv/hv.h"
#include "x86/insn/emulate.h"
#include "x86/insn/fetch.h"
#include "x86/run/apic_timer.h"
#include "x86/run/apicv.h"
#include "x86/run/event_ioctl.h"
#include "x86/run/exits.h"
#include "x86/run/guest_debug.h"
#include "x86/run/halt.h"
#include "x86/run/quirks.h"
#include "x86/run/smi.h"
#include "x86/run/sync.h"
#include "x86/run/vapic.h"
#include "x86/vcpu/frame.h"
#include "x86/vcpu/interrupt.h"
#include "x86/vcpu/nested.h"
#include "x86/vcpu/trace.h"
#include "x86/vcpu/vendor.h"

/* Those that write to pages that the guest's OS has named. */
static enum x86_next run_os_requests(struct x86_vcpu *v)
{
	struct kvm_vcpu *vcpu = &v->vcpu;
	u16 as_id = guest_os_begin(vcpu);
	enum x86_next next = X86_RESUME;

	if (request_take(vcpu, REQ_CLOCK)) {
		pvclock_update(v);
		if (v->hv)
			hv_clock_changed(v);
	}
	if (request_take(vcpu, REQ_STEAL))
		steal_update(v);
	if (request_take(vcpu, REQ_APF))
		apf_ready(v);
	if (request_take(vcpu, REQ_HV))
		next = hv_requests(v);
	guest_os_end(vcpu, as_id);
	return next;
}

/* Requests that other threads left.  Each is cheap; all are looked at. */
static enum x86_next run_requests(struct x86_vcpu *v)
{
	struct kvm_vcpu *vcpu = &v->vcpu;

	if (request_take(vcpu, REQ_TRIPLE_FAULT) &&
	    !event_l1_takes(v, EVENT_SHUTDOWN)) {
		vcpu->run->exit_reason = KVM_EXIT_SHUTDOWN;
		return X86_USER;
	}
	if (request_take(vcpu, REQ_TLB_FLUSH))
		cr_flush_tlb(v);
	if (request_take(vcpu, REQ_GUEST_FLUSH))
		cr_flush(v);
	if (request_take(vcpu, REQ_DIRTY_RING) && dirty_ring_exit(vcpu))
		return X86_USER;
	if (request_take(vcpu, REQ_TSC))
		tsc_catch_up(v);
	if (request_take(vcpu, REQ_MSR_FILTER)) {
		msr_filter_refresh(v);
		vendor(policy_update)(v);
	}
	/* Before interrupts are collected: timers raise some. */
	if (run_os_requests(v) == X86_USER)
		return X86_USER;
	halt_collect(v);
	if (request_take(vcpu, REQ_EOI)) {
		vcpu->run->exit_reason = KVM_EXIT_IOAPIC_EOI;
		vcpu->run->eoi.vector = v->apic.eoi_vector;
		return X86_USER;
	}
	if (request_take(vcpu, REQ_POLICY))
		quirks_apply(v);
	if (request_take(vcpu, REQ_LOG))
		vendor(policy_update)(v);
	if (request_take(vcpu, REQ_PDPTRS))
		cr_pdptrs_refresh(v);
	if (request_take(vcpu, REQ_FRAME) && frame_find(v) == X86_USER)
		return X86_USER;
	if (request_take(vcpu, REQ_INSN_LEN))
		events_measure(v);
	if (request_take(vcpu, REQ_TPR_ACCESS)) {
		vcpu->run->exit_reason = KVM_EXIT_TPR_ACCESS;
		vcpu->run->tpr_access.rip = v->apic.tpr_access_rip;
		vcpu->run->tpr_access.is_write = v->apic.tpr_access_write;
		return X86_USER;
	}
	if (request_take(vcpu, REQ_TPR)) {
		vcpu->run->exit_reason = KVM_EXIT_SET_TPR;
		return X86_USER;
	}
	if (request_take(vcpu, REQ_DEBUG_STEP))
		return debug_step_exit(v);
	return X86_RESUME;
}

static enum x86_next run_root(struct x86_vcpu *v)
{
	int err;

	if (likely(!v->mmu_stale && mmu_root_is_current(&v->vcpu.mmu)))
		return X86_RESUME;
	err = cr_root_ready(v);
	return err ? exit_fail(v, err) : X86_RESUME;
}

/*
 * The interrupt that ended the guest's time slice is taken first, so that the tick
 * still counts as the guest's.
 */
static __always_inline void run_time_end(void)
{
	local_irq_enable();
	barrier();
	if (vtime_accounting_enabled_this_cpu()) {
		local_irq_disable();
		vtime_account_guest_exit();
		local_irq_enable();
	} else {
		/* What is left of it then; the thread's own word. */
		current->flags &= ~PF_VCPU;
	}
}

/* Return: false when something came in between and the guest was not entered. */
static bool run_enter(struct x86_vcpu *v)
{
	struct kvm_vcpu *vcpu = &v->vcpu;

	preempt_disable();
	state_flush(v);
	local_irq_disable();
	if (unlikely(!vcpu_enter_check(vcpu))) {
		local_irq_enable();
		preempt_enable();
		return false;
	}
	/* The arguments cost something, too. */
	if (trace_kvm_entry_enabled())
		trace_kvm_entry(vcpu->id, v->state.rip, false);
	fpu_enter(v);
	vtime_account_guest_enter();
	vendor(enter)(v);
	fpu_leave(v);
	vcpu_exit_mark(vcpu);
	run_time_end();
	preempt_enable();
	return true;
}

/*
 * An NMI that waits does not count: while it is masked, a window that is open for
 * the hardware and closed here would make the guest exit again and again.
 */
static __always_inline bool interrupt_window_open(struct x86_vcpu *v)
{
	const struct x86_events *ev = &v->events;

	return !ev->injected.kind && !ev->exception.kind &&
	       !ev->interrupt_pending && interrupts_from_user(v) &&
	       interrupts_enabled(v) &&
	       !(event_blocked(v) & EVENT_MASK_INTERRUPT);
}

/*
 * Userspace wants to know as soon as it may inject an interrupt.  An NMI goes first, also
 * where userspace has none yet and goes on asking.
 */
static noinline enum x86_next run_window(struct x86_vcpu *v)
{
	if (!interrupt_window_open(v) ||
	    (v->events.nmi_pending && !(event_blocked(v) & EVENT_MASK_NMI)))
		return X86_RESUME;
	stat_inc(v->vcpu.stats.request_irq_exits);
	v->vcpu.run->exit_reason = KVM_EXIT_IRQ_WINDOW_OPEN;
	return X86_USER;
}

/* Before an entry: everything that may send us back to userspace instead. */
static enum x86_next run_prepare(struct x86_vcpu *v)
{
	struct kvm_vcpu *vcpu = &v->vcpu;
	enum x86_next next;

	apic_timer_check(v);
	if (unlikely(request_pending(vcpu))) {
		next = run_requests(v);
		if (next != X86_RESUME)
			return next;
	}
	if (unlikely(vcpu->run->request_interrupt_window)) {
		next = run_window(v);
		if (next != X86_RESUME)
			return next;
	}
	if (unlikely(v->smm.pending))
		smi_deliver(v);
	return run_root(v);
}

/*
 * Not entered: for a request, which the next round looks at, or for something
 * that this thread has to do first.
 */
static enum x86_next run_delayed(struct x86_vcpu *v)
{
	struct kvm_vcpu *vcpu = &v->vcpu;

	event_cancel(v);
	if (signal_pending(current)) {
		stat_inc(vcpu->stats.signal_exits);
		vcpu->run->exit_reason = KVM_EXIT_INTR;
		return exit_fail(v, -EINTR);
	}
	if (thread_has_work()) {
		srcu_read_unlock(&vcpu->kvm->srcu, vcpu->srcu_idx);
		thread_work_do();
		vcpu->srcu_idx = srcu_read_lock(&vcpu->kvm->srcu);
	}
	return X86_RESUME;
}

static noinline void exit_trace(struct x86_vcpu *v)
{
	struct x86_exit_info info;

	vendor(exit_info)(v, &info);
	trace_kvm_exit(v->vcpu.id, state_get(v, GRP_RIP)->rip, &info);
}

/* What the hardware cannot do with the state: run it, or deliver an event. */
static noinline bool needs_software(struct x86_vcpu *v)
{
	enum x86_entry entry = vendor(can_enter)(v);

	return entry == X86_ENTRY_NONE ||
	       (entry == X86_ENTRY_BARE && event_is_due(v));
}

/* For as long as the guest likes, and so kvm->srcu is not held from step to step. */
static noinline enum x86_next run_software(struct x86_vcpu *v)
{
	struct kvm_vcpu *vcpu = &v->vcpu;

	if (thread_has_work())
		return run_delayed(v);
	srcu_read_unlock(&vcpu->kvm->srcu, vcpu->srcu_idx);
	vcpu->srcu_idx = srcu_read_lock(&vcpu->kvm->srcu);
	return emulate_step(v);
}

static enum x86_next run_once(struct x86_vcpu *v)
{
	struct kvm_vcpu *vcpu = &v->vcpu;
	struct x86_exit exit __uninitialized;
	enum x86_next next;
	bool entered;

	next = run_prepare(v);
	if (unlikely(next != X86_RESUME))
		return next;
	if (unlikely(v->mp_state != KVM_MP_STATE_RUNNABLE))
		return halt_wait(v);
	if (unlikely(x86_caps->partial) && needs_software(v))
		return run_software(v);
	if (unlikely(!events_idle(&v->events) ||
		     vcpu->run->request_interrupt_window) && !event_prepare(v))
		return X86_RESUME;
	if (unlikely(v->apic.vapic))
		vapic_enter(v);
	apicv_enter(v);
	srcu_read_unlock(&vcpu->kvm->srcu, vcpu->srcu_idx);
	entered = run_enter(v);
	vcpu->srcu_idx = srcu_read_lock(&vcpu->kvm->srcu);
	if (unlikely(!entered))
		return run_delayed(v);
	if (unlikely(v->apic.vapic))
		vapic_exit(v);
	v->events.queued = false;
	vendor(exit_decode)(v, &exit);
	if (trace_kvm_exit_enabled())
		exit_trace(v);
	stat_inc(vcpu->stats.exits);
	if (nested_l2_runs(v) && nested_ops->exit(v, &exit))
		return X86_RESUME;
	return exit_dispatch(v, &exit);
}

/* Signals and the scheduler are looked at before each entry: vcpu_enter_check(). */
static enum x86_next run_loop(struct x86_vcpu *v)
{
	enum x86_next next;

	do {
		do
			next = run_once(v);
		while (next == X86_RESUME);
		if (next == X86_UNKNOWN)
			next = emulate_give_up(v);
	} while (next == X86_RESUME);
	return next;
}

/* Finish what userspace answered, then run, unless it only asked for the former. */
static enum x86_next run_from_user(struct x86_vcpu *v)
{
	enum x86_next (*pending)(struct x86_vcpu *v) = v->pending;
	struct kvm_run *run = v->vcpu.run;
	enum x86_next next;

	if (pending) {
		v->pending = NULL;
		next = pending(v);
		if (unlikely(next == X86_UNKNOWN))
			next = emulate_give_up(v);
		if (next != X86_RESUME)
			return next;
	}
	/* VMMs that complete an exit this way still look at its reason. */
	if (READ_ONCE(run->immediate_exit__unsafe))
		return exit_fail(v, -EINTR);
	run->exit_reason = KVM_EXIT_UNKNOWN;
	return run_loop(v);
}

/* What userspace may want to know at every return (api.rst, struct kvm_run). */
static void run_report(struct x86_vcpu *v)
{
	struct kvm_run *run = v->vcpu.run;

	if (unlikely(v->events.exception.kind || v->events.to_l1.kind))
		event_report(v, events_know_pending(v));
	run->if_flag = !!(state_get(v, GRP_RFLAGS)->rflags & X86_EFLAGS_IF);
	run->cr8 = state_get(v, GRP_CR8)->cr8;
	run->apic_base = apic_base(v);
	run->ready_for_interrupt_injection = interrupt_window_open(v);
	run->flags = (v->smm.inside ? KVM_RUN_X86_SMM : 0) |
		     (nested_l2_runs(v) ? KVM_RUN_X86_GUEST_MODE : 0);
	v->reported = true;
}

/* Userspace's TPR, which it may set in the run page.  Return: -EINVAL: it has four bits. */
static int run_take_cr8(struct x86_vcpu *v)
{
	u64 cr8 = READ_ONCE(v->vcpu.run->cr8);

	if (apic_in_kernel(v) || cr8 == state_get(v, GRP_CR8)->cr8)
		return 0;
	if (cr8 > 15)
		return -EINVAL;
	state_set(v, GRP_CR8)->cr8 = cr8;
	return 0;
}

static __always_inline enum x86_next run_loaded(struct x86_vcpu *v)
{
	struct kvm_vcpu *vcpu = &v->vcpu;
	struct kvm_run *run = vcpu->run;
	enum x86_next next;
	int err;

	err = unlikely(sync_wanted(run)) ? sync_from_run(v) : 0;
	if (unlikely(err))
		return exit_fail(v, err);
	v->has_run = true;
	apic_timer_begin(v);
	vcpu->srcu_idx = srcu_read_lock(&vcpu->kvm->srcu);
	err = run_take_cr8(v);
	next = unlikely(err) ? exit_fail(v, err) : run_from_user(v);
	apic_timer_end(v);
	run_report(v);
	srcu_read_unlock(&vcpu->kvm->srcu, vcpu->srcu_idx);
	if (unlikely(sync_wanted(run)))
		sync_to_run(v);
	return next;
}

/*
 * KVM_SET_SIGNAL_MASK for the time of a run.  Whoever sends a signal asks real_blocked
 * whether it ends the process at once (complete_signal()): one that the thread itself
 * blocks only waits.  So it says that before the thread's mask goes, and until it is back.
 */
static void mask_swap(struct kvm_vcpu *vcpu, sigset_t *own)
{
	current->real_blocked = current->blocked;
	sigprocmask(SIG_SETMASK, &vcpu->sigset, own);
}

static void mask_restore(sigset_t *own)
{
	sigprocmask(SIG_SETMASK, own, NULL);
	sigemptyset(&current->real_blocked);
}

/* Apart from arch_vcpu_run(), whose cheap way out needs none of this frame. */
static noinline int run_full(struct x86_vcpu *v)
{
	enum x86_next next;

	vcpu_load(&v->vcpu);
	fpu_load(v);
	next = run_loaded(v);
	fpu_put(v);
	vcpu_put(&v->vcpu);
	return next == X86_USER ? 0 : v->run_err;
}

static noinline int run_masked(struct x86_vcpu *v)
{
	sigset_t own;
	int ret;

	mask_swap(&v->vcpu, &own);
	ret = run_full(v);
	mask_restore(&own);
	return ret;
}

int arch_vcpu_run(struct kvm_vcpu *vcpu)
{
	struct x86_vcpu *v = to_x86_vcpu(vcpu);
	struct kvm_run *run = vcpu->run;

	/* Nothing to finish, nothing to run, and nothing new to tell. */
	if (READ_ONCE(run->immediate_exit__unsafe) && !v->pending && v->reported &&
	    run->cr8 == v->state.cr8 && !sync_wanted(run))
		return -EINTR;
	return unlikely(vcpu->sigset_active) ? run_masked(v) : run_full(v);
}
