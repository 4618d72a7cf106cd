// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walker against its model: every combination of flags at every level,
 * then random tables in one and two dimensions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/walk_pair.h"
#include "tests/unit/walk_random.h"

static struct pair pair;

/* ------------------------------------------------------------------------ */
/* Every combination. */

/* Twelve accesses: read, write, fetch; as a user, and three supervisors. */
static struct model_access access_number(int i)
{
	return (struct model_access){
		.write = i % 3 == 1,
		.fetch = i % 3 == 2,
		.user = i / 3 == 0,
		.ac = i / 3 == 1,
		.implicit = i / 3 == 3,
		.pkru = 0x8,	/* key 1: writes disabled */
	};
}

/* An entry that is in nobody's way, for level @level of the path. */
static u64 path_entry(const struct model_paging *p, int level)
{
	u64 addr = level > 1 ? walk_table(0, level - 1, 0) << 12 : 0x123000;

	return addr | (p->mode >= MODEL_EPT4 ? 7 : 0x27);
}

static void path_set(const struct model_paging *p, int level, u64 entry)
{
	int size = p->mode == MODEL_32 ? 4 : 8;

	if (p->mode == MODEL_PAE && level == 3) {
		pair.cpu[0].pdpte[0] = entry;
		pair.ctx[0].pdptr[0] = entry;
		return;
	}
	gmem_set(&pair.mem, walk_table(0, level, 0) << 12, size, entry);
}

static void path_init(const struct model_paging *p)
{
	int level;

	for (level = 1; level <= walk_levels(p->mode); level++)
		path_set(p, level, path_entry(p, level));
	if (p->mode == MODEL_PAE)
		path_set(p, 3, walk_table(0, 2, 0) << 12 | 1);
}

/* The eight flags in question at a level of an x86 format. */
static u64 x86_flags(const struct model_paging *p, int level, int n)
{
	static const u64 flag[] = {
		1, 2, 4, 1 << 5, 1 << 6, 1 << 7, 1ull << 63, 1ull << 50
	};
	u64 entry = path_entry(p, level) & ~0xfffull;
	int i;

	for (i = 0; i < 8; i++)
		if (n >> i & 1)
			entry |= flag[i];
	if (p->mode == MODEL_32) {
		entry &= 0xffffffff;
		entry |= n & 0x40 ? 0x100 : 0;
		entry |= n & 0x80 ? 1 << 20 : 0;
	}
	/* A large page lies at a large address. */
	if (entry & 0x80 && p->mode != MODEL_32)
		entry = (entry & 0xfff0000000000fffull) | 0x4c0000000;
	return entry | (p->mode >= MODEL_4LEVEL ? 1ull << 59 : 0);
}

static void walk_all_accesses(void)
{
	int i;

	for (i = 0; i < 12; i++) {
		struct model_access a = access_number(i);

		pair_walk(&pair, 0, &a);
	}
}

/* Flags @n at @level; above and below it all is granted, or one right not. */
static void walk_flags(const struct model_paging *p, int level, int n)
{
	static const u64 withheld[] = { 0, 2, 4, 1ull << 63 };
	int other = level > 1 ? level - 1 : 2;
	unsigned int i;

	path_set(p, level, x86_flags(p, level, n));
	for (i = 0; i < 4; i++) {
		if (i == 3 && p->mode == MODEL_32)
			continue;
		path_set(p, other, path_entry(p, other) ^ withheld[i]);
		walk_all_accesses();
		if (!(n & 1))
			break;
	}
	path_set(p, other, path_entry(p, other));
}

static void walk_every_flag(enum model_mode mode)
{
	struct model_paging *p = &pair.cpu[0];
	int levels = mode == MODEL_PAE ? 2 : walk_levels(mode);
	int control, level, n;

	for (control = 0; control < 32; control++) {
		*p = (struct model_paging){
			.mode = mode, .set_ad = true, .maxphyaddr = 40,
			.root = walk_table(0, walk_levels(mode), 0) << 12,
			.wp = control & 1, .smep = control & 2,
			.smap = control & 4, .nxe = control & 8,
			.pke = control & 16, .pse = control & 16,
			.pse36 = control & 8, .gib_pages = control & 1,
			.amd = control & 2,
		};
		pair_update(&pair);
		path_init(p);
		for (level = 1; level <= levels; level++) {
			for (n = 0; n < 256; n++)
				walk_flags(p, level, n);
			path_set(p, level, path_entry(p, level));
		}
	}
}

static void every_flag_32(void **state)
{
	walk_every_flag(MODEL_32);
}

static void every_flag_pae(void **state)
{
	walk_every_flag(MODEL_PAE);
}

static void every_flag_4level(void **state)
{
	walk_every_flag(MODEL_4LEVEL);
}

static void every_flag_5level(void **state)
{
	walk_every_flag(MODEL_5LEVEL);
}

/* Each bit of a PDPTE alone, and the present bit of each register. */
static void every_bit_pdpte(void **state)
{
	struct model_paging *p = &pair.cpu[0];
	struct model_access a = { .user = true };
	int width, n;

	for (width = 32; width <= 52; width++) {
		*p = (struct model_paging){
			.mode = MODEL_PAE, .set_ad = true, .nxe = true,
			.maxphyaddr = width,
		};
		pair_update(&pair);
		path_init(p);
		for (n = 0; n < 64; n++) {
			path_set(p, 3, (walk_table(0, 2, 0) << 12 | 1) ^ 1ull << n);
			pair_walk(&pair, 0, &a);
			pair_walk(&pair, (u64)(n % 4) << 30, &a);
		}
	}
}

/* The low twelve bits in every combination, and one reserved address bit. */
static void walk_ept_flags(const struct model_paging *p, int level)
{
	int n, i;

	for (n = 0; n < 8192; n++) {
		u64 e = path_entry(p, level) & ~0xfffull;

		if (n & 0x80)
			e = 0x4c0000000;
		e |= n & 0xfff;
		e |= n & 0x1000 ? 1ull << 46 : 0;
		path_set(p, level, e);
		for (i = 0; i < 3; i++) {
			struct model_access a = access_number(i);

			pair_walk(&pair, 0x777, &a);
		}
	}
	path_set(p, level, path_entry(p, level));
}

static void every_flag_ept(void **state)
{
	struct model_paging *p = &pair.cpu[0];
	int control, level;

	for (control = 0; control < 16; control++) {
		*p = (struct model_paging){
			.mode = control & 8 ? MODEL_EPT5 : MODEL_EPT4,
			.maxphyaddr = 46, .exec_only = control & 1,
			.ept_ad = control & 2, .gib_pages = control & 4,
		};
		p->root = walk_table(0, walk_levels(p->mode), 0) << 12;
		pair_update(&pair);
		path_init(p);
		for (level = 1; level <= walk_levels(p->mode); level++)
			walk_ept_flags(p, level);
	}
}

/* ------------------------------------------------------------------------ */
/* Random tables. */

static void walk_random(enum model_mode mode, bool nested,
			enum model_mode next, int walks)
{
	struct model_paging *p = pair.cpu;
	int i;

	p[1] = (struct model_paging){
		.mode = next, .nested = next < MODEL_EPT4
	};
	p[0] = (struct model_paging){
		.mode = mode, .nested = nested, .next = next ? &p[1] : NULL,
	};
	for (i = 0; i < walks; i++) {
		struct model_access a = walk_random_access();

		if (i % 32 == 0) {
			walk_random_control(&p[0], 0);
			walk_random_control(&p[1], 1);
			pair_update(&pair);
		}
		if (i % 8192 == 0) {
			walk_fill_tables(&pair.mem, &p[0], 0);
			walk_fill_tables(&pair.mem, &p[1], 1);
		}
		pair_walk(&pair, walk_random_va(&p[0]), &a);
	}
}

static void report(const char *what)
{
	unsigned long n = 0;
	int i;

	for (i = 0; i < 4; i++)
		n += pair.ended[i];
	print_message("%s: %lu walks: %lu done, %lu faults, %lu below, "
		      "%lu outside; %lu self-changing\n", what, n,
		      pair.ended[0], pair.ended[1], pair.ended[2],
		      pair.ended[3], pair.retries);
	/* Neither all faults nor all success, and hardly any not compared. */
	assert_true(pair.ended[MODEL_DONE] > n / 10);
	assert_true(pair.ended[MODEL_FAULT] > n / 10);
	assert_true(pair.retries < n / 100);
}

static void random_tables(void **state)
{
	int mode;

	for (mode = MODEL_32; mode <= MODEL_EPT5; mode++) {
		walk_random(mode, false, MODEL_OFF, 200000);
		if (mode < MODEL_EPT4)
			walk_random(mode, true, MODEL_OFF, 100000);
	}
	report("one dimension");
}

static void random_two_dimensions(void **state)
{
	int mode, next;

	for (mode = MODEL_OFF; mode <= MODEL_5LEVEL; mode++)
		for (next = MODEL_32; next <= MODEL_EPT5; next++)
			walk_random(mode, false, next, 50000);
	report("two dimensions");
	assert_true(pair.ended[MODEL_NEXT] > 100000);
}

static int start(void **state)
{
	const char *seed = getenv("LAMINA_SEED");

	memset(&pair, 0, sizeof(pair));
	walk_seed(seed ? strtoull(seed, NULL, 0) : 1);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_flag_32, start),
		cmocka_unit_test_setup(every_flag_pae, start),
		cmocka_unit_test_setup(every_flag_4level, start),
		cmocka_unit_test_setup(every_flag_5level, start),
		cmocka_unit_test_setup(every_bit_pdpte, start),
		cmocka_unit_test_setup(every_flag_ept, start),
		cmocka_unit_test_setup(random_tables, start),
		cmocka_unit_test_setup(random_two_dimensions, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
