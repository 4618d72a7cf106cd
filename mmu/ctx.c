// SPDX-License-Identifier: GPL-2.0-only
/* What a change of the guest's registers does to its tables, and to what it runs on. */
#include "mmu/guest/ctx.h"

void mmu_ctx_update(struct mmu_vcpu *vcpu, enum mmu_ctx_kind kind,
		    const struct mmu_cpu *cpu)
{
	if (ctx_update(vcpu, kind, cpu) && kind == MMU_CTX_GUEST)
		mmu_guest_flush(vcpu);
}
