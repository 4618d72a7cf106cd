// SPDX-License-Identifier: GPL-2.0-only
/* Ranges for the dirty log: write protection, splitting and recovery. */
#include <linux/bitmap.h>
#include <linux/container_of.h>
#include <linux/minmax.h>

#include "mmu/base/level.h"
#include "mmu/tdp/walk.h"
#include "mmu/shadow/range.h"

/*
 * Split the large leaf at hand if memory allows.
 *
 * Return: false: not yet, the lock has to be dropped to allocate.
 */
static bool entry_split(struct range_op *op, struct pt_iter *it, u64 drop)
{
	if (op->no_split)
		return true;
	if (!op->table)
		op->table = mmu_env_table_alloc(false);
	op->want_table = !op->table;
	if (op->want_table)
		return false;
	if (tdp_split_entry(it, &op->batch, op->table, drop))
		op->table = NULL;
	return true;
}

/* How many leaves from the one at hand on share its table and the range. */
static unsigned int leaves_left(const struct pt_iter *it, unsigned int max)
{
	unsigned int n = PT_ENTRIES - pt_slot(it->gfn, LEVEL_4K);

	return min3((u64)n, (u64)max, it->end - it->gfn);
}

static void log_run(struct range_op *op)
{
	range_run(op);
	if (op->table)
		mmu_env_table_free(op->table);
}

static bool visit_protect(struct range_op *op, struct pt_iter *it)
{
	unsigned int n;

	if (it->level == LEVEL_4K) {
		n = leaves_left(it, 64);
		tdp_protect_run(it, &op->batch, ~0ull >> (64 - n));
		return pt_iter_seek(it, it->gfn + n);
	}
	if (tdp_can_split(it)) {
		if (!entry_split(op, it, it->cfg->write))
			return true;
		/* The pieces are protected already. */
		if (it->level == LEVEL_2M &&
		    spte_is_table(it->cfg, it->spte, it->level))
			return pt_iter_seek(it, (it->gfn & LEVEL_MASK(LEVEL_2M)) +
						LEVEL_GFNS(LEVEL_2M));
	}
	tdp_protect_entry(it, &op->batch);
	return pt_iter_next(it);
}

void mmu_wrprot_slot(struct mmu *mmu, const struct mmu_slot *slot)
{
	struct range_op op = {
		.mmu = mmu,
		.as_id = slot->as_id,
		.start = slot->base_gfn,
		.end = slot->base_gfn + slot->npages,
		.min_level = LEVEL_4K,
		.may_yield = true,
		.visit = visit_protect,
		.wants_flush = true,
	};

	log_run(&op);
	shadow_protect_range(mmu, slot, op.start, op.end, NULL);
}

/* The bits of the next @n frames, from the entry at hand on. */
static u64 bits_at(const struct range_op *op, gfn_t gfn, unsigned int n)
{
	u64 bit = gfn - op->start;

	return (op->bitmap[bit / 64] >> (bit % 64)) & (~0ull >> (64 - n));
}

static bool visit_bitmap(struct range_op *op, struct pt_iter *it)
{
	gfn_t gfn = op->start + find_next_bit(op->bitmap, op->end - op->start,
					      it->gfn - op->start);
	unsigned int n;

	if (gfn >= it->end)
		return false;
	if ((gfn ^ it->gfn) & LEVEL_MASK(it->level))
		return pt_iter_seek(it, gfn);
	it->gfn = gfn;
	if (it->level == LEVEL_4K) {
		n = leaves_left(it, 64 - (gfn - op->start) % 64);
		tdp_protect_run(it, &op->batch, bits_at(op, gfn, n));
		return pt_iter_seek(it, gfn + n);
	}
	if (tdp_can_split(it) && !entry_split(op, it, 0))
		return true;
	tdp_protect_entry(it, &op->batch);
	return pt_iter_next(it);
}

void mmu_wrprot_bitmap(struct mmu *mmu, const struct mmu_slot *slot, u64 first,
		       const unsigned long *bitmap, u64 nbits)
{
	struct range_op op = {
		.mmu = mmu,
		.as_id = slot->as_id,
		.start = slot->base_gfn + first,
		.end = slot->base_gfn + first + nbits,
		.min_level = LEVEL_4K,
		.may_yield = true,
		.visit = visit_bitmap,
		.wants_flush = true,
		.bitmap = bitmap,
	};

	log_run(&op);
	shadow_protect_range(mmu, slot, op.start, op.end, bitmap);
}

/* ------------------------------------------------------------------------ */
/*
 * Recovery goes by rounds: note tables that a large leaf could replace; ask
 * the host about each, without the lock; zap those where it agrees.
 */

#define RECOVER_ROUND	TDP_BATCH_TABLES

struct noted {
	gfn_t gfn;
	int level;
};

struct recover {
	struct range_op op;
	const struct mmu_slot *slot;
	unsigned int n, next;
	struct noted table[RECOVER_ROUND];
};

static bool visit_note(struct range_op *op, struct pt_iter *it)
{
	struct recover *r = container_of(op, struct recover, op);

	/* Where the next round starts, should this one be full. */
	op->start = it->gfn;
	if (r->n == RECOVER_ROUND)
		return false;
	/* One that a pause makes us meet again may be noted twice. */
	if (spte_is_table(it->cfg, it->spte, it->level) &&
	    !(it->gfn & ~LEVEL_MASK(it->level)) &&
	    it->level <= level_slot(it->cfg, r->slot, it->gfn))
		r->table[r->n++] = (struct noted){ it->gfn, it->level };
	if (pt_iter_next(it))
		return true;
	op->start = it->end;
	return false;
}

static void recover_ask(struct recover *r)
{
	unsigned int i, kept = 0;

	for (i = 0; i < r->n; i++)
		if (mmu_env_host_level(r->slot, r->table[i].gfn) >=
		    r->table[i].level)
			r->table[kept++] = r->table[i];
	r->n = kept;
}

/* Has the walk, which goes down before it goes on, left a place behind? */
static bool is_past(const struct noted *t, const struct pt_iter *it)
{
	return t->gfn < it->gfn ||
	       (t->gfn == it->gfn && t->level > it->level);
}

static bool visit_recover(struct range_op *op, struct pt_iter *it)
{
	struct recover *r = container_of(op, struct recover, op);

	while (r->next < r->n && is_past(&r->table[r->next], it))
		r->next++;
	if (r->next == r->n)
		return false;
	if (r->table[r->next].gfn == it->gfn &&
	    r->table[r->next].level == it->level &&
	    spte_is_table(it->cfg, it->spte, it->level))
		tdp_zap_entry(it, &op->batch, it->gfn, it->level);
	return pt_iter_next(it);
}

static void recover_root(struct recover *r, struct mmu_root *root)
{
	struct range_op *op = &r->op;
	gfn_t from;

	while (op->start < op->end) {
		from = op->start;
		r->n = 0;
		r->next = 0;
		op->visit = visit_note;
		range_run_root(op, root);
		recover_ask(r);
		if (!r->n)
			continue;
		swap(op->start, from);
		op->visit = visit_recover;
		range_run_root(op, root);
		swap(op->start, from);
	}
}

void mmu_recover_slot(struct mmu *mmu, const struct mmu_slot *slot)
{
	struct recover r = {
		.op = {
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
		r.op.start = slot->base_gfn;
		recover_root(&r, root);
	}
	shadow_recover_range(mmu, slot);
}
