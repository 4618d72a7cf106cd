/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MMU's public interface: ranges of frames.  Included by mmu.h.
 *
 * Called by core for slot changes, the notifier and the dirty log.  Each may
 * sleep unless it says otherwise, yields in long ranges, and has flushed what
 * it had to when it returns.
 */
#ifndef LAMINA_MMU_MMU_RANGE_H
#define LAMINA_MMU_MMU_RANGE_H

#include "mmu/mmu_env.h"

/**
 * mmu_invalidate_begin - from now on no fault maps anything in the range
 * @mmu: the VM
 * @start: first frame
 * @end: frame after the last one
 *
 * Pairs with mmu_invalidate_end(); pairs may nest and overlap.  The union of
 * the ranges only grows until the last pair has ended.  An empty range
 * (~0, 0) is counted too: it keeps the union that later pairs add to.
 * May not sleep: usable in a notifier that cannot block.
 */
void mmu_invalidate_begin(struct mmu *mmu, gfn_t start, gfn_t end);

/**
 * mmu_invalidate_end - the range may be mapped again
 * @mmu: the VM
 */
void mmu_invalidate_end(struct mmu *mmu);

/**
 * mmu_zap - remove all translations of a range
 * @mmu: the VM; an invalidation of the range is in progress
 * @as_id: address space
 * @start: first frame
 * @end: frame after the last one
 * @may_yield: false in a notifier that may not block
 *
 * Tables that become empty may stay.  Flushes.
 */
void mmu_zap(struct mmu *mmu, int as_id, gfn_t start, gfn_t end,
	     bool may_yield);

/**
 * mmu_zap_all - make every root obsolete
 * @mmu: the VM
 *
 * New roots are made on the next entry; the old ones go when the last vCPU
 * has left them, and until then the other operations reach them too.  The caller
 * makes every vCPU reload (mmu_root_is_current()).
 */
void mmu_zap_all(struct mmu *mmu);

/**
 * mmu_slots_changed - a slot was added or moved: cached MMIO entries are void
 * @mmu: the VM; called after the new slots are published
 */
void mmu_slots_changed(struct mmu *mmu);

/**
 * mmu_age - clear the accessed state of a range
 * @mmu: the VM
 * @as_id: address space
 * @start: first frame
 * @end: frame after the last one
 *
 * Does not flush (as the host's own aging) unless the hardware keeps no
 * accessed bits: then the leaves go, and it does.  Does not sleep.
 *
 * Return: true when any page had been accessed.
 */
bool mmu_age(struct mmu *mmu, int as_id, gfn_t start, gfn_t end);

/**
 * mmu_is_young - was any page of a range accessed?  Changes nothing
 * @mmu: the VM
 * @as_id: address space
 * @start: first frame
 * @end: frame after the last one
 */
bool mmu_is_young(struct mmu *mmu, int as_id, gfn_t start, gfn_t end);

/**
 * mmu_wrprot_slot - write-protect a whole slot (dirty logging is turned on)
 * @mmu: the VM
 * @slot: the slot
 *
 * Huge mappings are split ahead of the guest's writes where memory allows;
 * where not they are write-protected whole, and the write fault splits.
 */
void mmu_wrprot_slot(struct mmu *mmu, const struct mmu_slot *slot);

/**
 * mmu_wrprot_bitmap - write-protect the frames whose bits are set
 * @mmu: the VM
 * @slot: the slot
 * @first: offset in @slot of the frame of bit 0, a multiple of 64
 * @bitmap: one bit per frame; NULL: all, as mmu_wrprot_slot()
 * @nbits: how many
 *
 * One walk of the tree and one flush however many bits there are.  Splits
 * huge mappings that it meets (initially-all-set mode has not split before).
 */
void mmu_wrprot_bitmap(struct mmu *mmu, const struct mmu_slot *slot, u64 first,
		       const unsigned long *bitmap, u64 nbits);

/**
 * mmu_wrprot_begin - many small parts follow, and one flush
 * @mmu: the VM
 *
 * Whatever else removes rights meanwhile flushes although it may not have to.
 */
void mmu_wrprot_begin(struct mmu *mmu);

/**
 * mmu_wrprot_part - mmu_wrprot_bitmap() between mmu_wrprot_begin() and _end()
 * @mmu: the VM
 * @slot: the slot
 * @first: offset in @slot of the frame of bit 0, a multiple of 64
 * @bitmap: one bit per frame
 * @nbits: how many
 *
 * What TLBs have may stay there until mmu_wrprot_end(); shadow pages flush at once.
 */
void mmu_wrprot_part(struct mmu *mmu, const struct mmu_slot *slot, u64 first,
		     const unsigned long *bitmap, u64 nbits);

/**
 * mmu_wrprot_end - from now on writes to what was protected fault
 * @mmu: the VM
 */
void mmu_wrprot_end(struct mmu *mmu);

/**
 * mmu_recover_slot - dirty logging is off: let huge mappings come back
 * @mmu: the VM
 * @slot: the slot
 *
 * 4 KiB tables are replaced where one huge host page backs them; the guest
 * does not notice apart from faults.
 */
void mmu_recover_slot(struct mmu *mmu, const struct mmu_slot *slot);

#endif
