// SPDX-License-Identifier: GPL-2.0-only
/* Shadow pages: found and made, their entries set and dropped, taken apart. */
#include <linux/bug.h>
#include <linux/slab.h>

#include "mmu/shadow/page.h"
#include "mmu/shadow/trace.h"
#include "mmu/tdp/entry.h"

/* Under a lock: no waiting; shadow_batch_room() then waits without it. */
#define XA_GFP	(GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN)

/* ------------------------------------------------------------------------ */
/* Flush batches. */

static void page_free(struct mmu_shadow *s, struct shadow_page *sp)
{
	mmu_env_table_own(sp->spt, NULL);
	mmu_env_table_free(sp->spt);
	if (sp->side) {
		mmu_env_table_free(sp->side);
		s->nr_side--;
	}
	shadow_cache_free(sp);
}

static void batch_flush_tlbs(const struct shadow_batch *b)
{
	if (b->own)
		mmu_env_flush_others(b->own);
	else
		mmu_env_flush(b->mmu, 0, ~0ull);
}

void shadow_batch_flush(struct shadow_batch *b)
{
	struct shadow_page *sp, *next;

	/* Before the pages go: their addresses may be in paging-structure caches. */
	if (b->flush)
		batch_flush_tlbs(b);
	b->flush = false;
	list_for_each_entry_safe(sp, next, &b->zapped, link)
		page_free(b->mmu->shadow, sp);
	INIT_LIST_HEAD(&b->zapped);
	pt_count_publish(&b->count, b->mmu);
	b->counted = false;
}

int shadow_batch_room(struct shadow_batch *b)
{
	struct rmap_index *rmap = b->full_rmap;
	struct xarray *xa = b->full;

	b->full = NULL;
	b->full_rmap = NULL;
	if (rmap)
		return rmap_chunk_room(rmap, b->full_index, &b->mmu->lock);
	return xa ? xa_reserve(xa, b->full_index, GFP_KERNEL_ACCOUNT) : 0;
}

/* ------------------------------------------------------------------------ */
/* Activation. */

int shadow_activate(struct mmu *mmu)
{
	struct mmu_shadow *s;
	int as, level;

	/* Pairs with the release below. */
	if (smp_load_acquire(&mmu->shadow))
		return 0;
	s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	if (!s)
		return -ENOMEM;
	xa_init_flags(&s->tracked.table, XA_FLAGS_ACCOUNT);
	for (as = 0; as < 2; as++) {
		for (level = LEVEL_4K; level <= LEVEL_2M; level++)
			xa_init_flags(&s->direct[as][level - 1], XA_FLAGS_ACCOUNT);
		for (level = LEVEL_4K; level <= LEVEL_1G; level++) {
			xa_init_flags(&s->home[as][level - 1], XA_FLAGS_ACCOUNT);
			rmap_index_init(&s->rmap[as][level - 1]);
		}
	}
	INIT_LIST_HEAD(&s->pages);
	INIT_LIST_HEAD(&s->unsync);
	INIT_LIST_HEAD(&s->roots);
	write_lock(&mmu->lock);
	if (!mmu->shadow) {
		mmu->tracked = &s->tracked;
		smp_store_release(&mmu->shadow, s);
		s = NULL;
	}
	write_unlock(&mmu->lock);
	kfree(s);
	return 0;
}

void shadow_destroy(struct mmu *mmu)
{
	struct mmu_shadow *s = mmu->shadow;
	struct shadow_page *sp, *next;
	struct shadow_batch b = SHADOW_BATCH_INIT(b, mmu);
	int as, level;

	if (!s)
		return;
	write_lock(&mmu->lock);
	WARN_ON_ONCE(!list_empty(&s->roots));
	list_for_each_entry_safe(sp, next, &s->pages, link)
		shadow_zap_page(s, sp, &b);
	/* No vCPU is left that could have cached anything. */
	b.flush = false;
	shadow_batch_commit(&b);
	mmu->shadow = NULL;
	mmu->tracked = NULL;
	write_unlock(&mmu->lock);
	xa_destroy(&s->tracked.table);
	for (as = 0; as < 2; as++) {
		for (level = LEVEL_4K; level <= LEVEL_2M; level++)
			xa_destroy(&s->direct[as][level - 1]);
		for (level = LEVEL_4K; level <= LEVEL_1G; level++) {
			xa_destroy(&s->home[as][level - 1]);
			rmap_index_destroy(&s->rmap[as][level - 1]);
		}
	}
	kfree(s);
}

/* ------------------------------------------------------------------------ */
/* Leaves and their reverse maps. */

static struct rmap_index *rmap_of(struct mmu_shadow *s, int as_id, int level)
{
	return &s->rmap[as_id][level - 1];
}

static unsigned long rmap_number(int level, gfn_t gfn)
{
	return gfn >> ((level - 1) * PT_INDEX_BITS);
}

struct shadow_page *shadow_direct(struct mmu_shadow *s, int as_id, int level,
				  gfn_t gfn)
{
	struct xarray *xa = &s->direct[as_id][level - 1];

	return xa_empty(xa) ? NULL : xa_load(xa, gfn >> (level * PT_INDEX_BITS));
}

struct rmap_head shadow_rmap_get(struct mmu_shadow *s, int as_id, int level,
				 gfn_t gfn)
{
	unsigned long index = rmap_number(level, gfn);
	struct rmap_chunk *c = rmap_chunk_get(rmap_of(s, as_id, level), index);

	return c ? *rmap_chunk_head(c, index) : (struct rmap_head){ 0 };
}

/* rmap_remove(), which knows no VM. */
static void spte_unlist(struct mmu_shadow *s, struct rmap_head *head, u64 *sptep,
			struct pte_list_desc *at, rmap_place_fn place)
{
	struct pte_list_desc *empty = rmap_remove(head, sptep, at, place);

	s->nr_descs -= !!empty;
	rmap_desc_free(empty);
}

static u64 *side_of(const struct shadow_page *sp, const u64 *sptep)
{
	return &sp->side[sptep - sp->spt];
}

static void leaf_place(u64 *sptep, struct pte_list_desc *desc)
{
	*side_of(shadow_page_of(sptep), sptep) = (unsigned long)desc;
}

/* The frame for which an entry stands by its place. */
static gfn_t place_gfn(const struct shadow_page *sp, const u64 *sptep)
{
	return sp->home + (sptep - sp->spt) * LEVEL_GFNS(sp->role.level);
}

gfn_t shadow_leaf_gfn(const u64 *sptep)
{
	return shadow_page_leaf_gfn(shadow_page_of(sptep), sptep);
}

gfn_t shadow_page_leaf_gfn(const struct shadow_page *sp, const u64 *sptep)
{
	u64 side = shadow_side(sp, sptep);

	if (!side)
		return place_gfn(sp, sptep);
	if (side & 1)
		return side >> 1;
	return rmap_desc_key((struct pte_list_desc *)(unsigned long)side);
}

static struct xarray *home_xa(struct mmu_shadow *s, const struct shadow_page *sp)
{
	return &s->home[sp->role.as_id][sp->role.level - 1];
}

static unsigned long home_index(const struct shadow_page *sp, gfn_t gfn)
{
	return gfn >> (sp->role.level * PT_INDEX_BITS);
}

/* Could the page be the home of a leaf's region? */
static bool home_is_free(struct mmu_shadow *s, const struct shadow_page *sp,
			 const u64 *sptep, gfn_t gfn)
{
	return sp->home == SHADOW_NO_HOME &&
	       pt_slot(gfn, sp->role.level) == sptep - sp->spt &&
	       !xa_load(home_xa(s, sp), home_index(sp, gfn));
}

static int home_take(struct shadow_page *sp, gfn_t gfn, struct shadow_batch *b)
{
	struct xarray *xa = home_xa(b->mmu->shadow, sp);
	unsigned long i = home_index(sp, gfn);

	if (xa_err(xa_store(xa, i, sp, XA_GFP))) {
		b->full = xa;
		b->full_rmap = NULL;
		b->full_index = i;
		return -ENOMEM;
	}
	sp->home = gfn & LEVEL_MASK(sp->role.level + 1);
	return 0;
}

static void home_leave(struct mmu_shadow *s, struct shadow_page *sp)
{
	if (!sp->role.direct && sp->home != SHADOW_NO_HOME)
		xa_erase(home_xa(s, sp), home_index(sp, sp->home));
}

static bool side_make(struct mmu_shadow *s, struct shadow_page *sp,
		      struct mmu_reserve *r)
{
	sp->side = cache_take(r->tables);
	s->nr_side += sp->side != NULL;
	return sp->side;
}

static int leaf_list(struct shadow_page *sp, u64 *sptep, gfn_t gfn,
		     struct mmu_reserve *r, struct shadow_batch *b)
{
	int level = sp->role.level;
	struct rmap_index *rmap = rmap_of(b->mmu->shadow, sp->role.as_id, level);
	unsigned long index = rmap_number(level, gfn);
	struct rmap_chunk *c;
	struct rmap_head *head;

	/* First what stays the page's in any case: an empty chunk would be nobody's. */
	if (!sp->side && !side_make(b->mmu->shadow, sp, r))
		return -ENOMEM;
	c = rmap_chunk_make(rmap, index);
	if (!c) {
		b->full_rmap = rmap;
		b->full_index = index;
		return -ENOMEM;
	}
	head = rmap_chunk_head(c, index);
	if (head->val && !r->desc)
		return -ENOMEM;
	c->used += !head->val;
	*side_of(sp, sptep) = gfn << 1 | 1;
	b->mmu->shadow->nr_descs += rmap_add(head, sptep, gfn, &r->desc, leaf_place);
	return 0;
}

static noinline int leaf_find_place(struct shadow_page *sp, u64 *sptep, gfn_t gfn,
				    struct mmu_reserve *r, struct shadow_batch *b)
{
	if (home_is_free(b->mmu->shadow, sp, sptep, gfn))
		return home_take(sp, gfn, b);
	return leaf_list(sp, sptep, gfn, r, b);
}

int shadow_leaf_set(u64 *sptep, u64 spte, gfn_t gfn, struct mmu_reserve *r,
		    struct shadow_batch *b)
{
	struct shadow_page *sp = shadow_page_of(sptep);

	if (!sp->role.direct && place_gfn(sp, sptep) != gfn &&
	    leaf_find_place(sp, sptep, gfn, r, b))
		return -ENOMEM;
	WRITE_ONCE(*sptep, spte);
	b->count.mapped[sp->role.level]++;
	b->counted = true;
	return 0;
}

static void leaf_unlist(struct mmu_shadow *s, struct shadow_page *sp,
			u64 *sptep)
{
	struct rmap_index *rmap = rmap_of(s, sp->role.as_id, sp->role.level);
	unsigned long index = rmap_number(sp->role.level,
					  shadow_leaf_gfn(sptep));
	struct rmap_chunk *c = rmap_chunk_get(rmap, index);
	struct rmap_head *head = rmap_chunk_head(c, index);
	u64 side = *side_of(sp, sptep);
	struct pte_list_desc *at = NULL;

	if (!(side & 1))
		at = (struct pte_list_desc *)(unsigned long)side;
	*side_of(sp, sptep) = 0;
	spte_unlist(s, head, sptep, at, leaf_place);
	c->used -= !head->val;
}

void shadow_drop(u64 *sptep, struct shadow_batch *b)
{
	const struct mmu_config *cfg = b->mmu->config;
	struct shadow_page *sp, *child;
	u64 spte = READ_ONCE(*sptep);

	if (!spte_is_present(spte))
		return;
	sp = shadow_page_of(sptep);
	/* An accessed bit that the processor sets meanwhile is lost with the leaf. */
	WRITE_ONCE(*sptep, 0);
	b->flush = true;
	if (spte_is_table(cfg, spte, sp->role.level)) {
		child = shadow_page_of(spte_table_of(cfg, spte));
		spte_unlist(b->mmu->shadow, &child->parents, sptep, NULL, NULL);
		return;
	}
	if (!shadow_is_home(sp, sptep))
		leaf_unlist(b->mmu->shadow, sp, sptep);
	b->count.mapped[sp->role.level]--;
	b->counted = true;
}

/* The frame's entry in a page of its region. */
static void page_protect_gfn(struct shadow_page *sp, gfn_t gfn, struct shadow_batch *b)
{
	int level = sp->role.level;
	u64 *sptep = &sp->spt[pt_slot(gfn, level)];

	if (shadow_is_home(sp, sptep) && !spte_is_table(b->mmu->config, *sptep, level))
		shadow_protect(sptep, b);
}

static void direct_protect_gfn(struct mmu_shadow *s, int as_id, int level,
			       gfn_t gfn, struct shadow_batch *b)
{
	struct shadow_page *sp = shadow_direct(s, as_id, level, gfn);

	for (; sp; sp = sp->same)
		page_protect_gfn(sp, gfn, b);
}

static void space_protect_gfn(struct mmu_shadow *s, int as_id, gfn_t gfn,
			      struct shadow_batch *b)
{
	struct shadow_page *home;
	struct rmap_head head;
	struct rmap_iter it;
	u64 *sptep;
	int level;

	for (level = LEVEL_4K; level <= LEVEL_1G; level++) {
		home = shadow_home(s, as_id, level, gfn);
		if (home)
			page_protect_gfn(home, gfn, b);
		head = shadow_rmap_get(s, as_id, level, gfn);
		rmap_for_each(sptep, &it, &head)
			shadow_protect(sptep, b);
	}
	for (level = LEVEL_4K; level <= LEVEL_2M; level++)
		direct_protect_gfn(s, as_id, level, gfn, b);
}

void shadow_protect_gfn(struct mmu_shadow *s, gfn_t gfn, struct shadow_batch *b)
{
	struct mmu_root *root;

	space_protect_gfn(s, 0, gfn, b);
	space_protect_gfn(s, 1, gfn, b);
	/* L1's own view of it. */
	list_for_each_entry(root, &b->mmu->roots, link)
		if (tdp_track(b->mmu, root, gfn))
			b->flush = true;
}

/* ------------------------------------------------------------------------ */
/* Pages. */

static struct xarray *page_xa(struct mmu_shadow *s, union shadow_role role)
{
	return role.direct ? &s->direct[role.as_id][role.level - 1] :
			     &s->tracked.table;
}

/* Its place in there. */
static unsigned long page_index(gfn_t gfn, union shadow_role role)
{
	return role.direct ? gfn >> (role.level * PT_INDEX_BITS) : gfn;
}

struct shadow_page *shadow_find(struct mmu_shadow *s, gfn_t gfn,
				union shadow_role role)
{
	struct shadow_page *sp;

	sp = xa_load(page_xa(s, role), page_index(gfn, role));
	for (; sp; sp = sp->same)
		if (sp->role.word == role.word)
			return sp;
	return NULL;
}

/* Make a page known, in which nothing is.  False: see shadow_batch_room(). */
static bool shadow_publish(struct mmu_shadow *s, struct shadow_page *sp,
			   struct shadow_batch *b)
{
	unsigned long i = page_index(sp->gfn, sp->role);
	struct xarray *xa = page_xa(s, sp->role);

	sp->same = xa_load(xa, i);
	if (xa_err(xa_store(xa, i, sp, XA_GFP))) {
		b->full = xa;
		b->full_rmap = NULL;
		b->full_index = i;
		return false;
	}
	/*
	 * Then the guest's table is read.  Pairs with mmu_guest_written(): who
	 * writes there finds the page, or we read what was written.
	 */
	smp_mb();
	mmu_env_table_own(sp->spt, sp);
	sp->epoch = s->epoch;
	INIT_LIST_HEAD(&sp->unsync_link);
	list_add_tail(&sp->link, &s->pages);
	s->nr_pages++;
	b->count.tables++;
	b->counted = true;
	if (!sp->role.direct)
		shadow_protect_gfn(s, sp->gfn, b);
	return true;
}

struct shadow_page *shadow_make(struct mmu_reserve *r, gfn_t gfn,
				union shadow_role role, struct shadow_batch *b)
{
	struct shadow_page *sp;

	if (!r || !r->pages || !r->tables->n)
		return NULL;
	sp = r->page[r->pages - 1];
	sp->spt = cache_first(r->tables);
	sp->gfn = gfn;
	sp->home = role.direct ? gfn : SHADOW_NO_HOME;
	sp->role = role;
	if (!shadow_publish(b->mmu->shadow, sp, b))
		return NULL;
	r->pages--;
	cache_take(r->tables);
	b->mmu->shadow->stat[MMU_STAT_MADE]++;
	if (tracepoint_enabled(kvm_mmu_get_page))
		shadow_trace_page(MMU_TRACE_MADE, sp);
	return sp;
}

struct shadow_page *shadow_get(struct mmu_vcpu *vcpu, gfn_t gfn,
			       union shadow_role role, struct shadow_batch *b)
{
	struct shadow_page *sp = shadow_find(vcpu->mmu->shadow, gfn, role);

	if (!sp)
		return shadow_make(vcpu->reserve, gfn, role, b);
	if (sp->unsync)
		unsync_page(vcpu, sp, b);
	/*
	 * What is below joins addresses that had another translation or none, so
	 * there it is no old one that they may still have.
	 */
	if (role.level > LEVEL_4K && !role.direct &&
	    !list_empty(&vcpu->mmu->shadow->unsync))
		unsync_all(vcpu, b);
	return sp;
}

/*
 * Who drops a link searches the list, under the lock, and a page has 512 of them: so the
 * list is bounded.  All of it goes at once, which needs no search, and what of it is in
 * use comes back by one fault each.
 */
static void links_bound(struct shadow_page *child, struct shadow_batch *b)
{
	struct rmap_iter it;
	u64 *sptep;

	if (likely(rmap_chain_key(&child->parents) < SHADOW_LINK_DESCS))
		return;
	while ((sptep = rmap_first(&it, &child->parents)))
		shadow_drop(sptep, b);
}

void shadow_link(u64 *sptep, struct shadow_page *child,
		 struct pte_list_desc **desc, struct shadow_batch *b)
{
	unsigned long key;

	links_bound(child, b);
	/* A descriptor's number in the chain. */
	key = rmap_chain_key(&child->parents) + 1;
	b->mmu->shadow->nr_descs += rmap_add(&child->parents, sptep, key, desc, NULL);
	/* What it holds was stored before. */
	smp_store_release(sptep, spte_table(b->mmu->config, child->spt));
}

static void page_forget(struct mmu_shadow *s, struct shadow_page *sp)
{
	unsigned long i = page_index(sp->gfn, sp->role);
	struct xarray *xa = page_xa(s, sp->role);
	struct shadow_page *p = xa_load(xa, i);

	if (p == sp) {
		if (sp->same)
			xa_store(xa, i, sp->same, XA_GFP);
		else
			xa_erase(xa, i);
		return;
	}
	while (p->same != sp)
		p = p->same;
	p->same = sp->same;
}

/* vCPUs that run on it must look for another root. */
static void roots_leave(struct mmu_shadow *s, const struct shadow_page *sp)
{
	struct shadow_root *r;
	int i;

	list_for_each_entry(r, &s->roots, base.link)
		for (i = 0; i < 4; i++)
			if (r->top[i] == sp)
				WRITE_ONCE(r->base.obsolete, true);
}

void shadow_zap_page(struct mmu_shadow *s, struct shadow_page *sp,
		     struct shadow_batch *b)
{
	struct rmap_iter it;
	unsigned int i;
	u64 *sptep;

	for (i = 0; i < PT_ENTRIES; i++)
		if (sp->spt[i])
			shadow_drop(&sp->spt[i], b);
	while ((sptep = rmap_first(&it, &sp->parents)))
		shadow_drop(sptep, b);
	if (tracepoint_enabled(kvm_mmu_prepare_zap_page))
		shadow_trace_page(MMU_TRACE_ZAPPED, sp);
	page_forget(s, sp);
	home_leave(s, sp);
	unsync_forget(s, sp);
	sp->zapped = true;
	list_del(&sp->link);
	s->nr_pages--;
	s->stat[MMU_STAT_ZAPPED]++;
	b->count.tables--;
	b->counted = true;
	if (sp->roots)
		roots_leave(s, sp);
	else
		list_add(&sp->link, &b->zapped);
}

void shadow_root_unref(struct shadow_page *sp, struct shadow_batch *b)
{
	if (!--sp->roots && sp->zapped)
		list_add(&sp->link, &b->zapped);
}
