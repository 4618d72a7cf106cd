// SPDX-License-Identifier: GPL-2.0-only
/* The module's MMU: its configuration, and the slab caches that depend on it. */
#include <linux/rcupdate.h>

#include "mmu/base/config.h"
#include "mmu/shadow/cache.h"

int mmu_setup(const struct mmu_caps *caps)
{
	int r = config_make(caps);

	if (r)
		return r;
	/* Without TDP every alias of a frame counts, with it nested ones (R1). */
	r = shadow_cache_setup(caps->second == MMU_SECOND_NONE ? RMAP_ENTRIES_SHADOW :
								 RMAP_ENTRIES_TDP);
	if (r)
		mmu_setup_reset();
	return r;
}

void mmu_teardown(void)
{
	rcu_barrier();
	shadow_cache_teardown();
	mmu_setup_reset();
}

gfn_t mmu_max_gfn(void)
{
	return config_get()->end - 1;
}
