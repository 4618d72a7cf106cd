// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fault pipeline:
 *
 *	resolve: identity, or a walk of the guest's tables
 *	fast (TDP): MMIO that is known, a spurious fault, a write that only the
 *	      dirty log forbade: no lock, no page looked up
 *	sequence, slot ─► reserve ─► page ─► level
 *	─► mode->map(): [lock, stale?] tdp_map() or shadow_map()
 *	─► give the page back
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>

#include "mmu/base/cache.h"
#include "mmu/guest/ctx.h"
#include "mmu/fault.h"
#include "mmu/base/level.h"
#include "mmu/shadow/page.h"
#include "mmu/tdp/entry.h"

#define NEAR	16	/* frames of the aligned block that one fault maps */

/* Second level: which of L2's addresses it was (APM vol. 2, 15.25.6). */
#define PF_GUEST	(PF_GUEST_FINAL | PF_GUEST_TABLE)

/**
 * struct mmu_near - the frames around a fault's that could be mapped with it
 * @lo: first frame of the empty entries around it
 * @hi: frame after the last one
 * @below: pages found from @lo up
 * @above: pages found from the fault's next frame up
 * @page: by place in the block
 */
struct mmu_near {
	gfn_t lo;
	gfn_t hi;
	unsigned int below;
	unsigned int above;
	struct mmu_pfn page[NEAR];
};

bool fault_range_is_stale(const struct mmu *mmu, unsigned long seq,
			  gfn_t start, gfn_t end)
{
	if (mmu->inv_count && start < mmu->inv_end && end > mmu->inv_start)
		return true;
	return mmu->inv_seq != seq;
}

bool mmu_fault_is_stale(const struct mmu *mmu, unsigned long seq, gfn_t gfn)
{
	return fault_range_is_stale(mmu, seq, gfn, gfn + 1);
}

/* ------------------------------------------------------------------------ */
/* Without locks, under RCU. */

/* Grow the range of empty entries around the one of a fault. */
static void near_measure(struct mmu_near *near, const u64 *sptep, gfn_t gfn)
{
	gfn_t first = gfn & ~(gfn_t)(NEAR - 1);

	near->lo = gfn;
	near->hi = gfn + 1;
	while (near->lo > first && !READ_ONCE(*(sptep - (gfn - near->lo) - 1)))
		near->lo--;
	while (near->hi < first + NEAR && !READ_ONCE(sptep[near->hi - gfn]))
		near->hi++;
}

/*
 * A write that was forbidden to the dirty log's benefit.  The slot says
 * whether that still is so: whoever turns the log on waits for us before it
 * write-protects.
 */
static enum mmu_result fast_write(struct mmu_vcpu *vcpu,
				  struct mmu_fault *fault, u64 *sptep,
				  u64 spte, int level)
{
	const struct mmu_config *cfg = vcpu->mmu->config;
	const struct mmu_slot *slot;

	if (!spte_can_write(spte))
		return MMU_RETRY;
	slot = mmu_env_slot(vcpu, fault->gfn);
	if (!slot || (slot->flags & MMU_SLOT_READONLY))
		return MMU_RETRY;
	if (level > LEVEL_4K && (slot->flags & MMU_SLOT_DIRTY_LOG))
		return MMU_RETRY;
	if (!try_cmpxchg(sptep, &spte,
			 spte | cfg->write | cfg->accessed | cfg->dirty))
		return MMU_RETRY;
	tdp_log_dirty(vcpu->mmu, slot, fault->gfn);
	return MMU_FIXED;
}

/* MMU_RETRY here: go on with the pipeline.  @level: where the tree ends. */
static enum mmu_result fault_fast(struct mmu_vcpu *vcpu,
				  struct mmu_fault *fault, u64 gen,
				  struct mmu_near *near, int *level)
{
	const struct mmu_config *cfg = vcpu->mmu->config;
	enum mmu_result r = MMU_RETRY;
	u64 *sptep, spte;

	near->lo = fault->gfn & ~(gfn_t)(NEAR - 1);
	near->hi = near->lo + NEAR;
	rcu_read_lock();
	sptep = pt_lookup(cfg, vcpu->root->table, fault->gfn, level, &spte);
	if (spte_is_present(spte)) {
		if (!(fault->error & PF_WRITE) || (spte & cfg->write))
			r = MMU_FIXED;
		else
			r = fast_write(vcpu, fault, sptep, spte, *level);
	} else if ((fault->error & PF_RSVD) &&
		   spte_is_mmio_of(cfg, spte, gen)) {
		r = MMU_EMULATE;
	}
	if (r == MMU_RETRY && *level == LEVEL_4K)
		near_measure(near, sptep, fault->gfn);
	rcu_read_unlock();
	return r;
}

/* ------------------------------------------------------------------------ */
/* Neighbours: looked at, never waited for. */

static void near_find(struct mmu_near *near, const struct mmu_fault *fault)
{
	const struct mmu_slot *slot = fault->slot;
	gfn_t gfn = fault->gfn;
	bool write = fault->pfn.writable &&
		     !(slot->flags & MMU_SLOT_READONLY);

	near->lo = max(near->lo, slot->base_gfn);
	near->hi = min(near->hi, slot->base_gfn + slot->npages);
	near->below = 0;
	near->above = 0;
	if (near->lo < gfn)
		near->below = mmu_env_pfn_present(slot, near->lo,
				gfn - near->lo, write,
				&near->page[near->lo % NEAR]);
	if (near->hi > gfn + 1)
		near->above = mmu_env_pfn_present(slot, gfn + 1,
				near->hi - gfn - 1, write,
				&near->page[gfn % NEAR + 1]);
}

/* Do tables of L1 lie there, which shadow pages stand for?  Lock held. */
static bool tdp_has_table(const struct mmu_vcpu *vcpu, gfn_t gfn, u64 n)
{
	struct mmu_shadow *s = vcpu->mmu->shadow;

	return s && track_has_table(s, vcpu->as_id, gfn, n);
}

static void near_map(struct mmu_vcpu *vcpu, const struct mmu_near *near,
		     const struct mmu_fault *fault,
		     const struct tdp_place *place)
{
	if (!near->below && !near->above)
		return;
	if (place->level != LEVEL_4K ||
	    fault_range_is_stale(vcpu->mmu, fault->seq, near->lo, near->hi) ||
	    tdp_has_table(vcpu, near->lo, near->hi - near->lo))
		return;
	tdp_map_near(vcpu, fault->slot, place->sptep - (fault->gfn - near->lo),
		     &near->page[near->lo % NEAR], near->below);
	tdp_map_near(vcpu, fault->slot, place->sptep + 1,
		     &near->page[fault->gfn % NEAR + 1], near->above);
}

/*
 * A page that the fast path may make writable counts as dirty at once: there
 * is no page at hand then.
 */
void fault_page_put(const struct mmu_slot *slot, const struct mmu_pfn *p,
		    bool mapped, bool accessed)
{
	bool writable = p->writable && !(slot->flags & MMU_SLOT_READONLY);

	mmu_env_pfn_put(p, mapped && writable, accessed);
}

static void near_put(const struct mmu_near *near, const struct mmu_fault *fault)
{
	const struct mmu_pfn *low = &near->page[near->lo % NEAR];
	const struct mmu_pfn *high = &near->page[fault->gfn % NEAR + 1];
	unsigned int i;

	for (i = 0; i < near->below; i++)
		fault_page_put(fault->slot, &low[i], true, false);
	for (i = 0; i < near->above; i++)
		fault_page_put(fault->slot, &high[i], true, false);
}

/* ------------------------------------------------------------------------ */
/* The stages that all modes share. */

static enum mmu_result fault_error(struct mmu_fault *fault, int err)
{
	fault->err = err;
	if (err == -EAGAIN)
		return MMU_RETRY;
	return err == -ENOMEM ? MMU_ERROR : MMU_USER;
}

/* Host and decision: how large, and may it be written? */
static void fault_decide(struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	const struct mmu_slot *slot = fault->slot;
	bool write = fault->error & PF_WRITE;
	int level = fault->walk ? fault->walk->level : LEVEL_MAX;

	if (level > LEVEL_4K)
		level = level_slot(vcpu->mmu->config, slot, fault->gfn);
	if (level > LEVEL_4K)
		level = min(level, mmu_env_host_level(slot, fault->gfn));
	fault->level = level_fit(level, fault->gfn, fault->pfn.pfn);
	fault->map_write = tdp_leaf_how(slot, &fault->pfn, write) & LEAF_WRITE;
}

/* With the slot found, and what the map stage needs in reserve. */
static enum mmu_result fault_page(struct mmu_vcpu *vcpu,
				  struct mmu_fault *fault)
{
	bool write = fault->error & PF_WRITE;
	enum mmu_result r;
	int err;

	err = mmu_env_pfn(fault->slot, fault->gfn, write, &fault->pfn);
	if (err)
		return fault_error(fault, err);
	fault_decide(vcpu, fault);
	r = vcpu->mode->map(vcpu, fault);
	/*
	 * Guests make and drop entries of their own tables all the time: there the
	 * leaf's accessed bit is enough, which aging looks at.
	 */
	fault_page_put(fault->slot, &fault->pfn, r == MMU_FIXED, !fault->walk);
	return r;
}

/* Sequence, then slot: which is NULL where no memory is. */
static void fault_slot(struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	fault->seq = READ_ONCE(vcpu->mmu->inv_seq);
	/*
	 * Sequence, then slot and page: pairs with the lock in
	 * mmu_invalidate_end(), which comes after a slot's withdrawal.
	 */
	smp_rmb();
	fault->slot = mmu_env_slot(vcpu, fault->gfn);
}

static bool is_rom_write(const struct mmu_fault *fault)
{
	return (fault->error & PF_WRITE) &&
	       (fault->slot->flags & MMU_SLOT_READONLY);
}

/* ------------------------------------------------------------------------ */
/* TDP. */

static enum mmu_result tdp_mmio(struct mmu_vcpu *vcpu,
				const struct mmu_fault *fault, u64 gen,
				int level)
{
	struct mmu *mmu = vcpu->mmu;

	/* Only a short cut: without memory the next access comes here again. */
	if (!mmu->config->mmio_mask || cache_fill(vcpu, level - 1))
		return MMU_EMULATE;
	read_lock(&mmu->lock);
	rcu_read_lock();
	tdp_map_mmio(vcpu, fault->gfn, gen);
	rcu_read_unlock();
	read_unlock(&mmu->lock);
	return MMU_EMULATE;
}

/* The level that L1's tables allow, and whether one is in the frame itself. */
static void tracked_decide(const struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	while (fault->level > LEVEL_4K &&
	       tdp_has_table(vcpu, fault->gfn & LEVEL_MASK(fault->level),
			     LEVEL_GFNS(fault->level)))
		fault->level--;
	fault->tracked = fault->level == LEVEL_4K &&
			 tdp_has_table(vcpu, fault->gfn, 1);
}

/*
 * A write to a frame with tables of L1: they go unsync, which takes the lock for
 * write, or it is emulated.
 */
static enum mmu_result tdp_map_tracked(struct mmu_vcpu *vcpu,
				       struct mmu_fault *fault,
				       struct tdp_place *place)
{
	struct mmu *mmu = vcpu->mmu;
	enum mmu_result r = MMU_RETRY;
	struct shadow_batch b = SHADOW_BATCH_INIT(b, mmu);

	write_lock(&mmu->lock);
	rcu_read_lock();
	if (!mmu_fault_is_stale(mmu, fault->seq, fault->gfn))
		r = track_write(mmu->shadow, vcpu->as_id, fault, false, &b);
	fault->tracked = false;
	if (r == MMU_FIXED)
		r = tdp_map(vcpu, fault, place);
	shadow_batch_commit(&b);
	rcu_read_unlock();
	write_unlock(&mmu->lock);
	return r;
}

enum mmu_result tdp_fault_map(struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	struct mmu *mmu = vcpu->mmu;
	struct mmu_near *near = fault->near;
	gfn_t first = fault->gfn & LEVEL_MASK(fault->level);
	struct tdp_place place = { };
	enum mmu_result r = MMU_RETRY;
	bool write = false;

	near->below = 0;
	near->above = 0;
	if (fault->level == LEVEL_4K)
		near_find(near, fault);
	read_lock(&mmu->lock);
	rcu_read_lock();
	if (!fault_range_is_stale(mmu, fault->seq, first,
				  first + LEVEL_GFNS(fault->level))) {
		tracked_decide(vcpu, fault);
		write = fault->tracked && (fault->error & PF_WRITE);
		if (!write)
			r = tdp_map(vcpu, fault, &place);
	}
	if (r == MMU_FIXED)
		near_map(vcpu, near, fault, &place);
	rcu_read_unlock();
	read_unlock(&mmu->lock);
	near_put(near, fault);
	if (write)
		r = tdp_map_tracked(vcpu, fault, &place);
	/* The notifier should have done it; if not, never map two pages. */
	if (place.clash)
		mmu_zap(mmu, vcpu->as_id, fault->gfn, fault->gfn + 1, true);
	return r;
}

static enum mmu_result tdp_fault(struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	struct mmu *mmu = vcpu->mmu;
	/* Before the slot is looked for: pairs with mmu_slots_changed(). */
	u64 gen = smp_load_acquire(&mmu->mmio_gen);
	/* Large, and filled as far as it is used. */
	struct mmu_near near __uninitialized;
	enum mmu_result r;
	int level;

	fault->gfn = fault->addr >> MMU_PAGE_SHIFT;
	if (fault->gfn >= mmu->config->end)
		return mmu_env_slot(vcpu, fault->gfn) ?
		       fault_error(fault, -EFAULT) : MMU_EMULATE;
	r = fault_fast(vcpu, fault, gen, &near, &level);
	if (r != MMU_RETRY)
		return r;
	fault_slot(vcpu, fault);
	if (!fault->slot)
		return tdp_mmio(vcpu, fault, gen, level);
	if (is_rom_write(fault))
		return MMU_EMULATE;
	if (cache_fill(vcpu, level - 1))
		return fault_error(fault, -ENOMEM);
	fault->near = &near;
	return fault_page(vcpu, fault);
}

/* ------------------------------------------------------------------------ */
/* Shadow: the address is one of tables that the guest keeps. */

/* Return: MMU_FIXED: go on, @fault->gfn is known. */
static enum mmu_result walk_resolve(struct mmu_vcpu *vcpu,
				    struct mmu_fault *fault,
				    struct gwalk_result *walk)
{
	struct mmu_ctx *ctx = &vcpu->ctx[vcpu->mode->kind];
	const struct gwalk_access access = {
		.pf = fault->error & (PF_WRITE | PF_USER | PF_FETCH |
				      PF_IMPLICIT),
		.regs = fault->regs,
	};
	struct mmu_guest_fault gf;

	if (ctx->walk.fmt)
		ctx_root_read(vcpu, ctx);
	switch (gwalk(vcpu, &ctx->walk, fault->addr, &access, walk)) {
	case GWALK_OK:
		fault->gfn = walk->gpa >> MMU_PAGE_SHIFT;
		fault->walk = walk;
		return MMU_FIXED;
	case GWALK_RETRY:
		return MMU_RETRY;
	case GWALK_ABORT:
		/* A table where no memory is: the emulator's walk says the same. */
		return MMU_EMULATE;
	default:
		gf = (struct mmu_guest_fault){
			.addr = walk->fault_addr,
			.error = walk->error | (fault->error & PF_GUEST),
			.rights = walk->rights,
			.misconfig = walk->misconfig,
		};
		ctx->ops->fault(vcpu, &gf);
		return MMU_INJECT;
	}
}

static noinline enum mmu_result walk_fault(struct mmu_vcpu *vcpu,
					   struct mmu_fault *fault)
{
	struct gwalk_result walk __uninitialized;
	enum mmu_result r;

	r = walk_resolve(vcpu, fault, &walk);
	if (r != MMU_FIXED)
		return r;
	fault_slot(vcpu, fault);
	if (!fault->slot || is_rom_write(fault))
		return MMU_EMULATE;
	if (cache_fill_shadow(vcpu, MMU_CACHE_TABLES))
		return fault_error(fault, -ENOMEM);
	return fault_page(vcpu, fault);
}

enum mmu_result mmu_fault(struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	if (!mmu_root_is_current(vcpu))
		return MMU_RETRY;
	return vcpu->mode->walks ? walk_fault(vcpu, fault) :
				   tdp_fault(vcpu, fault);
}
