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

/* All leaves, the smallest first; @fn is a constant. */
static __always_inline void op_run_all(struct shadow_op *op, shadow_leaf_fn fn)
{
	int level;

	for (level = LEVEL_4K; level <= LEVEL_1G; level++)
		if (!shadow_op_direct(op, level, fn) ||
		    !shadow_op_home(op, level, fn) ||
		    !shadow_op_listed(op, level, fn))
			break;
}

/* ------------------------------------------------------------------------ */

static bool leaf_zap(struct shadow_op *op, u64 *sptep)
{
	shadow_drop(sptep, &op->batch);
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
	struct shadow_op op = { .may_yield = may_yield };

	if (!shadow_op_enter(&op, mmu, as_id, start, end))
		return;
	tables_zap(&op);
	op_run_all(&op, leaf_zap);
	shadow_op_leave(&op);
}

/* ------------------------------------------------------------------------ */

/* The hardware may set the bit at any time, and others beside it. */
static bool leaf_age(struct shadow_op *op, u64 *sptep)
{
	const u64 accessed = op->mmu->config->accessed;
	u64 spte = READ_ONCE(*sptep);

	if (!accessed) {
		/* As tdp_age_entry(): the next access makes it again. */
		op->young = true;
		shadow_drop(sptep, &op->batch);
	}
	while (spte & accessed) {
		if (!try_cmpxchg(sptep, &spte, spte & ~accessed))
			continue;
		op->young = true;
		break;
	}
	return true;
}

static bool leaf_young(struct shadow_op *op, u64 *sptep)
{
	const u64 accessed = op->mmu->config->accessed;

	op->young = !accessed || (READ_ONCE(*sptep) & accessed);
	return !op->young;
}

bool shadow_age_range(struct mmu *mmu, int as_id, gfn_t start, gfn_t end, bool clear)
{
	struct shadow_op op = { };

	if (!shadow_op_enter(&op, mmu, as_id, start, end))
		return false;
	if (clear)
		op_run_all(&op, leaf_age);
	else
		op_run_all(&op, leaf_young);
	shadow_op_leave(&op);
	return op.young;
}

/* ------------------------------------------------------------------------ */

/*
 * One that was made before.  The oldest come first; but at a yield reclaim may have moved some
 * behind new ones, because they were roots.
 */
static struct shadow_page *page_of_before(const struct mmu_shadow *s)
{
	struct shadow_page *sp;

	list_for_each_entry(sp, &s->pages, link)
		if (sp->epoch != s->epoch)
			return sp;
	return NULL;
}

void shadow_zap_all(struct mmu *mmu)
{
	struct shadow_op op = { .may_yield = true };
	struct shadow_page *sp;

	if (!shadow_op_enter(&op, mmu, 0, 0, ~0ull))
		return;
	op.s->epoch++;
	while ((sp = page_of_before(op.s))) {
		shadow_zap_page(op.s, sp, &op.batch);
		shadow_op_yield(&op);
	}
	shadow_op_leave(&op);
}
