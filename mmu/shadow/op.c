// SPDX-License-Identifier: GPL-2.0-only
/* The driver of operations by frame on shadow pages. */
#include <linux/bitmap.h>
#include <linux/sched.h>

#include "mmu/shadow/op.h"

bool shadow_op_enter(struct shadow_op *op, struct mmu *mmu, int as_id,
		     gfn_t start, gfn_t end)
{
	/* Pairs with shadow_activate(). */
	op->s = smp_load_acquire(&mmu->shadow);
	if (!op->s || start >= end)
		return false;
	op->mmu = mmu;
	op->as_id = as_id;
	op->start = start;
	op->end = end;
	op->batch = (struct shadow_batch)SHADOW_BATCH_INIT(op->batch, mmu);
	write_lock(&mmu->lock);
	return true;
}

void shadow_op_leave(struct shadow_op *op)
{
	shadow_batch_commit(&op->batch);
	write_unlock(&op->mmu->lock);
}

void shadow_op_yield(struct shadow_op *op)
{
	if (!op->may_yield)
		return;
	if (!need_resched() && !rwlock_needbreak(&op->mmu->lock))
		return;
	shadow_op_leave(op);
	cond_resched();
	write_lock(&op->mmu->lock);
}

/* The first index from @i on that covers a frame whose bit is set. */
static unsigned long index_wanted(const struct shadow_op *op, unsigned long i,
				  unsigned int shift)
{
	gfn_t from = max((gfn_t)i << shift, op->start);
	u64 n = op->end - op->start, bit;

	if (!op->bitmap)
		return i;
	bit = find_next_bit(op->bitmap, n, from - op->start);
	return bit < n ? (op->start + bit) >> shift : ULONG_MAX;
}

bool shadow_op_run(struct shadow_op *op, int level)
{
	unsigned int shift = (level - 1) * PT_INDEX_BITS;
	unsigned long last = (op->end - 1) >> shift, next, i;
	struct rmap_head head;

	rmap_index_for_each(&op->s->rmap[op->as_id][level - 1], i, head,
			    op->start >> shift, last) {
		next = index_wanted(op, i, shift);
		if (next > last)
			break;
		if (next != i) {
			i = next - 1;
			continue;
		}
		if (!op->visit(op, level, (gfn_t)i << shift, head))
			return false;
		shadow_op_yield(op);
	}
	return true;
}
