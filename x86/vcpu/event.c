// SPDX-License-Identifier: GPL-2.0-only
/* The event queue: what goes into the guest next. */
#include <linux/export.h>
#include <linux/minmax.h>

#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "core/run_state.h"
#include "x86/vcpu/apicv.h"
#include "x86/vcpu/interrupt.h"
#include "x86/vcpu/nested.h"
#include "x86/vcpu/pveoi.h"
#include "x86/vcpu/trace.h"
#include "x86/vcpu/vendor.h"

/* Vectors that can be the second half of a double fault (APM vol. 2, 8.2.9). */
static bool is_contributory(u8 vector)
{
	return vector == X86_TRAP_DE || vector == X86_TRAP_TS ||
	       vector == X86_TRAP_NP || vector == X86_TRAP_SS ||
	       vector == X86_TRAP_GP;
}

static bool makes_double_fault(u8 first, u8 second)
{
	if (is_contributory(first))
		return is_contributory(second);
	return first == X86_TRAP_PF &&
	       (second == X86_TRAP_PF || is_contributory(second));
}

static struct x86_event exception_make(struct x86_vcpu *v, u8 vector, s64 error)
{
	/* Real mode pushes no error codes (APM vol. 2, 8.2). */
	if (!(state_get(v, GRP_CR0)->cr0 & X86_CR0_PE))
		error = -1;
	return (struct x86_event) {
		.kind = EVENT_EXCEPTION,
		.vector = vector,
		.has_error = error >= 0,
		.error = max_t(s64, error, 0),
	};
}

/*
 * L1's intercept is looked at before the exception merges with the one that is on its
 * way, which the exit to L1 tells of (APM vol. 2, 15.12).
 */
static bool exception_to_l1(struct x86_vcpu *v, u8 vector, s64 error)
{
	struct x86_event ex = exception_make(v, vector, error);

	if (!nested_ops->wants(v, &ex))
		return false;
	v->events.to_l1 = ex;
	v->events.exception = (struct x86_event){ };
	v->events.has_payload = false;
	return true;
}

/*
 * An exception while another one was being delivered.  Benign ones are
 * delivered in sequence: the first one comes again by itself, because the
 * instruction (or the event's source) repeats.
 */
void kvm_event_exception(struct x86_vcpu *v, u8 vector, s64 error)
{
	struct x86_event *ex = &v->events.exception;
	const struct x86_event *first = ex->kind ? ex : &v->events.injected;
	bool is_exception = first->kind == EVENT_EXCEPTION;

	/* What the instruction has written comes first, and L1 is asked again behind it. */
	if (nested_l2_runs(v) && v->events.to_l1.kind != EVENT_WRITTEN &&
	    exception_to_l1(v, vector, error))
		return;
	if (is_exception && first->vector == X86_TRAP_DF) {
		*ex = (struct x86_event){ };
		v->events.injected = *ex;
		request_set(&v->vcpu, REQ_TRIPLE_FAULT);
		return;
	}
	if (is_exception && makes_double_fault(first->vector, vector)) {
		vector = X86_TRAP_DF;
		error = 0;
	}
	if (is_exception)
		v->events.injected = (struct x86_event){ };
	*ex = exception_make(v, vector, error);
	v->events.has_payload = false;
}
EXPORT_SYMBOL_GPL(kvm_event_exception);

/* The exception that was raised last, unless it has become another; or NULL. */
static struct x86_event *exception_raised(struct x86_vcpu *v, u8 vector)
{
	struct x86_events *ev = &v->events;
	struct x86_event *ex = ev->to_l1.kind && ev->to_l1.kind != EVENT_WRITTEN ?
			       &ev->to_l1 : &ev->exception;

	return ex->kind == EVENT_EXCEPTION && ex->vector == vector ? ex : NULL;
}

static void payload_set(struct x86_vcpu *v, u8 vector, u64 payload)
{
	v->events.payload = payload;
	v->events.has_payload = exception_raised(v, vector);
}

void event_page_fault(struct x86_vcpu *v, u64 address, u32 error)
{
	stat_inc(v->vcpu.stats.pf_guest);
	kvm_event_exception(v, X86_TRAP_PF, error);
	payload_set(v, X86_TRAP_PF, address);
}

void event_debug(struct x86_vcpu *v, u64 bits)
{
	kvm_event_exception(v, X86_TRAP_DB, -1);
	payload_set(v, X86_TRAP_DB, bits);
}

void event_soft_exception(struct x86_vcpu *v, u8 vector, u8 insn_len)
{
	struct x86_event *ex;

	kvm_event_exception(v, vector, -1);
	ex = exception_raised(v, vector);
	if (ex)
		ex->insn_len = insn_len;
}

u32 event_blocked(struct x86_vcpu *v)
{
	u32 blocked = vendor(event_blocked)(v);

	if (unlikely(debug_blocks_events(v)))
		blocked |= EVENT_MASK_INTERRUPT | EVENT_MASK_NMI;
	return blocked;
}

void event_nmi(struct x86_vcpu *v)
{
	struct x86_events *ev = &v->events;
	bool masked = ev->injected.kind == EVENT_NMI ||
		      (event_blocked(v) & EVENT_MASK_NMI);

	if (ev->nmi_pending < (masked ? 1 : EVENT_NMIS_MAX))
		ev->nmi_pending++;
}

/* #DB's new bits; those of breakpoints tell of the last one (APM vol. 2, 13.1.1.3). */
static void payload_deliver(struct x86_vcpu *v, u8 vector)
{
	u64 payload = v->events.payload;
	struct x86_state *s;

	if (vector == X86_TRAP_PF) {
		state_set(v, GRP_CR2)->cr2 = payload;
	} else if (vector == X86_TRAP_DB) {
		s = state_set(v, GRP_DR);
		s->dr6 = (s->dr6 & ~(u64)DR6_BREAKPOINTS) | (payload & DR6_BITS);
	}
}

/* #BP and #OF return behind the instruction that raised them. */
static void raising_insn_skip(struct x86_vcpu *v)
{
	struct x86_state *s = state_set(v, GRP_RIP);

	s->rip = emul_rip_advance(state_is_64bit_code(v) ? EMUL_64 : EMUL_32,
				  s->rip, v->events.injected.insn_len);
	v->events.injected.insn_len = 0;
}

/*
 * An exception that delivery starts for now changes CR2, RFLAGS.RF, DR6 or DR7 first.
 * It moves from "exception" to "injected".
 */
static void exception_start(struct x86_vcpu *v)
{
	struct x86_event ex = v->events.exception;
	struct x86_state *s;

	v->events.exception = (struct x86_event){ };
	if (v->events.has_payload)
		payload_deliver(v, ex.vector);
	/* Fault-class exceptions push RF = 1 (APM vol. 2, 8.6.2.6). */
	if (ex.vector != X86_TRAP_DB && ex.vector != X86_TRAP_BP &&
	    ex.vector != X86_TRAP_OF)
		state_set(v, GRP_RFLAGS)->rflags |= X86_EFLAGS_RF;
	if (ex.vector == X86_TRAP_DB) {
		/* General detect is cleared on the way in (APM vol. 2, 13.1.1.4). */
		s = state_set(v, GRP_DR);
		s->dr7 &= ~DR7_GD;
	}
	v->events.injected = ex;
}

/*
 * An exception came while an NMI or interrupt was on its way in: it goes first,
 * for the other's delivery would only run into it again.  One that L1 has made up for L2
 * is lost, as the processor would lose it.
 */
static void injected_postpone(struct x86_vcpu *v)
{
	struct x86_events *ev = &v->events;

	if (nested_l2_runs(v) && nested_ops->wants(v, &ev->injected)) {
		ev->injected = (struct x86_event){ };
		return;
	}
	if (ev->injected.kind == EVENT_NMI) {
		ev->nmi_pending = min(ev->nmi_pending + 1, EVENT_NMIS_MAX);
	} else if (ev->injected.kind == EVENT_INTERRUPT) {
		ev->interrupt = ev->injected.vector;
		ev->interrupt_pending = true;
	}
	ev->injected = (struct x86_event){ };
}

void event_settle(struct x86_vcpu *v)
{
	injected_postpone(v);
	exception_start(v);
}

void event_forget_exceptions(struct x86_vcpu *v)
{
	struct x86_events *ev = &v->events;

	ev->exception = (struct x86_event){ };
	if (ev->to_l1.kind == EVENT_EXCEPTION)
		ev->to_l1 = (struct x86_event){ };
	if (ev->injected.kind == EVENT_EXCEPTION && !ev->injected.by_l1)
		ev->injected = (struct x86_event){ };
	request_take(&v->vcpu, REQ_TRIPLE_FAULT);
}

void event_interrupt_set(struct x86_vcpu *v, bool pending, u8 vector)
{
	struct x86_events *ev = &v->events;

	if (ev->injected.kind == EVENT_INTERRUPT && !ev->injected.by_l1) {
		/* The one that was on its way goes on, unless it is another. */
		if (pending && ev->injected.vector == vector)
			return;
		ev->injected = (struct x86_event){ };
	}
	ev->interrupt = vector;
	ev->interrupt_pending = pending;
}

/* ------------------------------------------------------------------------ */
/* What L1 gets in place of L2. */

static void exit_to_l1(struct x86_vcpu *v, struct x86_event ex)
{
	struct x86_events *ev = &v->events;

	/* Where DR6 tells L1 why; CR2 is as it was (APM vol. 2, 15.12.2, 15.12.15). */
	if (nested_ops->exit_sets_dr6 && ex.kind == EVENT_EXCEPTION &&
	    ex.vector == X86_TRAP_DB && ev->has_payload)
		payload_deliver(v, X86_TRAP_DB);
	nested_ops->exit_event(v, &ex);
	ev->to_l1 = (struct x86_event){ };
}

static bool l1_wants(struct x86_vcpu *v, enum x86_event_kind kind)
{
	const struct x86_event event = { .kind = kind };

	return nested_ops->wants(v, &event);
}

bool event_l1_takes(struct x86_vcpu *v, enum x86_event_kind kind)
{
	if (!nested_l2_runs(v) || !l1_wants(v, kind))
		return false;
	/* It stays where it is until what L2 has written is seen. */
	if (kind == EVENT_INIT && v->events.to_l1.kind == EVENT_WRITTEN) {
		request_set(&v->vcpu, REQ_EVENT);
		return true;
	}
	v->events.to_l1 = (struct x86_event){ .kind = kind };
	return true;
}

/* Is L2 to get its virtual interrupt now?  Its own flag counts. */
static bool virtual_comes(struct x86_vcpu *v, u32 blocked)
{
	return unlikely(v->events.virtual_irq) && !(blocked & EVENT_MASK_INTERRUPT) &&
	       (state_get(v, GRP_RFLAGS)->rflags & X86_EFLAGS_IF);
}

/*
 * NMI before interrupt, and L2's own before L1's (SDM vol. 3, 30.2.2); on SVM both stay
 * where they are until L1 lets them in.
 */
static enum x86_event_kind l1_external(struct x86_vcpu *v)
{
	const struct x86_events *ev = &v->events;
	u32 blocked = event_blocked(v);

	if (unlikely(v->nested.due))
		return EVENT_TIMER;
	if (ev->nmi_pending && !(blocked & EVENT_MASK_NMI) &&
	    l1_wants(v, EVENT_NMI))
		return EVENT_NMI;
	if (!(blocked & EVENT_MASK_INTERRUPT) && interrupts_enabled(v) &&
	    interrupt_waits(v) && l1_wants(v, EVENT_INTERRUPT) && !virtual_comes(v, blocked))
		return EVENT_INTERRUPT;
	return EVENT_NONE;
}

/* Return: true: L1 runs now, or its vendor has taken something for L2: look again. */
static bool event_pick_l1(struct x86_vcpu *v)
{
	struct x86_events *ev = &v->events;
	struct x86_event event = ev->to_l1;

	/* A double fault that has come together, or userspace's exception. */
	if (!event.kind && ev->exception.kind &&
	    nested_ops->wants(v, &ev->exception))
		event = ev->exception;
	/* What is for L2 goes in first. */
	if (!event.kind && !ev->exception.kind && !ev->injected.kind)
		event.kind = l1_external(v);
	if (!event.kind)
		return false;
	exit_to_l1(v, event);
	return true;
}

/* An exception alone waits as well among those of L2's: it is asked about once more. */
static void exception_to_l1_waits(struct x86_vcpu *v)
{
	struct x86_events *ev = &v->events;

	if (ev->to_l1.kind != EVENT_EXCEPTION || ev->injected.kind)
		return;
	ev->exception = ev->to_l1;
	ev->to_l1 = (struct x86_event){ };
}

void event_report(struct x86_vcpu *v, bool pending)
{
	struct x86_events *ev = &v->events;

	if (nested_l2_runs(v)) {
		exception_to_l1_waits(v);
		if (ev->to_l1.kind)
			exit_to_l1(v, ev->to_l1);
		/* Or L2 still runs: EVENT_WRITTEN. */
		if (nested_l2_runs(v) && !pending && ev->exception.kind &&
		    nested_ops->wants(v, &ev->exception))
			exit_to_l1(v, ev->exception);
	}
	if (!pending && ev->exception.kind)
		event_settle(v);
}

/* ------------------------------------------------------------------------ */

/* Pick what the next entry delivers.  Return: true when something was picked. */
static __always_inline bool event_pick(struct x86_vcpu *v)
{
	struct x86_events *ev = &v->events;
	bool by_l1 = false;
	int vector = -1;
	u32 blocked;

	if (ev->exception.kind)
		event_settle(v);
	if (unlikely(ev->injected.insn_len))
		raising_insn_skip(v);
	/* What was interrupted on its way in comes first. */
	if (ev->injected.kind)
		return true;
	blocked = event_blocked(v);
	if (ev->nmi_pending && !(blocked & EVENT_MASK_NMI)) {
		ev->nmi_pending--;
		stat_inc(v->vcpu.stats.nmi_injections);
		ev->injected = (struct x86_event){
			.kind = EVENT_NMI, .vector = X86_TRAP_NMI };
		return true;
	}
	if (virtual_comes(v, blocked)) {
		vector = nested_ops->interrupt(v);
		by_l1 = true;
	} else if (!(blocked & EVENT_MASK_INTERRUPT) && interrupts_enabled(v)) {
		vector = interrupt_take(v);
	}
	if (vector < 0)
		return false;
	stat_inc(v->vcpu.stats.irq_injections);
	ev->injected = (struct x86_event){
		.kind = EVENT_INTERRUPT, .vector = vector, .by_l1 = by_l1 };
	return true;
}

/* What the vendor has to watch, once the next entry's event is picked. */
static u32 event_windows(struct x86_vcpu *v)
{
	struct x86_events *ev = &v->events;
	u32 window = 0, class;

	if (ev->nmi_pending)
		window |= EVENT_MASK_NMI;
	/* A window that userspace could not use would open for ever. */
	if (interrupt_waits(v) ||
	    (v->vcpu.run->request_interrupt_window && interrupts_from_user(v))) {
		window |= EVENT_MASK_INTERRUPT;
	} else if (apic_in_kernel(v) && !apicv_is_active(v)) {
		class = lapic_tpr_threshold(&v->apic.lapic);
		if (class)
			window |= EVENT_MASK_TPR | class << 8;
	}
	if (unlikely(ev->virtual_irq))
		window |= EVENT_MASK_VIRTUAL;
	if (smi_is_due(v))
		window |= EVENT_MASK_SMI;
	/* No window opens while userspace keeps them shut. */
	return unlikely(debug_blocks_events(v)) ? 0 : window;
}

static noinline bool event_pick_traced(struct x86_vcpu *v)
{
	const struct x86_event *ev = &v->events.injected;
	bool again = ev->kind && !v->events.exception.kind;

	if (!event_pick(v))
		return false;
	if (ev->kind == EVENT_EXCEPTION)
		trace_kvm_inj_exception(ev, again);
	else if (ev->kind != EVENT_NMI)
		trace_kvm_inj_virq(ev->vector, ev->kind == EVENT_SOFT, again);
	return true;
}

bool event_prepare(struct x86_vcpu *v)
{
	struct x86_events *ev = &v->events;
	u32 window;

	if (nested_l2_runs(v) && event_pick_l1(v))
		return false;
	if (trace_kvm_inj_virq_enabled() || trace_kvm_inj_exception_enabled())
		ev->queued = event_pick_traced(v);
	else
		ev->queued = event_pick(v);
	vendor(event_inject)(v, ev->queued ? &ev->injected : NULL);
	window = event_windows(v);
	/*
	 * For L1 and for an SMI it is the next exit, and asked for again and again; what opens
	 * for an NMI may depend on the shadow that there is now.
	 */
	if (window != ev->window || nested_l2_runs(v) ||
	    (window & (EVENT_MASK_SMI | EVENT_MASK_NMI)))
		vendor(event_window)(v, window);
	ev->window = window;
	if (unlikely(v->pveoi.msr) && ev->queued && !v->nested.l2 &&
	    ev->injected.kind == EVENT_INTERRUPT)
		pveoi_offer(v);
	return true;
}

bool event_is_due(struct x86_vcpu *v)
{
	const struct x86_events *ev = &v->events;
	u32 blocked;

	if (events_idle(ev))
		return false;
	if (ev->injected.kind || ev->exception.kind)
		return true;
	blocked = event_blocked(v);
	if (ev->nmi_pending && !(blocked & EVENT_MASK_NMI))
		return true;
	return !(blocked & EVENT_MASK_INTERRUPT) && interrupts_enabled(v) &&
	       interrupt_waits(v);
}

bool event_take(struct x86_vcpu *v)
{
	struct x86_events *ev = &v->events;

	if (events_idle(ev) || !event_pick(v))
		return false;
	if (ev->injected.kind != EVENT_SOFT)
		return true;
	/* An INT n comes again: RIP is at it. */
	ev->injected = (struct x86_event){ };
	return false;
}

void event_cancel(struct x86_vcpu *v)
{
	if (!v->events.queued)
		return;
	/* It stays in "injected" and is chosen again. */
	vendor(event_inject)(v, NULL);
	v->events.queued = false;
}

void event_arrived(struct x86_vcpu *v)
{
	if (v->events.injected.kind == EVENT_NMI)
		vendor(event_nmi_mask)(v, true);
	v->events.injected = (struct x86_event){ };
}

bool event_wakes(struct x86_vcpu *v)
{
	const struct x86_events *ev = &v->events;

	return ev->injected.kind || ev->exception.kind || ev->to_l1.kind ||
	       v->nested.due ||
	       (ev->nmi_pending &&
		!(event_blocked(v) & EVENT_MASK_NMI)) ||
	       virtual_comes(v, 0) || interrupt_wakes(v) || smi_is_due(v);
}
