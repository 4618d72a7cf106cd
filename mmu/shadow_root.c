// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's root on shadow pages.
 *
 *	guest			top pages		the processor begins at
 *	paging off		4 direct, level 2	PDPT of its own, below 4 GiB
 *	2-level			4 (quadrants), level 2	the same
 *	PAE			4 (PDPTEs), level 2	the same
 *	4 or 5 levels		1, level 4 or 5		that page
 */
#include <linux/errno.h>
#include <linux/slab.h>

#include "mmu/ctx.h"
#include "mmu/shadow.h"
#include "mmu/shadow_role.h"

#define PAE_TOPS	4

/* What the tops of a root are to be; found out without the lock. */
struct plan {
	u8 top_level;
	u8 tops;
	bool present[PAE_TOPS];
	gfn_t gfn[PAE_TOPS];
	union shadow_role role[PAE_TOPS];
};

static struct shadow_root *to_shadow_root(struct mmu_root *root)
{
	return container_of(root, struct shadow_root, base);
}

struct shadow_page *shadow_root_top(const struct mmu_vcpu *vcpu, u64 addr)
{
	const struct shadow_root *r = to_shadow_root(vcpu->root);

	return r->top[r->top_level == LEVEL_2M ? addr >> 30 & 3 : 0];
}

/* ------------------------------------------------------------------------ */

static void plan_long(struct plan *p, struct mmu_vcpu *vcpu,
		      const struct mmu_ctx *ctx)
{
	p->top_level = ctx->walk.fmt->levels;
	p->tops = 1;
	p->present[0] = true;
	p->gfn[0] = ctx->walk.root >> MMU_PAGE_SHIFT;
	p->role[0] = shadow_role_child(vcpu, ctx, p->top_level, ACC_ALL, 0);
}

/* One GiB of a guest with 32-bit addresses. */
static void plan_gib(struct plan *p, struct mmu_vcpu *vcpu,
		     const struct mmu_ctx *ctx, unsigned int i)
{
	const struct pt_format *fmt = ctx->walk.fmt;
	gpa_t pd;

	if (!fmt) {
		p->gfn[i] = i * LEVEL_GFNS(LEVEL_1G);
		p->role[i] = shadow_role_direct(vcpu, ctx, LEVEL_2M, ACC_ALL, 0);
		p->present[i] = true;
		return;
	}
	p->role[i] = shadow_role_child(vcpu, ctx, LEVEL_2M, ACC_ALL,
				       (u64)i << 30);
	p->present[i] = fmt != &pt_format_pae ||
			((ctx->walk.pdptr[i] & fmt->present) &&
			 !pt_rsvd_bad(&ctx->walk.rsvd, fmt, ctx->walk.pdptr[i],
				      LEVEL_1G));
	pd = fmt == &pt_format_pae ? ctx->walk.pdptr[i] & fmt->addr :
				     ctx->walk.root;
	p->gfn[i] = pd >> MMU_PAGE_SHIFT;
}

static void plan_make(struct plan *p, struct mmu_vcpu *vcpu,
		      struct mmu_ctx *ctx)
{
	unsigned int i;

	if (ctx->walk.fmt)
		ctx_root_read(vcpu, ctx);
	if (ctx->walk.fmt && ctx->walk.fmt->levels > LEVEL_1G) {
		plan_long(p, vcpu, ctx);
		return;
	}
	p->top_level = LEVEL_2M;
	p->tops = PAE_TOPS;
	for (i = 0; i < PAE_TOPS; i++)
		plan_gib(p, vcpu, ctx, i);
}

/* ------------------------------------------------------------------------ */

static struct shadow_root *root_alloc(struct mmu_vcpu *vcpu)
{
	struct shadow_root *r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
	struct mmu *mmu = vcpu->mmu;

	if (!r)
		return NULL;
	r->base.obsolete = true;
	r->resync = true;
	write_lock(&mmu->lock);
	list_add(&r->base.link, &mmu->shadow->roots);
	write_unlock(&mmu->lock);
	vcpu->root = &r->base;
	return r;
}

/* What the plan needs, before the lock is taken. */
static int root_prepare(struct mmu_vcpu *vcpu, const struct plan *p)
{
	struct shadow_root *r;

	if (shadow_activate(vcpu->mmu))
		return -ENOMEM;
	r = vcpu->root ? to_shadow_root(vcpu->root) : root_alloc(vcpu);
	if (!r)
		return -ENOMEM;
	if (p->top_level == LEVEL_2M && !r->pass[LEVEL_1G]) {
		r->pass[LEVEL_1G] = mmu_env_table_alloc_low();
		if (!r->pass[LEVEL_1G])
			return -ENOMEM;
	}
	return cache_fill_shadow(vcpu, p->tops);
}

/* An entry of the PDPT: rights, A and D are reserved there (APM vol. 2, 5.2.3). */
static u64 pdpte_make(const struct mmu_config *cfg, struct shadow_page *sp)
{
	/* Of the address field: memory encryption. */
	u64 bits = cfg->fmt->present | (cfg->table & GENMASK_ULL(51, 12));

	return sp ? virt_to_phys(sp->spt) | bits : 0;
}

static void root_publish(struct mmu_vcpu *vcpu, struct shadow_root *r,
			 const struct plan *p)
{
	unsigned int i;

	r->top_level = p->top_level;
	if (p->top_level == LEVEL_2M) {
		for (i = 0; i < PAE_TOPS; i++)
			WRITE_ONCE(r->pass[LEVEL_1G][i],
				   pdpte_make(vcpu->mmu->config, r->top[i]));
		r->base.table = r->pass[LEVEL_1G];
	} else {
		r->base.table = r->top[0]->spt;
	}
	r->hw_level = p->top_level == LEVEL_2M ? LEVEL_1G : p->top_level;
	r->base.as_id = vcpu->as_id;
	WRITE_ONCE(r->base.obsolete, false);
}

static void tops_leave(struct shadow_root *r, struct shadow_debt *d)
{
	unsigned int i;

	for (i = 0; i < PAE_TOPS; i++)
		if (r->top[i])
			shadow_root_unref(r->top[i], d);
	memset(r->top, 0, sizeof(r->top));
}

/* The lock is held.  A failure leaves no root, which is not current. */
static bool tops_take(struct mmu_vcpu *vcpu, struct shadow_root *r,
		      const struct plan *p, struct shadow_debt *d)
{
	struct shadow_page *sp;
	unsigned int i;

	tops_leave(r, d);
	reclaim_room(vcpu->mmu, p->tops, d);
	if (r->resync)
		unsync_all(vcpu, d);
	r->resync = false;
	for (i = 0; i < p->tops; i++) {
		if (!p->present[i])
			continue;
		sp = shadow_get(vcpu, p->gfn[i], p->role[i], d);
		if (!sp)
			return false;
		sp->roots++;
		r->top[i] = sp;
	}
	return true;
}

int shadow_root_load(struct mmu_vcpu *vcpu, hpa_t *root)
{
	struct mmu *mmu = vcpu->mmu;
	struct plan p = { };
	struct shadow_root *r;
	struct shadow_debt d;
	bool done;

	do {
		plan_make(&p, vcpu, &vcpu->ctx[vcpu->mode->kind]);
		if (root_prepare(vcpu, &p))
			return -ENOMEM;
		r = to_shadow_root(vcpu->root);
		shadow_debt_init(&d, mmu);
		write_lock(&mmu->lock);
		WRITE_ONCE(r->base.obsolete, true);
		done = tops_take(vcpu, r, &p, &d);
		if (done)
			root_publish(vcpu, r, &p);
		shadow_debt_pay(&d);
		write_unlock(&mmu->lock);
		if (shadow_debt_room(&d))
			return -ENOMEM;
	} while (!done);
	*root = virt_to_phys(r->base.table);
	return 1;
}

void shadow_root_drop(struct mmu_vcpu *vcpu)
{
	struct mmu *mmu = vcpu->mmu;
	struct shadow_root *r;
	struct shadow_debt d;
	int level;

	if (!vcpu->root)
		return;
	r = to_shadow_root(vcpu->root);
	shadow_debt_init(&d, mmu);
	write_lock(&mmu->lock);
	tops_leave(r, &d);
	list_del(&r->base.link);
	shadow_debt_pay(&d);
	write_unlock(&mmu->lock);
	for (level = LEVEL_4K; level <= LEVEL_MAX; level++)
		if (r->pass[level])
			mmu_env_table_free(r->pass[level]);
	kfree(r);
	vcpu->root = NULL;
}

void mmu_guest_flush(struct mmu_vcpu *vcpu)
{
	if (!vcpu->mode->walks || !vcpu->root)
		return;
	to_shadow_root(vcpu->root)->resync = true;
	WRITE_ONCE(vcpu->root->obsolete, true);
}

const struct mmu_mode mmu_mode_shadow = {
	.kind = MMU_CTX_GUEST,
	.walks = true,
	.root_load = shadow_root_load,
	.root_drop = shadow_root_drop,
	.map = shadow_map,
};
