// SPDX-License-Identifier: GPL-2.0-only
/* The driver of operations over a range of frames in every TDP root. */
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "mmu/tdp/walk.h"

/* Flush before the lock goes, then let faults use what was unlinked. */
static void walk_commit(struct tdp_walk *w)
{
	struct tdp_batch *b = &w->batch;
	unsigned int i;
	u64 old;

	if (b->end && !w->no_flush)
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
 * we came by may still be in TLBs.  Pairs with batch_arm() in entry.c: who sees
 * the entry gone sees the count raised, or the flush is done.
 */
static void walk_finish(struct tdp_walk *w)
{
	struct tdp_batch *b = &w->batch;

	smp_rmb();
	if (w->wants_flush && atomic_read(&w->mmu->unflushed) > b->armed) {
		b->start = b->end ? min(b->start, w->start) : w->start;
		b->end = max(b->end, w->end);
	}
	walk_commit(w);
}

static void walk_enter(struct tdp_walk *w)
{
	if (w->may_yield)
		read_lock(&w->mmu->lock);
	rcu_read_lock();
}

static void walk_leave(struct tdp_walk *w)
{
	rcu_read_unlock();
	if (w->may_yield)
		read_unlock(&w->mmu->lock);
}

static void walk_fetch_table(struct tdp_walk *w)
{
	w->want_table = false;
	w->table = mmu_env_table_alloc(true);
	w->no_split = !w->table;
}

/* Let others in; then go on where the walk stood. */
static bool walk_yield(struct tdp_walk *w, struct mmu_root *root,
		       struct pt_iter *it)
{
	walk_commit(w);
	walk_leave(w);
	cond_resched();
	if (w->want_table)
		walk_fetch_table(w);
	walk_enter(w);
	return pt_iter_start(it, root->table, it->gfn);
}

static bool walk_should_yield(const struct tdp_walk *w,
			      const struct pt_iter *it)
{
	if (w->want_table)
		return true;
	/* A look per 64 leaves is enough. */
	if (!w->may_yield || (it->level == LEVEL_4K && (it->gfn & 63)))
		return false;
	return need_resched() || rwlock_needbreak(&w->mmu->lock);
}

void tdp_walk_root(struct tdp_walk *w, struct mmu_root *root)
{
	struct pt_iter it = {
		.cfg = w->mmu->config,
		.end = w->end,
		.min_level = w->min_level,
	};
	gfn_t yielded = w->start;
	bool more;

	w->batch.mmu = w->mmu;
	w->batch.root = root;
	walk_enter(w);
	more = pt_iter_start(&it, root->table, w->start);
	while (more) {
		if (w->batch.nr_frozen == TDP_BATCH_TABLES)
			walk_commit(w);
		/* At least one step between two yields. */
		if ((it.gfn != yielded || w->want_table) &&
		    walk_should_yield(w, &it)) {
			yielded = it.gfn;
			more = walk_yield(w, root, &it);
			continue;
		}
		more = w->visit(w, &it);
	}
	walk_finish(w);
	walk_leave(w);
}

void tdp_walk_run(struct tdp_walk *w, struct mmu *mmu, int as_id, gfn_t start,
		  gfn_t end)
{
	struct mmu_root *root;

	w->mmu = mmu;
	w->as_id = as_id;
	w->start = start;
	w->end = end;
	if (w->may_yield) {
		for (root = root_next(mmu, NULL, w->as_id); root;
		     root = root_next(mmu, root, w->as_id))
			tdp_walk_root(w, root);
		return;
	}
	read_lock(&mmu->lock);
	list_for_each_entry(root, &mmu->roots, link)
		if (w->as_id < 0 || root->as_id == w->as_id)
			tdp_walk_root(w, root);
	read_unlock(&mmu->lock);
}
