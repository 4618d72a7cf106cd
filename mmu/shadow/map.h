/* SPDX-License-Identifier: GPL-2.0-only */
/* The map stage of shadow pages: see page.h. */
#ifndef LAMINA_MMU_SHADOW_MAP_H
#define LAMINA_MMU_SHADOW_MAP_H

#include "mmu/mmu.h"

/** shadow_map - see struct mmu_mode; takes mmu->lock for write */
enum mmu_result shadow_map(struct mmu_vcpu *vcpu, struct mmu_fault *fault);

#endif
