/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations by frame on TDP trees: TDP's half of mmu_range.h.
 *
 * @mmu->lock is not held; it is taken for read.  Each has flushed what it had to
 * when it returns.
 */
#ifndef LAMINA_MMU_TDP_RANGE_H
#define LAMINA_MMU_TDP_RANGE_H

#include "mmu/mmu.h"

/**
 * tdp_zap_range - remove what maps frames
 * @mmu: the VM
 * @as_id: address space
 * @start: first frame
 * @end: frame after the last one
 * @may_yield: drop the lock now and then
 */
void tdp_zap_range(struct mmu *mmu, int as_id, gfn_t start, gfn_t end,
		   bool may_yield);

/** tdp_age_range - was one accessed?  @clear: the state goes, see mmu_age() */
bool tdp_age_range(struct mmu *mmu, int as_id, gfn_t start, gfn_t end, bool clear);

/** tdp_drop_mmio - drop all cached MMIO entries, of whatever generation */
void tdp_drop_mmio(struct mmu *mmu);

#endif
