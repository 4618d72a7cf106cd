/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations by frame on shadow pages, through the reverse maps: what range.c and
 * range_log.c do where shadow pages exist.
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

/** shadow_age_range - clear accessed bits; was one set?  Does not flush */
bool shadow_age_range(struct mmu *mmu, int as_id, gfn_t start, gfn_t end);

/** shadow_young_range - is an accessed bit set? */
bool shadow_young_range(struct mmu *mmu, int as_id, gfn_t start, gfn_t end);

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

/** shadow_recover_range - drop small leaves where the host's page is large */
void shadow_recover_range(struct mmu *mmu, const struct mmu_slot *slot);

/**
 * shadow_zap_all - zap all pages, which makes all roots obsolete
 * @mmu: the VM; new roots may be made meanwhile
 */
void shadow_zap_all(struct mmu *mmu);

#endif
