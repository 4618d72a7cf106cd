/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a guest's tables to what their shadow says: roles and rights.  Pure.
 */
#ifndef LAMINA_MMU_SHADOW_ROLE_H
#define LAMINA_MMU_SHADOW_ROLE_H

#include "mmu/shadow_types.h"

/**
 * shadow_role_init - the part of a role that is the same for a whole context
 * @fmt: format of the guest's tables; NULL: paging is off
 * @bits: the control-register bits
 * @feat: CR4.PSE; of an EPT, whether accessed and dirty bits are on
 *
 * Return: the role's word; level, frame's part, rights and keys are missing.
 */
u32 shadow_role_init(const struct pt_format *fmt, const struct perm_bits *bits,
		     const struct pt_features *feat);

/**
 * shadow_role_child - role of the page that a guest's table gets
 * @ctx: the context
 * @vcpu: for its address space
 * @level: the page's level
 * @access: rights of the guest's entries above
 * @addr: the address whose walk leads there
 */
union shadow_role shadow_role_child(const struct mmu_vcpu *vcpu,
				    const struct mmu_ctx *ctx, int level,
				    u32 access, u64 addr);

/**
 * shadow_role_direct - role of a page below a large guest page, or with paging off
 * @vcpu: for its address space
 * @ctx: the context
 * @level: the page's level
 * @access: rights of the leaves
 * @pkey: their protection key
 */
union shadow_role shadow_role_direct(const struct mmu_vcpu *vcpu,
				     const struct mmu_ctx *ctx, int level,
				     u32 access, u32 pkey);

/**
 * shadow_entry_access - the rights that a guest's leaf gives its page
 * @fmt: format
 * @rights: ACC_* of the walk, the leaf included
 * @entry: the leaf
 * @set_ad: the format's dirty bit counts
 *
 * A page whose dirty bit is clear is not writable: the write has to fault, so that
 * the walk sets the bit.
 */
static inline u32 shadow_entry_access(const struct pt_format *fmt, u32 rights,
				      u64 entry, bool set_ad)
{
	if (set_ad && fmt->dirty && !(entry & fmt->dirty))
		rights &= ~ACC_W;
	return rights;
}

/**
 * shadow_entry_index - where a guest's table has the entry behind an SPTE
 * @sp: an indirect page
 * @i: index of the SPTE
 *
 * The reverse of what track.c does.
 */
static inline unsigned int shadow_entry_index(const struct shadow_page *sp,
					      unsigned int i)
{
	if (sp->role.format != SHADOW_2LEVEL)
		return i;
	if (sp->role.level == LEVEL_4K)
		return sp->role.quadrant * PT_ENTRIES + i;
	return (sp->role.quadrant * PT_ENTRIES + i) / 2;
}

#endif
