/* SPDX-License-Identifier: GPL-2.0-only */
/* Contexts, as the rest of mmu/ sees them. */
#ifndef LAMINA_MMU_GUEST_CTX_H
#define LAMINA_MMU_GUEST_CTX_H

#include "mmu/mmu.h"

/**
 * ctx_format - the format of the tables that registers select
 * @cpu: the registers
 *
 * Return: the format; NULL: paging is off.
 */
const struct pt_format *ctx_format(const struct mmu_cpu *cpu);

/**
 * ctx_update - CR0, CR4, EFER or CPUID changed
 * @vcpu: the vCPU; called by its own thread
 * @kind: which context
 * @cpu: the new state
 *
 * Return: false: shadow pages that were made for the context are right still.
 */
bool ctx_update(struct mmu_vcpu *vcpu, enum mmu_ctx_kind kind,
		const struct mmu_cpu *cpu);

/**
 * ctx_update_ept - MMU_CTX_SECOND is an EPT
 * @vcpu: the vCPU; called by its own thread
 * @fmt: pt_format_ept4 or pt_format_ept5
 * @feat: L1's CPU, and whether accessed and dirty bits are on
 */
void ctx_update_ept(struct mmu_vcpu *vcpu, const struct pt_format *fmt,
		    const struct pt_features *feat);

/** ctx_root - the root table that a root register names, in a format */
gpa_t ctx_root(const struct pt_format *fmt, u64 root);

/**
 * ctx_root_read - read root register and PDPTEs into the walker's context
 * @vcpu: the vCPU; called by its own thread, memslots' SRCU held, may sleep
 * @ctx: a context with paging on
 */
void ctx_root_read(struct mmu_vcpu *vcpu, struct mmu_ctx *ctx);

#endif
