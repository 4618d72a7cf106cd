// SPDX-License-Identifier: GPL-2.0-only
#include "mmu/base/recover.h"

void recover_ask(struct recover_round *round, const struct mmu_slot *slot)
{
	struct recover_region *r = round->region;
	unsigned int i, kept = 0;

	for (i = 0; i < round->n; i++)
		if (mmu_env_host_level(slot, r[i].gfn) >= r[i].level)
			r[kept++] = r[i];
	round->n = kept;
}
