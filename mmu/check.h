/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Self-checks of the MMU's structures, for test builds (-DLAMINA_MMU_CHECK).
 *
 * A violated rule ends the program (BUG()).  Both functions want a quiet MMU:
 * no other thread is inside mmu/.
 */
#ifndef LAMINA_MMU_CHECK_H
#define LAMINA_MMU_CHECK_H

#ifdef LAMINA_MMU_CHECK

#include "mmu/mmu.h"

/**
 * mmu_check - are all trees of a VM legal, and all its counters true?
 * @mmu: the VM; takes its lock for read
 *
 * Bits of every entry, levels and alignment of leaves, no entry left in the
 * middle of a removal, references of roots, @mmu->tables and @mmu->mapped.
 */
void mmu_check(struct mmu *mmu);

/**
 * struct mmu_leaf - what mmu_check_leaves() shows
 * @gfn: first guest frame
 * @pfn: first host frame
 * @level: level
 * @acc: ACC_* that hardware is granted now
 * @accessed: accessed state; true where hardware keeps none
 * @dirty: dirty state; "writable" where hardware keeps none
 */
struct mmu_leaf {
	gfn_t gfn;
	kvm_pfn_t pfn;
	int level;
	u32 acc;
	bool accessed;
	bool dirty;
};

typedef void (*mmu_check_leaf_fn)(void *arg, const struct mmu_leaf *leaf);

/**
 * mmu_check_leaves - show every leaf of the roots of an address space
 * @mmu: the VM; its lock is held for read around each call of @fn
 * @as_id: address space
 * @fn: called per leaf, ascending by frame
 * @arg: handed to @fn
 *
 * Obsolete roots are left out.
 */
void mmu_check_leaves(struct mmu *mmu, int as_id, mmu_check_leaf_fn fn,
		      void *arg);

/**
 * mmu_check_splits - show the tables that fetches have got in place of large leaves
 * @mmu: as for mmu_check_leaves()
 * @as_id: address space
 * @fn: called per table, with @gfn and @level of the large leaf alone
 * @arg: handed to @fn
 */
void mmu_check_splits(struct mmu *mmu, int as_id, mmu_check_leaf_fn fn,
		      void *arg);

#endif
#endif
