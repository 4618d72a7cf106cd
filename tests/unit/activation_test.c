// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first shadow root of a VM (R4), against everything that removes translations.
 *
 * At each place where the first access of an L2 may be interrupted, a slot begins to
 * go or to move, all roots become obsolete, or the host takes memory; it ends after
 * the access.  Then nothing may lead to what is gone.  And each allocation on the way
 * fails once, after which the VM goes on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <linux/kernel.h>

#include "mmu/check.h"
#include "mmu/shadow/page.h"
#include "tests/unit/mmu_configs.h"
#include "tests/unit/nested_l2.h"

#define TABLE(level)	(l2_table(0, level, 0) << 12)
#define GAPS_MAX	4000

static struct l2 *const l2 = &l2_world.l2[0];
static struct env_vm *const vm = &l2_world.vm;

/*
 * What happens in the gap; what may not be there after the access; and what ends it,
 * which removes once more.
 */
struct change {
	void (*begin)(void);
	bool (*is_there)(void);
	void (*end)(void);
};

static const struct change *change;
static long gap, gap_wanted;
static bool begun;

static void in_gap(void)
{
	if (shim_nested || shim_self.nheld || shim_self.atomic || shim_self.rcu)
		return;
	if (++gap != gap_wanted)
		return;
	shim_nested++;
	begun = true;
	change->begin();
	shim_nested--;
}

static void hooks_set(void (*fn)(void))
{
	l2_world.crowded = fn;
	vm->crowded = fn;
	shim_step_hook = fn;
	shim_yield_hook = fn;
	env_gap_hook = fn;
}

/* Address 0 at the first frame of slot 1, by a table at each level in slot 0. */
static void begin(const struct mmu_caps *caps, u64 leaf)
{
	int level;

	l2_start(caps, MODEL_4LEVEL);
	for (level = 4; level > 1; level--)
		l2_mem_set(TABLE(level), 8, TABLE(level - 1) | 7);
	l2_mem_set(TABLE(1), 8, (L2_BIG << 12) | leaf);
	assert_null(vm->mmu.shadow);
	l2_enter(l2, 0);
}

/* ------------------------------------------------------------------------ */

static void slot_goes(void)
{
	struct mmu_slot s = vm->slot[0][1]->s;

	vm->changing++;
	mmu_invalidate_begin(&vm->mmu, s.base_gfn, s.base_gfn + s.npages);
	mmu_zap(&vm->mmu, 0, s.base_gfn, s.base_gfn + s.npages, true);
}

static bool slot_is_mapped(void)
{
	u32 rights;

	return l2_mapped(l2, 0, &rights);
}

static void slot_is_gone(void)
{
	world_slot_del(vm, 0, 1);
	mmu_invalidate_end(&vm->mmu);
	vm->changing--;
}

static void slot_has_moved(void)
{
	world_slot_move(vm, 0, 1, L2_HOLE);
	mmu_invalidate_end(&vm->mmu);
	vm->changing--;
}

static void tables_go(void)
{
	struct mmu_slot s = vm->slot[0][0]->s;

	vm->changing++;
	mmu_invalidate_begin(&vm->mmu, s.base_gfn, s.base_gfn + s.npages);
	mmu_zap(&vm->mmu, 0, s.base_gfn, s.base_gfn + s.npages, true);
}

/* An empty page says nothing that could become wrong. */
static bool page_is_used(const struct shadow_page *sp)
{
	for (unsigned int i = 0; i < PT_ENTRIES; i++)
		if (sp->spt[i])
			return true;
	return false;
}

static bool tables_are_shadowed(void)
{
	struct shadow_page *sp;
	bool used = false;

	if (!vm->mmu.shadow)
		return false;
	list_for_each_entry(sp, &vm->mmu.shadow->pages, link)
		used |= page_is_used(sp);
	return used;
}

static void tables_are_gone(void)
{
	world_slot_del(vm, 0, 0);
	mmu_invalidate_end(&vm->mmu);
	vm->changing--;
}

static void roots_go(void)
{
	mmu_zap_all(&vm->mmu);
}

static bool never(void)
{
	return false;
}

static void nothing(void)
{
}

/* For each gap. Returns how many there were. */
static long each_gap(const struct mmu_caps *caps, const struct change *c)
{
	change = c;
	for (gap_wanted = 1; gap_wanted < GAPS_MAX; gap_wanted++) {
		begin(caps, 7);
		gap = 0;
		begun = false;
		hooks_set(in_gap);
		l2_access(l2, 0, PF_WRITE);
		hooks_set(NULL);
		if (begun) {
			assert_false(c->is_there());
			c->end();
		}
		mmu_check(&vm->mmu);
		l2_check();
		l2_stop();
		if (!begun)
			return gap_wanted - 1;
	}
	fail();
	return 0;
}

static void removals(void **state)
{
	static const struct change changes[] = {
		{ slot_goes, slot_is_mapped, slot_is_gone },
		{ slot_goes, slot_is_mapped, slot_has_moved },
		{ tables_go, tables_are_shadowed, tables_are_gone },
		{ roots_go, never, nothing },
	};

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		long n = each_gap(&mmu_test_configs[0].caps, &changes[i]);

		printf("change %zu: %ld gaps\n", i, n);
		assert_true(n > 10);
	}
}

/* A slot that comes after the activation is shadowed like any other. */
static void creation(void **state)
{
	begin(&mmu_test_configs[0].caps, 7);
	world_slot_del(vm, 0, 1);
	assert_int_equal(l2_access(l2, 0, PF_WRITE), L2_EMULATED);
	assert_non_null(vm->mmu.shadow);
	l2_slot_add(1, 0);
	assert_int_equal(l2_access(l2, 0, PF_WRITE), L2_DONE);
	mmu_check(&vm->mmu);
	l2_check();
	l2_stop();
}

static void no_memory(void **state)
{
	bool reached = true;
	long n;

	for (n = 1; reached; n++) {
		begin(&mmu_test_configs[0].caps, 7);
		shim_fail_at = shim_allocs + n;
		l2_access(l2, 0, PF_WRITE);
		reached = shim_allocs >= shim_fail_at;
		shim_fail_at = 0;
		assert_int_equal(l2_access(l2, 0, PF_WRITE), L2_DONE);
		mmu_check(&vm->mmu);
		l2_check();
		l2_stop();
	}
	/* The struct itself is the first of them. */
	assert_true(n > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(removals),
		cmocka_unit_test(creation),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
