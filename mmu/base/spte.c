// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/build_bug.h>

#include "mmu/base/spte.h"

/* Software bits stay out of addresses and of each other. */
static_assert(!((SPTE_PRESENT | SPTE_WRITABLE | SPTE_NX_SPLIT | SPTE_FROZEN |
		 SPTE_REMOVED) & GENMASK_ULL(51, 12)), "software bits in the address");
static_assert(!((SPTE_FROZEN | SPTE_REMOVED) & (SPTE_PRESENT | SPTE_WRITABLE)),
	      "unlinked entries look present");

u64 spte_leaf(const struct mmu_config *cfg, int level, kvm_pfn_t pfn, u32 how)
{
	u64 spte = cfg->leaf | (pfn & LEVEL_MASK(level)) << MMU_PAGE_SHIFT;

	if (level > LEVEL_4K)
		spte |= cfg->large;
	if (how & LEAF_WRITE)
		spte |= cfg->write;
	if (how & LEAF_HOST_WRITABLE)
		spte |= SPTE_HOST_WRITABLE;
	if (how & LEAF_MMU_WRITABLE)
		spte |= SPTE_MMU_WRITABLE;
	if (how & LEAF_ACCESSED)
		spte |= cfg->accessed;
	if (how & LEAF_DIRTY)
		spte |= cfg->dirty;
	if (how & LEAF_NO_EXEC)
		spte ^= cfg->exec;
	return spte;
}

u64 spte_shadow_leaf(const struct mmu_config *cfg, int level, kvm_pfn_t pfn,
		     u32 acc, u32 pkey)
{
	const struct pt_format *fmt = cfg->fmt;
	u64 spte = cfg->leaf & ~(fmt->read | fmt->user | fmt->exec);

	spte |= (pfn & LEVEL_MASK(level)) << MMU_PAGE_SHIFT | cfg->accessed;
	if (level > LEVEL_4K)
		spte |= cfg->large;
	if (acc & ACC_R)
		spte |= fmt->read;
	if (acc & ACC_W)
		spte |= cfg->write | cfg->dirty;
	if (acc & ACC_U)
		spte |= fmt->user;
	/* A format has one of the two. */
	spte |= acc & ACC_X ? fmt->exec : fmt->nx;
	if (fmt->pkey)
		spte |= (u64)pkey << __ffs64(fmt->pkey);
	return spte;
}

kvm_pfn_t spte_leaf_pfn(const struct mmu_config *cfg, u64 spte, int level)
{
	return ((spte & cfg->addr) >> MMU_PAGE_SHIFT) & LEVEL_MASK(level);
}

u64 spte_piece(const struct mmu_config *cfg, u64 spte, int level,
	       unsigned int i)
{
	if (level == LEVEL_2M)
		spte &= ~cfg->large;
	return spte + ((u64)i * LEVEL_GFNS(level - 1) << MMU_PAGE_SHIFT);
}

u64 spte_mmio(const struct mmu_config *cfg, u64 gen)
{
	WARN_ON_ONCE(!cfg->mmio_mask);
	return cfg->mmio_value | cfg->mmio_fill |
	       (gen & cfg->mmio_gen_mask) << cfg->mmio_gen_shift;
}
