/* SPDX-License-Identifier: GPL-2.0-only */
/* The map stage of shadow pages: see page.h. */
#ifndef LAMINA_MMU_SHADOW_MAP_H
#define LAMINA_MMU_SHADOW_MAP_H

#include "mmu/shadow/types.h"

/**
 * shadow_leaf_is_writable - may a frame be written through a leaf that there is?
 * @cfg: the configuration
 * @sptep: the entry, whatever is in it; lock held
 * @gfn: first frame
 * @pfn: first host frame
 *
 * Then slot, host and shadowed tables let it be written, and the log has it: who forbids
 * that takes the right from every leaf.  A new leaf in its place keeps the right, if
 * the guest's entries have it.
 */
bool shadow_leaf_is_writable(const struct mmu_config *cfg, const u64 *sptep, gfn_t gfn,
			     kvm_pfn_t pfn);

/**
 * shadow_leaf_put - put a leaf in place of whatever is there
 * @sptep: the entry
 * @new: the leaf
 * @gfn: first frame
 * @r: see shadow_leaf_set()
 * @b: the flush batch: grows where a translation or a right goes
 *
 * Return: see shadow_leaf_set().
 */
int shadow_leaf_put(u64 *sptep, u64 new, gfn_t gfn, struct mmu_reserve *r,
		    struct shadow_batch *b);

/** shadow_map - see struct mmu_mode; takes mmu->lock for write */
enum mmu_result shadow_map(struct mmu_vcpu *vcpu, struct mmu_fault *fault);

#endif
