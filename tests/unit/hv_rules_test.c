// SPDX-License-Identifier: GPL-2.0-only
/*
 * x86/hyperv/rules.c against the TLFS: tables of who needs which bit, bit fields, exact
 * arithmetic, and sets counted one by one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rnd.h"
#include "x86/hyperv/rules.h"

/* ---- rights: TLFS 2.4.4 and 2.4.5, appendices A and F ---- */

enum reg { A, B, D, ADVICE, REGS };

static u32 *reg_of(struct hv_rights *r, enum reg reg)
{
	u32 *regs[REGS] = { &r->a, &r->b, &r->d, &r->advice };

	return regs[reg];
}

static const struct {
	u32 first, last;
	enum reg reg;
	u8 bit;
} msrs[] = {
	{ 0x40000000, 0x40000001, A, 5 }, { 0x40000002, 0x40000002, A, 6 },
	{ 0x40000003, 0x40000003, A, 7 }, { 0x40000010, 0x40000010, A, 0 },
	{ 0x40000020, 0x40000020, A, 1 }, { 0x40000021, 0x40000021, A, 9 },
	{ 0x40000022, 0x40000023, A, 11 }, { 0x40000070, 0x40000073, A, 4 },
	{ 0x40000080, 0x40000084, A, 2 }, { 0x40000090, 0x4000009f, A, 2 },
	{ 0x400000b0, 0x400000b7, A, 3 }, { 0x400000f1, 0x400000f5, D, 11 },
	{ 0x400000ff, 0x400000ff, D, 11 }, { 0x40000100, 0x40000105, D, 10 },
	{ 0x40000106, 0x40000108, A, 13 },
};

#define MSR_ROWS (sizeof(msrs) / sizeof(msrs[0]))

/* The debugger's. */
static bool debugs(u32 row)
{
	return row < MSR_ROWS && msrs[row].reg == D && msrs[row].bit == 11;
}

static u32 msr_row(u32 msr)
{
	u32 row;

	for (row = 0; row < MSR_ROWS; row++)
		if (msr >= msrs[row].first && msr <= msrs[row].last)
			break;
	return row;
}

static void msr_one(u32 msr, u32 row, enum reg reg, unsigned int bit)
{
	struct hv_rights r = { .enforced = true, .debug = 2 };

	*reg_of(&r, reg) = 1u << bit;
	assert_int_equal(hv_may_access(&r, msr), row < MSR_ROWS &&
			 reg == msrs[row].reg && bit == msrs[row].bit);
	r.debug = ~2u;
	if (debugs(row))
		assert_false(hv_may_access(&r, msr));
}

static void msr_rights(void **unused)
{
	const struct hv_rights open = { };
	u32 msr, bit, row;

	for (msr = 0x40000000; msr < 0x40000200; msr++) {
		row = msr_row(msr);
		for (bit = 0; bit < 32; bit++) {
			msr_one(msr, row, A, bit);
			msr_one(msr, row, D, bit);
		}
		assert_int_equal(hv_may_access(&open, msr), !debugs(row));
	}
}

static const struct {
	u16 code;
	enum reg reg;
	u32 bits;
} calls[] = {
	{ 0x02, ADVICE, 1 << 2 }, { 0x03, ADVICE, 1 << 2 },
	{ 0x0b, ADVICE, 1 << 10 },
	{ 0x13, ADVICE, 1 << 2 | 1 << 11 }, { 0x14, ADVICE, 1 << 2 | 1 << 11 },
	{ 0x15, ADVICE, 1 << 10 | 1 << 11 },
	{ 0x5c, B, 1 << 4 }, { 0x5d, B, 1 << 5 },
	{ 0x69, B, 1 << 11 }, { 0x6a, B, 1 << 11 }, { 0x6b, B, 1 << 11 },
	{ 0x8001, B, 1 << 20 }, { 0x8041, B, 1 << 20 },
};

/* All bits but one of those it needs. */
static void call_lacks(unsigned int i)
{
	struct hv_rights r;
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		if (!(calls[i].bits >> bit & 1))
			continue;
		memset(&r, 0xff, sizeof(r));
		r.enforced = true;
		*reg_of(&r, calls[i].reg) &= ~(1u << bit);
		assert_false(hv_may_call(&r, calls[i].code));
	}
}

static void call_rights(void **unused)
{
	struct hv_rights r;
	unsigned int i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		call_lacks(i);
		/* Exactly those. */
		r = (struct hv_rights){ .enforced = true, .debug = 2 };
		*reg_of(&r, calls[i].reg) = calls[i].bits;
		assert_true(hv_may_call(&r, calls[i].code));
		r = (struct hv_rights){ };
		assert_true(hv_may_call(&r, calls[i].code));
	}
	r = (struct hv_rights){ .enforced = true };
	assert_false(hv_may_call(&r, 0x08));
	r.spins = 0xfff;
	assert_true(hv_may_call(&r, 0x08));
	r.spins = ~0u;
	assert_false(hv_may_call(&r, 0x08));
	/* Nobody knows them, so nobody denies them. */
	assert_true(hv_may_call(&r, 0x6b));
	assert_true(hv_may_call(&r, 0xbeef));
	assert_true(hv_may_call(&r, 0x8000));
	assert_true(hv_may_call(&r, 0x8042));
}

static void other_rights(void **unused)
{
	struct hv_rights r = { .enforced = true, .d = 1 << 4 };

	assert_true(hv_may_use_xmm(&r));
	assert_false(hv_may_time_directly(&r));
	r.d = 1 << 19;
	assert_false(hv_may_use_xmm(&r));
	assert_true(hv_may_time_directly(&r));
	assert_false(hv_may_flush_directly(&r));
	r.nested = 1 << 17;
	assert_true(hv_may_flush_directly(&r));
	r = (struct hv_rights){ };
	assert_true(hv_may_use_xmm(&r));
	assert_true(hv_may_time_directly(&r));
	assert_true(hv_may_flush_directly(&r));
	assert_false(hv_may_debug(&r));
}

/* ---- hypercalls: TLFS 3.8 ---- */

union control {
	u64 value;
	struct {
		u64 code : 16, fast : 1, var : 10, rsvd0 : 5;
		u64 reps : 12, rsvd1 : 4, start : 12, rsvd2 : 4;
	};
};

static void control(void **unused)
{
	struct hv_control c;
	union control u;
	int i;

	for (i = 0; i < 100000; i++) {
		u.value = rnd();
		if (i & 1)
			u.rsvd0 = u.rsvd1 = u.rsvd2 = 0;
		if (i & 2)
			u.reps = u.start = u.var = 0;
		c = hv_control_parse(u.value);
		assert_int_equal(c.code, u.code);
		assert_int_equal(c.fast, u.fast);
		assert_int_equal(c.var, u.var);
		assert_int_equal(c.reps, u.reps);
		assert_int_equal(c.start, u.start);
		assert_int_equal(c.reserved, u.rsvd0 || u.rsvd1 || u.rsvd2);
		assert_int_equal(hv_control_fits(&c, false, false),
				 !c.reserved && !u.var && !u.reps && !u.start);
		assert_int_equal(hv_control_fits(&c, false, true),
				 !c.reserved && !u.reps && !u.start);
		assert_int_equal(hv_control_fits(&c, true, true),
				 !c.reserved && u.start < u.reps);
		assert_int_equal(hv_control_fits(&c, true, false),
				 !c.reserved && !u.var && u.start < u.reps);
	}
}

static bool member[HV_BANKS * 64];

/* Some banks of members, and the set that has them. */
static void set_pick(struct hv_set *s)
{
	u32 i, bank, n = 0;

	*s = (struct hv_set){ .valid = rnd() & rnd() };
	memset(member, 0, sizeof(member));
	for (bank = 0; bank < HV_BANKS; bank++) {
		if (!(s->valid >> bank & 1))
			continue;
		s->bank[n] = rnd();
		for (i = 0; i < 64; i++)
			member[bank * 64 + i] = s->bank[n] >> i & 1;
		n++;
	}
}

static void sets(void **unused)
{
	struct hv_set s;
	int round;
	u32 i;

	for (round = 0; round < 200; round++) {
		set_pick(&s);
		for (i = 0; i < HV_BANKS * 64; i++)
			assert_int_equal(hv_set_has(&s, i), member[i]);
		assert_false(hv_set_has(&s, HV_BANKS * 64));
		assert_false(hv_set_has(&s, ~0u));
		s.all = true;
		assert_true(hv_set_has(&s, ~0u));
	}
}

/* ---- time: TLFS 12.7 ---- */

typedef unsigned __int128 u128;

/* What the counter says at @tsc, exactly but for the last digit, if @ns is right at @ref. */
static void clock_is(u32 khz, s64 ref, u64 ns, u64 tsc)
{
	struct hv_clock c = hv_clock_of(khz, ref, ns);
	u64 ticks = tsc - (u64)ref;
	u64 want = ns / 100 + (u64)((u128)ticks * 10000 / khz);
	s64 off = hv_clock_read(&c, tsc) - want;

	/* Two roundings, and the scale's own, of 2^-64 for each tick. */
	if (off < -2 || off > 2)
		fail_msg("%u kHz, %lld, %llu ns at %llu: %lld off", khz, (long long)ref,
			 (unsigned long long)ns, (unsigned long long)tsc, (long long)off);
	assert_int_equal(c.scale, (u64)(((u128)10000 << 64) / khz));
}

static void clocks(void **unused)
{
	static const u32 rates[] = { 10001, 1000000, 2099999, 3500000, 4294967295u };
	unsigned int i, j;

	for (i = 0; i < 5; i++)
		for (j = 0; j < 20000; j++) {
			u64 tsc = rnd() >> (2 + rnd() % 40);
			u64 ref = tsc - (rnd() % (tsc + 1));

			clock_is(rates[i], ref, rnd() >> 8, tsc);
			/* The VM is older than its counter. */
			clock_is(rates[i], -(s64)(rnd() >> 8), rnd() >> 8, tsc);
		}
}

static void periods(void **unused)
{
	u64 last, period, now, want;
	int i;

	for (i = 0; i < 20000; i++) {
		last = rnd() % 1000;
		period = 1 + rnd() % 50;
		now = rnd() % 2000;
		for (want = last; want <= now; want += period)
			;
		assert_int_equal(hv_next_period(last, period, now), now < last ? last : want);
	}
	assert_int_equal(hv_next_period(5, ~0ull, 10), ~0ull);
	assert_int_equal(hv_next_period(~0ull - 5, 1000, ~0ull - 3), ~0ull);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(msr_rights),
		cmocka_unit_test(call_rights),
		cmocka_unit_test(other_rights),
		cmocka_unit_test(control),
		cmocka_unit_test(sets),
		cmocka_unit_test(clocks),
		cmocka_unit_test(periods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
