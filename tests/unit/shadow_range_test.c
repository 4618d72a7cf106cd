// SPDX-License-Identifier: GPL-2.0-only
/* What memslots and the host's notifier do to shadow pages: zap, aging. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "mmu/shadow/op.h"
#include "tests/unit/shadow_case.h"

/* Where frames of slot 0 are in reverse maps: no table there can be their home. */
#define AWAY	(VA + 4 * SIZE_2M + PAGE(1))

static void test_zap(void **state)
{
	for (int i = 0; i < 32; i++)
		guest_map(VA + PAGE(i), DATA + i, 1, RW);
	guest_map(ALIAS, DATA + 5, 1, U);
	for (int i = 0; i < 32; i++)
		touch(VA + PAGE(i), 0);
	touch(ALIAS, 0);
	assert_int_equal(mapped(1), 33);
	vm.flushes = 0;
	zap(DATA + 5, DATA + 7, true);
	assert_int_equal(vm.flushes, 1);
	assert_int_equal(mapped(1), 30);
	assert_int_equal(level_of(VA + PAGE(4)), 1);
	assert_int_equal(level_of(VA + PAGE(5)), 0);
	assert_int_equal(level_of(VA + PAGE(6)), 0);
	assert_int_equal(level_of(VA + PAGE(7)), 1);
	assert_int_equal(level_of(ALIAS), 0);
	/* Nothing is there: nothing to flush. */
	zap(DATA + 5, DATA + 7, false);
	zap(DATA + 5, DATA + 5, true);
	assert_int_equal(vm.flushes, 1);
	/* The other address space has other frames. */
	mmu_invalidate_begin(&vm.mmu, DATA, DATA + 32);
	mmu_zap(&vm.mmu, 1, DATA, DATA + 32, true);
	mmu_invalidate_end(&vm.mmu);
	assert_int_equal(mapped(1), 30);
	zap(DATA, DATA + 32, false);
	assert_int_equal(mapped(1), 0);
	assert_int_equal(vm.flushes, 2);
}

static void test_zap_large(void **state)
{
	guest_map(VA, BIG, 2, RW);
	guest_map(VA + SIZE_2M, BIG + 512, 2, RW);
	guest_map(ALIAS, GIB, 3, RW);
	touch(VA, PF_WRITE);
	touch(VA + SIZE_2M, PF_WRITE);
	touch(ALIAS, PF_WRITE);
	assert_int_equal(level_of(VA), 2);
	assert_int_equal(level_of(ALIAS), 3);
	zap(BIG + 511, BIG + 512, true);
	assert_int_equal(level_of(VA), 0);
	assert_int_equal(level_of(VA + SIZE_2M), 2);
	zap(GIB + 77777, GIB + 77778, false);
	assert_int_equal(level_of(ALIAS), 0);
	assert_int_equal(mapped(3), 0);
	assert_int_equal(mapped(2), 1);
}

static const struct rmap_chunk *chunk_at(gfn_t gfn)
{
	return rmap_chunk_get(&vm.mmu.shadow->rmap[0][0], gfn);
}

static bool is_used(gfn_t gfn)
{
	return chunk_at(gfn) && chunk_at(gfn)->used;
}

/*
 * 64 heads are one chunk, which stays as long as one of them is in use, and until
 * another one is looked up.
 */
static void test_chunks(void **state)
{
	for (int i = 60; i < 68; i++)
		guest_map(AWAY + PAGE(i), DATA + i, 1, RW);
	guest_map(ALIAS, DATA + 60, 1, RW);
	guest_map(ALIAS + SIZE_2M, DATA + 60, 1, RW);
	for (int i = 60; i < 68; i++)
		touch(AWAY + PAGE(i), 0);
	touch(ALIAS, 0);
	touch(ALIAS + SIZE_2M, 0);
	assert_ptr_equal(chunk_at(DATA), chunk_at(DATA + 63));
	assert_ptr_not_equal(chunk_at(DATA + 63), chunk_at(DATA + 64));
	zap(DATA + 61, DATA + 64, true);
	assert_non_null(chunk_at(DATA));
	assert_int_equal(level_of(ALIAS), 1);
	zap(DATA + 60, DATA + 61, true);
	assert_non_null(chunk_at(DATA));
	assert_false(is_used(DATA));
	assert_true(is_used(DATA + 64));
	assert_null(chunk_at(DATA));
	assert_int_equal(level_of(AWAY + PAGE(64)), 1);
	zap(DATA + 64, DATA + 68, false);
	assert_false(is_used(DATA + 64));
	/* And again, where a chunk was. */
	touch(AWAY + PAGE(60), 0);
	touch(ALIAS, 0);
	zap(DATA, DATA + 128, false);
	assert_false(is_used(DATA));
	assert_null(chunk_at(DATA + 64));
}

/* At every step the lock goes, and before it all is flushed. */
static void test_zap_yields(void **state)
{
	for (int i = 0; i < 512; i++) {
		guest_map(VA + PAGE(i), DATA + i, 1, RW);
		guest_map(AWAY + PAGE(i), DATA + i, 1, RW);
	}
	for (int i = 0; i < 512; i++) {
		touch(VA + PAGE(i), 0);
		touch(AWAY + PAGE(i), 0);
	}
	vm.flushes = 0;
	shim_yield_odds = 1;
	zap(DATA, DATA + 512, true);
	/* By pages, and by chunks of 64. */
	assert_int_equal(vm.flushes, 1 + 8);
	assert_int_equal(mapped(1), 0);
	shim_yield_odds = 0;
	for (int i = 0; i < 512; i++)
		touch(VA + PAGE(i), 0);
	shim_yield_odds = 1;
	vm.flushes = 0;
	zap(DATA, DATA + 512, false);
	assert_int_equal(vm.flushes, 1);
	assert_int_equal(mapped(1), 0);
}

/* Where a guest's table was, something else may be next time. */
static void test_zap_table(void **state)
{
	gfn_t table = guest_map(VA, DATA, 1, RW);

	touch(VA, PF_WRITE);
	assert_true(tracked_any(vm.mmu.tracked, table, 1));
	assert_true(tracked_any(vm.mmu.tracked, BASE, 1));
	zap(table, table + 1, true);
	assert_false(tracked_any(vm.mmu.tracked, table, 1));
	assert_int_equal(level_of(VA), 0);
	assert_true(mmu_root_is_current(&cpu->v));
	/* Nobody tells of this change. */
	env_mem_set(HOST + (table - BASE), 0, 8, (DATA + 9) << 12 | P | A | RW);
	touch(VA, PF_WRITE);
	vm.flushes = 0;
	zap(DATA, DATA + 1, true);
	assert_int_equal(level_of(VA), 1);
	assert_int_equal(vm.flushes, 0);
	zap(DATA + 9, DATA + 10, true);
	assert_int_equal(level_of(VA), 0);
	/* The root: no vCPU may run on it. */
	touch(VA, PF_WRITE);
	zap(BASE, BASE + 1, false);
	assert_false(mmu_root_is_current(&cpu->v));
	touch(VA, PF_WRITE);
	assert_true(can_write(VA));
}

/* The table behind the range stays; of one in it all pages go. */
static void test_zap_tables(void **state)
{
	gfn_t table = guest_map(VA, DATA, 1, RW), above = table - 1;

	/* The same table, by an entry with fewer rights. */
	entry_set(above, 1, table << 12 | P | U | A);
	touch(VA, PF_WRITE);
	touch(VA + SIZE_2M, 0);
	assert_false(can_write(VA + SIZE_2M));
	zap(above, table, true);
	assert_false(tracked_any(vm.mmu.tracked, above, 1));
	assert_true(tracked_any(vm.mmu.tracked, table, 1));
	touch(VA, PF_WRITE);
	touch(VA + SIZE_2M, 0);
	zap(table, table + 1, true);
	assert_false(tracked_any(vm.mmu.tracked, table, 1));
	assert_int_equal(level_of(VA), 0);
	assert_int_equal(level_of(VA + SIZE_2M), 0);
}

/* Two frames that are one page of userspace's: a leaf goes with the right one. */
static void test_zap_alias(void **state)
{
	const gfn_t alias = 4ull << 18;
	gfn_t table;

	world_slot_add(&vm, 0, 3, alias, 1, HOST + (DATA - BASE), 0);
	table = guest_map(VA, DATA, 1, W | U);
	touch(VA, 0);
	/* Written where nobody tells us, as an unsync table is. */
	env_mem_set(HOST + (table - BASE), 0, 8, alias << 12 | P | A | W | U);
	touch(VA, PF_WRITE);
	assert_true(can_write(VA));
	zap(DATA, DATA + 1, true);
	assert_int_equal(level_of(VA), 1);
	zap(alias, alias + 1, true);
	assert_int_equal(level_of(VA), 0);
}

static void zap_chunk(void)
{
	if (shim_self.nheld || shim_self.atomic || shim_self.rcu)
		return;
	shim_yield_hook = NULL;
	zap(DATA, DATA + 64, false);
}

/* Where the lock goes another one takes what the walk stood in. */
static void test_yield_zapped(void **state)
{
	for (int i = 0; i < 3; i++)
		guest_map(VA + PAGE(i), DATA + i * 30, 1, RW);
	for (int i = 0; i < 3; i++)
		touch(VA + PAGE(i), PF_WRITE);
	shim_yield_odds = 1;
	shim_yield_hook = zap_chunk;
	mmu_wrprot_slot(&vm.mmu, &vm.slot[0][0]->s);
	shim_yield_odds = 0;
	assert_null(shim_yield_hook);
	assert_int_equal(mapped(1), 0);
	assert_false(is_used(DATA));
}

static void test_zap_all(void **state)
{
	for (int i = 0; i < 32; i++)
		guest_map(VA + i * SIZE_2M, DATA + i, 1, RW);
	for (int i = 0; i < 32; i++)
		touch(VA + i * SIZE_2M, 0);
	shim_yield_odds = 2;
	mmu_zap_all(&vm.mmu);
	shim_yield_odds = 0;
	assert_false(mmu_root_is_current(&cpu->v));
	assert_int_equal(mapped(1), 0);
	assert_int_equal(vm.mmu.shadow->nr_pages, 0);
	touch(VA, 0);
	assert_int_equal(mapped(1), 1);
}

#define OLD_TABLES	50
#define NEW_TABLES	20

static void touch_tables(unsigned int first, unsigned int n)
{
	for (unsigned int i = first; i < first + n; i++)
		touch(VA + i * SIZE_2M, 0);
}

/* More pages come than go, and at the limit what is a root is moved behind them. */
static void crowd(void)
{
	if (shim_self.nheld || shim_self.atomic || shim_self.rcu)
		return;
	shim_yield_hook = NULL;
	shim_yield_odds = 0;
	assert_true(mmu_root_is_current(&cpu->v));
	touch_tables(OLD_TABLES, NEW_TABLES);
	mmu_page_limit_set(&vm.mmu, 0);
	assert_true(mmu_root_is_current(&cpu->v));
}

static void test_zap_all_crowded(void **state)
{
	mmu_page_limit_set(&vm.mmu, 1000);
	for (int i = 0; i < OLD_TABLES + NEW_TABLES; i++)
		guest_map(VA + i * SIZE_2M, DATA + i, 1, RW);
	/* Pages that are older than the root. */
	guest_mode(0);
	touch(PAGE(DATA), 0);
	guest_mode(CR0_PG | CR0_WP);
	touch_tables(0, OLD_TABLES);
	shim_yield_odds = 1;
	shim_yield_hook = crowd;
	mmu_zap_all(&vm.mmu);
	assert_null(shim_yield_hook);
	assert_false(mmu_root_is_current(&cpu->v));
	/* The new ones stay. */
	assert_int_equal(vm.mmu.shadow->nr_pages, NEW_TABLES);
}

/* ------------------------------------------------------------------------ */
/* Age. */

static void test_age(void **state)
{
	guest_map(VA, DATA, 1, RW);
	guest_map(ALIAS, DATA, 1, RW);
	guest_map(VA + SIZE_2M, BIG, 2, RW);
	touch(VA, 0);
	touch(ALIAS, 0);
	touch(VA + SIZE_2M, 0);
	vm.flushes = 0;
	mmu_age(&vm.mmu, 0, DATA, DATA + 1);
	assert_false(is_accessed(VA));
	assert_false(is_accessed(ALIAS));
	assert_false(mmu_is_young(&vm.mmu, 0, DATA, DATA + 1));
	assert_false(mmu_age(&vm.mmu, 0, DATA, DATA + 1));
	access_set(ALIAS);
	assert_true(mmu_is_young(&vm.mmu, 0, DATA, DATA + 1));
	assert_true(mmu_is_young(&vm.mmu, 0, DATA - 3, DATA + 3));
	assert_false(mmu_is_young(&vm.mmu, 0, DATA + 1, DATA + 2));
	assert_false(mmu_is_young(&vm.mmu, 1, DATA, DATA + 1));
	assert_true(is_accessed(ALIAS));
	assert_true(mmu_age(&vm.mmu, 0, DATA - 1, DATA + 2));
	assert_false(is_accessed(ALIAS));
	assert_int_equal(level_of(ALIAS), 1);
	/* The second of two. */
	guest_map(VA + PAGE(1), DATA + 1, 1, RW);
	touch(VA + PAGE(1), 0);
	mmu_age(&vm.mmu, 0, DATA, DATA + 2);
	access_set(VA + PAGE(1));
	assert_true(mmu_is_young(&vm.mmu, 0, DATA, DATA + 2));
	vm.flushes = 0;
	/* Any frame of a large page. */
	access_set(VA + SIZE_2M);
	assert_true(mmu_is_young(&vm.mmu, 0, BIG + 300, BIG + 301));
	assert_true(mmu_age(&vm.mmu, 0, BIG + 300, BIG + 301));
	assert_false(mmu_is_young(&vm.mmu, 0, BIG, BIG + 512));
	assert_int_equal(vm.flushes, 0);
}

/* With nx_huge_pages there are none but pages of 4 KiB, which may be executed. */
static void test_nx_huge(void **state)
{
	guest_map(VA, BIG, 2, RW);
	guest_map(ALIAS, GIB, 3, RW);
	touch(VA, PF_WRITE);
	touch(VA + PAGE(3), PF_FETCH);
	touch(ALIAS, 0);
	assert_int_equal(level_of(VA), 1);
	assert_int_equal(level_of(VA + PAGE(3)), 1);
	assert_int_equal(level_of(ALIAS), 1);
	assert_int_equal(mapped(2) + mapped(3), 0);
}

/* A bit of the answer, frame by frame. */
static bool is_wanted(const struct shadow_op *op, int level, gfn_t at, int i)
{
	u64 n = LEVEL_GFNS(level);
	gfn_t gfn = (at + i) * n, end = gfn + n;

	for (gfn = max(gfn, op->from & LEVEL_MASK(level)); gfn < end; gfn++) {
		u64 bit = gfn - op->start;

		if (gfn < op->start || gfn >= op->end)
			continue;
		if (!op->bitmap || (op->bitmap[bit / 64] >> (bit % 64) & 1))
			return true;
	}
	return false;
}

/* Which of 64 leaves an operation means, where range and bitmap begin and end anywhere. */
static void test_wanted(void **state)
{
	static unsigned long bits[64];
	u32 seed = 1;

	for (int round = 0; round < 3000; round++) {
		struct shadow_op op = { .bitmap = round % 8 ? bits : NULL };
		int level = 1 + round % 2;
		gfn_t at;

		seed = seed * 1664525 + 1013904223;
		op.start = op.from = 4096 + (seed >> 8) % 700;
		op.end = op.start + 1 + (seed >> 20) % 2000;
		for (int i = 0; i < 64; i++) {
			seed = seed * 1664525 + 1013904223;
			bits[i] = (seed >> 16) % 4 ? 0 : 1ul << (seed >> 26);
		}
		at = (op.from >> (9 * (level - 1))) & ~63ull;
		for (; at * LEVEL_GFNS(level) < op.end; at += 64) {
			unsigned long got = shadow_op_wanted(&op, level, at);

			for (int i = 0; i < 64; i++)
				assert_int_equal(got >> i & 1, is_wanted(&op, level, at, i));
			op.from = min((at + 64) * LEVEL_GFNS(level), op.end - 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wanted),
		CASE(test_zap),
		CASE(test_zap_large),
		CASE(test_chunks),
		CASE(test_zap_yields),
		CASE(test_zap_table),
		CASE(test_zap_tables),
		CASE(test_zap_alias),
		CASE(test_yield_zapped),
		CASE(test_zap_all),
		CASE(test_zap_all_crowded),
		CASE(test_age),
		CASE_NX(test_nx_huge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
