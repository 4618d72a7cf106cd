// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shadow pages and the dirty log: write protection, splitting and recovery.
 *
 * A large leaf is split by linking a direct page in its place, with 512 leaves
 * that say the same (R8).  What it takes is allocated without the lock; where
 * that fails, and for what is hard, the leaf is write-protected as a whole and the
 * guest's write splits it.
 */
#include <linux/sched.h>

#include "mmu/base/level.h"
#include "mmu/base/recover.h"
#include "mmu/shadow/log.h"
#include "mmu/shadow/op.h"

/* Leaves of one frame that are split; a guest can make very many. */
#define SPLIT_ALIASES	64

/**
 * struct shadow_split - write protection, and what splitting one leaf takes
 * @op: the operation
 * @reserve: a page, its table, and a descriptor for its link
 * @tables: of @reserve
 * @none: there is no memory
 * @gfn: frame of the leaf that was split last
 * @aliases: how many of its leaves were
 */
struct shadow_split {
	struct shadow_op op;
	struct mmu_reserve reserve;
	struct mmu_cache tables;
	bool none;
	gfn_t gfn;
	unsigned int aliases;
};

static bool split_is_ready(const struct shadow_split *p)
{
	return p->reserve.pages && p->tables.n && p->reserve.desc;
}

/* Drop the lock and allocate. */
static void split_fetch(struct shadow_split *p)
{
	shadow_op_leave(&p->op);
	cond_resched();
	p->none = reserve_fill(&p->reserve, 1, 1, 1);
	write_lock(&p->op.mmu->lock);
}

/*
 * Hard: with CR0.WP clear a leaf may grant more than the guest's entry does, so
 * it does not tell what its pieces' role is.
 */
static bool split_allowed(const struct shadow_split *p, const u64 *sptep)
{
	const struct shadow_page *from = shadow_page_of(sptep);

	if (p->none || p->op.s->nr_pages >= READ_ONCE(p->op.mmu->page_limit))
		return false;
	if (p->aliases >= SPLIT_ALIASES && p->gfn == shadow_leaf_gfn(sptep))
		return false;
	return from->role.direct || from->role.ctx.wp;
}

/* What a fault would look for below the entry, the leaf being writable. */
static union shadow_role piece_role(const struct mmu_config *cfg,
				    const struct shadow_page *from, u64 spte)
{
	union shadow_role role = from->role;

	role.level--;
	if (role.direct)
		return role;
	role.direct = 1;
	role.ctx.format = ROLE_NONE;
	role.quadrant = 0;
	role.ctx.pse = 0;
	role.access = pt_rights(cfg->fmt, spte, from->role.level);
	role.pkey = pt_pkey(cfg->fmt, spte);
	return role;
}

/* Fill a page with what a large leaf says.  Is all of it there, and new? */
static bool pieces_set(struct shadow_split *p, struct shadow_page *sp, gfn_t gfn,
		       u64 spte)
{
	const struct mmu_config *cfg = p->op.mmu->config;
	int level = sp->role.level;
	bool all = true;
	unsigned int i;

	for (i = 0; i < PT_ENTRIES; i++)
		if (sp->spt[i] ||
		    shadow_leaf_set(&sp->spt[i],
				    spte_piece(cfg, spte, level + 1, i),
				    gfn + i * LEVEL_GFNS(level),
				    &p->reserve, &p->op.batch))
			all = false;
	return all;
}

/*
 * A cached large translation that equals its pieces is harmless, as in
 * tdp_split_entry(): who takes a piece away flushes all.  Pieces for which there is
 * no room stay empty, and the guest's access brings them.
 *
 * Return: false when the leaf is still there.
 */
static bool leaf_split(struct shadow_split *p, u64 *sptep)
{
	const struct shadow_page *from = shadow_page_of(sptep);
	gfn_t gfn = shadow_leaf_gfn(sptep);
	u64 spte = READ_ONCE(*sptep);
	bool flush = p->op.batch.flush;
	union shadow_role role = piece_role(p->op.mmu->config, from, spte);
	struct shadow_page *sp = shadow_find(p->op.s, gfn, role);

	if (!sp)
		sp = shadow_make(&p->reserve, gfn, role, &p->op.batch);
	if (!sp)
		return false;
	flush |= !pieces_set(p, sp, gfn, spte);
	shadow_drop(sptep, &p->op.batch);
	p->op.batch.flush = flush;
	shadow_link(sptep, sp, &p->reserve.desc, &p->op.batch);
	p->aliases = p->gfn == gfn ? p->aliases + 1 : 1;
	p->gfn = gfn;
	return true;
}

/* ------------------------------------------------------------------------ */

static bool leaf_protect(struct shadow_op *op, u64 *sptep)
{
	shadow_protect(sptep, &op->batch);
	return true;
}

/* Large leaves that the guest can write: what it has only read, its write splits. */
static bool leaf_protect_large(struct shadow_op *op, u64 *sptep)
{
	struct shadow_split *p = container_of(op, struct shadow_split, op);

	if (!(*sptep & op->mmu->config->write))
		return true;
	if (split_allowed(p, sptep)) {
		if (!split_is_ready(p))
			return false;
		if (leaf_split(p, sptep))
			return true;
	}
	shadow_protect(sptep, &op->batch);
	return true;
}

static void level_protect_large(struct shadow_split *p, int level)
{
	p->op.from = p->op.start;
	while (!shadow_op_direct(&p->op, level, leaf_protect_large))
		split_fetch(p);
	p->op.from = p->op.start;
	while (!shadow_op_home(&p->op, level, leaf_protect_large))
		split_fetch(p);
	p->op.from = p->op.start;
	while (!shadow_op_listed(&p->op, level, leaf_protect_large))
		split_fetch(p);
}

void shadow_protect_range(struct mmu *mmu, const struct mmu_slot *slot,
			  gfn_t start, gfn_t end, const unsigned long *bitmap)
{
	struct shadow_split p = {
		.op = { .bitmap = bitmap, .may_yield = true },
		.reserve = { .tables = &p.tables },
	};

	if (!shadow_op_enter(&p.op, mmu, slot->as_id, start, end))
		return;
	/* The pieces of a level are the leaves of the next. */
	level_protect_large(&p, LEVEL_1G);
	level_protect_large(&p, LEVEL_2M);
	p.op.from = start;
	shadow_op_direct(&p.op, LEVEL_4K, leaf_protect);
	shadow_op_home(&p.op, LEVEL_4K, leaf_protect);
	shadow_op_listed(&p.op, LEVEL_4K, leaf_protect);
	shadow_op_leave(&p.op);
	reserve_empty(&p.reserve);
}

/* ------------------------------------------------------------------------ */
/* Recovery, by rounds: see base/recover.h. */

/* @level: of the leaves that are hoped for. */
struct shadow_recover {
	struct shadow_op op;
	const struct mmu_slot *slot;
	int level;
	struct recover_round round;
};

static struct shadow_page *pages_below(const struct shadow_recover *r, gfn_t gfn)
{
	return shadow_direct(r->op.s, r->op.as_id, r->level - 1, gfn);
}

/* Could a large leaf take the place of the direct pages?  The slot may begin in the middle. */
static bool region_is_split(const struct shadow_recover *r, gfn_t gfn)
{
	return level_slot(r->op.mmu->config, r->slot, gfn) >= r->level &&
	       !tracked_any(&r->op.s->tracked, gfn, LEVEL_GFNS(r->level));
}

/* Notes a round's worth from @op->from on, which is moved past it. */
static void recover_look(struct shadow_recover *r)
{
	unsigned int shift = (r->level - 1) * PT_INDEX_BITS;
	struct shadow_op *op = &r->op;
	unsigned long i;
	void *entry;

	r->round.n = 0;
	xa_for_each_range(&op->s->direct[op->as_id][r->level - 2], i, entry,
			  op->from >> shift, (op->end - 1) >> shift) {
		op->from = (gfn_t)i << shift;
		if (r->round.n == RECOVER_ROUND)
			return;
		if (region_is_split(r, op->from))
			recover_note(&r->round, op->from, r->level);
		shadow_op_yield(op);
	}
	op->from = op->end;
}

/* Roots stay. */
static void recover_zap(struct shadow_recover *r)
{
	struct shadow_op *op = &r->op;
	struct shadow_page *sp, *next;
	unsigned int i;

	for (i = 0; i < r->round.n; i++) {
		for (sp = pages_below(r, r->round.region[i].gfn); sp; sp = next) {
			next = sp->same;
			if (!sp->roots)
				shadow_zap_page(op->s, sp, &op->batch);
		}
		shadow_op_yield(op);
	}
}

static void recover_level(struct shadow_recover *r)
{
	struct shadow_op *op = &r->op;

	for (op->from = op->start; op->from < op->end;) {
		recover_look(r);
		shadow_op_leave(op);
		recover_ask(&r->round, r->slot);
		write_lock(&op->mmu->lock);
		recover_zap(r);
		shadow_op_yield(op);
	}
}

void shadow_recover_slot(struct mmu *mmu, const struct mmu_slot *slot)
{
	struct shadow_recover r = { .op = { .may_yield = true }, .slot = slot };

	if (!shadow_op_enter(&r.op, mmu, slot->as_id, slot->base_gfn,
			     slot->base_gfn + slot->npages))
		return;
	for (r.level = LEVEL_2M; r.level <= LEVEL_1G; r.level++)
		recover_level(&r);
	shadow_op_leave(&r.op);
}
