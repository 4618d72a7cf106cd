// SPDX-License-Identifier: GPL-2.0-only
/* The walk over a tree of tables, and the ways to change and to free one. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/string.h>

#include "mmu/tdp/tree.c"

#define PAGES	64

/* The format's bits hardly matter here. */
static const struct mmu_config cfg = {
	.levels = 4, .max_level = LEVEL_1G, .end = 1ull << 36,
	.addr = 0xffffffffff000, .large = 0x80,
	.table = SPTE_PRESENT | 7, .leaf = SPTE_PRESENT | 5,
};

static int used, freed, freed_rcu;
static u64 *root;

void *mmu_env_table_alloc(bool wait)
{
	assert_true(++used < PAGES);
	memset(shim_arena() + used * 4096, 0, 4096);
	return shim_arena() + used * 4096;
}

void mmu_env_table_free(void *table)
{
	freed++;
}

void mmu_env_table_free_rcu(void *table)
{
	freed_rcu++;
}

static int start(void **state)
{
	used = 0;
	freed = 0;
	freed_rcu = 0;
	root = mmu_env_table_alloc(true);
	return 0;
}

/* Make the tables for a frame down to a level; the entry there. */
static u64 *entry(gfn_t gfn, int level)
{
	u64 *table = root, *sptep;

	for (int at = cfg.levels; ; at--) {
		sptep = &table[(gfn >> (9 * (at - 1))) & 511];
		if (at == level)
			return sptep;
		if (!*sptep)
			*sptep = spte_table(&cfg, mmu_env_table_alloc(true));
		assert_true(spte_is_table(&cfg, *sptep, at));
		table = spte_table_of(&cfg, *sptep);
	}
}

static u64 *lookup(gfn_t gfn, int *level, u64 *spte)
{
	*level = cfg.levels;
	return pt_lookup(&cfg, root, gfn, level, spte);
}

static void test_lookup(void **state)
{
	int level;
	u64 spte;

	assert_ptr_equal(lookup(77, &level, &spte), root);
	assert_int_equal(level, 4);
	*entry(513, 2) = 0x1880;
	assert_ptr_equal(lookup(600, &level, &spte),
			 entry(600, 2));
	assert_int_equal(level, 2);
	assert_true(spte == 0x1880);
	assert_ptr_equal(lookup(511, &level, &spte),
			 entry(511, 2));
	entry(511, 1);
	assert_ptr_equal(lookup(511, &level, &spte),
			 entry(511, 1));
	assert_int_equal(level, 1);
	assert_true(spte == 0);
}

static void leaf(gfn_t gfn, int level)
{
	*entry(gfn, level) = spte_leaf(&cfg, level, gfn, 0);
}

struct seen { int level; gfn_t gfn; };

/* The present entries of a walk, against what is expected, in order. */
static void walk_is(gfn_t from, gfn_t end, int min_level,
		    const struct seen *want, int n)
{
	struct pt_iter it = { .cfg = &cfg, .end = end, .min_level = min_level };
	bool more;
	int i = 0;

	for (more = pt_iter_start(&it, root, from); more;
	     more = pt_iter_next(&it)) {
		if (!spte_is_present(it.spte))
			continue;
		assert_true(i < n);
		assert_int_equal(it.level, want[i].level);
		assert_true(it.gfn == want[i].gfn);
		assert_true(it.sptep == entry(it.gfn, it.level));
		i++;
	}
	assert_int_equal(i, n);
}

#define WALK_IS(from, end, min, ...)					\
	walk_is(from, end, min, (const struct seen[]){ __VA_ARGS__ },	\
		ARRAY_SIZE(((const struct seen[]){ __VA_ARGS__ })))

static void test_order(void **state)
{
	leaf(0, 1);
	leaf(511, 1);
	leaf(512, 2);
	leaf(1ull << 18, 3);
	leaf((1ull << 36) - 1, 1);
	WALK_IS(0, ~0ull, 1,
		{ 4, 0 }, { 3, 0 }, { 2, 0 }, { 1, 0 }, { 1, 511 }, { 2, 512 },
		{ 3, 1ull << 18 }, { 4, 511ull << 27 },
		{ 3, (1ull << 36) - (1 << 18) }, { 2, (1ull << 36) - 512 },
		{ 1, (1ull << 36) - 1 });
	WALK_IS(0, ~0ull, 2,
		{ 4, 0 }, { 3, 0 }, { 2, 0 }, { 2, 512 }, { 3, 1ull << 18 },
		{ 4, 511ull << 27 }, { 3, (1ull << 36) - (1 << 18) },
		{ 2, (1ull << 36) - 512 });
}

/* From the middle to the middle: tables, and leaves that stick out, show up. */
static void test_range(void **state)
{
	leaf(510, 1);
	leaf(511, 1);
	leaf(512, 2);
	leaf(1024, 1);
	WALK_IS(511, 513, 1,
		{ 4, 511 }, { 3, 511 }, { 2, 511 }, { 1, 511 }, { 2, 512 });
	WALK_IS(600, 1024, 1, { 4, 600 }, { 3, 600 }, { 2, 600 });
	WALK_IS(511, 512, 1, { 4, 511 }, { 3, 511 }, { 2, 511 }, { 1, 511 });
	walk_is(5, 5, 1, NULL, 0);
	walk_is(1ull << 36, ~0ull, 1, NULL, 0);
}

static void test_seek(void **state)
{
	struct pt_iter it = { .cfg = &cfg, .end = 1 << 20, .min_level = 1 };
	gfn_t far = (2ull << 18) + 512 * 3 + 7;

	leaf(0, 1);
	leaf(far, 1);
	assert_true(pt_iter_start(&it, root, 0));
	while (it.level > 1)
		assert_true(pt_iter_next(&it));
	assert_true(pt_iter_seek(&it, 100));
	assert_true(it.level == 1 && it.gfn == 100);
	/* Up as far as it takes, and down again by the walk. */
	assert_true(pt_iter_seek(&it, far));
	assert_true(it.level == 3 && it.gfn == far);
	assert_true(pt_iter_next(&it) && pt_iter_next(&it));
	assert_true(it.level == 1 && it.gfn == far && spte_is_present(it.spte));
	assert_false(pt_iter_seek(&it, 1 << 20));
}

static void test_resume(void **state)
{
	struct pt_iter it = { .cfg = &cfg, .end = 1024, .min_level = 1 };
	int n = 0;

	for (gfn_t g = 0; g < 512; g++)
		leaf(g, 1);
	for (bool more = pt_iter_start(&it, root, 0); more;) {
		n += it.level == 1 && spte_is_present(it.spte);
		more = pt_iter_next(&it);
		if (more && it.level == 1 && it.gfn % 7 == 0) {
			more = pt_iter_start(&it, root, it.gfn);
			while (it.level > 1)
				assert_true(pt_iter_next(&it));
		}
	}
	assert_int_equal(n, 512);
}

static void test_set(void **state)
{
	struct pt_iter it = { .cfg = &cfg, .end = 1, .min_level = 4 };

	assert_true(pt_iter_start(&it, root, 0));
	root[0] = 0x1800;
	assert_false(pt_iter_set(&it, 0x2800));
	assert_true(it.spte == 0x1800 && root[0] == 0x1800);
	assert_true(pt_iter_set(&it, 0x2800));
	assert_true(it.spte == 0x2800 && root[0] == 0x2800);
}

static void test_split(void **state)
{
	u64 *table = mmu_env_table_alloc(true);
	u64 big = spte_leaf(&cfg, 2, 0x1200, LEAF_HOST_WRITABLE);

	pt_split(&cfg, table, big, 2);
	for (int i = 0; i < 512; i++)
		assert_true(table[i] == spte_leaf(&cfg, 1, 0x1200 + i,
						  LEAF_HOST_WRITABLE));
}

static void test_kill(void **state)
{
	struct pt_count c = { };
	u64 *table, *below;

	leaf(0, 1);
	leaf(7, 1);
	leaf(512, 2);
	table = spte_table_of(&cfg, *entry(0, 3));
	below = spte_table_of(&cfg, *entry(0, 2));
	*entry(0, 2) |= SPTE_NX_SPLIT;
	pt_remove(&cfg, spte_table(&cfg, table) | SPTE_NX_SPLIT, 2, &c);
	assert_int_equal(c.mapped[1], -2);
	assert_int_equal(c.mapped[2], -1);
	assert_int_equal(c.tables, -2);
	assert_int_equal(c.mapped[COUNT_NX_SPLITS], -2);
	assert_int_equal(freed_rcu, 2);
	assert_int_equal(freed, 0);
	for (int i = 0; i < 512; i++)
		assert_true(table[i] == SPTE_REMOVED && below[i] == SPTE_REMOVED);
}

static void test_free_tree(void **state)
{
	struct pt_count c = { };

	leaf(0, 1);
	leaf(512, 2);
	leaf(1ull << 18, 3);
	leaf(1ull << 30, 1);
	*entry(0, 2) |= SPTE_NX_SPLIT;
	pt_free(&cfg, root, 4, &c);
	assert_int_equal(c.mapped[1], -2);
	assert_int_equal(c.mapped[2], -1);
	assert_int_equal(c.mapped[3], -1);
	assert_int_equal(c.tables, -used);
	assert_int_equal(c.mapped[COUNT_NX_SPLITS], -1);
	assert_int_equal(freed, used);
	assert_int_equal(freed_rcu, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_lookup, start),
		cmocka_unit_test_setup(test_order, start),
		cmocka_unit_test_setup(test_range, start),
		cmocka_unit_test_setup(test_seek, start),
		cmocka_unit_test_setup(test_resume, start),
		cmocka_unit_test_setup(test_set, start),
		cmocka_unit_test_setup(test_split, start),
		cmocka_unit_test_setup(test_kill, start),
		cmocka_unit_test_setup(test_free_tree, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
