/* SPDX-License-Identifier: GPL-2.0-only */
/* The fault pipeline's inner joints: what struct mmu_mode needs of fault.c. */
#ifndef LAMINA_MMU_FAULT_H
#define LAMINA_MMU_FAULT_H

#include "mmu/tdp/root.h"

/** tdp_fault_map - struct mmu_mode.map with TDP: under the read lock, with neighbours */
enum mmu_result tdp_fault_map(struct mmu_vcpu *vcpu, struct mmu_fault *fault);

/**
 * mmu_fault_is_stale - did an invalidation hit the frame since @seq was read?
 * @mmu: the VM; its lock is held for read or write
 * @seq: inv_seq read (smp_rmb after it) before the slot was looked up
 * @gfn: the frame
 */
bool mmu_fault_is_stale(const struct mmu *mmu, unsigned long seq, gfn_t gfn);

/**
 * fault_range_is_stale - does an invalidation forbid to map any frame of a range?
 * @mmu: the VM; its lock is held for read or write
 * @seq: see mmu_fault_is_stale()
 * @start: first frame
 * @end: frame after the last one
 */
bool fault_range_is_stale(const struct mmu *mmu, unsigned long seq,
			  gfn_t start, gfn_t end);

/**
 * fault_page_put - give a page back that was looked up for a fault
 * @slot: its slot
 * @p: the page
 * @mapped: it is mapped now
 * @accessed: it was used by the guest
 */
void fault_page_put(const struct mmu_slot *slot, const struct mmu_pfn *p,
		    bool mapped, bool accessed);

#endif
