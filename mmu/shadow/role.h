/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a guest's tables to what their shadow says: roles and rights.  Pure.
 */
#ifndef LAMINA_MMU_SHADOW_ROLE_H
#define LAMINA_MMU_SHADOW_ROLE_H

#include "mmu/shadow/types.h"

/**
 * shadow_role_child - role of the page that a guest's table gets
 * @ctx: the context
 * @vcpu: for its address space
 * @level: the page's level
 * @access: rights of the guest's entries above
 * @addr: the address whose walk leads there
 */
static inline union shadow_role
shadow_role_child(const struct mmu_vcpu *vcpu, const struct mmu_ctx *ctx,
		  int level, u32 access, u64 addr)
{
	union shadow_role role = { .word = ctx->role.word };

	role.level = level;
	role.access = access;
	role.as_id = vcpu->as_id;
	/* A table of 1024 entries takes two pages of SPTEs, a directory four. */
	if (role.ctx.format == ROLE_2LEVEL)
		role.quadrant = level == LEVEL_4K ? addr >> 21 & 1 :
						    addr >> 30 & 3;
	return role;
}

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
 * struct shadow_entry - what a guest's leaf entry of level 1 asks for
 * @gfn: the frame
 * @acc: rights, those of the entries above included
 * @pkey: protection key
 */
struct shadow_entry {
	gfn_t gfn;
	u32 acc;
	u32 pkey;
};

/**
 * shadow_entry_read - what an entry of level 1 asks for
 * @walk: how the guest reads its tables
 * @sp: the page that shadows the table
 * @entry: the entry
 * @e: result
 *
 * Return: false: nothing: it is not present, has reserved bits set, or is one that
 * a walk has yet to mark as accessed.
 */
bool shadow_entry_read(const struct gwalk_ctx *walk,
		       const struct shadow_page *sp, u64 entry,
		       struct shadow_entry *e);

/** shadow_entry_raw - entry @i of a piece of a guest's table; @size: 4 or 8 */
static inline u64 shadow_entry_raw(const void *raw, unsigned int i,
				   unsigned int size)
{
	return size == sizeof(u64) ? ((const u64 *)raw)[i] :
				     ((const u32 *)raw)[i];
}

/**
 * shadow_entry_index - where a guest's table has the entry behind an SPTE
 * @sp: an indirect page
 * @i: index of the SPTE
 */
static inline unsigned int shadow_entry_index(const struct shadow_page *sp,
					      unsigned int i)
{
	if (sp->role.ctx.format != ROLE_2LEVEL)
		return i;
	/* 1024 entries: one SPTE for each of a table, two for each of a directory. */
	i += sp->role.quadrant * PT_ENTRIES;
	return sp->role.level == LEVEL_4K ? i : i / 2;
}

/**
 * shadow_entry_sptes - the reverse: the SPTEs behind a guest's entry
 * @sp: an indirect page
 * @i: index of the entry; result: of the first SPTE
 *
 * Return: how many there are in this page.
 */
static inline unsigned int shadow_entry_sptes(const struct shadow_page *sp,
					      unsigned int *i)
{
	unsigned int n = 1;

	if (sp->role.ctx.format != ROLE_2LEVEL)
		return n;
	if (sp->role.level > LEVEL_4K)
		n = 2;
	*i *= n;
	if (*i / PT_ENTRIES != sp->role.quadrant)
		return 0;
	*i %= PT_ENTRIES;
	return n;
}

#endif
