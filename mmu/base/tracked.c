// SPDX-License-Identifier: GPL-2.0-only
#include "mmu/base/tracked.h"

bool tracked_any(struct mmu_tracked *t, gfn_t gfn, u64 n)
{
	unsigned long index = gfn;

	/* Every fault asks for one frame. */
	if (n == 1)
		return xa_load(&t->table, gfn);
	return xa_find(&t->table, &index, gfn + n - 1, XA_PRESENT);
}
