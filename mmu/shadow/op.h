/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One operation over the leaves of a range of frames: the driver that range.c and
 * log.c share.  Leaves are met 64 frames at a time: in a row of a direct page or of a
 * region's home, or in a chunk of reverse maps.
 */
#ifndef LAMINA_MMU_SHADOW_OP_H
#define LAMINA_MMU_SHADOW_OP_H

#include <linux/bitops.h>

#include "mmu/shadow/page.h"

struct shadow_op;

/**
 * shadow_leaf_fn - act on a leaf
 * @op: the operation
 * @sptep: the leaf
 *
 * May drop this leaf and no other; the lock is kept.
 *
 * Return: false: the driver stops, @op->from being where to go on: the leaf is met
 * again, and others before it in the same table.
 */
typedef bool (*shadow_leaf_fn)(struct shadow_op *op, u64 *sptep);

/**
 * struct shadow_op - an operation
 * @mmu: the VM
 * @s: its shadow pages, from shadow_op_enter()
 * @as_id: address space
 * @start: first frame
 * @end: frame after the last one
 * @from: what comes before this frame is done
 * @bitmap: which frames, bit 0 is @start; NULL: all
 * @may_yield: drop the lock now and then
 * @young: age: an accessed page was met
 * @batch: what has to be flushed before the lock goes
 */
struct shadow_op {
	struct mmu *mmu;
	struct mmu_shadow *s;
	int as_id;
	gfn_t start;
	gfn_t end;
	gfn_t from;
	const unsigned long *bitmap;
	bool may_yield;
	bool young;
	struct shadow_batch batch;
};

/**
 * shadow_op_enter - take the lock
 * @op: the operation; the rest goes into it
 * @mmu: the VM
 * @as_id: address space
 * @start: first frame
 * @end: frame after the last one
 *
 * Return: false when there is nothing to do; the lock is not held then.
 */
bool shadow_op_enter(struct shadow_op *op, struct mmu *mmu, int as_id,
		     gfn_t start, gfn_t end);

/**
 * shadow_op_leave - commit, and let the lock go
 * @op: the operation
 */
void shadow_op_leave(struct shadow_op *op);

/**
 * shadow_op_yield - let others in, if they want and the operation may
 * @op: the operation; whatever was read under the lock is void
 */
void shadow_op_yield(struct shadow_op *op);

/**
 * shadow_op_wanted - which of 64 pages in a row are meant, and not done
 * @op: the operation
 * @level: their level
 * @at: number of the first one, gfn >> 9 * (level - 1); a multiple of 64; one of the
 *      64 is in the range, and not done
 *
 * Return: bit by page.
 */
unsigned long shadow_op_wanted(const struct shadow_op *op, int level, gfn_t at);

/**
 * shadow_op_home_only - of entries in a row, those that stand for the frame of their place
 * @sp: a home, in which not all leaves do
 * @i: index of the first one
 * @mask: bit by entry: which are asked for
 */
unsigned long shadow_op_home_only(const struct shadow_page *sp, unsigned int i,
				  unsigned long mask);

/** op_row - visit 64 entries in a row, the first being number @at */
static __always_inline bool op_row(struct shadow_op *op, int level,
				   struct shadow_page *sp, gfn_t at, shadow_leaf_fn fn)
{
	unsigned long mask = shadow_op_wanted(op, level, at);
	u64 *row = &sp->spt[at % PT_ENTRIES], *sptep, spte;

	if (unlikely(sp->side))
		mask = shadow_op_home_only(sp, at % PT_ENTRIES, mask);
	for (; mask; mask &= mask - 1) {
		sptep = row + __ffs(mask);
		spte = READ_ONCE(*sptep);
		if (!spte_is_present(spte) ||
		    spte_is_table(op->mmu->config, spte, level))
			continue;
		if (!fn(op, sptep))
			return false;
	}
	return true;
}

/** op_page - visit the rows of a direct page, or of a home, that are in the range */
static __always_inline bool op_page(struct shadow_op *op, int level,
				    struct shadow_page *sp, shadow_leaf_fn fn)
{
	unsigned int shift = (level - 1) * PT_INDEX_BITS;
	gfn_t at = max(op->from, sp->home) >> shift & ~(BITS_PER_LONG - 1ull);
	gfn_t end = (sp->home >> shift) + PT_ENTRIES;

	end = min(end, ((op->end - 1) >> shift) + 1);
	for (; at < end; at += BITS_PER_LONG)
		if (!op_row(op, level, sp, at, fn))
			return false;
	return true;
}

/**
 * shadow_op_direct - visit the leaves of direct pages
 * @op: the operation, entered
 * @level: their level
 * @fn: the visitor, a constant
 *
 * Return: false when the visitor said so.
 */
static __always_inline bool shadow_op_direct(struct shadow_op *op, int level,
					     shadow_leaf_fn fn)
{
	unsigned int shift = level * PT_INDEX_BITS;
	struct shadow_page *sp;
	struct xarray *xa;
	unsigned long i;

	if (level > LEVEL_2M)
		return true;
	xa = &op->s->direct[op->as_id][level - 1];
	if (xa_empty(xa))
		return true;
	xa_for_each_range(xa, i, sp, op->from >> shift, (op->end - 1) >> shift) {
		for (; sp && op_page(op, level, sp, fn); sp = sp->same)
			;
		if (sp) {
			op->from = max(op->from, (gfn_t)i << shift);
			return false;
		}
		shadow_op_yield(op);
	}
	return true;
}

/**
 * shadow_op_home - visit the leaves that are at home
 * @op: the operation, entered
 * @level: their level
 * @fn: the visitor, a constant
 *
 * Return: false when the visitor said so.
 */
static __always_inline bool shadow_op_home(struct shadow_op *op, int level,
					   shadow_leaf_fn fn)
{
	struct xarray *xa = &op->s->home[op->as_id][level - 1];
	unsigned int shift = level * PT_INDEX_BITS;
	struct shadow_page *sp;
	unsigned long i;

	if (xa_empty(xa))
		return true;
	xa_for_each_range(xa, i, sp, op->from >> shift, (op->end - 1) >> shift) {
		if (!op_page(op, level, sp, fn)) {
			op->from = max(op->from, (gfn_t)i << shift);
			return false;
		}
		shadow_op_yield(op);
	}
	return true;
}

/** op_head - visit a frame's leaves; what goes the walk has passed, see struct rmap_iter */
static __always_inline bool op_head(struct shadow_op *op, const struct rmap_head *head,
				    shadow_leaf_fn fn)
{
	u64 *sptep, *next;
	struct rmap_iter it;

	for (sptep = rmap_first(&it, head); sptep; sptep = next) {
		next = rmap_next(&it);
		if (!fn(op, sptep)) {
			op->from = shadow_leaf_gfn(sptep);
			return false;
		}
	}
	return true;
}

/**
 * shadow_op_listed - visit the leaves of indirect pages that are not at home
 * @op: the operation, entered
 * @level: their level
 * @fn: the visitor, a constant
 *
 * Return: false when the visitor said so.
 */
static __always_inline bool shadow_op_listed(struct shadow_op *op, int level,
					     shadow_leaf_fn fn)
{
	struct rmap_index *rmap = &op->s->rmap[op->as_id][level - 1];
	unsigned int shift = (level - 1) * PT_INDEX_BITS;
	struct rmap_chunk *c;
	unsigned long at, mask;
	bool more = true;

	if (xa_empty(&rmap->chunks))
		return true;
	rmap_chunk_for_each(rmap, at, c, op->from >> shift, (op->end - 1) >> shift) {
		mask = shadow_op_wanted(op, level, at << RMAP_CHUNK_BITS);
		for (; more && mask; mask &= mask - 1)
			more = op_head(op, &c->head[__ffs(mask)], fn);
		if (!more)
			break;
		shadow_op_yield(op);
	}
	return more;
}

#endif
