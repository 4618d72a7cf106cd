// SPDX-License-Identifier: GPL-2.0-only
/* What one step of a walk over a TDP tree does to the entry at hand. */
#include <linux/bitops.h>
#include <linux/string.h>

#include "mmu/tdp/entry.h"

/*
 * To be called before a translation is taken away.  Another operation that
 * finds the entry gone must not believe that no TLB has it; see walk_commit() in
 * walk.c.  The compare-exchange that follows orders the two.
 */
static void batch_arm(struct tdp_batch *b)
{
	if (b->armed)
		return;
	b->armed = true;
	atomic_inc(&b->mmu->unflushed);
}

static void batch_add_range(struct tdp_batch *b, gfn_t first, gfn_t end)
{
	b->start = b->end ? min(b->start, first) : first;
	b->end = max(b->end, end);
}

static void batch_add(struct tdp_batch *b, const struct pt_iter *it)
{
	gfn_t first = it->gfn & LEVEL_MASK(it->level);

	batch_add_range(b, first, first + LEVEL_GFNS(it->level));
}

static bool is_leaf(const struct pt_iter *it)
{
	return spte_is_present(it->spte) &&
	       spte_is_leaf(it->cfg, it->spte, it->level);
}

static bool is_table(const struct pt_iter *it)
{
	return spte_is_table(it->cfg, it->spte, it->level);
}

/*
 * Break before make: the entry stays SPTE_FROZEN, which no fault replaces,
 * until the TLBs have forgotten what is below.
 */
static void zap_table(struct pt_iter *it, struct tdp_batch *b)
{
	u64 spte = it->spte;

	if (!pt_iter_set(it, SPTE_FROZEN))
		return;
	b->frozen[b->nr_frozen++] = it->sptep;
	batch_add(b, it);
	/* Unlinked, counted, freed: leaf_find() in fault.c. */
	atomic64_inc(&b->root->removed);
	pt_remove(it->cfg, spte, it->level - 1, &b->count);
}

static void zap_leaf(struct pt_iter *it, struct tdp_batch *b)
{
	if (!pt_iter_set(it, 0))
		return;
	batch_add(b, it);
	b->count.mapped[it->level]--;
}

void tdp_zap_entry(struct pt_iter *it, struct tdp_batch *b, gfn_t start,
		   int unit)
{
	gfn_t first = it->gfn & LEVEL_MASK(it->level);
	bool inside = it->level <= unit && first >= start &&
		      first + LEVEL_GFNS(it->level) <= it->end;

	/* Once more whenever the entry changed under our hands. */
	while (is_leaf(it) || (inside && is_table(it))) {
		batch_arm(b);
		if (is_leaf(it))
			zap_leaf(it, b);
		else
			zap_table(it, b);
	}
}

void tdp_protect_entry(struct pt_iter *it, struct tdp_batch *b)
{
	while (is_leaf(it) && (it->spte & it->cfg->write)) {
		batch_arm(b);
		if (pt_iter_set(it, it->spte & ~it->cfg->write))
			batch_add(b, it);
	}
}

/* Return: was the bit there? */
static inline bool leaf_take(u64 *sptep, u64 bit)
{
	const u64 both = bit | SPTE_PRESENT;
	u64 spte = READ_ONCE(*sptep);

	while ((spte & both) == both)
		if (try_cmpxchg(sptep, &spte, spte & ~bit))
			return true;
	return false;
}

/* The dirty log's inner loop. */
void tdp_log_run(struct pt_iter *it, struct tdp_batch *b, unsigned long mask)
{
	const u64 logged = it->cfg->logged;
	u64 *const from = it->sptep;
	u64 *sptep, *first = NULL, *last = NULL;

	if (!mask)
		return;
	batch_arm(b);
	for (; mask; mask &= mask - 1) {
		sptep = from + __ffs(mask);
		if (!leaf_take(sptep, logged))
			continue;
		first = first ?: sptep;
		last = sptep;
	}
	if (first)
		batch_add_range(b, it->gfn + (first - from),
				it->gfn + (last - from) + 1);
}

bool tdp_track(struct mmu *mmu, const struct mmu_root *root, gfn_t gfn)
{
	const struct mmu_config *cfg = mmu->config;
	u64 spte, new, *sptep;
	int level = cfg->levels;

	if (gfn >= cfg->end)
		return false;
	sptep = pt_lookup(cfg, root->table, gfn, &level, &spte);
	/* Against the processor and the fast path; all others want the lock. */
	do {
		if (!spte_is_present(spte) || !(spte & SPTE_MMU_WRITABLE))
			return false;
		new = spte & ~(cfg->write | SPTE_MMU_WRITABLE);
	} while (!try_cmpxchg(sptep, &spte, new));
	/* mmu_wrprot_part() may have taken the right, and not flushed yet. */
	return (spte & cfg->write) || atomic_read(&mmu->unflushed);
}

bool tdp_is_young(const struct pt_iter *it)
{
	return is_leaf(it) &&
	       (!it->cfg->ad || (it->spte & it->cfg->accessed));
}

bool tdp_age_entry(struct pt_iter *it, struct tdp_batch *b)
{
	bool young = false;

	while (tdp_is_young(it)) {
		young = true;
		if (it->cfg->ad) {
			pt_iter_set(it, it->spte & ~it->cfg->accessed);
			continue;
		}
		batch_arm(b);
		zap_leaf(it, b);
	}
	return young;
}

bool tdp_can_split(const struct pt_iter *it)
{
	return it->level > LEVEL_4K && is_leaf(it) && spte_can_write(it->spte);
}

bool tdp_split_entry(struct pt_iter *it, struct tdp_batch *b, u64 *table,
		     u64 drop)
{
	u64 taken;

	while (tdp_can_split(it)) {
		taken = it->spte & drop;
		if (taken)
			batch_arm(b);
		pt_split(it->cfg, table, it->spte & ~drop, it->level);
		if (!pt_iter_set(it, spte_table(it->cfg, table)))
			continue;
		if (taken)
			batch_add(b, it);
		b->count.tables++;
		b->count.mapped[it->level]--;
		b->count.mapped[it->level - 1] += PT_ENTRIES;
		return true;
	}
	memset(table, 0, MMU_PAGE_SIZE);
	return false;
}
