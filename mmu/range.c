// SPDX-License-Identifier: GPL-2.0-only
/*
 * What memslots, the host's notifier and the dirty log ask for: handed to the TDP
 * trees, and to the shadow pages where there are any.
 */
#include "mmu/base/config.h"
#include "mmu/mmu_trace.h"
#include "mmu/shadow/log.h"
#include "mmu/shadow/range.h"
#include "mmu/tdp/log.h"
#include "mmu/tdp/range.h"
#include "mmu/tdp/root.h"

void mmu_zap(struct mmu *mmu, int as_id, gfn_t start, gfn_t end,
	     bool may_yield)
{
	/*
	 * The host's notifier takes away page by page: for that it is worth while to see
	 * at once that a kind of tables is not there.  Pairs with shadow_activate().
	 */
	if (smp_load_acquire(&mmu->shadow))
		shadow_zap_range(mmu, as_id, start, end, may_yield);
	if (mmu->config->second != MMU_SECOND_NONE)
		tdp_zap_range(mmu, as_id, start, end, may_yield);
}

void mmu_zap_all(struct mmu *mmu)
{
	if (tracepoint_enabled(kvm_mmu_zap_all_fast))
		mmu_env_trace_zap_all(atomic_long_read(&mmu->tables));
	tdp_zap_all(mmu);
	WRITE_ONCE(mmu->hole_tables, 0);
	shadow_zap_all(mmu);
}

/* Whoever has decided by the old rule finds itself stale, whatever its frame. */
static void rule_set(struct mmu *mmu, bool *rule, bool on)
{
	mmu_invalidate_begin(mmu, 0, ~0ull);
	WRITE_ONCE(*rule, on);
	mmu_zap_all(mmu);
	mmu_invalidate_end(mmu);
}

void mmu_nx_huge_set(struct mmu *mmu, bool on)
{
	if (mmu->nx_huge != on)
		rule_set(mmu, &mmu->nx_huge, on);
}

bool mmu_memtypes_set(struct mmu *mmu, bool on)
{
	if (mmu->config->second != MMU_SECOND_EPT || mmu->typed == on)
		return false;
	rule_set(mmu, &mmu->typed, on);
	return true;
}

bool mmu_memtypes_changed(struct mmu *mmu)
{
	/* Who turns it on meanwhile is followed by faults that see the change. */
	smp_mb();
	if (!READ_ONCE(mmu->typed))
		return false;
	mmu_invalidate_begin(mmu, 0, ~0ull);
	mmu_zap_all(mmu);
	mmu_invalidate_end(mmu);
	return true;
}

bool mmu_age(struct mmu *mmu, int as_id, gfn_t start, gfn_t end)
{
	bool young = shadow_age_range(mmu, as_id, start, end, true);

	return tdp_age_range(mmu, as_id, start, end, true) || young;
}

bool mmu_is_young(struct mmu *mmu, int as_id, gfn_t start, gfn_t end)
{
	return shadow_age_range(mmu, as_id, start, end, false) ||
	       tdp_age_range(mmu, as_id, start, end, false);
}

void mmu_slots_changed(struct mmu *mmu)
{
	u64 gen = mmu->mmio_gen + 1;

	/*
	 * Entries of a generation whose number comes again must not stay, and from here on none
	 * of an old one is made: tdp_hole() looks under the lock.  None has number 0.
	 */
	if (mmu->config->mmio_mask && !(gen & mmu->config->mmio_gen_mask)) {
		write_lock(&mmu->lock);
		WRITE_ONCE(mmu->mmio_gen, gen++);
		write_unlock(&mmu->lock);
		tdp_drop_mmio(mmu);
	}
	/* Pairs with the fault's: who reads it sees the slots published. */
	smp_store_release(&mmu->mmio_gen, gen);
}

/* ------------------------------------------------------------------------ */

void mmu_wrprot_slot(struct mmu *mmu, const struct mmu_slot *slot)
{
	mmu_wrprot_bitmap(mmu, slot, 0, NULL, slot->npages);
}

void mmu_wrprot_bitmap(struct mmu *mmu, const struct mmu_slot *slot, u64 first,
		       const unsigned long *bitmap, u64 nbits)
{
	gfn_t start = slot->base_gfn + first, end = start + nbits;

	tdp_protect_range(mmu, slot, start, end, bitmap);
	shadow_protect_range(mmu, slot, start, end, bitmap);
}

void mmu_wrprot_begin(struct mmu *mmu)
{
	/* As batch_arm() in tdp/entry.c: before the first entry is changed. */
	atomic_inc(&mmu->unflushed);
}

void mmu_wrprot_part(struct mmu *mmu, const struct mmu_slot *slot, u64 first,
		     const unsigned long *bitmap, u64 nbits)
{
	gfn_t start = slot->base_gfn + first, end = start + nbits;

	tdp_protect_part(mmu, slot, start, end, bitmap);
	shadow_protect_range(mmu, slot, start, end, bitmap);
}

void mmu_wrprot_end(struct mmu *mmu)
{
	mmu_env_flush(mmu, 0, ~0ull);
	/* Full barrier: the flush is over before the count says so. */
	atomic_dec_return(&mmu->unflushed);
}

void mmu_recover_slot(struct mmu *mmu, const struct mmu_slot *slot)
{
	tdp_recover_slot(mmu, slot);
	shadow_recover_slot(mmu, slot);
}

/* ------------------------------------------------------------------------ */

void mmu_invalidate_begin(struct mmu *mmu, gfn_t start, gfn_t end)
{
	write_lock(&mmu->lock);
	inv_begin(&mmu->inv, start, end);
	write_unlock(&mmu->lock);
}

void mmu_invalidate_end(struct mmu *mmu)
{
	write_lock(&mmu->lock);
	inv_end(&mmu->inv);
	write_unlock(&mmu->lock);
}
