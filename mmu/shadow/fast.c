// SPDX-License-Identifier: GPL-2.0-only
#include "mmu/mmu_trace.h"
#include "mmu/shadow/fast.h"
#include "mmu/shadow/page.h"
#include "mmu/shadow/prefetch.h"

/* What was looked at, under the lock.  @raw: the block of entries that has @entry. */
struct fast_stage {
	struct prefetch_op p;
	const struct gwalk_ctx *walk;
	struct shadow_page *sp;
	u64 *sptep;
	struct shadow_entry entry;
	u64 raw[SHADOW_PREFETCH];
};

static unsigned int block_of(const struct fast_stage *s)
{
	return (s->sptep - s->sp->spt) & ~(SHADOW_PREFETCH - 1);
}

/* A fault has gone through all the pages on the way. */
static bool place_find(struct fast_stage *s, const struct mmu_fault *fault)
{
	const struct mmu_config *cfg = s->p.vcpu->mmu->config;
	gfn_t gfn = fault->addr >> MMU_PAGE_SHIFT;
	int level;

	for (s->sp = shadow_root_top(s->p.vcpu, fault->addr); s->sp;
	     s->sp = shadow_page_of(spte_table_of(cfg, *s->sptep))) {
		s->sp->writes = 0;
		level = s->sp->role.level;
		s->sptep = &s->sp->spt[pt_slot(gfn, level)];
		if (level == LEVEL_4K)
			return true;
		if (!spte_is_table(cfg, *s->sptep, level))
			return false;
	}
	return false;
}

/* What the guest's page has to be.  A direct page says so itself: it goes with its link. */
static bool entry_find(struct fast_stage *s)
{
	const struct shadow_page *sp = s->sp;
	unsigned int first = block_of(s), i = s->sptep - sp->spt;

	if (!sp->role.direct)
		return prefetch_peek(s->p.vcpu, sp, first, s->raw) &&
		       shadow_entry_read(s->walk, sp,
					 shadow_entry_raw(s->raw, i - first,
							  s->walk->fmt->entry_size),
					 &s->entry);
	s->entry = (struct shadow_entry){
		.gfn = shadow_leaf_gfn(s->sptep),
		.acc = sp->role.access,
		.pkey = sp->role.pkey,
	};
	return true;
}

static bool access_is_allowed(const struct fast_stage *s, const struct mmu_fault *fault)
{
	u64 access = fault->error & (PF_WRITE | PF_USER | PF_FETCH | PF_IMPLICIT);

	return !perm_check(&s->walk->perm, s->entry.acc, s->entry.pkey, access, &fault->regs);
}

static bool slot_find(struct fast_stage *s)
{
	s->p.slot = mmu_env_slot(s->p.vcpu, s->entry.gfn);
	return s->p.slot && shadow_fast_may(s->sp, s->p.slot);
}

static bool fast_map(struct fast_stage *s, struct mmu_fault *fault)
{
	bool around;

	if (!mmu_root_is_current(s->p.vcpu) || !place_find(s, fault) || !entry_find(s) ||
	    !access_is_allowed(s, fault) || !slot_find(s))
		return false;
	around = !*s->sptep && !s->sp->role.direct;
	if (!prefetch_entry(&s->p, s->sptep, &s->entry))
		return false;
	s->p.write = false;
	if (around)
		prefetch_block(&s->p, s->sp, block_of(s), s->raw);
	fault->slot = s->p.slot;
	fault->gfn = s->entry.gfn;
	fault->level = LEVEL_4K;
	fault->pfn.pfn = spte_leaf_pfn(s->p.vcpu->mmu->config, *s->sptep, LEVEL_4K);
	return true;
}

enum mmu_result shadow_fast(struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	const struct mmu_ctx *ctx = &vcpu->ctx[MMU_CTX_GUEST];
	struct shadow_batch b = SHADOW_BATCH_INIT(b, vcpu->mmu);
	struct fast_stage s __uninitialized;
	bool done;

	/* CR0.WP clear: map.c knows what becomes of it. */
	if (!vcpu->by_entry || !vcpu->reserve || !ctx->walk.fmt || !ctx->role.wp ||
	    MMU_WALK_IS_TRACED)
		return MMU_RETRY;
	s.walk = &ctx->walk;
	s.p = (struct prefetch_op){
		.vcpu = vcpu, .b = &b, .tables = true, .write = fault->error & PF_WRITE,
	};
	write_lock(&vcpu->mmu->lock);
	done = fast_map(&s, fault);
	shadow_batch_commit(&b);
	write_unlock(&vcpu->mmu->lock);
	return done ? MMU_FIXED : MMU_RETRY;
}
