/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timer of a local APIC: one-shot, periodic, TSC deadline (SDM vol. 3, 11.5.4).
 *
 * The count runs at 1 GHz, the APIC bus of this machine, through the divider.  An
 * expired timer sets IRR at once, from the timer's own context: what the vCPU does,
 * in the guest, blocked or on its way in, is irq_env_notify()'s affair.
 */
#ifndef LAMINA_IRQ_LAPIC_TIMER_H
#define LAMINA_IRQ_LAPIC_TIMER_H

#include <linux/types.h>

struct lapic;

/**
 * struct lapic_timer - see above; own thread, but for the expiry
 * @expiry: by irq_env_now(): the end of the count that runs; 0: none does
 * @period: in nanoseconds; 0: not periodic
 * @deadline: IA32_TSC_DEADLINE; 0: disarmed
 */
struct lapic_timer {
	u64 expiry;
	u64 period;
	u64 deadline;
};

/** lapic_timer_expired - the time of irq_env_timer_arm() has come; any context */
void lapic_timer_expired(struct lapic *a);

/** lapic_timer_stop - no count runs any more; own thread */
void lapic_timer_stop(struct lapic *a);

/** lapic_timer_start - TIMER_INIT was written; own thread */
void lapic_timer_start(struct lapic *a);

/** lapic_timer_now - TIMER_NOW: what is left of the count */
u32 lapic_timer_now(const struct lapic *a);

/** lapic_timer_divider - TIMER_DIV was written: the count goes on at another rate; own thread */
void lapic_timer_divider(struct lapic *a, u32 old);

/** lapic_timer_lvt - LVT_TIMER was written; a change of mode disarms; own thread */
void lapic_timer_lvt(struct lapic *a, u32 old);

/**
 * lapic_deadline_set - WRMSR IA32_TSC_DEADLINE
 * @a: own thread
 * @tsc: value of the guest's TSC; 0 disarms; ignored but in deadline mode
 */
void lapic_deadline_set(struct lapic *a, u64 tsc);

/** lapic_deadline - RDMSR IA32_TSC_DEADLINE: 0 unless armed and in deadline mode */
u64 lapic_deadline(const struct lapic *a);

/** lapic_timer_rearm - the guest's TSC jumped: the deadline is at another time; own thread */
void lapic_timer_rearm(struct lapic *a);

#endif
