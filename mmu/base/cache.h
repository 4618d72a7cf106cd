/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's zeroed tables, in reserve for its next fault: filled before a lock is
 * taken, so that none has to be allocated under it.  Only the vCPU's own thread
 * touches them.
 */
#ifndef LAMINA_MMU_BASE_CACHE_H
#define LAMINA_MMU_BASE_CACHE_H

#include "mmu/base/types.h"

/*
 * Tables that one fault may need below the root; with shadow paging one page
 * more, for what is kept beside the leaves (shadow/types.h).
 */
#define MMU_CACHE_TABLES LEVEL_MAX

/**
 * struct mmu_cache - tables in reserve
 * @table: zeroed tables
 * @n: how many
 */
struct mmu_cache {
	void *table[MMU_CACHE_TABLES];
	u8 n;
};

/**
 * cache_fill - make sure that the reserve holds @n tables
 * @cache: the reserve
 * @n: how many the next fault may need, at most MMU_CACHE_TABLES
 *
 * May sleep.
 *
 * Return: 0, or -ENOMEM; what was allocated until then stays in reserve.
 */
int cache_fill(struct mmu_cache *cache, unsigned int n);

/**
 * cache_first - the table that cache_take() would take out
 * @cache: the reserve
 *
 * Return: a zeroed table, or NULL when the reserve is empty.
 */
static inline void *cache_first(const struct mmu_cache *cache)
{
	return cache->n ? cache->table[cache->n - 1] : NULL;
}

/** cache_take - take cache_first() out; or NULL */
static inline void *cache_take(struct mmu_cache *cache)
{
	return cache->n ? cache->table[--cache->n] : NULL;
}

/** cache_empty - free the reserve */
void cache_empty(struct mmu_cache *cache);

#endif
