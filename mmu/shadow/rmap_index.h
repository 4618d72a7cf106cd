/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reverse maps by number: an xarray of chunks of heads.
 *
 * A head comes and goes with nearly every leaf, so it is a word in a chunk that
 * stays as long as one of its heads is in use, and no entry of the xarray.
 * mmu->lock is held for write wherever this is touched.
 */
#ifndef LAMINA_MMU_SHADOW_RMAP_INDEX_H
#define LAMINA_MMU_SHADOW_RMAP_INDEX_H

#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "mmu/shadow/rmap.h"

#define RMAP_CHUNK_BITS	6
#define RMAP_CHUNK	(1u << RMAP_CHUNK_BITS)

/**
 * struct rmap_chunk - heads in a row
 * @at: its place in the index
 * @used: how many are not empty
 * @head: the heads
 */
struct rmap_chunk {
	unsigned long at;
	unsigned int used;
	struct rmap_head head[RMAP_CHUNK];
};

/**
 * struct rmap_index - chunks by number
 * @chunks: struct rmap_chunk by the number of its heads >> RMAP_CHUNK_BITS
 * @recent: the chunk looked up last, or NULL: frames that are mapped one after
 *          the other are mostly in the same
 */
struct rmap_index {
	struct xarray chunks;
	struct rmap_chunk *recent;
};

/** rmap_index_init - an index with nothing in it */
static inline void rmap_index_init(struct rmap_index *index)
{
	xa_init(&index->chunks);
	index->recent = NULL;
}

/** rmap_chunk_create - make the slab cache for chunks; 0 or -ENOMEM */
int rmap_chunk_create(void);

/** rmap_chunk_destroy - the reverse; harmless without a cache */
void rmap_chunk_destroy(void);

/**
 * rmap_chunk_get - the chunk that a head is in
 * @index: the index
 * @i: number of the head
 *
 * Return: the chunk, or NULL: then the head is empty.
 */
static inline struct rmap_chunk *rmap_chunk_get(struct rmap_index *index,
						unsigned long i)
{
	struct rmap_chunk *c = index->recent;

	if (likely(c && c->at == i >> RMAP_CHUNK_BITS))
		return c;
	c = xa_load(&index->chunks, i >> RMAP_CHUNK_BITS);
	if (c)
		index->recent = c;
	return c;
}

/** rmap_chunk_head - a head in its chunk */
static inline struct rmap_head *rmap_chunk_head(struct rmap_chunk *c,
						unsigned long i)
{
	return &c->head[i % RMAP_CHUNK];
}

/**
 * rmap_chunk_make - the same, made if there is none
 * @index: the index
 * @i: number of the head
 *
 * Does not sleep.
 *
 * Return: the chunk, or NULL: see rmap_chunk_room().
 */
struct rmap_chunk *rmap_chunk_make(struct rmap_index *index, unsigned long i);

/**
 * rmap_chunk_room - make sure that there is a chunk
 * @index: the index
 * @i: number of a head
 * @lock: mmu->lock, not held; may sleep
 *
 * Return: 0, or -ENOMEM.
 */
int rmap_chunk_room(struct rmap_index *index, unsigned long i, rwlock_t *lock);

/**
 * rmap_chunk_free - free a chunk in which nothing is in use
 * @index: the index
 * @i: number of one of its heads
 */
void rmap_chunk_free(struct rmap_index *index, unsigned long i);

/** rmap_index_search - rmap_index_next() where it is not the first one */
bool rmap_index_search(struct rmap_index *index, unsigned long *i,
		       unsigned long last, struct rmap_head *head);

/**
 * rmap_index_next - look for a head that is not empty
 * @index: the index
 * @i: where to begin; result: its number
 * @last: the last one to look at
 * @head: result
 *
 * Return: false when there is none.
 */
static inline bool rmap_index_next(struct rmap_index *index, unsigned long *i,
				   unsigned long last, struct rmap_head *head)
{
	struct rmap_chunk *c = index->recent;

	if (likely(c && c->at == *i >> RMAP_CHUNK_BITS && *i <= last)) {
		*head = *rmap_chunk_head(c, *i);
		if (head->val)
			return true;
	}
	return rmap_index_search(index, i, last, head);
}

#define rmap_index_for_each(index, i, head, first, last)		\
	for ((i) = (first); rmap_index_next(index, &(i), last, &(head)); (i)++)

/** rmap_index_destroy - free chunks and index; nothing is in them */
void rmap_index_destroy(struct rmap_index *index);

#endif
