/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One operation over the reverse maps of a range of frames: the driver that
 * range.c and log.c share.
 */
#ifndef LAMINA_MMU_SHADOW_OP_H
#define LAMINA_MMU_SHADOW_OP_H

#include "mmu/shadow/page.h"

struct shadow_op;

/**
 * shadow_visit_fn - act on the leaves that map a frame
 * @op: the operation
 * @level: their level
 * @gfn: first frame of the page
 * @head: its reverse map, not empty
 *
 * The visitor may drop the lock, and empty the reverse map.
 *
 * Return: false when the operation is over.
 */
typedef bool (*shadow_visit_fn)(struct shadow_op *op, int level, gfn_t gfn,
				struct rmap_head head);

/**
 * struct shadow_op - an operation
 * @mmu: the VM
 * @s: its shadow pages, from shadow_op_enter()
 * @as_id: address space
 * @start: first frame
 * @end: frame after the last one
 * @bitmap: which frames, bit 0 is @start; NULL: all
 * @may_yield: drop the lock now and then
 * @visit: the visitor
 * @young: age: an accessed page was met
 * @batch: what has to be flushed before the lock goes
 */
struct shadow_op {
	struct mmu *mmu;
	struct mmu_shadow *s;
	int as_id;
	gfn_t start;
	gfn_t end;
	const unsigned long *bitmap;
	bool may_yield;
	shadow_visit_fn visit;
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
 * shadow_op_run - visit the reverse maps of one level
 * @op: the operation, entered
 * @level: 1 to 3
 *
 * Return: false when a visitor said so.
 */
bool shadow_op_run(struct shadow_op *op, int level);

#endif
