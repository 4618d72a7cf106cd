// SPDX-License-Identifier: GPL-2.0-only
/*
 * svm/nested_check.c against the manual's lists as tests/model/vmrun.c has them: blocks
 * that are right but for one rule, and random ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "svm/nested_check.h"
#include "tests/model/vmrun.h"

/* Which number of ours is which of the model's. */
static const int rule_of[WRONG_COUNT] = {
	[WRONG_SVME] = NESTED_SVME, [WRONG_NW] = NESTED_CR0_NW,
	[WRONG_CR0] = NESTED_CR0_HIGH, [WRONG_CR3] = NESTED_CR3_MBZ,
	[WRONG_CR4] = NESTED_CR4_MBZ, [WRONG_DR6] = NESTED_DR6_HIGH,
	[WRONG_DR7] = NESTED_DR7_HIGH, [WRONG_EFER] = NESTED_EFER_MBZ,
	[WRONG_NO_LONG] = NESTED_NO_LONG_MODE, [WRONG_PAE] = NESTED_LONG_NO_PAE,
	[WRONG_PE] = NESTED_LONG_NO_PE, [WRONG_CS] = NESTED_LONG_CS,
	[WRONG_VMRUN] = NESTED_VMRUN_INTERCEPT, [WRONG_IOPM] = NESTED_IOPM,
	[WRONG_MSRPM] = NESTED_MSRPM, [WRONG_EVENT_TYPE] = NESTED_EVENT_TYPE,
	[WRONG_EVENT_VECTOR] = NESTED_EVENT_VECTOR,
	[WRONG_EVENT_BOUND] = NESTED_EVENT_VECTOR, [WRONG_ASID] = NESTED_ASID,
	[WRONG_NO_NP] = NESTED_NO_NPT, [WRONG_NP_HOST] = NESTED_NPT_PAGING,
	[WRONG_NCR3] = NESTED_NPT_CR3, [WRONG_PAT] = NESTED_NPT_PAT,
};

static uint8_t vmcb[VMRUN_BYTES];
static struct vmrun_cpu cpu;

static void put(int at, int bytes, uint64_t value)
{
	memcpy(vmcb + at, &value, bytes);
}

static uint64_t get(int at, int bytes)
{
	return vmrun_field(vmcb, at, bytes);
}

static enum nested_rule checked(bool control_only)
{
	const struct nested_limits lim = {
		.cr4 = cpu.cr4, .efer = cpu.efer, .maxphyaddr = cpu.phys_bits,
		.long_mode = cpu.has_long, .npt = cpu.has_np, .paging = cpu.host_pg,
	};
	const struct nested_vmrun r = {
		.cr0 = get(AT_CR0, 8), .cr3 = get(AT_CR3, 8), .cr4 = get(AT_CR4, 8),
		.efer = get(AT_EFER, 8), .dr6 = get(AT_DR6, 8), .dr7 = get(AT_DR7, 8),
		.g_pat = get(AT_PAT, 8), .iopm = get(AT_IOPM, 8),
		.msrpm = get(AT_MSRPM, 8), .nested_ctl = get(AT_NP, 8),
		.nested_cr3 = get(AT_NCR3, 8), .asid = get(AT_ASID, 4),
		.event_inj = get(AT_EVENTINJ, 4), .cs_attr = get(AT_CS_ATTR, 2),
		.vmrun = get(AT_INTERCEPT4, 4) & 1,
	};

	return control_only ? nested_check_control(&r, &lim) : nested_check(&r, &lim);
}

/* A 64-bit guest on nested paging, with nothing wrong. */
static void good(void)
{
	cpu = (struct vmrun_cpu){
		.phys_bits = 40, .cr4 = 0x3006ff, .efer = 0x5d01,
		.has_long = true, .has_np = true, .host_pg = true,
	};
	memset(vmcb, 0, sizeof(vmcb));
	put(AT_INTERCEPT4, 4, 1);
	put(AT_IOPM, 8, 0x10000);
	put(AT_MSRPM, 8, 0x20000);
	put(AT_ASID, 4, 1);
	put(AT_NP, 8, 1);
	put(AT_NCR3, 8, 0x30000);
	put(AT_PAT, 8, 0x0007040600070406ull);
	put(AT_CS_ATTR, 2, 0xa9b);
	put(AT_EFER, 8, 0x1d01);
	put(AT_CR4, 8, 0x6a0);
	put(AT_CR3, 8, 0x40000);
	put(AT_CR0, 8, 0x80050033);
	put(AT_DR6, 8, 0xffff0ff0);
	put(AT_DR7, 8, 0x400);
}

/* @wrong, and perhaps rules that cannot be kept with it. */
static void expect(int wrong, const char *what)
{
	uint32_t wrongs = vmrun_wrongs(vmcb, &cpu);

	if (!(wrongs >> wrong & 1))
		fail_msg("the model finds nothing wrong: %s", what);
	if (wrongs == 1u << wrong)
		assert_int_equal(checked(false), rule_of[wrong]);
	else
		assert_int_not_equal(checked(false), NESTED_OK);
}

#define BREAK(wrong, change) do { good(); change; expect(wrong, #change); } while (0)

static void one_rule(void **state)
{
	int i;

	good();
	assert_int_equal(checked(false), NESTED_OK);
	assert_int_equal(vmrun_wrongs(vmcb, &cpu), 0);
	BREAK(WRONG_SVME, put(AT_EFER, 8, 0xd01));
	BREAK(WRONG_NW, put(AT_CR0, 8, 0xa0050033));
	BREAK(WRONG_CR3, put(AT_CR3, 8, 1ull << 40));
	BREAK(WRONG_NO_LONG, cpu.has_long = false);
	BREAK(WRONG_PAE, put(AT_CR4, 8, 0x680));
	BREAK(WRONG_PE, put(AT_CR0, 8, 0x80050032));
	BREAK(WRONG_CS, put(AT_CS_ATTR, 2, 0xe9b));
	BREAK(WRONG_VMRUN, put(AT_INTERCEPT4, 4, 0xfffffffe));
	BREAK(WRONG_IOPM, put(AT_IOPM, 8, (1ull << 40) - 0x2000));
	BREAK(WRONG_IOPM, put(AT_IOPM, 8, ~0ull));
	BREAK(WRONG_MSRPM, put(AT_MSRPM, 8, ~0ull));
	BREAK(WRONG_MSRPM, put(AT_MSRPM, 8, (1ull << 40) - 0x1000));
	BREAK(WRONG_ASID, put(AT_ASID, 4, 0));
	BREAK(WRONG_NO_NP, cpu.has_np = false);
	BREAK(WRONG_NP_HOST, cpu.host_pg = false);
	BREAK(WRONG_NCR3, put(AT_NCR3, 8, 1ull << 40));
	BREAK(WRONG_EVENT_VECTOR, put(AT_EVENTINJ, 4, 0x80000302));
	BREAK(WRONG_EVENT_VECTOR, put(AT_EVENTINJ, 4, 0x80000320));
	BREAK(WRONG_EVENT_BOUND, put(AT_EVENTINJ, 4, 0x80000305));
	for (i = 32; i < 64; i++) {
		BREAK(WRONG_CR0, put(AT_CR0, 8, 0x80050033 | 1ull << i));
		BREAK(WRONG_CR4, put(AT_CR4, 8, 0x6a0 | 1ull << i));
		BREAK(WRONG_DR6, put(AT_DR6, 8, 1ull << i));
		BREAK(WRONG_DR7, put(AT_DR7, 8, 1ull << i));
		BREAK(WRONG_EFER, put(AT_EFER, 8, 0x1d01 | 1ull << i));
	}
	for (i = 0; i < 8; i++) {
		BREAK(WRONG_PAT, put(AT_PAT + i, 1, 2));
		BREAK(WRONG_PAT, put(AT_PAT + i, 1, 3));
		BREAK(WRONG_PAT, put(AT_PAT + i, 1, 8));
		if (i != 0 && i != 2 && i != 3 && i != 4)
			BREAK(WRONG_EVENT_TYPE, put(AT_EVENTINJ, 4, 0x80000000 | i << 8));
	}
}

/* What looks wrong and is not. */
static void no_rule(void **state)
{
	good();
	put(AT_IOPM, 8, (1ull << 40) - 0x3000 + 0xfff);
	put(AT_MSRPM, 8, (1ull << 40) - 0x2000 + 0xfff);
	put(AT_CR0, 8, 0xe0050033);
	put(AT_EVENTINJ, 4, 0x305);
	assert_int_equal(checked(false), NESTED_OK);
	/* BOUND exists in compatibility mode. */
	put(AT_CS_ATTR, 2, 0xc9b);
	put(AT_EVENTINJ, 4, 0x80000305);
	assert_int_equal(checked(false), NESTED_OK);
	/* Without nested paging nobody reads the rest of it. */
	put(AT_NP, 8, 0);
	put(AT_NCR3, 8, ~0ull);
	put(AT_PAT, 8, ~0ull);
	cpu.has_np = false;
	assert_int_equal(checked(false), NESTED_OK);
	/* Real mode, and a CR3 of 64 bits that is none there. */
	put(AT_CR0, 8, 0x10);
	put(AT_CR3, 8, ~0ull);
	put(AT_EFER, 8, 0x1000);
	assert_int_equal(checked(false), NESTED_OK);
}

static uint64_t seed = 0x9e3779b97f4a7c15ull;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* A field becomes anything, or has one bit changed. */
static void mutate(int at, int bytes)
{
	uint64_t value = get(at, bytes);

	if (rnd() % 4)
		value ^= 1ull << rnd() % (8 * bytes);
	else
		value = rnd() >> rnd() % 64;
	put(at, bytes, value);
}

static void random_block(void)
{
	static const struct {
		int at, bytes;
	} field[] = {
		{ AT_INTERCEPT4, 4 }, { AT_IOPM, 8 }, { AT_MSRPM, 8 }, { AT_ASID, 4 },
		{ AT_NP, 8 }, { AT_EVENTINJ, 4 }, { AT_NCR3, 8 }, { AT_CS_ATTR, 2 },
		{ AT_EFER, 8 }, { AT_CR4, 8 }, { AT_CR3, 8 }, { AT_CR0, 8 },
		{ AT_DR7, 8 }, { AT_DR6, 8 }, { AT_PAT, 8 },
	};
	unsigned int n = rnd() % 6, f;

	good();
	cpu.phys_bits = 32 + rnd() % 21;
	cpu.has_long = rnd() % 8;
	cpu.has_np = rnd() % 8;
	cpu.host_pg = rnd() % 8;
	cpu.cr4 ^= rnd() % 8 ? 0 : 1ull << rnd() % 24;
	cpu.efer &= rnd() % 8 ? ~0ull : ~0x500ull;
	if (!(rnd() % 16))
		put(AT_EVENTINJ, 4, 0x80000300 | rnd() % 40);
	while (n--) {
		f = rnd() % (sizeof(field) / sizeof(field[0]));
		mutate(field[f].at, field[f].bytes);
	}
}

#define CONTROL_WRONGS \
	(1u << WRONG_VMRUN | 1u << WRONG_ASID | 1u << WRONG_IOPM | 1u << WRONG_MSRPM | \
	 1u << WRONG_EVENT_TYPE | 1u << WRONG_EVENT_VECTOR | 1u << WRONG_NO_NP | \
	 1u << WRONG_NP_HOST | 1u << WRONG_NCR3)

static void same(bool control_only, uint32_t wrongs)
{
	enum nested_rule rule = checked(control_only);
	int w;

	if (!wrongs) {
		assert_int_equal(rule, NESTED_OK);
		return;
	}
	for (w = 0; w < WRONG_COUNT; w++)
		if ((wrongs >> w & 1) && rule_of[w] == (int)rule)
			return;
	fail_msg("rule %d, and wrong is %#x", rule, wrongs);
}

static void random_blocks(void **state)
{
	unsigned int seen[WRONG_COUNT] = { 0 }, right = 0, i, w;
	uint32_t wrongs;

	for (i = 0; i < 1000000; i++) {
		random_block();
		wrongs = vmrun_wrongs(vmcb, &cpu);
		same(false, wrongs);
		same(true, wrongs & CONTROL_WRONGS);
		right += !wrongs;
		for (w = 0; w < WRONG_COUNT; w++)
			seen[w] += wrongs == 1u << w;
	}
	print_message("%u of %u blocks are right\n", right, i);
	assert_true(right > i / 10);
	for (w = 0; w < WRONG_COUNT; w++)
		assert_true(seen[w] > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_rule),
		cmocka_unit_test(no_rule),
		cmocka_unit_test(random_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
