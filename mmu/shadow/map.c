// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fault's walk of the guest's tables, put into shadow pages.
 *
 *	pages from the top down to the leaf's: linked already, found, or made
 *	─► flush what was protected for new ones ─► is the guest's walk still true?
 *	─► links ─► leaf ─► prefetching
 *
 * The guest's entries are read again under the lock: who writes a table that is
 * protected comes to mmu_guest_written() after the write and waits for the lock;
 * who writes one that is unsync has to flush, and comes there.
 */
#include <linux/bitops.h>

#include "mmu/base/hostpage.h"
#include "mmu/shadow/fast.h"
#include "mmu/shadow/map.h"
#include "mmu/shadow/page.h"
#include "mmu/shadow/prefetch.h"
#include "mmu/shadow/role.h"

/**
 * struct map_stage - a fault on its way into shadow pages
 * @access: rights of the guest's page: its dirty bit and all its entries
 * @acc: rights of the leaf
 * @level: the leaf's level
 * @sp: pages by level, from the top to @level
 * @unlinked: levels (bit n) whose page has yet to be linked to the one below
 */
struct map_stage {
	struct mmu_vcpu *vcpu;
	struct mmu_shadow *s;
	const struct mmu_ctx *ctx;
	struct mmu_fault *fault;
	struct shadow_batch b;
	u32 access;
	u32 acc;
	int level;
	struct shadow_page *sp[LEVEL_MAX + 1];
	u32 unlinked;
};

static u64 *entry_of(const struct map_stage *m, int level)
{
	return &m->sp[level]->spt[pt_slot(m->fault->addr >> MMU_PAGE_SHIFT,
					  level)];
}

/* ------------------------------------------------------------------------ */
/* Rights and size. */

/* A walk for a write has set the dirty bit, unless the table is in ROM. */
static u32 page_access(const struct map_stage *m)
{
	const struct pt_format *fmt = m->ctx->walk.fmt;
	const struct gwalk_result *walk = m->fault->walk;

	if (!fmt || (m->fault->error & PF_WRITE))
		return walk->rights;
	return shadow_entry_access(fmt, walk->rights,
				   walk->step[walk->level].entry,
				   m->ctx->walk.set_ad);
}

/* A key's "write disable" holds for a supervisor only while CR0.WP is set. */
static bool key_forbids(const struct map_stage *m)
{
	const struct gwalk_result *walk = m->fault->walk;

	return m->ctx->walk.perm.pke && (walk->rights & ACC_U) &&
	       (m->fault->regs.pkru >> (2 * walk->pkey + 1) & 1);
}

/*
 * CR0.WP is always set for the processor, so a supervisor's write that is allowed
 * only because the guest has it clear needs a leaf of its own kind: writable, and
 * no user's.  A user's access to it faults, and gets the other kind.
 *
 * Return: false: the leaf would let something through that SMAP or a protection
 * key forbids.
 */
static bool acc_init(struct map_stage *m)
{
	const union mmu_ctx_role role = m->ctx->role;
	u64 error = m->fault->error;

	m->access = page_access(m);
	m->acc = m->access;
	if (role.wp || !role.format || !(error & PF_WRITE) || (error & PF_USER))
		return true;
	if (m->fault->walk->rights & ACC_W)
		return !key_forbids(m);
	if (m->acc & ACC_U) {
		if (role.strict)
			return false;
		m->acc &= ~ACC_U;
		/* The page is still a user's to SMEP. */
		if (role.smep)
			m->acc &= ~ACC_X;
	}
	m->acc |= ACC_W;
	/* A page below a large one is of a kind as a whole. */
	m->access = m->acc;
	return true;
}

static bool region_has_table(const struct map_stage *m, int level)
{
	return tracked_any(&m->s->tracked, m->fault->gfn & LEVEL_MASK(level),
			   LEVEL_GFNS(level));
}

/* Host, slot and guest; and small pages only where guest tables are among them. */
static void level_init(struct map_stage *m, const struct shadow_page *top)
{
	m->level = min3((int)m->fault->level, (int)m->fault->walk->level,
			(int)top->role.level);
	while (m->level > LEVEL_4K && region_has_table(m, m->level))
		m->level--;
}

static bool is_table_at(const struct shadow_page *sp, gfn_t gfn)
{
	return sp && !sp->role.direct && sp->gfn == gfn;
}

/* Would the next fault, or the next entry, shadow a table in the frame again? */
static bool frame_is_needed(const struct map_stage *m)
{
	const struct shadow_root *r = to_shadow_root(m->vcpu->root);
	gfn_t gfn = m->fault->gfn;
	int i;

	for (i = m->level; i <= LEVEL_MAX; i++)
		if (is_table_at(m->sp[i], gfn))
			return true;
	for (i = 0; i < r->nr_top; i++)
		if (is_table_at(r->top[i], gfn))
			return true;
	return false;
}

static bool is_leaf_of(const struct mmu_config *cfg, const u64 *sptep, gfn_t gfn, u64 new)
{
	u64 spte = *sptep;

	return spte_is_present(spte) &&
	       spte_is_leaf(cfg, spte, shadow_page_of(sptep)->role.level) &&
	       shadow_leaf_gfn(sptep) == gfn && !((spte ^ new) & cfg->addr);
}

bool shadow_leaf_is_writable(const struct mmu_config *cfg, const u64 *sptep, gfn_t gfn,
			     kvm_pfn_t pfn)
{
	return (*sptep & cfg->write) && is_leaf_of(cfg, sptep, gfn, pfn << MMU_PAGE_SHIFT);
}

static bool is_writable(const struct map_stage *m)
{
	const u64 mask = LEVEL_MASK(m->level);

	return shadow_leaf_is_writable(m->vcpu->mmu->config, entry_of(m, m->level),
				       m->fault->gfn & mask, m->fault->pfn.pfn & mask);
}

/*
 * A frame with guest tables is written by emulation, or they go unsync.
 *
 * Return: MMU_FIXED: the leaf may be made.
 */
static enum mmu_result write_decide(struct map_stage *m)
{
	bool write = m->fault->error & PF_WRITE;

	if (!m->fault->map_write && !is_writable(m))
		m->acc &= ~ACC_W;
	if (!(m->acc & ACC_W) || !region_has_table(m, m->level))
		return MMU_FIXED;
	if (!write) {
		if (!is_writable(m))
			m->acc &= ~ACC_W;
		return MMU_FIXED;
	}
	return track_write(m->s, m->fault, frame_is_needed(m),
			   &m->b);
}

/* ------------------------------------------------------------------------ */
/* Pages. */

/*
 * What the page below an entry has to be.  @above: rights of the guest's entries
 * above that one; then its own too.
 */
static union shadow_role child_role(const struct map_stage *m, int level, u32 *above,
				    gfn_t *gfn)
{
	const struct gwalk_result *walk = m->fault->walk;
	const struct pt_format *fmt = m->ctx->walk.fmt;
	u64 entry;

	if (fmt && walk->level <= level) {
		entry = walk->step[level + 1].entry;
		*above &= pt_rights(fmt, entry, level + 1);
		*gfn = (entry & fmt->addr) >> MMU_PAGE_SHIFT;
		return shadow_role_child(m->vcpu, m->ctx, level, *above,
					 m->fault->addr);
	}
	*gfn = m->fault->gfn & LEVEL_MASK(level + 1);
	return shadow_role_direct(m->vcpu, m->ctx, level, m->access,
				  fmt ? walk->pkey : 0);
}

/* The page that is linked already, if it is the right one. */
static struct shadow_page *child_linked(const struct map_stage *m, u64 spte,
					int level, gfn_t gfn,
					union shadow_role role)
{
	const struct mmu_config *cfg = m->vcpu->mmu->config;
	struct shadow_page *child;

	if (!spte_is_table(cfg, spte, level + 1))
		return NULL;
	child = shadow_page_of(spte_table_of(cfg, spte));
	return child->gfn == gfn && child->role.word == role.word ? child :
								    NULL;
}

static bool pages_find(struct map_stage *m, struct shadow_page *sp)
{
	int level = sp->role.level;
	union shadow_role role;
	u32 above = ACC_ALL;
	gfn_t gfn;

	sp->writes = 0;
	m->sp[level] = sp;
	for (; level > m->level; level--) {
		role = child_role(m, level - 1, &above, &gfn);
		sp = child_linked(m, *entry_of(m, level), level - 1, gfn, role);
		if (!sp) {
			sp = shadow_get(m->vcpu, gfn, role, &m->b);
			m->unlinked |= BIT(level);
		}
		if (!sp)
			return false;
		sp->writes = 0;
		m->sp[level - 1] = sp;
	}
	/* A table that is shadowed from now on may lie in the page itself. */
	return m->level == LEVEL_4K || !region_has_table(m, m->level);
}

/* Is the root the one that the walk began at? */
static bool top_is_right(const struct map_stage *m, const struct shadow_page *sp)
{
	const struct gwalk_ctx *walk = &m->ctx->walk;
	gpa_t root = walk->root;

	if (!sp)
		return false;
	if (!walk->fmt)
		return sp->role.direct;
	if (walk->fmt == &pt_format_pae)
		root = m->fault->walk->step[LEVEL_1G].entry & walk->fmt->addr;
	return sp->gfn == root >> MMU_PAGE_SHIFT;
}

static bool walk_is_true(const struct map_stage *m)
{
	const struct gwalk_result *walk = m->fault->walk;
	const struct pt_format *fmt = m->ctx->walk.fmt;
	const struct mmu *mmu = m->vcpu->mmu;
	int top, level;
	gfn_t gfn;

	if (!fmt)
		return true;
	/* PAE's first entries were loaded with the root. */
	top = fmt == &pt_format_pae ? LEVEL_2M : fmt->levels;
	/* Nor is a table shadowed that userspace is about to take away. */
	for (level = walk->level; mmu->inv.count && level <= top; level++) {
		gfn = walk->step[level].gpa >> MMU_PAGE_SHIFT;
		if (inv_is_stale(&mmu->inv, m->fault->seq, gfn, gfn + 1))
			return false;
	}
	return mmu_env_guest_same_now(m->vcpu, &walk->step[walk->level],
				      top - walk->level + 1, fmt->entry_size);
}

static void pages_link(struct map_stage *m)
{
	struct pte_list_desc **desc = &m->vcpu->reserve->desc;
	u64 *sptep;
	int level;

	for (; m->unlinked; m->unlinked &= ~BIT(level)) {
		level = fls(m->unlinked) - 1;
		sptep = entry_of(m, level);
		shadow_drop(sptep, &m->b);
		shadow_link(sptep, m->sp[level - 1], desc, &m->b);
	}
}

/* ------------------------------------------------------------------------ */
/* Leaves. */

int shadow_leaf_put(u64 *sptep, u64 new, gfn_t gfn, struct mmu_reserve *r,
		    struct shadow_batch *b)
{
	const struct mmu_config *cfg = b->mmu->config;
	u64 old;

	if (is_leaf_of(cfg, sptep, gfn, new)) {
		old = xchg(sptep, new);
		/* Who has the old one cached may have a right too many, or a key. */
		if ((pt_rights(cfg->fmt, old, LEVEL_4K) &
		     ~pt_rights(cfg->fmt, new, LEVEL_4K)) ||
		    ((old ^ new) & (cfg->fmt->pkey | cfg->types)))
			b->flush = true;
		return 0;
	}
	shadow_drop(sptep, b);
	return shadow_leaf_set(sptep, new, gfn, r, b);
}

static enum mmu_result leaf_map(struct map_stage *m)
{
	const struct mmu_config *cfg = m->vcpu->mmu->config;
	struct mmu_fault *fault = m->fault;
	u64 new = spte_shadow_leaf(cfg, m->level, fault->pfn.pfn, m->acc,
				   m->ctx->walk.fmt ? fault->walk->pkey : 0);

	if (unlikely(fault->typed))
		new = spte_typed(cfg, new, fault->type);
	if (shadow_leaf_put(entry_of(m, m->level), new, fault->gfn & LEVEL_MASK(m->level),
			    m->vcpu->reserve, &m->b))
		return MMU_RETRY;
	/* One that was writable already is in the log. */
	if ((m->acc & ACC_W) && fault->map_write)
		hostpage_log_dirty(m->vcpu, fault->slot, fault->gfn);
	return MMU_FIXED;
}

/* ------------------------------------------------------------------------ */

static enum mmu_result map_locked(struct map_stage *m)
{
	struct mmu_fault *fault = m->fault;
	gfn_t first = fault->gfn & LEVEL_MASK(fault->level);
	struct shadow_page *top;
	enum mmu_result r;

	if (!mmu_root_is_current(m->vcpu) ||
	    inv_is_stale(&m->vcpu->mmu->inv, fault->seq, first,
			 first + LEVEL_GFNS(fault->level)))
		return MMU_RETRY;
	reclaim_room(m->vcpu->mmu, RESERVE_PAGES, &m->b);
	top = shadow_root_top(m->vcpu, fault->addr);
	if (!top_is_right(m, top)) {
		/* PDPTEs have changed in memory since they were loaded. */
		shadow_root_flush(m->vcpu->root);
		return MMU_RETRY;
	}
	level_init(m, top);
	if (!pages_find(m, top))
		return MMU_RETRY;
	/* Nobody writes what was protected; now see whether it was written before. */
	shadow_batch_commit(&m->b);
	if (!walk_is_true(m))
		return MMU_RETRY;
	r = write_decide(m);
	if (r != MMU_FIXED)
		return r;
	pages_link(m);
	r = leaf_map(m);
	m->vcpu->by_entry = shadow_fast_may(m->sp[m->level], fault->slot);
	if (r != MMU_FIXED || m->level > LEVEL_4K || m->vcpu->mmu->typed)
		return r;
	shadow_prefetch(m->vcpu, fault, m->sp[LEVEL_4K], entry_of(m, LEVEL_4K),
			&m->b);
	return r;
}

enum mmu_result shadow_map(struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	struct mmu *mmu = vcpu->mmu;
	struct map_stage m = {
		.vcpu = vcpu,
		.ctx = &vcpu->ctx[vcpu->mode->kind],
		.fault = fault,
		.b = SHADOW_BATCH_INIT(m.b, mmu),
	};
	enum mmu_result r;

	if (!acc_init(&m))
		return MMU_EMULATE;
	write_lock(&mmu->lock);
	m.s = mmu->shadow;
	r = map_locked(&m);
	shadow_batch_commit(&m.b);
	write_unlock(&mmu->lock);
	/* Prefetching may do without. */
	if (r == MMU_RETRY && shadow_batch_room(&m.b)) {
		fault->err = -ENOMEM;
		return MMU_ERROR;
	}
	return r;
}
