/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one step of a walk over a TDP tree (walk.h) does to the entry at hand.
 *
 * Everything here runs under mmu->lock for read, and RCU; nothing flushes a
 * TLB.  What has to be flushed is added up in a struct tdp_batch.
 */
#ifndef LAMINA_MMU_TDP_ENTRY_H
#define LAMINA_MMU_TDP_ENTRY_H

#include "mmu/mmu_mode.h"
#include "mmu/tdp/tree.h"

#define TDP_BATCH_TABLES	32

/**
 * struct tdp_batch - what an operation has to flush before it lets the lock go
 * @mmu: the VM; @root: whose tree it is
 * @armed: @mmu->unflushed counts us
 * @start: first frame to flush
 * @end: frame after the last one; nothing to flush while it is 0
 * @count: statistics to publish
 * @nr_frozen: number of @frozen
 * @frozen: entries to set from SPTE_FROZEN to empty after the flush
 */
struct tdp_batch {
	struct mmu *mmu;
	struct mmu_root *root;
	bool armed;
	gfn_t start;
	gfn_t end;
	struct pt_count count;
	unsigned int nr_frozen;
	u64 *frozen[TDP_BATCH_TABLES];
};

/**
 * tdp_zap_entry - remove the translations at hand
 * @it: the walk
 * @b: the flush batch, with room in @frozen
 * @start: first frame of the range that goes
 * @unit: largest level at which a table that is wholly inside goes as one;
 *        larger ones are left to the walk
 */
void tdp_zap_entry(struct pt_iter *it, struct tdp_batch *b, gfn_t start,
		   int unit);

/**
 * tdp_protect_entry - take the right to write from a leaf
 * @it: the walk
 * @b: the flush batch
 */
void tdp_protect_entry(struct pt_iter *it, struct tdp_batch *b);

/**
 * tdp_log_run - the next write to leaves in a row is to be logged: take @cfg->logged
 * @it: the walk, at level 4K; @it->gfn is the same afterwards
 * @b: the flush batch
 * @mask: which of the 64 entries from the one at hand on; all in its table
 */
void tdp_log_run(struct pt_iter *it, struct tdp_batch *b, unsigned long mask);

/**
 * tdp_track - one of L1's tables is shadowed from now on: no leaf lets it be written
 * @mmu: the VM; its lock is held for write
 * @root: a root
 * @gfn: the table's frame
 *
 * The lockless fast path does not give the right back.  A large leaf is split when
 * something else in it is written.
 *
 * Return: was there a right to write, which TLBs may have?
 */
bool tdp_track(struct mmu *mmu, const struct mmu_root *root, gfn_t gfn);

/**
 * tdp_age_entry - clear a leaf's accessed state
 * @it: the walk
 * @b: the flush batch: grows only where the hardware has no accessed bit, and the
 *     leaf goes
 *
 * Return: was it accessed?
 */
bool tdp_age_entry(struct pt_iter *it, struct tdp_batch *b);

/**
 * tdp_is_young - is the entry at hand a leaf that was accessed?
 * @it: the walk
 */
bool tdp_is_young(const struct pt_iter *it);

/**
 * tdp_can_split - is it a large leaf that the guest may come to write?
 * @it: the walk
 */
bool tdp_can_split(const struct pt_iter *it);

/**
 * tdp_split_entry - replace a large leaf by a table that says the same
 * @it: the walk; @it->spte is the table afterwards, so that the walk enters it
 * @b: the flush batch
 * @table: a zeroed table
 * @drop: what the pieces do not get: 0 or @cfg->logged
 *
 * Nothing to flush unless something is dropped: a cached large translation that
 * equals its pieces is harmless (SDM vol. 3, 29.4.3.1; APM vol. 2, 15.25.7).
 *
 * Return: false when the leaf went meanwhile; @table is zeroed again.
 */
bool tdp_split_entry(struct pt_iter *it, struct tdp_batch *b, u64 *table,
		     u64 drop);

#endif
