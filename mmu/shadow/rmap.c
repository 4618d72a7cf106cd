// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/slab.h>

#include "mmu/shadow/rmap.h"

#define RMAP_COUNT_MASK	((1ul << RMAP_COUNT_BITS) - 1)
#define RMAP_DESC_SIZE(n) (sizeof(struct pte_list_desc) + (n) * sizeof(u64 *))

/* Whole cache lines; and the small one is half of one. */
static_assert(RMAP_DESC_SIZE(RMAP_ENTRIES_SHADOW) % SMP_CACHE_BYTES == 0,
	      "large descriptors share cache lines");
static_assert(RMAP_DESC_SIZE(RMAP_ENTRIES_TDP) == 32,
	      "small descriptors straddle cache lines");
static_assert(RMAP_ENTRIES_SHADOW <= RMAP_COUNT_MASK, "count too narrow");

static unsigned int desc_entries;
static struct kmem_cache *desc_cache;

static struct pte_list_desc *chain_of(const struct rmap_head *head)
{
	return head->val & RMAP_CHAIN ?
	       (struct pte_list_desc *)(head->val & ~RMAP_CHAIN) : NULL;
}

static unsigned int desc_count(const struct pte_list_desc *desc)
{
	return desc->info & RMAP_COUNT_MASK;
}

static void desc_push(struct pte_list_desc *desc, u64 *sptep,
		      rmap_place_fn place)
{
	desc->sptes[desc_count(desc)] = sptep;
	desc->info++;
	if (place)
		place(sptep, desc);
}

unsigned int rmap_add(struct rmap_head *head, u64 *sptep, unsigned long key,
		      struct pte_list_desc **desc, rmap_place_fn place)
{
	struct pte_list_desc *newest = chain_of(head), *spare = *desc;

	if (!head->val) {
		head->val = (unsigned long)sptep;
		return 0;
	}
	if (newest && desc_count(newest) < desc_entries) {
		desc_push(newest, sptep, place);
		return 0;
	}
	*desc = spare->next;
	spare->next = newest;
	spare->info = key << RMAP_COUNT_BITS;
	if (!newest)
		desc_push(spare, (u64 *)head->val, place);
	desc_push(spare, sptep, place);
	head->val = (unsigned long)spare | RMAP_CHAIN;
	return 1;
}

/* The SPTE's place in a descriptor, from the newest entry on; or NULL. */
static u64 **desc_find(struct pte_list_desc *desc, const u64 *sptep)
{
	unsigned int i = desc_count(desc);

	while (i--)
		if (desc->sptes[i] == sptep)
			return &desc->sptes[i];
	return NULL;
}

static u64 **chain_find(struct pte_list_desc **desc, const u64 *sptep)
{
	u64 **found = NULL;

	for (; *desc; *desc = (*desc)->next) {
		found = desc_find(*desc, sptep);
		if (found)
			break;
	}
	return found;
}

struct pte_list_desc *rmap_remove(struct rmap_head *head, u64 *sptep,
				  struct pte_list_desc *at,
				  rmap_place_fn place)
{
	struct pte_list_desc *newest = chain_of(head);
	u64 **entry, *last;

	if (!newest) {
		WARN_ON_ONCE(head->val != (unsigned long)sptep);
		head->val = 0;
		return NULL;
	}
	if (at) {
		entry = desc_find(at, sptep);
	} else {
		at = newest;
		entry = chain_find(&at, sptep);
	}
	if (WARN_ON_ONCE(!entry))
		return NULL;

	newest->info--;
	last = newest->sptes[desc_count(newest)];
	*entry = last;
	if (place && at != newest)
		place(last, at);
	if (desc_count(newest))
		return NULL;
	head->val = newest->next ?
		    (unsigned long)newest->next | RMAP_CHAIN : 0;
	return newest;
}

u64 *rmap_chain_first(struct rmap_iter *it, const struct rmap_head *head)
{
	it->desc = chain_of(head);
	it->pos = desc_count(it->desc);
	return rmap_chain_next(it);
}

u64 *rmap_chain_next(struct rmap_iter *it)
{
	if (!it->pos) {
		it->desc = it->desc->next;
		it->pos = it->desc ? desc_count(it->desc) : 0;
	}
	return it->desc ? it->desc->sptes[--it->pos] : NULL;
}

/* ------------------------------------------------------------------------ */

int rmap_cache_create(unsigned int n)
{
	desc_entries = n;
	desc_cache = kmem_cache_create("pte_list_desc", RMAP_DESC_SIZE(n), 0,
				       SLAB_ACCOUNT, NULL);
	return desc_cache ? 0 : -ENOMEM;
}

void rmap_cache_destroy(void)
{
	kmem_cache_destroy(desc_cache);
	desc_cache = NULL;
}

unsigned int rmap_desc_bytes(void)
{
	return RMAP_DESC_SIZE(desc_entries);
}

struct pte_list_desc *rmap_desc_alloc(void)
{
	return kmem_cache_alloc(desc_cache, GFP_KERNEL_ACCOUNT);
}

void rmap_desc_free(struct pte_list_desc *desc)
{
	if (desc)
		kmem_cache_free(desc_cache, desc);
}
