/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames that hold shadowed tables: see shadow.h for locks and debts. */
#ifndef LAMINA_MMU_TRACK_H
#define LAMINA_MMU_TRACK_H

#include "mmu/shadow_types.h"

/**
 * track_has_table - does any guest table that is shadowed lie in a range?
 * @s: the VM's
 * @as_id: address space
 * @gfn: first frame
 * @n: number of frames
 */
bool track_has_table(struct mmu_shadow *s, int as_id, gfn_t gfn, u64 n);

/**
 * track_zap - stop to shadow what lies in a frame
 * @s: the VM's
 * @as_id: address space
 * @gfn: the frame
 * @d: the debt
 */
void track_zap(struct mmu_shadow *s, int as_id, gfn_t gfn,
	       struct shadow_debt *d);

#endif
