/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the MMU tells to those who trace it, group "kvmmmu".  Each function is called
 * only while its tracepoint is enabled; without the kernel none is.
 * core/mmu_trace.c has them.
 */
#ifndef LAMINA_MMU_MMU_TRACE_H
#define LAMINA_MMU_MMU_TRACE_H

#include <linux/tracepoint-defs.h>

#include "mmu/base/types.h"

struct gwalk_ctx;
struct gwalk_result;
struct mmu_fault;
struct mmu_vcpu;

DECLARE_TRACEPOINT(fast_page_fault);
DECLARE_TRACEPOINT(mark_mmio_spte);
DECLARE_TRACEPOINT(kvm_mmu_get_page);
DECLARE_TRACEPOINT(kvm_mmu_prepare_zap_page);
DECLARE_TRACEPOINT(kvm_mmu_unsync_page);
DECLARE_TRACEPOINT(kvm_mmu_sync_page);
DECLARE_TRACEPOINT(kvm_mmu_pagetable_walk);
DECLARE_TRACEPOINT(kvm_mmu_paging_element);
DECLARE_TRACEPOINT(kvm_mmu_walker_error);
DECLARE_TRACEPOINT(kvm_mmu_zap_all_fast);

/* Is one of those enabled that tell of walks? */
#define MMU_WALK_IS_TRACED						\
	(tracepoint_enabled(kvm_mmu_pagetable_walk) ||			\
	 tracepoint_enabled(kvm_mmu_paging_element) ||			\
	 tracepoint_enabled(kvm_mmu_walker_error))

/** mmu_env_trace_fast - fast_page_fault: an entry that a fault has changed without a lock */
void mmu_env_trace_fast(struct mmu_vcpu *vcpu, const struct mmu_fault *fault,
			u64 *sptep, u64 old, u64 new);

/** mmu_env_trace_mmio - mark_mmio_spte: an entry remembers that no memory is there */
void mmu_env_trace_mmio(u64 *sptep, gfn_t gfn, u64 gen);

enum mmu_trace_what {
	MMU_TRACE_MADE,		/* kvm_mmu_get_page */
	MMU_TRACE_ZAPPED,	/* kvm_mmu_prepare_zap_page */
	MMU_TRACE_UNSYNC,	/* kvm_mmu_unsync_page */
	MMU_TRACE_SYNC,		/* kvm_mmu_sync_page */
};

/**
 * struct mmu_trace_page - a shadow page
 * @gfn: frame of the table that it stands for, or the first that it maps
 * @roots: vCPUs that run on it
 * @level: 1 to 5
 * @quadrant: part of a table with 1,024 entries
 * @access: ACC_* of what is above it
 * @pae: the guest's entries have 8 bytes
 * @direct: it stands for no table
 * @unsync: the guest's table may have changed
 */
struct mmu_trace_page {
	gfn_t gfn;
	u32 roots;
	u8 level;
	u8 quadrant;
	u8 access;
	bool pae;
	bool direct;
	bool unsync;
};

/** mmu_env_trace_page - what happens to a shadow page */
void mmu_env_trace_page(enum mmu_trace_what what, const struct mmu_trace_page *p);

/**
 * mmu_env_trace_walk - kvm_mmu_pagetable_walk, _paging_element, _walker_error
 * @ctx: whose tables
 * @va: the address
 * @access: PF_*
 * @res: its entries down to @res->level, and its error
 * @failed: there was one
 */
void mmu_env_trace_walk(const struct gwalk_ctx *ctx, u64 va, u64 access,
			const struct gwalk_result *res, bool failed);

/** mmu_env_trace_zap_all - kvm_mmu_zap_all_fast; @tables: that there are */
void mmu_env_trace_zap_all(unsigned long tables);

#endif
