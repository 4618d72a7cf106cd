/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One operation over a range of frames in every root: the driver that the
 * public range functions share.  A visitor acts on one entry and moves on.
 */
#ifndef LAMINA_MMU_TDP_WALK_H
#define LAMINA_MMU_TDP_WALK_H

#include "mmu/tdp/root.h"
#include "mmu/tdp/entry.h"

struct range_op;

/**
 * range_visit_fn - act on the entry at hand, then move the walk
 *
 * Return: false when the walk is over.  Not to move is to be called again,
 * after a pause when @op->want_table is set.
 */
typedef bool (*range_visit_fn)(struct range_op *op, struct pt_iter *it);

/**
 * struct range_op - an operation
 * @mmu: the VM
 * @as_id: address space, or -1 for all
 * @start: first frame
 * @end: frame after the last one
 * @min_level: lowest level visited
 * @may_yield: drop the lock now and then
 * @visit: the visitor
 * @wants_flush: at the end no TLB holds what the range's entries do not say
 * @unit: zap: see tdp_zap_entry()
 * @young: age: an accessed page was met
 * @bitmap: log: the frames meant, bit 0 is @start
 * @table: split: a table for the next one
 * @want_table: split: pause and allocate it
 * @no_split: split: there is no memory for tables
 * @batch: what has to be flushed before the lock goes
 */
struct range_op {
	struct mmu *mmu;
	int as_id;
	gfn_t start;
	gfn_t end;
	int min_level;
	bool may_yield;
	range_visit_fn visit;
	bool wants_flush;
	int unit;
	bool young;
	const unsigned long *bitmap;
	u64 *table;
	bool want_table;
	bool no_split;
	struct tdp_batch batch;
};

/**
 * range_run_root - run an operation on one root
 * @op: the operation
 * @root: the root; the caller has a reference, or holds mmu->lock for read
 *        where @op->may_yield is not set
 *
 * With @may_yield the lock is taken inside.
 */
void range_run_root(struct range_op *op, struct mmu_root *root);

/**
 * range_run - run an operation on the roots of its address space
 * @op: the operation
 */
void range_run(struct range_op *op);

/**
 * range_visit_zap - a visitor: tdp_zap_entry(), then on
 * @op: the operation
 * @it: the walk
 *
 * Return: false when the walk is over.
 */
bool range_visit_zap(struct range_op *op, struct pt_iter *it);

#endif
