// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walker against its model: every combination of flags at every level,
 * then random tables in one and two dimensions.
 *
 * Memory: four tables for each level; [0]'s in pages 0 to 19, [1]'s in pages
 * 20 to 39.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/walk_pair.h"

#define COPIES	4
#define SET	(LEVEL_MAX * COPIES)	/* pages of a set of tables */

static struct pair pair;
static u64 rng_state;

static u64 rnd(void)
{
	u64 z = rng_state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static bool one_in(unsigned int n)
{
	return rnd() % n == 0;
}

static int levels_of(enum model_mode mode)
{
	static const int levels[] = { 0, 2, 3, 4, 5, 4, 5 };

	return levels[mode];
}

static u64 table_page(int set, int level, int copy)
{
	return set * SET + (level - 1) * COPIES + copy;
}

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
	u64 addr = level > 1 ? table_page(0, level - 1, 0) << 12 : 0x123000;

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
	gmem_set(&pair.mem, table_page(0, level, 0) << 12, size, entry);
}

static void path_init(const struct model_paging *p)
{
	int level;

	for (level = 1; level <= levels_of(p->mode); level++)
		path_set(p, level, path_entry(p, level));
	if (p->mode == MODEL_PAE)
		path_set(p, 3, table_page(0, 2, 0) << 12 | 1);
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
	int levels = mode == MODEL_PAE ? 2 : levels_of(mode);
	int control, level, n;

	for (control = 0; control < 32; control++) {
		*p = (struct model_paging){
			.mode = mode, .set_ad = true, .maxphyaddr = 40,
			.root = table_page(0, levels_of(mode), 0) << 12,
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
			path_set(p, 3, (table_page(0, 2, 0) << 12 | 1) ^ 1ull << n);
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
		p->root = table_page(0, levels_of(p->mode), 0) << 12;
		pair_update(&pair);
		path_init(p);
		for (level = 1; level <= levels_of(p->mode); level++)
			walk_ept_flags(p, level);
	}
}

/* ------------------------------------------------------------------------ */
/* Random tables. */

static u64 random_address(const struct model_paging *p, int set, int level,
			  bool leaf)
{
	int shift = 12 + (p->mode == MODEL_32 ? 10 : 9) * (level - 1);
	u64 page;

	if (!leaf) {
		page = table_page(set, level - 1, rnd() % COPIES);
		/* Through ->next: aliases that a level 1 leaf maps back. */
		if (!set && p->next) {
			page += one_in(8) ? rnd() % 23 * SET : 0;
			page |= rnd() << 10;
		}
		page <<= 12;
	} else if (set) {
		page = level == 1 ? rnd() % SET << 12 : 0;
	} else {
		page = rnd() & ~((1ull << shift) - 1);
	}
	if (one_in(set ? 2048 : 256))
		page = rnd() & ~0xfffull;
	return page & ((1ull << p->maxphyaddr) - 1) & 0xffffffffff000ull;
}

static u64 x86_entry(const struct model_paging *p, int set, int level)
{
	bool large = (level == 2 || level == 3) && one_in(4);
	bool leaf = level == 1 || large;
	u64 e;

	if (p->mode == MODEL_PAE && level > 2)
		large = leaf = false;
	e = random_address(p, set, level, leaf) | 1 | (large ? 0x80 : 0);
	e |= one_in(set ? 64 : 8) ? 0 : 2;
	e |= one_in(set ? 64 : 8) ? 0 : 4;
	e |= rnd() & 0xe78;
	if (leaf || one_in(set ? 64 : 8))
		e |= rnd() & 0x100;
	if (p->mode >= MODEL_4LEVEL)
		e |= rnd() & 0x7ff0000000000000ull;
	if (p->nxe && one_in(8))
		e |= 1ull << 63;
	if (p->mode == MODEL_32)
		e = (e & 0xffffffff) | (large && one_in(2) ? rnd() & 0x3fe000 : 0);
	return e;
}

static u64 ept_entry(const struct model_paging *p, int set, int level)
{
	bool large = (level == 2 || level == 3) && one_in(4);
	bool leaf = level == 1 || large;
	u64 e = random_address(p, set, level, leaf);

	e |= one_in(set ? 32 : 8) ? rnd() & 7 : 7;
	e |= large ? 0x80 : 0;
	if (leaf)
		e |= (one_in(set ? 64 : 8) ? rnd() & 7 : 6) << 3 | (rnd() & 0x40);
	return e | (rnd() & 0xfff0000000000f00ull);
}

/* The first tables of a level are made tidier than the last. */
static u64 random_entry(const struct model_paging *p, int set, int level,
			int copy)
{
	u64 e = p->mode >= MODEL_EPT4 ? ept_entry(p, set, level) :
		x86_entry(p, set, level);

	/* A walk in two dimensions uses many more of the second set. */
	if (one_in((set ? 4096 : 256) >> 2 * copy))
		e ^= 1ull << rnd() % 64;
	return p->mode == MODEL_32 ? (u32)e : e;
}

static void fill_table(const struct model_paging *p, int set, int level,
		       int copy)
{
	int size = p->mode == MODEL_32 ? 4 : 8;
	u64 gpa = table_page(set, level, copy) << 12;
	u64 end = gpa + 4096;

	for (; gpa < end; gpa += size)
		gmem_set(&pair.mem, gpa, size,
			 random_entry(p, set, level, copy));
}

static void fill_tables(struct model_paging *p, int set)
{
	int level, copy;

	for (level = 1; level <= levels_of(p->mode); level++)
		for (copy = 0; copy < COPIES; copy++)
			fill_table(p, set, level, copy);
}

static void random_control(struct model_paging *p, int set)
{
	u64 r = rnd();
	int i;

	p->wp = r & 1;
	p->smep = r & 2;
	p->smap = (r & 12) == 12;
	p->pse = r & 0x30;
	p->nxe = r & 0xc0;
	p->pke = r & 0x100;
	p->pse36 = r & 0x200;
	p->gib_pages = r & 0xc00;
	p->amd = r & 0x1000;
	p->exec_only = r & 0x2000;
	p->ept_ad = r & 0x4000;
	/* Nested paging of AMD's kind always keeps them. */
	p->set_ad = p->nested || r & 0x38000;
	p->maxphyaddr = one_in(4) ? 32 + (int)(rnd() % 21) : 46;
	p->root = table_page(set, levels_of(p->mode), rnd() % COPIES) << 12;
	for (i = 0; i < 4; i++) {
		p->pdpte[i] = random_address(p, set, 3, false) | 1;
		if (one_in(16))
			p->pdpte[i] ^= 1ull << rnd() % 64;
	}
}

static u64 random_va(const struct model_paging *p)
{
	static const int width[] = { 64, 32, 32, 48, 57, 48, 57 };
	u64 va = rnd();

	if (p->nested || p->mode >= MODEL_EPT4)
		return one_in(32) ? va : va & ((1ull << width[p->mode]) - 1);
	if (p->mode == MODEL_OFF && p->next)
		return va & 0x3fffffffffff;
	return va;
}

static struct model_access random_access(void)
{
	struct model_access a = {
		.user = rnd() & 1, .ac = rnd() & 1,
		.pkru = one_in(2) ? rnd() & rnd() & rnd() : 0,
	};
	unsigned int op = rnd() % 4;

	a.write = op & 1;
	a.fetch = op == 2;
	a.implicit = !a.user && one_in(4);
	return a;
}

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
		struct model_access a = random_access();

		if (i % 32 == 0) {
			random_control(&p[0], 0);
			random_control(&p[1], 1);
			pair_update(&pair);
		}
		if (i % 8192 == 0) {
			fill_tables(&p[0], 0);
			fill_tables(&p[1], 1);
		}
		pair_walk(&pair, random_va(&p[0]), &a);
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
	rng_state = seed ? strtoull(seed, NULL, 0) : 1;
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
