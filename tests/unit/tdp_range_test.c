// SPDX-License-Identifier: GPL-2.0-only
/*
 * What range operations do to a TDP tree, case by case: zap, write protection,
 * splitting, recovery, aging; what is flushed, and when.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "mmu/tdp/entry.h"
#include "tests/unit/tdp_world.h"

static int countdown;
static u64 *spte_to_age;

/* ------------------------------------------------------------------------ */

static void test_huge(void **state)
{
	assert_int_equal(fault(BIG + 700, PF_WRITE), MMU_FIXED);
	assert_int_equal(level_of(BIG + 700), LEVEL_2M);
	assert_int_equal(mapped(LEVEL_2M), 1);
	assert_int_equal(mapped(LEVEL_4K), 0);
	assert_int_equal(atomic_long_read(&vm.mmu.tables), 3);
}

static void test_huge_zapped_in_part(void **state)
{
	assert_int_equal(fault(BIG, PF_WRITE), MMU_FIXED);
	vm.flushes = 0;
	zap(BIG + 3, BIG + 4);
	assert_int_equal(level_of(BIG), 0);
	assert_int_equal(vm.flushes, 1);
}

static void test_zap_flushes_once(void **state)
{
	long tables;

	for (gfn_t g = 0; g < 1024; g += 16)
		assert_int_equal(fault(BASE + g, 0), MMU_FIXED);
	assert_int_equal(mapped(LEVEL_4K), 1024);
	tables = atomic_long_read(&vm.mmu.tables);
	vm.flushes = 0;
	zap(BASE, BASE + 1024);
	assert_int_equal(mapped(LEVEL_4K), 0);
	assert_int_equal(vm.flushes, 1);
	/* Both tables of 4 KiB entries went as wholes. */
	assert_int_equal(atomic_long_read(&vm.mmu.tables), tables - 2);
	zap(BASE, BASE + 1024);
	assert_int_equal(vm.flushes, 1);
}

/* Others always want the lock: the walk gets on all the same, step by step. */
static void test_zap_yields(void **state)
{
	for (gfn_t g = 0; g < 1024; g += 16)
		assert_int_equal(fault(BASE + g, 0), MMU_FIXED);
	assert_int_equal(fault(BIG, PF_WRITE), MMU_FIXED);
	vm.flushes = 0;
	shim_yield_odds = 1;
	zap(BASE + 1, BASE + 1023);
	shim_yield_odds = 0;
	assert_in_range(vm.flushes, 16, 1022);
	assert_int_equal(mapped(LEVEL_4K), 2);
	assert_int_equal(mapped(LEVEL_2M), 1);
}

/* A GiB that goes leaves no table behind that would keep 1 GiB leaves out. */
static void test_zap_gib(void **state)
{
	host_make(&vm.host, 77, 1, PRESENT);
	host_make(&vm.host, 7777, 1, PRESENT);
	world_slot_add(&vm, 0, 2, HOLE, 1 << 18, 0, 0);
	assert_int_equal(fault(HOLE + 77, 0), MMU_FIXED);
	assert_int_equal(fault(HOLE + 7777, 0), MMU_FIXED);
	assert_int_equal(atomic_long_read(&vm.mmu.tables), 5);
	zap(HOLE + 1, HOLE + (1 << 18));
	assert_int_equal(atomic_long_read(&vm.mmu.tables), 4);
	assert_int_equal(fault(HOLE + 7777, 0), MMU_FIXED);
	zap(HOLE, HOLE + (1 << 18));
	assert_int_equal(atomic_long_read(&vm.mmu.tables), 2);
	host_make(&vm.host, 0, 3, PRESENT);
	assert_int_equal(fault(HOLE + 77, 0), MMU_FIXED);
	assert_int_equal(level_of(HOLE + 77), LEVEL_1G);
}

/* Who finds nothing must flush while somebody else's flush is pending. */
static void test_others_unflushed(void **state)
{
	assert_int_equal(fault(BASE, 0), MMU_FIXED);
	vm.flushes = 0;
	atomic_inc(&vm.mmu.unflushed);
	zap(BASE + 512, BASE + 513);
	assert_int_equal(vm.flushes, 1);
	atomic_dec(&vm.mmu.unflushed);
	zap(BASE + 512, BASE + 513);
	assert_int_equal(vm.flushes, 1);
}

static void test_log_splits_first(void **state)
{
	long allocs;

	assert_int_equal(fault(BIG, PF_WRITE), MMU_FIXED);
	assert_int_equal(fault(BIG + 512, PF_WRITE), MMU_FIXED);
	vm.flushes = 0;
	world_log_on(&vm, 0, 1, false);
	assert_int_equal(vm.flushes, 1);
	assert_int_equal(mapped(LEVEL_2M), 0);
	assert_int_equal(mapped(LEVEL_4K), 1024);
	allocs = shim_allocs;
	assert_int_equal(fault(BIG + 9, PF_WRITE), MMU_FIXED);
	assert_int_equal(shim_allocs, allocs);
	assert_true(can_write(BIG + 9));
	assert_false(can_write(BIG + 8));
	/* Off again: the guest's next touch maps 2 MiB. */
	world_log_off(&vm, 0, 1, true);
	assert_int_equal(mapped(LEVEL_4K), 0);
	assert_int_equal(fault(BIG + 9, PF_WRITE), MMU_FIXED);
	assert_int_equal(level_of(BIG), LEVEL_2M);
}

static void test_log_without_memory(void **state)
{
	assert_int_equal(fault(BIG, PF_WRITE), MMU_FIXED);
	assert_int_equal(fault(BIG + 512, PF_WRITE), MMU_FIXED);
	shim_fail_odds = 1;
	world_log_on(&vm, 0, 1, false);
	shim_fail_odds = 0;
	assert_int_equal(mapped(LEVEL_2M), 2);
	assert_false(can_write(BIG));
	assert_false(can_write(BIG + 512));
	/* The write splits. */
	assert_int_equal(fault(BIG + 7, PF_WRITE), MMU_FIXED);
	assert_true(can_write(BIG + 7));
	assert_int_equal(mapped(LEVEL_2M), 1);
	assert_int_equal(mapped(LEVEL_4K), 512);
}

static void age_at_step(void)
{
	if (!countdown || --countdown)
		return;
	shim_nested++;
	__atomic_fetch_and(spte_to_age, ~vm.mmu.config->accessed,
			   __ATOMIC_SEQ_CST);
	shim_nested--;
}

/* A large leaf that is protected for the log, there being no memory to split. */
static void unsplit_make(void)
{
	int level;

	world_log_off(&vm, 0, 1, true);
	assert_int_equal(fault(BIG, PF_WRITE), MMU_FIXED);
	shim_fail_odds = 1;
	world_log_on(&vm, 0, 1, false);
	shim_fail_odds = 0;
	spte_to_age = spte_at(BIG, &level);
	assert_int_equal(level, LEVEL_2M);
}

/* A split that another one's change undoes: its table is in reserve, empty. */
static void test_lost_split(void **state)
{
	int step, lost = 0;
	u64 *table;

	world_log_on(&vm, 0, 1, false);
	for (step = 1; step < 60; step++) {
		unsplit_make();
		countdown = step;
		shim_step_hook = age_at_step;
		if (fault(BIG + 7, PF_WRITE) == MMU_RETRY) {
			lost++;
			table = cpu->v.cache.table[cpu->v.cache.n - 1];
			for (unsigned int i = 0; i < PT_ENTRIES; i++)
				assert_true(table[i] == 0);
		}
		shim_step_hook = NULL;
		if (countdown)
			break;
	}
	assert_true(lost > 0 && step < 60);
}

static void test_bitmap(void **state)
{
	unsigned long bits[16] = { };

	for (gfn_t g = 0; g < 1024; g += 16)
		assert_int_equal(fault(BASE + g, 0), MMU_FIXED);
	assert_int_equal(fault(BIG, PF_WRITE), MMU_FIXED);
	vm.flushes = 0;
	bits[0] = 1ul << 63;
	bits[3] = 5;
	bits[15] = 1ul << 63 | 1;
	mmu_wrprot_bitmap(&vm.mmu, &vm.slot[0][0]->s, 0, bits, 1024);
	assert_int_equal(vm.flushes, 1);
	for (int i = 0; i < 1024; i++)
		assert_int_equal(can_write(BASE + i),
				 !(bits[i / 64] >> (i % 64) & 1));
	/* Nothing to take away, nothing to flush. */
	mmu_wrprot_bitmap(&vm.mmu, &vm.slot[0][0]->s, 0, bits, 1024);
	assert_int_equal(vm.flushes, 1);
	/* A large leaf is split, and keeps what was not asked for. */
	mmu_wrprot_bitmap(&vm.mmu, &vm.slot[0][1]->s, 64, bits, 256);
	assert_int_equal(vm.flushes, 2);
	for (int i = 0; i < 512; i++)
		assert_int_equal(can_write(BIG + i),
				 i != 127 && i != 256 && i != 258);
}

/* Many small parts, one flush; who comes between does not believe the entries. */
static void test_parts(void **state)
{
	unsigned long bits[2] = { 1ul << 63 | 1, 2 };

	for (gfn_t g = 0; g < 1024; g += 16)
		assert_int_equal(fault(BASE + g, 0), MMU_FIXED);
	assert_int_equal(fault(BIG, PF_WRITE), MMU_FIXED);
	vm.flushes = 0;
	mmu_wrprot_begin(&vm.mmu);
	mmu_wrprot_part(&vm.mmu, &vm.slot[0][0]->s, 64, bits, 66);
	mmu_wrprot_part(&vm.mmu, &vm.slot[0][0]->s, 512, bits, 64);
	mmu_wrprot_part(&vm.mmu, &vm.slot[0][1]->s, 0, bits, 128);
	assert_int_equal(vm.flushes, 0);
	mmu_wrprot_bitmap(&vm.mmu, &vm.slot[0][0]->s, 64, bits, 66);
	assert_int_equal(vm.flushes, 1);
	mmu_wrprot_part(&vm.mmu, &vm.slot[0][0]->s, 704, bits, 64);
	assert_int_equal(vm.flushes, 1);
	/* nor who is going to shadow a table */
	write_lock(&vm.mmu.lock);
	assert_true(tdp_track(&vm.mmu, cpu->v.root, BASE + 704));
	write_unlock(&vm.mmu.lock);
	mmu_wrprot_end(&vm.mmu);
	assert_int_equal(vm.flushes, 2);
	assert_int_equal(fault(BASE + 512, PF_WRITE), MMU_FIXED);
	write_lock(&vm.mmu.lock);
	assert_false(tdp_track(&vm.mmu, cpu->v.root, BASE + 512 + 63));
	assert_true(tdp_track(&vm.mmu, cpu->v.root, BASE + 512));
	write_unlock(&vm.mmu.lock);
	mmu_env_flush(&vm.mmu, BASE + 512, 1);
	vm.flushes--;
	for (int i = 0; i < 1024; i++)
		assert_int_equal(can_write(BASE + i),
				 i != 64 && i != 127 && i != 129 && i != 512 &&
				 i != 575 && i != 704 && i != 767);
	for (int i = 0; i < 512; i++)
		assert_int_equal(can_write(BIG + i), i != 0 && i != 63 && i != 65);
	mmu_wrprot_bitmap(&vm.mmu, &vm.slot[0][0]->s, 64, bits, 66);
	assert_int_equal(vm.flushes, 2);
}

/* Two slots share a table of leaves, and 64 leaves in it. */
static void test_protect_ends_with_slot(void **state)
{
	unsigned long bits = ~0ul;

	world_slot_add(&vm, 0, 2, HOLE, 10, HOST, 0);
	world_slot_add(&vm, 0, 3, HOLE + 10, 10, HOST + 10, 0);
	assert_int_equal(fault(HOLE + 9, PF_WRITE), MMU_FIXED);
	assert_int_equal(fault(HOLE + 10, PF_WRITE), MMU_FIXED);
	mmu_wrprot_bitmap(&vm.mmu, &vm.slot[0][2]->s, 0, &bits, 10);
	assert_false(can_write(HOLE + 9));
	assert_true(can_write(HOLE + 10));
	assert_int_equal(fault(HOLE + 9, PF_WRITE), MMU_FIXED);
	world_log_on(&vm, 0, 2, false);
	assert_false(can_write(HOLE + 9));
	assert_true(can_write(HOLE + 10));
}

/* ------------------------------------------------------------------------ */
/* Tables that go while no invalidation keeps faults out. */

/* 4 KiB entries where a large one could be; only a frame's own is empty. */
static u64 *small_table_make(gfn_t empty)
{
	int level;

	assert_int_equal(fault(BIG, PF_WRITE), MMU_FIXED);
	world_log_on(&vm, 0, 1, false);
	assert_int_equal(level_of(BIG), LEVEL_4K);
	vm.slot[0][1]->s.flags = 0;
	zap(empty, empty + 1);
	return spte_at(empty, &level);
}

static void recover(void)
{
	mmu_recover_slot(&vm.mmu, &vm.slot[0][1]->s);
}

/* A GiB whose pages the host has in 2 MiB, but for one: only that one stays. */
static void test_recover_asks_the_host(void **state)
{
	for (u64 page = 0; page < 1 << 18; page += 512)
		host_make(&vm.host, page, 2, PRESENT);
	host_make(&vm.host, 1000, 1, PRESENT);
	world_slot_add(&vm, 0, 2, HOLE, 1 << 18, 0, 0);
	assert_int_equal(fault(HOLE + 1000, PF_WRITE), MMU_FIXED);
	assert_int_equal(fault(HOLE + 2000, PF_WRITE), MMU_FIXED);
	assert_int_equal(level_of(HOLE + 2000), LEVEL_2M);
	world_log_on(&vm, 0, 2, false);
	assert_int_equal(level_of(HOLE + 2000), LEVEL_4K);
	world_log_off(&vm, 0, 2, true);
	assert_int_equal(level_of(HOLE + 1000), LEVEL_4K);
	assert_int_equal(level_of(HOLE + 2000), 0);
}

static u64 *frozen;
static int steps_broken;

/* Until the flush nobody may put anything into the entry. */
static void watch(void)
{
	u64 spte = __atomic_load_n(frozen, __ATOMIC_SEQ_CST);

	if (vm.flushes)
		return;
	if (!spte_is_table(vm.mmu.config, spte, LEVEL_2M)) {
		assert_true(spte == SPTE_FROZEN);
		steps_broken++;
	}
}

static void test_recover_breaks_first(void **state)
{
	u64 spte;

	small_table_make(BIG + 5);
	frozen = spte_table_of(vm.mmu.config,
			       cpu->v.root->table[BIG >> 27]);
	spte = frozen[(BIG >> 18) & 511];
	frozen = spte_table_of(vm.mmu.config, spte);
	assert_true(spte_is_table(vm.mmu.config, *frozen, LEVEL_2M));
	vm.flushes = 0;
	steps_broken = 0;
	shim_step_hook = watch;
	recover();
	shim_step_hook = NULL;
	assert_true(steps_broken > 500);
	assert_int_equal(vm.flushes, 1);
	assert_true(*frozen == 0);
}

/* Another thread recovers the slot at one step of ours. */
static void recover_at_step(void)
{
	struct shim_thread self = shim_self;

	if (!countdown || --countdown || self.nheld > 1)
		return;
	shim_nested++;
	memset(&shim_self, 0, sizeof(shim_self));
	recover();
	shim_self = self;
	shim_nested--;
}

static void test_fault_in_dead_table(void **state)
{
	int step, retries = 0;

	for (step = 1; step < 200; step++) {
		small_table_make(BIG + 5);
		countdown = step;
		shim_step_hook = recover_at_step;
		if (fault(BIG + 5, PF_WRITE) == MMU_RETRY)
			retries++;
		shim_step_hook = NULL;
		/* Nothing was put where nobody finds it. */
		mmu_check(&vm.mmu);
		world_check(&vm, true);
		zap(BIG, BIG + 512);
		assert_int_equal(mapped(LEVEL_4K) + mapped(LEVEL_2M), 0);
		world_slot_del(&vm, 0, 1);
		world_slot_add(&vm, 0, 1, BIG, 2048, HOST + 2048, 0);
		if (countdown)
			break;
	}
	assert_true(retries > 0 && step < 200);
}

/* ------------------------------------------------------------------------ */

static void test_aging(void **state)
{
	assert_int_equal(fault(BASE, 0), MMU_FIXED);
	assert_int_equal(fault(BIG, 0), MMU_FIXED);
	vm.flushes = 0;
	assert_false(mmu_is_young(&vm.mmu, 0, BASE + 1, BASE + 512));
	assert_true(mmu_is_young(&vm.mmu, 0, BASE, BASE + 1));
	assert_true(mmu_age(&vm.mmu, 0, BASE, BASE + 512));
	assert_false(mmu_age(&vm.mmu, 0, BASE, BASE + 512));
	assert_true(mmu_age(&vm.mmu, 0, BIG + 511, BIG + 513));
	assert_false(mmu_is_young(&vm.mmu, 0, BIG, BIG + 1));
	assert_int_equal(vm.flushes, 0);
	assert_int_equal(mapped(LEVEL_4K), 16);
}

/* No accessed bits: the leaf goes, and so must the TLB's. */
static void test_aging_ept(void **state)
{
	assert_int_equal(fault(BIG, 0), MMU_FIXED);
	vm.flushes = 0;
	assert_true(mmu_age(&vm.mmu, 0, BIG, BIG + 1));
	assert_int_equal(mapped(LEVEL_2M), 0);
	assert_int_equal(vm.flushes, 1);
	assert_false(mmu_age(&vm.mmu, 0, BIG, BIG + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_huge),
		CASE(test_huge_zapped_in_part),
		CASE(test_zap_flushes_once),
		CASE(test_zap_yields),
		CASE(test_zap_gib),
		CASE(test_others_unflushed),
		CASE(test_log_splits_first),
		CASE(test_log_without_memory),
		CASE(test_lost_split),
		CASE(test_bitmap),
		CASE(test_parts),
		CASE(test_protect_ends_with_slot),
		CASE(test_recover_asks_the_host),
		CASE(test_recover_breaks_first),
		CASE(test_fault_in_dead_table),
		CASE(test_aging),
		CASE_EPT(test_aging_ept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
