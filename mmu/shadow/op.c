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
	op->from = start;
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

/* Of the pages in @mask, those of which the bitmap has a frame. */
static unsigned long bitmap_wanted(const struct shadow_op *op, unsigned int shift,
				   gfn_t at, unsigned long mask)
{
	unsigned long left, n = op->end - op->start, from, to;
	unsigned int i;

	for (left = mask; left; left &= left - 1) {
		i = __ffs(left);
		from = max((at + i) << shift, op->start) - op->start;
		to = min(((at + i + 1) << shift) - op->start, (gfn_t)n);
		if (find_next_bit(op->bitmap, to, from) >= to)
			mask &= ~BIT(i);
	}
	return mask;
}

/* The bitmap's 64 bits for frames from @at on, as far as there are bits. */
static unsigned long bitmap_word(const struct shadow_op *op, gfn_t at)
{
	u64 bit = at - op->start, n = op->end - op->start;
	unsigned long word;

	if (at < op->start)
		return op->bitmap[0] << (op->start - at);
	word = op->bitmap[bit / BITS_PER_LONG] >> (bit % BITS_PER_LONG);
	if (bit % BITS_PER_LONG && (bit | (BITS_PER_LONG - 1)) + 1 < n)
		word |= op->bitmap[bit / BITS_PER_LONG + 1] <<
			(BITS_PER_LONG - bit % BITS_PER_LONG);
	return word;
}

unsigned long shadow_op_wanted(const struct shadow_op *op, int level, gfn_t at)
{
	unsigned int shift = (level - 1) * PT_INDEX_BITS;
	gfn_t first = op->from >> shift, last = (op->end - 1) >> shift;
	unsigned long mask = ~0ul;

	if (first > at)
		mask <<= first - at;
	if (last < at + BITS_PER_LONG - 1)
		mask &= ~0ul >> (BITS_PER_LONG - 1 - (last - at));
	if (!op->bitmap)
		return mask;
	if (level > LEVEL_4K)
		return bitmap_wanted(op, shift, at, mask);
	return mask & bitmap_word(op, at);
}

unsigned long shadow_op_home_only(const struct shadow_page *sp, unsigned int i,
				  unsigned long mask)
{
	unsigned long left;

	for (left = mask; left; left &= left - 1)
		if (!shadow_is_home(sp, &sp->spt[i + __ffs(left)]))
			mask &= ~(left & -left);
	return mask;
}
