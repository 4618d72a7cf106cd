// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmx/nested_check*.c against the manual's lists as tests/model/vmentry.c has them: blocks
 * that are right, each with each bit of it changed, and random ones.  In each group of checks
 * a block is refused if, and only if, something of the group is wrong, and the rule that is
 * named is one that is broken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/nested_vmx_blocks.h"
#include "vmx/nested_check.h"

/* Blocks that break one rule and no other, by rule; and those that break it at all. */
static unsigned int alone[WRONG_COUNT], ever[WRONG_COUNT];
static unsigned int right, tried;

static struct vmcs12 c;
static struct vmentry_cpu cpu;

/* The model's number of a rule, by its name. */
static int wrong_of(nested_rule_t rule)
{
	static int cache[0x400];
	int w;

	assert_in_range(rule, 1, 0x3ff);
	if (cache[rule])
		return cache[rule] - 1;
	for (w = 0; w < WRONG_COUNT; w++)
		if (!strcmp(vmentry_name(w), nested_rule_name(rule)))
			break;
	if (w == WRONG_COUNT)
		fail_msg("the model has no rule %s", nested_rule_name(rule));
	cache[rule] = w + 1;
	return w;
}

static int count(const struct vmentry_wrongs *wrongs, int from, int to)
{
	int w, n = 0;

	for (w = from; w < to; w++)
		n += wrongs->is[w];
	return n;
}

static void tell(const struct vmentry_wrongs *wrongs, const char *what)
{
	int w;

	for (w = 0; w < WRONG_COUNT; w++)
		if (wrongs->is[w])
			print_message("wrong is %s\n", vmentry_name(w));
	fail_msg("%s", what);
}

/* What a group's checks say, of rules @from to @to. */
static void same(const struct vmentry_wrongs *wrongs, nested_rule_t rule, int from, int to)
{
	int n = count(wrongs, from, to), w;

	if (!rule) {
		if (n)
			tell(wrongs, "accepted");
		return;
	}
	w = wrong_of(rule);
	if (w < from || w >= to)
		fail_msg("%s is in another group", vmentry_name(w));
	if (!n || !wrongs->is[w])
		tell(wrongs, nested_rule_name(rule));
}

static int compare(void)
{
	struct nested_caps caps;
	struct nested_limits lim = {
		.caps = &caps, .cr4 = cpu.cr4, .efer = cpu.efer, .debugctl = cpu.debugctl,
		.maxphyaddr = cpu.phys_bits, .la57 = cpu.linear_bits == 57,
		.long_mode = cpu.long_mode, .host_lma = cpu.lma, .smm = cpu.smm,
	};
	struct vmentry_wrongs wrongs;
	nested_rule_t rule;
	u64 qualification;
	int w, n;

	memcpy(caps.msr, cpu.msr, sizeof(caps.msr));
	vmentry_wrongs((const uint8_t *)&c, &cpu, &wrongs);
	same(&wrongs, nested_check_control(&c, &lim), 0, WRONG_HOST_BEGIN);
	same(&wrongs, nested_check_host(&c, &lim), WRONG_HOST_BEGIN, WRONG_GUEST_BEGIN);
	qualification = ~0ull;
	rule = nested_check_guest(&c, &lim, &qualification);
	same(&wrongs, rule, WRONG_GUEST_BEGIN, WRONG_COUNT);
	assert_int_equal(qualification, rule ? vmentry_qualification(wrong_of(rule)) : 0);
	n = count(&wrongs, 0, WRONG_COUNT);
	for (w = 0; w < WRONG_COUNT; w++) {
		ever[w] += wrongs.is[w];
		alone[w] += wrongs.is[w] && n == 1;
	}
	right += !n;
	tried++;
	return n;
}

static void good(unsigned int i)
{
	memset(&c, 0, sizeof(c));
	good_cpu(&cpu);
	good_blocks[i](&c, &cpu);
}

static void good_ones(void **state)
{
	unsigned int i;

	for (i = 0; i < good_blocks_nr; i++) {
		good(i);
		if (compare())
			fail_msg("block %u is not right", i);
	}
	assert_string_equal(nested_rule_name(0), "none");
}

/* The processor lacks something, one thing at a time; 0: no more. */
static bool lesser_cpu(int what)
{
	switch (what) {
	case 0: return true;
	case 1: cpu.long_mode = false; return true;
	case 2: cpu.lma = !cpu.lma; return true;
	case 3: cpu.smm = true; return true;
	case 4: cpu.linear_bits = 57; return true;
	case 5: cpu.debugctl = 0; return true;
	case 6: cpu.efer &= ~0x500ull; return true;
	case 7: cpu.phys_bits = 32; return true;
	case 8: cpu.phys_bits = 52; return true;
	case 9: cpu.msr[0x00] &= ~(1ull << 55); return true;
	case 10: cpu.msr[0x05] = 4 << 16; return true;
	case 11: cpu.msr[0x0c] = 0x4080; return true;
	case 12: cpu.msr[0x0c] = 0x140; return true;
	case 13: cpu.msr[0x0e] &= ~(1ull << (32 + 27)); return true;
	case 14: cpu.msr[0x11] = 0; return true;
	case 15: cpu.msr[0x11] = ~0ull; return true;
	case 16: cpu.msr[0x06] = cpu.msr[0x08] = 0; return true;
	case 17: cpu.msr[0x06] |= 1 << 30; return true;
	case 18: cpu.msr[0x09] = ~0ull; return true;
	case 19: cpu.msr[0x0c] &= ~(1ull << 21); return true;
	case 20: cpu.msr[0x05] &= ~(6ull << 6); return true;
	case 21: cpu.msr[0x05] &= ~(1ull << 6); return true;
	default: return false;
	}
}

static void each_bit(void **state)
{
	unsigned int i, b;
	int what;

	/* Every one on the full processor, some of them on lesser ones. */
	for (i = 0; i < good_blocks_nr; i++)
		for (what = 0; good(i), lesser_cpu(what); what++) {
			compare();
			for (b = what; b < 1024 * 8; b += what ? 7 : 1) {
				((uint8_t *)&c)[b / 8] ^= 1 << b % 8;
				compare();
				((uint8_t *)&c)[b / 8] ^= 1 << b % 8;
			}
		}
}

static uint64_t seed = 0x9e3779b97f4a7c15ull;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Where fields of one size are. */
static const struct {
	int begin, end, bytes;
} fields[] = {
	{ 40, 680, 8 }, { 744, 932, 4 }, { 744, 932, 4 }, { 960, 998, 2 },
};

/* A field has a bit changed, or is anything, or small, or the most there is. */
static void mutate(void)
{
	int kind = rnd() % 4, bytes = fields[kind].bytes;
	int slots = (fields[kind].end - fields[kind].begin) / bytes;
	uint8_t *at = (uint8_t *)&c + fields[kind].begin + rnd() % slots * bytes;
	uint64_t value = 0;

	memcpy(&value, at, bytes);
	switch (rnd() % 8) {
	case 0:
		value = rnd() >> rnd() % 64;
		break;
	case 1:
		value = rnd() % 16;
		break;
	case 2:
		value = (1ull << cpu.phys_bits) - (rnd() % 3 << rnd() % 13);
		break;
	case 3:
		value ^= rnd() & rnd() & rnd();
		break;
	default:
		value ^= 1ull << rnd() % (8 * bytes);
	}
	memcpy(at, &value, bytes);
}

/* What is injected, and into what: rules that are about several fields. */
static void mutate_event(void)
{
	c.vm_entry_intr_info_field = 1u << 31 | rnd() % 8 << 8 | rnd() % 34 |
				     (rnd() % 4 ? 0 : 1 << 11) | (rnd() % 16 ? 0 : 1 << 12);
	c.guest_activity_state = rnd() % 3 ? 0 : rnd() % 5;
	c.guest_interruptibility_info = rnd() % 3 ? 0 : 1 << rnd() % 5;
	c.vm_entry_instruction_len = rnd() % 20;
}

/* A segment's rights become others that a descriptor can have. */
static void mutate_segment(void)
{
	uint32_t *rights = &c.guest_es_ar_bytes + rnd() % 8;

	*rights = rnd() % 16 | 0x80 | (rnd() % 8 ? 0x10 : 0) | rnd() % 4 << 5 |
		  (rnd() % 4 ? 0 : 1 << (12 + rnd() % 6));
}

static void random_blocks(void **state)
{
	unsigned int i, n;

	right = tried = 0;
	for (i = 0; i < 400000; i++) {
		good(rnd() % good_blocks_nr);
		lesser_cpu(rnd() % 3 ? 0 : rnd() % 24);
		if (rnd() % 8 == 0)
			cpu.phys_bits = 32 + rnd() % 21;
		for (n = rnd() % 4; n; n--)
			mutate();
		if (rnd() % 4 == 0)
			mutate_event();
		if (rnd() % 4 == 0)
			mutate_segment();
		compare();
	}
	print_message("%u of %u blocks are right\n", right, tried);
	assert_true(right > tried / 10);
}

/*
 * Two that always come with one of the others of 26.2.4; and what begins behind the last
 * address also ends there.
 */
static bool never_alone(int w)
{
	return w == WRONG_HOST_LEGACY_GUEST || w == WRONG_HOST_32_GUEST ||
	       w == WRONG_EXIT_STORE_HIGH || w == WRONG_EXIT_LOAD_HIGH ||
	       w == WRONG_ENTRY_LOAD_HIGH;
}

/* After the others: nothing was left out. */
static void all_seen(void **state)
{
	int w, missing = 0;

	for (w = 0; w < WRONG_COUNT; w++)
		if (!(never_alone(w) ? ever[w] : alone[w])) {
			print_message("never broken alone: %s\n", vmentry_name(w));
			missing++;
		}
	assert_int_equal(missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones),
		cmocka_unit_test(each_bit),
		cmocka_unit_test(random_blocks),
		cmocka_unit_test(all_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
