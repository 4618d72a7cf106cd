/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leaves that nobody has faulted on: a page whose guest entry is known, and which
 * the host has at hand, is mapped ahead.  Nothing here waits for anybody, and
 * where there is no room the page is left out.
 */
#ifndef LAMINA_MMU_SHADOW_PREFETCH_H
#define LAMINA_MMU_SHADOW_PREFETCH_H

#include "mmu/shadow/role.h"

/**
 * struct prefetch_op - leaves from a guest's entries
 * @vcpu: whose tables; it has a reserve; lock held for write
 * @slot: looked up under the lock, or with a sequence that still is right
 * @b: the flush batch: counts
 * @tables: guest tables that are shadowed may be among the frames
 * @write: the page is about to be written
 */
struct prefetch_op {
	struct mmu_vcpu *vcpu;
	const struct mmu_slot *slot;
	struct shadow_batch *b;
	bool tables;
	bool write;
};

/**
 * prefetch_page - map a page as a guest's entry of level 1 says
 * @p: the operation
 * @sptep: the SPTE: empty, or a leaf with a right too few
 * @e: the entry, true under the lock
 * @page: the host's
 *
 * With @p->write it is known that it can be written, and the log is told.
 *
 * Return: is it mapped?
 */
bool prefetch_page(struct prefetch_op *p, u64 *sptep, const struct shadow_entry *e,
		   const struct mmu_pfn *page);

/**
 * prefetch_peek - read the guest's entries of a block
 * @vcpu: the vCPU, which runs on the page
 * @sp: an indirect page of level 1
 * @first: index of the block's first SPTE
 * @n: how many, at most SHADOW_PREFETCH
 * @raw: result, for shadow_entry_raw()
 *
 * Return: false: unknown.
 */
bool prefetch_peek(struct mmu_vcpu *vcpu, const struct shadow_page *sp, unsigned int first,
		   unsigned int n, u64 *raw);

/** prefetch_block - map what prefetch_peek() has read, where nothing is yet */
void prefetch_block(struct prefetch_op *p, struct shadow_page *sp, unsigned int first,
		    const u64 *raw);

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
		     struct shadow_page *sp, u64 *sptep, struct shadow_batch *b);

/**
 * shadow_refill - map what a guest's entry says
 * @vcpu: the vCPU; memslots' SRCU is held, and the lock for write
 * @sptep: an empty SPTE of a leaf table
 * @e: the guest's entry
 * @b: counts
 */
void shadow_refill(struct mmu_vcpu *vcpu, u64 *sptep, const struct shadow_entry *e,
		   struct shadow_batch *b);

#endif
