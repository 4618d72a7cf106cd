// SPDX-License-Identifier: GPL-2.0-only
#include <linux/slab.h>

#include "mmu/shadow/rmap_index.h"

/* Under a lock: no waiting; rmap_chunk_room() then waits without it. */
#define CHUNK_GFP	(GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN)

static struct kmem_cache *chunk_cache;

int rmap_chunk_create(void)
{
	chunk_cache = KMEM_CACHE(rmap_chunk, SLAB_ACCOUNT);
	return chunk_cache ? 0 : -ENOMEM;
}

void rmap_chunk_destroy(void)
{
	kmem_cache_destroy(chunk_cache);
	chunk_cache = NULL;
}

struct rmap_chunk *rmap_chunk_search(struct rmap_index *index, unsigned long i)
{
	struct rmap_chunk *c = xa_load(&index->chunks, i >> RMAP_CHUNK_BITS);
	struct rmap_chunk *last = index->recent;

	if (!c)
		return NULL;
	if (last && !last->used) {
		xa_erase(&index->chunks, last->at);
		index->nr_chunks--;
		kmem_cache_free(chunk_cache, last);
	}
	index->recent = c;
	return c;
}

static bool chunk_store(struct rmap_index *index, unsigned long i,
			struct rmap_chunk *c)
{
	c->at = i >> RMAP_CHUNK_BITS;
	if (xa_err(xa_store(&index->chunks, c->at, c, CHUNK_GFP)))
		return false;
	index->nr_chunks++;
	return true;
}

struct rmap_chunk *rmap_chunk_make(struct rmap_index *index, unsigned long i)
{
	struct rmap_chunk *c = rmap_chunk_get(index, i);

	if (likely(c))
		return c;
	c = kmem_cache_zalloc(chunk_cache, CHUNK_GFP);
	if (c && chunk_store(index, i, c))
		return c;
	if (c)
		kmem_cache_free(chunk_cache, c);
	return NULL;
}

int rmap_chunk_room(struct rmap_index *index, unsigned long i, rwlock_t *lock)
{
	struct rmap_chunk *c;

	if (xa_reserve(&index->chunks, i >> RMAP_CHUNK_BITS,
		       GFP_KERNEL_ACCOUNT))
		return -ENOMEM;
	c = kmem_cache_zalloc(chunk_cache, GFP_KERNEL_ACCOUNT);
	if (!c)
		return -ENOMEM;
	write_lock(lock);
	/* Another vCPU may have made it, or its entry may be reserved no more. */
	if (!rmap_chunk_get(index, i) && chunk_store(index, i, c))
		c = NULL;
	write_unlock(lock);
	if (c)
		kmem_cache_free(chunk_cache, c);
	return 0;
}

void rmap_index_destroy(struct rmap_index *index)
{
	unsigned long at;
	void *c;

	xa_for_each(&index->chunks, at, c)
		kmem_cache_free(chunk_cache, c);
	xa_destroy(&index->chunks);
}
