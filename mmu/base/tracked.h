/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames that hold guest tables which are shadowed.  Filled by shadow/, which
 * knows the tables; a TDP fault only asks whether there are any.
 */
#ifndef LAMINA_MMU_BASE_TRACKED_H
#define LAMINA_MMU_BASE_TRACKED_H

#include <linux/xarray.h>

#include "mmu/base/types.h"

/**
 * struct mmu_tracked - the frames; mmu->lock protects it
 * @table: of both address spaces: what is in an entry is shadow/'s affair
 *
 * Memory that both address spaces have they have at the same place, so a frame of one is
 * taken for that of the other.  Where it is not, a few writes are looked at that hit no table.
 */
struct mmu_tracked {
	struct xarray table;
};

/**
 * tracked_any - does any guest table that is shadowed lie in a range?
 * @t: the frames; lock held
 * @gfn: first frame
 * @n: number of frames
 */
bool tracked_any(struct mmu_tracked *t, gfn_t gfn, u64 n);

#endif
