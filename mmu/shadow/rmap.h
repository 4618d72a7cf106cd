/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reverse maps: which SPTEs lead to something (R1).
 *
 *	head	0			none
 *		SPTE			one, inline
 *		descriptor | 1		a chain, newest descriptor first; all but
 *					the newest are full
 *
 * A container only: what an SPTE means, and where heads are kept, is the
 * user's affair (page.h).  So that removing need not search, the user notes
 * for each SPTE in which descriptor it is, as rmap_place_fn tells; a user that
 * does not (parents of a table) pays with a search of the chain, and keeps it short.
 *
 * mmu->lock is held for write wherever a head is touched.
 */
#ifndef LAMINA_MMU_SHADOW_RMAP_H
#define LAMINA_MMU_SHADOW_RMAP_H

#include "mmu/base/types.h"

/* Entries of a descriptor: without TDP, and where only nested guests have aliases. */
#define RMAP_ENTRIES_SHADOW	14
#define RMAP_ENTRIES_TDP	2

#define RMAP_COUNT_BITS	8

/* In a head: a chain. */
#define RMAP_CHAIN	1ul

/**
 * struct pte_list_desc - a descriptor
 * @next: an older one
 * @info: entries in use, 1 to the number decided at set-up, in the low
 *        RMAP_COUNT_BITS; above, the key of the head it belongs to
 * @sptes: the entries; the first ones are in use
 */
struct pte_list_desc {
	struct pte_list_desc *next;
	unsigned long info;
	u64 *sptes[];
};

/**
 * struct rmap_head - a reverse map
 * @val: see above
 */
struct rmap_head {
	unsigned long val;
};

/**
 * rmap_place_fn - an SPTE is listed somewhere else now
 *
 * @desc: the descriptor; never NULL: an SPTE that is inline was so before
 */
typedef void (*rmap_place_fn)(u64 *sptep, struct pte_list_desc *desc);

/**
 * rmap_desc_key - the key of the head that a descriptor belongs to
 * @desc: the descriptor
 */
static inline unsigned long rmap_desc_key(const struct pte_list_desc *desc)
{
	return desc->info >> RMAP_COUNT_BITS;
}

/** rmap_chain_key - the key that came with the chain's newest descriptor, or 0: there is none */
static inline unsigned long rmap_chain_key(const struct rmap_head *head)
{
	return head->val & RMAP_CHAIN ?
	       rmap_desc_key((struct pte_list_desc *)(head->val & ~RMAP_CHAIN)) : 0;
}

/**
 * rmap_add - add an SPTE
 * @head: the reverse map
 * @sptep: the SPTE; not in it
 * @key: what rmap_desc_key() shall say, below 2^56
 * @desc: descriptors, by @next: the first is taken when one is needed
 * @place: told of @sptep's place, and of the one that was inline; or NULL
 *
 * Return: how many descriptors it took: 0 or 1.
 */
unsigned int rmap_add(struct rmap_head *head, u64 *sptep, unsigned long key,
		      struct pte_list_desc **desc, rmap_place_fn place);

/**
 * rmap_remove - remove an SPTE
 * @head: the reverse map
 * @sptep: the SPTE; in it
 * @at: its descriptor; NULL: inline, or to be searched for
 * @place: told of the SPTE that takes its place; or NULL
 *
 * The newest entry takes the place of the one that goes, so no descriptor but
 * the newest one is ever less than full.
 *
 * Return: a descriptor that became empty, for rmap_desc_free(), or NULL.
 */
struct pte_list_desc *rmap_remove(struct rmap_head *head, u64 *sptep,
				  struct pte_list_desc *at,
				  rmap_place_fn place);

/**
 * struct rmap_iter - a walk over a reverse map
 * @desc: descriptor at hand
 * @pos: the next entry in it
 *
 * Meanwhile nothing is added.  What the walk has passed may be removed: it lies on
 * the newer side, from which the holes are filled.
 */
struct rmap_iter {
	struct pte_list_desc *desc;
	unsigned int pos;
};

/** rmap_chain_first - rmap_first() where there is a chain */
u64 *rmap_chain_first(struct rmap_iter *it, const struct rmap_head *head);

/** rmap_chain_next - rmap_next() in a chain */
u64 *rmap_chain_next(struct rmap_iter *it);

/**
 * rmap_first - begin a walk
 * @it: the walk
 * @head: the reverse map
 *
 * Return: the first SPTE, or NULL.
 */
static inline u64 *rmap_first(struct rmap_iter *it,
			      const struct rmap_head *head)
{
	if (head->val & 1)
		return rmap_chain_first(it, head);
	it->desc = NULL;
	return (u64 *)head->val;
}

/**
 * rmap_next - go on
 * @it: the walk
 *
 * Return: the next SPTE, or NULL.
 */
static inline u64 *rmap_next(struct rmap_iter *it)
{
	return it->desc ? rmap_chain_next(it) : NULL;
}

#define rmap_for_each(sptep, it, head)					\
	for (sptep = rmap_first(it, head); sptep; sptep = rmap_next(it))

/* ------------------------------------------------------------------------ */
/* Descriptors, sized once (R1). */

/**
 * rmap_cache_create - make the slab cache "pte_list_desc"
 * @n: entries of a descriptor from now on: RMAP_ENTRIES_*
 *
 * Return: 0 or -ENOMEM.
 */
int rmap_cache_create(unsigned int n);

/** rmap_cache_destroy - the reverse; harmless without a cache */
void rmap_cache_destroy(void);

/** rmap_desc_bytes - how large a descriptor is */
unsigned int rmap_desc_bytes(void);

/**
 * rmap_desc_alloc - allocate a descriptor; may sleep
 *
 * Return: the descriptor, or NULL.
 */
struct pte_list_desc *rmap_desc_alloc(void);

/**
 * rmap_desc_free - free a descriptor
 * @desc: the descriptor, or NULL
 */
void rmap_desc_free(struct pte_list_desc *desc);

#endif
