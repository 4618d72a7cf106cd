// SPDX-License-Identifier: GPL-2.0-only
#include "mmu/base/hostpage.h"
#include "mmu/shadow/map.h"
#include "mmu/shadow/page.h"
#include "mmu/shadow/prefetch.h"
#include "mmu/shadow/role.h"

static const struct gwalk_ctx *walk_of(const struct mmu_vcpu *vcpu)
{
	return &vcpu->ctx[vcpu->mode->kind].walk;
}

/* Not where the host's page, the dirty log or a guest's table forbids. */
static bool may_write(const struct prefetch_op *p, const struct mmu_pfn *page, gfn_t gfn)
{
	struct mmu_tracked *t = &p->vcpu->mmu->shadow->tracked;

	return (hostpage_leaf_how(p->slot, page, p->write) & LEAF_WRITE) &&
	       !(p->tables && tracked_any(t, gfn, 1));
}

bool prefetch_page(struct prefetch_op *p, u64 *sptep, const struct shadow_entry *e,
		   const struct mmu_pfn *page)
{
	const struct mmu_config *cfg = p->vcpu->mmu->config;
	struct mmu_reserve *reserve = p->vcpu->reserve;
	u32 acc = e->acc;
	u64 spte;

	if (!may_write(p, page, e->gfn) &&
	    !shadow_leaf_is_writable(cfg, sptep, e->gfn, page->pfn))
		acc &= ~ACC_W;
	spte = spte_shadow_leaf(cfg, LEVEL_4K, page->pfn, acc, e->pkey);
	if (*sptep ? shadow_leaf_put(sptep, spte, e->gfn, reserve, p->b) :
		     shadow_leaf_set(sptep, spte, e->gfn, reserve, p->b))
		return false;
	if (p->write)
		hostpage_log_dirty(p->vcpu, p->slot, e->gfn);
	return true;
}

/* May the frame's page be looked for, under the lock? */
static bool entry_is_open(const struct prefetch_op *p, const struct shadow_entry *e)
{
	const struct mmu_inv *inv = &p->vcpu->mmu->inv;

	return e->gfn - p->slot->base_gfn < p->slot->npages &&
	       !inv_is_stale(inv, inv->seq, e->gfn, e->gfn + 1);
}

/* What an entry says, if the host has it at hand.  Return: is it mapped, by @page? */
static bool prefetch_entry(struct prefetch_op *p, u64 *sptep, const struct shadow_entry *e,
			   struct mmu_pfn *page)
{
	bool done;

	if (!entry_is_open(p, e) ||
	    !mmu_env_pfn_present(p->slot, e->gfn, 1, e->acc & ACC_W, page))
		return false;
	done = prefetch_page(p, sptep, e, page);
	hostpage_put(p->slot, page, done);
	return done;
}

bool prefetch_peek(struct mmu_vcpu *vcpu, const struct shadow_page *sp, unsigned int first,
		   unsigned int n, u64 *raw)
{
	unsigned int size = walk_of(vcpu)->fmt->entry_size;
	unsigned int at = shadow_entry_index(sp, first) * size;

	return !mmu_env_guest_peek(vcpu, (sp->gfn << MMU_PAGE_SHIFT) + at, raw,
				   n * size);
}

void prefetch_block(struct prefetch_op *p, struct shadow_page *sp, unsigned int first,
		    const u64 *raw)
{
	const struct gwalk_ctx *walk = walk_of(p->vcpu);
	struct shadow_entry e;
	struct mmu_pfn page;
	unsigned int i;
	u64 entry;

	for (i = 0; i < SHADOW_PREFETCH; i++) {
		entry = shadow_entry_raw(raw, i, walk->fmt->entry_size);
		/* Most entries are empty: then not a call for each. */
		if (!sp->spt[first + i] && (entry & walk->fmt->present) &&
		    shadow_entry_read(walk, sp, entry, &e))
			prefetch_entry(p, &sp->spt[first + i], &e, &page);
	}
}

/* Those whose guest entries follow each other. */
static void prefetch_entries(struct prefetch_op *p, struct shadow_page *sp,
			     const u64 *sptep)
{
	unsigned int first = (sptep - sp->spt) & ~(SHADOW_PREFETCH - 1);
	u64 raw[SHADOW_PREFETCH] __uninitialized;

	if (prefetch_peek(p->vcpu, sp, first, SHADOW_PREFETCH, raw))
		prefetch_block(p, sp, first, raw);
}

/* A leaf that nobody has used, but for its frame. */
static u64 leaf_blank(const struct mmu_config *cfg, const struct shadow_entry *e, u32 acc)
{
	return spte_shadow_leaf(cfg, LEVEL_4K, 0, acc, e->pkey) & ~cfg->accessed;
}

/* Frames in a row, from @e's up to @end, as far as the host has them. */
static void prefetch_run(struct prefetch_op *p, u64 *sptep,
			 struct shadow_entry e, gfn_t end)
{
	const struct mmu_config *cfg = p->vcpu->mmu->config;
	struct mmu_pfn page[SHADOW_PREFETCH_DIRECT] __uninitialized;
	unsigned int count, i;
	u64 leaf[2], spte;
	int err;

	if (e.gfn >= end)
		return;
	count = mmu_env_pfn_present(p->slot, e.gfn, end - e.gfn, e.acc & ACC_W,
				    page);
	leaf[false] = leaf_blank(cfg, &e, e.acc & ~ACC_W);
	leaf[true] = leaf_blank(cfg, &e, e.acc);
	for (i = 0; i < count; i++, e.gfn++) {
		spte = leaf[may_write(p, &page[i], e.gfn)] |
		       page[i].pfn << MMU_PAGE_SHIFT;
		err = shadow_leaf_set(sptep++, spte, e.gfn,
				      p->vcpu->reserve, p->b);
		hostpage_put(p->slot, &page[i], !err);
	}
}

/* Below a large guest page, or with paging off: the frames around, which follow. */
static void prefetch_direct(struct prefetch_op *p, const struct mmu_fault *fault,
			    union shadow_role role, u64 *sptep)
{
	struct shadow_entry e = { .acc = role.access, .pkey = role.pkey };
	gfn_t gfn = fault->gfn, first = gfn & ~(gfn_t)(SHADOW_PREFETCH_DIRECT - 1);
	gfn_t end = min(first + SHADOW_PREFETCH_DIRECT,
			p->slot->base_gfn + p->slot->npages);
	struct mmu *mmu = p->vcpu->mmu;
	gfn_t lo = gfn, hi = gfn + 1;

	first = max(first, p->slot->base_gfn);
	while (lo > first && !sptep[(long)(lo - gfn) - 1])
		lo--;
	while (hi < end && !sptep[hi - gfn])
		hi++;
	if (inv_is_stale(&mmu->inv, fault->seq, lo, hi))
		return;
	p->tables = tracked_any(&mmu->shadow->tracked, lo, hi - lo);
	e.gfn = lo;
	prefetch_run(p, sptep - (gfn - lo), e, gfn);
	e.gfn = gfn + 1;
	prefetch_run(p, sptep + 1, e, hi);
}

void shadow_prefetch(struct mmu_vcpu *vcpu, const struct mmu_fault *fault,
		     struct shadow_page *sp, u64 *sptep, struct shadow_batch *b)
{
	struct prefetch_op p = {
		.vcpu = vcpu, .slot = fault->slot, .b = b, .tables = true,
	};

	if (sp->role.direct)
		prefetch_direct(&p, fault, sp->role, sptep);
	else
		prefetch_entries(&p, sp, sptep);
}

/*
 * Who points one address at this frame and at that, as kernels do with pages that they look
 * into, comes back to the same few.  A page that is mapped again was dirty when it was mapped
 * first: whoever cleans it takes the leaf away first, by an invalidation.
 */
static bool recent_is_right(const struct recent_page *r, const struct prefetch_op *p,
			    const struct shadow_entry *e)
{
	const struct mmu_inv *inv = &p->vcpu->mmu->inv;

	return r->slot == p->slot && r->gfn == e->gfn &&
	       (r->page.writable || !(e->acc & ACC_W)) &&
	       !inv_is_stale(inv, r->seq, e->gfn, e->gfn + 1);
}

void shadow_refill(struct mmu_vcpu *vcpu, u64 *sptep, const struct shadow_entry *e,
		   struct shadow_batch *b)
{
	struct prefetch_op p = { .vcpu = vcpu, .b = b, .tables = true };
	struct recent_page *r;

	if (!vcpu->reserve)
		return;
	p.slot = mmu_env_slot(vcpu, e->gfn);
	if (!p.slot)
		return;
	r = &vcpu->reserve->recent[e->gfn % RECENT_PAGES];
	if (recent_is_right(r, &p, e)) {
		prefetch_page(&p, sptep, e, &r->page);
		return;
	}
	r->slot = NULL;
	if (!prefetch_entry(&p, sptep, e, &r->page))
		return;
	r->slot = p.slot;
	r->gfn = e->gfn;
	r->seq = vcpu->mmu->inv.seq;
}
