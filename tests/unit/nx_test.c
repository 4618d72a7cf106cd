// SPDX-License-Identifier: GPL-2.0-only
/*
 * Large pages that may not be executed, on a TDP tree, case by case: what a fetch splits,
 * how that is counted, how it comes back, and how the rule changes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "mmu/base/tracked.h"
#include "mmu/mmu_stat.h"
#include "tests/unit/tdp_world.h"

#define PAGE_OF(n)	(BIG + (n) * LEVEL_GFNS(LEVEL_2M))
#define PAGES		4

static void splits_are(unsigned long n)
{
	assert_int_equal(mmu_nx_splits(&vm.mmu), n);
	mmu_check(&vm.mmu);
}

static void fetch(gfn_t gfn)
{
	assert_int_equal(fault(gfn, PF_FETCH), MMU_FIXED);
	assert_true(can_execute(gfn));
}

static void recover(unsigned long n)
{
	env_srcu_lock(&vm);
	mmu_nx_recover(&vm.mmu, n);
	env_srcu_unlock(&vm);
}

/*
 * Large leaves cannot be executed; a fetch splits the one that it meets, and what is in
 * the way down only.
 */
static void test_splits(void **state)
{
	const gfn_t next = PAGE_OF(1);

	assert_int_equal(fault(BIG, PF_WRITE), MMU_FIXED);
	assert_int_equal(fault(next, 0), MMU_FIXED);
	assert_int_equal(level_of(BIG), LEVEL_2M);
	assert_true(can_write(BIG) && !can_execute(BIG) && !can_execute(next));
	fetch(BIG + 5);
	assert_int_equal(level_of(BIG), LEVEL_4K);
	assert_true(can_write(BIG + 5));
	assert_true(can_execute(BIG) && can_execute(next - 1));
	assert_int_equal(mapped(LEVEL_4K), 512);
	assert_int_equal(mapped(LEVEL_2M), 1);
	assert_int_equal(level_of(next), LEVEL_2M);
	/* Where nothing is, a fetch maps no large leaf. */
	zap(BIG, next);
	fetch(BIG + 5);
	assert_int_equal(level_of(BIG + 5), LEVEL_4K);
	/* What is 4 KiB anyway, is not concerned. */
	assert_int_equal(fault(BASE, 0), MMU_FIXED);
	assert_true(can_execute(BASE));
}

/* The pieces of a leaf of 1 GiB that are leaves of 2 MiB are none to execute, either. */
static void test_pieces(void **state)
{
	const u32 how = LEAF_WRITE | LEAF_NO_EXEC;
	const struct mmu_config *cfg = vm.mmu.config;
	u64 giant = spte_leaf(cfg, LEVEL_1G, 1ull << 18, how);
	u64 large, small, table[PT_ENTRIES];

	pt_split(cfg, table, giant, LEVEL_1G);
	large = table[3];
	pt_split(cfg, table, large, LEVEL_2M);
	small = table[3];
	assert_true(large == spte_leaf(cfg, LEVEL_2M, (1ull << 18) + 3 * 512, how));
	assert_true(small == spte_leaf(cfg, LEVEL_4K, (1ull << 18) + 3 * 512 + 3,
				       LEAF_WRITE));
	assert_false(spte_allows(cfg, giant, PF_FETCH));
	assert_false(spte_allows(cfg, large, PF_FETCH));
	assert_true(spte_allows(cfg, small, PF_FETCH) && spte_allows(cfg, giant, PF_WRITE));
	/* EPT: bit 2 allows it (SDM vol. 3, table 29-6); NPT: bit 63 does not. */
	assert_true(cfg->second == MMU_SECOND_EPT ? !(large & 4) && (small & 4) :
						    large >> 63 && !(small >> 63));
	/* One that may be executed keeps that in all its pieces. */
	pt_split(cfg, table, spte_leaf(cfg, LEVEL_1G, 0, LEAF_WRITE), LEVEL_1G);
	assert_true(table[3] == spte_leaf(cfg, LEVEL_2M, 3 * 512, LEAF_WRITE));
	pt_split(cfg, table, table[3], LEVEL_2M);
	assert_true(table[3] == spte_leaf(cfg, LEVEL_4K, 3 * 512 + 3, LEAF_WRITE));
}

/* ------------------------------------------------------------------------ */
/* What is counted. */

static void test_counted(void **state)
{
	assert_int_equal(fault(BIG, 0), MMU_FIXED);
	splits_are(0);
	fetch(BIG + 5);
	splits_are(1);
	assert_int_equal(vm.nx_splits, 1);
	/* What is there already, and what is no fetch. */
	fetch(BIG + 5);
	fetch(BIG + 77);
	assert_int_equal(fault(BIG + 99, PF_WRITE), MMU_FIXED);
	assert_int_equal(fault(PAGE_OF(1), PF_WRITE), MMU_FIXED);
	splits_are(1);
	/* Where there was nothing. */
	fetch(PAGE_OF(2) + 3);
	splits_are(2);
	/* Another hole in it. */
	zap(PAGE_OF(2), PAGE_OF(2) + 8);
	fetch(PAGE_OF(2) + 3);
	splits_are(2);
	/* Who has been told once is told again when all had gone. */
	assert_int_equal(vm.nx_splits, 1);
	zap(BIG, PAGE_OF(PAGES));
	splits_are(0);
	fetch(BIG);
	splits_are(1);
	assert_int_equal(vm.nx_splits, 2);
}

/* Nothing is refused where no large page could be. */
static void test_not_counted(void **state)
{
	/* The host's pages are small; so is what of one lies in a slot. */
	fetch(BASE + 7);
	splits_are(0);
	world_slot_del(&vm, 0, 1);
	world_slot_add(&vm, 0, 1, BIG, 1024 + 256, HOST + 2048, 0);
	fetch(PAGE_OF(2));
	splits_are(0);
	fetch(PAGE_OF(1));
	splits_are(1);
	/* Frame and address disagree. */
	world_slot_move(&vm, 0, 1, BIG + 1);
	splits_are(0);
	fetch(PAGE_OF(1));
	splits_are(0);
	/* The log is on. */
	world_slot_move(&vm, 0, 1, BIG);
	world_log_on(&vm, 0, 1, false);
	fetch(BIG);
	splits_are(0);
}

static void test_where_tables_are(void **state)
{
	struct mmu_tracked tracked;

	/* One of L1's, which shadow pages stand for. */
	xa_init(&tracked.table);
	assert_int_equal(xa_err(xa_store(&tracked.table, PAGE_OF(1) + 9, &tracked,
					 GFP_KERNEL)), 0);
	vm.mmu.tracked = &tracked;
	fetch(PAGE_OF(1));
	splits_are(0);
	fetch(BIG);
	splits_are(1);
	vm.mmu.tracked = NULL;
	xa_destroy(&tracked.table);
}

/* No table, no count: neither without memory nor after a lost race. */
static void test_no_memory(void **state)
{
	assert_int_equal(fault(BIG, 0), MMU_FIXED);
	mmu_vcpu_trim(&cpu->v);
	shim_fail_at = shim_allocs + 1;
	assert_int_equal(fault(BIG, PF_FETCH), MMU_ERROR);
	splits_are(0);
	assert_int_equal(level_of(BIG), LEVEL_2M);
	fetch(BIG);
	splits_are(1);
	/* To recover takes none. */
	shim_fail_odds = 1;
	recover(1);
	shim_fail_odds = 0;
	splits_are(0);
}

static u64 *spte_lost;

static void lose(void)
{
	if (!spte_lost || !cpu->v.cache.n)
		return;
	shim_nested++;
	__atomic_store_n(spte_lost, 0, __ATOMIC_SEQ_CST);
	shim_nested--;
	spte_lost = NULL;
	atomic_long_dec(&vm.mmu.mapped[LEVEL_2M]);
}

static void test_lost_race(void **state)
{
	int level;

	assert_int_equal(fault(BIG, 0), MMU_FIXED);
	spte_lost = spte_at(BIG, &level);
	assert_int_equal(cache_fill(&cpu->v.cache, 1), 0);
	shim_step_hook = lose;
	fault(BIG, PF_FETCH);
	shim_step_hook = NULL;
	assert_null(spte_lost);
	mmu_check(&vm.mmu);
	fetch(BIG);
	splits_are(1);
}

/* What is decided about the whole page holds for the whole page. */
static void test_invalidated(void **state)
{
	mmu_invalidate_begin(&vm.mmu, BIG + 100, BIG + 101);
	assert_int_equal(fault(BIG, PF_FETCH), MMU_RETRY);
	mmu_invalidate_end(&vm.mmu);
	splits_are(0);
	fetch(BIG);
	splits_are(1);
}

/* The page is zapped: as a whole, in pieces, without yielding, with its slot, at the end. */
static void test_zapped(void **state)
{
	fetch(BIG);
	fetch(PAGE_OF(1));
	zap(BIG + 1, PAGE_OF(1) - 1);
	splits_are(2);
	zap(BIG, PAGE_OF(1));
	splits_are(1);
	fetch(BIG);
	mmu_invalidate_begin(&vm.mmu, BIG, BIG + (1ull << 18));
	mmu_zap(&vm.mmu, 0, BIG, BIG + (1ull << 18), false);
	mmu_invalidate_end(&vm.mmu);
	splits_are(0);
	fetch(BIG);
	fetch(PAGE_OF(1));
	world_slot_del(&vm, 0, 1);
	splits_are(0);
	world_slot_add(&vm, 0, 1, BIG, 2048, HOST + 2048, 0);
	fetch(BIG);
	world_zap_all(&vm, NULL);
	/* They are there as long as the root is. */
	splits_are(1);
	assert_int_equal(world_enter(cpu), 0);
	splits_are(0);
	fetch(BIG);
}

/* ------------------------------------------------------------------------ */
/* Recovery. */

/* A read shows of what size a page is now. */
static void page_is(gfn_t gfn, int level)
{
	assert_int_equal(fault(gfn, 0), MMU_FIXED);
	assert_int_equal(level_of(gfn), level);
}

static void test_recovered(void **state)
{
	u64 error;

	assert_true(world_access(cpu, BIG << 12, PF_FETCH));
	fetch(PAGE_OF(1));
	splits_are(2);
	vm.flushes = 0;
	recover(0);
	splits_are(2);
	assert_int_equal(vm.flushes, 0);
	recover(2);
	splits_are(0);
	assert_int_equal(vm.flushes, 1);
	/* Nothing is left of it, in no TLB either. */
	assert_int_equal(level_of(BIG), 0);
	assert_false(map_access(cpu, BIG << 12, PF_FETCH, &error));
	page_is(BIG, LEVEL_2M);
	assert_false(can_execute(BIG));
	page_is(PAGE_OF(1), LEVEL_2M);
	/* A fetch comes first again. */
	fetch(BIG + 3);
	recover(9);
	fetch(BIG + 3);
	splits_are(1);
	assert_int_equal(level_of(BIG + 3), LEVEL_4K);
	/* No more than there is. */
	recover(9);
	vm.flushes = 0;
	recover(9);
	assert_int_equal(vm.flushes, 0);
}

/* Tables that are there for another reason stay. */
static void test_others_stay(void **state)
{
	assert_int_equal(fault(BASE, 0), MMU_FIXED);
	fetch(BASE + 5);
	fetch(BIG);
	recover(9);
	assert_int_equal(level_of(BASE), LEVEL_4K);
	assert_int_equal(level_of(BIG), 0);
}

static void split_all(void)
{
	for (int i = 0; i < PAGES; i++)
		fetch(PAGE_OF(i));
}

/* Which of the pages are split? */
static unsigned int split_now(void)
{
	unsigned int mask = 0;

	for (int i = 0; i < PAGES; i++)
		mask |= (level_of(PAGE_OF(i)) == LEVEL_4K) << i;
	return mask;
}

/* Round and round, so that none waits longer than the others. */
static void test_in_turn(void **state)
{
	split_all();
	recover(1);
	assert_int_equal(split_now(), 0xe);
	fetch(BIG);
	recover(1);
	assert_int_equal(split_now(), 0xd);
	recover(2);
	assert_int_equal(split_now(), 0x1);
	fetch(PAGE_OF(3));
	/* The first one is next, behind the end. */
	recover(1);
	assert_int_equal(split_now(), 0x8);
	split_all();
	/* From the second one round to the first. */
	recover(4);
	assert_int_equal(split_now(), 0);
	splits_are(0);
}

/* Every slot of both address spaces has its turn. */
static void test_spaces(void **state)
{
	struct env_vcpu *smm = world_vcpu_add(&vm, 1), *first = cpu;

	world_slot_add(&vm, 1, 0, BIG, 512, HOST + 2048, 0);
	world_slot_add(&vm, 0, 2, HOLE, 1024, HOST + 2048, 0);
	mmu_space_set(&smm->v, 1);
	assert_int_equal(world_enter(smm), 0);
	cpu = smm;
	fetch(BIG);
	cpu = first;
	fetch(PAGE_OF(3));
	fetch(HOLE + 512);
	splits_are(3);
	recover(1);
	assert_int_equal(split_now(), 0);
	assert_int_equal(level_of(HOLE + 512), LEVEL_4K);
	recover(1);
	assert_int_equal(level_of(HOLE + 512), 0);
	splits_are(1);
	fetch(PAGE_OF(3));
	recover(1);
	assert_int_equal(split_now(), 0x8);
	cpu = smm;
	assert_int_equal(level_of(BIG), 0);
	cpu = first;
	splits_are(1);
	recover(1);
	splits_are(0);
}

/* Under the log the pieces are what is wanted. */
static void test_logged(void **state)
{
	split_all();
	world_log_on(&vm, 0, 1, false);
	splits_are(PAGES);
	recover(9);
	splits_are(PAGES);
	assert_int_equal(split_now(), 0xf);
	/* Its end brings back what could be large, whoever has split it. */
	world_log_off(&vm, 0, 1, true);
	splits_are(0);
	page_is(BIG, LEVEL_2M);
	world_log_on(&vm, 0, 1, false);
	fetch(BIG);
	fetch(PAGE_OF(1));
	splits_are(0);
	/* Or what does so comes later. */
	world_log_off(&vm, 0, 1, false);
	fetch(PAGE_OF(2));
	splits_are(1);
	recover(9);
	splits_are(0);
	assert_int_equal(split_now(), 3);
}

/* Others always want the lock. */
static void test_yields(void **state)
{
	split_all();
	vm.flushes = 0;
	shim_yield_odds = 1;
	recover(PAGES);
	shim_yield_odds = 0;
	splits_are(0);
	assert_int_equal(vm.flushes, PAGES);
}

static void giant_make(void)
{
	host_make(&vm.host, 0, 3, PRESENT);
	world_slot_add(&vm, 0, 2, HOLE, 1 << 18, 0, 0);
	page_is(HOLE, LEVEL_1G);
	assert_false(can_execute(HOLE));
}

/* Of 1 GiB both tables are counted; the upper one goes when no fetch needs it any more. */
static void test_giant(void **state)
{
	giant_make();
	fetch(HOLE + 5);
	splits_are(2);
	assert_int_equal(level_of(HOLE + 512), LEVEL_2M);
	assert_false(can_execute(HOLE + 512));
	fetch(HOLE + 512 * 7);
	splits_are(3);
	recover(1);
	splits_are(2);
	page_is(HOLE + 5, LEVEL_2M);
	/* A fetch in between. */
	fetch(HOLE + 5);
	recover(3);
	splits_are(1);
	page_is(HOLE + 512 * 7, LEVEL_2M);
	recover(1);
	splits_are(0);
	page_is(HOLE + 512 * 7, LEVEL_1G);
	assert_int_equal(mapped(LEVEL_1G), 1);
	assert_int_equal(mapped(LEVEL_2M), 0);
	/* The upper one goes with all that is below it. */
	fetch(HOLE + 5);
	fetch(HOLE + 512 * 7);
	zap(HOLE, HOLE + (1 << 18));
	splits_are(0);
}

/* ------------------------------------------------------------------------ */
/* The rule changes. */

static void test_rule_off(void **state)
{
	page_is(BIG, LEVEL_2M);
	fetch(PAGE_OF(1));
	world_nx_set(&vm, false);
	assert_int_equal(world_enter(cpu), 0);
	splits_are(0);
	assert_int_equal(level_of(BIG), 0);
	fetch(BIG);
	assert_int_equal(level_of(BIG), LEVEL_2M);
	assert_int_equal(fault(PAGE_OF(1), 0), MMU_FIXED);
	assert_true(can_execute(PAGE_OF(1)));
	splits_are(0);
	world_nx_set(&vm, true);
	assert_int_equal(world_enter(cpu), 0);
	assert_int_equal(level_of(BIG), 0);
	page_is(BIG, LEVEL_2M);
	assert_false(can_execute(BIG));
	fetch(BIG);
	splits_are(1);
}

/* What is as it was costs nothing. */
static void test_rule_same(void **state)
{
	page_is(BIG, LEVEL_2M);
	world_nx_set(&vm, true);
	assert_true(mmu_root_is_current(&cpu->v));
	cpu->out = false;
	assert_int_equal(level_of(BIG), LEVEL_2M);
}

/* An obsolete root whose vCPU does not come by has its tables, and may lose them. */
static void test_rule_waits(void **state)
{
	fetch(BIG);
	world_nx_set(&vm, false);
	splits_are(1);
	recover(1);
	splits_are(0);
}

static bool rule_next;
static int gaps;

/* The page has been looked up, or its size has: the rule changes. */
static void rule_change(void)
{
	if (gaps-- != 0)
		return;
	env_gap_hook = NULL;
	world_nx_set(&vm, rule_next);
}

/* Whoever has decided by the old rule maps nothing. */
static void test_rule_race(void **state)
{
	enum mmu_result r;
	int tried;

	for (tried = 0; tried < 8; tried++) {
		rule_next = tried & 1;
		world_nx_set(&vm, !rule_next);
		assert_int_equal(world_enter(cpu), 0);
		zap(BIG, BIG + 512);
		gaps = tried / 2;
		env_gap_hook = rule_change;
		r = fault(BIG, 0);
		if (env_gap_hook)
			break;
		assert_int_equal(r, MMU_RETRY);
		assert_int_equal(mapped(LEVEL_2M), 0);
		assert_int_equal(world_enter(cpu), 0);
		page_is(BIG, LEVEL_2M);
		assert_int_equal(can_execute(BIG), !rule_next);
	}
	/* mmu_env_pfn() has two gaps, mmu_env_host_level() one. */
	assert_int_equal(tried, 6);
	env_gap_hook = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_NX(test_splits),
		CASE_NX(test_pieces),
		CASE_NX(test_counted),
		CASE_NX(test_not_counted),
		CASE_NX(test_where_tables_are),
		CASE_NX(test_no_memory),
		CASE_NX(test_lost_race),
		CASE_NX(test_invalidated),
		CASE_NX(test_zapped),
		CASE_NX(test_recovered),
		CASE_NX(test_others_stay),
		CASE_NX(test_in_turn),
		CASE_NX(test_spaces),
		CASE_NX(test_logged),
		CASE_NX(test_yields),
		CASE_NX(test_giant),
		CASE_NX(test_rule_off),
		CASE_NX(test_rule_same),
		CASE_NX(test_rule_waits),
		CASE_NX(test_rule_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
