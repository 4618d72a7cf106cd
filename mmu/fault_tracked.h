/* SPDX-License-Identifier: GPL-2.0-only */
/* L1's write to its own second-level tables, which are shadowed for L2. */
#ifndef LAMINA_MMU_FAULT_TRACKED_H
#define LAMINA_MMU_FAULT_TRACKED_H

#include "mmu/mmu.h"

/**
 * fault_write_tracked - map stage of a write to a frame with tables of L1
 * @vcpu: the vCPU, on a TDP tree; lock not held, which is taken for write
 * @fault: the write, @tracked
 *
 * The tables go unsync, and the frame is mapped; or the write is emulated.
 *
 * Return: MMU_FIXED, MMU_EMULATE; MMU_RETRY: stale, a lost race, or nothing is
 * shadowed there any more.
 */
enum mmu_result fault_write_tracked(struct mmu_vcpu *vcpu,
				    struct mmu_fault *fault);

#endif
