// SPDX-License-Identifier: GPL-2.0-only
/* A vCPU's reserve: exact, and nothing lost. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/errno.h>

#include "mmu/base/cache.c"
#include "mmu/shadow/cache.c"

static char pages[64][8];
static int made, freed, left;

void *mmu_env_table_alloc(bool wait)
{
	assert_true(wait);
	if (!left || shim_alloc_fails())
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
	return shadow_cache_setup(RMAP_ENTRIES_SHADOW);
}

/* The caches' counts of objects are 0, and their own memory is gone, too. */
static int stop(void **state)
{
	shadow_cache_teardown();
	shadow_cache_teardown();
	shim_fail_at = 0;
	return shim_live;
}

static void test_exact(void **state)
{
	struct mmu_cache c = { };

	assert_int_equal(cache_fill(&c, 0), 0);
	assert_int_equal(made, 0);
	assert_int_equal(cache_fill(&c, 3), 0);
	assert_int_equal(made, 3);
	assert_int_equal(cache_fill(&c, 2), 0);
	assert_int_equal(cache_fill(&c, 3), 0);
	assert_int_equal(made, 3);
	assert_non_null(cache_take(&c));
	assert_int_equal(cache_fill(&c, 3), 0);
	assert_int_equal(made, 4);
	cache_empty(&c);
	assert_int_equal(freed, 3);
	assert_null(cache_take(&c));
}

static void test_shortage(void **state)
{
	struct mmu_cache c = { };

	left = 2;
	assert_int_equal(cache_fill(&c, 4), -ENOMEM);
	/* What there was is kept for the next try. */
	assert_int_equal(c.n, 2);
	left = 2;
	assert_int_equal(cache_fill(&c, 4), 0);
	assert_int_equal(made, 4);
	cache_empty(&c);
	assert_int_equal(freed, 4);
}

static void test_first(void **state)
{
	struct mmu_cache c = { };
	void *table;

	assert_int_equal(cache_fill(&c, MMU_CACHE_TABLES), 0);
	table = cache_first(&c);
	assert_int_equal(c.n, MMU_CACHE_TABLES);
	assert_ptr_equal(cache_take(&c), table);
	assert_int_equal(c.n, MMU_CACHE_TABLES - 1);
	assert_ptr_not_equal(cache_first(&c), table);
	assert_int_equal(freed, 0);
	cache_empty(&c);
}

static unsigned int descs(const struct mmu_vcpu *v)
{
	struct pte_list_desc *desc = v->reserve->desc;
	unsigned int n = 0;

	for (; desc; desc = desc->next)
		n++;
	return n;
}

/* No more than a TDP guest needs, until the first fault that needs more. */
static void test_shadow(void **state)
{
	static const struct shadow_page zero;
	struct mmu_vcpu v = { };
	struct pte_list_desc *desc;
	struct shadow_page *sp;
	long before = shim_live;

	assert_int_equal(cache_fill(&v.cache, 4), 0);
	assert_null(v.reserve);
	assert_int_equal(shim_live, before);
	assert_int_equal(shadow_cache_fill(&v, 5), 0);
	assert_int_equal(v.cache.n, 5);
	assert_int_equal(v.reserve->pages, RESERVE_PAGES);
	assert_int_equal(descs(&v), RESERVE_DESCS);
	/* One for the struct itself. */
	assert_int_equal(shim_live - before, 1 + RESERVE_PAGES + RESERVE_DESCS);

	/* What was taken, and no more, is made up for. */
	sp = v.reserve->page[--v.reserve->pages];
	assert_memory_equal(sp, &zero, sizeof(zero));
	desc = v.reserve->desc;
	v.reserve->desc = desc->next;
	assert_int_equal(shadow_cache_fill(&v, 5), 0);
	assert_int_equal(descs(&v), RESERVE_DESCS);
	assert_int_equal(shim_live - before, 3 + RESERVE_PAGES + RESERVE_DESCS);
	assert_int_equal(made, 5);
	shadow_cache_free(sp);
	rmap_desc_free(desc);

	shadow_cache_empty(&v);
	assert_null(v.reserve);
	assert_int_equal(freed, 5);
	assert_int_equal(shim_live, before);
	cache_empty(&v.cache);
	shadow_cache_empty(&v);
}

/* Each allocation fails once; the next try makes up for it and no more. */
static void test_each_allocation(void **state)
{
	unsigned int all = 1 + 5 + RESERVE_PAGES + RESERVE_DESCS;
	long before = shim_live, n;
	struct mmu_vcpu v = { };

	for (n = 1;; n++) {
		made = 0;
		freed = 0;
		left = 64;
		shim_fail_at = shim_allocs + n;
		if (!shadow_cache_fill(&v, 5))
			break;
		/* What there is stays, or goes if the vCPU is trimmed now. */
		if (n % 2) {
			cache_empty(&v.cache);
			shadow_cache_empty(&v);
		}
		shim_fail_at = 0;
		assert_int_equal(shadow_cache_fill(&v, 5), 0);
		assert_int_equal(made - freed, 5);
		assert_int_equal(shim_live - before + 5, all);
		cache_empty(&v.cache);
		shadow_cache_empty(&v);
		assert_int_equal(shim_live, before);
	}
	assert_int_equal(n, all + 1);
	cache_empty(&v.cache);
	shadow_cache_empty(&v);
}

static void test_setup_fails(void **state)
{
	long n;

	shadow_cache_teardown();
	for (n = 1;; n++) {
		shim_fail_at = shim_allocs + n;
		if (!shadow_cache_setup(RMAP_ENTRIES_SHADOW))
			break;
		assert_int_equal(shim_live, 0);
		shadow_cache_teardown();
	}
	/* One for each cache. */
	assert_int_equal(n, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_exact, start, stop),
		cmocka_unit_test_setup_teardown(test_shortage, start, stop),
		cmocka_unit_test_setup_teardown(test_first, start, stop),
		cmocka_unit_test_setup_teardown(test_shadow, start, stop),
		cmocka_unit_test_setup_teardown(test_each_allocation, start, stop),
		cmocka_unit_test_setup_teardown(test_setup_fails, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
