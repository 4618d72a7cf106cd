/* SPDX-License-Identifier: GPL-2.0-only */
/* A vCPU's root on shadow pages: see page.h. */
#ifndef LAMINA_MMU_SHADOW_ROOT_H
#define LAMINA_MMU_SHADOW_ROOT_H

#include "mmu/shadow/types.h"

/**
 * shadow_root_top - the page at which the walk of an address begins
 * @vcpu: the vCPU, with a root of its own that is current
 * @addr: the address
 *
 * Return: the page; NULL: an absent PDPTE.
 */
struct shadow_page *shadow_root_top(const struct mmu_vcpu *vcpu, u64 addr);

/**
 * shadow_root_entry - where the processor's walk of an address ends
 * @vcpu: the vCPU, with a root of its own that is current; lock held
 * @addr: the address
 *
 * Return: the entry, of whatever level; NULL: an absent PDPTE.
 */
static inline u64 *shadow_root_entry(const struct mmu_vcpu *vcpu, u64 addr)
{
	struct shadow_page *sp = shadow_root_top(vcpu, addr);
	int level;
	u64 spte;

	if (!sp)
		return NULL;
	level = sp->role.level;
	return pt_lookup(vcpu->mmu->config, sp->spt, addr >> MMU_PAGE_SHIFT, &level,
			 &spte);
}

/**
 * shadow_root_is_of - was a root made for the tables that a context names now?
 * @r: the root
 * @ctx: the context, its root register read
 */
static inline bool shadow_root_is_of(const struct shadow_root *r,
				     const struct mmu_ctx *ctx)
{
	return r->guest_root == ctx->walk.root && r->fmt == ctx->walk.fmt &&
	       r->role.word == ctx->role.word;
}

/** shadow_root_load - see struct mmu_mode */
int shadow_root_load(struct mmu_vcpu *vcpu, hpa_t *root);

/**
 * shadow_root_flush - the guest has flushed its TLB
 * @root: a shadow root; its vCPU's own thread calls
 *
 * Not current any more; what its next load, or a fault, links is brought up to date.
 */
void shadow_root_flush(struct mmu_root *root);

/** shadow_root_drop - see struct mmu_mode */
void shadow_root_drop(struct mmu_vcpu *vcpu);

#endif
