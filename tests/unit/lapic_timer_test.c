// SPDX-License-Identifier: GPL-2.0-only
/* The timer of a LAPIC (SDM vol. 3, 11.5.4): cycles of a bus of 1 GHz, but where noted. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/kernel.h>
#include <linux/string.h>

#include "tests/unit/irq_env.h"

#define VECTOR		0x40
#define ONE_SHOT	VECTOR
#define PERIODIC	(1u << 17 | VECTOR)
#define DEADLINE	(2u << 17 | VECTOR)
#define MASKED		(1u << 16)

static struct lapic *a;
static struct irq_cpu *cpu;

static int start(void **state)
{
	irq_world_start();
	cpu = irq_cpu_add(0);
	a = &cpu->a;
	lapic_write(a, APIC_REG_SVR, 0x1ff);
	lapic_write(a, APIC_REG_TIMER_DIV, 0xb);	/* by 1 */
	return 0;
}

static int stop(void **state)
{
	irq_world_stop();
	return 0;
}

static void lvt(u32 value)
{
	lapic_write(a, APIC_REG_LVT_TIMER, value);
}

static void count(u32 value)
{
	lapic_write(a, APIC_REG_TIMER_INIT, value);
}

static u32 left(void)
{
	return lapic_read(a, APIC_REG_TIMER_NOW);
}

/* Did it interrupt?  It is taken and ended then. */
static bool came(void)
{
	if (lapic_pending(a) < 0)
		return false;
	assert_int_equal(lapic_pending(a), VECTOR);
	lapic_ack(a, VECTOR);
	lapic_eoi(a);
	assert_int_equal(lapic_pending(a), -1);
	return true;
}

/* How often, in @n steps of @ns? */
static long interrupts(long n, u64 ns)
{
	long sum = 0;

	while (n--) {
		irq_time(ns);
		sum += came();
	}
	return sum;
}

static void divider(void **state)
{
	static const struct { u8 reg, by; } div[] = {
		{ 0x0, 2 }, { 0x1, 4 }, { 0x2, 8 }, { 0x3, 16 }, { 0x8, 32 }, { 0x9, 64 },
		{ 0xa, 128 }, { 0xb, 1 },
	};

	lvt(ONE_SHOT);
	for (size_t i = 0; i < ARRAY_SIZE(div); i++) {
		lapic_write(a, APIC_REG_TIMER_DIV, div[i].reg);
		count(1000);
		assert_int_equal(left(), 1000);
		irq_time(div[i].by);
		assert_int_equal(left(), 999);
		irq_time(div[i].by * 998);
		assert_int_equal(left(), 1);
		irq_time(div[i].by - 1);
		assert_int_equal(left(), 1);
		assert_false(came());
		irq_time(1);
		assert_int_equal(left(), 0);
		assert_true(came());
	}
}

static void one_shot(void **state)
{
	lvt(ONE_SHOT);
	count(500);
	assert_int_equal(interrupts(2000, 1), 1);
	assert_int_equal(cpu->armed, false);
	assert_int_equal(lapic_read(a, APIC_REG_TIMER_INIT), 500);
	count(500);
	irq_time(499);
	count(500);			/* from the beginning */
	irq_time(499);
	assert_false(came());
	count(0);
	assert_int_equal(left(), 0);
	assert_int_equal(interrupts(10, 500), 0);
	assert_false(cpu->armed);
}

static void periodic(void **state)
{
	irq_world.min_period = 0;
	lvt(PERIODIC);
	count(500);
	assert_int_equal(interrupts(2500, 1), 5);
	assert_int_equal(left(), 500);
	irq_time(1);
	assert_int_equal(left(), 499);
	irq_time(499);
	assert_true(came());
	count(0);
	assert_int_equal(interrupts(10, 500), 0);
}

static void masked(void **state)
{
	irq_world.min_period = 0;
	lvt(PERIODIC | MASKED);
	count(500);
	irq_time(1200);
	assert_false(came());
	assert_int_equal(left(), 300);
	lvt(PERIODIC);
	irq_time(299);
	assert_false(came());
	irq_time(1);
	assert_true(came());
	lvt(ONE_SHOT | MASKED);
	irq_time(10000);
	lvt(ONE_SHOT);
	assert_false(came());
	lvt(DEADLINE | MASKED);
	lapic_deadline_set(a, irq_world.now + 10);
	irq_time(10);
	assert_int_equal(lapic_deadline(a), 0);
	lvt(DEADLINE);
	assert_false(came());
}

/* Shorter than the least one: at ends of the period, but not at all. */
static void short_period(void **state)
{
	irq_world.min_period = 1000;
	lvt(PERIODIC);
	count(300);
	irq_time(300);
	assert_true(came());
	irq_time(1199);
	assert_false(came());
	assert_int_equal(left(), 1);
	irq_time(1);
	assert_true(came());
	assert_int_equal(interrupts(12000, 1), 10);
	/* what fits is not stretched */
	count(1000);
	assert_int_equal(interrupts(10000, 1), 10);
	/* the shortest of all does not keep the host busy */
	count(1);
	cpu->notified = 0;
	irq_world.arms = 0;
	assert_in_range(interrupts(1000, 1000), 990, 1001);
	assert_in_range(irq_world.arms, 990, 1001);
}

/* Nobody was there for a second: one interrupt, the next at its time. */
static void missed_periods(void **state)
{
	irq_world.min_period = 100;
	lvt(PERIODIC);
	count(1000);
	irq_world.hold = true;
	irq_time(1000500300);
	assert_int_equal(left(), 700);
	irq_world.arms = 0;
	irq_cpu_expire(cpu);
	assert_int_equal(irq_world.arms, 1);
	assert_true(came());
	irq_world.hold = false;
	irq_time(699);
	assert_false(came());
	irq_time(1);
	assert_true(came());
	assert_int_equal(interrupts(10, 1000), 10);
}

static void modes_of_a_count(void **state)
{
	irq_world.min_period = 0;
	lvt(ONE_SHOT);
	count(1000);
	irq_time(400);
	lvt(PERIODIC);
	assert_int_equal(left(), 600);
	irq_time(600);
	assert_true(came());
	irq_time(999);
	assert_false(came());
	irq_time(1);
	assert_true(came());
	irq_time(100);
	lvt(ONE_SHOT);
	assert_int_equal(left(), 900);
	irq_time(900);
	assert_true(came());
	assert_int_equal(left(), 0);
	assert_int_equal(interrupts(10, 1000), 0);
	lvt(PERIODIC);			/* nothing counts that could go on */
	assert_int_equal(interrupts(10, 1000), 0);
	/* stretched, then one-shot: the end of this period */
	irq_world.min_period = 10000;
	count(1000);
	irq_time(1000);
	assert_true(came());
	irq_time(300);
	lvt(ONE_SHOT);
	irq_time(699);
	assert_false(came());
	irq_time(1);
	assert_true(came());
}

static void divider_goes_on(void **state)
{
	irq_world.min_period = 0;
	lvt(PERIODIC);
	count(1000);
	irq_time(400);
	lapic_write(a, APIC_REG_TIMER_DIV, 0x1);	/* by 4 */
	assert_int_equal(left(), 600);
	irq_time(2399);
	assert_false(came());
	irq_time(1);
	assert_true(came());
	irq_time(3999);
	assert_false(came());
	irq_time(1);
	assert_true(came());
	lvt(DEADLINE);
	lapic_deadline_set(a, irq_world.now + 1000);
	lapic_write(a, APIC_REG_TIMER_DIV, 0xb);
	irq_time(1000);
	assert_true(came());
}

static void deadline(void **state)
{
	lapic_deadline_set(a, irq_world.now + 100);	/* not in this mode */
	assert_int_equal(lapic_deadline(a), 0);
	assert_false(cpu->armed);
	lvt(DEADLINE);
	count(100);			/* nor this in that one */
	assert_int_equal(lapic_read(a, APIC_REG_TIMER_INIT), 0);
	assert_int_equal(interrupts(10, 100), 0);
	u64 when = irq_world.now + 1000;
	lapic_deadline_set(a, when);
	assert_int_equal(lapic_deadline(a), when);
	assert_int_equal(left(), 0);
	irq_time(999);
	assert_false(came());
	irq_time(1);
	assert_true(came());
	assert_int_equal(lapic_deadline(a), 0);
	lapic_deadline_set(a, irq_world.now + 1000);
	lapic_deadline_set(a, irq_world.now + 2000);
	assert_int_equal(interrupts(3000, 1), 1);
	lapic_deadline_set(a, irq_world.now + 1000);
	lapic_deadline_set(a, 0);
	assert_int_equal(lapic_deadline(a), 0);
	assert_int_equal(interrupts(3000, 1), 0);
	assert_false(cpu->armed);
}

/* One that has passed interrupts at once; one too far away does not. */
static void deadline_extremes(void **state)
{
	lvt(DEADLINE);
	irq_time(1000);
	irq_world.arms = 0;
	lapic_deadline_set(a, irq_world.now);
	assert_true(came());
	lapic_deadline_set(a, 1);
	assert_true(came());
	assert_int_equal(lapic_deadline(a), 0);
	assert_int_equal(irq_world.arms, 0);
	lapic_deadline_set(a, ~0ull);
	assert_int_equal(lapic_deadline(a), ~0ull);
	assert_int_equal(interrupts(10, 1000000000), 0);
	cpu->tsc_khz = 1;
	lapic_deadline_set(a, ~0ull);
	assert_int_equal(cpu->when, U64_MAX);
	assert_int_equal(interrupts(10, 1000000000), 0);
}

static void deadline_and_modes(void **state)
{
	lvt(DEADLINE);
	lapic_deadline_set(a, irq_world.now + 1000);
	lvt(DEADLINE | MASKED);		/* the mode is the same: it goes on */
	lvt(DEADLINE);
	irq_time(1000);
	assert_true(came());
	lapic_deadline_set(a, irq_world.now + 1000);
	lvt(ONE_SHOT);
	assert_int_equal(lapic_deadline(a), 0);
	assert_int_equal(interrupts(10, 1000), 0);
	count(1000);
	lvt(DEADLINE);
	assert_int_equal(interrupts(10, 1000), 0);
	lvt(ONE_SHOT);			/* and no count comes back */
	assert_int_equal(left(), 0);
	assert_int_equal(interrupts(10, 1000), 0);
	count(1000);
	lvt(3u << 17 | VECTOR);		/* reserved */
	assert_int_equal(interrupts(10, 1000), 0);
	count(1000);
	lapic_deadline_set(a, irq_world.now + 1000);
	assert_int_equal(interrupts(10, 1000), 0);
}

/* Never before the guest's own clock says so, whatever its rate. */
static void deadline_by_guests_clock(void **state)
{
	static const u32 khz[] = { 1000000, 2600001, 333333, 999, 19200, 3999999 };

	lvt(DEADLINE);
	for (size_t i = 0; i < ARRAY_SIZE(khz); i++) {
		cpu->tsc_khz = khz[i];
		cpu->tsc_offset = 12345;
		for (int n = 0; n < 300; n++) {
			u64 tsc = cpu->tsc_offset + irq_world.now * khz[i] / 1000000;
			u64 when = tsc + 1 + shim_random() % 5000;
			u64 tick = 1 + 1000000 / khz[i];

			lapic_deadline_set(a, when);
			while (!came())
				irq_time(1 + (when - tsc) * tick / 50);
			tsc = cpu->tsc_offset + irq_world.now * khz[i] / 1000000;
			assert_true(tsc >= when);
		}
	}
}

static void tsc_jumps(void **state)
{
	lvt(DEADLINE);
	lapic_timer_rearm(a);
	assert_int_equal(irq_world.cancels, 0);
	lapic_deadline_set(a, irq_world.now + 1000);
	cpu->tsc_offset = 600;
	lapic_timer_rearm(a);
	irq_time(399);
	assert_false(came());
	irq_time(1);
	assert_true(came());
	lapic_deadline_set(a, irq_world.now + 600 + 1000);
	cpu->tsc_offset = 0;
	lapic_timer_rearm(a);
	irq_time(1599);
	assert_false(came());
	irq_time(1);
	assert_true(came());
	lapic_deadline_set(a, irq_world.now + 1000);
	cpu->tsc_offset = 1000;
	lapic_timer_rearm(a);
	assert_true(came());
	assert_int_equal(lapic_deadline(a), 0);
}

/* What was due by the clock and had not run is delivered, once, by the old rules. */
static void due_when_changed(void **state)
{
	irq_world.hold = true;
	for (int i = 0; i < 6; i++) {
		lvt(ONE_SHOT);
		count(1000);
		irq_time(1000);
		assert_false(came());
		switch (i) {
		case 0: count(1000); break;
		case 1: lvt(ONE_SHOT | MASKED); break;
		case 2: lvt(DEADLINE); break;
		case 3: lapic_write(a, APIC_REG_TIMER_DIV, 0xb); break;
		case 4: lvt(PERIODIC); break;
		case 5: count(0); break;
		}
		assert_true(came());
		irq_cpu_expire(cpu);
		assert_false(came());
	}
	lvt(DEADLINE);
	lapic_deadline_set(a, irq_world.now + 1000);
	irq_time(1000);
	lapic_deadline_set(a, irq_world.now + 1000);
	assert_true(came());
	irq_cpu_expire(cpu);
	assert_false(came());
	irq_time(1000);
	irq_cpu_expire(cpu);
	assert_true(came());
	/* what is not due does not come early */
	lapic_deadline_set(a, irq_world.now + 1000);
	irq_time(999);
	lapic_deadline_set(a, 0);
	assert_false(came());
}

/* A periodic count that was due when its divider or mask changed goes on. */
static void due_and_periodic(void **state)
{
	irq_world.min_period = 0;
	irq_world.hold = true;
	lvt(PERIODIC);
	count(1000);
	irq_time(1300);
	lvt(PERIODIC);
	assert_true(came());
	assert_int_equal(left(), 700);
	irq_world.hold = false;
	irq_time(699);
	assert_false(came());
	irq_time(1);
	assert_true(came());
}

static void stops(void **state)
{
	u32 regs[256], other[256];

	for (int i = 0; i < 4; i++) {
		lapic_write(a, APIC_REG_SVR, 0x1ff);
		lvt(i % 2 ? DEADLINE : PERIODIC);
		count(1000);
		lapic_deadline_set(a, irq_world.now + 1000);
		assert_true(cpu->armed);
		if (i < 2)
			lapic_reset(a, true);
		else
			assert_int_equal(lapic_base_set(a, 0xfee00000, true), 0);
		assert_false(cpu->armed);
		assert_int_equal(lapic_deadline(a), 0);
		assert_int_equal(interrupts(10, 1000), 0);
		assert_int_equal(lapic_base_set(a, 0xfee00800, true), 0);
	}
	/* a deadline is not in this state, and goes only where there are none */
	lapic_write(a, APIC_REG_SVR, 0x1ff);
	lvt(PERIODIC);
	lapic_save(a, other);
	lvt(DEADLINE);
	lapic_deadline_set(a, irq_world.now + 1000);
	lapic_save(a, regs);
	assert_int_equal(lapic_restore(a, regs), 0);
	assert_int_equal(lapic_deadline(a), irq_world.now + 1000);
	assert_true(cpu->armed);
	assert_int_equal(lapic_restore(a, other), 0);
	assert_int_equal(lapic_deadline(a), 0);
}

static void restored(void **state)
{
	u32 regs[256];

	irq_world.min_period = 0;
	lvt(PERIODIC);
	count(1000);
	irq_time(300);
	lapic_save(a, regs);
	assert_int_equal(regs[APIC_REG_TIMER_NOW / 4], 700);
	irq_time(5000);
	came();
	assert_int_equal(lapic_restore(a, regs), 0);
	irq_time(699);
	assert_false(came());
	irq_time(1);
	assert_true(came());
	irq_time(1000);
	assert_true(came());
	/* a VMM that does not give the count back; a hostile one */
	regs[APIC_REG_TIMER_NOW / 4] = 0;
	assert_int_equal(lapic_restore(a, regs), 0);
	assert_int_equal(left(), 1000);
	regs[APIC_REG_LVT_TIMER / 4] = ONE_SHOT;
	assert_int_equal(lapic_restore(a, regs), 0);
	irq_time(1);
	assert_true(came());
	assert_int_equal(interrupts(5000, 1), 0);
	regs[APIC_REG_TIMER_NOW / 4] = 1001;
	assert_int_equal(lapic_restore(a, regs), 0);
	assert_int_equal(left(), 1000);
	assert_int_equal(interrupts(5000, 1), 1);
	regs[APIC_REG_TIMER_NOW / 4] = 0;
	regs[APIC_REG_TIMER_INIT / 4] = 0;
	assert_int_equal(lapic_restore(a, regs), 0);
	assert_false(cpu->armed);
}

/* A cycle of 40 ns; the longest period there is, and its first end long before. */
static void bus(void **state)
{
	u32 regs[256];

	a->bus_ns = 40;
	lapic_write(a, APIC_REG_TIMER_DIV, 0x0);	/* by 2 */
	lvt(PERIODIC);
	count(10000);
	irq_time(80);
	assert_int_equal(left(), 9999);
	irq_time(10000 * 80 - 81);
	assert_int_equal(left(), 1);
	assert_false(came());
	irq_time(1);
	assert_true(came());
	assert_int_equal(interrupts(1600, 1000), 2);

	a->bus_ns = LAPIC_BUS_NS_MAX;
	lapic_write(a, APIC_REG_TIMER_DIV, 0xa);	/* by 128 */
	count(~0u);
	assert_int_equal(left(), ~0u);
	lapic_save(a, regs);
	regs[APIC_REG_TIMER_NOW / 4] = 1;
	assert_int_equal(lapic_restore(a, regs), 0);
	irq_time((128ull << 24) - 1);
	assert_false(came());
	irq_time(1);
	assert_true(came());
	assert_int_equal(interrupts(1000, 1000000000), 0);
	assert_true(cpu->armed);
	assert_in_range(left(), ~0u - 500, ~0u - 400);
}

/* No timer is touched where none runs. */
static void quiet(void **state)
{
	lvt(DEADLINE);
	irq_world.cancels = 0;
	lapic_deadline_set(a, 0);
	lapic_deadline_set(a, 1);
	lvt(ONE_SHOT);
	count(0);
	lapic_timer_stop(a);
	assert_int_equal(irq_world.cancels, 0);
	count(10);
	irq_time(10);
	count(10);
	assert_int_equal(irq_world.cancels, 0);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(divider), TEST(one_shot), TEST(periodic), TEST(masked),
		TEST(short_period), TEST(missed_periods), TEST(modes_of_a_count),
		TEST(divider_goes_on), TEST(deadline), TEST(deadline_extremes),
		TEST(deadline_and_modes), TEST(deadline_by_guests_clock),
		TEST(tsc_jumps), TEST(due_when_changed), TEST(due_and_periodic),
		TEST(stops), TEST(restored), TEST(bus), TEST(quiet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
