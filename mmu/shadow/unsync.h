/* SPDX-License-Identifier: GPL-2.0-only */
/* Leaf tables that the guest writes freely: see page.h for locks and flush batches. */
#ifndef LAMINA_MMU_SHADOW_UNSYNC_H
#define LAMINA_MMU_SHADOW_UNSYNC_H

#include "mmu/shadow/types.h"

/**
 * unsync_allow - may a frame be written, though tables lie in it?
 * @s: the VM's
 * @gfn: the frame
 *
 * True when all are leaf tables; they are unsync then.
 */
bool unsync_allow(struct mmu_shadow *s, gfn_t gfn);

/**
 * unsync_never - is there a table in a frame that is never written freely?
 * @s: the VM's
 * @gfn: the frame
 *
 * Lock held, for read at least.
 */
bool unsync_never(struct mmu_shadow *s, gfn_t gfn);

/**
 * unsync_page - bring a page up to date
 * @vcpu: whose memory is read
 * @sp: the page, unsync
 * @b: the flush batch
 *
 * Protects the table, and commits, first, so that what is read stays true.
 */
void unsync_page(struct mmu_vcpu *vcpu, struct shadow_page *sp,
		 struct shadow_batch *b);

/** unsync_all - bring all pages of the vCPU's address space up to date */
void unsync_all(struct mmu_vcpu *vcpu, struct shadow_batch *b);

/** unsync_forget - a page goes, or was brought up to date */
void unsync_forget(struct mmu_shadow *s, struct shadow_page *sp);

#endif
