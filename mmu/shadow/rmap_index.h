/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reverse maps by number: an xarray of chunks of heads.
 *
 * A head comes and goes with nearly every leaf, so it is a word in a chunk, and no
 * entry of the xarray.  A chunk stays as long as one of its heads is in use, or it is
 * the one that was looked up last: a leaf that goes is mostly made again.  So does one that
 * was made ahead, for want of memory under the lock, and whose leaf never came.
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
 * @nr_chunks: how many; READ_ONCE() outside of the lock
 */
struct rmap_index {
	struct xarray chunks;
	struct rmap_chunk *recent;
	unsigned long nr_chunks;
};

/** rmap_index_init - an index with nothing in it */
static inline void rmap_index_init(struct rmap_index *index)
{
	xa_init_flags(&index->chunks, XA_FLAGS_ACCOUNT);
	index->recent = NULL;
	index->nr_chunks = 0;
}

/** rmap_chunk_create - make the slab cache for chunks; 0 or -ENOMEM */
int rmap_chunk_create(void);

/** rmap_chunk_destroy - the reverse; harmless without a cache */
void rmap_chunk_destroy(void);

/** rmap_chunk_search - rmap_chunk_get() where it is not the one looked up last */
struct rmap_chunk *rmap_chunk_search(struct rmap_index *index, unsigned long i);

/**
 * rmap_chunk_get - the chunk that a head is in
 * @index: the index
 * @i: number of the head
 *
 * Return: the chunk, or NULL: then the head is empty.  What was looked up before is
 * gone if it is empty.
 */
static inline struct rmap_chunk *rmap_chunk_get(struct rmap_index *index,
						unsigned long i)
{
	struct rmap_chunk *c = index->recent;

	if (likely(c && c->at == i >> RMAP_CHUNK_BITS))
		return c;
	/* Of most levels, and of SMM's address space, nothing is mapped. */
	if (xa_empty(&index->chunks))
		return NULL;
	return rmap_chunk_search(index, i);
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
 * rmap_chunk_for_each - the chunks that there are, of heads @first to @last
 * @at: an unsigned long: the chunk's place
 * @c: the chunk
 *
 * Meanwhile no other one of the index is looked up.
 */
#define rmap_chunk_for_each(index, at, c, first, last)			\
	xa_for_each_range(&(index)->chunks, at, c,			\
			  (first) >> RMAP_CHUNK_BITS, (last) >> RMAP_CHUNK_BITS)

/** rmap_index_destroy - free chunks and index; nothing is in them */
void rmap_index_destroy(struct rmap_index *index);

#endif
