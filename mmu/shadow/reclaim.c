// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page limit.  Pages that are roots come on top of it: a limit below their
 * number would let no other page live long enough for an instruction to end.
 */
#include <linux/kernel.h>
#include <linux/sched.h>

#include "mmu/shadow/page.h"

/* Pages taken apart at a time, so that not every fault flushes at the limit. */
#define RECLAIM_STEP	16

/* Of guest memory: 2 %. */
#define LIMIT_SHARE	50

/* Two roots' may be the same page: then a few more may live. */
static unsigned long limit_now(const struct mmu *mmu)
{
	return mmu->page_limit + mmu->shadow->nr_tops;
}

/* Those in use as roots become the newest: nobody looks at them again soon. */
static bool zap_oldest(struct mmu_shadow *s, struct shadow_batch *b)
{
	unsigned long n = s->nr_pages;
	struct shadow_page *sp;

	while (n--) {
		sp = list_first_entry(&s->pages, struct shadow_page, link);
		if (!sp->roots) {
			shadow_zap_page(s, sp, b);
			s->stat[MMU_STAT_RECLAIMED]++;
			return true;
		}
		list_move_tail(&sp->link, &s->pages);
	}
	return false;
}

/* One step on the way to @limit pages.  Return: is there more to do? */
static bool zap_step(struct mmu_shadow *s, unsigned long limit,
		     struct shadow_batch *b)
{
	unsigned int i;

	for (i = 0; i < RECLAIM_STEP && s->nr_pages > limit; i++)
		if (!zap_oldest(s, b))
			return false;
	return s->nr_pages > limit;
}

void reclaim_room(struct mmu *mmu, unsigned long n, struct shadow_batch *b)
{
	struct mmu_shadow *s = mmu->shadow;
	unsigned long limit;

	if (s->nr_pages + n <= mmu->page_limit)
		return;
	limit = limit_now(mmu);
	if (s->nr_pages + n > limit)
		zap_step(s, limit - RECLAIM_STEP, b);
}

static void limit_set(struct mmu *mmu, unsigned long n, bool user)
{
	struct shadow_batch b = SHADOW_BATCH_INIT(b, mmu);

	write_lock(&mmu->lock);
	/* More would be 16 TiB of tables. */
	if (user || !mmu->page_limit_set)
		WRITE_ONCE(mmu->page_limit,
			   clamp_t(unsigned long, n, MMU_PAGES_MIN, U32_MAX));
	mmu->page_limit_set |= user;
	while (mmu->shadow && zap_step(mmu->shadow, limit_now(mmu), &b)) {
		shadow_batch_commit(&b);
		write_unlock(&mmu->lock);
		cond_resched();
		write_lock(&mmu->lock);
	}
	shadow_batch_commit(&b);
	write_unlock(&mmu->lock);
}

void mmu_page_limit_set(struct mmu *mmu, unsigned long n)
{
	limit_set(mmu, n, true);
}

void mmu_page_limit_default(struct mmu *mmu, u64 npages)
{
	limit_set(mmu, npages / LIMIT_SHARE, false);
}
