// SPDX-License-Identifier: GPL-2.0-only
/* A vCPU's reserve of tables: exact, and nothing lost. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/errno.h>

#include "mmu/cache.c"

static char pages[64][8];
static int made, freed, left;

void *mmu_env_table_alloc(bool wait)
{
	assert_true(wait);
	if (!left)
		return NULL;
	left--;
	return pages[made++];
}

void mmu_env_table_free(void *table)
{
	freed++;
}

static int start(void **state)
{
	made = 0;
	freed = 0;
	left = 64;
	return 0;
}

static void test_exact(void **state)
{
	struct mmu_vcpu v = { };

	assert_int_equal(cache_fill(&v, 0), 0);
	assert_int_equal(made, 0);
	assert_int_equal(cache_fill(&v, 3), 0);
	assert_int_equal(made, 3);
	assert_int_equal(cache_fill(&v, 2), 0);
	assert_int_equal(cache_fill(&v, 3), 0);
	assert_int_equal(made, 3);
	assert_non_null(cache_take(&v));
	assert_int_equal(cache_fill(&v, 3), 0);
	assert_int_equal(made, 4);
	cache_empty(&v);
	assert_int_equal(freed, 3);
	assert_null(cache_take(&v));
}

static void test_shortage(void **state)
{
	struct mmu_vcpu v = { };

	left = 2;
	assert_int_equal(cache_fill(&v, 4), -ENOMEM);
	/* What there was is kept for the next try. */
	assert_int_equal(v.cached, 2);
	left = 2;
	assert_int_equal(cache_fill(&v, 4), 0);
	assert_int_equal(made, 4);
	cache_empty(&v);
	assert_int_equal(freed, 4);
}

static void test_give_back(void **state)
{
	struct mmu_vcpu v = { };
	void *table;

	assert_int_equal(cache_fill(&v, MMU_CACHE_TABLES), 0);
	table = cache_take(&v);
	cache_give(&v, table);
	assert_int_equal(v.cached, MMU_CACHE_TABLES);
	assert_ptr_equal(cache_take(&v), table);
	assert_int_equal(freed, 0);
	cache_empty(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_exact, start),
		cmocka_unit_test_setup(test_shortage, start),
		cmocka_unit_test_setup(test_give_back, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
