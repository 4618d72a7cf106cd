// SPDX-License-Identifier: GPL-2.0-only
#include <linux/minmax.h>

#include "mmu/fault.h"
#include "mmu/shadow/page.h"
#include "mmu/shadow/prefetch.h"
#include "mmu/shadow/role.h"
#include "mmu/tdp/entry.h"

/* @slot was looked up under the lock, or with a sequence that still is right. */
struct near {
	struct mmu_vcpu *vcpu;
	const struct mmu_slot *slot;
	struct shadow_batch *b;
};

static const struct gwalk_ctx *walk_of(const struct mmu_vcpu *vcpu)
{
	return &vcpu->ctx[vcpu->mode->kind].walk;
}

/* Not writable where the host's page, the dirty log or a guest's table forbids. */
static int near_put(struct near *n, u64 *sptep, const struct mmu_pfn *page,
		    const struct shadow_entry *e, u64 unset)
{
	struct mmu *mmu = n->vcpu->mmu;
	u32 acc = e->acc;
	u64 spte;

	if (!(tdp_leaf_how(n->slot, page, false) & LEAF_WRITE) ||
	    track_has_table(mmu->shadow, n->vcpu->as_id, e->gfn, 1))
		acc &= ~ACC_W;
	spte = spte_shadow_leaf(mmu->config, LEVEL_4K, page->pfn, acc, e->pkey);
	return shadow_leaf_set(sptep, spte & ~unset, e->gfn,
			       &n->vcpu->reserve->desc, n->b);
}

/* What a guest's entry says. */
static void near_map(struct near *n, u64 *sptep, const struct shadow_entry *e)
{
	const struct mmu_slot *slot = n->slot;
	struct mmu *mmu = n->vcpu->mmu;
	struct mmu_pfn page;
	int err;

	if (e->gfn - slot->base_gfn >= slot->npages ||
	    mmu_fault_is_stale(mmu, mmu->inv_seq, e->gfn))
		return;
	if (!mmu_env_pfn_present(slot, e->gfn, 1, e->acc & ACC_W, &page))
		return;
	err = near_put(n, sptep, &page, e, 0);
	fault_page_put(slot, &page, !err, false);
}

/* Those whose guest entries follow each other. */
static void near_map_entries(struct near *n, const struct mmu_fault *fault,
			     const struct shadow_page *sp, u64 *sptep)
{
	const struct gwalk_ctx *walk = walk_of(n->vcpu);
	unsigned int at = sptep - sp->spt, first, i;
	unsigned int size = walk->fmt->entry_size;
	u64 raw[SHADOW_NEAR] __uninitialized, entry;
	struct shadow_entry e;
	gpa_t gpa;

	first = at & ~(SHADOW_NEAR - 1);
	gpa = fault->walk->step[LEVEL_4K].gpa - (u64)(at - first) * size;
	if (mmu_env_guest_peek(n->vcpu, gpa, raw, SHADOW_NEAR * size))
		return;
	for (i = 0; i < SHADOW_NEAR; i++) {
		entry = shadow_entry_raw(raw, i, size);
		/* Where a guest has no page is no call for it. */
		if (!sp->spt[first + i] && (entry & walk->fmt->present) &&
		    shadow_entry_read(walk, sp, entry, &e))
			near_map(n, &sp->spt[first + i], &e);
	}
}

/* Frames in a row, from @e's up to @end, as far as the host has them. */
static void near_map_run(struct near *n, u64 *sptep, struct shadow_entry e,
			 gfn_t end)
{
	struct mmu_pfn page[SHADOW_NEAR] __uninitialized;
	unsigned int count, i;
	int err;

	if (e.gfn >= end)
		return;
	count = mmu_env_pfn_present(n->slot, e.gfn, end - e.gfn, e.acc & ACC_W,
				    page);
	for (i = 0; i < count; i++, e.gfn++) {
		err = near_put(n, sptep++, &page[i], &e,
			       n->vcpu->mmu->config->accessed);
		fault_page_put(n->slot, &page[i], !err, false);
	}
}

/* Below a large guest page, or with paging off: the frames around, which follow. */
static void near_map_direct(struct near *n, const struct mmu_fault *fault,
			    union shadow_role role, u64 *sptep)
{
	struct shadow_entry e = { .acc = role.access, .pkey = role.pkey };
	gfn_t gfn = fault->gfn, first = gfn & ~(gfn_t)(SHADOW_NEAR - 1);
	gfn_t end = min(first + SHADOW_NEAR,
			n->slot->base_gfn + n->slot->npages);
	gfn_t lo = gfn, hi = gfn + 1;

	first = max(first, n->slot->base_gfn);
	while (lo > first && !sptep[(long)(lo - gfn) - 1])
		lo--;
	while (hi < end && !sptep[hi - gfn])
		hi++;
	if (fault_range_is_stale(n->vcpu->mmu, fault->seq, lo, hi))
		return;
	e.gfn = lo;
	near_map_run(n, sptep - (gfn - lo), e, gfn);
	e.gfn = gfn + 1;
	near_map_run(n, sptep + 1, e, hi);
}

void shadow_near(struct mmu_vcpu *vcpu, const struct mmu_fault *fault,
		 const struct shadow_page *sp, u64 *sptep,
		 struct shadow_batch *b)
{
	struct near n = { .vcpu = vcpu, .slot = fault->slot, .b = b };

	if (sp->role.direct)
		near_map_direct(&n, fault, sp->role, sptep);
	else
		near_map_entries(&n, fault, sp, sptep);
}

void shadow_refill(struct mmu_vcpu *vcpu, u64 *sptep, u64 entry,
		   struct shadow_batch *b)
{
	struct near n = { .vcpu = vcpu, .b = b };
	struct shadow_entry e;

	if (!vcpu->reserve || !shadow_entry_read(walk_of(vcpu),
						 shadow_page_of(sptep), entry,
						 &e))
		return;
	n.slot = mmu_env_slot(vcpu, e.gfn);
	if (n.slot)
		near_map(&n, sptep, &e);
}
