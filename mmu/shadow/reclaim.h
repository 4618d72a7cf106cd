/* SPDX-License-Identifier: GPL-2.0-only */
/* The page limit: see page.h for locks and flush batches. */
#ifndef LAMINA_MMU_SHADOW_RECLAIM_H
#define LAMINA_MMU_SHADOW_RECLAIM_H

#include "mmu/shadow/types.h"

/**
 * reclaim_room - make room for new pages
 * @mmu: the VM; lock held for write
 * @n: how many may come
 * @b: the flush batch
 *
 * The oldest that are no roots go when the limit would be passed.
 */
void reclaim_room(struct mmu *mmu, unsigned long n, struct shadow_batch *b);

#endif
