/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TDP roots: one per address space and VM, shared by its vCPUs.  (Shadow roots
 * belong to a vCPU: shadow/root.h.)
 *
 * A valid root has one reference of the VM's own and one of each vCPU that
 * runs on it, so that it outlives a change of role; mmu_zap_all() makes it
 * obsolete and drops the VM's.  Whoever drops the last one takes it off the
 * list and frees its tree.  A walk that lets mmu->lock go holds one as well.
 */
#ifndef LAMINA_MMU_TDP_ROOT_H
#define LAMINA_MMU_TDP_ROOT_H

#include "mmu/mmu_mode.h"

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

/** tdp_root_load - see struct mmu_mode */
int tdp_root_load(struct mmu_vcpu *vcpu, hpa_t *pa);

/** tdp_root_drop - see struct mmu_mode */
void tdp_root_drop(struct mmu_vcpu *vcpu);

/** tdp_zap_all - make all roots obsolete: see mmu_zap_all(); may sleep */
void tdp_zap_all(struct mmu *mmu);

#endif
