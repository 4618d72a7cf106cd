// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>

#include "irq/irq_env.h"
#include "irq/lapic_priv.h"
#include "irq/lapic_timer.h"

static enum apic_timer_mode lapic_timer_mode(const struct lapic *a)
{
	return lapic_reg(a, APIC_REG_LVT_TIMER) >> LAPIC_TIMER_SHIFT & 3;
}

static bool lapic_timer_counts(const struct lapic *a)
{
	return lapic_timer_mode(a) <= LAPIC_TIMER_PERIODIC;
}

/* Nanoseconds for a count of one: TIMER_DIV bits 3, 1:0 (SDM vol. 3, figure 11-10). */
static u64 lapic_timer_tick(const struct lapic *a)
{
	u32 div = lapic_reg(a, APIC_REG_TIMER_DIV);

	div = (div & 3) | (div >> 1 & 4);
	return (u64)a->bus_ns << ((div + 1) & 7);
}

static void lapic_timer_period_set(struct lapic *a)
{
	u64 count = lapic_reg(a, APIC_REG_TIMER_INIT);
	bool periodic = lapic_timer_mode(a) == LAPIC_TIMER_PERIODIC;

	a->timer.period = periodic ? count * lapic_timer_tick(a) : 0;
}

/* Nanoseconds until the count is 0, or was: never 0 for a periodic one. */
static u64 lapic_timer_left(const struct lapic *a, u64 now)
{
	u64 expiry = READ_ONCE(a->timer.expiry), period = a->timer.period;

	if (!expiry)
		return 0;
	if (!period)
		return expiry > now ? expiry - now : 0;
	if (expiry > now)
		return (expiry - now - 1) % period + 1;
	return period - (now - expiry) % period;
}

static void lapic_timer_arm(struct lapic *a, u64 now, u64 ns)
{
	u64 expiry = now + min(ns, U64_MAX - now);

	WRITE_ONCE(a->timer.expiry, expiry);
	irq_env_timer_arm(a, expiry);
}

/*
 * When a periodic timer interrupts next.  A period shorter than the least one is
 * stretched to a multiple of itself; what has been missed is skipped.
 */
static u64 lapic_timer_next(const struct lapic_timer *t, u64 now)
{
	u64 first = t->expiry + max(t->period, irq_env_min_period());

	first = max(first, now + 1);
	return t->expiry + DIV_ROUND_UP(first - t->expiry, t->period) * t->period;
}

/* What an expiry does, but for setting the timer again. */
static void lapic_timer_fire(struct lapic *a)
{
	struct lapic_timer *t = &a->timer;

	lapic_lvt_fire(a, APIC_REG_LVT_TIMER);
	if (t->period) {
		WRITE_ONCE(t->expiry, lapic_timer_next(t, irq_env_now()));
		return;
	}
	WRITE_ONCE(t->deadline, 0);
	smp_store_release(&t->expiry, 0);
}

/* Ticks of the guest's TSC until the deadline. */
static u64 lapic_deadline_left(struct lapic *a)
{
	u64 tsc = irq_env_guest_tsc(a);

	return a->timer.deadline > tsc ? a->timer.deadline - tsc : 0;
}

/* The nanosecond: that time goes on however short a tick is. */
static void lapic_deadline_arm(struct lapic *a, u64 ticks)
{
	u64 ns = irq_env_tsc_to_ns(a, ticks);

	lapic_timer_arm(a, irq_env_now(), max(ns, 1ull));
}

void lapic_timer_expired(struct lapic *a)
{
	struct lapic_timer *t = &a->timer;
	u64 left = t->deadline ? lapic_deadline_left(a) : 0;
	/* A one-shot is the own thread's again as soon as it has fired. */
	bool again = t->period;

	/* The guest's clock decides, and conversion rounds. */
	if (left) {
		lapic_deadline_arm(a, left);
		return;
	}
	lapic_timer_fire(a);
	if (again)
		irq_env_timer_arm(a, t->expiry);
}

/*
 * The own thread wants to change something: no expiry comes any more, and what is
 * due has been delivered by the rules that were in force.
 */
static void lapic_timer_settle(struct lapic *a)
{
	struct lapic_timer *t = &a->timer;

	if (!smp_load_acquire(&t->expiry))
		return;
	irq_env_timer_cancel(a);
	if (!t->expiry)
		return;
	if (t->deadline ? !lapic_deadline_left(a) : t->expiry <= irq_env_now())
		lapic_timer_fire(a);
}

void lapic_timer_stop(struct lapic *a)
{
	if (smp_load_acquire(&a->timer.expiry))
		irq_env_timer_cancel(a);
	a->timer = (struct lapic_timer){ 0 };
}

/* The count runs from here; nothing is armed. */
static void lapic_timer_run(struct lapic *a, u32 count)
{
	a->timer = (struct lapic_timer){ 0 };
	if (!count)
		return;
	lapic_timer_period_set(a);
	lapic_timer_arm(a, irq_env_now(), count * lapic_timer_tick(a));
}

void lapic_timer_start(struct lapic *a, u32 count)
{
	if (!lapic_timer_counts(a))
		return;
	lapic_timer_settle(a);
	lapic_reg_set(a, APIC_REG_TIMER_INIT, count);
	lapic_timer_run(a, count);
}

/*
 * Without a count: userspace has kept none, or it had run out.  A one-shot that comes again
 * does less harm than a late one; Linux's KVM does the same.
 */
void lapic_timer_restore(struct lapic *a, u32 count)
{
	u32 whole = lapic_reg(a, APIC_REG_TIMER_INIT);

	if (!lapic_timer_counts(a))
		return;
	if (!count)
		count = lapic_timer_mode(a) == LAPIC_TIMER_PERIODIC ? whole : 1;
	lapic_timer_run(a, min(count, whole));
}

u32 lapic_timer_now(const struct lapic *a)
{
	if (!lapic_timer_counts(a))
		return 0;
	return DIV_ROUND_UP(lapic_timer_left(a, irq_env_now()), lapic_timer_tick(a));
}

void lapic_timer_divider(struct lapic *a, u32 value)
{
	u32 count;

	if (lapic_timer_counts(a))
		lapic_timer_settle(a);
	count = lapic_timer_now(a);
	lapic_reg_set(a, APIC_REG_TIMER_DIV, value);
	if (count)
		lapic_timer_run(a, count);
}

void lapic_timer_lvt(struct lapic *a, u32 value)
{
	enum apic_timer_mode old = lapic_timer_mode(a);
	u64 now, left;

	lapic_timer_settle(a);
	lapic_reg_set(a, APIC_REG_LVT_TIMER, value);
	if (!lapic_timer_counts(a) != (old > LAPIC_TIMER_PERIODIC) ||
	    lapic_timer_mode(a) == LAPIC_TIMER_RESERVED) {
		lapic_timer_stop(a);
	} else if (a->timer.expiry && old == lapic_timer_mode(a)) {
		irq_env_timer_arm(a, a->timer.expiry);
	} else if (a->timer.expiry) {
		now = irq_env_now();
		left = lapic_timer_left(a, now);
		lapic_timer_period_set(a);
		lapic_timer_arm(a, now, left);
	}
}

/* It passes now, or a timer runs until it does; nothing is armed. */
static void lapic_deadline_start(struct lapic *a)
{
	u64 left = lapic_deadline_left(a);

	if (left)
		lapic_deadline_arm(a, left);
	else
		lapic_timer_fire(a);
}

void lapic_deadline_set(struct lapic *a, u64 tsc)
{
	if (lapic_timer_mode(a) != LAPIC_TIMER_TSC)
		return;
	lapic_timer_settle(a);
	a->timer = (struct lapic_timer){ .deadline = tsc };
	if (tsc)
		lapic_deadline_start(a);
}

u64 lapic_deadline(const struct lapic *a)
{
	return READ_ONCE(a->timer.deadline);
}

void lapic_timer_rearm(struct lapic *a)
{
	if (!lapic_deadline(a))
		return;
	irq_env_timer_cancel(a);
	if (a->timer.deadline)
		lapic_deadline_start(a);
}
