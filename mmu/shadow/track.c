// SPDX-License-Identifier: GPL-2.0-only
/* Frames that hold guest tables which are shadowed, and what writing them does. */
#include <linux/rcupdate.h>

#include "mmu/shadow/page.h"
#include "mmu/shadow/role.h"
#include "mmu/tdp/map.h"

/*
 * Emulated writes to a table, with no fault through it in between, after which it
 * is a table no longer, or one that is being filled: better written freely.
 */
#define WRITES_MAX	3

void track_zap(struct mmu_shadow *s, gfn_t gfn, struct shadow_batch *b)
{
	struct shadow_page *sp;

	while ((sp = xa_load(&s->tracked.table, gfn)))
		shadow_zap_page(s, sp, b);
}

enum mmu_result track_write(struct mmu_shadow *s,
			    const struct mmu_fault *fault, bool needed,
			    struct shadow_batch *b)
{
	if (unsync_allow(s, fault->gfn))
		return MMU_FIXED;
	/* A walk of the processor's: there is no instruction to emulate. */
	if (needed || (!fault->no_emulate && !(fault->error & PF_GUEST_TABLE)))
		return MMU_EMULATE;
	track_zap(s, fault->gfn, b);
	return MMU_RETRY;
}

enum mmu_result track_write_fault(struct mmu_vcpu *vcpu, struct mmu_fault *fault)
{
	struct mmu *mmu = vcpu->mmu;
	enum mmu_result r = MMU_RETRY;
	struct shadow_batch b = SHADOW_BATCH_INIT(b, mmu);
	struct tdp_place place;

	write_lock(&mmu->lock);
	rcu_read_lock();
	if (!inv_is_stale(&mmu->inv, fault->seq, fault->gfn, fault->gfn + 1))
		r = track_write(mmu->shadow, fault, false, &b);
	fault->tracked = false;
	if (r == MMU_FIXED)
		r = tdp_map(vcpu, fault, &place);
	shadow_batch_commit(&b);
	rcu_read_unlock();
	write_unlock(&mmu->lock);
	return r;
}

/* Drop what shadows one guest entry. */
static void entry_drop(struct shadow_page *sp, unsigned int i,
		       struct shadow_batch *b)
{
	unsigned int n = shadow_entry_sptes(sp, &i);

	while (n--)
		shadow_drop(&sp->spt[i++], b);
}

/* Does a write look like one of an entry?  PAE entries are written by halves too. */
static bool is_entry_write(const struct shadow_page *sp, unsigned int offset,
			   unsigned int len)
{
	bool short_ok = sp->role.ctx.format == ROLE_2LEVEL ||
			sp->role.ctx.format == ROLE_PAE;

	if (len == 8)
		return !(offset % 8) && sp->role.ctx.format != ROLE_2LEVEL;
	return len == 4 && short_ok && !(offset % 4);
}

static void page_written(struct mmu_shadow *s, struct shadow_page *sp,
			 unsigned int offset, unsigned int len,
			 struct shadow_batch *b)
{
	unsigned int size = sp->role.ctx.format == ROLE_2LEVEL ? 4 : 8;
	unsigned int i;

	s->stat[MMU_STAT_WRITTEN]++;
	if (!is_entry_write(sp, offset, len) || ++sp->writes > WRITES_MAX) {
		s->stat[MMU_STAT_FLOODED]++;
		shadow_zap_page(s, sp, b);
		return;
	}
	if (sp->role.level > LEVEL_4K)
		s->stat[MMU_STAT_LINK_DROPPED]++;
	for (i = offset / size; i <= (offset + len - 1) / size; i++)
		entry_drop(sp, i, b);
}

static void frame_written(struct mmu_vcpu *vcpu, gfn_t gfn, unsigned int offset,
			  unsigned int len)
{
	struct mmu *mmu = vcpu->mmu;
	struct shadow_page *sp, *next;
	struct shadow_batch b = SHADOW_BATCH_INIT(b, mmu);

	write_lock(&mmu->lock);
	for (sp = xa_load(&mmu->shadow->tracked.table, gfn); sp; sp = next) {
		next = sp->same;
		page_written(mmu->shadow, sp, offset, len, &b);
	}
	shadow_batch_commit(&b);
	write_unlock(&mmu->lock);
}

void mmu_guest_written(struct mmu_vcpu *vcpu, gpa_t gpa, unsigned int len)
{
	/* Pairs with the release in shadow_activate(). */
	struct mmu_shadow *s = smp_load_acquire(&vcpu->mmu->shadow);
	gfn_t gfn = gpa >> MMU_PAGE_SHIFT;

	if (likely(!s))
		return;
	/* What was written, then the look for a table: pairs with shadow_publish(). */
	smp_mb();
	if (xa_load(&s->tracked.table, gfn))
		frame_written(vcpu, gfn, gpa & (MMU_PAGE_SIZE - 1), len);
}
