// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on shadow pages: the stages of mmu_mode_shadow and mmu_mode_nested, but
 * for the map stage (map.c).
 *
 * The fault's address is one of tables that the guest keeps: its own, or L1's NPT
 * or EPT.  What they demand the guest gets, by ctx->ops->fault.
 */
#include "mmu/guest/ctx.h"
#include "mmu/shadow/fast.h"
#include "mmu/shadow/map.h"
#include "mmu/shadow/root.h"

/* Second level: which of L2's addresses it was (APM vol. 2, 15.25.6). */
#define PF_GUEST	(PF_GUEST_FINAL | PF_GUEST_TABLE)

static noinline void guest_fault(struct mmu_vcpu *vcpu,
				 const struct mmu_fault *fault,
				 const struct gwalk_result *walk)
{
	const struct mmu_guest_fault gf = {
		.addr = walk->fault_addr,
		.error = walk->error | (fault->error & PF_GUEST),
		.rights = walk->rights,
		.misconfig = walk->misconfig,
	};

	vcpu->ctx[vcpu->mode->kind].ops->fault(vcpu, &gf);
}

static enum mmu_result shadow_resolve(struct mmu_vcpu *vcpu,
				      struct mmu_fault *fault,
				      struct gwalk_result *walk)
{
	struct mmu_ctx *ctx = &vcpu->ctx[vcpu->mode->kind];
	const struct gwalk_access access = {
		.pf = fault->error & (PF_WRITE | PF_USER | PF_FETCH |
				      PF_IMPLICIT),
		.regs = fault->regs,
	};

	if (ctx->walk.fmt)
		ctx_root_read(vcpu, ctx);
	switch (gwalk(vcpu, &ctx->walk, fault->addr, &access, walk)) {
	case GWALK_OK:
		fault->gfn = walk->gpa >> MMU_PAGE_SHIFT;
		fault->walk = walk;
		return MMU_FIXED;
	case GWALK_RETRY:
		return MMU_RETRY;
	case GWALK_ABORT:
		/*
		 * A table where no memory is: the emulator's walk says the same, and userspace
		 * is told of no frame.
		 */
		fault->gfn = 0;
		return MMU_EMULATE;
	default:
		guest_fault(vcpu, fault, walk);
		return MMU_INJECT;
	}
}

static int shadow_reserve(struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	return shadow_cache_fill(vcpu, MMU_CACHE_TABLES);
}

/* A device's: for the next access fast.c would look in vain. */
static enum mmu_result shadow_hole(struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	vcpu->by_entry = false;
	return MMU_EMULATE;
}

#define SHADOW_STAGES							\
	.resolve = shadow_resolve,					\
	.reserve = shadow_reserve,					\
	.map = shadow_map,						\
	.hole = shadow_hole,						\
	.root_load = shadow_root_load,					\
	.root_drop = shadow_root_drop

const struct mmu_mode mmu_mode_shadow = {
	.kind = MMU_CTX_GUEST, .fast = shadow_fast, SHADOW_STAGES
};
const struct mmu_mode mmu_mode_nested = { .kind = MMU_CTX_SECOND, SHADOW_STAGES };
