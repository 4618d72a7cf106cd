/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames that hold shadowed tables: see page.h for locks and flush batches. */
#ifndef LAMINA_MMU_SHADOW_TRACK_H
#define LAMINA_MMU_SHADOW_TRACK_H

#include "mmu/shadow/types.h"

/**
 * track_write - what becomes of a write to a frame with tables
 * @s: the VM's
 * @fault: the write
 * @needed: they would be back at once: its own walk or root has one of them
 * @b: the flush batch
 *
 * Return: MMU_FIXED: they are unsync now, it may be mapped writable; MMU_EMULATE;
 * MMU_RETRY: nothing is shadowed there any more.
 */
enum mmu_result track_write(struct mmu_shadow *s,
			    const struct mmu_fault *fault, bool needed,
			    struct shadow_batch *b);

/**
 * track_write_fault - map stage of L1's write to a frame with its second-level tables
 * @vcpu: the vCPU, on a TDP tree; lock not held, which is taken for write
 * @fault: the write, @tracked
 *
 * The tables go unsync, and the frame is mapped; or the write is emulated.
 *
 * Return: MMU_FIXED, MMU_EMULATE; MMU_RETRY: stale, a lost race, or nothing is
 * shadowed there any more.
 */
enum mmu_result track_write_fault(struct mmu_vcpu *vcpu, struct mmu_fault *fault);

/**
 * track_zap - stop to shadow what lies in a frame
 * @s: the VM's
 * @gfn: the frame
 * @b: the flush batch
 */
void track_zap(struct mmu_shadow *s, gfn_t gfn, struct shadow_batch *b);

#endif
