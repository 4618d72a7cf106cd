// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults that one entry of the guest's answers:
 *
 *	lock, read	the leaf's page and the guest's entry: does the fault end with a leaf?
 *	nothing		the host's page, if it is at hand
 *	lock, write	is that still so?  leaf, prefetching
 *
 * What it leaves to the other stages it mostly knows by the first look, and nobody has
 * waited for it: a fault of the guest's own, a write to a table, a page that has to be
 * brought in.
 *
 * Why that is safe:
 *
 * - "No" need not stay true: the other stages see for themselves.  An emulated write is
 *   right for any frame, and ends in mmu_guest_written().
 * - "Yes" must be, at last.  Each section that holds the lock for write ends with a commit,
 *   which counts it in @changes.  If there was none since, pages and links are what they
 *   were, and so is the guest's entry, or whoever has written it is bound to come for the
 *   leaf: by mmu_guest_written(), to which he comes after the write and which waits for the
 *   lock, or by a flush of a table that is unsync.  If there was one, all is looked at again.
 * - The host's page: base/inv.h.
 */
#include "mmu/base/hostpage.h"
#include "mmu/mmu_trace.h"
#include "mmu/shadow/fast.h"
#include "mmu/shadow/page.h"
#include "mmu/shadow/prefetch.h"

/*
 * What was looked at.  @around: nothing was at @sptep, and @raw is the block of entries that
 * has @entry; else it is that entry's.  @changes: read with them; @seq: before all else.
 */
struct fast_stage {
	struct prefetch_op p;
	const struct gwalk_ctx *walk;
	struct shadow_page *sp;
	u64 *sptep;
	bool around;
	struct shadow_entry entry;
	u64 raw[SHADOW_PREFETCH];
	struct mmu_pfn page;
	unsigned long changes;
	unsigned long seq;
};

/* A fault goes through all the pages on the way. */
static bool place_find(struct fast_stage *s, const struct mmu_fault *fault)
{
	const struct mmu_config *cfg = s->p.vcpu->mmu->config;
	gfn_t gfn = fault->addr >> MMU_PAGE_SHIFT;
	int level;
	u64 spte;

	for (s->sp = shadow_root_top(s->p.vcpu, fault->addr); s->sp;
	     s->sp = shadow_page_of(spte_table_of(cfg, spte))) {
		/* Others may do the same; and they have the line. */
		if (READ_ONCE(s->sp->writes))
			WRITE_ONCE(s->sp->writes, 0);
		level = s->sp->role.level;
		s->sptep = &s->sp->spt[pt_slot(gfn, level)];
		if (level == LEVEL_4K)
			return true;
		spte = READ_ONCE(*s->sptep);
		if (!spte_is_table(cfg, spte, level))
			return false;
	}
	return false;
}

/* What the guest's page has to be.  A direct page says so itself: it goes with its link. */
static bool entry_find(struct fast_stage *s)
{
	const struct shadow_page *sp = s->sp;
	unsigned int i = s->sptep - sp->spt, n;

	s->around = false;
	if (sp->role.direct) {
		s->entry = (struct shadow_entry){
			.gfn = shadow_leaf_gfn(s->sptep),
			.acc = sp->role.access,
			.pkey = sp->role.pkey,
		};
		return true;
	}
	s->around = !*s->sptep;
	n = s->around ? SHADOW_PREFETCH : 1;
	return prefetch_peek(s->p.vcpu, sp, i & -n, n, s->raw) &&
	       shadow_entry_read(s->walk, sp,
				 shadow_entry_raw(s->raw, i & (n - 1), s->walk->fmt->entry_size),
				 &s->entry);
}

static bool access_is_allowed(const struct fast_stage *s, const struct mmu_fault *fault)
{
	u64 access = fault->error & (PF_WRITE | PF_USER | PF_FETCH | PF_IMPLICIT);

	return !perm_check(&s->walk->perm, s->entry.acc, s->entry.pkey, access, &fault->regs);
}

/* A write to ROM is not for here. */
static bool slot_find(struct fast_stage *s)
{
	s->p.slot = mmu_env_slot(s->p.vcpu, s->entry.gfn);
	return s->p.slot && shadow_fast_may(s->sp, s->p.slot) &&
	       !(s->p.write && (s->p.slot->flags & MMU_SLOT_READONLY));
}

/* The lock is held, for read at least.  Return: MMU_FIXED: make a leaf; else the answer. */
static noinline enum mmu_result fast_look(struct fast_stage *s, const struct mmu_fault *fault)
{
	struct mmu_shadow *shadow = s->p.vcpu->mmu->shadow;

	if (!place_find(s, fault) || !entry_find(s) || !access_is_allowed(s, fault) ||
	    !slot_find(s))
		return MMU_RETRY;
	s->p.tables = tracked_any(&shadow->tracked, s->entry.gfn, 1);
	if (!s->p.write || !s->p.tables)
		return MMU_FIXED;
	return !fault->no_emulate && unsync_never(shadow, s->entry.gfn) ? MMU_EMULATE :
									  MMU_RETRY;
}

/* What is only read need not be writable, but had better be. */
static bool page_find(struct fast_stage *s)
{
	bool write = (s->entry.acc & ACC_W) && !(s->p.slot->flags & MMU_SLOT_READONLY);
	gfn_t gfn = s->entry.gfn;

	return mmu_env_pfn_present(s->p.slot, gfn, 1, write, &s->page) ||
	       (write && !s->p.write &&
		mmu_env_pfn_present(s->p.slot, gfn, 1, false, &s->page));
}

/* What names another slot now, or none, leaves that whose page is at hand. */
static bool is_same_again(struct fast_stage *s, const struct mmu_fault *fault)
{
	const struct mmu_slot *slot = s->p.slot;
	const struct shadow_entry was = s->entry;
	bool same;

	same = fast_look(s, fault) == MMU_FIXED && s->p.slot == slot &&
	       s->entry.gfn == was.gfn && s->entry.acc == was.acc &&
	       s->entry.pkey == was.pkey;
	s->p.slot = slot;
	return same;
}

static bool is_still_so(struct fast_stage *s, const struct mmu_fault *fault)
{
	struct mmu *mmu = s->p.vcpu->mmu;

	if (inv_is_stale(&mmu->inv, s->seq, s->entry.gfn, s->entry.gfn + 1))
		return false;
	return s->changes == mmu->shadow->changes || is_same_again(s, fault);
}

static bool fast_map(struct fast_stage *s, struct mmu_fault *fault)
{
	unsigned int i;

	if (!is_still_so(s, fault) ||
	    !prefetch_page(&s->p, s->sptep, &s->entry, &s->page))
		return false;
	s->p.write = false;
	s->p.tables = true;
	i = s->sptep - s->sp->spt;
	if (s->around)
		prefetch_block(&s->p, s->sp, i & ~(SHADOW_PREFETCH - 1), s->raw);
	fault->slot = s->p.slot;
	fault->gfn = s->entry.gfn;
	fault->level = LEVEL_4K;
	fault->pfn = s->page;
	return true;
}

/* With the page found. */
static enum mmu_result fast_map_page(struct fast_stage *s, struct mmu_fault *fault)
{
	struct mmu *mmu = s->p.vcpu->mmu;
	struct shadow_batch b = SHADOW_BATCH_INIT(b, mmu);
	bool done;

	s->p.b = &b;
	write_lock(&mmu->lock);
	done = fast_map(s, fault);
	shadow_batch_commit(&b);
	write_unlock(&mmu->lock);
	hostpage_put(s->p.slot, &s->page, done);
	return done ? MMU_FIXED : MMU_RETRY;
}

enum mmu_result shadow_fast(struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	const struct mmu_ctx *ctx = &vcpu->ctx[MMU_CTX_GUEST];
	struct fast_stage s __uninitialized;
	struct mmu *mmu = vcpu->mmu;
	enum mmu_result r;

	/* CR0.WP clear: map.c knows what becomes of it. */
	if (!vcpu->by_entry || !vcpu->reserve || !ctx->walk.fmt || !ctx->role.wp ||
	    MMU_WALK_IS_TRACED)
		return MMU_RETRY;
	s.walk = &ctx->walk;
	s.p = (struct prefetch_op){
		.vcpu = vcpu, .write = fault->error & PF_WRITE,
	};
	s.seq = inv_seq_read(&mmu->inv);
	read_lock(&mmu->lock);
	s.changes = mmu->shadow->changes;
	r = fast_look(&s, fault);
	read_unlock(&mmu->lock);
	if (r != MMU_FIXED || !page_find(&s))
		return r == MMU_EMULATE ? r : MMU_RETRY;
	return fast_map_page(&s, fault);
}
