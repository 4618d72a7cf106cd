// SPDX-License-Identifier: GPL-2.0-only
/* x86/vcpu/tsc_ratio.h against the model, with ratios and counters up to the last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/model/tsc.h"
#include "tests/unit/rnd.h"
#include "x86/vcpu/tsc_ratio.h"

#define ROUNDS	100000

static const struct {
	u8 bits;
	u64 max;
} vendors[] = {
	{ 48, ~0ull },			/* SDM vol. 3, 25.6.5 */
	{ 32, 0xffffffffffull },	/* APM vol. 2, 15.30.5 */
};

static const u64 edges[] = {
	0, 1, 2, 3, 0xffffffff, 1ull << 32, (1ull << 32) + 1, (1ull << 40) - 1, 1ull << 47,
	(1ull << 48) - 1, 1ull << 48, (1ull << 48) + 1, 1ull << 49, 1ull << 63, ~0ull - 1, ~0ull,
};

static u64 number(void)
{
	return rnd() % 8 ? rnd() >> rnd() % 64 : edges[rnd() % ARRAY_SIZE(edges)];
}

static u64 ratio_within(u64 max)
{
	u64 r = number();

	return r <= max ? r ?: 1 : 1 + r % max;
}

/* By hand, with either vendor's number of digits. */
static void known(void **unused)
{
	assert_int_equal(tsc_scale(1000, 1ull << 48, 48), 1000);
	assert_int_equal(tsc_scale(1000, 5ull << 46, 48), 1250);
	assert_int_equal(tsc_scale(1001, 1ull << 31, 32), 500);
	/* The product has 128 bits. */
	assert_int_equal(tsc_scale(1ull << 62, 3ull << 48, 48), 3ull << 62);
	assert_int_equal(tsc_ratio(1500000, 1000000, 48, ~0ull), 3ull << 47);
	assert_int_equal(tsc_ratio(255 * 1000, 1000, 32, (1ull << 40) - 1), 255ull << 32);
	assert_int_equal(tsc_ratio(256 * 1000, 1000, 32, (1ull << 40) - 1), 0);
	/* 2^16 is the first that 48 bits of fraction leave no room for. */
	assert_int_equal(tsc_ratio(65535, 1, 48, ~0ull), 65535ull << 48);
	assert_int_equal(tsc_ratio(65536, 1, 48, ~0ull), 0);
	assert_int_equal(tsc_ratio(1, ~0u, 48, ~0ull), 65536);
	assert_int_equal(tsc_ratio(3, 2, 48, 3ull << 47), 3ull << 47);
	assert_int_equal(tsc_ratio(3, 2, 48, (3ull << 47) - 1), 0);
	/* 500 clocks ago is 750 at another rate, and so is what is to come. */
	assert_int_equal(tsc_offset_at(-500ull, 1000, 1500), -750ull);
	assert_int_equal(tsc_offset_at(500, 1000, 1500), 750);
	assert_int_equal(tsc_nest_ratio(1ull << 47, 3ull << 48, 48), 3ull << 47);
	assert_int_equal(tsc_nest_ratio(1, 1, 48), 1);
	assert_int_equal(tsc_nest_offset(-1000ull, 77, 1ull << 47, 48), -500ull);
	assert_int_equal(tsc_nest_offset(1000, 1077, 1ull << 47, 48), 500);
	assert_int_equal(tsc_nest_offset(1ull << 63, (1ull << 63) + 77, 1ull << 47, 48),
			 1ull << 62);
}

static void scale(void **unused)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		u8 bits = vendors[i % 2].bits;
		u64 ratio = ratio_within(vendors[i % 2].max), host = number();

		assert_int_equal(tsc_scale(host, ratio, bits),
				 tsc_model_scale(host, ratio, bits, NULL));
	}
}

/* Does the counter show @guest, or more, after so many clocks of the host's? */
static bool reached(u64 guest, u64 host, u64 ratio, u8 bits)
{
	bool over;
	u64 tsc = tsc_model_scale(host, ratio, bits, &over);

	return over || tsc >= guest;
}

static void unscale(void **unused)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		u8 bits = vendors[i % 2].bits;
		u64 ratio = ratio_within(vendors[i % 2].max), guest = number();
		u64 host = tsc_unscale(guest, ratio, bits);

		if (host != ~0ull)
			assert_true(reached(guest, host, ratio, bits));
		if (host)
			assert_false(reached(guest, host - 1, ratio, bits));
	}
}

static void ratio(void **unused)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		u8 bits = vendors[i % 2].bits;
		u64 max = vendors[i % 2].max, want;
		u32 khz = (u32)number() ?: 1, host = (u32)number() ?: 1;
		bool over;

		want = tsc_model_mul_div(khz, 1ull << bits, host, &over);
		if (over || want > max)
			want = 0;
		assert_int_equal(tsc_ratio(khz, host, bits, max), want);
	}
}

static void offset(void **unused)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		u32 from = (u32)number() ?: 1, to = (u32)number() ?: 1;
		u64 off = number(), want;
		bool past = off >> 63, over;

		want = tsc_model_mul_div(past ? -off : off, to, from, &over);
		if (over)
			want = ~0ull;
		assert_int_equal(tsc_offset_at(off, from, to), past ? -want : want);
	}
}

/*
 * One step instead of two: roundings are those of the first step, magnified, and the
 * ratio's own.
 */
static void nested(void **unused)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		u64 host = rnd() >> (8 + rnd() % 30);
		u64 r1 = (1ull << 44) + (rnd() & ((1ull << 50) - 1));
		u64 r2 = (1ull << 44) + (rnd() & ((1ull << 50) - 1));
		u64 l1 = tsc_model_scale(host, r1, 48, NULL), off = rnd();
		u64 want, got, slack;

		/* Ahead of the host's, or behind; but not about to begin anew. */
		if (off + l1 < off || rnd() % 2)
			off = -(off % (l1 + 1));
		want = tsc_model_scale(l1 + off, r2, 48, NULL);
		got = tsc_model_scale(host, tsc_nest_ratio(r1, r2, 48), 48, NULL) +
		      tsc_nest_offset(off, l1 + off, r2, 48);
		slack = (host >> 48) + (r2 >> 48) + 3;
		assert_true(got - want <= slack || want - got <= slack);
	}
	for (i = 0; i < ROUNDS; i++)
		assert_true(tsc_nest_ratio(ratio_within(~0ull), ratio_within(~0ull), 48));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known),
		cmocka_unit_test(scale),
		cmocka_unit_test(unscale),
		cmocka_unit_test(ratio),
		cmocka_unit_test(offset),
		cmocka_unit_test(nested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
