// SPDX-License-Identifier: GPL-2.0-only
/*
 * What memslots and the host's notifier ask for, on shadow pages.
 *
 * Whoever changes an SPTE holds mmu->lock for write, and flushes before it lets
 * go: no operation meets a translation that another one took away and has not
 * flushed.  Only the hardware changes entries meanwhile: it sets accessed and
 * dirty bits.
 */
#include "mmu/shadow/op.h"
#include "mmu/shadow/range.h"

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

static bool shadow_visit_zap(struct shadow_op *op, int level, gfn_t gfn,
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

	xa_for_each_range(&op->s->tracked.table, i, entry, op->start,
			  op->end - 1) {
		track_zap(op->s, i, &op->batch);
		shadow_op_yield(op);
	}
}

void shadow_zap_range(struct mmu *mmu, int as_id, gfn_t start, gfn_t end,
		      bool may_yield)
{
	struct shadow_op op = {
		.may_yield = may_yield,
		.visit = shadow_visit_zap,
	};

	if (!shadow_op_enter(&op, mmu, as_id, start, end))
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

static bool shadow_visit_age(struct shadow_op *op, int level, gfn_t gfn,
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

static bool shadow_visit_young(struct shadow_op *op, int level, gfn_t gfn,
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

bool shadow_age_range(struct mmu *mmu, int as_id, gfn_t start, gfn_t end, bool clear)
{
	struct shadow_op op = {
		.visit = clear ? shadow_visit_age : shadow_visit_young,
	};

	if (!shadow_op_enter(&op, mmu, as_id, start, end))
		return false;
	op_run_all(&op);
	shadow_op_leave(&op);
	return op.young;
}

/* ------------------------------------------------------------------------ */

void shadow_zap_all(struct mmu *mmu)
{
	struct shadow_op op = { .may_yield = true };
	struct shadow_page *sp;
	unsigned long n;

	if (!shadow_op_enter(&op, mmu, 0, 0, ~0ull))
		return;
	/* The oldest first: those that new roots bring do not count. */
	for (n = op.s->nr_pages; n && !list_empty(&op.s->pages); n--) {
		sp = list_first_entry(&op.s->pages, struct shadow_page, link);
		shadow_zap_page(op.s, sp, &op.batch);
		shadow_op_yield(&op);
	}
	shadow_op_leave(&op);
}
