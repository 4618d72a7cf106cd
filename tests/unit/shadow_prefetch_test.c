// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prefetching: what is around a page that faulted is mapped ahead, with no right that a
 * fault of their own would not have given.  The world's own checks
 * (shadow_world.h) run beside each step.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/shadow_cases.h"

#define PTE(gfn)	((u64)(gfn) << 12 | P | W | U | A | D)

/* Entries 0 and 1 of the leaf table. */
static void pair_make(u64 first, u64 second)
{
	tables_make();
	poke(T1, 0, first);
	poke(T1, 1, second);
	mode(&long_mode, T4);
}

static void off_at(gfn_t gfn)
{
	addresses(cpu, gfn << 12, 0);
}

static void test_pair(void **state)
{
	pair_make(PTE(DATA), PTE(DATA + 1));
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(frame(0x1000), DATA + 1);
	assert_true(leaf(0x1000).rights & ACC_W);
}

/* Neither bit is for us to set. */
static void test_bits(void **state)
{
	pair_make(PTE(DATA), PTE(DATA + 1) & ~D);
	poke(T1, 2, PTE(DATA + 2) & ~A);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_false(leaf(0x1000).rights & ACC_W);
	assert_int_equal(leaf(0x2000).rights, 0);
}

/* Bit 63 is reserved without EFER.NXE, as is 45 here: whoever comes has to fault. */
static void test_reserved(void **state)
{
	struct model_paging g = long_mode;

	g.nxe = false;
	pair_make(PTE(DATA), PTE(DATA + 1) | NX);
	poke(T1, 2, PTE(DATA + 2) | 1ull << 45);
	mode(&g, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(leaf(0x1000).rights, 0);
	assert_int_equal(leaf(0x2000).rights, 0);
	assert_int_equal(touch(0x1000, 0), SHADOW_FAULTED);
	assert_int_equal(touch(0x2000, 0), SHADOW_FAULTED);
}

/* A log has what was written, and nothing else. */
static void test_log(void **state)
{
	world_log_on(&vm, 0, 0, false);
	pair_make(PTE(DATA), PTE(DATA + 1));
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(frame(0x1000), DATA + 1);
	assert_false(leaf(0x1000).rights & ACC_W);
	assert_int_equal(touch(0x1000, WRITE), SHADOW_DONE);
}

static void test_log_off(void **state)
{
	world_log_on(&vm, 0, 0, false);
	off_at(DATA);
	assert_int_equal(touch(DATA << 12, WRITE), SHADOW_DONE);
	assert_int_equal(frame((DATA + 1) << 12), DATA + 1);
	assert_false(leaf((DATA + 1) << 12).rights & ACC_W);
}

static void test_rom(void **state)
{
	pair_make(PTE(ROM), PTE(ROM + 1));
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(frame(0x1000), ROM + 1);
	assert_false(leaf(0x1000).rights & ACC_W);
	assert_int_equal(touch(0x1000, WRITE), SHADOW_EMULATED);
	assert_int_equal(shadow_emulated[BECAUSE_READONLY], 1);
}

/* A copy is due first: not writable, or not there. */
static void test_host_readonly(void **state)
{
	host_change(&vm.host, HOST + DATA + 1, HOST + DATA + 2, HOST_WRITE, 0);
	pair_make(PTE(DATA), PTE(DATA + 1));
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_false(leaf(0x1000).rights & ACC_W);
	assert_int_equal(touch(0x1000, WRITE), SHADOW_DONE);
}

/* The table itself, and one above. */
static void test_tables(void **state)
{
	pair_make(PTE(DATA), PTE(T1));
	poke(T1, 2, PTE(T2));
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_false(leaf(0x1000).rights & ACC_W);
	assert_false(leaf(0x2000).rights & ACC_W);
}

/* Frames of another slot, and of none. */
static void test_slots(void **state)
{
	world_slot_add(&vm, 0, 4, HOLE + 8, 3, HOST + 1200, 0);
	pair_make(PTE(HOLE + 8), PTE(HOLE + 10));
	poke(T1, 2, PTE(HOLE + 11));
	poke(T1, 3, PTE(HOLE + 7));
	poke(T1, 4, PTE(DATA));
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(frame(0x1000), HOLE + 10);
	for (u64 va = 0x2000; va < 0x5000; va += 0x1000)
		assert_int_equal(leaf(va).rights, 0);
}

/* Paging is off: frames in a row, as far as the slot goes on both sides. */
static void test_slot_off(void **state)
{
	world_slot_add(&vm, 0, 4, HOLE + 2, 3, HOST + 1200, 0);
	off_at(HOLE);
	assert_int_equal(touch((HOLE + 3) << 12, WRITE), SHADOW_DONE);
	for (int i = 0; i < 8; i++)
		assert_int_equal(!leaf((HOLE + i) << 12).rights,
				 i < 2 || i >= 5);
}

/* A right to be denied in an entry above binds them, too. */
static void test_rights(void **state)
{
	pair_make(PTE(DATA), PTE(DATA + 1));
	poke(T2, 0, T1 << 12 | P | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(leaf(0x1000).rights, ACC_R | ACC_U | ACC_X);
}

static void test_key(void **state)
{
	struct model_paging g = long_mode;

	g.pke = true;
	pair_make(PTE(DATA), PTE(DATA + 1) | KEY(7));
	mode(&g, T4);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(leaf(0x1000).pkey, 7);
	assert_int_equal(leaf(0).pkey, 0);
}

/* Userspace is about to take one of those in the row. */
static void test_going_off(void **state)
{
	const u64 page = HOST + DATA + 1;

	off_at(DATA);
	assert_true(world_mm_lock(&vm));
	world_notify_begin(&vm, page, page + 1, false);
	assert_int_equal(touch(DATA << 12, 0), SHADOW_DONE);
	assert_int_equal(leaf((DATA + 1) << 12).rights, 0);
	host_migrate(&vm.host, page, page + 1);
	world_notify_end(&vm, page, page + 1);
	world_mm_unlock(&vm);
	assert_int_equal(touch((DATA + 1) << 12, 0), SHADOW_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_pair),
		CASE(test_bits),
		CASE(test_reserved),
		CASE(test_log),
		CASE(test_log_off),
		CASE(test_rom),
		CASE(test_host_readonly),
		CASE(test_tables),
		CASE(test_slots),
		CASE(test_slot_off),
		CASE(test_rights),
		CASE(test_key),
		CASE(test_going_off),
	};

	shim_seed = 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
