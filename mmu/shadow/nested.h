/* SPDX-License-Identifier: GPL-2.0-only */
/* L2's mode, as the end of a vCPU sees it. */
#ifndef LAMINA_MMU_SHADOW_NESTED_H
#define LAMINA_MMU_SHADOW_NESTED_H

#include "mmu/mmu_nested.h"

/**
 * nested_destroy - back to L1's mode, and drop L2's root
 * @vcpu: the vCPU; it never runs again
 */
void nested_destroy(struct mmu_vcpu *vcpu);

#endif
