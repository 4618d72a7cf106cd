// SPDX-License-Identifier: GPL-2.0-only
/*
 * The six modes of an 8254 counter (data sheet, "Mode Definitions"), computed from how
 * many ticks have passed since its count was loaded.
 */
#include "irq/pit_counter.h"

#define PIT_DIGITS	4	/* BCD */

static u32 pit_count(const struct pit_counter *c, u16 bits)
{
	u32 count = bits, weight = 1, digit;

	if (c->bcd) {
		count = 0;
		for (digit = 0; digit < PIT_DIGITS; digit++, weight *= 10)
			count += (bits >> 4 * digit & 0xf) * weight;
	}
	return count % pit_counter_span(c) ?: pit_counter_span(c);
}

static u16 pit_bits(const struct pit_counter *c, u32 value)
{
	u32 bits = 0, digit;

	value %= pit_counter_span(c);
	if (!c->bcd)
		return value;
	for (digit = 0; digit < PIT_DIGITS; digit++, value /= 10)
		bits |= value % 10 << 4 * digit;
	return bits;
}

/* Mode 3: OUT is high for one tick more than low if the count is odd. */
static u32 pit_high_half(u32 n)
{
	return (n + 1) / 2;
}

u32 pit_counter_period(const struct pit_counter *c)
{
	return max(c->count, 2u);
}

static void pit_load(struct pit_clock *k, u64 tick)
{
	bool periodic = pit_counter_is_periodic(&k->c);

	k->n = periodic ? pit_counter_period(&k->c) : k->c.count;
	k->start = tick;
	k->null = false;
	k->phase = PIT_COUNTS;
}

/* Modes 2 and 3: has the moment come to load what was written meanwhile? */
static void pit_catch_up(struct pit_clock *k, u64 tick)
{
	bool half;

	if (!pit_counter_is_periodic(&k->c) || k->phase != PIT_COUNTS ||
	    !k->null || tick < k->reload)
		return;
	half = k->reload - k->start < k->n;
	pit_load(k, k->reload);
	if (half)
		k->start -= pit_high_half(k->n);
}

static u64 pit_passed(const struct pit_clock *k, u64 tick)
{
	return k->phase == PIT_PAUSED ? k->start : tick - k->start;
}

static u32 pit_element(const struct pit_clock *k, u64 passed)
{
	u32 span = pit_counter_span(&k->c), in, high;

	switch (pit_counter_mode(&k->c)) {
	case 2:
		return k->n - passed % k->n;
	case 3:
		in = passed % k->n;
		high = pit_high_half(k->n);
		return (k->n & ~1u) - 2 * (in < high ? in : in - high);
	default:
		return k->n + span - passed % span;
	}
}

u16 pit_counter_value(struct pit_clock *k, u64 tick)
{
	pit_catch_up(k, tick);
	if (k->phase == PIT_IDLE)
		return k->held;
	return pit_bits(&k->c, pit_element(k, pit_passed(k, tick)));
}

bool pit_counter_out(struct pit_clock *k, u64 tick)
{
	unsigned int mode = pit_counter_mode(&k->c);
	u64 passed;

	pit_catch_up(k, tick);
	if (k->phase == PIT_IDLE)
		return mode != 0;
	passed = pit_passed(k, tick);
	switch (mode) {
	case 2:
		return passed % k->n != k->n - 1;
	case 3:
		return passed % k->n < pit_high_half(k->n);
	case 4:
	case 5:	/* the strobe */
		return passed != k->n || k->phase == PIT_PAUSED;
	default:
		return passed >= k->n;
	}
}

void pit_counter_stop(struct pit_clock *k, u64 tick)
{
	k->held = pit_counter_value(k, tick);
	k->phase = PIT_IDLE;
}

/* A count for a periodic counter that runs: when will it be loaded? */
static void pit_reload_at(struct pit_clock *k, u64 tick)
{
	u64 in = (tick - k->start) % k->n;
	u32 high = pit_high_half(k->n);

	k->start = tick - in;
	k->reload = k->start + k->n;
	if (pit_counter_mode(&k->c) == 3 && in < high)
		k->reload = k->start + high;
}

void pit_counter_run(struct pit_clock *k, u64 tick)
{
	k->null = true;
	switch (pit_counter_mode(&k->c)) {
	case 1:
	case 5:	/* for a trigger */
		break;
	case 2:
	case 3:
		if (k->phase == PIT_IDLE && k->c.gate)
			pit_load(k, tick);
		else if (k->phase == PIT_COUNTS)
			pit_reload_at(k, tick);
		break;
	default:
		pit_load(k, tick);
		if (!k->c.gate) {
			k->start = 0;
			k->phase = PIT_PAUSED;
		}
	}
}

void pit_counter_start(struct pit_clock *k, u16 bits, u64 tick)
{
	pit_catch_up(k, tick);
	k->c.count = pit_count(&k->c, bits);
	pit_counter_run(k, tick);
}

static void pit_gate_falls(struct pit_clock *k, u64 tick)
{
	switch (pit_counter_mode(&k->c)) {
	case 1:
	case 5:
		break;
	case 2:
	case 3:
		pit_counter_stop(k, tick);
		break;
	default:
		if (k->phase != PIT_COUNTS)
			break;
		k->start = tick - k->start;
		k->phase = PIT_PAUSED;
	}
}

static void pit_gate_rises(struct pit_clock *k, u64 tick)
{
	switch (pit_counter_mode(&k->c)) {
	case 0:
	case 4:
		if (k->phase != PIT_PAUSED)
			break;
		k->start = tick - k->start;
		k->phase = PIT_COUNTS;
		break;
	default:
		if (k->c.count)
			pit_load(k, tick);
	}
}

void pit_counter_gate(struct pit_clock *k, bool high, u64 tick)
{
	if (high == k->c.gate)
		return;
	pit_catch_up(k, tick);
	k->c.gate = high;
	if (high)
		pit_gate_rises(k, tick);
	else
		pit_gate_falls(k, tick);
}

static u64 pit_rise_once(const struct pit_clock *k, u64 tick, u32 after)
{
	return tick - k->start < after ? k->start + after : 0;
}

static u64 pit_rise_again(const struct pit_clock *k, u64 tick)
{
	if (!k->null)
		return k->start + ((tick - k->start) / k->n + 1) * k->n;
	/* a half that is low comes first */
	if (k->reload - k->start < k->n)
		return k->reload + pit_counter_period(&k->c) / 2;
	return k->reload;
}

u64 pit_counter_rise(struct pit_clock *k, u64 tick)
{
	pit_catch_up(k, tick);
	if (k->phase != PIT_COUNTS)
		return 0;
	switch (pit_counter_mode(&k->c)) {
	case 2:
	case 3:
		return pit_rise_again(k, tick);
	case 4:
	case 5:	/* the strobe's end */
		return pit_rise_once(k, tick, k->n + 1);
	default:
		return pit_rise_once(k, tick, k->n);
	}
}
