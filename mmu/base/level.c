// SPDX-License-Identifier: GPL-2.0-only
#include "mmu/base/level.h"

int level_slot(const struct mmu_config *cfg, const struct mmu_slot *slot,
	       gfn_t gfn)
{
	gfn_t skew = slot->base_gfn ^ (slot->hva >> MMU_PAGE_SHIFT);
	gfn_t end = slot->base_gfn + slot->npages;
	int level;

	if (slot->flags & MMU_SLOT_DIRTY_LOG)
		return LEVEL_4K;
	for (level = cfg->max_level; level > LEVEL_4K; level--) {
		gfn_t first = gfn & LEVEL_MASK(level);

		if (!(skew & ~LEVEL_MASK(level)) && first >= slot->base_gfn &&
		    first + LEVEL_GFNS(level) <= end)
			break;
	}
	return level;
}

int level_fit(int level, gfn_t gfn, kvm_pfn_t pfn)
{
	while (level > LEVEL_4K && ((gfn ^ pfn) & ~LEVEL_MASK(level)))
		level--;
	return level;
}
