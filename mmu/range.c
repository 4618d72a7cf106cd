// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges: the driver, and what memslots and the host's notifier ask for.
 * The dirty log's operations are in range_log.c.
 */
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "mmu/tdp/walk.h"
#include "mmu/shadow/range.h"

/* Flush before the lock goes, then let faults use what was unlinked. */
static void walk_commit(struct range_op *op)
{
	struct tdp_batch *b = &op->batch;
	unsigned int i;
	u64 old;

	if (b->end)
		mmu_env_flush(b->mmu, b->start, b->end - b->start);
	for (i = 0; i < b->nr_frozen; i++) {
		/* It is SPTE_REMOVED if its own table was unlinked meanwhile. */
		old = SPTE_FROZEN;
		try_cmpxchg(b->frozen[i], &old, 0);
	}
	b->nr_frozen = 0;
	b->end = 0;
	/* Full barrier: the flush is over before the count says so. */
	if (b->armed)
		atomic_dec_return(&b->mmu->unflushed);
	b->armed = false;
	pt_count_publish(&b->count, b->mmu);
}

/*
 * The end of an operation.  What another one took away from our range before
 * we came by may still be in TLBs.  Pairs with batch_arm() in tdp.c: who sees
 * the entry gone sees the count raised, or the flush is done.
 */
static void walk_finish(struct range_op *op)
{
	struct tdp_batch *b = &op->batch;

	smp_rmb();
	if (op->wants_flush && atomic_read(&op->mmu->unflushed) > b->armed) {
		b->start = b->end ? min(b->start, op->start) : op->start;
		b->end = max(b->end, op->end);
	}
	walk_commit(op);
}

static void range_enter(struct range_op *op)
{
	if (op->may_yield)
		read_lock(&op->mmu->lock);
	rcu_read_lock();
}

static void range_leave(struct range_op *op)
{
	rcu_read_unlock();
	if (op->may_yield)
		read_unlock(&op->mmu->lock);
}

static void table_fetch(struct range_op *op)
{
	op->want_table = false;
	op->table = mmu_env_table_alloc(true);
	op->no_split = !op->table;
}

/* Let others in; then go on where the walk stood. */
static bool walk_yield(struct range_op *op, struct mmu_root *root,
			struct pt_iter *it)
{
	walk_commit(op);
	range_leave(op);
	cond_resched();
	if (op->want_table)
		table_fetch(op);
	range_enter(op);
	return pt_iter_start(it, root->table, it->gfn);
}

static bool walk_should_yield(const struct range_op *op,
			       const struct pt_iter *it)
{
	if (op->want_table)
		return true;
	/* A look per 64 leaves is enough. */
	if (!op->may_yield || (it->level == LEVEL_4K && (it->gfn & 63)))
		return false;
	return need_resched() || rwlock_needbreak(&op->mmu->lock);
}

void range_run_root(struct range_op *op, struct mmu_root *root)
{
	struct pt_iter it = {
		.cfg = op->mmu->config,
		.end = op->end,
		.min_level = op->min_level,
	};
	gfn_t paused = op->start;
	bool more;

	op->batch.mmu = op->mmu;
	range_enter(op);
	more = pt_iter_start(&it, root->table, op->start);
	while (more) {
		if (tdp_batch_is_full(&op->batch))
			walk_commit(op);
		/* At least one step between two pauses. */
		if ((it.gfn != paused || op->want_table) &&
		    walk_should_yield(op, &it)) {
			paused = it.gfn;
			more = walk_yield(op, root, &it);
			continue;
		}
		more = op->visit(op, &it);
	}
	walk_finish(op);
	range_leave(op);
}

void range_run(struct range_op *op)
{
	struct mmu *mmu = op->mmu;
	struct mmu_root *root;

	if (op->may_yield) {
		for (root = root_next(mmu, NULL, op->as_id); root;
		     root = root_next(mmu, root, op->as_id))
			range_run_root(op, root);
		return;
	}
	read_lock(&mmu->lock);
	list_for_each_entry(root, &mmu->roots, link)
		if (op->as_id < 0 || root->as_id == op->as_id)
			range_run_root(op, root);
	read_unlock(&mmu->lock);
}

/* ------------------------------------------------------------------------ */

bool range_visit_zap(struct range_op *op, struct pt_iter *it)
{
	tdp_zap_entry(it, &op->batch, op->start, op->unit);
	return pt_iter_next(it);
}

void mmu_zap(struct mmu *mmu, int as_id, gfn_t start, gfn_t end,
	     bool may_yield)
{
	struct range_op op = {
		.mmu = mmu,
		.as_id = as_id,
		.start = start,
		.end = end,
		.min_level = LEVEL_4K,
		.may_yield = may_yield,
		.visit = range_visit_zap,
		.wants_flush = true,
		.unit = may_yield ? LEVEL_2M : LEVEL_1G,
	};
	gfn_t gib = (start + LEVEL_GFNS(LEVEL_1G) - 1) & LEVEL_MASK(LEVEL_1G);

	shadow_zap_range(mmu, as_id, start, end, may_yield);
	range_run(&op);
	if (!may_yield || gib + LEVEL_GFNS(LEVEL_1G) > end)
		return;
	/* A table for a GiB is quickly gone once those below it are. */
	op.min_level = LEVEL_1G;
	op.unit = LEVEL_1G;
	range_run(&op);
}

static bool visit_age(struct range_op *op, struct pt_iter *it)
{
	op->young |= tdp_age_entry(it, &op->batch);
	return pt_iter_next(it);
}

static bool visit_young(struct range_op *op, struct pt_iter *it)
{
	/* Found in this root, or in one before it: that is all. */
	op->young |= tdp_is_young(it);
	return !op->young && pt_iter_next(it);
}

static bool range_age(struct mmu *mmu, int as_id, gfn_t start, gfn_t end,
		      range_visit_fn visit)
{
	struct range_op op = {
		.mmu = mmu,
		.as_id = as_id,
		.start = start,
		.end = end,
		.min_level = LEVEL_4K,
		.visit = visit,
	};

	range_run(&op);
	return op.young;
}

bool mmu_age(struct mmu *mmu, int as_id, gfn_t start, gfn_t end)
{
	bool young = shadow_age_range(mmu, as_id, start, end);

	return range_age(mmu, as_id, start, end, visit_age) || young;
}

bool mmu_is_young(struct mmu *mmu, int as_id, gfn_t start, gfn_t end)
{
	return shadow_young_range(mmu, as_id, start, end) ||
	       range_age(mmu, as_id, start, end, visit_young);
}

static bool visit_mmio(struct range_op *op, struct pt_iter *it)
{
	if (it->level == LEVEL_4K && spte_is_mmio(it->cfg, it->spte))
		pt_iter_set(it, 0);
	return pt_iter_next(it);
}

void mmu_slots_changed(struct mmu *mmu)
{
	u64 gen = mmu->mmio_gen + 1;
	struct range_op op = {
		.mmu = mmu,
		.as_id = -1,
		.end = mmu->config->end,
		.min_level = LEVEL_4K,
		.may_yield = true,
		.visit = visit_mmio,
	};

	/* Entries of a generation whose number comes again must not stay. */
	if (mmu->config->mmio_mask && !(gen & mmu->config->mmio_gen_mask))
		range_run(&op);
	/* Pairs with the fault's: who reads it sees the slots published. */
	smp_store_release(&mmu->mmio_gen, gen);
}

/* ------------------------------------------------------------------------ */

void mmu_invalidate_begin(struct mmu *mmu, gfn_t start, gfn_t end)
{
	write_lock(&mmu->lock);
	if (mmu->inv_count++) {
		mmu->inv_start = min(mmu->inv_start, start);
		mmu->inv_end = max(mmu->inv_end, end);
	} else {
		mmu->inv_start = start;
		mmu->inv_end = end;
	}
	write_unlock(&mmu->lock);
}

void mmu_invalidate_end(struct mmu *mmu)
{
	write_lock(&mmu->lock);
	/*
	 * A fault that looked its page up meanwhile finds another sequence,
	 * whatever it finds of the count: both change under the lock.
	 */
	WRITE_ONCE(mmu->inv_seq, mmu->inv_seq + 1);
	mmu->inv_count--;
	write_unlock(&mmu->lock);
}
