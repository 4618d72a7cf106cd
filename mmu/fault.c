// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fault pipeline, the same for all modes:
 *
 *	mode->fast()		tdp/fault.c: no lock, no page; shadow/fast.c: one entry
 *	mode->resolve()		shadow/fault.c: @addr to @gfn by the guest's tables
 *	sequence, slot		none: mode->hole()
 *	mode->reserve()		what the map stage may need, before any lock
 *	page, level		mmu_env_pfn(), base/level.c
 *	mode->map()		tdp/fault.c, shadow/map.c: lock, stale?, SPTE
 *	page given back
 */
#include "mmu/base/hostpage.h"
#include "mmu/base/level.h"
#include "mmu/mmu_mode.h"
#include "mmu/shadow/track.h"

static enum mmu_result fault_error(struct mmu_fault *fault, int err)
{
	fault->err = err;
	if (err == -EAGAIN)
		return MMU_RETRY;
	if (err == -EBUSY)
		return MMU_ABSENT;
	return err == -ENOMEM ? MMU_ERROR : MMU_USER;
}

/*
 * Where large leaves may not be executed: shadow pages have none, and a fetch asks only
 * where it is about to make a table.
 */
static int level_most(const struct mmu_fault *fault, bool nx_huge)
{
	if (fault->walk)
		return nx_huge ? LEVEL_4K : fault->walk->level;
	return nx_huge && (fault->error & PF_FETCH) && !fault->tables ? LEVEL_4K :
									LEVEL_MAX;
}

/*
 * A leaf has one memory type (SDM vol. 3, 12.11.9), and so have those that may be
 * prefetched with it, which are in the same table; around a device's frame nothing is.
 */
static noinline int fault_memtype(struct mmu_vcpu *vcpu, struct mmu_fault *fault, int level)
{
	const gfn_t table = fault->gfn & LEVEL_MASK(LEVEL_2M);
	int type = 0;

	if (!fault->pfn.device)
		while ((type = mmu_env_memtype(vcpu, fault->gfn & LEVEL_MASK(level),
					       LEVEL_GFNS(level))) < 0)
			level--;
	fault->typed = true;
	fault->type = type;
	if (fault->pfn.device || mmu_env_memtype(vcpu, table, PT_ENTRIES) < 0)
		fault->empty_below = fault->empty_above = 0;
	return level;
}

static noinline int fault_apart(struct mmu_vcpu *vcpu, const struct mmu_fault *fault, int level)
{
	while (level > LEVEL_4K &&
	       mmu_env_is_apart(vcpu->mmu, fault->gfn & LEVEL_MASK(level), LEVEL_GFNS(level)))
		level--;
	return level;
}

/* How large, of which type, and may it be written? */
static void fault_decide(struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	const struct mmu_slot *slot = fault->slot;
	bool nx_huge = READ_ONCE(vcpu->mmu->nx_huge);
	bool write = fault->error & PF_WRITE;
	int level = level_most(fault, nx_huge);

	if (level > LEVEL_4K)
		level = level_slot(vcpu->mmu->config, slot, fault->gfn);
	if (level > LEVEL_4K)
		level = min(level, mmu_env_host_level(slot, fault->gfn));
	level = level_fit(level, fault->gfn, fault->pfn.pfn);
	if (unlikely(READ_ONCE(vcpu->mmu->frames_used)))
		level = fault_apart(vcpu, fault, level);
	if (unlikely(READ_ONCE(vcpu->mmu->typed) || fault->pfn.device))
		level = fault_memtype(vcpu, fault, level);
	if (nx_huge && (fault->error & PF_FETCH)) {
		fault->refused = level;
		level = LEVEL_4K;
	}
	fault->level = level;
	fault->map_write = hostpage_leaf_how(slot, &fault->pfn, write) &
			   LEAF_WRITE;
}

/* What the map stage left to others. */
static noinline enum mmu_result fault_map_slow(struct mmu_vcpu *vcpu,
					       struct mmu_fault *fault)
{
	enum mmu_result r = MMU_RETRY;

	if (fault->tracked && (fault->error & PF_WRITE))
		r = track_write_fault(vcpu, fault);
	/* The notifier should have done it; if not, never map two pages. */
	if (fault->clash)
		mmu_zap(vcpu->mmu, vcpu->as_id, fault->gfn, fault->gfn + 1,
			true);
	return r;
}

/* With the slot found, and what the map stage needs in reserve. */
static enum mmu_result fault_page(struct mmu_vcpu *vcpu,
				  struct mmu_fault *fault)
{
	bool write = fault->error & PF_WRITE;
	enum mmu_result r;
	int err;

	err = (fault->nowait ? mmu_env_pfn_nowait : mmu_env_pfn)(fault->slot,
						fault->gfn, write, &fault->pfn);
	if (err)
		return fault_error(fault, err);
	fault_decide(vcpu, fault);
	r = vcpu->mode->map(vcpu, fault);
	if (unlikely(r == MMU_RETRY))
		r = fault_map_slow(vcpu, fault);
	hostpage_put(fault->slot, &fault->pfn, r == MMU_FIXED);
	return r;
}

/* What not every mode's stages write, and the last ones read. */
static void fault_clear(struct mmu_fault *fault)
{
	fault->walk = NULL;
	fault->refused = 0;
	fault->typed = false;
	fault->tracked = false;
	fault->clash = false;
}

static noinline enum mmu_result fault_slow(struct mmu_vcpu *vcpu,
					   struct mmu_fault *fault)
{
	const struct mmu_mode *mode = vcpu->mode;
	/* Large, and filled as far as it is used. */
	struct gwalk_result walk __uninitialized;
	enum mmu_result r;

	fault_clear(fault);
	if (mode->resolve) {
		r = mode->resolve(vcpu, fault, &walk);
		if (r != MMU_FIXED)
			return r;
	}
	fault->seq = inv_seq_read(&vcpu->mmu->inv);
	fault->slot = mmu_env_slot(vcpu, fault->gfn);
	if (!fault->slot)
		return mode->hole(vcpu, fault);
	if ((fault->error & PF_WRITE) && (fault->slot->flags & MMU_SLOT_READONLY))
		return MMU_EMULATE;
	if (mode->reserve(vcpu, fault))
		return fault_error(fault, -ENOMEM);
	return fault_page(vcpu, fault);
}

enum mmu_result mmu_fault(struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	const struct mmu_mode *mode = vcpu->mode;
	enum mmu_result r;

	if (!mmu_root_is_current(vcpu))
		return MMU_RETRY;
	fault->slot = NULL;
	/* An indirect call is dear: not for the usual one. */
	if (likely(mode == &mmu_mode_tdp))
		r = tdp_fast(vcpu, fault);
	else if (mode->fast)
		r = mode->fast(vcpu, fault);
	else
		return fault_slow(vcpu, fault);
	return r == MMU_RETRY ? fault_slow(vcpu, fault) : r;
}
