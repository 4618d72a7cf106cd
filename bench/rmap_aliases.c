// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adds and removes the aliases of one frame for bench/rmap, which runs this under
 * valgrind's callgrind: a dump of its counts after each phase, named
 * "ENTRIES ORDER ALIASES PHASE".
 */
#include <stdio.h>
#include <stdlib.h>
#include <valgrind/callgrind.h>

#include <linux/slab.h>

#include "mmu/shadow/rmap.h"

#define MAX	100000

enum order { LIFO, FIFO, RANDOM, ORDERS };

static const char * const order_names[] = { "LIFO", "FIFO", "random" };

/* The SPTEs, where each is listed as the MMU notes it, and who is next to go. */
static u64 sptes[MAX];
static struct pte_list_desc *place[MAX];
static unsigned int seq[MAX];
static struct pte_list_desc *spares;

static void note(u64 *sptep, struct pte_list_desc *desc)
{
	place[sptep - sptes] = desc;
}

static void order_make(unsigned int n, enum order o)
{
	unsigned int i, j, t;

	for (i = 0; i < n; i++)
		seq[i] = o == LIFO ? n - 1 - i : i;
	for (i = n - 1; o == RANDOM && i; i--) {
		j = shim_random() % (i + 1);
		t = seq[i];
		seq[i] = seq[j];
		seq[j] = t;
	}
}

static void spares_make(unsigned int n)
{
	struct pte_list_desc *desc;

	while (n--) {
		desc = rmap_desc_alloc();
		desc->next = spares;
		spares = desc;
	}
}

static void spares_free(void)
{
	struct pte_list_desc *desc;

	while (spares) {
		desc = spares;
		spares = desc->next;
		rmap_desc_free(desc);
	}
}

static noinline void add(struct rmap_head *head, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		rmap_add(head, &sptes[i], 1, &spares, note);
}

static noinline void take(struct rmap_head *head, unsigned int n)
{
	struct pte_list_desc *empty;
	unsigned int i;

	for (i = 0; i < n; i++) {
		empty = rmap_remove(head, &sptes[seq[i]], place[seq[i]], note);
		if (!empty)
			continue;
		empty->next = spares;
		spares = empty;
	}
}

static void measure(unsigned int entries, enum order o, unsigned int n)
{
	struct rmap_head head = { 0 };
	char name[64];

	order_make(n, o);
	spares_make(n / entries + 2);
	snprintf(name, sizeof(name), "%u %s %u add", entries, order_names[o], n);
	CALLGRIND_ZERO_STATS;
	add(&head, n);
	CALLGRIND_DUMP_STATS_AT(name);
	snprintf(name, sizeof(name), "%u %s %u remove", entries, order_names[o], n);
	CALLGRIND_ZERO_STATS;
	take(&head, n);
	CALLGRIND_DUMP_STATS_AT(name);
	spares_free();
	if (head.val)
		abort();
}

int main(void)
{
	static const unsigned int sizes[] = { RMAP_ENTRIES_SHADOW, RMAP_ENTRIES_TDP };

	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		if (rmap_cache_create(sizes[s]))
			return 1;
		for (int o = LIFO; o < ORDERS; o++)
			for (unsigned int n = 1000; n <= MAX; n *= 10)
				measure(sizes[s], o, n);
		rmap_cache_destroy();
	}
	return 0;
}
