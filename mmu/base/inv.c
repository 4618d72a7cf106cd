// SPDX-License-Identifier: GPL-2.0-only
#include "mmu/base/inv.h"

void inv_begin(struct mmu_inv *inv, gfn_t start, gfn_t end)
{
	if (!inv->count++) {
		inv->start = ~0ull;
		inv->end = 0;
	}
	inv->start = min(inv->start, start);
	inv->end = max(inv->end, end);
}

void inv_end(struct mmu_inv *inv)
{
	/*
	 * A fault that looked its page up meanwhile finds another sequence,
	 * whatever it finds of the count: both change under the lock.
	 */
	WRITE_ONCE(inv->seq, inv->seq + 1);
	inv->count--;
}
