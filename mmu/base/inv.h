/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The invalidation protocol: a page that was looked up without a lock is mapped
 * only if nothing has taken it away meanwhile.
 *
 *	a fault					an invalidation
 *	seq = inv_seq_read()			inv_begin(range)
 *	slot, page: no lock			zap, publish the slots
 *	lock; inv_is_stale(seq, frame)?		inv_end()
 *
 * mmu->lock protects the struct: held for write to begin and to end, for read or
 * write to ask.
 */
#ifndef LAMINA_MMU_BASE_INV_H
#define LAMINA_MMU_BASE_INV_H

#include <linux/compiler.h>
#include <asm/barrier.h>

#include "mmu/base/types.h"

/**
 * struct mmu_inv - invalidations of a VM
 * @count: how many are in progress; while above 0 no fault in their range may
 *         install anything
 * @seq: bumped at the end of each
 * @start: first frame of the union of those in progress
 * @end: frame after the last one
 */
struct mmu_inv {
	unsigned int count;
	unsigned long seq;
	gfn_t start;
	gfn_t end;
};

/**
 * inv_begin - an invalidation begins
 * @inv: lock held for write
 * @start: first frame
 * @end: frame after the last one
 */
void inv_begin(struct mmu_inv *inv, gfn_t start, gfn_t end);

/**
 * inv_end - one that began ends
 * @inv: lock held for write
 */
void inv_end(struct mmu_inv *inv);

/**
 * inv_seq_read - begin a look-up
 * @inv: lock not held
 *
 * Return: the sequence; slot and page are read after it.
 */
static inline unsigned long inv_seq_read(const struct mmu_inv *inv)
{
	unsigned long seq = READ_ONCE(inv->seq);

	/*
	 * Sequence, then slot and page: pairs with the lock around inv_end(),
	 * which comes after a slot's withdrawal.
	 */
	smp_rmb();
	return seq;
}

/**
 * inv_is_stale - may a look-up not be used for any frame of a range?
 * @inv: lock held
 * @seq: from inv_seq_read(), before the look-up
 * @start: first frame
 * @end: frame after the last one
 */
static inline bool inv_is_stale(const struct mmu_inv *inv, unsigned long seq,
				gfn_t start, gfn_t end)
{
	if (inv->count && start < inv->end && end > inv->start)
		return true;
	return inv->seq != seq;
}

#endif
