// SPDX-License-Identifier: GPL-2.0-only
/* Sizes of mappings that slots allow. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "mmu/base/level.c"

static const struct mmu_config gib = { .max_level = LEVEL_1G };
static const struct mmu_config mib = { .max_level = LEVEL_2M };
static const struct mmu_config kib = { .max_level = LEVEL_4K };

/* 1.5 GiB from gfn 1 GiB + 2 MiB on; userspace's pages are in step. */
static struct mmu_slot slot(void)
{
	return (struct mmu_slot){
		.base_gfn = 0x40200, .npages = 0x60000,
		.hva = 0x7f0040200000,
	};
}

static void test_bounds(void **state)
{
	struct mmu_slot s = slot();

	/* The first GiB of the slot begins before it. */
	assert_int_equal(level_slot(&gib, &s, 0x40200), LEVEL_2M);
	assert_int_equal(level_slot(&gib, &s, 0x7ffff), LEVEL_2M);
	assert_int_equal(level_slot(&gib, &s, 0x80000), LEVEL_2M);
	s.npages += 0x20000;
	assert_int_equal(level_slot(&gib, &s, 0x80000), LEVEL_1G);
	assert_int_equal(level_slot(&gib, &s, 0xbffff), LEVEL_1G);
	assert_int_equal(level_slot(&gib, &s, 0xc0000), LEVEL_2M);
	/* One page short of the last 2 MiB. */
	s.npages--;
	assert_int_equal(level_slot(&gib, &s, 0xc0000), LEVEL_4K);
	assert_int_equal(level_slot(&gib, &s, 0xc01fe), LEVEL_4K);
	assert_int_equal(level_slot(&gib, &s, 0xbffff), LEVEL_1G);
	s.base_gfn++;
	s.hva += 0x1000;
	assert_int_equal(level_slot(&gib, &s, 0x40201), LEVEL_4K);
	assert_int_equal(level_slot(&gib, &s, 0x40400), LEVEL_2M);
}

static void test_hardware(void **state)
{
	struct mmu_slot s = slot();

	s.npages += 0x20000;
	assert_int_equal(level_slot(&mib, &s, 0x80000), LEVEL_2M);
	assert_int_equal(level_slot(&kib, &s, 0x80000), LEVEL_4K);
}

static void test_skew(void **state)
{
	struct mmu_slot s = slot();

	s.npages += 0x20000;
	s.hva += 0x200000;
	assert_int_equal(level_slot(&gib, &s, 0x80000), LEVEL_2M);
	s.hva += 0x1000;
	assert_int_equal(level_slot(&gib, &s, 0x80000), LEVEL_4K);
}

static void test_log(void **state)
{
	struct mmu_slot s = slot();

	s.flags = MMU_SLOT_READONLY;
	assert_int_equal(level_slot(&gib, &s, 0x40200), LEVEL_2M);
	s.flags = MMU_SLOT_DIRTY_LOG;
	assert_int_equal(level_slot(&gib, &s, 0x40200), LEVEL_4K);
}

static void test_fit(void **state)
{
	assert_int_equal(level_fit(LEVEL_1G, 0x40123, 0x9980000123), LEVEL_1G);
	assert_int_equal(level_fit(LEVEL_1G, 0x40123, 0x9980000323), LEVEL_2M);
	assert_int_equal(level_fit(LEVEL_1G, 0x40123, 0x9980000124), LEVEL_4K);
	assert_int_equal(level_fit(LEVEL_2M, 0x40123, 0x9980000123), LEVEL_2M);
	assert_int_equal(level_fit(LEVEL_4K, 0x40123, 0x9980000123), LEVEL_4K);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_hardware),
		cmocka_unit_test(test_skew),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
