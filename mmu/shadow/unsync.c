// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leaf tables that the guest writes without an exit.
 *
 * The guest has to flush before it may rely on what it wrote (APM vol. 2, 5.5.2;
 * SDM vol. 3, 4.10.4), so a table may say something else than its shadow until
 * then.  Nothing above a leaf table is ever unsync.
 */
#include "mmu/shadow/page.h"
#include "mmu/shadow/prefetch.h"
#include "mmu/shadow/role.h"
#include "mmu/shadow/trace.h"

/* Every CR3 load reads all of them. */
#define UNSYNC_MAX	64

/* SPTEs whose guest entries are read at a time. */
#define UNSYNC_RUN		16

bool unsync_never(struct mmu_shadow *s, gfn_t gfn)
{
	const struct shadow_page *sp = xa_load(&s->tracked.table, gfn);

	while (sp && sp->role.level == LEVEL_4K)
		sp = sp->same;
	return sp;
}

bool unsync_allow(struct mmu_shadow *s, gfn_t gfn)
{
	struct shadow_page *sp, *first = xa_load(&s->tracked.table, gfn);
	unsigned int n = 0;

	if (unsync_never(s, gfn))
		return false;
	for (sp = first; sp; sp = sp->same)
		n += !sp->unsync;
	if (s->nr_unsync + n > UNSYNC_MAX)
		return false;
	for (sp = first; sp; sp = sp->same) {
		if (sp->unsync)
			continue;
		sp->unsync = true;
		if (tracepoint_enabled(kvm_mmu_unsync_page))
			shadow_trace_page(MMU_TRACE_UNSYNC, sp);
		list_add_tail(&sp->unsync_link, &s->unsync);
	}
	s->nr_unsync += n;
	return true;
}

void unsync_forget(struct mmu_shadow *s, struct shadow_page *sp)
{
	if (!sp->unsync)
		return;
	sp->unsync = false;
	list_del_init(&sp->unsync_link);
	s->nr_unsync--;
}

/* ------------------------------------------------------------------------ */

/* May an SPTE stay, the guest's entry being what it is now? */
static bool entry_allows(const struct mmu_config *cfg, const struct shadow_page *sp,
			 const u64 *sptep, const struct shadow_entry *e)
{
	u32 has;

	if (e->gfn != shadow_page_leaf_gfn(sp, sptep))
		return false;
	has = pt_rights(cfg->fmt, *sptep, LEVEL_4K);
	/* A supervisor's page is not what a user's is to SMEP and SMAP. */
	if ((has & ~e->acc) || ((has ^ e->acc) & ACC_U))
		return false;
	return pt_pkey(cfg->fmt, *sptep) == e->pkey;
}

/* The guest's entries behind SPTEs; false: unknown. */
static bool unsync_peek(struct mmu_vcpu *vcpu, const struct shadow_page *sp,
			unsigned int first, unsigned int n, void *raw)
{
	const struct mmu_ctx *ctx = &vcpu->ctx[vcpu->mode->kind];
	unsigned int size = ctx->walk.fmt ? ctx->walk.fmt->entry_size : 0;
	unsigned int at = shadow_entry_index(sp, first) * size;

	/* Does the vCPU read tables as the page's role says? */
	return size && ctx->role.format == sp->role.ctx.format &&
	       ctx->role.nx == sp->role.ctx.nx &&
	       !mmu_env_guest_peek(vcpu, (sp->gfn << MMU_PAGE_SHIFT) + at, raw,
				   n * size);
}

static void unsync_read(struct mmu_vcpu *vcpu, struct shadow_page *sp,
			unsigned int first, struct shadow_batch *b)
{
	const struct gwalk_ctx *walk = &vcpu->ctx[vcpu->mode->kind].walk;
	u64 raw[UNSYNC_RUN] __uninitialized;
	bool known = unsync_peek(vcpu, sp, first, UNSYNC_RUN, raw);
	u64 *sptep = &sp->spt[first];
	struct shadow_entry e;
	unsigned int i;

	for (i = 0; i < UNSYNC_RUN; i++, sptep++) {
		if (!*sptep)
			continue;
		if (!known ||
		    !shadow_entry_read(walk, sp, shadow_entry_raw(raw, i, walk->fmt->entry_size),
				       &e) ||
		    !entry_allows(vcpu->mmu->config, sp, sptep, &e))
			shadow_drop(sptep, b);
	}
}

static bool unsync_run_is_empty(const struct shadow_page *sp, unsigned int first)
{
	u64 any = 0;
	unsigned int i;

	for (i = 0; i < UNSYNC_RUN; i++)
		any |= sp->spt[first + i];
	return !any;
}

/* The table is protected and no TLB lets anybody write it: what is read is true. */
static void page_read(struct mmu_vcpu *vcpu, struct shadow_page *sp,
		      struct shadow_batch *b)
{
	unsigned int i;

	unsync_forget(vcpu->mmu->shadow, sp);
	for (i = 0; i < PT_ENTRIES; i += UNSYNC_RUN)
		if (!unsync_run_is_empty(sp, i))
			unsync_read(vcpu, sp, i, b);
}

void unsync_page(struct mmu_vcpu *vcpu, struct shadow_page *sp,
		 struct shadow_batch *b)
{
	if (tracepoint_enabled(kvm_mmu_sync_page))
		shadow_trace_page(MMU_TRACE_SYNC, sp);
	shadow_protect_gfn(vcpu->mmu->shadow, sp->gfn, b);
	shadow_batch_commit(b);
	page_read(vcpu, sp, b);
}

void unsync_all(struct mmu_vcpu *vcpu, struct shadow_batch *b)
{
	struct mmu_shadow *s = vcpu->mmu->shadow;
	struct shadow_page *sp, *next;

	list_for_each_entry(sp, &s->unsync, unsync_link)
		shadow_protect_gfn(s, sp->gfn, b);
	shadow_batch_commit(b);
	list_for_each_entry_safe(sp, next, &s->unsync, unsync_link)
		if (sp->role.as_id == vcpu->as_id)
			page_read(vcpu, sp, b);
}

/* ------------------------------------------------------------------------ */
/* INVLPG: one entry, in the tables that the vCPU runs on. */

/* @there: @e is what the guest's entry asks for; @changes: read with it, see fast.c. */
struct invlpg {
	u64 *sptep;
	struct shadow_entry e;
	bool there;
	unsigned long changes;
};

/*
 * The lock is held, for read at least.
 *
 * Return: does the leaf say what the guest's entry does not?
 */
static bool invlpg_look(struct mmu_vcpu *vcpu, u64 la, struct invlpg *i)
{
	u64 *sptep = shadow_root_entry(vcpu, la), entry = 0;
	struct shadow_page *sp;

	if (!sptep || !*sptep)
		return false;
	/* Perhaps of a higher table: those never are. */
	sp = shadow_page_of(sptep);
	if (!sp->unsync)
		return false;
	i->sptep = sptep;
	i->changes = vcpu->mmu->shadow->changes;
	i->there = unsync_peek(vcpu, sp, sptep - sp->spt, 1, &entry) &&
		   shadow_entry_read(&vcpu->ctx[vcpu->mode->kind].walk, sp, entry, &i->e);
	return !i->there || !entry_allows(vcpu->mmu->config, sp, sptep, &i->e);
}

static noinline void invlpg_drop(struct mmu_vcpu *vcpu, u64 la, struct invlpg *i)
{
	struct mmu *mmu = vcpu->mmu;
	struct shadow_batch b = SHADOW_BATCH_INIT(b, mmu);

	b.own = vcpu;
	write_lock(&mmu->lock);
	if (i->changes == mmu->shadow->changes || invlpg_look(vcpu, la, i)) {
		shadow_drop(i->sptep, &b);
		/* The guest will look what it has put there. */
		if (i->there)
			shadow_refill(vcpu, i->sptep, &i->e, &b);
	}
	shadow_batch_commit(&b);
	write_unlock(&mmu->lock);
}

void mmu_guest_invlpg(struct mmu_vcpu *vcpu, u64 la)
{
	struct invlpg i __uninitialized;
	struct mmu *mmu = vcpu->mmu;
	bool differs;

	if (vcpu->mode != &mmu_mode_shadow)
		return;
	/* Then the next root brings everything up to date. */
	if (!mmu_root_is_current(vcpu)) {
		mmu_guest_flush(vcpu);
		return;
	}
	read_lock(&mmu->lock);
	differs = invlpg_look(vcpu, la, &i);
	read_unlock(&mmu->lock);
	if (differs)
		invlpg_drop(vcpu, la, &i);
}
