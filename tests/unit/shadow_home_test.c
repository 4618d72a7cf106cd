// SPDX-License-Identifier: GPL-2.0-only
/*
 * The home of a region: the indirect page whose leaves of these frames are in no
 * reverse map. Whoever asks by frame finds them all the same.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/shadow_case.h"

/* What there is beside tables and headers. */
static void beside_is(unsigned long sides, unsigned long chunks, unsigned long descs)
{
	struct mmu_shadow *s = vm.mmu.shadow;

	assert_int_equal(s->nr_side, sides);
	assert_int_equal(s->rmap[0][0].nr_chunks, chunks);
	assert_int_equal(s->nr_descs, descs);
}

static struct shadow_page *page_at(u64 va)
{
	int level;

	return shadow_page_of(spte_at(va, &level));
}

static struct shadow_page *home_of(gfn_t gfn)
{
	return shadow_home(vm.mmu.shadow, 0, 1, gfn);
}

/* Frames in a row need nothing but the table; an alias of one, what every leaf needed. */
static void test_in_a_row(void **state)
{
	for (int i = 0; i < 512; i++)
		guest_map(VA + PAGE(i), DATA + i, 1, RW);
	for (int i = 0; i < 512; i++)
		touch(VA + PAGE(i), PF_WRITE);
	assert_int_equal(mapped(1), 512);
	assert_ptr_equal(home_of(DATA + 511), page_at(VA));
	beside_is(0, 0, 0);
	guest_map(ALIAS + PAGE(3), DATA + 3, 1, RW);
	guest_map(ALIAS + SIZE_2M + PAGE(3), DATA + 3, 1, RW);
	touch(ALIAS + PAGE(3), PF_WRITE);
	beside_is(1, 1, 0);
	touch(ALIAS + SIZE_2M + PAGE(3), PF_WRITE);
	beside_is(2, 1, 1);
	assert_ptr_equal(home_of(DATA), page_at(VA));
	check();
	zap(DATA + 3, DATA + 4, false);
	assert_int_equal(level_of(VA + PAGE(2)), 1);
	assert_int_equal(level_of(VA + PAGE(3)), 0);
	assert_int_equal(level_of(ALIAS + PAGE(3)), 0);
	assert_int_equal(level_of(ALIAS + SIZE_2M + PAGE(3)), 0);
	assert_int_equal(mapped(1), 511);
}

/* In a home another frame's leaf is not that of the frame for which its place stands. */
static void test_stranger(void **state)
{
	gfn_t table = guest_map(VA, DATA, 1, RW);

	guest_map(VA + PAGE(7), DATA + 100, 1, RW);
	guest_map(VA + PAGE(8), BASE + 300, 1, RW);
	touch(VA, PF_WRITE);
	touch(VA + PAGE(7), PF_WRITE);
	touch(VA + PAGE(8), PF_WRITE);
	assert_ptr_equal(home_of(DATA), page_at(VA));
	assert_null(home_of(BASE + 300));
	beside_is(1, 2, 0);
	mmu_age(&vm.mmu, 0, BASE, DATA + 512);
	access_set(VA + PAGE(7));
	assert_false(mmu_is_young(&vm.mmu, 0, DATA + 7, DATA + 8));
	assert_true(mmu_is_young(&vm.mmu, 0, DATA + 100, DATA + 101));
	/* A table in the frame that the place stands for. */
	guest_map(ALIAS, DATA, 1, RW);
	entry_set(table - 1, 5, (DATA + 7) << 12 | P | W | U | A);
	env_mem_set(HOST + DATA + 7 - BASE, 0, 8, DATA << 12 | P | A | RW);
	touch(VA + 5 * SIZE_2M, 0);
	assert_true(can_write(VA + PAGE(7)));
	zap(DATA + 7, DATA + 9, false);
	assert_int_equal(level_of(VA + PAGE(7)), 1);
	assert_int_equal(level_of(VA + PAGE(8)), 1);
	zap(DATA + 100, DATA + 101, false);
	zap(BASE + 300, BASE + 301, false);
	assert_int_equal(mapped(1), 1);
	/* The place's own frame, where the stranger was. */
	guest_map(VA + PAGE(8), DATA + 8, 1, RW);
	touch(VA + PAGE(8), PF_WRITE);
	assert_int_equal(level_of(VA + PAGE(8)), 1);
	zap(DATA + 8, DATA + 9, false);
	assert_int_equal(level_of(VA + PAGE(8)), 0);
}

/* Who comes second is in reverse maps; when the home has gone, the next may be it. */
static void test_home_goes(void **state)
{
	gfn_t first = guest_map(VA + PAGE(1), DATA + 1, 1, RW);

	guest_map(ALIAS + PAGE(1), DATA + 1, 1, RW);
	guest_map(ALIAS + PAGE(20), DATA + 20, 1, RW);
	touch(VA + PAGE(1), PF_WRITE);
	touch(ALIAS + PAGE(1), PF_WRITE);
	assert_ptr_equal(home_of(DATA), page_at(VA + PAGE(1)));
	zap(first, first + 1, false);
	assert_null(home_of(DATA));
	assert_int_equal(level_of(VA + PAGE(1)), 0);
	assert_int_equal(level_of(ALIAS + PAGE(1)), 1);
	beside_is(1, 1, 0);
	touch(ALIAS + PAGE(20), PF_WRITE);
	assert_ptr_equal(home_of(DATA), page_at(ALIAS + PAGE(20)));
	zap(DATA + 1, DATA + 21, false);
	assert_int_equal(mapped(1), 0);
}

/* The right to write goes from leaves at home, too: for the log, and for a table. */
static void test_protected(void **state)
{
	const unsigned long third = 4;
	gfn_t directory = guest_map(VA + PAGE(1), DATA + 1, 1, RW) - 1;

	guest_map(VA + PAGE(2), DATA + 2, 1, RW);
	guest_map(ALIAS, DATA + 2, 1, RW);
	touch(VA + PAGE(1), PF_WRITE);
	touch(VA + PAGE(2), PF_WRITE);
	touch(ALIAS, PF_WRITE);
	mmu_wrprot_bitmap(&vm.mmu, &vm.slot[0][0]->s, DATA - BASE, &third, 3);
	assert_true(can_write(VA + PAGE(1)));
	assert_false(can_write(VA + PAGE(2)));
	assert_false(can_write(ALIAS));
	/* A directory's entry leads to frame 1: a table from now on. */
	entry_set(directory, 5, (DATA + 1) << 12 | P | W | U | A);
	env_mem_set(HOST + DATA + 1 - BASE, 0, 8, (DATA + 9) << 12 | P | A | RW);
	touch(VA + 5 * SIZE_2M, 0);
	assert_false(can_write(VA + PAGE(1)));
}

/* Large leaves are split where they are, at home or not. */
static void test_split(void **state)
{
	const u64 at = VA + (BIG >> 9 & 511) * SIZE_2M;

	guest_map(at, BIG, 2, RW);
	guest_map(at + 3 * SIZE_2M, BIG + 512, 2, RW);
	touch(at, PF_WRITE);
	touch(at + 3 * SIZE_2M, PF_WRITE);
	assert_ptr_equal(shadow_home(vm.mmu.shadow, 0, 2, BIG), page_at(at));
	assert_int_equal(vm.mmu.shadow->nr_side, 1);
	check();
	mmu_wrprot_slot(&vm.mmu, &vm.slot[0][1]->s);
	assert_int_equal(level_of(at), 1);
	assert_int_equal(level_of(at + 3 * SIZE_2M), 1);
	assert_int_equal(mapped(2), 0);
	assert_false(can_write(at));
	assert_false(can_write(at + 3 * SIZE_2M));
}

/* One table in a guest's every directory: who drops a link does not search for ever. */
static void test_many_links(void **state)
{
	gfn_t dir, pd, table = guest_map(VA, DATA, 1, RW);
	struct rmap_iter it;
	unsigned int i, n, most = 0;
	u64 *sptep;

	for (dir = 0; dir < 3; dir++) {
		u64 va = VA + dir * SIZE_1G;

		pd = (dir ? guest_map(va, DATA, 1, RW) : table) - 1;
		for (i = 0; i < 512; i++) {
			entry_set(pd, i, table << 12 | P | W | U | A);
			touch(va + i * SIZE_2M, PF_WRITE);
			n = 0;
			rmap_for_each(sptep, &it, &page_at(va + i * SIZE_2M)->parents)
				n++;
			most = n > most ? n : most;
		}
	}
	check();
	assert_in_range(most, SHADOW_LINK_DESCS, SHADOW_LINK_DESCS * RMAP_ENTRIES_SHADOW);
	/* Those that have gone come back. */
	touch(VA, PF_WRITE);
	touch(VA + 100 * SIZE_2M, PF_WRITE);
	zap(table, table + 1, false);
	assert_int_equal(level_of(VA + 100 * SIZE_2M), 0);
	assert_int_equal(level_of(VA + 2 * SIZE_1G), 0);
	check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_in_a_row),
		CASE(test_stranger),
		CASE(test_home_goes),
		CASE(test_protected),
		CASE(test_split),
		CASE(test_many_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
