// SPDX-License-Identifier: GPL-2.0-only
/* Memory-type range registers: stored, and checked as the processor does. */
#include <linux/errno.h>

#include <asm/msr-index.h>
#include <asm/mtrr.h>

#include "x86/cpu/mtrr.h"

/* IA32_MTRR_DEF_TYPE: fixed ranges enabled, all enabled (SDM vol. 3, 12.11.2.1). */
#define DEF_FIXED_ENABLE	BIT_ULL(10)
#define DEF_ENABLE		BIT_ULL(11)

/* IA32_MTRR_PHYSMASKn: the range is valid (SDM vol. 3, 12.11.2.3). */
#define MASK_VALID		BIT_ULL(11)

/* UC, WC, WT, WP, WB; the encodings between them are reserved (table 12-8). */
static bool type_is_valid(u8 type)
{
	return type == MTRR_TYPE_UNCACHABLE || type == MTRR_TYPE_WRCOMB ||
	       type == MTRR_TYPE_WRTHROUGH || type == MTRR_TYPE_WRPROT ||
	       type == MTRR_TYPE_WRBACK;
}

/* One register for 64 KiB pieces, two for 16 KiB, eight for 4 KiB. */
static u64 *fixed_slot(struct x86_vcpu *v, u32 index)
{
	u64 *fixed = v->msrs.mtrr_fixed;

	if (index >= MSR_MTRRfix4K_C0000)
		return &fixed[3 + index - MSR_MTRRfix4K_C0000];
	if (index >= MSR_MTRRfix16K_80000)
		return &fixed[1 + index - MSR_MTRRfix16K_80000];
	return &fixed[0];
}

int mtrr_fixed_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = *fixed_slot(v, a->index);
	return 0;
}

int mtrr_fixed_set(struct x86_vcpu *v, struct msr_access *a)
{
	int i;

	for (i = 0; i < 64; i += 8)
		if (!type_is_valid(a->data >> i))
			return -EINVAL;
	*fixed_slot(v, a->index) = a->data;
	return 0;
}

static u64 *variable_slot(struct x86_vcpu *v, u32 index)
{
	return &v->msrs.mtrr_variable[index - MTRRphysBase_MSR(0)];
}

int mtrr_variable_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = *variable_slot(v, a->index);
	return 0;
}

int mtrr_variable_set(struct x86_vcpu *v, struct msr_access *a)
{
	u64 allowed = GENMASK_ULL(v->cpuid.maxphyaddr - 1, PAGE_SHIFT);
	bool mask = a->index & 1;

	allowed |= mask ? MASK_VALID : 0xff;
	if ((a->data & ~allowed) || (!mask && !type_is_valid(a->data)))
		return -EINVAL;
	*variable_slot(v, a->index) = a->data;
	return 0;
}

int mtrr_default_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = v->msrs.mtrr_default;
	return 0;
}

int mtrr_default_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (a->data & ~(DEF_ENABLE | DEF_FIXED_ENABLE | 0xff))
		return -EINVAL;
	if (!type_is_valid(a->data))
		return -EINVAL;
	v->msrs.mtrr_default = a->data;
	return 0;
}
