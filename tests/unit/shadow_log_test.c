// SPDX-License-Identifier: GPL-2.0-only
/* The dirty log and shadow pages: write protection, splitting (R8), recovery. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/shadow_case.h"

static void test_protect(void **state)
{
	for (int i = 0; i < 16; i++)
		guest_map(VA + PAGE(i), DATA + i, 1, RW);
	guest_map(ALIAS, DATA + 3, 1, RW);
	for (int i = 0; i < 16; i++)
		touch(VA + PAGE(i), PF_WRITE);
	touch(ALIAS, PF_WRITE);
	vm.flushes = 0;
	world_log_on(&vm, 0, 0, false);
	assert_int_equal(vm.flushes, 1);
	for (int i = 0; i < 16; i++) {
		assert_int_equal(level_of(VA + PAGE(i)), 1);
		assert_false(can_write(VA + PAGE(i)));
	}
	assert_false(can_write(ALIAS));
	touch(VA + PAGE(3), PF_WRITE);
	assert_true(can_write(VA + PAGE(3)));
	assert_false(can_write(ALIAS));
}

/* R8: writes after the log was turned on find entries of 4 KiB. */
static void test_split(void **state)
{
	long allocs, pages;

	for (int i = 0; i < 2; i++) {
		guest_map(VA + i * SIZE_2M, BIG + i * 512, 2, RW);
		touch(VA + i * SIZE_2M, PF_WRITE);
		assert_int_equal(level_of(VA + i * SIZE_2M), 2);
	}
	vm.flushes = 0;
	world_log_on(&vm, 0, 1, false);
	assert_int_equal(vm.flushes, 1);
	assert_int_equal(mapped(2), 0);
	assert_int_equal(mapped(1), 1024);
	for (int i = 0; i < 1024; i++) {
		assert_int_equal(level_of(VA + PAGE(i)), 1);
		assert_false(can_write(VA + PAGE(i)));
	}
	/* The fault finds the page that it would have made. */
	pages = vm.mmu.shadow->nr_pages;
	allocs = shim_allocs;
	touch(VA + PAGE(9), PF_WRITE);
	assert_int_equal(shim_allocs, allocs);
	assert_int_equal(vm.mmu.shadow->nr_pages, pages);
	assert_int_equal(mapped(1), 1024);
	assert_true(can_write(VA + PAGE(9)));
	assert_false(can_write(VA + PAGE(8)));
	/* Off again: the next touch maps 2 MiB. */
	world_log_off(&vm, 0, 1, true);
	assert_int_equal(mapped(1), 0);
	assert_int_equal(vm.mmu.shadow->nr_pages, pages - 2);
	touch(VA + PAGE(9), PF_WRITE);
	assert_int_equal(level_of(VA), 2);
	assert_true(can_write(VA));
}

/* All the way down from 1 GiB; in small steps. */
static void test_split_gib(void **state)
{
	guest_map(VA, GIB, 3, RW);
	touch(VA, PF_WRITE);
	assert_int_equal(level_of(VA), 3);
	shim_yield_odds = 3;
	world_log_on(&vm, 0, 2, false);
	shim_yield_odds = 0;
	assert_int_equal(mapped(3), 0);
	assert_int_equal(mapped(2), 0);
	assert_int_equal(mapped(1), 1 << 18);
	for (int i = 0; i < 1 << 18; i += 511)
		assert_false(can_write(VA + PAGE(i)));
	touch(VA + PAGE(12345), PF_WRITE);
	assert_true(can_write(VA + PAGE(12345)));
	assert_int_equal(mapped(1), 1 << 18);
	world_log_off(&vm, 0, 2, true);
	assert_int_equal(mapped(1), 0);
	touch(VA + PAGE(12345), 0);
	assert_int_equal(level_of(VA), 3);
}

/* What cannot be written is left as it is; the write splits. */
static void test_split_readonly(void **state)
{
	guest_map(VA, BIG, 2, U);
	guest_map(VA + SIZE_2M, BIG + 512, 2, W | U);
	touch(VA, 0);
	touch(VA + SIZE_2M, 0);
	world_log_on(&vm, 0, 1, false);
	assert_int_equal(mapped(2), 2);
	assert_false(can_write(VA + SIZE_2M));
	touch(VA + SIZE_2M + PAGE(7), PF_WRITE);
	assert_int_equal(level_of(VA + SIZE_2M + PAGE(7)), 1);
	assert_true(can_write(VA + SIZE_2M + PAGE(7)));
	assert_int_equal(level_of(VA), 2);
}

static void large_pages_make(int n)
{
	for (int i = 0; i < n; i++) {
		guest_map(VA + i * SIZE_2M, BIG + i * 512, 2, RW);
		touch(VA + i * SIZE_2M, PF_WRITE);
		guest_map(ALIAS + i * SIZE_2M, BIG + i * 512, 2, RW);
		touch(ALIAS + i * SIZE_2M, PF_WRITE);
	}
}

static void test_split_without_memory(void **state)
{
	large_pages_make(2);
	shim_fail_odds = 1;
	world_log_on(&vm, 0, 1, false);
	shim_fail_odds = 0;
	assert_int_equal(mapped(2), 4);
	for (int i = 0; i < 4; i++)
		assert_false(can_write((i & 1 ? VA : ALIAS) + i / 2 * SIZE_2M));
	touch(VA + PAGE(3), PF_WRITE);
	assert_int_equal(level_of(VA + PAGE(3)), 1);
	assert_int_equal(mapped(2), 3);
}

/* Each allocation fails once: nothing stays writable, nothing is lost. */
static void test_split_each_failure(void **state)
{
	long n, first;

	for (n = 1; ; n++) {
		large_pages_make(1);
		assert_int_equal(level_of(VA), 2);
		first = shim_allocs;
		shim_fail_at = first + n;
		mmu_wrprot_slot(&vm.mmu, &vm.slot[0][1]->s);
		shim_fail_at = 0;
		for (int i = 0; i < 512; i++) {
			assert_false(can_write(VA + PAGE(i)));
			assert_false(can_write(ALIAS + PAGE(i)));
		}
		check();
		zap(BIG, BIG + 2048, true);
		assert_int_equal(mapped(1) + mapped(2), 0);
		mmu_zap_all(&vm.mmu);
		if (shim_allocs - first < n)
			break;
	}
	/* Two pages with their tables, a descriptor, nodes of the xarray. */
	assert_in_range(n, 6, 20);
}

static void test_split_limit(void **state)
{
	large_pages_make(1);
	vm.mmu.page_limit = vm.mmu.shadow->nr_pages + 1;
	mmu_wrprot_slot(&vm.mmu, &vm.slot[0][1]->s);
	assert_int_equal(vm.mmu.shadow->nr_pages, vm.mmu.page_limit);
	assert_int_equal(mapped(2) + mapped(1), 513);
	assert_false(can_write(VA));
	assert_false(can_write(ALIAS));
}

/* More aliases than are split: the rest is protected whole. */
static void test_split_aliases(void **state)
{
	for (int i = 0; i < 80; i++) {
		guest_map(VA + i * SIZE_2M, BIG, 2, RW);
		touch(VA + i * SIZE_2M, PF_WRITE);
	}
	assert_int_equal(mapped(2), 80);
	mmu_wrprot_slot(&vm.mmu, &vm.slot[0][1]->s);
	for (int i = 0; i < 80; i++)
		assert_false(can_write(VA + i * SIZE_2M));
	assert_in_range(mapped(2), 1, 79);
	/* All links go to the same page: the same role. */
	assert_int_equal(mapped(1), 512);
}

/* Different rights, different pages: 512 descriptors for the second. */
static void test_split_roles(void **state)
{
	guest_map(VA, BIG, 2, RW);
	guest_map(ALIAS, BIG, 2, W | D);
	touch(VA, PF_WRITE);
	touch(ALIAS, PF_WRITE);
	mmu_wrprot_slot(&vm.mmu, &vm.slot[0][1]->s);
	assert_int_equal(mapped(2), 0);
	assert_int_equal(mapped(1), 1024);
	for (int i = 0; i < 512; i++) {
		int level;

		assert_int_equal(*spte_at(VA + PAGE(i), &level) & (P | W | U),
				 P | U);
		assert_int_equal(*spte_at(ALIAS + PAGE(i), &level) & (P | W | U),
				 P);
	}
}

/* The page for the pieces is there, linked somewhere else and empty. */
static void test_split_linked(void **state)
{
	guest_map(VA, BIG, 2, RW);
	guest_map(ALIAS, BIG, 2, RW);
	world_log_on(&vm, 0, 1, false);
	touch(VA, PF_WRITE);
	world_log_off(&vm, 0, 1, false);
	zap(BIG, BIG + 512, true);
	touch(ALIAS, PF_WRITE);
	assert_int_equal(level_of(ALIAS), 2);
	assert_int_equal(mapped(1), 0);
	mmu_wrprot_slot(&vm.mmu, &vm.slot[0][1]->s);
	assert_int_equal(level_of(ALIAS), 1);
	assert_int_equal(level_of(VA), 1);
	assert_int_equal(mapped(1), 512);
}

/* ... or says less than the leaf: the large translation may not be used any more. */
static void test_split_says_less(void **state)
{
	unsigned long bits = 1ul << 7;

	guest_map(VA, BIG, 2, RW);
	guest_map(ALIAS, BIG, 2, RW);
	touch(ALIAS, PF_WRITE);
	world_log_on(&vm, 0, 1, false);
	world_log_off(&vm, 0, 1, false);
	assert_int_equal(level_of(ALIAS), 1);
	touch(VA, PF_WRITE);
	assert_int_equal(level_of(VA), 2);
	vm.flushes = 0;
	mmu_wrprot_bitmap(&vm.mmu, &vm.slot[0][1]->s, 0, &bits, 64);
	assert_int_equal(level_of(VA), 1);
	assert_false(can_write(VA + PAGE(7)));
	assert_int_equal(vm.flushes, 1);
}

/* CR0.WP clear: the leaf says more than the guest's entry. */
static void test_split_wp(void **state)
{
	guest_mode(CR0_PG);
	guest_map(VA, BIG, 2, U | D);
	touch(VA, PF_WRITE);
	assert_int_equal(level_of(VA), 2);
	assert_true(can_write(VA));
	mmu_wrprot_slot(&vm.mmu, &vm.slot[0][1]->s);
	assert_int_equal(level_of(VA), 2);
	assert_false(can_write(VA));
}

/* Paging off: what is split is in a direct page already. */
static void test_split_direct(void **state)
{
	u64 addr = BIG << 12;

	guest_mode(0);
	touch(addr, PF_WRITE);
	assert_int_equal(level_of(addr), 2);
	world_log_on(&vm, 0, 1, false);
	assert_int_equal(level_of(addr), 1);
	assert_int_equal(mapped(1), 512);
	assert_false(can_write(addr));
	touch(addr + PAGE(8), PF_WRITE);
	assert_int_equal(mapped(1), 512);
	world_log_off(&vm, 0, 1, true);
	assert_int_equal(mapped(1), 0);
	/* The pages that are roots stay, though the host has 1 GiB. */
	touch(GIB << 12, 0);
	assert_int_equal(level_of(GIB << 12), 2);
	mmu_recover_slot(&vm.mmu, &vm.slot[0][2]->s);
	assert_int_equal(level_of(GIB << 12), 2);
	assert_true(mmu_root_is_current(&cpu->v));
	touch(addr, PF_WRITE);
	assert_int_equal(level_of(addr), 2);
}

static void test_bitmap(void **state)
{
	unsigned long bits[16] = { };

	for (int i = 0; i < 512; i++)
		guest_map(VA + PAGE(i), DATA + i, 1, RW);
	guest_map(ALIAS, BIG, 2, RW);
	guest_map(ALIAS + SIZE_2M, BIG + 512, 2, RW);
	for (int i = 0; i < 512; i++)
		touch(VA + PAGE(i), PF_WRITE);
	touch(ALIAS, PF_WRITE);
	touch(ALIAS + SIZE_2M, PF_WRITE);
	bits[8] = 1ul << 63;
	bits[10] = 5;
	bits[15] = 1ul << 63 | 1;
	vm.flushes = 0;
	mmu_wrprot_bitmap(&vm.mmu, &vm.slot[0][0]->s, 0, bits, 1024);
	assert_int_equal(vm.flushes, 1);
	for (int i = 0; i < 512; i++)
		assert_int_equal(can_write(VA + PAGE(i)),
				 !(bits[8 + i / 64] >> (i % 64) & 1));
	mmu_wrprot_bitmap(&vm.mmu, &vm.slot[0][0]->s, 0, bits, 1024);
	assert_int_equal(vm.flushes, 1);
	/* A large leaf is split where a bit is set, and keeps the others. */
	mmu_wrprot_bitmap(&vm.mmu, &vm.slot[0][1]->s, 448, bits + 7, 130);
	assert_int_equal(vm.flushes, 2);
	assert_int_equal(level_of(ALIAS), 2);
	assert_true(can_write(ALIAS));
	assert_int_equal(level_of(ALIAS + SIZE_2M), 1);
	for (int i = 0; i < 512; i++)
		assert_int_equal(can_write(ALIAS + SIZE_2M + PAGE(i)), i != 63);
}

/* ------------------------------------------------------------------------ */
/* Recovery. */

/* 512 frames of slot 0 that a large guest page maps by 4 KiB. */
static void test_recover_host_small(void **state)
{
	guest_map(VA, DATA, 2, RW);
	touch(VA, PF_WRITE);
	touch(VA + PAGE(100), PF_WRITE);
	assert_int_equal(level_of(VA), 1);
	/* With the neighbours of both. */
	assert_int_equal(mapped(1), 32);
	assert_true(is_accessed(VA));
	assert_false(is_accessed(VA + PAGE(1)));
	assert_true(can_write(VA + PAGE(1)));
	mmu_recover_slot(&vm.mmu, &vm.slot[0][0]->s);
	assert_int_equal(mapped(1), 32);
	/* Now the host's page is large. */
	host_make(&vm.host, HOST + 512, 2, PRESENT);
	zap(DATA, DATA + 512, true);
	touch(VA, 0);
	assert_int_equal(level_of(VA), 2);
}

/* A table in the region: it would not be mapped large. */
static void test_recover_table(void **state)
{
	large_pages_make(2);
	world_log_on(&vm, 0, 1, false);
	/* The guest keeps a table in the second page. */
	env_mem_set(HOST + 2048 + 512 + 7, 0, 8, DATA << 12 | P | A | RW);
	entry_set(next_table - 1, 9, (BIG + 512 + 7) << 12 | P | A | RW);
	touch(ALIAS + 9 * SIZE_2M, 0);
	world_log_off(&vm, 0, 1, true);
	assert_int_equal(level_of(VA), 0);
	assert_int_equal(level_of(VA + SIZE_2M), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_protect),
		CASE(test_split),
		CASE(test_split_gib),
		CASE(test_split_readonly),
		CASE(test_split_without_memory),
		CASE(test_split_each_failure),
		CASE(test_split_limit),
		CASE(test_split_aliases),
		CASE(test_split_roles),
		CASE(test_split_linked),
		CASE(test_split_says_less),
		CASE(test_split_wp),
		CASE(test_split_direct),
		CASE(test_bitmap),
		CASE(test_recover_host_small),
		CASE(test_recover_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
