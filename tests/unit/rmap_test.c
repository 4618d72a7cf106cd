// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reverse maps beside a set: what is in them, where it is, how it is packed;
 * and how many steps it takes, counted by the compiler's own instrumentation
 * (tests/Makefile builds this file with -fsanitize-coverage=trace-pc).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/kernel.h>
#include <linux/string.h>

/* The one warning that is called for. */
static int warnings;
#undef WARN_ON_ONCE
#define WARN_ON_ONCE(c)	((c) ? (warnings++, true) : false)

#include "mmu/shadow/rmap.c"

#define MAX	100000
#define KEY	((1ul << 56) - 3)

static const unsigned int sizes[] = { RMAP_ENTRIES_SHADOW, RMAP_ENTRIES_TDP };

/* An SPTE's number, whether it is in the set, and what @place said. */
static u64 sptes[MAX];
static bool in_set[MAX];
static struct pte_list_desc *noted[MAX];
static unsigned int members;
static struct rmap_head head;

static void note(u64 *sptep, struct pte_list_desc *desc)
{
	assert_non_null(desc);
	noted[sptep - sptes] = desc;
}

static void start(unsigned int n)
{
	assert_int_equal(rmap_cache_create(n), 0);
}

static void stop(void)
{
	assert_int_equal(head.val, 0);
	rmap_cache_destroy();
	rmap_cache_destroy();
	assert_int_equal(shim_live, 0);
}

static void add(unsigned int i, rmap_place_fn place)
{
	struct pte_list_desc *spare = rmap_desc_alloc();

	assert_non_null(spare);
	assert_false(in_set[i]);
	spare->next = NULL;
	rmap_add(&head, &sptes[i], KEY, &spare, place);
	rmap_desc_free(spare);
	in_set[i] = true;
	members++;
}

static void remove_at(unsigned int i, struct pte_list_desc *at,
		      rmap_place_fn place)
{
	rmap_desc_free(rmap_remove(&head, &sptes[i], at, place));
	in_set[i] = false;
	noted[i] = NULL;
	members--;
}

/* How many descriptors it takes, and that none but the newest has a hole. */
static void check_chain(void)
{
	struct pte_list_desc *d, *newest = chain_of(&head);
	unsigned int n = 0;

	for (d = newest; d; d = d->next) {
		unsigned int count = d->info & 0xff;

		assert_true(rmap_desc_key(d) == KEY);
		assert_in_range(count, 1, desc_entries);
		if (d != newest)
			assert_int_equal(count, desc_entries);
		n += count;
	}
	assert_int_equal(n, newest ? members : 0);
	if (!newest)
		assert_in_range(members, 0, 1);
}

static void check(bool places)
{
	static bool seen[MAX];
	unsigned int n = 0;
	struct rmap_iter it;
	u64 *sptep;

	check_chain();
	rmap_for_each(sptep, &it, &head) {
		unsigned int i = sptep - sptes;

		assert_true(in_set[i] && !seen[i]);
		seen[i] = true;
		if (places && chain_of(&head))
			assert_true(noted[i] == it.desc);
		n++;
	}
	assert_int_equal(n, members);
	rmap_for_each(sptep, &it, &head)
		seen[sptep - sptes] = false;
}

/* A member, or who is none. */
static unsigned int pick(bool member, unsigned int n)
{
	unsigned int i;

	do
		i = shim_random() % n;
	while (in_set[i] != member);
	return i;
}

static void random_ops(unsigned int n, rmap_place_fn place)
{
	for (int op = 0; op < 6000; op++) {
		/* Growing, then shrinking, to nothing and to all. */
		bool more = shim_random() % 100 < (op / 1000 % 2 ? 30 : 70);
		struct rmap_iter it;
		unsigned int i;

		if (members == n || (members && !more)) {
			i = pick(true, n);
			if (shim_random() % 8 == 0)
				i = rmap_first(&it, &head) - sptes;
			remove_at(i, noted[i], place);
		} else {
			add(pick(false, n), place);
		}
		check(place);
	}
	while (members) {
		struct rmap_iter it;
		unsigned int i = rmap_first(&it, &head) - sptes;

		remove_at(i, noted[i], place);
	}
	check(place);
}

static void test_random(void **state)
{
	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		start(sizes[s]);
		random_ops(3, note);
		random_ops(40, note);
		random_ops(300, note);
		random_ops(40, NULL);
		stop();
	}
}

/* By hand: what is where when there are one, two, three of them. */
static void test_shape(void **state)
{
	struct pte_list_desc *d;
	struct rmap_iter it;

	start(RMAP_ENTRIES_TDP);
	assert_null(rmap_first(&it, &head));
	add(0, note);
	assert_true(head.val == (unsigned long)&sptes[0]);
	assert_null(noted[0]);
	assert_ptr_equal(rmap_first(&it, &head), &sptes[0]);
	assert_null(rmap_next(&it));
	add(1, note);
	d = noted[1];
	assert_true(head.val == ((unsigned long)d | 1) && noted[0] == d);
	add(2, note);
	/* The newest is in front. */
	assert_true(head.val == ((unsigned long)noted[2] | 1));
	assert_ptr_equal(noted[2]->next, d);
	/* A walk goes from the newest to the oldest. */
	assert_ptr_equal(rmap_first(&it, &head), &sptes[2]);
	assert_ptr_equal(rmap_next(&it), &sptes[1]);
	assert_ptr_equal(rmap_next(&it), &sptes[0]);
	assert_null(rmap_next(&it));
	/* The newest entry takes the place of the oldest. */
	remove_at(0, noted[0], note);
	assert_true(head.val == ((unsigned long)d | 1) && noted[2] == d);
	assert_null(d->next);
	remove_at(2, noted[2], note);
	remove_at(1, noted[1], note);
	stop();
}

static void test_cache(void **state)
{
	static const unsigned int bytes[] = { 128, 32 };

	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		shim_fail_at = shim_allocs + 1;
		assert_int_equal(rmap_cache_create(sizes[s]), -ENOMEM);
		rmap_cache_destroy();
		assert_int_equal(rmap_cache_create(sizes[s]), 0);
		assert_int_equal(desc_cache->size, bytes[s]);
		shim_fail_at = shim_allocs + 1;
		assert_null(rmap_desc_alloc());
		rmap_desc_free(NULL);
		stop();
	}
}

static void test_not_in_it(void **state)
{
	start(RMAP_ENTRIES_TDP);
	for (unsigned int i = 0; i < 5; i++)
		add(i, note);
	assert_null(rmap_remove(&head, &sptes[7], NULL, note));
	assert_null(rmap_remove(&head, &sptes[7], noted[0], note));
	assert_int_equal(warnings, 2);
	warnings = 0;
	check(true);
	for (unsigned int i = 0; i < 5; i++)
		remove_at(i, noted[i], note);
	stop();
}

/* ------------------------------------------------------------------------ */
/* 100,000 aliases of one frame. */

static long steps;
static bool counting;
static struct pte_list_desc *spares;

/* At each basic block of what is built with it. */
void __sanitizer_cov_trace_pc(void);
__attribute__((no_sanitize_coverage))
void __sanitizer_cov_trace_pc(void)
{
	steps += counting;
}

enum order { LIFO, FIFO, RANDOM, SEARCH };

static void order_make(unsigned int *seq, unsigned int n, enum order o)
{
	for (unsigned int i = 0; i < n; i++)
		seq[i] = o == LIFO || o == SEARCH ? n - 1 - i : i;
	for (unsigned int i = n - 1; o == RANDOM && i; i--) {
		unsigned int j = shim_random() % (i + 1), t = seq[i];

		seq[i] = seq[j];
		seq[j] = t;
	}
}

static void aliases_add(unsigned int n)
{
	struct pte_list_desc *spare;

	for (unsigned int i = 0; i < n; i++) {
		spare = spares;
		if (!spare)
			spare = rmap_desc_alloc();
		assert_non_null(spare);
		spare->next = NULL;
		counting = true;
		rmap_add(&head, &sptes[i], KEY, &spare, note);
		counting = false;
		spares = spare;
		in_set[i] = true;
		members++;
	}
	rmap_desc_free(spares);
	spares = NULL;
}

/* Add and remove: steps for each alias, in hundredths. */
static long aliases(unsigned int n, enum order o)
{
	static unsigned int seq[MAX];
	struct pte_list_desc *empty;

	order_make(seq, n, o);
	steps = 0;
	aliases_add(n);
	check(true);
	for (unsigned int i = 0; i < n; i++) {
		counting = true;
		empty = rmap_remove(&head, &sptes[seq[i]], o == SEARCH ? NULL :
				    noted[seq[i]], note);
		counting = false;
		rmap_desc_free(empty);
		in_set[seq[i]] = false;
		members--;
		if (i % (n / 8) == 0)
			check(true);
	}
	return steps * 100 / n;
}

static void test_aliases(void **state)
{
	static const char * const names[] = { "LIFO", "FIFO", "random", "search" };

	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		start(sizes[s]);
		for (int o = LIFO; o <= SEARCH; o++) {
			long few = aliases(MAX / 10, o), many = aliases(MAX, o);

			printf("%2u entries, %-6s: %ld.%02ld and %ld.%02ld steps\n",
			       sizes[s], names[o], few / 100, few % 100,
			       many / 100, many % 100);
			assert_true(few > 0);
			assert_true(many * 100 <= few * 105);
		}
		stop();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_not_in_it),
		cmocka_unit_test(test_aliases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
