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
 * @reserve: a page, its table, and descriptors
 * @tables: of @reserve: also what the page keeps beside its leaves
 * @none: there is no memory
 */
struct shadow_split {
	struct shadow_op op;
	struct mmu_reserve reserve;
	struct mmu_cache tables;
	bool none;
};

static bool split_is_ready(const struct shadow_split *p, unsigned int descs)
{
	return p->reserve.pages && p->tables.n == 2 &&
	       reserve_descs(&p->reserve) >= descs;
}

/* Drop the lock and allocate. */
static void split_fetch(struct shadow_split *p, unsigned int descs)
{
	shadow_op_leave(&p->op);
	cond_resched();
	p->none = reserve_fill(&p->reserve, 2, 1, descs);
	write_lock(&p->op.mmu->lock);
}

/* At most as many as frames that something maps already; one for the link. */
static unsigned int descs_needed(struct shadow_split *p, int level, gfn_t gfn)
{
	unsigned int shift = (level - 2) * PT_INDEX_BITS, n = 1;
	unsigned long first = gfn >> shift, i;
	struct rmap_head head;

	rmap_index_for_each(&p->op.s->rmap[p->op.as_id][level - 2], i, head,
			    first, first + PT_ENTRIES - 1)
		n++;
	return n;
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
				    &p->reserve.desc, &p->op.batch))
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
	if (!sp->side)
		sp->side = cache_take(&p->tables);
	flush |= !pieces_set(p, sp, gfn, spte);
	shadow_drop(sptep, &p->op.batch);
	shadow_link(sptep, sp, &p->reserve.desc, &p->op.batch);
	p->op.batch.flush = flush;
	return true;
}

/* ------------------------------------------------------------------------ */

static u64 *writable_leaf(const struct shadow_op *op, int level, gfn_t gfn)
{
	struct rmap_head head = shadow_rmap_get(op->s, op->as_id, level, gfn);
	struct rmap_iter it;
	u64 *sptep;

	rmap_for_each(sptep, &it, &head)
		if (*sptep & op->mmu->config->write)
			return sptep;
	return NULL;
}

static bool shadow_visit_protect(struct shadow_op *op, int level, gfn_t gfn,
				 struct rmap_head head)
{
	struct rmap_iter it;
	u64 *sptep;

	rmap_for_each(sptep, &it, &head)
		if (READ_ONCE(*sptep) & op->mmu->config->write)
			shadow_protect(sptep, &op->batch);
	return true;
}

/* Large leaves that the guest can write: what it has only read, its write splits. */
static bool shadow_visit_split(struct shadow_op *op, int level, gfn_t gfn,
			       struct rmap_head head)
{
	struct shadow_split *p = container_of(op, struct shadow_split, op);
	unsigned int left, descs;
	u64 *sptep;

	for (left = SPLIT_ALIASES; left; left--) {
		sptep = writable_leaf(op, level, gfn);
		if (!sptep)
			return true;
		descs = descs_needed(p, level, gfn);
		if (!split_allowed(p, sptep))
			shadow_protect(sptep, &op->batch);
		else if (!split_is_ready(p, descs))
			split_fetch(p, descs);
		else if (!leaf_split(p, sptep))
			break;
		shadow_op_yield(op);
	}
	head = shadow_rmap_get(op->s, op->as_id, level, gfn);
	return shadow_visit_protect(op, level, gfn, head);
}

void shadow_protect_range(struct mmu *mmu, const struct mmu_slot *slot,
			  gfn_t start, gfn_t end, const unsigned long *bitmap)
{
	struct shadow_split p = {
		.op = {
			.bitmap = bitmap,
			.may_yield = true,
			.visit = shadow_visit_split,
		},
		.reserve = { .tables = &p.tables },
	};

	if (!shadow_op_enter(&p.op, mmu, slot->as_id, start, end))
		return;
	/* The pieces of a level are the leaves of the next. */
	shadow_op_run(&p.op, LEVEL_1G);
	shadow_op_run(&p.op, LEVEL_2M);
	p.op.visit = shadow_visit_protect;
	shadow_op_run(&p.op, LEVEL_4K);
	shadow_op_leave(&p.op);
	reserve_empty(&p.reserve);
}

/* ------------------------------------------------------------------------ */
/* Recovery, by rounds: see base/recover.h. */

struct shadow_recover {
	struct shadow_op op;
	const struct mmu_slot *slot;
	struct recover_round round;
};

/* Is it one that a leaf of a level could replace?  Roots stay. */
static bool page_is_below(const struct shadow_page *sp, int level)
{
	return sp->role.level == level - 1 && !sp->roots;
}

/* Note the regions whose direct pages, of one frame, a large leaf could replace. */
static void recover_note_pages(struct shadow_recover *r, gfn_t gfn,
			       const struct shadow_page *sp)
{
	int max_level = level_slot(r->op.mmu->config, r->slot, gfn), level;
	const struct shadow_page *p;

	for (level = LEVEL_2M; level <= max_level; level++) {
		if (tracked_any(&r->op.s->tracked, gfn, LEVEL_GFNS(level)))
			return;
		for (p = sp; p && !page_is_below(p, level); p = p->same)
			;
		if (p)
			recover_note(&r->round, gfn, level);
	}
}

/* Notes a round's worth from @op->start on, which is moved past it. */
static void recover_look(struct shadow_recover *r)
{
	struct shadow_op *op = &r->op;
	unsigned long i;
	void *entry;

	r->round.n = 0;
	xa_for_each_range(&op->s->direct[op->as_id], i, entry, op->start,
			  op->end - 1) {
		if (r->round.n + LEVEL_1G - LEVEL_4K > RECOVER_ROUND) {
			op->start = i;
			return;
		}
		recover_note_pages(r, i, entry);
		shadow_op_yield(op);
	}
	op->start = op->end;
}

static void recover_zap(struct shadow_recover *r)
{
	struct shadow_op *op = &r->op;
	struct shadow_page *sp, *next;
	unsigned int i;

	for (i = 0; i < r->round.n; i++) {
		sp = xa_load(&op->s->direct[op->as_id], r->round.region[i].gfn);
		for (; sp; sp = next) {
			next = sp->same;
			if (page_is_below(sp, r->round.region[i].level))
				shadow_zap_page(op->s, sp, &op->batch);
		}
		shadow_op_yield(op);
	}
}

void shadow_recover_slot(struct mmu *mmu, const struct mmu_slot *slot)
{
	struct shadow_recover r = { .op = { .may_yield = true }, .slot = slot };
	gfn_t start = slot->base_gfn, end = start + slot->npages;

	for (; shadow_op_enter(&r.op, mmu, slot->as_id, start, end); start = r.op.start) {
		recover_look(&r);
		shadow_op_leave(&r.op);
		recover_ask(&r.round, slot);
		write_lock(&mmu->lock);
		recover_zap(&r);
		shadow_op_leave(&r.op);
	}
}
