/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leaves that nobody has faulted on: a page whose guest entry is known, and which
 * the host has at hand, is mapped ahead.  Nothing here waits for anybody, and
 * where there is no room the page is left out.
 */
#ifndef LAMINA_MMU_SHADOW_PREFETCH_H
#define LAMINA_MMU_SHADOW_PREFETCH_H

#include "mmu/shadow/types.h"

/**
 * shadow_prefetch - map what is around a leaf just made, where nothing is yet
 * @vcpu: the vCPU; lock held for write
 * @fault: the fault, whose walk still is true
 * @sp: the page that the leaf is in, of level 1
 * @sptep: the leaf
 * @b: counts
 *
 * Among them are those of an indirect page that the guest has used already: its
 * accessed bit is not for us to set.
 */
void shadow_prefetch(struct mmu_vcpu *vcpu, const struct mmu_fault *fault,
		     const struct shadow_page *sp, u64 *sptep,
		     struct shadow_batch *b);

/**
 * shadow_refill - map what a guest's entry says
 * @vcpu: the vCPU; memslots' SRCU is held, and the lock for write
 * @sptep: an empty SPTE of a leaf table
 * @entry: the guest's entry
 * @b: counts
 */
void shadow_refill(struct mmu_vcpu *vcpu, u64 *sptep, u64 entry,
		   struct shadow_batch *b);

#endif
