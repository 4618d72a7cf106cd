// SPDX-License-Identifier: GPL-2.0-only
/*
 * Repeating a walk.  It pays only where the hardware does not tell the bytes of an
 * instruction (decode assists) or where the next one begins (NRIP save): there each
 * exit fetches code, and nearly always from the page of the last time.  Where it
 * does tell, nothing else wants this file.
 *
 * A walk that is repeated reads what it has read, where userspace has it.  Where that
 * is, is looked up when a walk is repeated for the first time, and again when a slot
 * has changed.
 */
#include <linux/string.h>

#include "mmu/guest/again.h"
#include "mmu/guest/ctx.h"

void again_forget(struct mmu_vcpu *vcpu)
{
	vcpu->last[0].n = 0;
	vcpu->last[1].n = 0;
}

/*
 * PAE's first entries are not read from where they lie, and who only looks leaves bits
 * unset that others would set.  Of what L1's tables translate too nothing is left: L2's
 * context has no such walks.
 */
void again_remember(struct mmu_vcpu *vcpu, u64 va,
		    const struct gwalk_access *access,
		    const struct gwalk_result *res)
{
	struct mmu_walk *last = &vcpu->last[!!(access->pf & PF_FETCH)];
	const struct mmu_ctx *ctx = &vcpu->ctx[MMU_CTX_GUEST];
	const struct pt_format *fmt = ctx->walk.fmt;

	if (!fmt || fmt == &pt_format_pae || access->no_ad)
		return;
	last->pf = access->pf;
	last->regs = access->regs;
	last->page = va >> MMU_PAGE_SHIFT;
	last->gfn = res->gpa >> MMU_PAGE_SHIFT;
	last->root = ctx->ops->root_get(vcpu);
	last->slots = 0;
	last->n = fmt->levels - res->level + 1;
	last->wide = fmt->entry_size == sizeof(u64);
	memcpy(last->step, &res->step[res->level], last->n * sizeof(*last->step));
}

/* Return: false: an entry is not in guest memory. */
static noinline bool walk_locate(struct mmu_vcpu *vcpu, struct mmu_walk *last)
{
	u64 slots = mmu_env_guest_slots(vcpu);
	unsigned int i;

	last->slots = 0;
	for (i = 0; i < last->n; i++) {
		last->at[i] = mmu_env_guest_hva(vcpu, last->step[i].gpa);
		if (!last->at[i])
			return false;
	}
	last->hva = mmu_env_guest_hva(vcpu, last->gfn << MMU_PAGE_SHIFT);
	last->slots = slots;
	return true;
}

/*
 * Another root that has the same entry leads to the same tables: what a kernel runs
 * is at the same place in all of its address spaces.
 */
static noinline bool walk_move(struct mmu_vcpu *vcpu, struct mmu_walk *last, u64 root)
{
	const struct pt_format *fmt = vcpu->ctx[MMU_CTX_GUEST].walk.fmt;
	unsigned int top = last->n - 1;

	last->step[top].gpa = ctx_root(fmt, root) +
			      (last->step[top].gpa & (MMU_PAGE_SIZE - 1));
	last->root = root;
	last->at[top] = mmu_env_guest_hva(vcpu, last->step[top].gpa);
	if (!last->at[top])
		last->slots = 0;
	return last->at[top];
}

/* Was @last for such an access to this address? */
static __always_inline bool walk_is_for(struct mmu_vcpu *vcpu, struct mmu_walk *last,
					u64 root, u64 va, u64 pf)
{
	if (!last->n || last->page != va >> MMU_PAGE_SHIFT || last->pf != pf)
		return false;
	return likely(last->root == root) || walk_move(vcpu, last, root);
}

static __always_inline bool walk_holds(struct mmu_vcpu *vcpu, struct mmu_walk *last,
				       unsigned int code)
{
	enum mmu_again r = mmu_env_guest_again(vcpu, last, code);

	if (unlikely(r == AGAIN_MOVED) && walk_locate(vcpu, last))
		r = mmu_env_guest_again(vcpu, last, code);
	return r == AGAIN_SAME;
}

bool mmu_translate_again(struct mmu_vcpu *vcpu, u64 root, u64 va,
			 const struct gwalk_access *access, gpa_t *gpa)
{
	struct mmu_walk *last = &vcpu->last[!!(access->pf & PF_FETCH)];

	if (last->regs.pkru != access->regs.pkru || last->regs.ac != access->regs.ac ||
	    !walk_is_for(vcpu, last, root, va, access->pf) ||
	    !walk_holds(vcpu, last, AGAIN_NO_CODE))
		return false;
	*gpa = last->gfn << MMU_PAGE_SHIFT | (va & (MMU_PAGE_SIZE - 1));
	return true;
}

const struct mmu_walk *mmu_code_again(struct mmu_vcpu *vcpu, u64 root, u64 va, u64 pf)
{
	struct mmu_walk *last = &vcpu->last[1];
	unsigned int offset = va & (MMU_PAGE_SIZE - 1);

	if (unlikely(offset > MMU_PAGE_SIZE - sizeof(last->code)) ||
	    !walk_is_for(vcpu, last, root, va, pf) ||
	    !walk_holds(vcpu, last, offset))
		return NULL;
	return last;
}
