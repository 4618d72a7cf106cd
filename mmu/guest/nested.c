// SPDX-License-Identifier: GPL-2.0-only
/*
 * L1's NPT or EPT: a format, a root and a fault sink.  A walk of L2's tables by
 * them is composition (gwalk.h), and nothing else of the MMU is different for it.
 */
#include "mmu/base/config.h"
#include "mmu/guest/ctx.h"
#include "mmu/mmu_nested.h"

/* EPTP: SDM vol. 3, table 25-9. */
#define EPTP_MEMTYPE		GENMASK_ULL(2, 0)
#define EPTP_LEVELS_SHIFT	3
#define EPTP_LEVELS_MASK	7
#define EPTP_AD			BIT_ULL(6)
#define EPTP_RSVD_LOW		GENMASK_ULL(11, 7)

#define MEMTYPE_UC		0
#define MEMTYPE_WB		6

/* IA32_VMX_EPT_VPID_CAP: SDM vol. 3, A.10. */
#define CAP_EXEC_ONLY		BIT_ULL(0)
#define CAP_LEVELS_4		BIT_ULL(6)
#define CAP_LEVELS_5		BIT_ULL(7)
#define CAP_UC			BIT_ULL(8)
#define CAP_WB			BIT_ULL(14)
#define CAP_1G			BIT_ULL(17)
#define CAP_AD			BIT_ULL(21)

void mmu_nested_init(struct mmu_vcpu *vcpu, const struct mmu_ctx_ops *l2_ops,
		     const struct mmu_ctx_ops *second_ops)
{
	vcpu->ctx[MMU_CTX_L2].ops = l2_ops;
	vcpu->ctx[MMU_CTX_SECOND].ops = second_ops;
}

/* Shadow pages of the top level have to have a place in our own tables. */
static bool levels_fit(const struct mmu_vcpu *vcpu, const struct pt_format *fmt)
{
	return fmt->levels <= vcpu->mmu->config->levels;
}

int mmu_nested_npt(struct mmu_vcpu *vcpu, const struct mmu_cpu *cpu)
{
	const struct pt_format *fmt = ctx_format(cpu);

	if (!fmt || !levels_fit(vcpu, fmt))
		return -EINVAL;
	ctx_update(vcpu, MMU_CTX_SECOND, cpu);
	return 0;
}

/* NULL: a walk length that does not exist, or that L1's CPU does not have. */
static const struct pt_format *eptp_format(u64 eptp, u64 cap)
{
	/* The field holds one less than the number of levels. */
	unsigned int levels = (eptp >> EPTP_LEVELS_SHIFT & EPTP_LEVELS_MASK) + 1;

	if (levels == 4 && (cap & CAP_LEVELS_4))
		return &pt_format_ept4;
	return levels == 5 && (cap & CAP_LEVELS_5) ? &pt_format_ept5 : NULL;
}

static bool eptp_memtype_is_valid(u64 eptp, u64 cap)
{
	u64 type = eptp & EPTP_MEMTYPE;

	return (type == MEMTYPE_UC && (cap & CAP_UC)) ||
	       (type == MEMTYPE_WB && (cap & CAP_WB));
}

int mmu_nested_ept(struct mmu_vcpu *vcpu, u64 eptp, u64 cap, u8 maxphyaddr)
{
	const struct pt_format *fmt = eptp_format(eptp, cap);
	const struct pt_features feat = {
		.maxphyaddr = maxphyaddr,
		.gib_pages = cap & CAP_1G,
		.exec_only = cap & CAP_EXEC_ONLY,
		.ad = eptp & EPTP_AD,
	};

	if (!fmt || !levels_fit(vcpu, fmt) ||
	    !eptp_memtype_is_valid(eptp, cap))
		return -EINVAL;
	if (feat.ad && !(cap & CAP_AD))
		return -EINVAL;
	if (eptp & (EPTP_RSVD_LOW | ~(BIT_ULL(maxphyaddr) - 1)))
		return -EINVAL;
	ctx_update_ept(vcpu, fmt, &feat);
	return 0;
}

void mmu_nested_fault(struct mmu_vcpu *vcpu, u64 la,
		      const struct gwalk_result *res)
{
	const struct mmu_guest_fault f = {
		.addr = res->fault_addr,
		.error = res->error,
		.rights = res->rights,
		.misconfig = res->misconfig,
		.has_la = true,
		.la = la,
	};

	vcpu->ctx[MMU_CTX_SECOND].ops->fault(vcpu, &f);
}
