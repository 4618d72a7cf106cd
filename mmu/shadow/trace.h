/* SPDX-License-Identifier: GPL-2.0-only */
/* What happens to shadow pages, for those who trace it. */
#ifndef LAMINA_MMU_SHADOW_TRACE_H
#define LAMINA_MMU_SHADOW_TRACE_H

#include "mmu/mmu_trace.h"
#include "mmu/shadow/types.h"

/** shadow_trace_page - mmu_env_trace_page() of a shadow page */
static inline void shadow_trace_page(enum mmu_trace_what what,
				     const struct shadow_page *sp)
{
	const struct mmu_trace_page p = {
		.gfn = sp->gfn,
		.roots = sp->roots,
		.level = sp->role.level,
		.quadrant = sp->role.quadrant,
		.access = sp->role.access,
		.pae = sp->role.ctx.format != ROLE_2LEVEL,
		.direct = sp->role.direct,
		.unsync = sp->unsync,
	};

	mmu_env_trace_page(what, &p);
}

#endif
