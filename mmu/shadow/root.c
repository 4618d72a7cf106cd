// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's root on shadow pages.
 *
 *	guest			top pages		the processor begins at
 *	paging off		4 direct, level 2	PDPT of its own, below 4 GiB
 *	2-level			4 (quadrants), level 2	the same
 *	PAE			4 (PDPTEs), level 2	the same
 *	4 or 5 levels		1, level 4 or 5		that page
 *
 * L1's NPT or EPT is the same but that the processor begins where its own second
 * level does: between that and the top pages are upper tables of the root's own.
 *
 * Of guests with 4 or 5 levels a vCPU keeps the roots that it leaves: programs take
 * turns.  One that it comes back to, whose page has not been zapped, needs nothing
 * while no page is unsync.
 */
#include <linux/slab.h>

#include "mmu/guest/ctx.h"
#include "mmu/shadow/page.h"
#include "mmu/shadow/role.h"

#define PAE_PAGES	4

/* Roots of a vCPU, the one in use included. */
#define ROOTS_MAX	8

/* What the top pages of a root are to be; found out without the lock. */
struct root_plan {
	u8 top_level;
	u8 nr_top;
	bool present[PAE_PAGES];
	gfn_t gfn[PAE_PAGES];
	union shadow_role role[PAE_PAGES];
};

struct shadow_page *shadow_root_top(const struct mmu_vcpu *vcpu, u64 addr)
{
	const struct shadow_root *r = to_shadow_root(vcpu->root);

	return r->top[r->top_level == LEVEL_2M ? addr >> 30 & 3 : 0];
}

/* ------------------------------------------------------------------------ */

/* One of the top pages: the root's, or of a guest with 32-bit addresses a GiB's. */
static void plan_top(struct root_plan *p, struct mmu_vcpu *vcpu,
		     const struct mmu_ctx *ctx, unsigned int i)
{
	const struct pt_format *fmt = ctx->walk.fmt;
	u64 entry = ctx->walk.root;

	p->present[i] = true;
	if (!fmt) {
		p->gfn[i] = i * LEVEL_GFNS(LEVEL_1G);
		p->role[i] = shadow_role_direct(vcpu, ctx, LEVEL_2M, ACC_ALL, 0);
		return;
	}
	if (fmt == &pt_format_pae) {
		entry = ctx->walk.pdptr[i];
		p->present[i] = (entry & fmt->present) &&
				!pt_rsvd_bad(&ctx->walk.rsvd, fmt, entry, LEVEL_1G);
	}
	p->gfn[i] = (entry & fmt->addr) >> MMU_PAGE_SHIFT;
	p->role[i] = shadow_role_child(vcpu, ctx, p->top_level, ACC_ALL,
				       (u64)i << 30);
}

/* What walks read from memory, for the top pages. */
static void root_pdptes_read(struct mmu_vcpu *vcpu, struct gwalk_ctx *walk)
{
	if (mmu_env_guest_read(vcpu, walk->root, walk->pdptr,
			       sizeof(walk->pdptr)))
		memset(walk->pdptr, 0, sizeof(walk->pdptr));
}

static void plan_make(struct root_plan *p, struct mmu_vcpu *vcpu,
		      struct mmu_ctx *ctx)
{
	unsigned int i;

	if (ctx->walk.fmt)
		ctx_root_read(vcpu, ctx);
	if (ctx->walk.fmt == &pt_format_pae && ctx->walk.pdptr_mem)
		root_pdptes_read(vcpu, &ctx->walk);
	p->top_level = LEVEL_2M;
	p->nr_top = PAE_PAGES;
	if (ctx->walk.fmt && ctx->walk.fmt->levels > LEVEL_1G) {
		p->top_level = ctx->walk.fmt->levels;
		p->nr_top = 1;
	}
	for (i = 0; i < p->nr_top; i++)
		plan_top(p, vcpu, ctx, i);
}

/* ------------------------------------------------------------------------ */

/* Of those kept the one that the context names now. */
static struct shadow_root *kept_find(struct mmu_vcpu *vcpu, const struct mmu_ctx *ctx)
{
	struct shadow_root **at, *r;

	for (at = &vcpu->kept; (r = *at); at = &r->older) {
		if (!shadow_root_is_of(r, ctx) || r->base.as_id != vcpu->as_id)
			continue;
		*at = r->older;
		return r;
	}
	return NULL;
}

/* The oldest, if there are enough. */
static struct shadow_root *kept_oldest(struct mmu_vcpu *vcpu)
{
	struct shadow_root **at = &vcpu->kept, *r;
	unsigned int n = 1;

	for (; (r = *at) && r->older; at = &r->older)
		n++;
	if (n < ROOTS_MAX)
		return NULL;
	*at = NULL;
	return r;
}

/* Return: false: it is to be made, or made anew. */
static bool root_comes_back(struct mmu_vcpu *vcpu)
{
	struct mmu_ctx *ctx = &vcpu->ctx[vcpu->mode->kind];
	struct mmu *mmu = vcpu->mmu;
	struct shadow_root *r;
	bool ready;

	if (vcpu->root || !vcpu->kept || !ctx->walk.fmt)
		return false;
	ctx_root_read(vcpu, ctx);
	r = kept_find(vcpu, ctx);
	if (!r)
		return false;
	vcpu->root = &r->base;
	/* Who brings a page up to date has the lock until it has done so. */
	read_lock(&mmu->lock);
	ready = !r->base.obsolete && !mmu->shadow->nr_unsync;
	read_unlock(&mmu->lock);
	if (!ready)
		shadow_root_flush(&r->base);
	return ready;
}

static struct shadow_root *shadow_root_alloc(struct mmu_vcpu *vcpu)
{
	struct shadow_root *r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
	struct mmu *mmu = vcpu->mmu;

	if (!r)
		return NULL;
	r->base.obsolete = true;
	write_lock(&mmu->lock);
	list_add(&r->base.link, &mmu->shadow->roots);
	write_unlock(&mmu->lock);
	vcpu->root = &r->base;
	return r;
}

/* One that can be made anew: its pages stay until then. */
static struct shadow_root *root_take(struct mmu_vcpu *vcpu)
{
	struct shadow_root *r;

	if (vcpu->root)
		return to_shadow_root(vcpu->root);
	r = kept_oldest(vcpu);
	if (!r)
		return shadow_root_alloc(vcpu);
	shadow_root_flush(&r->base);
	vcpu->root = &r->base;
	return r;
}

static int hw_level(const struct mmu_config *cfg, const struct root_plan *p)
{
	if (cfg->second != MMU_SECOND_NONE)
		return cfg->levels;
	return p->top_level == LEVEL_2M ? LEVEL_1G : p->top_level;
}

static int upper_alloc(const struct mmu_config *cfg, struct shadow_root *r,
		       const struct root_plan *p)
{
	bool low = cfg->second == MMU_SECOND_NONE;
	int level;

	for (level = p->top_level + 1; level <= hw_level(cfg, p); level++) {
		if (r->upper[level])
			continue;
		r->upper[level] = low ? mmu_env_table_alloc_low() :
				       mmu_env_table_alloc(true);
		if (!r->upper[level])
			return -ENOMEM;
	}
	return 0;
}

/* What every plan needs, before the lock is taken. */
static int root_prepare(struct mmu_vcpu *vcpu, const struct root_plan *p)
{
	struct shadow_root *r;

	if (shadow_activate(vcpu->mmu))
		return -ENOMEM;
	r = root_take(vcpu);
	if (!r)
		return -ENOMEM;
	return upper_alloc(vcpu->mmu->config, r, p);
}

/* PAE's PDPTEs: rights, A and D are reserved there (APM vol. 2, 5.2.3). */
static u64 upper_entry(const struct mmu_config *cfg, u64 *table)
{
	/* Of the address field: memory encryption. */
	u64 bits = cfg->fmt->present | (cfg->table & GENMASK_ULL(51, 12));

	if (cfg->second != MMU_SECOND_NONE)
		return spte_table(cfg, table);
	return virt_to_phys(table) | bits;
}

static void upper_fill(const struct mmu_config *cfg, struct shadow_root *r)
{
	int level = r->top_level + 1;
	unsigned int i;
	u64 *upper;

	if (level > r->hw_level)
		return;
	upper = r->upper[level];
	for (i = 0; i < PAE_PAGES; i++)
		WRITE_ONCE(upper[i], r->top[i] ?
			   upper_entry(cfg, r->top[i]->spt) : 0);
	while (++level <= r->hw_level)
		WRITE_ONCE(r->upper[level][0],
			   upper_entry(cfg, r->upper[level - 1]));
}

static void root_publish(struct mmu_vcpu *vcpu, struct shadow_root *r,
			 const struct root_plan *p)
{
	const struct mmu_config *cfg = vcpu->mmu->config;
	const struct mmu_ctx *ctx = &vcpu->ctx[vcpu->mode->kind];

	r->top_level = p->top_level;
	r->hw_level = hw_level(cfg, p);
	upper_fill(cfg, r);
	r->base.table = r->hw_level > r->top_level ? r->upper[r->hw_level] :
						     r->top[0]->spt;
	r->fmt = ctx->walk.fmt;
	r->role = ctx->role;
	r->guest_root = ctx->walk.root;
	r->base.as_id = vcpu->as_id;
	WRITE_ONCE(r->base.obsolete, false);
}

static void root_pages_leave(struct shadow_root *r, struct shadow_batch *b)
{
	unsigned int i;

	for (i = 0; i < r->nr_top; i++) {
		if (!r->top[i])
			continue;
		shadow_root_unref(r->top[i], b);
		r->top[i] = NULL;
		b->mmu->shadow->nr_tops--;
	}
}

/* The lock is held.  A failure leaves no root, which is not current. */
static bool root_pages_take(struct mmu_vcpu *vcpu, struct shadow_root *r,
			    const struct root_plan *p, struct shadow_batch *b)
{
	struct shadow_page *sp;
	unsigned int i;

	root_pages_leave(r, b);
	reclaim_room(vcpu->mmu, p->nr_top, b);
	r->nr_top = p->nr_top;
	for (i = 0; i < p->nr_top; i++) {
		if (!p->present[i])
			continue;
		sp = shadow_get(vcpu, p->gfn[i], p->role[i], b);
		if (!sp)
			return false;
		sp->roots++;
		r->top[i] = sp;
		b->mmu->shadow->nr_tops++;
	}
	return true;
}

static noinline int root_make(struct mmu_vcpu *vcpu)
{
	struct mmu *mmu = vcpu->mmu;
	struct shadow_batch b = SHADOW_BATCH_INIT(b, mmu);
	struct root_plan p __uninitialized;
	struct shadow_root *r;
	bool done;

	do {
		plan_make(&p, vcpu, &vcpu->ctx[vcpu->mode->kind]);
		if (root_prepare(vcpu, &p))
			return -ENOMEM;
		r = to_shadow_root(vcpu->root);
		write_lock(&mmu->lock);
		WRITE_ONCE(r->base.obsolete, true);
		done = root_pages_take(vcpu, r, &p, &b);
		if (done)
			root_publish(vcpu, r, &p);
		shadow_batch_commit(&b);
		write_unlock(&mmu->lock);
		/* Mostly the pages are there already, and need no reserve. */
		if (!done && (shadow_batch_room(&b) ||
			      shadow_cache_fill(vcpu, p.nr_top)))
			return -ENOMEM;
	} while (!done);
	return 0;
}

int shadow_root_load(struct mmu_vcpu *vcpu, hpa_t *root)
{
	if (!root_comes_back(vcpu) && root_make(vcpu))
		return -ENOMEM;
	*root = virt_to_phys(vcpu->root->table);
	return 1;
}

static void root_free(struct mmu *mmu, struct shadow_root *r)
{
	struct shadow_batch b = SHADOW_BATCH_INIT(b, mmu);
	int level;

	write_lock(&mmu->lock);
	root_pages_leave(r, &b);
	list_del(&r->base.link);
	shadow_batch_commit(&b);
	write_unlock(&mmu->lock);
	for (level = LEVEL_4K; level <= LEVEL_MAX; level++)
		if (r->upper[level])
			mmu_env_table_free(r->upper[level]);
	kfree(r);
}

void shadow_root_drop(struct mmu_vcpu *vcpu)
{
	struct shadow_root *r;

	if (vcpu->root)
		root_free(vcpu->mmu, to_shadow_root(vcpu->root));
	vcpu->root = NULL;
	while ((r = vcpu->kept)) {
		vcpu->kept = r->older;
		root_free(vcpu->mmu, r);
	}
}

void shadow_root_flush(struct mmu_root *root)
{
	/* Whatever the next root links is brought up to date: shadow_get(). */
	WRITE_ONCE(root->obsolete, true);
}

void mmu_guest_flush(struct mmu_vcpu *vcpu)
{
	struct shadow_root *r;

	if (vcpu->mode != &mmu_mode_shadow || !vcpu->root)
		return;
	r = to_shadow_root(vcpu->root);
	/* What PDPTEs say is only known when they are read again. */
	if (r->top_level == LEVEL_2M) {
		shadow_root_flush(vcpu->root);
		return;
	}
	r->older = vcpu->kept;
	vcpu->kept = r;
	vcpu->root = NULL;
}
