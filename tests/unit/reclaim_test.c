// SPDX-License-Identifier: GPL-2.0-only
/* The page limit: who goes, how many at a time, and who never does. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "mmu/shadow/reclaim.c"

#define PAGES	1000

static struct shadow_page page[PAGES];
static struct mmu_shadow shadow;
static struct mmu mmu;

/* Zapped in this order; how many at most under one lock. */
static struct shadow_page *gone[PAGES];
static unsigned int nr_gone, step, longest;

/* ------------------------------------------------------------------------ */
/* The rest of the MMU. */

void shadow_batch_flush(struct shadow_batch *b)
{
	lockdep_assert_held_write(&b->mmu->lock);
	longest = max(longest, step);
	step = 0;
	b->flush = false;
}

void shadow_zap_page(struct mmu_shadow *s, struct shadow_page *sp,
		     struct shadow_batch *b)
{
	lockdep_assert_held_write(&b->mmu->lock);
	assert_false(sp->zapped || sp->roots);
	sp->zapped = true;
	list_del(&sp->link);
	s->nr_pages--;
	b->flush = true;
	gone[nr_gone++] = sp;
	step++;
}

/* ------------------------------------------------------------------------ */

static void page_add(unsigned int i)
{
	page[i] = (struct shadow_page){ };
	list_add_tail(&page[i].link, &shadow.pages);
	shadow.nr_pages++;
}

static void page_top(unsigned int i)
{
	page[i].roots++;
	shadow.nr_tops++;
}

static void world(unsigned long limit, unsigned int n)
{
	memset(&mmu, 0, sizeof(mmu));
	memset(&shadow, 0, sizeof(shadow));
	rwlock_init(&mmu.lock);
	INIT_LIST_HEAD(&shadow.pages);
	mmu.shadow = &shadow;
	mmu.page_limit = limit;
	nr_gone = step = longest = 0;
	for (unsigned int i = 0; i < n; i++)
		page_add(i);
}

static void room(unsigned int n)
{
	struct shadow_batch b = SHADOW_BATCH_INIT(b, &mmu);

	write_lock(&mmu.lock);
	reclaim_room(&mmu, n, &b);
	/* What was taken away is owed, nothing else is. */
	assert_int_equal(b.flush, step != 0);
	shadow_batch_commit(&b);
	write_unlock(&mmu.lock);
}

static void test_room(void **state)
{
	world(100, 96);
	room(4);
	assert_int_equal(nr_gone, 0);
	room(5);
	/* The oldest first; not only one, as each time costs a flush. */
	assert_in_range(nr_gone, 2, 32);
	for (unsigned int i = 0; i < nr_gone; i++)
		assert_ptr_equal(gone[i], &page[i]);
	assert_true(shadow.nr_pages + 5 <= 100);
}

/* A limit that was lowered is reached by and by, in bounded steps. */
static void test_room_bounded(void **state)
{
	world(64, PAGES);
	for (int i = 0; i < 200; i++)
		room(4);
	assert_in_range(longest, 1, 32);
	assert_in_range(shadow.nr_pages, 32, 60);
}

static void test_roots(void **state)
{
	world(64, 200);
	page_top(0);
	page_top(0);
	page_top(2);
	mmu_page_limit_set(&mmu, 64);
	assert_false(page[0].zapped || page[2].zapped);
	assert_true(page[1].zapped && page[3].zapped);
	assert_in_range(longest, 1, 32);
	/* They come on top, so that others can live. */
	assert_in_range(shadow.nr_pages, 64 + 2, 64 + 3);
	nr_gone = 0;
	room(4);
	assert_in_range(shadow.nr_pages, 32, 63);
}

/* All are roots: nobody goes, and it ends. */
static void test_roots_only(void **state)
{
	world(64, 100);
	for (unsigned int i = 0; i < 16; i++)
		page_top(i * 3);
	/* Of roots that are not counted. */
	for (unsigned int i = 0; i < 100; i++)
		page[i].roots++;
	mmu_page_limit_set(&mmu, 1);
	room(4);
	assert_int_equal(nr_gone, 0);
	assert_int_equal(shadow.nr_pages, 100);
}

static void test_limits(void **state)
{
	world(MMU_PAGES_MIN, 0);
	mmu_page_limit_default(&mmu, 0);
	assert_int_equal(mmu.page_limit, 64);
	mmu_page_limit_default(&mmu, 3249);
	assert_int_equal(mmu.page_limit, 64);
	/* 2 % of 1 GiB, and of the largest slot there can be. */
	mmu_page_limit_default(&mmu, 262144);
	assert_int_equal(mmu.page_limit, 5242);
	mmu_page_limit_default(&mmu, 1ull << 40);
	assert_int_equal(mmu.page_limit, UINT32_MAX);
	mmu_page_limit_set(&mmu, 0);
	assert_int_equal(mmu.page_limit, 64);
	mmu_page_limit_set(&mmu, 500);
	mmu_page_limit_default(&mmu, 1ull << 40);
	assert_int_equal(mmu.page_limit, 500);
}

/* No limit at all: sums do not overflow into a small one. */
static void test_no_limit(void **state)
{
	world(64, 100);
	page_top(5);
	mmu_page_limit_set(&mmu, ULONG_MAX);
	room(4);
	assert_int_equal(nr_gone, 0);
}

/* Without shadow pages it is a number. */
static void test_no_shadow(void **state)
{
	world(64, 0);
	mmu.shadow = NULL;
	mmu_page_limit_set(&mmu, 100);
	assert_int_equal(mmu.page_limit, 100);
}

/* Memory goes away: pages go with the limit. */
static void test_shrink(void **state)
{
	world(PAGES, PAGES);
	mmu_page_limit_default(&mmu, 50 * 200);
	assert_int_equal(shadow.nr_pages, 200);
	assert_in_range(longest, 1, 32);
	for (unsigned int i = 0; i < PAGES - 200; i++)
		assert_ptr_equal(gone[i], &page[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_room_bounded),
		cmocka_unit_test(test_roots),
		cmocka_unit_test(test_roots_only),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_limit),
		cmocka_unit_test(test_no_shadow),
		cmocka_unit_test(test_shrink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
