/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One operation over a range of frames in every root: the driver that range.c and
 * log.c share.  A visitor acts on one entry and moves on.
 */
#ifndef LAMINA_MMU_TDP_WALK_H
#define LAMINA_MMU_TDP_WALK_H

#include "mmu/tdp/entry.h"
#include "mmu/tdp/root.h"

struct tdp_walk;

/**
 * tdp_visit_fn - act on the entry at hand, then move the walk
 *
 * Return: false when the walk is over.  Not to move is to be called again,
 * after a yield when @w->want_table is set.
 */
typedef bool (*tdp_visit_fn)(struct tdp_walk *w, struct pt_iter *it);

/**
 * struct tdp_walk - an operation
 * @mmu: the VM
 * @as_id: address space, or -1 for all
 * @start: first frame
 * @end: frame after the last one
 * @min_level: lowest level visited
 * @may_yield: drop the lock now and then
 * @visit: the visitor
 * @wants_flush: at the end no TLB holds what the range's entries do not say
 * @no_flush: the caller counts in @mmu->unflushed, and flushes
 * @unit: zap: see tdp_zap_entry()
 * @young: age: an accessed page was met
 * @bitmap: log: the frames meant, bit 0 is @start; NULL: all
 * @table: split: a table for the next one
 * @want_table: split: yield and allocate it
 * @no_split: split: there is no memory for tables
 * @batch: what has to be flushed before the lock goes
 */
struct tdp_walk {
	struct mmu *mmu;
	int as_id;
	gfn_t start;
	gfn_t end;
	int min_level;
	bool may_yield;
	tdp_visit_fn visit;
	bool wants_flush;
	bool no_flush;
	int unit;
	bool young;
	const unsigned long *bitmap;
	u64 *table;
	bool want_table;
	bool no_split;
	struct tdp_batch batch;
};

/**
 * tdp_walk_root - run an operation on one root
 * @w: the operation
 * @root: the root; the caller has a reference, or holds mmu->lock for read
 *        where @w->may_yield is not set
 *
 * With @may_yield the lock is taken inside.
 */
void tdp_walk_root(struct tdp_walk *w, struct mmu_root *root);

/**
 * tdp_walk_run - run an operation on the roots of an address space
 * @w: the operation; the rest goes into it
 * @mmu: the VM
 * @as_id: address space, or -1 for all
 * @start: first frame
 * @end: frame after the last one
 */
void tdp_walk_run(struct tdp_walk *w, struct mmu *mmu, int as_id, gfn_t start,
		  gfn_t end);

#endif
