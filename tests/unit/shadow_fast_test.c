// SPDX-License-Identifier: GPL-2.0-only
/* Faults that one entry of a guest's leaf table answers, and those that it must not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "mmu/mmu_stat.h"
#include "tests/unit/shadow_case.h"

#define FAR	32	/* pages: beyond what is mapped ahead */

static bool is_logged(gfn_t gfn)
{
	return test_bit(gfn - BASE, vm.slot[0][0]->dirty);
}

/* Entries of a table in a row of blocks, the first used. */
static gfn_t blocks(u64 bits)
{
	gfn_t table = 0;

	for (int i = 0; i < 4; i++)
		table = guest_map(VA + PAGE(i * FAR), DATA + i * FAR, 1, bits);
	touch(VA, 0);
	return table;
}

/*
 * The tables above are not read again. A change that nobody tells of shows it: the
 * processor does not read them either.
 */
static void test_leaf_only(void **state)
{
	gfn_t table = blocks(RW);

	guest_map(VA + PAGE(FAR + 1), DATA + FAR + 1, 1, RW);
	env_mem_set(HOST + table - 1 - BASE, 0, 8, 0);
	touch(VA + PAGE(FAR), PF_WRITE);
	assert_true(can_write(VA + PAGE(FAR)));
	/* And what follows it. */
	assert_int_equal(level_of(VA + PAGE(FAR + 1)), 1);
	/* Told of, it counts. */
	entry_set(table - 1, 0, 0);
	faults_due = 1;
	assert_int_equal(fault(VA + PAGE(2 * FAR), 0), MMU_INJECT);
}

/* What the guest forbids is its fault at once, and makes no leaf. */
static void test_forbidden(void **state)
{
	blocks(U | D);
	faults_due = 3;
	assert_int_equal(fault(VA + PAGE(FAR), PF_WRITE), MMU_INJECT);
	assert_int_equal(level_of(VA + PAGE(FAR)), 0);
	guest_map(VA + PAGE(2 * FAR), DATA, 1, 0);
	assert_int_equal(fault(VA + PAGE(2 * FAR), PF_USER), MMU_INJECT);
	assert_int_equal(fault(VA + PAGE(2 * FAR + 1), 0), MMU_INJECT);
	touch(VA + PAGE(FAR), PF_USER);
}

/* The lock is taken to make a leaf, and only then. */
static void test_lock(void **state)
{
	gfn_t table = blocks(RW);
	unsigned long n;

	guest_map(VA + PAGE(FAR), DATA + FAR, 1, U | D);
	guest_map(VA + PAGE(FAR + 2), DATA + FAR + 2, 1, RW);
	guest_map(ALIAS, table - 1, 1, RW);
	guest_map(ALIAS + PAGE(1), table, 1, RW);
	touch(ALIAS, 0);
	n = vm.mmu.shadow->changes;
	faults_due = 2;
	assert_int_equal(fault(VA + PAGE(FAR), PF_WRITE), MMU_INJECT);
	assert_int_equal(fault(VA + PAGE(FAR + 1), 0), MMU_INJECT);
	/* A directory; it stays one. */
	for (int i = 0; i < 2 * FAR; i++)
		assert_int_equal(fault(ALIAS, PF_WRITE), MMU_EMULATE);
	assert_int_equal(vm.mmu.shadow->changes, n);
	touch(VA + PAGE(2 * FAR), 0);
	assert_int_equal(vm.mmu.shadow->changes, n + 1);
	/* A page that the host does not let be written. */
	host_change(&vm.host, HOST + 512 + 3 * FAR, HOST + 513 + 3 * FAR, HOST_WRITE, 0);
	touch(VA + PAGE(3 * FAR), 0);
	assert_int_equal(vm.mmu.shadow->changes, n + 2);
	assert_false(can_write(VA + PAGE(3 * FAR)));
	/* ... and never will. */
	host_change(&vm.host, HOST + 512 + 3 * FAR, HOST + 513 + 3 * FAR, HOST_VMA_W, 0);
	assert_int_equal(fault(VA + PAGE(3 * FAR), PF_WRITE), MMU_USER);
	vm.slot[0][0]->s.flags |= MMU_SLOT_READONLY;
	assert_int_equal(fault(VA + PAGE(FAR + 2), PF_WRITE), MMU_EMULATE);
	vm.slot[0][0]->s.flags &= ~MMU_SLOT_READONLY;
	assert_int_equal(vm.mmu.shadow->changes, n + 2);
	/* A leaf table is written freely from now on. */
	touch(ALIAS + PAGE(1), PF_WRITE);
	assert_true(can_write(ALIAS + PAGE(1)));
}

/* With CR0.WP clear a supervisor may write what is read-only: nobody else then. */
static void test_wp_clear(void **state)
{
	int level;

	guest_mode(CR0_PG);
	blocks(U | D);
	touch(VA + PAGE(FAR), PF_WRITE);
	assert_true(can_write(VA + PAGE(FAR)));
	assert_false(*spte_at(VA + PAGE(FAR), &level) & U);
}

/* A dirty bit is the walk's to set. */
static void test_dirty_bit(void **state)
{
	gfn_t table = blocks(W | U);

	touch(VA + PAGE(FAR), PF_WRITE);
	assert_true(env_mem_get(HOST + table - BASE, 8 * FAR, 8) & D);
}

/* The log: of the page that is written, and of no other. */
static void test_logged(void **state)
{
	blocks(RW);
	guest_map(VA + PAGE(FAR + 1), DATA + FAR + 1, 1, RW);
	touch(VA, PF_WRITE);
	world_log_on(&vm, 0, 0, false);
	assert_false(can_write(VA));
	vm.flushes = 0;
	touch(VA, PF_WRITE);
	assert_true(can_write(VA));
	assert_true(is_logged(DATA));
	touch(VA + PAGE(FAR), PF_WRITE);
	assert_true(can_write(VA + PAGE(FAR)));
	assert_true(is_logged(DATA + FAR));
	assert_int_equal(level_of(VA + PAGE(FAR + 1)), 1);
	assert_false(can_write(VA + PAGE(FAR + 1)));
	assert_false(is_logged(DATA + FAR + 1));
	/* Read, it is mapped, and no more. */
	touch(VA + PAGE(2 * FAR), 0);
	assert_false(can_write(VA + PAGE(2 * FAR)));
	assert_int_equal(vm.flushes, 0);
}

/* Another vCPU's fault was first, or a right is missing that is not for writing. */
static void read_again(u64 va, u64 error, bool fast)
{
	clear_bit(DATA - BASE, vm.slot[0][0]->dirty);
	vm.flushes = 0;
	cpu->v.by_entry = fast;
	touch(va, error);
	assert_int_equal(vm.flushes, 0);
	assert_true(can_write(va));
	assert_false(is_logged(DATA));
}

/* The log took the bit of a page that can be written: then a read does not forbid it. */
static void test_stays_writable(void **state)
{
	gfn_t table = blocks(W | D);

	world_log_on(&vm, 0, 0, false);
	for (int fast = 0; fast < 2; fast++) {
		touch(VA, PF_WRITE);
		read_again(VA, 0, fast);
		/* A user's from now on, and back; the guest has yet to flush. */
		env_mem_set(HOST + table - BASE, 0, 8, DATA << 12 | P | A | RW);
		read_again(VA, PF_USER, fast);
		env_mem_set(HOST + table - BASE, 0, 8, DATA << 12 | P | A | W | D);
	}
	/* What the guest's entry forbids goes. */
	for (int fast = 0; fast < 2; fast++) {
		env_mem_set(HOST + table - BASE, 0, 8, DATA << 12 | P | A | RW);
		touch(VA, PF_WRITE);
		assert_true(can_write(VA));
		vm.flushes = 0;
		env_mem_set(HOST + table - BASE, 0, 8, DATA << 12 | P | A | U | (fast ? W : D));
		cpu->v.by_entry = fast;
		touch(VA, 0);
		assert_false(can_write(VA));
		assert_int_equal(vm.flushes, 1);
	}
}

/*
 * What stands there is another frame's: that one can be written, the new one is yet to be
 * logged, or has a table.  The guest need not flush: a right was missing for the access.
 */
static void test_other_frame(void **state)
{
	gfn_t table = blocks(W | D);

	world_log_on(&vm, 0, 0, false);
	for (int fast = 0; fast < 2; fast++) {
		touch(VA, PF_WRITE);
		assert_true(can_write(VA));
		env_mem_set(HOST + table - BASE, 0, 8, (DATA + 1) << 12 | P | A | RW);
		cpu->v.by_entry = fast;
		touch(VA, PF_USER);
		assert_false(can_write(VA));
		assert_false(is_logged(DATA + 1));
		env_mem_set(HOST + table - BASE, 0, 8, DATA << 12 | P | A | W | D);
	}
	world_log_off(&vm, 0, 0, false);
	for (int fast = 0; fast < 2; fast++) {
		touch(VA, PF_WRITE);
		assert_true(can_write(VA));
		/* The directory above. */
		env_mem_set(HOST + table - BASE, 0, 8, (table - 1) << 12 | P | A | RW);
		cpu->v.by_entry = fast;
		touch(VA, PF_USER);
		assert_false(can_write(VA));
		env_mem_set(HOST + table - BASE, 0, 8, DATA << 12 | P | A | W | D);
	}
}

/* Nor does one of a table that is written freely. */
static void test_unsync_stays_writable(void **state)
{
	gfn_t table = blocks(RW);

	guest_map(ALIAS, table, 1, RW);
	touch(ALIAS, PF_WRITE);
	assert_true(can_write(ALIAS));
	for (int fast = 0; fast < 2; fast++) {
		cpu->v.by_entry = fast;
		vm.flushes = 0;
		touch(ALIAS, 0);
		assert_true(can_write(ALIAS));
		assert_int_equal(vm.flushes, 0);
	}
}

/* Pieces of a guest's large page: for the log as they are, without it large again. */
static void test_pieces(void **state)
{
	guest_map(VA, BIG, 2, RW);
	touch(VA, PF_WRITE);
	assert_int_equal(level_of(VA), 2);
	world_log_on(&vm, 0, 1, false);
	assert_int_equal(level_of(VA), 1);
	touch(VA + PAGE(5), PF_WRITE);
	assert_true(can_write(VA + PAGE(5)));
	assert_false(can_write(VA + PAGE(6)));
	assert_true(test_bit(5, vm.slot[0][1]->dirty));
	assert_false(test_bit(6, vm.slot[0][1]->dirty));
	world_log_off(&vm, 0, 1, false);
	touch(VA + PAGE(6), PF_WRITE);
	assert_int_equal(level_of(VA), 2);
	assert_true(can_write(VA));
}

/* Faults between writes to a table that are emulated: it stays one. */
static void test_stays_table(void **state)
{
	for (int i = 0; i < 12; i++) {
		guest_map(VA + PAGE(i * FAR), DATA + i * FAR, 1, RW);
		touch(VA + PAGE(i * FAR), 0);
	}
	assert_int_equal(mmu_stat(&vm.mmu, MMU_STAT_FLOODED), 0);
}

/* Nor are the tables above given up that the faults went through. */
static void test_stays_directory(void **state)
{
	gfn_t table = blocks(RW);

	for (int i = 4; i < 14; i++) {
		guest_map(VA + PAGE(i * FAR), DATA + i * FAR, 1, RW);
		entry_set(table - 1, i, 0);
		touch(VA + PAGE(i * FAR), 0);
	}
	assert_int_equal(mmu_stat(&vm.mmu, MMU_STAT_FLOODED), 0);
}

/* In the middle of the look for the page: the entry names no memory any more. */
static void entry_moves(void)
{
	env_gap_hook = NULL;
	entry_set(next_table - 1, FAR, 4 * GIB << 12 | P | A | RW);
}

static void test_moves_away(void **state)
{
	blocks(RW);
	env_gap_hook = entry_moves;
	assert_int_equal(fault(VA + PAGE(FAR), PF_WRITE), MMU_EMULATE);
	assert_null(env_gap_hook);
	assert_int_equal(level_of(VA + PAGE(FAR)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_leaf_only),
		CASE(test_forbidden),
		CASE(test_lock),
		CASE(test_wp_clear),
		CASE(test_dirty_bit),
		CASE(test_logged),
		CASE(test_stays_writable),
		CASE(test_other_frame),
		CASE(test_unsync_stays_writable),
		CASE(test_pieces),
		CASE(test_stays_table),
		CASE(test_stays_directory),
		CASE(test_moves_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
