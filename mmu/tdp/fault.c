// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on a TDP tree: the stages of mmu_mode_tdp.
 *
 *	fast: MMIO that is known, a spurious fault, a write that only the dirty log
 *	      forbade: answered under RCU, no lock held, no page looked up
 *	map: [read side, RCU, stale?] tdp_map(), and the frames around it that the
 *	      host has at hand (prefetching)
 */
#include <linux/rcupdate.h>

#include "mmu/base/hostpage.h"
#include "mmu/base/tracked.h"
#include "mmu/mmu_trace.h"
#include "mmu/tdp/map.h"
#include "mmu/tdp/root.h"
#include "mmu/tdp/tree.h"

/* Tables that a VM may have for cached MMIO entries alone: 2 GiB of devices. */
#define HOLE_TABLES	1024

/* Frames of the aligned block that one fault maps. */
#define PREFETCH_FRAMES	16

/**
 * struct tdp_prefetch - the frames around a fault's that may be mapped with it
 * @lo: first frame of the empty entries around it
 * @hi: frame after the last one
 * @below: pages found from @lo up
 * @above: pages found from the fault's next frame up
 * @page: by place in the block
 */
struct tdp_prefetch {
	gfn_t lo;
	gfn_t hi;
	unsigned int below;
	unsigned int above;
	struct mmu_pfn page[PREFETCH_FRAMES];
};

/* ------------------------------------------------------------------------ */
/* Without locks, under RCU. */

/*
 * What the slow path wants to know of the tree: how many tables it lacks, and how far
 * the entries around the fault's are empty.
 */
static noinline void tree_measure(struct mmu_fault *fault, const u64 *sptep, int level)
{
	int at = fault->gfn % PREFETCH_FRAMES;
	int below = at, above = PREFETCH_FRAMES - 1 - at;
	int i;

	fault->tables = level - 1;
	if (level == LEVEL_4K) {
		for (i = 1; i <= below && !READ_ONCE(sptep[-i]); i++)
			;
		below = i - 1;
		for (i = 1; i <= above && !READ_ONCE(sptep[i]); i++)
			;
		above = i - 1;
	}
	fault->empty_below = below;
	fault->empty_above = above;
}

/*
 * A write that was forbidden to the dirty log's benefit.  The slot says
 * whether that still is so: whoever turns the log on waits for us before it
 * write-protects.
 */
static __always_inline enum mmu_result fast_write(struct mmu_vcpu *vcpu,
						  const struct mmu_config *cfg,
						  struct mmu_fault *fault, u64 *sptep,
						  u64 spte)
{
	const struct mmu_slot *slot;

	if (!spte_can_write(spte))
		return MMU_RETRY;
	slot = mmu_env_slot(vcpu, fault->gfn);
	if (!slot || (slot->flags & MMU_SLOT_READONLY))
		return MMU_RETRY;
	if (fault->level > LEVEL_4K && (slot->flags & MMU_SLOT_DIRTY_LOG))
		return MMU_RETRY;
	if (!try_cmpxchg(sptep, &spte,
			 spte | cfg->write | cfg->accessed | cfg->dirty))
		return MMU_RETRY;
	if (tracepoint_enabled(fast_page_fault))
		mmu_env_trace_fast(vcpu, fault, sptep, spte, READ_ONCE(*sptep));
	hostpage_log_dirty(vcpu, slot, fault->gfn);
	return MMU_FIXED;
}

/* The tables do not reach so far: no slot should, either. */
static noinline enum mmu_result fault_beyond(struct mmu_vcpu *vcpu,
					     struct mmu_fault *fault)
{
	if (!mmu_env_slot(vcpu, fault->gfn))
		return MMU_EMULATE;
	fault->err = -EFAULT;
	return MMU_USER;
}

/* The generation is older than the look at the slots, or the entry, that says so. */
static enum mmu_result fault_hole(struct mmu_vcpu *vcpu, const struct mmu_fault *fault)
{
	vcpu->hole = fault->gfn;
	vcpu->hole_gen = fault->mmio_gen;
	return MMU_EMULATE;
}

/*
 * The entry for a frame.  Faults come in rows, so the table of the last one is tried first:
 * as long as none was taken out of the tree since it was found, it is what the walk would come
 * to.  The count goes up between that and the grace period after which a table is freed:
 * who sees the old count, under RCU, may still look at it.
 */
static __always_inline u64 *leaf_find(struct mmu_vcpu *vcpu, const struct mmu *mmu, gfn_t gfn,
				      int *level, u64 *spte)
{
	struct mmu_near *near = &vcpu->near;
	/* Before a walk: pairs with zap_table(). */
	s64 removed = atomic64_read_acquire(&vcpu->root->removed);
	u64 *sptep;

	if (likely(near->region == gfn >> PT_INDEX_BITS && near->removed == removed)) {
		sptep = &near->table[pt_slot(gfn, LEVEL_4K)];
		*level = LEVEL_4K;
		*spte = READ_ONCE(*sptep);
		return sptep;
	}
	*level = mmu->config->levels;
	sptep = pt_lookup(mmu->config, vcpu->root->table, gfn, level, spte);
	if (*level == LEVEL_4K)
		*near = (struct mmu_near){
			.table = sptep - pt_slot(gfn, LEVEL_4K),
			.region = gfn >> PT_INDEX_BITS,
			.removed = removed,
		};
	return sptep;
}

enum mmu_result tdp_fast(struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	struct mmu *mmu = vcpu->mmu;
	const struct mmu_config *cfg = mmu->config;
	const gfn_t gfn = fault->addr >> MMU_PAGE_SHIFT;
	enum mmu_result r = MMU_RETRY;
	u64 *sptep, spte;
	int level;

	fault->gfn = gfn;
	/* Before the slot is looked for: pairs with mmu_slots_changed(). */
	fault->mmio_gen = smp_load_acquire(&mmu->mmio_gen);
	if (gfn >= cfg->end)
		return fault_beyond(vcpu, fault);
	/* As good as rcu_read_lock(), and inline. */
	rcu_read_lock_sched();
	sptep = leaf_find(vcpu, mmu, gfn, &level, &spte);
	fault->level = level;
	if (spte_is_present(spte)) {
		if (spte_allows(cfg, spte, fault->error))
			r = MMU_FIXED;
		else if (fault->error & PF_WRITE)
			r = fast_write(vcpu, cfg, fault, sptep, spte);
	} else if ((fault->error & PF_RSVD) &&
		   spte_is_mmio_of(cfg, spte, fault->mmio_gen)) {
		r = fault_hole(vcpu, fault);
	}
	if (unlikely(r == MMU_RETRY))
		tree_measure(fault, sptep, level);
	rcu_read_unlock_sched();
	return r;
}

static int tdp_reserve(struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	return cache_fill(&vcpu->cache, fault->tables);
}

/* Where there is no memory a guest could ask for any number of tables. */
static bool hole_may_have_tables(struct mmu *mmu, unsigned int n)
{
	u16 old = READ_ONCE(mmu->hole_tables);

	if (!n)
		return true;
	do
		if (old >= HOLE_TABLES)
			return false;
	while (!try_cmpxchg(&mmu->hole_tables, &old, old + n));
	return true;
}

/* Only a short cut: without it the next access comes here again. */
static enum mmu_result tdp_hole(struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	struct mmu *mmu = vcpu->mmu;
	const struct mmu_config *cfg = mmu->config;

	if (!cfg->mmio_mask || !(fault->mmio_gen & cfg->mmio_gen_mask) ||
	    !hole_may_have_tables(mmu, fault->tables))
		return fault_hole(vcpu, fault);
	if (cache_fill(&vcpu->cache, fault->tables))
		return MMU_EMULATE;
	read_lock(&mmu->lock);
	rcu_read_lock();
	/* See mmu_slots_changed(). */
	if (fault->mmio_gen == READ_ONCE(mmu->mmio_gen))
		tdp_map_mmio(vcpu, fault->gfn, fault->mmio_gen);
	rcu_read_unlock();
	read_unlock(&mmu->lock);
	return fault_hole(vcpu, fault);
}

bool mmu_map_own(struct mmu_vcpu *vcpu, gfn_t gfn, kvm_pfn_t pfn)
{
	struct mmu *mmu = vcpu->mmu;
	bool done;

	if (mmu->config->second == MMU_SECOND_NONE || gfn >= mmu->config->end ||
	    cache_fill(&vcpu->cache, mmu->config->levels - 1))
		return false;
	read_lock(&mmu->lock);
	rcu_read_lock();
	done = tdp_map_page(vcpu, gfn, pfn);
	rcu_read_unlock();
	read_unlock(&mmu->lock);
	return done;
}

/* ------------------------------------------------------------------------ */
/* Prefetching: pages are looked at, never waited for. */

static void tdp_prefetch_find(struct tdp_prefetch *p, const struct mmu_fault *fault)
{
	const struct mmu_slot *slot = fault->slot;
	gfn_t gfn = fault->gfn;
	bool write = fault->pfn.writable &&
		     !(slot->flags & MMU_SLOT_READONLY);

	p->lo = max(gfn - fault->empty_below, slot->base_gfn);
	p->hi = min(gfn + 1 + fault->empty_above,
		    slot->base_gfn + slot->npages);
	if (p->lo < gfn)
		p->below = mmu_env_pfn_present(slot, p->lo, gfn - p->lo, write,
				&p->page[p->lo % PREFETCH_FRAMES]);
	if (p->hi > gfn + 1)
		p->above = mmu_env_pfn_present(slot, gfn + 1, p->hi - gfn - 1,
				write, &p->page[gfn % PREFETCH_FRAMES + 1]);
}

/* Do tables of L1 lie there, which shadow pages stand for?  Lock held. */
static bool tdp_has_tracked(const struct mmu_vcpu *vcpu, gfn_t gfn, u64 n)
{
	struct mmu_tracked *t = vcpu->mmu->tracked;

	return t && tracked_any(t, gfn, n);
}

static void tdp_prefetch_map(struct mmu_vcpu *vcpu, const struct tdp_prefetch *p,
			     const struct mmu_fault *fault,
			     const struct tdp_place *place)
{
	if (!p->below && !p->above)
		return;
	if (place->level != LEVEL_4K ||
	    inv_is_stale(&vcpu->mmu->inv, fault->seq, p->lo, p->hi) ||
	    tdp_has_tracked(vcpu, p->lo, p->hi - p->lo))
		return;
	tdp_map_prefetch(vcpu, fault, place->sptep - (fault->gfn - p->lo),
			 &p->page[p->lo % PREFETCH_FRAMES], p->below);
	tdp_map_prefetch(vcpu, fault, place->sptep + 1,
			 &p->page[fault->gfn % PREFETCH_FRAMES + 1], p->above);
}

static void tdp_prefetch_put(const struct tdp_prefetch *p,
			     const struct mmu_fault *fault)
{
	const struct mmu_pfn *low = &p->page[p->lo % PREFETCH_FRAMES];
	const struct mmu_pfn *high = &p->page[fault->gfn % PREFETCH_FRAMES + 1];
	unsigned int i;

	for (i = 0; i < p->below; i++)
		hostpage_put(fault->slot, &low[i], true);
	for (i = 0; i < p->above; i++)
		hostpage_put(fault->slot, &high[i], true);
}

/* ------------------------------------------------------------------------ */

/* The level that L1's tables allow. */
static int tracked_level(const struct mmu_vcpu *vcpu, gfn_t gfn, int level)
{
	while (level > LEVEL_4K &&
	       tdp_has_tracked(vcpu, gfn & LEVEL_MASK(level), LEVEL_GFNS(level)))
		level--;
	return level;
}

/* The same, and whether one is in the frame itself. */
static void tracked_decide(const struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	fault->level = tracked_level(vcpu, fault->gfn, fault->level);
	fault->refused = tracked_level(vcpu, fault->gfn, fault->refused);
	fault->tracked = fault->level == LEVEL_4K &&
			 tdp_has_tracked(vcpu, fault->gfn, 1);
}

/*
 * A write to a frame with tables of L1 is not mapped here: @fault->tracked tells
 * mmu/fault.c.
 */
static enum mmu_result tdp_fault_map(struct mmu_vcpu *vcpu,
				     struct mmu_fault *fault)
{
	struct mmu *mmu = vcpu->mmu;
	int level = max(fault->level, fault->refused);
	gfn_t first = fault->gfn & LEVEL_MASK(level);
	/* Large, and filled as far as it is used. */
	struct tdp_prefetch p __uninitialized;
	struct tdp_place place = { };
	enum mmu_result r = MMU_RETRY;

	p.below = 0;
	p.above = 0;
	if (fault->level == LEVEL_4K)
		tdp_prefetch_find(&p, fault);
	read_lock(&mmu->lock);
	rcu_read_lock();
	if (!inv_is_stale(&mmu->inv, fault->seq, first,
			  first + LEVEL_GFNS(level))) {
		tracked_decide(vcpu, fault);
		if (!fault->tracked || !(fault->error & PF_WRITE))
			r = tdp_map(vcpu, fault, &place);
	}
	if (r == MMU_FIXED) {
		fault->level = place.level;
		tdp_prefetch_map(vcpu, &p, fault, &place);
	}
	rcu_read_unlock();
	read_unlock(&mmu->lock);
	tdp_prefetch_put(&p, fault);
	return r;
}

const struct mmu_mode mmu_mode_tdp = {
	.kind = MMU_CTX_GUEST,
	.fast = tdp_fast,
	.reserve = tdp_reserve,
	.hole = tdp_hole,
	.map = tdp_fault_map,
	.root_load = tdp_root_load,
	.root_drop = tdp_root_drop,
};
