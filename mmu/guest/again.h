/* SPDX-License-Identifier: GPL-2.0-only */
/* Walks to be repeated by mmu_translate_again(). */
#ifndef LAMINA_MMU_GUEST_AGAIN_H
#define LAMINA_MMU_GUEST_AGAIN_H

#include "mmu/mmu_ctx.h"

/** again_forget - no walk of a context is to be repeated */
void again_forget(struct mmu_ctx *ctx);

/**
 * again_remember - a walk may be repeated
 * @ctx: the context
 * @va: the address
 * @access: what it was for
 * @res: how it ended: GWALK_OK
 */
void again_remember(struct mmu_ctx *ctx, u64 va,
		    const struct gwalk_access *access,
		    const struct gwalk_result *res);

#endif
