/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How large may a mapping be, by slot and host page?  Pure.
 *
 * Other limits are where they are known: nx_huge_pages in fault.c, frames with tables that
 * are shadowed in tdp/fault.c and shadow/map.c, under the lock.
 */
#ifndef LAMINA_MMU_BASE_LEVEL_H
#define LAMINA_MMU_BASE_LEVEL_H

#include "mmu/base/config.h"
#include "mmu/mmu_env.h"

/**
 * level_slot - largest level at which a slot lets a frame be mapped
 * @cfg: the configuration
 * @slot: the slot
 * @gfn: a frame of it, or the first of a region that reaches into it
 *
 * The page lies in the slot as a whole, frame and userspace address agree on its
 * boundaries, and dirty-logged slots have 4 KiB pages only.
 */
int level_slot(const struct mmu_config *cfg, const struct mmu_slot *slot,
	       gfn_t gfn);

/**
 * level_fit - lower a level until host frame and guest frame agree
 * @level: from level_slot(), lowered to the host's
 * @gfn: guest frame
 * @pfn: its host frame
 */
int level_fit(int level, gfn_t gfn, kvm_pfn_t pfn);

#endif
