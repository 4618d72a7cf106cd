/* SPDX-License-Identifier: GPL-2.0-only */
/* Faults on shadow pages, whose address is one of tables that the guest keeps. */
#ifndef LAMINA_MMU_SHADOW_FAULT_H
#define LAMINA_MMU_SHADOW_FAULT_H

#include "mmu/mmu_mode.h"

extern const struct mmu_mode mmu_mode_shadow;	/* a guest's own tables, without TDP */
extern const struct mmu_mode mmu_mode_nested;	/* L2, where L1 has TDP */

#endif
