// SPDX-License-Identifier: GPL-2.0-only
/*
 * L2's mode: its second level is shadow pages of L1's tables.  Going to and fro
 * selects; each mode keeps its root.
 */
#include "mmu/guest/ctx.h"
#include "mmu/mmu_nested.h"
#include "mmu/shadow/root.h"

static void mode_switch(struct mmu_vcpu *vcpu, const struct mmu_mode *mode)
{
	if (vcpu->mode == mode)
		return;
	swap(vcpu->root, vcpu->parked);
	vcpu->mode = mode;
}

/* Was the root made for the tables that L1 names now? */
static bool root_fits(struct mmu_vcpu *vcpu)
{
	const struct shadow_root *r = to_shadow_root(vcpu->root);
	struct mmu_ctx *ctx = &vcpu->ctx[MMU_CTX_SECOND];

	ctx_root_read(vcpu, ctx);
	return shadow_root_is_of(r, ctx);
}

void mmu_nested_enter(struct mmu_vcpu *vcpu)
{
	mode_switch(vcpu, &mmu_mode_nested);
	/* Its pages stay. */
	if (vcpu->root && !root_fits(vcpu))
		shadow_root_flush(vcpu->root);
}

void mmu_nested_leave(struct mmu_vcpu *vcpu)
{
	mode_switch(vcpu, &mmu_mode_tdp);
}

void mmu_nested_flush(struct mmu_vcpu *vcpu)
{
	struct mmu_root *root = vcpu->mode == &mmu_mode_nested ? vcpu->root :
								 vcpu->parked;

	if (root)
		shadow_root_flush(root);
}
