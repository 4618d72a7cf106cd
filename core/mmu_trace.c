// SPDX-License-Identifier: GPL-2.0-only
/* What the MMU tells to those who trace it: the answers to mmu/mmu_trace.h. */
#include "core/vm.h"
#include "mmu/guest/gwalk.h"
#include "mmu/mmu_trace.h"

#define CREATE_TRACE_POINTS
#include "core/trace_mmu.h"

void mmu_env_trace_fast(struct mmu_vcpu *vcpu, const struct mmu_fault *fault,
			u64 *sptep, u64 old, u64 new)
{
	trace_fast_page_fault(container_of(vcpu, struct kvm_vcpu, mmu)->id,
			      fault->addr, fault->error, sptep, old, new);
}

void mmu_env_trace_mmio(u64 *sptep, gfn_t gfn, u64 gen)
{
	trace_mark_mmio_spte(sptep, gfn, ACC_ALL, gen);
}

/* As Linux's KVM packs it, and trace-cmd unpacks. */
static u32 role_word(const struct mmu_trace_page *p)
{
	return p->level | p->pae << 4 | p->quadrant << 5 | p->direct << 7 |
	       (p->access & 7) << 8;
}

void mmu_env_trace_page(enum mmu_trace_what what, const struct mmu_trace_page *p)
{
	u32 role = role_word(p);

	switch (what) {
	case MMU_TRACE_MADE:
		trace_kvm_mmu_get_page(p->gfn, role, p->roots, p->unsync);
		break;
	case MMU_TRACE_ZAPPED:
		trace_kvm_mmu_prepare_zap_page(p->gfn, role, p->roots, p->unsync);
		break;
	case MMU_TRACE_UNSYNC:
		trace_kvm_mmu_unsync_page(p->gfn, role, p->roots, p->unsync);
		break;
	case MMU_TRACE_SYNC:
		trace_kvm_mmu_sync_page(p->gfn, role, p->roots, p->unsync);
		break;
	}
}

void mmu_env_trace_walk(const struct gwalk_ctx *ctx, u64 va, u64 access,
			const struct gwalk_result *res, bool failed)
{
	int level = ctx->fmt ? ctx->fmt->levels : 0;

	trace_kvm_mmu_pagetable_walk(va, access);
	for (; level >= res->level; level--)
		trace_kvm_mmu_paging_element(res->step[level].entry, level);
	if (failed)
		trace_kvm_mmu_walker_error(res->error);
}

void mmu_env_trace_zap_all(unsigned long tables)
{
	trace_kvm_mmu_zap_all_fast(tables);
}
