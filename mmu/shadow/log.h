/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dirty log's operations on shadow pages: their half of mmu_range.h.
 *
 * Each does nothing without mmu->shadow (acquire).  @mmu->lock is not held; it is
 * taken for write, in bounded steps.
 */
#ifndef LAMINA_MMU_SHADOW_LOG_H
#define LAMINA_MMU_SHADOW_LOG_H

#include "mmu/mmu.h"

/**
 * shadow_protect_range - take the right to write; split large leaves first (R8)
 * @mmu: the VM
 * @slot: the slot
 * @start: first frame
 * @end: frame after the last one
 * @bitmap: which frames, bit 0 is @start; NULL: all
 */
void shadow_protect_range(struct mmu *mmu, const struct mmu_slot *slot,
			  gfn_t start, gfn_t end, const unsigned long *bitmap);

/** shadow_recover_slot - drop small leaves where the host's page is large */
void shadow_recover_slot(struct mmu *mmu, const struct mmu_slot *slot);

#endif
