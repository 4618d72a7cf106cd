// SPDX-License-Identifier: GPL-2.0-only
/* Roots that a vCPU has left and comes back to. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/shadow_cases.h"

#define PTE(n)	((DATA + (n)) << 12 | P | W | U | A | D)

/* More than are kept; in frames behind the other tables. */
#define ROOTS	12
#define ROOT(n)	(24ull + (n))

static unsigned long sections(void)
{
	return vm.mmu.shadow->changes;
}

static unsigned int roots(void)
{
	struct mmu_root *r;
	unsigned int n = 0;

	list_for_each_entry(r, &vm.mmu.shadow->roots, link)
		n++;
	return n;
}

/* All lead to the same page at 0. */
static void roots_make(void)
{
	tables_make();
	poke(T1, 0, PTE(0));
	for (int i = 0; i < ROOTS; i++)
		poke(ROOT(i), 0, T3 << 12 | P | W | U | A);
	mode(&long_mode, ROOT(0));
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
}

static void go_to(int i)
{
	assert_true(shadow_cr3(cpu, ROOT(i) << 12));
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(frame(0), DATA);
}

/* Then nothing has to be looked at under the lock held for write. */
static void test_comes_back(void **state)
{
	unsigned long n;

	roots_make();
	go_to(1);
	go_to(2);
	n = sections();
	go_to(0);
	go_to(2);
	go_to(1);
	assert_true(shadow_cr3(cpu, ROOT(1) << 12));
	go_to(1);
	assert_int_equal(sections(), n);
	assert_int_equal(roots(), 3);
}

/* No more than are kept; and those that were in use last. */
static void test_oldest_goes(void **state)
{
	unsigned int kept;
	unsigned long n;
	int i;

	roots_make();
	for (i = 1; i < ROOTS; i++)
		go_to(i);
	kept = roots();
	assert_in_range(kept, 2, ROOTS - 1);
	n = sections();
	for (i = ROOTS - kept; i < ROOTS; i++)
		go_to(i);
	assert_int_equal(sections(), n);
	go_to(ROOTS - kept - 1);
	assert_int_not_equal(sections(), n);
	n = sections();
	/* In its place the one is gone that had been left the longest. */
	for (i = ROOTS - kept + 1; i < ROOTS; i++)
		go_to(i);
	assert_int_equal(sections(), n);
	assert_int_equal(roots(), kept);
}

/* Its entries were written while another one was in use. */
static void test_written(void **state)
{
	roots_make();
	poke(20, 0, 21 << 12 | P | W | U | A);
	poke(21, 0, 22 << 12 | P | W | U | A);
	poke(22, 0, PTE(7));
	go_to(1);
	guest_set(ROOT(0), 0, 20 << 12 | P | W | U | A);
	assert_true(shadow_cr3(cpu, ROOT(0) << 12));
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(frame(0), DATA + 7);
}

/* Its page has gone meanwhile: no table any more, as far as anybody knew. */
static void test_zapped(void **state)
{
	hpa_t root;
	int i;

	roots_make();
	go_to(1);
	for (i = 0; i < 8; i++)
		guest_set(ROOT(0), 100 + i, 0);
	assert_null(xa_load(&vm.mmu.shadow->tracked.table, ROOT(0)));
	assert_true(shadow_cr3(cpu, ROOT(0) << 12));
	env_srcu_lock(&vm);
	assert_int_equal(mmu_root_load(&cpu->v, &root), 1);
	env_srcu_unlock(&vm);
	assert_true(mmu_root_is_current(&cpu->v));
	go_to(0);
	assert_non_null(xa_load(&vm.mmu.shadow->tracked.table, ROOT(0)));
	assert_int_equal(roots(), 2);
}

/* What is unsync is brought up to date, and the root is the same. */
static void test_unsync(void **state)
{
	roots_make();
	poke(T1, 5, T1 << 12 | P | W | U | A | D);
	go_to(1);
	assert_int_equal(store(0x5000, 8, PTE(3)), SHADOW_DONE);
	assert_int_equal(vm.mmu.shadow->nr_unsync, 1);
	assert_true(shadow_cr3(cpu, ROOT(0) << 12));
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(frame(0), DATA + 3);
	assert_int_equal(vm.mmu.shadow->nr_unsync, 0);
	assert_int_equal(roots(), 2);
}

/* The same tables mean something else to other registers, and in SMM. */
static void test_others(void **state)
{
	struct model_paging g = long_mode;
	unsigned long n;

	g.wp = false;
	roots_make();
	poke(T1, 1, (DATA + 1) << 12 | P | A);
	mode(&g, ROOT(0));
	assert_int_equal(touch(0x1000, WRITE), SHADOW_DONE);
	mode(&long_mode, ROOT(0));
	assert_int_equal(touch(0x1000, WRITE), SHADOW_FAULTED);
	n = sections();
	mode(&g, ROOT(0));
	assert_int_equal(touch(0x1000, WRITE), SHADOW_DONE);
	assert_int_equal(sections(), n);
	world_slot_add(&vm, 1, 0, 0, 1024, HOST + 1024, 0);
	cpu->out = true;
	cpu->v.as_id = 1;
	past_forget(cpu);
	mmu_guest_flush(&cpu->v);
	map_flush_vcpu(cpu);
	assert_int_equal(touch(0x1000, 0), SHADOW_FAULTED);
	assert_int_equal(cpu->v.root->as_id, 1);
	assert_int_equal(roots(), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_comes_back),
		CASE(test_oldest_goes),
		CASE(test_written),
		CASE(test_zapped),
		CASE(test_unsync),
		CASE(test_others),
	};

	shim_seed = 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
