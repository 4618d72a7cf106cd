// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges for the dirty log: splitting, write protection and recovery.
 *
 * Where the hardware tells of the dirty bits that it sets (@cfg->logged), leaves of 4 KiB
 * stay writable and lose that bit.  A large one would tell of one page only, and for ever
 * after of none: it is write-protected where it cannot be split.
 */
#include <linux/bitmap.h>
#include <linux/container_of.h>

#include "mmu/base/level.h"
#include "mmu/base/recover.h"
#include "mmu/tdp/log.h"
#include "mmu/tdp/walk.h"

/*
 * Split the large leaf at hand if memory allows.
 *
 * Return: false: not yet, the lock has to be dropped to allocate.
 */
static bool entry_split(struct tdp_walk *w, struct pt_iter *it, u64 drop)
{
	if (w->no_split)
		return true;
	if (!w->table)
		w->table = mmu_env_table_alloc(false);
	w->want_table = !w->table;
	if (w->want_table)
		return false;
	if (tdp_split_entry(it, &w->batch, w->table, drop))
		w->table = NULL;
	return true;
}

/* How many leaves from the one at hand on share its table and the range. */
static unsigned int leaves_left(const struct pt_iter *it, unsigned int max)
{
	unsigned int n = PT_ENTRIES - pt_slot(it->gfn, LEVEL_4K);

	return min3((u64)n, (u64)max, it->end - it->gfn);
}

/* Which of the next @n frames are meant, from the entry at hand on. */
static u64 bits_at(const struct tdp_walk *w, gfn_t gfn, unsigned int n)
{
	u64 bit = gfn - w->start, bits = ~0ull;

	if (w->bitmap)
		bits = w->bitmap[bit / 64] >> (bit % 64);
	return bits & (~0ull >> (64 - n));
}

static bool tdp_visit_protect(struct tdp_walk *w, struct pt_iter *it)
{
	unsigned int n = 64;
	gfn_t gfn = it->gfn;

	if (w->bitmap) {
		gfn = w->start + find_next_bit(w->bitmap, w->end - w->start,
					       gfn - w->start);
		n -= (gfn - w->start) % 64;
	}
	if (gfn >= it->end)
		return false;
	if ((gfn ^ it->gfn) & LEVEL_MASK(it->level))
		return pt_iter_seek(it, gfn);
	it->gfn = gfn;
	if (it->level == LEVEL_4K) {
		n = leaves_left(it, n);
		tdp_log_run(it, &w->batch, bits_at(w, gfn, n));
		return pt_iter_seek(it, gfn + n);
	}
	if (tdp_can_split(it)) {
		if (!entry_split(w, it, w->bitmap ? 0 : it->cfg->logged))
			return true;
		/* Where all are meant, the pieces in our own table are protected already. */
		if (!w->bitmap && !w->table && it->level == LEVEL_2M &&
		    spte_is_table(it->cfg, it->spte, it->level))
			return pt_iter_seek(it, (gfn & LEVEL_MASK(LEVEL_2M)) +
						LEVEL_GFNS(LEVEL_2M));
	}
	tdp_protect_entry(it, &w->batch);
	return pt_iter_next(it);
}

static void tdp_protect(struct tdp_walk *w, struct mmu *mmu, int as_id,
			gfn_t start, gfn_t end)
{
	w->min_level = LEVEL_4K;
	w->may_yield = true;
	w->visit = tdp_visit_protect;
	tdp_walk_run(w, mmu, as_id, start, end);
	if (w->table)
		mmu_env_table_free(w->table);
}

void tdp_protect_range(struct mmu *mmu, const struct mmu_slot *slot,
		       gfn_t start, gfn_t end, const unsigned long *bitmap)
{
	struct tdp_walk w = { .wants_flush = true, .bitmap = bitmap };

	tdp_protect(&w, mmu, slot->as_id, start, end);
}

void tdp_protect_part(struct mmu *mmu, const struct mmu_slot *slot,
		      gfn_t start, gfn_t end, const unsigned long *bitmap)
{
	struct tdp_walk w = { .no_flush = true, .bitmap = bitmap };

	tdp_protect(&w, mmu, slot->as_id, start, end);
}

/* ------------------------------------------------------------------------ */
/* Recovery, by rounds: see base/recover.h. */

struct tdp_recover {
	struct tdp_walk walk;
	const struct mmu_slot *slot;
	unsigned int next;
	struct recover_round round;
};

/* Note tables that a large leaf could replace. */
static bool tdp_visit_note(struct tdp_walk *w, struct pt_iter *it)
{
	struct tdp_recover *r = container_of(w, struct tdp_recover, walk);

	/* Where the next round starts, should this one be full. */
	w->start = it->gfn;
	if (r->round.n == RECOVER_ROUND)
		return false;
	/* One that a yield makes us meet again may be noted twice. */
	if (spte_is_table(it->cfg, it->spte, it->level) &&
	    !(it->gfn & ~LEVEL_MASK(it->level)) &&
	    it->level <= level_slot(it->cfg, r->slot, it->gfn))
		recover_note(&r->round, it->gfn, it->level);
	if (pt_iter_next(it))
		return true;
	w->start = it->end;
	return false;
}

/* Has the walk, which goes down before it goes on, left a place behind? */
static bool region_is_past(const struct recover_region *t,
			   const struct pt_iter *it)
{
	return t->gfn < it->gfn ||
	       (t->gfn == it->gfn && t->level > it->level);
}

static bool tdp_visit_recover(struct tdp_walk *w, struct pt_iter *it)
{
	struct tdp_recover *r = container_of(w, struct tdp_recover, walk);
	const struct recover_region *t = r->round.region;

	while (r->next < r->round.n && region_is_past(&t[r->next], it))
		r->next++;
	if (r->next == r->round.n)
		return false;
	if (t[r->next].gfn == it->gfn && t[r->next].level == it->level &&
	    spte_is_table(it->cfg, it->spte, it->level))
		tdp_zap_entry(it, &w->batch, it->gfn, it->level);
	return pt_iter_next(it);
}

static void tdp_recover_root(struct tdp_recover *r, struct mmu_root *root)
{
	struct tdp_walk *w = &r->walk;
	gfn_t from;

	while (w->start < w->end) {
		from = w->start;
		r->round.n = 0;
		r->next = 0;
		w->visit = tdp_visit_note;
		tdp_walk_root(w, root);
		recover_ask(&r->round, r->slot);
		if (!r->round.n)
			continue;
		swap(w->start, from);
		w->visit = tdp_visit_recover;
		tdp_walk_root(w, root);
		swap(w->start, from);
	}
}

void tdp_recover_slot(struct mmu *mmu, const struct mmu_slot *slot)
{
	struct tdp_recover r = {
		.walk = {
			.mmu = mmu,
			.as_id = slot->as_id,
			.end = min(slot->base_gfn + slot->npages,
				   mmu->config->end),
			.min_level = LEVEL_2M,
			.may_yield = true,
		},
		.slot = slot,
	};
	struct mmu_root *root;

	for (root = root_next(mmu, NULL, slot->as_id); root;
	     root = root_next(mmu, root, slot->as_id)) {
		r.walk.start = slot->base_gfn;
		tdp_recover_root(&r, root);
	}
}
