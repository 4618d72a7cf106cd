// SPDX-License-Identifier: GPL-2.0-only
#include "mmu/base/cache.h"
#include "mmu/mmu_env.h"

int cache_fill(struct mmu_cache *cache, unsigned int n)
{
	void *table;

	while (cache->n < n) {
		table = mmu_env_table_alloc(true);
		if (!table)
			return -ENOMEM;
		cache->table[cache->n++] = table;
	}
	return 0;
}

void cache_empty(struct mmu_cache *cache)
{
	while (cache->n)
		mmu_env_table_free(cache->table[--cache->n]);
}
