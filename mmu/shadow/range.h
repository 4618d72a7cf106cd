/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations by frame on shadow pages, through the reverse maps: their half of
 * mmu_range.h.
 *
 * Each does nothing without mmu->shadow (acquire).  @mmu->lock is not held; it is
 * taken for write, in bounded steps where the function may yield.
 */
#ifndef LAMINA_MMU_SHADOW_RANGE_H
#define LAMINA_MMU_SHADOW_RANGE_H

#include "mmu/mmu.h"

/**
 * shadow_zap_range - remove what maps frames, and what shadows tables in them
 * @mmu: the VM
 * @as_id: address space
 * @start: first frame
 * @end: frame after the last one
 * @may_yield: in bounded steps
 */
void shadow_zap_range(struct mmu *mmu, int as_id, gfn_t start, gfn_t end,
		      bool may_yield);

/** shadow_age_range - was an accessed bit set?  @clear: it goes, see mmu_age() */
bool shadow_age_range(struct mmu *mmu, int as_id, gfn_t start, gfn_t end, bool clear);

/**
 * shadow_zap_all - zap all pages, which makes all roots obsolete
 * @mmu: the VM; new roots may be made meanwhile
 */
void shadow_zap_all(struct mmu *mmu);

#endif
