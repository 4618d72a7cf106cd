// SPDX-License-Identifier: GPL-2.0-only
/* Self-checks of shadow pages and reverse maps. */
#ifdef LAMINA_MMU_CHECK

#include <linux/bug.h>

#include "mmu/shadow/check.h"
#include "mmu/shadow/page.h"

/**
 * struct shadow_check - what was met on the way
 * @leaves: by address space and level
 * @listed: those that reverse maps have
 * @homes: pages that are one
 * @links: SPTEs that lead to a page
 * @parents: entries of the lists of parents
 * @unsync: pages
 * @sides, @descs, @chunks: what there is of each
 */
struct shadow_check {
	struct mmu *mmu;
	struct mmu_shadow *s;
	long leaves[2][LEVEL_1G + 1];
	long listed[2][LEVEL_1G + 1];
	long homes;
	long links;
	long parents;
	unsigned int unsync;
	unsigned long sides, descs, chunks;
};

static void count_descs(struct shadow_check *c, const struct rmap_head *head)
{
	const struct pte_list_desc *last = NULL;
	struct rmap_iter it;
	u64 *sptep;

	rmap_for_each(sptep, &it, head) {
		c->descs += it.desc != last;
		last = it.desc;
	}
}

static bool list_has(const struct rmap_head *head, const u64 *sptep)
{
	struct rmap_iter it;
	unsigned int n = 0;
	u64 *p;

	rmap_for_each(p, &it, head)
		n += p == sptep;
	BUG_ON(n > 1);
	return n;
}

/* What a guest's table below another one, or a piece of a large page, has to be. */
static void check_child(const struct shadow_page *sp, unsigned int i,
			const struct shadow_page *child)
{
	union shadow_role a = sp->role, b = child->role;

	BUG_ON(child->zapped);
	BUG_ON(b.level != a.level - 1);
	BUG_ON(b.as_id != a.as_id);
	BUG_ON(b.ctx.wp != a.ctx.wp || b.ctx.smep != a.ctx.smep || b.ctx.strict != a.ctx.strict ||
	       b.ctx.nx != a.ctx.nx);
	/* CR0.WP clear: a large page that the supervisor may write all the same. */
	BUG_ON(b.access & ~a.access & ~(a.ctx.wp ? 0 : ACC_W));
	if (a.direct) {
		BUG_ON(!b.direct || b.access != a.access || b.pkey != a.pkey);
		BUG_ON(child->gfn != sp->gfn + i * LEVEL_GFNS(a.level));
	} else if (!b.direct) {
		BUG_ON(b.ctx.format != a.ctx.format || b.ctx.pse != a.ctx.pse);
		if (b.ctx.format == ROLE_2LEVEL)
			BUG_ON(b.quadrant != (i & 1));
	}
}

static void check_link(struct shadow_check *c, struct shadow_page *sp, unsigned int i)
{
	const struct mmu_config *cfg = c->mmu->config;
	u64 spte = sp->spt[i];
	struct shadow_page *child;

	BUG_ON((spte & ~cfg->addr) != cfg->table);
	child = shadow_page_of(spte_table_of(cfg, spte));
	BUG_ON(child->spt != spte_table_of(cfg, spte));
	check_child(sp, i, child);
	BUG_ON(!list_has(&child->parents, &sp->spt[i]));
	c->links++;
}

void check_written(struct mmu *mmu, gfn_t gfn, u64 n)
{
	struct shadow_page *sp;
	unsigned long index;

	if (!mmu->shadow)
		return;
	xa_for_each_range(&mmu->shadow->tracked.table, index, sp, gfn, gfn + n - 1)
		for (; sp; sp = sp->same)
			BUG_ON(!sp->unsync);
}

static void check_rights(const struct mmu_config *cfg,
			 const struct shadow_page *sp, u64 spte)
{
	u32 has = pt_rights(cfg->fmt, spte, LEVEL_4K);
	u32 may = sp->role.access;

	/* CR0.WP clear: what only the supervisor sees may be written. */
	if (!sp->role.ctx.wp && !(has & ACC_U))
		may |= ACC_W;
	BUG_ON(has & ~may);
	if (sp->role.direct && cfg->fmt->pkey)
		BUG_ON(pt_pkey(cfg->fmt, spte) != sp->role.pkey);
}

static void check_shadow_leaf(struct shadow_check *c, struct shadow_page *sp, unsigned int i)
{
	const struct mmu_config *cfg = c->mmu->config;
	int level = sp->role.level, as_id = sp->role.as_id;
	const struct pt_format *fmt = cfg->fmt;
	u64 rights = fmt->read | fmt->user | fmt->exec;
	u64 spte = sp->spt[i], bits;
	struct rmap_head head;
	gfn_t gfn;

	bits = cfg->addr | cfg->leaf | cfg->types | cfg->write | cfg->accessed | cfg->dirty |
	       fmt->nx | fmt->pkey | (level > LEVEL_4K ? cfg->large : 0);
	BUG_ON(spte & ~bits);
	bits = cfg->leaf & ~cfg->ram & ~rights;
	BUG_ON((spte & bits) != bits);
	/* RAM's, or a device's, or of the guest's choice. */
	bits = spte & (cfg->ram | cfg->types);
	BUG_ON(bits && bits != cfg->ram && !(c->mmu->typed && cfg->types));
	BUG_ON(level > cfg->max_level);
	/* As mmu/fault.c: level_most(). */
	BUG_ON(level > LEVEL_4K && c->mmu->nx_huge);
	BUG_ON((spte & cfg->addr) >> MMU_PAGE_SHIFT !=
	       spte_leaf_pfn(cfg, spte, level));
	gfn = shadow_leaf_gfn(&sp->spt[i]);
	BUG_ON(gfn & ~LEVEL_MASK(level));
	if (sp->role.direct)
		BUG_ON(gfn != sp->gfn + i * LEVEL_GFNS(level));
	head = shadow_rmap_get(c->s, as_id, level, gfn);
	if (!shadow_is_home(sp, &sp->spt[i])) {
		BUG_ON(!list_has(&head, &sp->spt[i]));
		c->listed[as_id][level]++;
	} else {
		BUG_ON(list_has(&head, &sp->spt[i]));
		BUG_ON(!sp->role.direct && shadow_home(c->s, as_id, level, gfn) != sp);
		BUG_ON(pt_slot(gfn, level) != i);
	}
	check_rights(cfg, sp, spte);
	if (spte & cfg->write)
		check_written(c->mmu, gfn, LEVEL_GFNS(level));
	c->leaves[as_id][level]++;
}

static void check_entries(struct shadow_check *c, struct shadow_page *sp)
{
	const struct mmu_config *cfg = c->mmu->config;
	unsigned int i;

	for (i = 0; i < PT_ENTRIES; i++) {
		u64 spte = sp->spt[i];

		BUG_ON(shadow_side(sp, &sp->spt[i]) &&
		       (!spte || spte_is_table(cfg, spte, sp->role.level)));
		if (!spte_is_present(spte))
			BUG_ON(spte);
		else if (spte_is_table(cfg, spte, sp->role.level))
			check_link(c, sp, i);
		else
			check_shadow_leaf(c, sp, i);
	}
}

static void check_parents(struct shadow_check *c, struct shadow_page *sp)
{
	const struct mmu_config *cfg = c->mmu->config;
	struct rmap_iter it;
	u64 *sptep;

	rmap_for_each(sptep, &it, &sp->parents) {
		BUG_ON(shadow_page_of(sptep)->zapped);
		BUG_ON(!spte_is_table(cfg, *sptep, sp->role.level + 1));
		BUG_ON(spte_table_of(cfg, *sptep) != sp->spt);
		c->parents++;
	}
	count_descs(c, &sp->parents);
}

static unsigned int count_roots(const struct shadow_check *c,
				const struct shadow_page *sp)
{
	struct shadow_root *r;
	unsigned int n = 0, i;

	list_for_each_entry(r, &c->s->roots, base.link)
		for (i = 0; i < ARRAY_SIZE(r->top); i++)
			n += r->top[i] == sp;
	return n;
}

static void check_home(struct shadow_check *c, struct shadow_page *sp)
{
	if (sp->role.direct) {
		BUG_ON(sp->home != sp->gfn || sp->side);
		return;
	}
	if (sp->home == SHADOW_NO_HOME)
		return;
	BUG_ON(sp->home & ~LEVEL_MASK(sp->role.level + 1));
	BUG_ON(shadow_home(c->s, sp->role.as_id, sp->role.level, sp->home) != sp);
	c->homes++;
}

static void check_page(struct shadow_check *c, struct shadow_page *sp)
{
	const struct shadow_page *p;
	bool listed = false;

	BUG_ON(sp->zapped);
	BUG_ON(shadow_page_of(sp->spt) != sp);
	BUG_ON(shadow_find(c->s, sp->gfn, sp->role) != sp);
	BUG_ON(!sp->role.level || sp->role.level > LEVEL_MAX);
	BUG_ON(sp->role.direct && sp->role.ctx.format != ROLE_NONE);
	BUG_ON(sp->role.direct && sp->role.level > LEVEL_2M);
	BUG_ON(sp->role.direct && sp->gfn & ~LEVEL_MASK(sp->role.level + 1));
	BUG_ON(sp->unsync && (sp->role.direct || sp->role.level != LEVEL_4K));
	list_for_each_entry(p, &c->s->unsync, unsync_link)
		listed |= p == sp;
	BUG_ON(listed != sp->unsync);
	BUG_ON(count_roots(c, sp) != sp->roots);
	c->unsync += sp->unsync;
	c->sides += !!sp->side;
	check_home(c, sp);
	check_entries(c, sp);
	check_parents(c, sp);
}

/* Each entry of a reverse map is a leaf of that frame and size. */
static void check_rmaps(struct shadow_check *c, int as_id, int level)
{
	const struct mmu_config *cfg = c->mmu->config;
	unsigned long at, index;
	struct shadow_page *sp;
	struct rmap_chunk *c64;
	struct rmap_iter it;
	unsigned int i, used;
	long n = 0;
	u64 *sptep;

	rmap_chunk_for_each(&c->s->rmap[as_id][level - 1], at, c64, 0, LONG_MAX) {
		used = 0;
		c->chunks++;
		for (i = 0; i < RMAP_CHUNK; i++) {
			index = (at << RMAP_CHUNK_BITS) + i;
			used += c64->head[i].val != 0;
			count_descs(c, &c64->head[i]);
			rmap_for_each(sptep, &it, &c64->head[i]) {
				sp = shadow_page_of(sptep);
				BUG_ON(sp->role.direct || sp->role.as_id != as_id);
				BUG_ON(sp->role.level != level);
				BUG_ON(!spte_is_present(*sptep));
				BUG_ON(!spte_is_leaf(cfg, *sptep, level));
				BUG_ON(shadow_leaf_gfn(sptep) !=
				       (gfn_t)index << (level - 1) * PT_INDEX_BITS);
				n++;
			}
		}
		BUG_ON(used != c64->used);
	}
	BUG_ON(n != c->listed[as_id][level]);
}

/* No home is one that is gone. */
static void check_homes(struct shadow_check *c)
{
	struct shadow_page *sp;
	unsigned long i;
	int as_id, level;

	for (as_id = 0; as_id < 2; as_id++)
		for (level = LEVEL_4K; level <= LEVEL_1G; level++)
			xa_for_each(&c->s->home[as_id][level - 1], i, sp)
				c->homes--;
	BUG_ON(c->homes);
}

/* A page that is zapped while it is a root is in no list. */
static unsigned int zapped_roots(const struct shadow_check *c)
{
	unsigned int n = 0, tops = 0, i;
	struct shadow_root *r;

	list_for_each_entry(r, &c->s->roots, base.link)
		for (i = 0; i < ARRAY_SIZE(r->top); i++) {
			tops += r->top[i] != NULL;
			n += r->top[i] && r->top[i]->zapped;
		}
	BUG_ON(tops != c->s->nr_tops);
	return n;
}

/* What mmu_memory() tells. */
static void check_memory(const struct shadow_check *c)
{
	unsigned long chunks = 0;
	int as_id, level;

	BUG_ON(c->sides > c->s->nr_side);
	BUG_ON(c->s->nr_side - c->sides > zapped_roots(c));
	BUG_ON(c->descs != c->s->nr_descs);
	for (as_id = 0; as_id < 2; as_id++)
		for (level = LEVEL_4K; level <= LEVEL_1G; level++)
			chunks += c->s->rmap[as_id][level - 1].nr_chunks;
	BUG_ON(c->chunks != chunks);
}

void check_shadow(struct mmu *mmu, struct pt_count *count)
{
	struct shadow_check c = { .mmu = mmu, .s = mmu->shadow };
	struct shadow_page *sp;
	unsigned long pages = 0;
	int as_id, level;

	if (!c.s)
		return;
	list_for_each_entry(sp, &c.s->pages, link) {
		check_page(&c, sp);
		pages++;
	}
	BUG_ON(pages != c.s->nr_pages);
	BUG_ON(c.unsync != c.s->nr_unsync);
	BUG_ON(c.links != c.parents);
	for (as_id = 0; as_id < 2; as_id++)
		for (level = LEVEL_4K; level <= LEVEL_1G; level++) {
			check_rmaps(&c, as_id, level);
			count->mapped[level] += c.leaves[as_id][level];
		}
	check_homes(&c);
	check_memory(&c);
	count->tables += pages;
}

#endif
