// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations by frame on shadow pages: the driver, and what memslots and the
 * host's notifier ask for.  The dirty log's operations are in shadow_log.c.
 *
 * Whoever changes an SPTE holds mmu->lock for write, and flushes before it lets
 * go: no operation meets a translation that another one took away and has not
 * flushed.  Only the hardware changes entries meanwhile: it sets accessed and
 * dirty bits.
 */
#include <linux/bitmap.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include "mmu/shadow/op.h"
#include "mmu/shadow/range.h"
#include "mmu/shadow/track.h"

bool shadow_op_enter(struct shadow_op *op)
{
	if (op->start >= op->end)
		return false;
	/* Pairs with shadow_activate(). */
	op->s = smp_load_acquire(&op->mmu->shadow);
	if (!op->s)
		return false;
	op->batch = (struct shadow_batch)SHADOW_BATCH_INIT(op->batch, op->mmu);
	write_lock(&op->mmu->lock);
	return true;
}

void shadow_op_leave(struct shadow_op *op)
{
	shadow_batch_commit(&op->batch);
	write_unlock(&op->mmu->lock);
	op->moved = true;
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

/* The next chunk from @i on, which is moved to its first head in the range. */
static struct rmap_chunk *chunk_next(struct shadow_op *op, int level,
				     unsigned long *i, unsigned long last)
{
	unsigned long at = *i >> RMAP_CHUNK_BITS;
	struct rmap_chunk *c;

	op->moved = false;
	c = xa_find(&op->s->rmap[op->as_id][level - 1].chunks, &at,
		    last >> RMAP_CHUNK_BITS, XA_PRESENT);
	if (c)
		*i = max(*i, at << RMAP_CHUNK_BITS);
	return c;
}

bool shadow_op_run(struct shadow_op *op, int level)
{
	unsigned int shift = (level - 1) * PT_INDEX_BITS;
	unsigned long last = (op->end - 1) >> shift, next, i;
	struct rmap_chunk *c = NULL;
	struct rmap_head head;

	for (i = op->start >> shift; i <= last; i++) {
		if (!c || op->moved || !(i % RMAP_CHUNK))
			c = chunk_next(op, level, &i, last);
		if (!c)
			break;
		head = *rmap_chunk_head(c, i);
		if (!head.val)
			continue;
		next = index_wanted(op, i, shift);
		if (next > last)
			break;
		if (next != i) {
			c = NULL;
			i = next - 1;
			continue;
		}
		if (!op->visit(op, level, (gfn_t)i << shift, head))
			return false;
		shadow_op_yield(op);
	}
	return true;
}

/* All levels, the smallest leaves first. */
static void op_run_all(struct shadow_op *op)
{
	int level;

	for (level = LEVEL_4K; level <= LEVEL_1G; level++)
		if (!shadow_op_run(op, level))
			break;
}

/* ------------------------------------------------------------------------ */

/* Drop all leaves of a reverse map. */
static void head_drop(struct shadow_op *op, int level, gfn_t gfn,
		      struct rmap_head head)
{
	struct rmap_iter it;
	u64 *sptep, *more;

	op->moved = true;
	for (;;) {
		sptep = rmap_first(&it, &head);
		if (!sptep)
			return;
		more = rmap_next(&it);
		shadow_drop(sptep, &op->batch);
		if (!more)
			return;
		head = shadow_rmap_get(op->s, op->as_id, level, gfn);
	}
}

static bool visit_zap(struct shadow_op *op, int level, gfn_t gfn,
		      struct rmap_head head)
{
	head_drop(op, level, gfn, head);
	return true;
}

/* What the guest's tables say is unknown from now on. */
static void tables_zap(struct shadow_op *op)
{
	unsigned long i;
	void *entry;

	xa_for_each_range(&op->s->table[op->as_id], i, entry, op->start,
			  op->end - 1) {
		track_zap(op->s, op->as_id, i, &op->batch);
		shadow_op_yield(op);
	}
}

void shadow_zap_range(struct mmu *mmu, int as_id, gfn_t start, gfn_t end,
		      bool may_yield)
{
	struct shadow_op op = {
		.mmu = mmu,
		.as_id = as_id,
		.start = start,
		.end = end,
		.may_yield = may_yield,
		.visit = visit_zap,
	};

	if (!shadow_op_enter(&op))
		return;
	tables_zap(&op);
	op_run_all(&op);
	shadow_op_leave(&op);
}

/* ------------------------------------------------------------------------ */

/* The hardware may set the bit at any time, and others beside it. */
static bool leaf_age(u64 *sptep, u64 accessed)
{
	u64 spte = READ_ONCE(*sptep);

	while (spte & accessed)
		if (try_cmpxchg(sptep, &spte, spte & ~accessed))
			return true;
	return false;
}

static bool visit_age(struct shadow_op *op, int level, gfn_t gfn,
		      struct rmap_head head)
{
	const struct mmu_config *cfg = op->mmu->config;
	struct rmap_iter it;
	u64 *sptep;

	if (!cfg->accessed) {
		/* As tdp_age_entry(): the next access makes it again. */
		op->young = true;
		head_drop(op, level, gfn, head);
		return true;
	}
	rmap_for_each(sptep, &it, &head)
		op->young |= leaf_age(sptep, cfg->accessed);
	return true;
}

static bool visit_young(struct shadow_op *op, int level, gfn_t gfn,
			struct rmap_head head)
{
	const struct mmu_config *cfg = op->mmu->config;
	struct rmap_iter it;
	u64 *sptep;

	rmap_for_each(sptep, &it, &head)
		if (!cfg->accessed || (READ_ONCE(*sptep) & cfg->accessed))
			op->young = true;
	return !op->young;
}

static bool range_age(struct mmu *mmu, int as_id, gfn_t start, gfn_t end,
		      shadow_visit_fn visit)
{
	struct shadow_op op = {
		.mmu = mmu,
		.as_id = as_id,
		.start = start,
		.end = end,
		.visit = visit,
	};

	if (!shadow_op_enter(&op))
		return false;
	op_run_all(&op);
	shadow_op_leave(&op);
	return op.young;
}

bool shadow_age_range(struct mmu *mmu, int as_id, gfn_t start, gfn_t end)
{
	return range_age(mmu, as_id, start, end, visit_age);
}

bool shadow_young_range(struct mmu *mmu, int as_id, gfn_t start, gfn_t end)
{
	return range_age(mmu, as_id, start, end, visit_young);
}

/* ------------------------------------------------------------------------ */

void shadow_zap_all(struct mmu *mmu)
{
	struct shadow_op op = {
		.mmu = mmu,
		.end = ~0ull,
		.may_yield = true,
	};
	struct shadow_page *sp;
	unsigned long n;

	if (!shadow_op_enter(&op))
		return;
	/* The oldest first: those that new roots bring do not count. */
	for (n = op.s->nr_pages; n && !list_empty(&op.s->pages); n--) {
		sp = list_first_entry(&op.s->pages, struct shadow_page, link);
		shadow_zap_page(op.s, sp, &op.batch);
		shadow_op_yield(&op);
	}
	shadow_op_leave(&op);
}
