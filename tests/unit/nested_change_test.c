// SPDX-License-Identifier: GPL-2.0-only
/*
 * L2's shadow pages beside L1's own tree, case by case: aging in both, tables that
 * L1 writes freely, roots that L1 changes.  Entries are numbers as in
 * nested_map_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <linux/kernel.h>
#include <linux/spinlock.h>

#include "mmu/shadow/page.h"
#include "tests/unit/mmu_configs.h"
#include "tests/unit/nested_l2.h"

#define TABLE(level)	(l2_table(0, level, 0) << 12)
#define FRAME(i)	(L2_SMALL + (i))
#define DATA(i)		((u64)FRAME(i) << 12)
#define W		PF_WRITE

static struct l2 *const l2 = &l2_world.l2[0], *const other = &l2_world.l2[1];
static struct env_vm *const vm = &l2_world.vm;

static const struct mmu_caps *caps_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(mmu_test_configs); i++)
		if (!strcmp(mmu_test_configs[i].name, name))
			return &mmu_test_configs[i].caps;
	abort();
}

/* Addresses 0 to 2 at frames of DATA, by a table at each level. */
static void begin(const char *hw, enum model_mode mode, u64 leaf)
{
	bool pae = mode == MODEL_PAE;
	int level = pae ? 3 : mode == MODEL_5LEVEL ? 5 : 4, i;

	l2_start(caps_of(hw), mode);
	for (; level > 1; level--)
		l2_mem_set(TABLE(level), 8,
			   TABLE(level - 1) | (pae && level == 3 ? 1 : 7));
	for (i = 0; i < 3; i++)
		l2_mem_set(TABLE(1) + i * 8, 8, DATA(i) | leaf);
	l2_enter(l2, 0);
}

static int stop(void **state)
{
	env_peek_hook = NULL;
	l2_stop();
	return 0;
}

/* ------------------------------------------------------------------------ */
/* Age: of a frame that both map. */

static bool age(int i)
{
	return mmu_age(&vm->mmu, 0, FRAME(i), FRAME(i) + 1);
}

static bool is_young(int i)
{
	return mmu_is_young(&vm->mmu, 0, FRAME(i), FRAME(i) + 1);
}

/* The processor sets the bit again, when it walks. */
static void l2_reads(void)
{
	l2_enter(l2, 0);
	l2_hw_flush(l2);
	assert_int_equal(l2_access(l2, 0, 0), L2_DONE);
}

static void l1_reads(void)
{
	struct env_vcpu *v = l2->v;
	u64 error;

	l2_leave(l2);
	map_flush(vm, 0, ~0ull);
	assert_true(world_access(v, DATA(0), 0));
	assert_true(map_access(v, DATA(0), 0, &error));
}

static void aging(void **state)
{
	begin("npt4-1g", MODEL_4LEVEL, 0x67);
	l2_reads();
	l1_reads();
	/* Both are asked, and neither is young afterwards. */
	assert_true(is_young(0));
	assert_true(age(0));
	assert_false(is_young(0));
	assert_false(age(0));
	l2_reads();
	assert_true(is_young(0));
	assert_true(age(0));
	assert_false(is_young(0));
	l1_reads();
	assert_true(is_young(0));
	assert_true(age(0));
	assert_false(is_young(0));
	assert_false(is_young(20));
}

/* No accessed bits: what is mapped is young, and both lose it. */
static void aging_without_bits(void **state)
{
	u32 rights;

	begin("ept4-1g", MODEL_EPT4, 0x337);
	l2_reads();
	l1_reads();
	assert_true(is_young(0));
	assert_true(age(0));
	assert_false(is_young(0));
	assert_false(age(0));
	l2_enter(l2, 0);
	assert_int_equal(l2_mapped(l2, 0, &rights), 0);
	l2_reads();
	assert_true(age(0));
	l1_reads();
	assert_true(age(0));
	assert_false(age(0));
}

/* ------------------------------------------------------------------------ */
/* Tables that L1 writes freely. */

static bool written;
static int peeks;

/* The processor that L1 runs on there, by what it has cached. */
static void write_now(void)
{
	u64 error;

	if (!lockdep_is_held(&vm->mmu.lock))
		return;
	env_peek_hook = NULL;
	peeks++;
	written = map_access(other->v, TABLE(1), W, &error);
}

/* L1 has written its leaf table on another vCPU, and may again. */
static void unsync_make(void)
{
	begin("npt4-1g", MODEL_4LEVEL, 0x67);
	l2_mem_set(TABLE(2) + 8, 8, TABLE(1) | 7);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	l2_l1_write(other, TABLE(1), 8, DATA(9) | 0x67);
	assert_int_equal(l2_world.unsynced, 1);
	assert_int_equal(vm->mmu.shadow->nr_unsync, 1);
	written = false;
	peeks = 0;
	env_peek_hook = write_now;
}

static void read_once(void)
{
	assert_int_equal(peeks, 1);
	assert_false(written);
	assert_int_equal(vm->mmu.shadow->nr_unsync, 0);
}

static void flush_race(void **state)
{
	unsync_make();
	l2_flush(l2);
	assert_int_equal(l2_access(l2, 1, 0), L2_DONE);
	read_once();
}

/* A second way to the same leaf table. */
static void link_race(void **state)
{
	unsync_make();
	assert_int_equal(l2_access(l2, 3, 0), L2_DONE);
	read_once();
}

/*
 * L1 clears an accessed bit.  A vCPU for whose EPTP there is none (space 2) reads
 * the tables first; and then the one for whose there is.
 */
static void other_format(void **state)
{
	begin("ept4-1g", MODEL_EPT4, 0x337);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	l2_enter(other, 2);
	assert_int_equal(l2_access(other, 0, W), L2_DONE);
	l2_l1_write(other, TABLE(1), 8, DATA(0) | 0x37);
	assert_int_equal(vm->mmu.shadow->nr_unsync, 2);
	l2_flush(other);
	l2_enter(other, 2);
	assert_int_equal(l2_access(other, 0, W), L2_DONE);
	l2_flush(l2);
	l2_enter(l2, 0);
	assert_int_equal(l2_access(l2, 0, 0), L2_DONE);
	assert_true(l2_mem_get(TABLE(1), 8) == (DATA(0) | 0x137));
}

static int gap, gap_wanted;

/* The host takes the frame of the leaf table. */
static void frame_goes(void)
{
	const gfn_t gfn = TABLE(1) >> 12;

	if (shim_nested || shim_self.nheld || shim_self.atomic ||
	    shim_self.rcu || ++gap != gap_wanted)
		return;
	shim_nested++;
	vm->changing++;
	mmu_invalidate_begin(&vm->mmu, gfn, gfn + 1);
	mmu_zap(&vm->mmu, 0, gfn, gfn + 1, false);
	shim_nested--;
}

static void l1_fault(struct env_vcpu *v)
{
	struct mmu_fault f = { .addr = TABLE(1), .error = W };

	env_srcu_lock(vm);
	assert_int_equal(world_enter(v), 0);
	vm->faults++;
	mmu_fault(&v->v, &f);
	vm->faults--;
	env_srcu_unlock(vm);
}

/* A write to a table, while the host takes it: at each place in the fault. */
static void write_going(void **state)
{
	u64 error;

	for (gap_wanted = 1; ; gap_wanted++) {
		begin("npt4-1g", MODEL_4LEVEL, 0x67);
		assert_int_equal(l2_access(l2, 0, W), L2_DONE);
		gap = 0;
		shim_yield_hook = frame_goes;
		shim_unlock_hook = frame_goes;
		l1_fault(other->v);
		shim_yield_hook = NULL;
		shim_unlock_hook = NULL;
		if (gap < gap_wanted)
			break;
		assert_false(map_access(other->v, TABLE(1), 0, &error));
		mmu_invalidate_end(&vm->mmu);
		vm->changing--;
		l2_stop();
	}
	assert_true(map_access(other->v, TABLE(1), W, &error));
	assert_true(gap_wanted > 3);
}

/* Either is no instruction's: an event's on its way in, or a walk of L2's tables. */
static enum mmu_result written_unemulated(u64 addr, bool walk)
{
	struct mmu_fault f = {
		.addr = addr,
		.error = 7 | (walk ? PF_GUEST_TABLE : 0),
		.no_emulate = !walk,
	};
	enum mmu_result r;

	env_srcu_lock(vm);
	r = mmu_fault(&l2->v->v, &f);
	env_srcu_unlock(vm);
	return r;
}

/*
 * An upper table, written where nobody can emulate: it makes room, but for a write
 * that it leads to itself.
 */
static void unemulated(bool walk)
{
	const u64 dir = TABLE(2) + 0x1000, there = 1ull << 30;

	begin("npt4-1g", MODEL_4LEVEL, 0x67);
	l2_mem_set(TABLE(3) + 8, 8, dir | 7);
	l2_mem_set(dir, 8, TABLE(1) | 7);
	l2_mem_set(TABLE(1), 8, dir | 0x67);
	l2_world.gpa[4] = there;
	l2_past_forget(l2);
	assert_int_equal(l2_access(l2, 4, 0), L2_DONE);
	assert_true(tracked_any(vm->mmu.tracked, dir >> 12, 1));
	assert_int_equal(written_unemulated(0, walk), MMU_RETRY);
	assert_false(tracked_any(vm->mmu.tracked, dir >> 12, 1));
	assert_int_equal(l2_access(l2, 4, 0), L2_DONE);
	assert_int_equal(written_unemulated(there, walk), MMU_EMULATE);
	assert_true(tracked_any(vm->mmu.tracked, dir >> 12, 1));
	assert_int_equal(l2_access(l2, 1, 0), L2_DONE);
}

static void no_emulation(void **state)
{
	unemulated(false);
}

static void walk_writes_table(void **state)
{
	unemulated(true);
}

/* ------------------------------------------------------------------------ */
/* VMRUN names other tables, or reads them another way, and flushes nothing. */

static void space_1(enum model_mode mode, u64 root)
{
	l2_world.second[1] = l2_world.second[0];
	l2_world.second[1].mode = mode;
	l2_world.second[1].root = root;
	l2_past_forget(l2);
}

/* The same nCR3, of a walk that is one level shorter: a table is the page. */
static void fewer_levels(void **state)
{
	begin("npt5-1g", MODEL_5LEVEL, 0x67);
	assert_int_equal(l2_access(l2, 0, 0), L2_DONE);
	space_1(MODEL_4LEVEL, TABLE(5));
	l2_enter(l2, 1);
	assert_false(mmu_root_is_current(&l2->v->v));
	assert_int_equal(l2_access(l2, 0, 0), L2_DONE);
	assert_true((l2_leaf(l2, 0) & 1) && l2->sinks == 0);
	l2_enter(l2, 0);
	assert_false(mmu_root_is_current(&l2->v->v));
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
}

/* The same nCR3 with hEFER.NXE clear: bit 63 is reserved. */
static void other_bits(void **state)
{
	begin("npt4-1g", MODEL_4LEVEL, 0x67);
	l2_mem_set(TABLE(1), 8, 1ull << 63 | DATA(0) | 0x67);
	assert_int_equal(l2_access(l2, 0, 0), L2_DONE);
	l2_enter(l2, 2);
	assert_false(mmu_root_is_current(&l2->v->v));
	assert_int_equal(l2_access(l2, 0, 0), L2_FAULTED);
}

/* Another nCR3. */
static void other_root(void **state)
{
	begin("npt4-1g", MODEL_4LEVEL, 0x67);
	l2_mem_set(TABLE(4) + 0x1000, 8, TABLE(3) | 7);
	assert_int_equal(l2_access(l2, 0, 0), L2_DONE);
	space_1(MODEL_4LEVEL, TABLE(4) + 0x1000);
	l2_enter(l2, 1);
	assert_false(mmu_root_is_current(&l2->v->v));
	assert_int_equal(l2_access(l2, 0, 0), L2_DONE);
	/* The same again: nothing is to be done. */
	l2_enter(l2, 1);
	assert_true(mmu_root_is_current(&l2->v->v));
}

/* PAE: of two PDPTEs with the same directory one has a reserved bit. */
static void pdpte_reserved(void **state)
{
	begin("npt4-1g", MODEL_PAE, 0x67);
	l2_mem_set(TABLE(3) + 24, 8, TABLE(2) | 3);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	assert_int_equal(l2_access(l2, 6, W), L2_FAULTED);
	l2_mem_set(TABLE(3) + 24, 8, TABLE(2) | 1);
	l2_flush(l2);
	assert_int_equal(l2_access(l2, 6, W), L2_DONE);
}

/* PAE: a PDPTE changes while L2 runs, and is read by the next walk. */
static void pdpte_changes(void **state)
{
	const u64 pd = l2_table(0, 2, 1) << 12, pt = l2_table(0, 1, 1) << 12;

	begin("npt4-1g", MODEL_PAE, 0x67);
	l2_mem_set(pd + 8, 8, pt | 7);
	l2_mem_set(pt, 8, DATA(5) | 0x67);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	l2_mem_set(TABLE(3), 8, pd | 1);
	assert_int_equal(l2_access(l2, 3, W), L2_DONE);
	l2_mem_set(TABLE(3), 8, TABLE(2) | 1);
	l2_flush(l2);
	assert_int_equal(l2_access(l2, 3, W), L2_FAULTED);
}

/* PAE: PDPTEs where there is no memory are not those of the last VMRUN. */
static void pdptes_nowhere(void **state)
{
	begin("npt4-1g", MODEL_PAE, 0x67);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	space_1(MODEL_PAE, L2_HOLE << 12);
	l2_enter(l2, 1);
	assert_int_equal(l2_access(l2, 0, W), L2_EMULATED);
	l2_enter(l2, 0);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, stop)
	const struct CMUnitTest tests[] = {
		CASE(aging),
		CASE(aging_without_bits),
		CASE(flush_race),
		CASE(link_race),
		CASE(other_format),
		CASE(write_going),
		CASE(no_emulation),
		CASE(walk_writes_table),
		CASE(fewer_levels),
		CASE(other_bits),
		CASE(other_root),
		CASE(pdpte_reserved),
		CASE(pdpte_changes),
		CASE(pdptes_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
