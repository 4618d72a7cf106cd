// SPDX-License-Identifier: GPL-2.0-only
#ifdef LAMINA_MMU_CHECK

#include <linux/bug.h>
#include <linux/rcupdate.h>

#include "mmu/check.h"
#include "mmu/mmu_mode.h"
#include "mmu/shadow/check.h"
#include "mmu/tdp/tree.h"

static void check_table(const struct mmu_config *cfg, u64 spte)
{
	BUG_ON((spte & ~cfg->addr) != cfg->table);
	BUG_ON(!(spte & cfg->addr));
}

static void check_leaf(const struct mmu_config *cfg, u64 spte, int level)
{
	u64 may = cfg->addr | cfg->leaf | cfg->write | SPTE_WRITABLE |
		  cfg->accessed | cfg->dirty;

	if (level > LEVEL_4K)
		may |= cfg->large;
	BUG_ON(spte & ~may);
	BUG_ON((spte & cfg->leaf) != cfg->leaf);
	BUG_ON(level > cfg->max_level);
	BUG_ON(level > LEVEL_4K && !(spte & cfg->large));
	BUG_ON((spte & cfg->addr) >> MMU_PAGE_SHIFT !=
	       spte_leaf_pfn(cfg, spte, level));
	BUG_ON((spte & cfg->write) && !spte_can_write(spte));
	BUG_ON((spte & SPTE_MMU_WRITABLE) && !(spte & SPTE_HOST_WRITABLE));
}

static void check_entry(const struct pt_iter *it, struct pt_count *c)
{
	const struct mmu_config *cfg = it->cfg;
	u64 spte = it->spte;

	/* Nothing is in the middle of anything. */
	BUG_ON(!spte_is_present(spte) && !spte_is_free(cfg, spte));
	if (spte_is_mmio(cfg, spte)) {
		BUG_ON(it->level != LEVEL_4K || spte_is_present(spte));
	} else if (spte_is_table(cfg, spte, it->level)) {
		check_table(cfg, spte);
		c->tables++;
	} else if (spte_is_present(spte)) {
		check_leaf(cfg, spte, it->level);
		c->mapped[it->level]++;
	}
}

static void check_root(struct mmu *mmu, struct mmu_root *root,
		       struct pt_count *c)
{
	struct pt_iter it = {
		.cfg = mmu->config, .end = mmu->config->end,
		.min_level = LEVEL_4K,
	};
	bool more;

	BUG_ON(!refcount_read(&root->refs));
	BUG_ON(root->as_id > 1);
	c->tables++;
	for (more = pt_iter_start(&it, root->table, 0); more;
	     more = pt_iter_next(&it)) {
		check_entry(&it, c);
		/* Or the lockless path could let it be written. */
		if (spte_is_present(it.spte) && (it.spte & SPTE_MMU_WRITABLE))
			check_written(mmu, root->as_id, it.gfn,
				      LEVEL_GFNS(it.level));
	}
}

void mmu_check(struct mmu *mmu)
{
	struct pt_count c = { };
	struct mmu_root *root;
	unsigned int valid[2] = { };
	int level;

	read_lock(&mmu->lock);
	rcu_read_lock();
	BUG_ON(atomic_read(&mmu->unflushed));
	list_for_each_entry(root, &mmu->roots, link) {
		check_root(mmu, root, &c);
		if (!root->obsolete)
			BUG_ON(++valid[root->as_id] > 1);
	}
	check_shadow(mmu, &c);
	for (level = LEVEL_4K; level <= LEVEL_1G; level++)
		BUG_ON(c.mapped[level] != atomic_long_read(&mmu->mapped[level]));
	BUG_ON(c.tables != atomic_long_read(&mmu->tables));
	rcu_read_unlock();
	read_unlock(&mmu->lock);
}

static void leaf_show(const struct pt_iter *it, mmu_check_leaf_fn fn, void *arg)
{
	const struct mmu_config *cfg = it->cfg;
	u64 spte = it->spte;
	struct mmu_leaf leaf = {
		.gfn = it->gfn,
		.level = it->level,
		.acc = ACC_R | ACC_X | ACC_U,
		.accessed = cfg->ad ? spte & cfg->accessed : true,
		.dirty = spte & (cfg->ad ? cfg->dirty : cfg->write),
	};

	if (!spte_is_present(spte) || spte_is_table(cfg, spte, it->level))
		return;
	leaf.pfn = spte_leaf_pfn(cfg, spte, it->level);
	if (spte & cfg->write)
		leaf.acc |= ACC_W;
	fn(arg, &leaf);
}

void mmu_check_leaves(struct mmu *mmu, int as_id, mmu_check_leaf_fn fn,
		      void *arg)
{
	struct pt_iter it = {
		.cfg = mmu->config, .end = mmu->config->end,
		.min_level = LEVEL_4K,
	};
	struct mmu_root *root;
	bool more;

	read_lock(&mmu->lock);
	rcu_read_lock();
	list_for_each_entry(root, &mmu->roots, link) {
		if (root->as_id != as_id || root->obsolete)
			continue;
		for (more = pt_iter_start(&it, root->table, 0); more;
		     more = pt_iter_next(&it))
			leaf_show(&it, fn, arg);
	}
	rcu_read_unlock();
	read_unlock(&mmu->lock);
}

#endif
