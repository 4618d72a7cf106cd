/* SPDX-License-Identifier: GPL-2.0-only */
/* Faults on TDP trees. */
#ifndef LAMINA_MMU_TDP_FAULT_H
#define LAMINA_MMU_TDP_FAULT_H

#include "mmu/mmu_mode.h"

/* A vCPU that runs on a TDP tree: L1, or a guest that knows no other. */
extern const struct mmu_mode mmu_mode_tdp;

#endif
