/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's mode: what the stages of a fault are, and where roots come from.  No
 * header for callers of the MMU: tdp/ and shadow/ implement it, mmu/fault.c and
 * mmu/mmu.c use it.
 */
#ifndef LAMINA_MMU_MMU_MODE_H
#define LAMINA_MMU_MMU_MODE_H

#include "mmu/mmu.h"

/**
 * struct mmu_mode - how a vCPU's faults and roots are handled; const, by kind (R5)
 * @kind: the context whose tables a fault is about
 * @fast: faults that can be answered before all else; NULL: there are none.
 *        Return: mmu_fault()'s answer; MMU_RETRY: go on
 * @resolve: to which frame @addr leads: fills the guest's part of the fault; no lock
 *           held, may sleep; @walk is room for @fault->walk.  NULL: the address is
 *           the frame's, and @fast has seen it.
 *           Return: MMU_FIXED: go on; else mmu_fault()'s answer
 * @reserve: have in reserve what @map may need; no lock held, may sleep.
 *           Return: 0 or -ENOMEM
 * @hole: no slot holds the frame: remember what helps the next time.
 *        Return: MMU_EMULATE
 * @map: map a fault, its decision made: takes the lock, looks whether the fault is
 *       stale; no lock held; see enum mmu_result
 * @root_load: mmu_root_load() when the root is not current
 * @root_drop: leave the root for ever
 */
struct mmu_mode {
	enum mmu_ctx_kind kind;
	enum mmu_result (*fast)(struct mmu_vcpu *vcpu, struct mmu_fault *fault);
	enum mmu_result (*resolve)(struct mmu_vcpu *vcpu,
				   struct mmu_fault *fault,
				   struct gwalk_result *walk);
	int (*reserve)(struct mmu_vcpu *vcpu, struct mmu_fault *fault);
	enum mmu_result (*hole)(struct mmu_vcpu *vcpu, struct mmu_fault *fault);
	enum mmu_result (*map)(struct mmu_vcpu *vcpu, struct mmu_fault *fault);
	int (*root_load)(struct mmu_vcpu *vcpu, hpa_t *root);
	void (*root_drop)(struct mmu_vcpu *vcpu);
};

extern const struct mmu_mode mmu_mode_tdp;	/* L1, or a guest that knows no other */
extern const struct mmu_mode mmu_mode_shadow;	/* a guest's own tables, without TDP */
extern const struct mmu_mode mmu_mode_nested;	/* L2, where L1 has TDP */

/**
 * tdp_fast - faults of mmu_mode_tdp that want neither a lock nor a page
 * @vcpu: its own thread
 * @fault: the fault
 *
 * Return: mmu_fault()'s answer; MMU_RETRY: go on.
 */
enum mmu_result tdp_fast(struct mmu_vcpu *vcpu, struct mmu_fault *fault);

#endif
