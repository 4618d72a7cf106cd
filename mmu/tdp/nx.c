// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables that fetches have got in place of large leaves (SPTE_NX_SPLIT) go, a few at a
 * time.  There is no list of them: a walk over the slots finds them, and the next one goes
 * on where it has stopped.  @nx_space and @nx_next are its own.
 */
#include <linux/container_of.h>

#include "mmu/mmu_nx.h"
#include "mmu/tdp/walk.h"

#define SPACES	2

/**
 * struct nx_recover - some tables are to go
 * @walk: through the roots of an address space
 * @left: how many still
 * @stop: where the walk has stopped since @left is 0
 */
struct nx_recover {
	struct tdp_walk walk;
	unsigned long left;
	gfn_t stop;
};

/* Of the entries of a table for 1 GiB. */
static bool any_split(const struct pt_iter *it)
{
	const u64 *table = spte_table_of(it->cfg, it->spte);
	unsigned int i;
	u64 spte;

	for (i = 0; i < PT_ENTRIES; i++) {
		spte = READ_ONCE(table[i]);
		if (spte_is_table(it->cfg, spte, LEVEL_2M) && (spte & SPTE_NX_SPLIT))
			return true;
	}
	return false;
}

/* A page of 1 GiB comes back when none of its pieces is split for a fetch any more. */
static bool is_due(const struct pt_iter *it)
{
	return spte_is_table(it->cfg, it->spte, it->level) &&
	       (it->spte & SPTE_NX_SPLIT) &&
	       (it->level == LEVEL_2M || !any_split(it));
}

static bool visit_split(struct tdp_walk *w, struct pt_iter *it)
{
	struct nx_recover *r = container_of(w, struct nx_recover, walk);

	if (is_due(it)) {
		if (!r->left) {
			r->stop = it->gfn;
			return false;
		}
		tdp_zap_entry(it, &w->batch, it->gfn & LEVEL_MASK(it->level), it->level);
		r->left--;
	}
	return pt_iter_next(it);
}

/* A slot from @root->nx_next on, to its end or to where it stops. */
static void recover_slot(struct nx_recover *r, struct mmu_root *root,
			 const struct mmu_slot *slot)
{
	r->walk.start = max(root->nx_next, slot->base_gfn);
	r->walk.end = slot->base_gfn + slot->npages;
	r->stop = r->walk.end;
	if (!(slot->flags & MMU_SLOT_DIRTY_LOG))
		tdp_walk_root(&r->walk, root);
	root->nx_next = r->stop;
}

static void recover_root(struct nx_recover *r, struct mmu_root *root)
{
	const struct mmu_slot *slot;

	while (r->left) {
		slot = mmu_env_slot_after(r->walk.mmu, root->as_id, root->nx_next);
		if (!slot) {
			root->nx_next = 0;
			break;
		}
		recover_slot(r, root, slot);
	}
}

static void recover_space(struct nx_recover *r)
{
	struct mmu *mmu = r->walk.mmu;
	struct mmu_root *root;

	for (root = root_next(mmu, NULL, mmu->nx_space); root;
	     root = root_next(mmu, root, mmu->nx_space))
		recover_root(r, root);
	if (r->left)
		mmu->nx_space = (mmu->nx_space + 1) % SPACES;
}

void mmu_nx_recover(struct mmu *mmu, unsigned long n)
{
	struct nx_recover r = {
		.walk = {
			.mmu = mmu,
			.min_level = LEVEL_2M,
			.may_yield = true,
			.visit = visit_split,
		},
		.left = n,
	};
	int i;

	/* What lies below the place where it begins in the first one comes last. */
	for (i = 0; i <= SPACES; i++)
		recover_space(&r);
}
