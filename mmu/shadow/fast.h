/* SPDX-License-Identifier: GPL-2.0-only */
/* Faults for which the guest's tables need not be walked. */
#ifndef LAMINA_MMU_SHADOW_FAST_H
#define LAMINA_MMU_SHADOW_FAST_H

#include "mmu/shadow/types.h"

/**
 * shadow_fast_may - can one entry say what a leaf has to be?
 * @sp: the leaf's page
 * @slot: the frame's
 *
 * In place of a direct page a large leaf may be possible by now, but for the log.
 */
static inline bool shadow_fast_may(const struct shadow_page *sp, const struct mmu_slot *slot)
{
	return sp->role.level == LEVEL_4K &&
	       (!sp->role.direct || (slot->flags & MMU_SLOT_DIRTY_LOG));
}

/**
 * shadow_fast - map the page of a fault by one entry of the guest's, if that is enough
 * @vcpu: as for mmu_fault(); its root is current; takes mmu->lock for read, and where a
 *        leaf is to be made for write
 * @fault: the fault
 *
 * Where the processor's walk ended in a page of level 1, the guest's entries above are
 * what they were when that was linked: all but leaf tables are write-protected, and who
 * writes one drops the link.  What the leaf's entry allows, and the host has at hand, is
 * mapped; all else is left to the other stages.  It is tried where the last fault that
 * was mapped was of such a kind: the next one mostly is, too.
 *
 * Return: MMU_FIXED; MMU_EMULATE: a write to a table that is never written freely;
 * MMU_RETRY: the other stages have to see; a stale leaf may have gone, and what the
 * reserve had.
 */
enum mmu_result shadow_fast(struct mmu_vcpu *vcpu, struct mmu_fault *fault);

#endif
