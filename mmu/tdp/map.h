/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leaves put into a TDP tree.  Under mmu->lock for read at least, and RCU.
 */
#ifndef LAMINA_MMU_TDP_MAP_H
#define LAMINA_MMU_TDP_MAP_H

#include "mmu/mmu.h"

/**
 * struct tdp_place - where tdp_map() put a leaf
 * @sptep: the entry
 * @level: its level
 */
struct tdp_place {
	u64 *sptep;
	int level;
};

/**
 * tdp_map - map the frame of a fault
 * @vcpu: the vCPU: root and reserve
 * @fault: with its decision made; @clash may be set
 * @place: result
 *
 * Tables come from the reserve; a large leaf in the way is split.  The dirty
 * log is told.  Never leaves anything to flush.
 *
 * Return: MMU_FIXED; MMU_RETRY after a lost race, with an empty reserve, or
 * with @fault->clash.
 */
enum mmu_result tdp_map(struct mmu_vcpu *vcpu, struct mmu_fault *fault,
			struct tdp_place *place);

/**
 * tdp_map_mmio - remember that there is no memory at a fault's frame
 * @vcpu: the vCPU
 * @gfn: the frame
 * @gen: generation read before the slot was looked for
 *
 * Does nothing when it cannot.
 */
void tdp_map_mmio(struct mmu_vcpu *vcpu, gfn_t gfn, u64 gen);

/**
 * tdp_map_page - map a page of the host's own where no slot is
 * @vcpu: the vCPU, with a reserve of tables
 * @gfn: the frame
 * @pfn: the page's
 *
 * Return: is it mapped?
 */
bool tdp_map_page(struct mmu_vcpu *vcpu, gfn_t gfn, kvm_pfn_t pfn);

/**
 * tdp_map_prefetch - map frames ahead, where nothing is yet
 * @vcpu: the vCPU
 * @fault: whose slot and memory type are theirs, too
 * @first: entry of the first one, all in one table
 * @page: host pages
 * @n: how many
 */
void tdp_map_prefetch(struct mmu_vcpu *vcpu, const struct mmu_fault *fault, u64 *first,
		      const struct mmu_pfn *page, unsigned int n);

#endif
