/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Roots, and the mode that decides where they come from.
 *
 * TDP: one per address space and VM, shared by its vCPUs.  (Shadow roots belong to
 * a vCPU: shadow.h.)
 *
 * A valid root has one reference of the VM's own and one of each vCPU that
 * runs on it, so that it outlives a change of role; mmu_zap_all() makes it
 * obsolete and drops the VM's.  Whoever drops the last one takes it off the
 * list and frees its tree.  A walk that lets mmu->lock go holds one as well.
 */
#ifndef LAMINA_MMU_TDP_ROOT_H
#define LAMINA_MMU_TDP_ROOT_H

#include <linux/refcount.h>

#include "mmu/mmu.h"

/**
 * struct mmu_mode - how a vCPU's faults and roots are handled; const, by kind (R5)
 * @kind: the context whose tables a fault is about
 * @walks: a fault's address is one of those tables: they are walked first, and what
 *         maps it are shadow pages
 * @root_load: mmu_root_load() when the root is not current
 * @root_drop: leave the root for ever
 * @map: map a fault, its decision made: takes the lock, looks whether the fault is
 *       stale; no lock held; see enum mmu_result
 */
struct mmu_mode {
	enum mmu_ctx_kind kind;
	bool walks;
	int (*root_load)(struct mmu_vcpu *vcpu, hpa_t *root);
	void (*root_drop)(struct mmu_vcpu *vcpu);
	enum mmu_result (*map)(struct mmu_vcpu *vcpu, struct mmu_fault *fault);
};

extern const struct mmu_mode mmu_mode_tdp;
extern const struct mmu_mode mmu_mode_shadow;
extern const struct mmu_mode mmu_mode_nested;	/* L2, where L1 has TDP */

/**
 * struct mmu_root - a root
 * @link: in mmu->roots, until @refs is 0
 * @table: (c) its table
 * @refs: references
 * @as_id: (c) address space
 * @gone: chains the roots that one mmu_zap_all() makes obsolete
 * @obsolete: no vCPU may enter with it any more; set under mmu->lock for write
 */
struct mmu_root {
	struct list_head link;
	u64 *table;
	refcount_t refs;
	struct mmu_root *gone;
	u16 as_id;
	bool obsolete;
};

/**
 * root_next - go through the roots, holding a reference instead of the lock
 * @mmu: the VM
 * @prev: the root before, whose reference is dropped; NULL: start
 * @as_id: address space, or -1 for all
 *
 * May sleep.
 *
 * Return: the next root, or NULL.
 */
struct mmu_root *root_next(struct mmu *mmu, struct mmu_root *prev, int as_id);

/**
 * root_put - drop a reference
 * @mmu: the VM
 * @root: the root
 *
 * May sleep: with the last one the tree goes.
 */
void root_put(struct mmu *mmu, struct mmu_root *root);

#endif
