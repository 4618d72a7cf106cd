/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A host page that was looked up for a frame: what its slot lets be done with it.
 * Pure, but for what the world is told.
 */
#ifndef LAMINA_MMU_BASE_HOSTPAGE_H
#define LAMINA_MMU_BASE_HOSTPAGE_H

#include "mmu/base/spte.h"
#include "mmu/mmu_env.h"

/**
 * hostpage_leaf_how - what a leaf for a page is to be
 * @slot: its slot
 * @p: the page
 * @write: it is about to be written
 *
 * Return: LEAF_*, without LEAF_ACCESSED and LEAF_DIRTY.
 */
static inline u32 hostpage_leaf_how(const struct mmu_slot *slot,
				    const struct mmu_pfn *p, bool write)
{
	u32 how = 0;

	if (p->writable) {
		how |= LEAF_HOST_WRITABLE;
		if (!(slot->flags & MMU_SLOT_READONLY))
			how |= LEAF_MMU_WRITABLE;
	}
	if ((how & LEAF_MMU_WRITABLE) &&
	    (write || !(slot->flags & MMU_SLOT_DIRTY_LOG)))
		how |= LEAF_WRITE;
	return how;
}

/**
 * hostpage_put - give a page back that was looked up for a fault
 * @slot: its slot
 * @p: the page
 * @mapped: it is mapped now
 *
 * A page that the fast path may make writable counts as dirty at once: there is
 * no page at hand then.
 */
static inline void hostpage_put(const struct mmu_slot *slot,
				const struct mmu_pfn *p, bool mapped)
{
	bool writable = p->writable && !(slot->flags & MMU_SLOT_READONLY);

	mmu_env_pfn_put(p, mapped && writable);
}

/**
 * hostpage_log_dirty - tell the dirty log that a frame became writable just now
 * @vcpu: who is about to write it
 * @slot: its slot
 * @gfn: the frame
 *
 * After the leaf, not before.  Collection takes the bits and then protects: if
 * it came between, the frame shows in the next log.  Told before the leaf is
 * there, collection could take the bit, find nothing to protect, and later
 * writes would be lost.
 */
static inline void hostpage_log_dirty(struct mmu_vcpu *vcpu,
				      const struct mmu_slot *slot, gfn_t gfn)
{
	if (slot->flags & MMU_SLOT_DIRTY_LOG)
		mmu_env_mark_dirty(vcpu, slot, gfn);
}

#endif
