// SPDX-License-Identifier: GPL-2.0-only
/*
 * Repeating a walk.  It pays only where the hardware does not tell the bytes of an
 * instruction (decode assists) or where the next one begins (NRIP save): there each
 * exit fetches code, and nearly always from the page of the last time.  Where it
 * does tell, nothing else wants this file.
 */
#include <linux/string.h>

#include "mmu/guest/again.h"
#include "mmu/guest/ctx.h"

void again_forget(struct mmu_ctx *ctx)
{
	ctx->last[0].level = 0;
	ctx->last[1].level = 0;
}

static struct mmu_walk *last_walk(struct mmu_ctx *ctx,
				  const struct gwalk_access *access)
{
	return &ctx->last[!!(access->pf & PF_FETCH)];
}

/*
 * PAE's first entries are not read from where they lie, of what ->next has read
 * nothing is left, and who only looks leaves bits unset that others would set.
 */
void again_remember(struct mmu_ctx *ctx, u64 va,
		    const struct gwalk_access *access,
		    const struct gwalk_result *res)
{
	struct mmu_walk *last = last_walk(ctx, access);
	const struct pt_format *fmt = ctx->walk.fmt;

	if (!fmt || fmt == &pt_format_pae || ctx->walk.next || access->no_ad)
		return;
	last->access = *access;
	last->page = va >> MMU_PAGE_SHIFT;
	last->gfn = res->gpa >> MMU_PAGE_SHIFT;
	last->root = ctx->walk.root;
	last->level = res->level;
	memcpy(&last->step[res->level], &res->step[res->level],
	       (fmt->levels - res->level + 1) * sizeof(*last->step));
}

static bool walk_is_same(const struct mmu_walk *last, u64 va,
			 const struct gwalk_access *access)
{
	return last->level && last->page == va >> MMU_PAGE_SHIFT &&
	       last->access.pf == access->pf &&
	       last->access.regs.ac == access->regs.ac &&
	       last->access.regs.pkru == access->regs.pkru;
}

/*
 * Another root that has the same entry leads to the same tables: what a kernel runs
 * is at the same place in all of its address spaces.
 */
static void walk_move(struct mmu_walk *last, const struct pt_format *fmt,
		      gpa_t root)
{
	last->step[fmt->levels].gpa += root - last->root;
	last->root = root;
}

bool mmu_translate_again(struct mmu_vcpu *vcpu, enum mmu_ctx_kind kind,
			 u64 va, const struct gwalk_access *access, gpa_t *gpa)
{
	struct mmu_ctx *ctx = &vcpu->ctx[kind];
	struct mmu_walk *last = last_walk(ctx, access);
	const struct pt_format *fmt = ctx->walk.fmt;

	if (!walk_is_same(last, va, access))
		return false;
	ctx_root_read(vcpu, ctx);
	if (ctx->walk.root != last->root)
		walk_move(last, fmt, ctx->walk.root);
	if (!mmu_env_guest_same(vcpu, &last->step[last->level],
				fmt->levels - last->level + 1,
				fmt->entry_size))
		return false;
	*gpa = last->gfn << MMU_PAGE_SHIFT | (va & (MMU_PAGE_SIZE - 1));
	return true;
}
