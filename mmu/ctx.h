/* SPDX-License-Identifier: GPL-2.0-only */
/* A context's root register, for who walks its tables. */
#ifndef LAMINA_MMU_CTX_H
#define LAMINA_MMU_CTX_H

#include "mmu/mmu.h"

/**
 * ctx_root_read - read root register and PDPTEs into the walker's context
 * @vcpu: the vCPU; called by its own thread, memslots' SRCU held, may sleep
 * @ctx: a context with paging on
 */
void ctx_root_read(struct mmu_vcpu *vcpu, struct mmu_ctx *ctx);

#endif
