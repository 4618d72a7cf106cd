/* SPDX-License-Identifier: GPL-2.0-only */
/* Self-checks of shadow pages, for mmu_check(): see mmu/check.h. */
#ifndef LAMINA_MMU_SHADOW_CHECK_H
#define LAMINA_MMU_SHADOW_CHECK_H

#ifdef LAMINA_MMU_CHECK

#include "mmu/mmu.h"

struct pt_count;

/**
 * check_shadow - the part of mmu_check() for shadow pages
 * @mmu: the VM; lock held
 * @count: counts what is met
 *
 * Leaves and reverse maps say the same, so do links and lists of parents; no table
 * that is up to date can be written; roles fit, lists and numbers are right.
 */
void check_shadow(struct mmu *mmu, struct pt_count *count);

/**
 * check_written - frames can be written: no table in them is thought up to date
 * @mmu: the VM; lock held
 * @gfn: first frame
 * @n: number of frames
 */
void check_written(struct mmu *mmu, gfn_t gfn, u64 n);

#endif
#endif
