// SPDX-License-Identifier: GPL-2.0-only
#include "mmu/shadow/role.h"

union shadow_role shadow_role_direct(const struct mmu_vcpu *vcpu,
				     const struct mmu_ctx *ctx, int level,
				     u32 access, u32 pkey)
{
	union shadow_role role = { .word = ctx->role.word };

	role.level = level;
	role.direct = 1;
	role.access = access;
	role.pkey = pkey;
	role.ctx.format = ROLE_NONE;
	role.ctx.pse = 0;
	role.as_id = vcpu->as_id;
	return role;
}

bool shadow_entry_read(const struct gwalk_ctx *walk,
		       const struct shadow_page *sp, u64 entry,
		       struct shadow_entry *e)
{
	const struct pt_format *fmt = walk->fmt;

	if (!(entry & fmt->present) ||
	    pt_rsvd_bad(&walk->rsvd, fmt, entry, LEVEL_4K) ||
	    (walk->set_ad && !(entry & fmt->accessed)))
		return false;
	e->gfn = (entry & fmt->addr) >> MMU_PAGE_SHIFT;
	e->acc = pt_rights(fmt, entry, LEVEL_4K) & sp->role.access;
	e->acc = shadow_entry_access(fmt, e->acc, entry, walk->set_ad);
	e->pkey = gwalk_pkey(walk, entry);
	return true;
}
