// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shadow paging, rule by rule: guest tables that change, and the memory they are in.
 * The world's own checks (shadow_world.h) run beside each step.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/shadow_cases.h"

/* ------------------------------------------------------------------------ */
/* Tables that change. */

/* Upper tables are never unsync: the guest writes them by emulation. */
static void test_upper_emulated(void **state)
{
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U | A | D);
	poke(T1, 5, T2 << 12 | P | W | U | A | D);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(store(0x5000, 8, 0), SHADOW_EMULATED);
	assert_int_equal(shadow_emulated[BECAUSE_SHADOWED], 1);
	/* At once, without a flush by the guest: what is absent is not cached. */
	assert_int_equal(leaf(0).rights, 0);
	assert_int_equal(touch(0, 0), SHADOW_FAULTED);
}

/* Written again and again it is data, and written without us. */
static void test_becomes_data(void **state)
{
	int n;

	tables_make();
	poke(T2, 1, 20ull << 12 | P | W | U);
	poke(20, 0, T1 << 12 | P | W | U | A | D);
	poke(T1, 5, T2 << 12 | P | W | U | A | D);
	mode(&long_mode, T4);
	assert_int_equal(touch(0x5000, 0), SHADOW_DONE);
	/* Out of use: its entry goes, then it is written. */
	assert_int_equal(touch(0x200000, 0), SHADOW_DONE);
	guest_set(T2, 1, 0);
	for (n = 0; n < 8; n++)
		assert_true(shadow_emulate(cpu, 20 << 12 | n * 8,
					   &(struct paging_store){ 8, 0 }));
	assert_false(tracked_any(vm.mmu.tracked, 20, 1));
}

static void stat_is(enum mmu_stat which, unsigned long want)
{
	assert_int_equal(mmu_stat(&vm.mmu, which), want);
}

/* A write that no entry's is ends the table at once. */
static void test_odd_write(void **state)
{
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U | A | D);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_true(tracked_any(vm.mmu.tracked, T1, 1));
	stat_is(MMU_STAT_MADE, 4);
	stat_is(MMU_STAT_WRITTEN, 0);
	assert_true(shadow_emulate(cpu, (T1 << 12) + 3,
				   &(struct paging_store){ 1, 0 }));
	stat_is(MMU_STAT_WRITTEN, 1);
	stat_is(MMU_STAT_ZAPPED, 1);
	assert_false(tracked_any(vm.mmu.tracked, T1, 1));
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	/* Half an entry is none in long mode. */
	assert_true(tracked_any(vm.mmu.tracked, T1, 1));
	assert_true(shadow_emulate(cpu, T1 << 12 | 8,
				   &(struct paging_store){ 4, 0 }));
	assert_false(tracked_any(vm.mmu.tracked, T1, 1));
	stat_is(MMU_STAT_MADE, 5);
	stat_is(MMU_STAT_FLOODED, 2);
	stat_is(MMU_STAT_ZAPPED, 2);
	stat_is(MMU_STAT_RECLAIMED, 0);
	stat_is(MMU_STAT_LINK_DROPPED, 0);
}

/* PAE kernels write an entry by halves: the table stays one. */
static void test_halves(void **state)
{
	struct model_paging g = long_mode;

	g.mode = MODEL_PAE;
	addresses(cpu, 0, 0x200000);
	poke(T3, 0, T2 << 12 | P);
	poke(T2, 0, T1 << 12 | P | W | U);
	poke(T1, 0, DATA << 12 | P | W | U | A | D);
	poke(T1, 1, DATA << 12 | P | W | U | A | D);
	mode(&g, T3);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(frame(0x1000), DATA);
	assert_true(shadow_emulate(cpu, T1 << 12 | 12,
				   &(struct paging_store){ 4, 0 }));
	assert_true(tracked_any(vm.mmu.tracked, T1, 1));
	assert_int_equal(leaf(0x1000).rights, 0);
	assert_int_equal(frame(0), DATA);
}

/*
 * A write to a directory, where nobody can emulate: one that the next entry would
 * shadow again is given up, another makes room.
 */
static void test_pae_directory(void **state)
{
	struct model_paging g = long_mode;
	struct mmu_fault f = { .error = PF_WRITE, .no_emulate = true };

	g.mode = MODEL_PAE;
	poke(T3, 0, T2 << 12 | P);
	poke(T3, 1, 20 << 12 | P);
	poke(T2, 0, T1 << 12 | P | W | U);
	poke(T1, 0, 20 << 12 | P | W | U | A | D);
	mode(&g, T3);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	env_srcu_lock(&vm);
	assert_int_equal(mmu_fault(&cpu->v, &f), MMU_EMULATE);
	env_srcu_unlock(&vm);
	assert_true(tracked_any(vm.mmu.tracked, 20, 1));
	poke(T3, 1, 0);
	assert_true(shadow_cr3(cpu, T3 << 12));
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	env_srcu_lock(&vm);
	assert_int_equal(mmu_fault(&cpu->v, &f), MMU_RETRY);
	env_srcu_unlock(&vm);
	assert_false(tracked_any(vm.mmu.tracked, 20, 1));
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
}

/* Of three pages of one frame that goes through which nobody comes any more. */
static void test_one_page_goes(void **state)
{
	tables_make();
	poke(T2, 1, T1 << 12 | P | U);
	poke(T2, 2, T1 << 12 | P | W);
	poke(T1, 0, DATA << 12 | P | W | U | A | D);
	cpu->cpu->va[1].va = 0x400000;
	mode(&long_mode, T4);
	for (int n = 0; n < 6; n++) {
		assert_int_equal(touch(0, 0), SHADOW_DONE);
		if (!n)
			assert_int_equal(touch(0x200000, 0), SHADOW_DONE);
		assert_int_equal(touch(0x400000, 0), SHADOW_DONE);
		guest_set(T1, 0, DATA << 12 | P | W | U | A | D);
	}
	assert_true(shadow_emulate(cpu, T1 << 12 | 3,
				   &(struct paging_store){ 1, 0 }));
	assert_false(tracked_any(vm.mmu.tracked, T1, 1));
	assert_int_equal(touch(0x200000, 0), SHADOW_DONE);
}

/* A directory's entry that is written already, of which we are told later. */
static void test_told_later(void **state)
{
	const struct paging_store new = { 8, 24ull << 12 | P | W | U | A };

	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U | A | D);
	poke(24, 2, (DATA + 1) << 12 | P | W | U | A | D);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	poke(T2, 0, new.value);
	assert_int_equal(touch(0x2000, 0), SHADOW_DONE);
	assert_int_equal(frame(0x2000), DATA + 1);
	assert_true(shadow_emulate(cpu, T2 << 12, &new));
	/* The first table has got nothing that is the second one's. */
	guest_set(T2, 0, T1 << 12 | P | W | U | A);
	assert_true(shadow_cr3(cpu, T4 << 12));
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(touch(0x2000, 0), SHADOW_FAULTED);
}

/* A root that is written in some odd way goes with the last vCPU that leaves it. */
static void test_root_goes(void **state)
{
	struct env_vcpu *first = cpu, *second;

	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	second = cpu = shadow_vcpu_add(&vm, 1);
	addresses(cpu, 0, 0x200000);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_true(shadow_emulate(cpu, T4 << 12 | 4001,
				   &(struct paging_store){ 1, 0 }));
	assert_false(mmu_root_is_current(&first->v));
	assert_false(mmu_root_is_current(&second->v));
	cpu = first;
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	shadow_check(&vm, false);
	cpu = second;
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	cpu = first;
}

/* ------------------------------------------------------------------------ */
/* Slots. */

static void test_readonly(void **state)
{
	tables_make();
	poke(T1, 0, ROM << 12 | P | W | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, USER), SHADOW_DONE);
	assert_int_equal(touch(0, WRITE), SHADOW_EMULATED);
	assert_int_equal(shadow_emulated[BECAUSE_READONLY], 1);
	assert_int_equal(peek(T1, 0) & D, D);
	assert_false(leaf(0).rights & ACC_W);
}

static void test_mmio(void **state)
{
	tables_make();
	poke(T1, 0, HOLE << 12 | P | W | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, 0), SHADOW_EMULATED);
	assert_int_equal(touch(0, WRITE), SHADOW_EMULATED);
	assert_int_equal(touch(0, USER | FETCH), SHADOW_EMULATED);
	assert_int_equal(shadow_emulated[BECAUSE_NO_SLOT], 3);
	/* Until there is memory. */
	world_slot_add(&vm, 0, 4, HOLE, 1, HOST + 1200, 0);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	world_slot_del(&vm, 0, 4);
	assert_int_equal(leaf(0).rights, 0);
	assert_int_equal(touch(0, 0), SHADOW_EMULATED);
}

/* A large page of the guest's in a logged slot: in pieces, with its rights and key. */
static void test_log_large(void **state)
{
	struct model_paging g = long_mode;

	g.pke = true;
	tables_make();
	poke(T2, 0, BIG << 12 | PS | P | W | U | NX | KEY(5));
	mode(&g, T4);
	assert_int_equal(touch(0x3000, WRITE), SHADOW_DONE);
	assert_int_equal(leaf(0x3000).level, 2);
	world_log_on(&vm, 0, 3, false);
	assert_int_equal(leaf(0x3000).level, 1);
	assert_int_equal(leaf(0x3000).rights, ACC_R | ACC_U);
	assert_int_equal(leaf(0x3000).pkey, 5);
	assert_int_equal(frame(0x3000), BIG + 3);
	assert_int_equal(world_log_take(vm.slot[0][3], 0, 2048, NULL), 0);
	assert_int_equal(touch(0x3000, WRITE), SHADOW_DONE);
	assert_int_equal(world_log_take(vm.slot[0][3], 0, 2048, NULL), 1);
	assert_false(leaf(0x3000).rights & ACC_W);
	world_log_off(&vm, 0, 3, true);
	assert_int_equal(touch(0x3000, WRITE), SHADOW_DONE);
	assert_int_equal(leaf(0x3000).level, 2);
}

/* The pieces' page is that of one key: a page with another one has its own. */
static void test_log_keys(void **state)
{
	struct model_paging g = long_mode;

	g.pke = true;
	tables_make();
	poke(T2, 0, BIG << 12 | PS | P | W | U | KEY(5));
	poke(T2, 1, BIG << 12 | PS | P | W | U);
	mode(&g, T4);
	assert_int_equal(touch(0x3000, WRITE), SHADOW_DONE);
	world_log_on(&vm, 0, 3, false);
	assert_int_equal(touch(0x203000, WRITE), SHADOW_DONE);
	assert_int_equal(leaf(0x203000).pkey, 0);
	assert_int_equal(leaf(0x3000).pkey, 5);
	assert_int_equal(touch_key(0x3000, USER, 1u << 2 * 5), SHADOW_FAULTED);
}

static void test_table_nowhere(void **state)
{
	tables_make();
	poke(T2, 0, HOLE << 12 | P | W | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, 0), SHADOW_EMULATED);
	assert_int_equal(shadow_emulated[BECAUSE_TABLE_NOWHERE], 1);
}

/* Userspace takes the memory that a table is in: what it said goes. */
static void test_table_unmapped(void **state)
{
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U | A | D);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_true(world_mm_lock(&vm));
	world_notify_begin(&vm, HOST + T1, HOST + T1 + 1, false);
	host_change(&vm.host, HOST + T1, HOST + T1 + 1, HOST_PRESENT, 0);
	world_notify_end(&vm, HOST + T1, HOST + T1 + 1);
	world_mm_unlock(&vm);
	assert_int_equal(leaf(0).rights, 0);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
}

/* A fault while userspace takes it: nothing is made of what is still there. */
static void test_table_going(void **state)
{
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U | A | D);
	mode(&long_mode, T4);
	assert_true(world_mm_lock(&vm));
	world_notify_begin(&vm, HOST + T1, HOST + T1 + 1, false);
	assert_int_equal(touch(0, 0), SHADOW_GAVE_UP);
	poke(T1, 0, (DATA + 1) << 12 | P | W | U | A | D);
	world_notify_end(&vm, HOST + T1, HOST + T1 + 1);
	world_mm_unlock(&vm);
	past_forget(cpu);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(frame(0), DATA + 1);
}

/* The frame beside the one that faults, on its way out. */
static void test_prefetched_going(void **state)
{
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U | A | D);
	poke(T1, 1, (DATA + 1) << 12 | P | W | U | A | D);
	mode(&long_mode, T4);
	assert_true(world_mm_lock(&vm));
	world_notify_begin(&vm, HOST + DATA + 1, HOST + DATA + 2, false);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(leaf(0x1000).rights, 0);
	host_migrate(&vm.host, HOST + DATA + 1, HOST + DATA + 2);
	world_notify_end(&vm, HOST + DATA + 1, HOST + DATA + 2);
	world_mm_unlock(&vm);
	assert_int_equal(touch(0x1000, 0), SHADOW_DONE);
}

/* ------------------------------------------------------------------------ */
/* Another vCPU changes the guest's tables between a fault's walk and its lock. */

static struct env_vcpu *other;
static gpa_t race_at;
static u64 race_value;

static void race(void)
{
	env_gap_hook = NULL;
	shadow_emulate(other, race_at, &(struct paging_store){ 8, race_value });
}

/* In the middle of the look for the page; the fault must see it. */
static void race_by(gpa_t at, u64 value)
{
	other = shadow_vcpu_add(&vm, 1);
	race_at = at;
	race_value = value;
	vm.crowded = true;
	assert_int_equal(touch(0x2000, 0), SHADOW_DONE);
	vm.crowded = false;
	assert_null(env_gap_hook);
	assert_int_equal(shadow_mem_get(cpu, at, 8) & ~A, value & ~A);
	/* What may be old is forgotten now. */
	assert_true(shadow_cr3(cpu, T4 << 12));
	assert_int_equal(touch(0x2000, 0), SHADOW_DONE);
	assert_int_equal(frame(0x2000), DATA + 1);
}

static void pfn_gap(struct env_vcpu *v, gpa_t gpa, u64 old, u64 new)
{
	/* The walk's last change of a table: the page comes next. */
	if (gpa >> 12 == T1)
		env_gap_hook = race;
}

static void race_start(void)
{
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U | A | D);
	poke(T1, 2, DATA << 12 | P | W | U);
	poke(24, 2, (DATA + 1) << 12 | P | W | U | A);
	mode(&long_mode, T4);
	/* The tables are shadowed, so that writes to them are noticed. */
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	env_cmpxchg_hook = pfn_gap;
}

static void test_race_leaf(void **state)
{
	race_start();
	race_by((T1 << 12) + 8 * 2, (DATA + 1) << 12 | P | W | U | A);
}

static void test_race_directory(void **state)
{
	race_start();
	race_by(T2 << 12, 24ull << 12 | P | W | U | A);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_upper_emulated),
		CASE(test_becomes_data),
		CASE(test_odd_write),
		CASE(test_halves),
		CASE(test_pae_directory),
		CASE(test_one_page_goes),
		CASE(test_told_later),
		CASE(test_root_goes),
		CASE(test_readonly),
		CASE(test_mmio),
		CASE(test_log_large),
		CASE(test_log_keys),
		CASE(test_table_nowhere),
		CASE(test_table_unmapped),
		CASE(test_table_going),
		CASE(test_prefetched_going),
		CASE(test_race_leaf),
		CASE(test_race_directory),
	};

	shim_seed = 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
