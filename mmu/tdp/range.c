// SPDX-License-Identifier: GPL-2.0-only
/* What memslots and the host's notifier ask for, in TDP trees. */
#include "mmu/tdp/range.h"
#include "mmu/tdp/walk.h"

static bool tdp_visit_zap(struct tdp_walk *w, struct pt_iter *it)
{
	tdp_zap_entry(it, &w->batch, w->start, w->unit);
	return pt_iter_next(it);
}

void tdp_zap_range(struct mmu *mmu, int as_id, gfn_t start, gfn_t end,
		   bool may_yield)
{
	struct tdp_walk w = {
		.min_level = LEVEL_4K,
		.may_yield = may_yield,
		.visit = tdp_visit_zap,
		.wants_flush = true,
		.unit = may_yield ? LEVEL_2M : LEVEL_1G,
	};
	gfn_t gib = (start + LEVEL_GFNS(LEVEL_1G) - 1) & LEVEL_MASK(LEVEL_1G);

	tdp_walk_run(&w, mmu, as_id, start, end);
	if (!may_yield || gib + LEVEL_GFNS(LEVEL_1G) > end)
		return;
	/* A table for a GiB is quickly gone once those below it are. */
	w.min_level = LEVEL_1G;
	w.unit = LEVEL_1G;
	tdp_walk_run(&w, mmu, as_id, start, end);
}

static bool tdp_visit_age(struct tdp_walk *w, struct pt_iter *it)
{
	w->young |= tdp_age_entry(it, &w->batch);
	return pt_iter_next(it);
}

static bool tdp_visit_young(struct tdp_walk *w, struct pt_iter *it)
{
	/* Found in this root, or in one before it: that is all. */
	w->young |= tdp_is_young(it);
	return !w->young && pt_iter_next(it);
}

bool tdp_age_range(struct mmu *mmu, int as_id, gfn_t start, gfn_t end, bool clear)
{
	struct tdp_walk w = {
		.min_level = LEVEL_4K,
		.visit = clear ? tdp_visit_age : tdp_visit_young,
	};

	tdp_walk_run(&w, mmu, as_id, start, end);
	return w.young;
}

static bool tdp_visit_mmio(struct tdp_walk *w, struct pt_iter *it)
{
	if (it->level == LEVEL_4K && spte_is_mmio(it->cfg, it->spte))
		pt_iter_set(it, 0);
	return pt_iter_next(it);
}

void tdp_drop_mmio(struct mmu *mmu)
{
	struct tdp_walk w = {
		.min_level = LEVEL_4K,
		.may_yield = true,
		.visit = tdp_visit_mmio,
	};

	tdp_walk_run(&w, mmu, -1, 0, mmu->config->end);
}
