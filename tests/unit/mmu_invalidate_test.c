// SPDX-License-Identifier: GPL-2.0-only
/*
 * The protocol of mmu_invalidate_begin(), mmu_zap(), mmu_invalidate_end() and
 * inv_is_stale(), case by case; and what sizes and rights first faults
 * choose.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/errno.h>
#include <linux/spinlock.h>

#include "mmu/base/config.h"
#include "tests/unit/mmu_configs.h"
#include "tests/unit/mmu_ops.h"

#define PRESENT	(HOST_MAPPED | HOST_VMA_W | HOST_PRESENT | HOST_WRITE)
#define BASE	(1ull << 18)	/* gfn of the slot, 1 GiB aligned */
#define HOST	(1ull << 18)	/* its first page in userspace */
#define GPA(n)	((BASE + (n)) << 12)

static struct env_vm vm;
static struct env_vcpu *cpu;

/* A slot of 2 MiB pages, one vCPU that has entered. */
static int start(void **state)
{
	world_start(&vm, &mmu_test_configs[0].caps);
	for (int i = 0; i < 4; i++)
		host_make(&vm.host, HOST + i * 512, 2, PRESENT);
	world_slot_add(&vm, 0, 0, BASE, 2048, HOST, 0);
	cpu = world_vcpu_add(&vm, 0);
	assert_int_equal(world_enter(cpu), 0);
	return 0;
}

static int stop(void **state)
{
	env_gap_hook = NULL;
	world_check(&vm, true);
	world_stop(&vm);
	return 0;
}

static bool is_mapped(gfn_t gfn)
{
	struct map_entry m;

	return map_look(cpu, gfn, &m);
}

static int mapped_level(gfn_t gfn)
{
	struct map_entry m;

	return map_look(cpu, gfn, &m) ? m.level : 0;
}

/* One fault, without the retries of world_access(). */
static enum mmu_result fault_once(gpa_t gpa, u64 error)
{
	struct mmu_fault f = { .addr = gpa, .error = error | PF_USER |
						     PF_GUEST_FINAL };
	enum mmu_result r;

	env_srcu_lock(&vm);
	r = mmu_fault(&cpu->v, &f);
	env_srcu_unlock(&vm);
	return r;
}

static bool is_stale(unsigned long seq, gfn_t gfn)
{
	bool r;

	read_lock(&vm.mmu.lock);
	r = inv_is_stale(&vm.mmu.inv, seq, gfn, gfn + 1);
	read_unlock(&vm.mmu.lock);
	return r;
}

/* ------------------------------------------------------------------------ */

static void test_stale_while_in_progress(void **state)
{
	unsigned long seq = vm.mmu.inv.seq;

	assert_false(is_stale(seq, BASE));
	mmu_invalidate_begin(&vm.mmu, BASE + 8, BASE + 16);
	assert_false(is_stale(seq, BASE + 7));
	assert_true(is_stale(seq, BASE + 8));
	assert_true(is_stale(seq, BASE + 15));
	assert_false(is_stale(seq, BASE + 16));
	mmu_invalidate_end(&vm.mmu);
}

/* What was looked up before the end is stale, whatever its frame may be. */
static void test_stale_after_the_end(void **state)
{
	unsigned long seq = vm.mmu.inv.seq;

	mmu_invalidate_begin(&vm.mmu, BASE + 8, BASE + 16);
	mmu_invalidate_end(&vm.mmu);
	assert_true(is_stale(seq, BASE + 8));
	assert_false(is_stale(vm.mmu.inv.seq, BASE + 8));
}

static void test_nested_ranges(void **state)
{
	unsigned long seq;

	mmu_invalidate_begin(&vm.mmu, BASE + 8, BASE + 16);
	mmu_invalidate_begin(&vm.mmu, BASE + 64, BASE + 128);
	seq = vm.mmu.inv.seq;
	assert_true(is_stale(seq, BASE + 8));
	assert_true(is_stale(seq, BASE + 127));
	mmu_invalidate_end(&vm.mmu);
	/* One still runs, nobody can tell which: both stay closed. */
	assert_true(is_stale(vm.mmu.inv.seq, BASE + 8));
	assert_true(is_stale(vm.mmu.inv.seq, BASE + 64));
	mmu_invalidate_end(&vm.mmu);
	assert_false(is_stale(vm.mmu.inv.seq, BASE + 8));
	assert_false(is_stale(vm.mmu.inv.seq, BASE + 64));
	/* The union is forgotten with the last one. */
	mmu_invalidate_begin(&vm.mmu, BASE + 64, BASE + 65);
	assert_false(is_stale(vm.mmu.inv.seq, BASE + 8));
	mmu_invalidate_end(&vm.mmu);
}

static void test_fault_retries_in_range(void **state)
{
	mmu_invalidate_begin(&vm.mmu, BASE, BASE + 512);
	mmu_zap(&vm.mmu, 0, BASE, BASE + 512, true);
	assert_int_equal(fault_once(GPA(5), PF_WRITE), MMU_RETRY);
	assert_false(is_mapped(BASE + 5));
	assert_int_equal(fault_once(GPA(600), PF_WRITE), MMU_FIXED);
	assert_true(is_mapped(BASE + 600));
	mmu_invalidate_end(&vm.mmu);
	assert_int_equal(fault_once(GPA(5), PF_WRITE), MMU_FIXED);
	assert_true(is_mapped(BASE + 5));
}

/* A huge mapping must not reach from outside into a range under change. */
static void test_huge_beside_range(void **state)
{
	struct map_entry m;

	mmu_invalidate_begin(&vm.mmu, BASE + 8, BASE + 16);
	mmu_zap(&vm.mmu, 0, BASE + 8, BASE + 16, true);
	fault_once(GPA(100), PF_WRITE);
	if (map_look(cpu, BASE + 8, &m))
		fail_msg("mapped at level %d during the change", m.level);
	mmu_invalidate_end(&vm.mmu);
}

/* Small pages in two tables; only what lies in the range goes. */
static void test_zap_takes_no_more(void **state)
{
	host_migrate(&vm.host, HOST, HOST + 1);
	host_migrate(&vm.host, HOST + 512, HOST + 513);
	for (u64 n = 0; n < 1024; n += 64)
		assert_true(world_access(cpu, GPA(n), PF_WRITE));
	mmu_invalidate_begin(&vm.mmu, BASE + 128, BASE + 700);
	mmu_zap(&vm.mmu, 0, BASE + 128, BASE + 700, true);
	for (u64 n = 0; n < 1024; n += 64)
		assert_int_equal(is_mapped(BASE + n), n < 128 || n >= 700);
	mmu_invalidate_end(&vm.mmu);
}

/* A notifier that failed us: still never two pages for a frame. */
static void test_page_changed_unannounced(void **state)
{
	host_change(&vm.host, HOST, HOST + 512, HOST_WRITE, 0);
	host_migrate(&vm.host, HOST, HOST + 1);
	assert_true(world_access(cpu, GPA(0), 0));
	host_migrate(&vm.host, HOST, HOST + 1);
	host_change(&vm.host, HOST, HOST + 1, 0, HOST_WRITE);
	assert_int_equal(fault_once(GPA(0), PF_WRITE | PF_PRESENT), MMU_RETRY);
	assert_false(is_mapped(BASE));
	assert_true(world_access(cpu, GPA(0), PF_WRITE));
}

static u64 gap_page;
static int gaps;

/* The page is swapped out between its look-up and the mapping. */
static void swap_in_gap(void)
{
	if (++gaps != 2)
		return;
	world_notify_begin(&vm, gap_page & ~511ull, (gap_page | 511) + 1, true);
	host_change(&vm.host, gap_page & ~511ull, (gap_page | 511) + 1,
		    HOST_PRESENT, 0);
	world_notify_end(&vm, gap_page & ~511ull, (gap_page | 511) + 1);
}

static void test_change_after_lookup(void **state)
{
	gaps = 0;
	gap_page = HOST + 700;
	env_gap_hook = swap_in_gap;
	assert_int_equal(fault_once(GPA(700), PF_WRITE), MMU_RETRY);
	env_gap_hook = NULL;
	assert_true(gaps >= 2);
	assert_false(is_mapped(BASE + 700));
	assert_int_equal(vm.refs, 0);
	assert_true(world_access(cpu, GPA(700), PF_WRITE));
}

static void test_zap_all_leaves_nothing(void **state)
{
	hpa_t old = cpu->root;

	assert_true(world_access(cpu, GPA(3), PF_WRITE));
	world_zap_all(&vm, NULL);
	assert_false(mmu_root_is_current(&cpu->v));
	assert_int_equal(world_enter(cpu), 0);
	assert_true(mmu_root_is_current(&cpu->v));
	assert_true(cpu->root != old || !is_mapped(BASE + 3));
	assert_false(is_mapped(BASE + 3));
	assert_true(world_access(cpu, GPA(3), PF_WRITE));
}

/* ------------------------------------------------------------------------ */

static void test_first_fault_is_huge(void **state)
{
	assert_true(world_access(cpu, GPA(3), 0));
	assert_int_equal(mapped_level(BASE + 3), LEVEL_2M);
}

static void test_log_splits_and_recovers(void **state)
{
	struct map_entry m;
	long flushes;

	assert_true(world_access(cpu, GPA(3), PF_WRITE));
	world_log_on(&vm, 0, 0, false);
	assert_true(map_look(cpu, BASE + 3, &m));
	assert_int_equal(m.level, LEVEL_4K);
	assert_false(m.w);
	assert_true(world_access(cpu, GPA(3), PF_WRITE));
	assert_true(world_access(cpu, GPA(9), PF_WRITE));
	flushes = vm.flushes;
	assert_int_equal(world_log_take(vm.slot[0][0], 0, 2048, NULL), 2);
	assert_int_equal(vm.flushes, flushes + 1);
	assert_int_equal(world_log_take(vm.slot[0][0], 0, 2048, NULL), 0);
	world_log_off(&vm, 0, 0, true);
	assert_true(world_access(cpu, GPA(3), PF_WRITE));
	assert_int_equal(mapped_level(BASE + 3), LEVEL_2M);
}

static void test_all_set_start_protects_nothing(void **state)
{
	struct map_entry m;

	assert_true(world_access(cpu, GPA(3), PF_WRITE));
	world_log_on(&vm, 0, 0, true);
	assert_true(map_look(cpu, BASE + 3, &m));
	assert_int_equal(m.level, LEVEL_2M);
	assert_true(m.w);
	assert_int_equal(world_log_take(vm.slot[0][0], 0, 64, NULL), 64);
	assert_true(map_look(cpu, BASE + 3, &m));
	assert_int_equal(m.level, LEVEL_4K);
	assert_false(m.w);
}

static void test_read_only_slot(void **state)
{
	struct map_entry m;

	world_slot_add(&vm, 0, 1, BASE + 4096, 512, HOST + 512,
		       MMU_SLOT_READONLY);
	assert_int_equal(fault_once(GPA(4096), PF_WRITE), MMU_EMULATE);
	assert_int_equal(fault_once(GPA(4096), 0), MMU_FIXED);
	assert_true(map_look(cpu, BASE + 4096, &m));
	assert_false(m.w);
}

static void test_no_slot_then_slot(void **state)
{
	u64 error;

	assert_false(world_access(cpu, GPA(8192), 0));
	assert_false(map_access(cpu, GPA(8192), 0, &error));
	assert_int_equal(fault_once(GPA(8192), error), MMU_EMULATE);
	world_slot_add(&vm, 0, 1, BASE + 8192, 8, HOST, 0);
	assert_true(world_access(cpu, GPA(8192), 0));
}

/*
 * Generations come again: what was remembered a whole round ago must not be
 * believed.  The round is cut short to its first, its wrapping and last step.
 */
static void test_mmio_generation_wraps(void **state)
{
	u64 mask = vm.mmu.config->mmio_gen_mask, old = vm.mmu.mmio_gen;

	if (!vm.mmu.config->mmio_mask || !~mask)
		skip();
	assert_false(world_access(cpu, GPA(8192), 0));
	vm.mmu.mmio_gen |= mask;
	mmu_slots_changed(&vm.mmu);
	assert_int_equal(vm.mmu.mmio_gen & mask, 1);
	vm.mmu.mmio_gen += ((old & mask) - 2) & mask;
	world_slot_add(&vm, 0, 1, BASE + 8192, 8, HOST, 0);
	assert_int_equal(vm.mmu.mmio_gen & mask, old & mask);
	assert_true(world_access(cpu, GPA(8192), 0));
}

static void test_nothing_mapped_there(void **state)
{
	host_change(&vm.host, HOST + 1024, HOST + 1025, ~0u, 0);
	assert_int_equal(fault_once(GPA(1024), 0), MMU_USER);
	assert_false(world_access(cpu, GPA(1024), PF_WRITE));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_stale_while_in_progress),
		CASE(test_stale_after_the_end),
		CASE(test_nested_ranges),
		CASE(test_fault_retries_in_range),
		CASE(test_huge_beside_range),
		CASE(test_zap_takes_no_more),
		CASE(test_page_changed_unannounced),
		CASE(test_change_after_lookup),
		CASE(test_zap_all_leaves_nothing),
		CASE(test_first_fault_is_huge),
		CASE(test_log_splits_and_recovers),
		CASE(test_all_set_start_protects_nothing),
		CASE(test_read_only_slot),
		CASE(test_no_slot_then_slot),
		CASE(test_mmio_generation_wraps),
		CASE(test_nothing_mapped_there),
	};

	shim_seed = 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
