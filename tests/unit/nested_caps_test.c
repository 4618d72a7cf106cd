// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmx/nested_caps.c: the values of appendix A (SDM vol. 3), and that userspace can take each
 * capability away and add none.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vmx/nested_caps.h"

/* Without what must be one. */
static const struct nested_host host = {
	.pin = 0x29, .cpu = 0xf3f99e8c, .cpu2 = 0x000010ee,
	.exit = 0x3c8204, .entry = 0xc204,
	.ept_vpid = 0x00000f0106734141ull, .misc = 0x60040160ull | 1 << 30,
	.basic = 1ull << 54, .cr0_fixed1 = 0xffffffff, .cr4_fixed1 = 0x3727ff, .vmfunc = 1,
};

static struct nested_caps caps;

static uint64_t get(uint32_t index)
{
	return nested_caps_read(&caps, index);
}

static int put(uint32_t index, uint64_t value)
{
	return nested_caps_write(&caps, &host, index, value);
}

static void reset(void)
{
	memset(&caps, 0xff, sizeof(caps));
	nested_caps_init(&caps, &host);
}

static int bit(uint64_t value, int n)
{
	return value >> n & 1;
}

/* Bits that are reserved to 1, as A.3 to A.5 name them; -1 ends. */
struct word {
	uint32_t plain, exact, may;
	int always[20];		/* in both MSRs */
	int plain_only[3];	/* may be 0 where there are "true" MSRs */
};

static const struct word words[] = {
	{ 0x481, 0x48d, 0x29, { 1, 2, 4, -1 }, { -1 } },
	{ 0x482, 0x48e, 0xf3f99e8c, { 1, 4, 5, 6, 8, 13, 14, 26, -1 }, { 15, 16, -1 } },
	{ 0x483, 0x48f, 0x3c8204,
	  { 0, 1, 3, 4, 5, 6, 7, 8, 10, 11, 13, 14, 16, 17, -1 }, { 2, -1 } },
	{ 0x484, 0x490, 0xc204, { 0, 1, 3, 4, 5, 6, 7, 8, 12, -1 }, { 2, -1 } },
};

static uint32_t mask(const int *bits)
{
	uint32_t m = 0;

	for (; *bits >= 0; bits++)
		m |= 1u << *bits;
	return m;
}

static uint64_t allowed(uint32_t must, uint32_t may)
{
	return (uint64_t)(may | must) << 32 | must;
}

static void values(void **state)
{
	struct nested_host h = host;
	unsigned int i;

	reset();
	for (i = 0; i < 4; i++) {
		const struct word *w = &words[i];
		uint32_t always = mask(w->always), plain = always | mask(w->plain_only);

		assert_true(get(w->exact) == (allowed(always, w->may | plain)));
		assert_true(get(w->plain) == (allowed(plain, w->may)));
	}
	/* Revision; 4,096 bytes; write-back; INS and OUTS; "true" MSRs. */
	assert_int_equal(get(0x480) & 0xffffffff, 0x11e57ed0);
	assert_int_equal(get(0x480) >> 32 & 0x1fff, 4096);
	assert_int_equal(bit(get(0x480), 48), 0);
	assert_int_equal(bit(get(0x480), 49), 0);
	assert_int_equal(get(0x480) >> 50 & 15, 6);
	assert_int_equal(get(0x480) >> 54, 3);
	/* What INS and OUTS tell is the hardware's. */
	h.basic = 0;
	nested_caps_init(&caps, &h);
	assert_int_equal(get(0x480) >> 54, 2);
	reset();
	assert_true(get(0x485) == host.misc);
	/* PE, NE and PG; VMXE. */
	assert_true(get(0x486) == (1u << 0 | 1u << 5 | 1u << 31));
	assert_true(get(0x487) == host.cr0_fixed1);
	assert_true(get(0x488) == 1u << 13);
	assert_true(get(0x489) == host.cr4_fixed1);
	/* The highest index is that of the TSC multiplier, 0x2032. */
	assert_int_equal(get(0x48a), 0x32);
	assert_true(get(0x48b) == (uint64_t)host.cpu2 << 32);
	assert_true(get(0x48c) == host.ept_vpid);
	assert_true(get(0x491) == host.vmfunc);
}

/* @can: bits that may become 0 when they are 1; all others stay. */
static void only_taken(uint32_t index, uint64_t can)
{
	uint64_t value;
	int i;

	for (i = 0; i < 64; i++) {
		reset();
		value = get(index);
		if (bit(value, i) && bit(can, i)) {
			assert_int_equal(put(index, value ^ 1ull << i), 0);
			assert_true(get(index) == (value ^ 1ull << i));
			/* And back. */
			assert_int_equal(put(index, value), 0);
		} else {
			assert_int_equal(put(index, value ^ 1ull << i), -EINVAL);
		}
		assert_true(get(index) == value);
	}
}

/* Lower half: only more ones; upper half: only fewer. */
static void control(uint32_t index, uint32_t plain)
{
	struct nested_caps before;
	uint64_t value;
	int i, ok;

	for (i = 0; i < 64; i++) {
		reset();
		before = caps;
		value = get(index) ^ 1ull << i;
		ok = i < 32 ? bit(value, i) : !bit(value, i);
		assert_int_equal(put(index, value), ok ? 0 : -EINVAL);
		if (!ok) {
			assert_memory_equal(&caps, &before, sizeof(caps));
			continue;
		}
		assert_true(get(index) == value);
		if (plain) {
			value = before.msr[plain - 0x480];
			assert_true(get(plain) == (i < 32 ? value | 1ull << i :
							    value ^ 1ull << i));
		}
		assert_int_equal(put(index, before.msr[index - 0x480]), 0);
		assert_memory_equal(&caps, &before, sizeof(caps));
	}
}

/* What follows from another, or from CPUID. */
static void fixed(uint32_t index)
{
	int i;

	reset();
	assert_int_equal(put(index, get(index)), 0);
	for (i = 0; i < 64; i++)
		assert_int_equal(put(index, get(index) ^ 1ull << i), -EINVAL);
}

/* More of it must be one. */
static void must(uint32_t index)
{
	uint64_t value;
	int i;

	for (i = 0; i < 64; i++) {
		reset();
		value = get(index);
		assert_int_equal(put(index, value ^ 1ull << i), bit(value, i) ? -EINVAL : 0);
	}
}

static void writes(void **state)
{
	unsigned int i;

	only_taken(0x480, 1ull << 49 | 1ull << 54 | 1ull << 55);
	for (i = 0; i < 4; i++) {
		control(words[i].exact, words[i].plain);
		fixed(words[i].plain);
	}
	control(0x48b, 0);
	must(0x486);
	must(0x488);
	fixed(0x487);
	fixed(0x489);
	only_taken(0x48c, ~0ull);
	only_taken(0x491, ~0ull);
	/* Software is told a number, no more. */
	reset();
	assert_int_equal(put(0x48a, 0), 0);
	assert_int_equal(put(0x48a, ~0ull), 0);
	assert_true(get(0x48a) == ~0ull);
}

/* IA32_VMX_MISC: A.6; flags, and two numbers of which less is less. */
static void misc(void **state)
{
	struct nested_host h = host;
	uint64_t value;
	int i, j;

	/* Four CR3 targets, lists of 3 * 512. */
	h.misc = 0x7000c1e5ull | 4 << 16 | 2 << 25;
	for (i = 0; i < 64; i++) {
		bool flag = i == 5 || i == 6 || i == 7 || i == 8 || i == 14 || i == 15 ||
			    i == 28 || i == 29 || i == 30;

		if ((i >= 16 && i <= 24) || (i >= 25 && i <= 27))
			continue;
		nested_caps_init(&caps, &h);
		value = h.misc ^ 1ull << i;
		assert_int_equal(nested_caps_write(&caps, &h, 0x485, value),
				 flag && !bit(value, i) ? 0 : -EINVAL);
	}
	for (i = 0; i < 512; i++)
		for (j = 0; j < 8; j++) {
			value = (h.misc & ~0xfff0000ull) | i << 16 | j << 25;
			assert_int_equal(nested_caps_write(&caps, &h, 0x485, value),
					 i <= 4 && j <= 2 ? 0 : -EINVAL);
		}
}

static void check(void **state)
{
	unsigned int i, b;

	reset();
	for (i = 0; i < 4; i++) {
		uint32_t must = get(words[i].exact), may = get(words[i].exact) >> 32;

		assert_true(nested_caps_ok(&caps, words[i].exact, must));
		assert_true(nested_caps_ok(&caps, words[i].exact, may));
		for (b = 0; b < 32; b++) {
			assert_int_equal(nested_caps_ok(&caps, words[i].exact, must | 1u << b),
					 bit(may, b));
			assert_int_equal(nested_caps_ok(&caps, words[i].exact, may & ~(1u << b)),
					 !bit(must, b));
		}
	}
	assert_true(nested_caps_ok(&caps, 0x48b, 0));
	assert_true(nested_caps_ok(&caps, 0x48b, host.cpu2));
	assert_false(nested_caps_ok(&caps, 0x48b, 1));
	/* Without the "true" MSRs: A.2. */
	assert_int_equal(put(0x480, get(0x480) & ~(1ull << 55)), 0);
	for (i = 0; i < 4; i++) {
		assert_true(nested_caps_ok(&caps, words[i].exact, get(words[i].plain)));
		assert_int_equal(nested_caps_ok(&caps, words[i].exact, get(words[i].exact)),
				 words[i].plain_only[0] < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(writes),
		cmocka_unit_test(misc),
		cmocka_unit_test(check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
