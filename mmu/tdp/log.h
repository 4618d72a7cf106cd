/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dirty log's operations on TDP trees: TDP's half of mmu_range.h.
 *
 * @mmu->lock is not held; it is taken for read, and dropped now and then.  Each has
 * flushed what it had to when it returns.
 */
#ifndef LAMINA_MMU_TDP_LOG_H
#define LAMINA_MMU_TDP_LOG_H

#include "mmu/mmu.h"

/**
 * tdp_protect_range - write-protect frames; split large leaves first (R8)
 * @mmu: the VM
 * @slot: the slot
 * @start: first frame
 * @end: frame after the last one
 * @bitmap: which frames, bit 0 is @start; NULL: all
 */
void tdp_protect_range(struct mmu *mmu, const struct mmu_slot *slot,
		       gfn_t start, gfn_t end, const unsigned long *bitmap);

/** tdp_protect_part - the same for mmu_wrprot_part(), without its flush */
void tdp_protect_part(struct mmu *mmu, const struct mmu_slot *slot,
		      gfn_t start, gfn_t end, const unsigned long *bitmap);

/** tdp_recover_slot - zap tables where the host's page is large */
void tdp_recover_slot(struct mmu *mmu, const struct mmu_slot *slot);

#endif
