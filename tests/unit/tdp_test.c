// SPDX-License-Identifier: GPL-2.0-only
/*
 * What faults do to a TDP tree, case by case: what is allocated, mapped and
 * logged; and roots.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/rcupdate.h>

#include "tests/unit/tdp_world.h"

static int prefault(gfn_t gfn)
{
	struct mmu_fault f = { .addr = gfn << 12, .prefault = true };

	env_srcu_lock(&vm);
	assert_int_equal(mmu_fault(&cpu->v, &f), MMU_FIXED);
	env_srcu_unlock(&vm);
	return f.level;
}

/* As a read that nobody did; the level is that of the leaf, whoever made it. */
static void test_prefault(void **state)
{
	assert_true(mmu_can_prefault(&cpu->v));
	assert_int_equal(prefault(BASE + 5), LEVEL_4K);
	assert_int_equal(mapped(LEVEL_4K), 16);
	assert_int_equal(prefault(BASE + 6), LEVEL_4K);
	assert_int_equal(prefault(BIG + 77), LEVEL_2M);
	assert_int_equal(prefault(BIG + 78), LEVEL_2M);
	assert_false(mmu_is_young(&vm.mmu, 0, BASE, BASE + 1024));
	assert_false(mmu_is_young(&vm.mmu, 0, BIG, BIG + 1024));
	assert_int_equal(fault(BASE + 300, 0), MMU_FIXED);
	assert_true(mmu_is_young(&vm.mmu, 0, BASE, BASE + 1024));
	/* A table is where a large leaf could be, with a hole in it. */
	assert_int_equal(fault(BIG + 512, PF_WRITE), MMU_FIXED);
	zap(BIG + 512, BIG + 513);
	world_log_on(&vm, 0, 1, false);
	assert_int_equal(fault(BIG + 512 + 9, PF_WRITE), MMU_FIXED);
	world_log_off(&vm, 0, 1, false);
	assert_int_equal(prefault(BIG + 512 + 100), LEVEL_4K);
	assert_int_equal(level_of(BIG + 512 + 100), LEVEL_4K);
}

/* ------------------------------------------------------------------------ */

struct block {
	gfn_t gfn;
	int leaves, accessed, dirty;
};

static void block_count(void *arg, const struct mmu_leaf *leaf)
{
	struct block *b = arg;

	if (leaf->gfn >> 4 != b->gfn >> 4)
		return;
	b->leaves++;
	b->accessed += leaf->accessed;
	b->dirty += leaf->dirty;
}

static void block_is(gfn_t gfn, int leaves, int accessed, int dirty)
{
	struct block b = { .gfn = gfn };

	mmu_check_leaves(&vm.mmu, 0, block_count, &b);
	assert_int_equal(b.leaves, leaves);
	assert_int_equal(b.accessed, accessed);
	assert_int_equal(b.dirty, dirty);
}

static void test_prefetch(void **state)
{
	assert_int_equal(fault(BASE + 37, PF_WRITE), MMU_FIXED);
	block_is(BASE + 37, 16, 1, 1);
	assert_int_equal(mapped(LEVEL_4K), 16);
	/* What is there already is left alone: no page looked up but one. */
	zap(BASE + 36, BASE + 37);
	assert_int_equal(fault(BASE + 36, 0), MMU_FIXED);
	block_is(BASE + 37, 16, 2, 1);
}

/* Absent pages end the search upward, and cut it short downward. */
static void test_prefetch_absent(void **state)
{
	host_change(&vm.host, HOST + 42, HOST + 43, HOST_PRESENT, 0);
	host_change(&vm.host, HOST + 34, HOST + 35, HOST_PRESENT, 0);
	assert_int_equal(fault(BASE + 37, 0), MMU_FIXED);
	/* 32, 33; 37; 38 to 41. */
	block_is(BASE + 37, 7, 1, 0);
	assert_int_equal(level_of(BASE + 33), 1);
	assert_int_equal(level_of(BASE + 35), 0);
	assert_int_equal(level_of(BASE + 41), 1);
	assert_int_equal(level_of(BASE + 43), 0);
}

/* A page that would have to be waited for, and whether that is wanted. */
static void test_nowait(void **state)
{
	struct mmu_fault f = { .addr = (BASE + 37) << 12, .error = PF_WRITE,
			       .nowait = true };

	host_change(&vm.host, HOST + 37, HOST + 38, HOST_PRESENT, 0);
	env_srcu_lock(&vm);
	assert_int_equal(mmu_fault(&cpu->v, &f), MMU_ABSENT);
	assert_int_equal(f.gfn, BASE + 37);
	assert_non_null(f.slot);
	env_srcu_unlock(&vm);
	assert_int_equal(mapped(LEVEL_4K), 0);
	assert_int_equal(fault(BASE + 37, PF_WRITE), MMU_FIXED);
	/* What is there is mapped at once, and where nothing is, nobody waits. */
	f = (struct mmu_fault){ .addr = (BASE + 137) << 12, .nowait = true };
	env_srcu_lock(&vm);
	assert_int_equal(mmu_fault(&cpu->v, &f), MMU_FIXED);
	host_change(&vm.host, HOST + 237, HOST + 238, ~0u, 0);
	f = (struct mmu_fault){ .addr = (BASE + 237) << 12, .nowait = true };
	assert_int_equal(mmu_fault(&cpu->v, &f), MMU_USER);
	env_srcu_unlock(&vm);
}

static void test_prefetch_in_slot(void **state)
{
	world_slot_add(&vm, 0, 2, HOLE + 5, 6, HOST + 5, 0);
	assert_int_equal(fault(HOLE + 7, 0), MMU_FIXED);
	block_is(HOLE + 7, 6, 1, 0);
	assert_int_equal(level_of(HOLE + 5), 1);
	assert_int_equal(level_of(HOLE + 10), 1);
}

/* While a part of the block is being invalidated, only the frame itself. */
static void test_prefetch_invalidated(void **state)
{
	mmu_invalidate_begin(&vm.mmu, BASE + 47, BASE + 48);
	assert_int_equal(fault(BASE + 37, 0), MMU_FIXED);
	block_is(BASE + 37, 1, 1, 0);
	mmu_invalidate_end(&vm.mmu);
}

static void test_prefetch_logged(void **state)
{
	struct env_slot *s;

	world_log_on(&vm, 0, 0, false);
	s = vm.slot[0][0];
	assert_int_equal(fault(BASE + 37, PF_WRITE), MMU_FIXED);
	block_is(BASE + 37, 16, 1, 1);
	assert_true(can_write(BASE + 37));
	assert_false(can_write(BASE + 38));
	assert_int_equal(s->dirty[0], 1ull << 37);
	/* The write that follows needs no page and no memory. */
	shim_fail_odds = 1;
	assert_int_equal(fault(BASE + 38, PF_WRITE), MMU_FIXED);
	shim_fail_odds = 0;
	assert_true(can_write(BASE + 38));
	assert_int_equal(s->dirty[0], 3ull << 37);
}

static bool hardware_writes(gfn_t gfn)
{
	u64 error;

	return map_access(cpu, gfn << 12, PF_WRITE, &error);
}

static bool is_dirty(gfn_t gfn)
{
	struct map_entry m;

	return map_look(cpu, gfn, &m) && m.dirty;
}

/* With page-modification logging (SDM vol. 3, 29.3.6) a collected page stays writable. */
static void test_pml(void **state)
{
	struct env_slot *s;

	assert_int_equal(fault(BASE + 37, PF_WRITE), MMU_FIXED);
	assert_true(can_write(BASE + 37) && is_dirty(BASE + 37));
	/* A neighbour, which nobody has written. */
	assert_true(can_write(BASE + 38) && !is_dirty(BASE + 38));
	world_log_on(&vm, 0, 0, false);
	s = vm.slot[0][0];
	assert_true(can_write(BASE + 37) && !is_dirty(BASE + 37));
	assert_int_equal(s->dirty[0], 0);
	assert_int_equal(world_enter(cpu), 0);
	assert_true(hardware_writes(BASE + 37) && hardware_writes(BASE + 38));
	assert_int_equal(s->dirty[0], 3ull << 37);
	assert_int_equal(world_log_take(s, 0, s->s.npages, NULL), 2);
	assert_true(can_write(BASE + 37) && !is_dirty(BASE + 37));
	/* What TLBs know to be dirty is flushed: it is heard of again. */
	assert_int_equal(world_enter(cpu), 0);
	assert_true(hardware_writes(BASE + 38));
	assert_int_equal(s->dirty[0], 1ull << 38);
	/* What was only read is not to be written without a fault. */
	assert_int_equal(fault(BASE + 100, 0), MMU_FIXED);
	assert_false(can_write(BASE + 100));
}

/* A large leaf would tell of one frame: it is split, or write-protected. */
static void test_pml_large(void **state)
{
	assert_int_equal(fault(BIG + 5, PF_WRITE), MMU_FIXED);
	assert_int_equal(level_of(BIG + 5), LEVEL_2M);
	world_log_on(&vm, 0, 1, false);
	assert_int_equal(level_of(BIG + 5), LEVEL_4K);
	assert_true(can_write(BIG + 5) && !is_dirty(BIG + 5));
	assert_int_equal(world_enter(cpu), 0);
	assert_true(hardware_writes(BIG + 6));
	assert_int_equal(vm.slot[0][1]->dirty[0], 1ull << 6);
	world_log_off(&vm, 0, 1, true);
	assert_int_equal(world_enter(cpu), 0);
	assert_int_equal(fault(BIG + 5, PF_WRITE), MMU_FIXED);
	assert_int_equal(level_of(BIG + 5), LEVEL_2M);
	/* Without memory for tables. */
	shim_fail_odds = 1;
	world_log_on(&vm, 0, 1, false);
	shim_fail_odds = 0;
	assert_int_equal(level_of(BIG + 5), LEVEL_2M);
	assert_false(can_write(BIG + 5));
	assert_int_equal(fault(BIG + 5, PF_WRITE), MMU_FIXED);
	assert_int_equal(level_of(BIG + 5), LEVEL_4K);
	assert_int_equal(vm.slot[0][1]->dirty[0], 1ull << 5);
	assert_false(can_write(BIG + 6));
}

/* No large leaf around a frame that the processor has to see by itself; beside it there are. */
static void test_apart(void **state)
{
	assert_int_equal(fault(BIG + 5, PF_WRITE), MMU_FIXED);
	assert_int_equal(level_of(BIG + 7), LEVEL_2M);
	vm.apart = BIG + 7;
	vm.mmu.frames_used = true;
	zap(BIG + 7, BIG + 8);
	assert_int_equal(level_of(BIG + 7), 0);
	assert_int_equal(fault(BIG + 511, PF_WRITE), MMU_FIXED);
	assert_int_equal(level_of(BIG + 511), LEVEL_4K);
	assert_int_equal(fault(BIG + 7, PF_WRITE), MMU_FIXED);
	assert_int_equal(level_of(BIG + 7), LEVEL_4K);
	assert_int_equal(fault(BIG + 512, PF_WRITE), MMU_FIXED);
	assert_int_equal(level_of(BIG + 512), LEVEL_2M);
}

/* ------------------------------------------------------------------------ */

static void test_reserve_is_exact(void **state)
{
	long allocs = shim_allocs;

	assert_int_equal(fault(BASE, 0), MMU_FIXED);
	assert_int_equal(shim_allocs - allocs, 3);
	/* The same table, then the one beside it. */
	assert_int_equal(fault(BASE + 20, 0), MMU_FIXED);
	assert_int_equal(shim_allocs - allocs, 3);
	assert_int_equal(fault(BASE + 512, 0), MMU_FIXED);
	assert_int_equal(shim_allocs - allocs, 4);
	assert_int_equal(cpu->v.cache.n, 0);
	/* Spurious: nothing at all. */
	assert_int_equal(fault(BASE + 512, PF_WRITE), MMU_FIXED);
	assert_int_equal(shim_allocs - allocs, 4);
}

static void test_no_memory(void **state)
{
	shim_fail_at = shim_allocs + 2;
	assert_int_equal(fault(BASE, 0), MMU_ERROR);
	shim_fail_at = 0;
	assert_int_equal(mapped(LEVEL_4K), 0);
	assert_int_equal(fault(BASE, 0), MMU_FIXED);
}

static u64 *hooked;
static u64 planted;
static int countdown;

/* Another thread changes the entry between our look and our exchange. */
static void plant(void)
{
	if (countdown && !--countdown)
		__atomic_store_n(hooked, planted, __ATOMIC_SEQ_CST);
}

static void test_lost_race(void **state)
{
	u64 spte, old;
	int level, retries = 0;

	assert_int_equal(fault(BASE, 0), MMU_FIXED);
	zap(BASE + 1, BASE + 2);
	hooked = spte_at(BASE + 1, &level);
	planted = SPTE_FROZEN;
	/* Whichever step it comes at, what is planted there stays. */
	for (int n = 1; n < 60; n++) {
		*hooked = 0;
		countdown = n;
		shim_step_hook = plant;
		if (fault(BASE + 1, 0) == MMU_RETRY)
			retries++;
		shim_step_hook = NULL;
		old = *hooked;
		if (countdown)
			break;
		assert_true(old == SPTE_FROZEN);
	}
	assert_true(retries > 0);
	/* The last round went undisturbed; what was planted upset the count. */
	spte = *hooked;
	assert_true(spte_is_present(spte));
	assert_int_equal(level, 1);
	atomic_long_set(&vm.mmu.mapped[1], 16);
}

/* Entries in the middle of a removal are nobody's. */
static void test_broken_entries(void **state)
{
	u64 *sptep;
	int level;

	assert_int_equal(fault(BASE, 0), MMU_FIXED);
	sptep = spte_at(BASE + 512, &level);
	assert_int_equal(level, 2);
	for (int i = 0; i < 2; i++) {
		*sptep = i ? SPTE_REMOVED : SPTE_FROZEN;
		assert_int_equal(fault(BASE + 512, PF_WRITE), MMU_RETRY);
		assert_int_equal(fault(BASE + 512, PF_RSVD), MMU_RETRY);
		assert_true(*sptep == (i ? SPTE_REMOVED : SPTE_FROZEN));
	}
	*sptep = 0;
	assert_int_equal(fault(BASE + 512, 0), MMU_FIXED);
}

static void test_clash(void **state)
{
	u64 *sptep;
	int level;

	assert_int_equal(fault(BASE, 0), MMU_FIXED);
	sptep = spte_at(BASE, &level);
	*sptep = spte_leaf(vm.mmu.config, 1, 0x1234, 0);
	assert_int_equal(fault(BASE, PF_WRITE), MMU_RETRY);
	assert_int_equal(level_of(BASE), 0);
	assert_int_equal(fault(BASE, PF_WRITE), MMU_FIXED);
}

/* ------------------------------------------------------------------------ */

static int page_lookups;

static void count_lookups(void)
{
	page_lookups++;
}

static void test_mmio(void **state)
{
	int level;

	assert_int_equal(fault(HOLE, PF_WRITE), MMU_EMULATE);
	assert_true(spte_is_mmio(vm.mmu.config, *spte_at(HOLE, &level)));
	page_lookups = 0;
	env_gap_hook = count_lookups;
	assert_int_equal(fault(HOLE, PF_WRITE | PF_RSVD), MMU_EMULATE);
	/* A slot comes: the entry is void although it is still there. */
	world_slot_add(&vm, 0, 2, HOLE, 8, HOST, 0);
	assert_int_equal(page_lookups, 0);
	assert_int_equal(fault(HOLE, PF_WRITE | PF_RSVD), MMU_FIXED);
	env_gap_hook = NULL;
	assert_true(page_lookups > 0);
	assert_true(can_write(HOLE));
}

/* The last frame without a slot is known, up to the next change, in its address space. */
static void test_hole(void **state)
{
	const u64 at = HOLE << 12;

	assert_false(mmu_is_hole(&cpu->v, at));
	assert_int_equal(fault(BASE, 0), MMU_FIXED);
	assert_false(mmu_is_hole(&cpu->v, BASE << 12));
	assert_int_equal(fault(HOLE, 0), MMU_EMULATE);
	assert_true(mmu_is_hole(&cpu->v, at) && mmu_is_hole(&cpu->v, at + 0xfff));
	assert_false(mmu_is_hole(&cpu->v, at - 1));
	assert_false(mmu_is_hole(&cpu->v, at + 0x1000));
	mmu_space_set(&cpu->v, 1);
	assert_false(mmu_is_hole(&cpu->v, at));
	mmu_space_set(&cpu->v, 0);
	assert_int_equal(fault(HOLE, PF_RSVD), MMU_EMULATE);
	assert_true(mmu_is_hole(&cpu->v, at));
	world_slot_add(&vm, 0, 2, HOLE, 8, HOST, 0);
	assert_false(mmu_is_hole(&cpu->v, at));
	assert_int_equal(fault(HOLE, PF_RSVD), MMU_FIXED);
	assert_false(mmu_is_hole(&cpu->v, at));
}

/* EPT has 11 bits for the generation: what is old must not look new again. */
static void test_mmio_wraps(void **state)
{
	int level;

	assert_int_equal(fault(HOLE, 0), MMU_EMULATE);
	assert_true(spte_is_mmio(vm.mmu.config, *spte_at(HOLE, &level)));
	for (int i = 0; i < 2048; i++)
		mmu_slots_changed(&vm.mmu);
	assert_true(*spte_at(HOLE, &level) == 0);
}

/* As many holes as a guest cares to look for: not a table for each. */
static void test_holes_bounded(void **state)
{
	long tables;
	gfn_t gfn;
	int level;

	for (gfn = 0; gfn < 4096; gfn++)
		assert_int_equal(fault((1ull << 30) + gfn * 512, 0), MMU_EMULATE);
	tables = atomic_long_read(&vm.mmu.tables);
	assert_in_range(tables, 1024, 1100);
	/* Beside memory, or where others are, they cost nothing. */
	assert_int_equal(fault((1ull << 30) + 7, 0), MMU_EMULATE);
	assert_int_equal(fault((1ull << 30) + 7, PF_RSVD), MMU_EMULATE);
	assert_int_equal(atomic_long_read(&vm.mmu.tables), tables);
	world_zap_all(&vm, NULL);
	assert_int_equal(world_enter(cpu), 0);
	assert_int_equal(fault(2ull << 30, 0), MMU_EMULATE);
	assert_int_equal(fault(2ull << 30, PF_RSVD), MMU_EMULATE);
	assert_true(spte_is_mmio(vm.mmu.config, *spte_at(2ull << 30, &level)));
}

static void test_beyond_the_tree(void **state)
{
	assert_int_equal(fault(1ull << 36, 0), MMU_EMULATE);
	assert_int_equal(fault((1ull << 40) - 1, PF_RSVD), MMU_EMULATE);
}

/* ------------------------------------------------------------------------ */

/* The table that the last fault ended in has gone since. */
static void test_near(void **state)
{
	const gfn_t region = BASE + 512;
	int level;

	assert_int_equal(fault(region + 5, PF_WRITE), MMU_FIXED);
	zap(region, region + 512);
	rcu_barrier();
	assert_int_equal(atomic_long_read(&vm.mmu.tables), 3);
	assert_int_equal(fault(region + 5, PF_WRITE), MMU_FIXED);
	assert_int_equal(level_of(region + 5), LEVEL_4K);
	assert_int_equal(atomic_long_read(&vm.mmu.tables), 4);
	/* And as many others as 32 bits can count. */
	assert_int_equal(fault(region + 5, PF_WRITE), MMU_FIXED);
	zap(region, region + 512);
	atomic64_add(BIT_ULL(32) - 1, &cpu->v.root->removed);
	assert_int_equal(fault(region + 5, PF_WRITE), MMU_FIXED);
	assert_int_equal(fault(region + 5, PF_WRITE), MMU_FIXED);
	assert_ptr_equal(&cpu->v.near.table[5], spte_at(region + 5, &level));
	/* And so has the root. */
	world_zap_all(&vm, NULL);
	assert_int_equal(world_enter(cpu), 0);
	assert_int_equal(fault(region + 5, PF_WRITE), MMU_FIXED);
	/* In a region of large pages there is none; nor are other regions' entries its. */
	assert_int_equal(fault(BIG, PF_WRITE), MMU_FIXED);
	assert_int_equal(fault(BIG + 512, PF_WRITE), MMU_FIXED);
	assert_int_equal(level_of(BIG), LEVEL_2M);
	assert_int_equal(mapped(LEVEL_2M), 2);
}

static void test_roots(void **state)
{
	struct env_vcpu *other = world_vcpu_add(&vm, 1);
	hpa_t first, root;

	assert_int_equal(mmu_root_load(&cpu->v, &first), 0);
	assert_int_equal(mmu_root_load(&other->v, &root), 1);
	assert_true(root == first);
	assert_int_equal(mmu_root_load(&other->v, &root), 0);
	assert_int_equal(fault(BASE, 0), MMU_FIXED);
	world_zap_all(&vm, NULL);
	assert_false(mmu_root_is_current(&cpu->v));
	/* On the old root nothing is mapped any more. */
	assert_int_equal(fault(BASE + 512, 0), MMU_RETRY);
	other->out = true;
	assert_int_equal(mmu_root_load(&other->v, &root), 1);
	assert_true(root != first);
	/* The first one still has a user. */
	assert_int_equal(atomic_long_read(&vm.mmu.tables), 5);
	assert_int_equal(world_enter(cpu), 0);
	assert_int_equal(atomic_long_read(&vm.mmu.tables), 1);
	assert_int_equal(mapped(LEVEL_4K), 0);
}

static void test_root_without_memory(void **state)
{
	hpa_t root;

	world_zap_all(&vm, NULL);
	for (int i = 1; i <= 2; i++) {
		shim_fail_at = shim_allocs + i;
		assert_int_equal(mmu_root_load(&cpu->v, &root), -ENOMEM);
	}
	shim_fail_at = 0;
	assert_int_equal(world_enter(cpu), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_prefetch),
		CASE(test_prefault),
		CASE(test_prefetch_absent),
		CASE(test_nowait),
		CASE(test_prefetch_in_slot),
		CASE(test_prefetch_invalidated),
		CASE(test_prefetch_logged),
		CASE_PML(test_pml),
		CASE_PML(test_pml_large),
		CASE(test_apart),
		CASE(test_reserve_is_exact),
		CASE(test_no_memory),
		CASE(test_lost_race),
		CASE(test_broken_entries),
		CASE(test_clash),
		CASE(test_mmio),
		CASE(test_hole),
		CASE_EPT(test_mmio),
		CASE_EPT(test_mmio_wraps),
		CASE(test_holes_bounded),
		CASE(test_beyond_the_tree),
		CASE(test_near),
		CASE(test_roots),
		CASE(test_root_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
