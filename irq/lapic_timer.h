/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timer of a local APIC: one-shot, periodic, TSC deadline (SDM vol. 3, 11.5.4).
 *
 * The count runs at the rate of the VM's APIC bus (lapic.bus_ns) through the divider.  An
 * expired timer sets IRR at once, from the timer's own context: what the vCPU does,
 * in the guest, blocked or on its way in, is irq_env_notify()'s affair.
 *
 * A periodic timer interrupts at ends of its period that are at least
 * irq_env_min_period() apart; those between, and those that nobody was there to see,
 * do not count.
 */
#ifndef LAMINA_IRQ_LAPIC_TIMER_H
#define LAMINA_IRQ_LAPIC_TIMER_H

#include <linux/types.h>

struct lapic;

/*
 * The longest cycle of an APIC bus: a timer's longest period, of 2^32 times 128 cycles, and
 * any time of irq_env_now() have a sum that 64 bits hold.
 */
#define LAPIC_BUS_NS_MAX	(1u << 24)

/**
 * struct lapic_timer - see above
 * @expiry: by irq_env_now(): the end of a count that interrupts; 0: none runs
 * @period: in nanoseconds; 0: not periodic
 * @deadline: IA32_TSC_DEADLINE; 0: disarmed
 *
 * Written by the expiry, and by the own thread while no expiry can come: it cancels
 * the timer first, which waits for one that is running, and then delivers itself what
 * is due by the clock and was on its way.  So nothing that the guest could know to
 * have expired gets lost, and nothing comes after the guest has stopped it.  Of an
 * expiry that ends a count, @expiry = 0 is the last store: without a count there is
 * nothing to cancel.
 */
struct lapic_timer {
	u64 expiry;
	u64 period;
	u64 deadline;
};

/** lapic_timer_expired - the time of irq_env_timer_arm() has come; any context */
void lapic_timer_expired(struct lapic *a);

/** lapic_timer_stop - no count runs any more, and no deadline; own thread */
void lapic_timer_stop(struct lapic *a);

/** lapic_timer_start - TIMER_INIT is written; ignored in deadline mode; own thread */
void lapic_timer_start(struct lapic *a, u32 count);

/** lapic_timer_now - TIMER_NOW: what is left of the count; own thread */
u32 lapic_timer_now(const struct lapic *a);

/** lapic_timer_divider - TIMER_DIV is written: the count goes on at that rate; own thread */
void lapic_timer_divider(struct lapic *a, u32 value);

/**
 * lapic_timer_lvt - LVT_TIMER is written
 * @a: own thread
 * @value: its bits
 *
 * To and from deadline mode disarms (SDM vol. 3, 11.5.4.1); between one-shot and
 * periodic the count goes on.
 */
void lapic_timer_lvt(struct lapic *a, u32 value);

/**
 * lapic_deadline_set - WRMSR IA32_TSC_DEADLINE
 * @a: own thread
 * @tsc: value of the guest's TSC; 0 disarms; ignored but in deadline mode
 *
 * One that has passed interrupts at once, without a timer.
 */
void lapic_deadline_set(struct lapic *a, u64 tsc);

/** lapic_deadline - RDMSR IA32_TSC_DEADLINE: 0 unless armed and in deadline mode */
u64 lapic_deadline(const struct lapic *a);

/** lapic_timer_rearm - the guest's TSC jumped: the deadline is at another time; own thread */
void lapic_timer_rearm(struct lapic *a);

#endif
