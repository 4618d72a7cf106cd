// SPDX-License-Identifier: GPL-2.0-only
/* The index of reverse maps: chunks of heads, made and freed, and walks over them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "mmu/shadow/rmap_index.c"

static struct rmap_index map;
static rwlock_t lock;

static void head_set(unsigned long i, unsigned long val)
{
	struct rmap_chunk *c = rmap_chunk_make(&map, i);

	assert_non_null(c);
	rmap_chunk_head(c, i)->val = val;
}

static int start(void **state)
{
	rwlock_init(&lock);
	rmap_index_init(&map);
	return rmap_chunk_create();
}

static int stop(void **state)
{
	shim_fail_at = 0;
	rmap_index_destroy(&map);
	rmap_chunk_destroy();
	rmap_chunk_destroy();
	return shim_live;
}

static void walk_is(unsigned long first, unsigned long last,
		    const unsigned long *expect, unsigned int n)
{
	struct rmap_chunk *c;
	unsigned int seen = 0;
	unsigned long at;

	rmap_chunk_for_each(&map, at, c, first, last) {
		assert_true(seen < n);
		assert_int_equal(at, c->at);
		assert_int_equal(at, expect[seen++]);
	}
	assert_int_equal(seen, n);
}

/* Each chunk that there is, from that of the first head to that of the last one. */
static void test_walk(void **state)
{
	static const unsigned long head[] = { 3, 5, 63, 64, 191, 1000, 1 << 20 };
	static const unsigned long at[] = { 0, 1, 2, 15, 1 << 14 };
	int i;

	walk_is(0, ~0ul >> 8, NULL, 0);
	for (i = 0; i < (int)ARRAY_SIZE(head); i++)
		head_set(head[i], 8);
	walk_is(0, ~0ul >> 8, at, 5);
	walk_is(63, 64, at, 2);
	walk_is(64, 127, at + 1, 1);
	walk_is(192, 959, at, 0);
	walk_is(1000, (1 << 20) - 1, at + 3, 1);
	walk_is(1 << 20, 1 << 20, at + 4, 1);
}

/* An empty one stays until another one is looked up, one in use stays. */
static void test_empty(void **state)
{
	struct rmap_chunk *c = rmap_chunk_make(&map, 64);

	head_set(200, 8);
	assert_ptr_equal(rmap_chunk_get(&map, 64), c);
	/* None is found. */
	assert_null(rmap_chunk_get(&map, 1000));
	assert_ptr_equal(rmap_chunk_get(&map, 64), c);
	c->used = 1;
	assert_non_null(rmap_chunk_get(&map, 200));
	assert_ptr_equal(rmap_chunk_get(&map, 64), c);
	c->used = 0;
	assert_null(rmap_chunk_get(&map, 200));
	head_set(200, 8);
	assert_non_null(rmap_chunk_get(&map, 200));
	assert_null(rmap_chunk_get(&map, 64));
}

static void test_chunks(void **state)
{
	struct rmap_chunk *c = rmap_chunk_make(&map, 64);

	assert_non_null(c);
	assert_ptr_equal(rmap_chunk_get(&map, 127), c);
	assert_ptr_equal(rmap_chunk_make(&map, 100), c);
	assert_null(rmap_chunk_get(&map, 63));
	assert_null(rmap_chunk_get(&map, 128));
	assert_ptr_equal(rmap_chunk_head(c, 65), &c->head[1]);
}

/* Where there is one already it stays, with what is in it. */
static void test_room(void **state)
{
	struct rmap_chunk *c;

	assert_int_equal(rmap_chunk_room(&map, 10, &lock), 0);
	c = rmap_chunk_get(&map, 10);
	assert_non_null(c);
	head_set(10, 80);
	assert_int_equal(rmap_chunk_room(&map, 11, &lock), 0);
	assert_ptr_equal(rmap_chunk_get(&map, 10), c);
	assert_int_equal(rmap_chunk_head(c, 10)->val, 80);
}

static void test_no_memory(void **state)
{
	int n, err = -ENOMEM;

	for (n = 1; err; n++) {
		shim_fail_at = shim_allocs + n;
		err = rmap_chunk_room(&map, n * 64, &lock);
		shim_fail_at = 0;
		assert_true(!err || err == -ENOMEM);
		assert_int_equal(!rmap_chunk_get(&map, n * 64), err != 0);
	}
	/* The entry, and the chunk. */
	assert_in_range(n, 3, 4);
	for (n = 1; n < 20; n++) {
		shim_fail_at = shim_allocs + n;
		if (rmap_chunk_make(&map, 1 << 20)) {
			shim_fail_at = 0;
			break;
		}
		assert_null(rmap_chunk_get(&map, 1 << 20));
	}
	assert_non_null(rmap_chunk_get(&map, 1 << 20));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		CASE(test_walk),
		CASE(test_empty),
		CASE(test_chunks),
		CASE(test_room),
		CASE(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
