/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reverse maps by number: an xarray of chunks of heads.
 *
 * A head comes and goes with nearly every leaf, so it is a word in a chunk that
 * stays as long as one of its heads is in use, and no entry of the xarray.
 * mmu->lock is held for write wherever this is touched.
 */
#ifndef LAMINA_MMU_RMAP_INDEX_H
#define LAMINA_MMU_RMAP_INDEX_H

#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "mmu/rmap.h"

#define RMAP_CHUNK_BITS	6
#define RMAP_CHUNK	(1u << RMAP_CHUNK_BITS)

/**
 * struct rmap_chunk - heads in a row
 * @used: how many are not empty
 * @head: the heads
 */
struct rmap_chunk {
	unsigned int used;
	struct rmap_head head[RMAP_CHUNK];
};

/** rmap_chunk_create - make the slab cache for chunks; 0 or -ENOMEM */
int rmap_chunk_create(void);

/** rmap_chunk_destroy - the reverse; harmless without a cache */
void rmap_chunk_destroy(void);

/**
 * rmap_chunk_get - the chunk that a head is in
 * @xa: the index
 * @i: number of the head
 *
 * Return: the chunk, or NULL: then the head is empty.
 */
static inline struct rmap_chunk *rmap_chunk_get(struct xarray *xa,
						unsigned long i)
{
	return xa_load(xa, i >> RMAP_CHUNK_BITS);
}

/** rmap_chunk_head - a head in its chunk */
static inline struct rmap_head *rmap_chunk_head(struct rmap_chunk *c,
						unsigned long i)
{
	return &c->head[i % RMAP_CHUNK];
}

/**
 * rmap_chunk_make - the same, made if there is none
 * @xa: the index
 * @i: number of the head
 *
 * Does not sleep.
 *
 * Return: the chunk, or NULL: see rmap_chunk_room().
 */
struct rmap_chunk *rmap_chunk_make(struct xarray *xa, unsigned long i);

/**
 * rmap_chunk_room - make sure that there is a chunk
 * @xa: the index
 * @i: number of a head
 * @lock: mmu->lock, not held; may sleep
 *
 * Return: 0, or -ENOMEM.
 */
int rmap_chunk_room(struct xarray *xa, unsigned long i, rwlock_t *lock);

/**
 * rmap_chunk_free - free a chunk in which nothing is in use
 * @xa: the index
 * @i: number of one of its heads
 */
void rmap_chunk_free(struct xarray *xa, unsigned long i);

/**
 * rmap_index_next - look for a head that is not empty
 * @xa: the index
 * @i: where to begin; result: its number
 * @last: the last one to look at
 * @head: result
 *
 * Return: false when there is none.
 */
bool rmap_index_next(struct xarray *xa, unsigned long *i, unsigned long last,
		     struct rmap_head *head);

#define rmap_index_for_each(xa, i, head, first, last)			\
	for ((i) = (first); rmap_index_next(xa, &(i), last, &(head)); (i)++)

/** rmap_index_destroy - free chunks and index; nothing is in them */
void rmap_index_destroy(struct xarray *xa);

#endif
