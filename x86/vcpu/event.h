/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One event queue per vCPU: exceptions, NMI, interrupts.
 *
 * Priorities live here and nowhere else (APM vol. 2, 8.5; SDM vol. 3, 6.9).  The vendor
 * knows what is blocked, how to inject, when a window opens, what an exit has left.
 */
#ifndef LAMINA_X86_VCPU_EVENT_H
#define LAMINA_X86_VCPU_EVENT_H

#include <linux/bits.h>
#include <linux/types.h>

enum x86_event_kind {
	EVENT_NONE,
	EVENT_EXCEPTION,
	EVENT_SOFT,		/* INTn, INT3, INTO: resumes after the instruction */
	EVENT_NMI,
	EVENT_INTERRUPT,
	EVENT_SOFT_NEXT,	/* INTn that L1 injects: RIP is where it returns to */
	/* Exits to L1 that are no events for L2 (nested.h). */
	EVENT_INIT, EVENT_SMI, EVENT_SHUTDOWN, EVENT_TIMER,
	EVENT_SECOND,		/* a fault of L1's second level, a task switch: the vendor has it */
	EVENT_WRITTEN,		/* L2 is behind a write by nested_ops.page() */
	EVENT_FLUSHED,		/* L2 is behind a flush that L0 has done, and L1 waits for that */
};

/**
 * struct x86_event - an event on its way into the guest
 * @kind: which
 * @vector: 0 to 255
 * @has_error: it pushes @error
 * @by_l1: L1 has made it up for L2, which has not run since: KVM_GET_NESTED_STATE tells
 *         of it, and those calls that know of L2's own events leave it alone
 * @insn_len: #BP or #OF, and RIP is still at the INT3 or INTO that raised it, which
 *            has so many bytes; 0: RIP is where the handler returns to
 * @error: error code
 */
struct x86_event {
	u8 kind;
	u8 vector;
	bool has_error : 1;
	bool by_l1 : 1;
	u8 insn_len;
	u32 error;
};

/* Masks for event_blocked() and event_window(). */
#define EVENT_MASK_INTERRUPT	BIT(0)
#define EVENT_MASK_NMI		BIT(1)
/* event_window() only: CR8 may fall below the class of what it holds back; an SMI waits;
 * so does L2's virtual interrupt, for L2's RFLAGS.IF or the end of a shadow. */
#define EVENT_MASK_TPR		BIT(3)
#define EVENT_TPR_CLASS(mask)	((mask) >> 8)
#define EVENT_MASK_SMI		BIT(5)
#define EVENT_MASK_VIRTUAL	BIT(6)
/* event_blocked() only: an NMI's handler runs, up to its IRET. */
#define EVENT_NMI_HANDLER	BIT(2)
/* event_blocked() only: INIT and SMI wait (GIF). */
#define EVENT_MASK_INIT		BIT(4)

/* NMIs that wait: the processor remembers one, and one may be on its way. */
#define EVENT_NMIS_MAX		2

/**
 * struct x86_events - a vCPU's queue
 * @injected: handed to the hardware or to software, not known to be delivered; re-injected
 *            first after an exit interrupted the delivery
 * @exception: raised, not yet injected; @exception.kind NONE when there is none
 * @interrupt: an interrupt that was acknowledged, when @interrupt_pending: KVM_INTERRUPT's,
 *             or one whose delivery gave way to an exception
 * @interrupt_pending: it waits for RFLAGS.IF
 * @irq_check: LAPIC and PICs may have something: see interrupt.h
 * @nmi_pending: NMIs that wait, at most EVENT_NMIS_MAX
 * @virtual_irq: L2 runs, and L1's vendor has an interrupt for it: nested_ops.interrupt()
 * @to_l1: L1 gets it in place of L2, before anything else happens; kind NONE
 * @queued: the next entry has been told to deliver @injected
 * @window: EVENT_MASK_* that the vendor was last asked to watch
 * @has_payload: @exception has a @payload
 * @payload: #PF: goes to CR2 when it is injected; #DB: bits that go to DR6
 * @busy: all of those beside it, in one look
 */
struct x86_events {
	struct x86_event injected;
	struct x86_event exception;
	struct x86_event to_l1;
	u64 payload;
	bool has_payload;
	u8 interrupt;
	union {
		u64 busy;
		struct {
			bool queued;
			u16 window;
			bool interrupt_pending;
			bool irq_check;
			u8 nmi_pending;
			bool virtual_irq;
		};
	};
};

/**
 * events_idle - is there nothing to inject, and no window to watch or to close?
 * @ev: the queue
 */
static inline bool events_idle(const struct x86_events *ev)
{
	return !(ev->busy | (u8)(ev->injected.kind | ev->exception.kind |
				 ev->to_l1.kind));
}

struct x86_vcpu;

/**
 * kvm_event_exception - raise an exception in the guest
 * @v: the vCPU
 * @vector: 0 to 31, not NMI
 * @error: error code, or -1 for vectors without one
 *
 * Merges with one that is already on its way: double and triple faults
 * (APM vol. 2, 8.2.9).
 */
void kvm_event_exception(struct x86_vcpu *v, u8 vector, s64 error);

/**
 * event_page_fault - raise #PF
 * @v: the vCPU
 * @address: goes to CR2
 * @error: PF_* bits 0 to 15
 */
void event_page_fault(struct x86_vcpu *v, u64 address, u32 error);

/** event_debug - raise #DB; @bits go to DR6, in place of those that are there */
void event_debug(struct x86_vcpu *v, u64 bits);

/**
 * event_blocked - what cannot be injected now, for the guest or for userspace
 * @v: its own thread
 *
 * Return: EVENT_MASK_* and EVENT_NMI_HANDLER; the flag of interrupts_enabled() does not
 * count.
 */
u32 event_blocked(struct x86_vcpu *v);

/**
 * event_soft_exception - raise #BP or #OF for the INT3 or INTO at RIP
 * @v: its own thread
 * @vector: X86_TRAP_BP or X86_TRAP_OF
 * @insn_len: bytes of the instruction, by which RIP moves at delivery
 */
void event_soft_exception(struct x86_vcpu *v, u8 vector, u8 insn_len);

/**
 * event_settle - the exception that was raised is what the next entry delivers
 * @v: its own thread; there is one
 *
 * Makes the registers (CR2, DR6, DR7, RFLAGS.RF) those of the exception's
 * delivery, as a VMM that saves them expects.  RIP stays for an exception
 * with @insn_len.
 */
void event_settle(struct x86_vcpu *v);

/**
 * event_forget_exceptions - the registers they belonged to are gone
 * @v: its own thread
 */
void event_forget_exceptions(struct x86_vcpu *v);

/**
 * event_nmi - one more NMI
 * @v: its own thread
 *
 * While NMIs are masked one is remembered, as the processor does (APM vol. 2,
 * 8.2.3); else a second one may follow the first.
 */
void event_nmi(struct x86_vcpu *v);

/**
 * event_prepare - before entry: inject the most urgent event, open windows
 * @v: its own thread
 *
 * Needed unless events_idle() and userspace asks for no window.  kvm->srcu held.
 *
 * Return: false when L1 got an event, and runs now instead of L2, or its vendor did for it.
 */
bool event_prepare(struct x86_vcpu *v);

/**
 * event_report - before a return to userspace: what it can see of the queue is all
 * @v: own thread, kvm->srcu held
 * @pending: it knows of exceptions that wait, with their payload
 *           (KVM_CAP_EXCEPTION_PAYLOAD): they do, for L1 also
 *
 * What it has no form for is over then: settled, or L1 has it.
 */
void event_report(struct x86_vcpu *v, bool pending);

/**
 * event_l1_takes - does L1 get an event of its kinds in place of L2?
 * @v: own thread
 * @kind: EVENT_INIT, EVENT_SMI, EVENT_SHUTDOWN
 *
 * Return: true: event_prepare() will exit to L1 because of it.
 */
bool event_l1_takes(struct x86_vcpu *v, enum x86_event_kind kind);

/** event_is_due - would event_prepare() deliver anything to the guest now?  Own thread */
bool event_is_due(struct x86_vcpu *v);

/**
 * event_take - the most urgent event, for a delivery in software
 * @v: its own thread
 *
 * It is in "injected" then, up to event_arrived(), and an exception that is raised
 * meanwhile merges with it.
 *
 * Return: false when nothing can be delivered now.
 */
bool event_take(struct x86_vcpu *v);

/** event_cancel - the entry that event_prepare() was for does not happen; own thread */
void event_cancel(struct x86_vcpu *v);

/** event_arrived - what was on its way has been delivered in the hardware's place; own thread */
void event_arrived(struct x86_vcpu *v);

/**
 * event_interrupt_waiting - is there an interrupt that is not in the guest yet?
 * @ev: the queue
 * @vector: result
 *
 * It has been acknowledged: it is on its way, or waits for RFLAGS.IF.
 */
static inline bool event_interrupt_waiting(const struct x86_events *ev,
					   u8 *vector)
{
	bool injected = ev->injected.kind == EVENT_INTERRUPT && !ev->injected.by_l1;

	*vector = injected ? ev->injected.vector : ev->interrupt;
	return ev->interrupt_pending || injected;
}

/** event_interrupt_set - the interrupt that waits, if one is @pending, in place of any other */
void event_interrupt_set(struct x86_vcpu *v, bool pending, u8 vector);

/** event_wakes - is there anything that ends a HLT?  own thread */
bool event_wakes(struct x86_vcpu *v);

#endif
