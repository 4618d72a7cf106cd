// SPDX-License-Identifier: GPL-2.0-only
#ifdef LAMINA_MMU_CHECK

#include <linux/bug.h>
#include <linux/rcupdate.h>

#include "mmu/check.h"
#include "mmu/mmu_mode.h"
#include "mmu/shadow/check.h"
#include "mmu/tdp/tree.h"

/* RAM's, or a device's; @any: or one of the guest's choice.  EPT's rules: the model's. */
static bool type_is_known(const struct mmu_config *cfg, u64 spte, bool any)
{
	u64 type = spte & (cfg->ram | cfg->types);

	return type == cfg->ram || !type || (any && cfg->types);
}

/* @exec: may a large one be executed?  @any: is its type known to nobody here? */
static void check_leaf(const struct mmu_config *cfg, u64 spte, int level, bool exec, bool any)
{
	u64 leaf = level == LEVEL_4K || exec ? cfg->leaf : cfg->leaf ^ cfg->exec;
	u64 may = cfg->addr | leaf | cfg->types | cfg->write | SPTE_WRITABLE |
		  cfg->accessed | cfg->dirty;

	if (level > LEVEL_4K)
		may |= cfg->large;
	BUG_ON(spte & ~may);
	leaf &= ~cfg->ram;
	BUG_ON((spte & leaf) != leaf || !type_is_known(cfg, spte, any));
	BUG_ON(level > cfg->max_level);
	BUG_ON(level > LEVEL_4K && !(spte & cfg->large));
	BUG_ON((spte & cfg->addr) >> MMU_PAGE_SHIFT !=
	       spte_leaf_pfn(cfg, spte, level));
	BUG_ON((spte & cfg->write) && !spte_can_write(spte));
	BUG_ON((spte & SPTE_MMU_WRITABLE) && !(spte & SPTE_HOST_WRITABLE));
}

/* Who looks at each entry of a root, and with what. */
struct check_walk {
	void (*visit)(struct check_walk *w, const struct pt_iter *it);
	struct mmu *mmu;
	int as_id;
	bool obsolete;
	struct pt_count count;
	mmu_check_leaf_fn fn;
	void *arg;
};

static void check_root(struct check_walk *w, struct mmu_root *root)
{
	struct pt_iter it = {
		.cfg = w->mmu->config, .end = w->mmu->config->end,
		.min_level = LEVEL_4K,
	};
	bool more;

	w->as_id = root->as_id;
	w->obsolete = root->obsolete;
	for (more = pt_iter_start(&it, root->table, 0); more;
	     more = pt_iter_next(&it))
		w->visit(w, &it);
}

/* It stands where a large leaf could be, and the rule is that one may not be executed. */
static void check_split(struct check_walk *w, const struct pt_iter *it)
{
	BUG_ON(it->level > it->cfg->max_level);
	BUG_ON(!w->mmu->nx_huge && !w->obsolete);
	w->count.mapped[COUNT_NX_SPLITS]++;
}

/* An obsolete root may have been made by another rule. */
static bool check_exec(const struct check_walk *w, u64 spte)
{
	const struct mmu_config *cfg = w->mmu->config;

	return w->obsolete ? !((spte ^ cfg->leaf) & cfg->exec) : !w->mmu->nx_huge;
}

static void check_entry(struct check_walk *w, const struct pt_iter *it)
{
	const struct mmu_config *cfg = it->cfg;
	u64 spte = it->spte;

	/* Nothing is in the middle of anything. */
	BUG_ON(!spte_is_present(spte) && !spte_is_free(cfg, spte));
	if (spte_is_mmio(cfg, spte)) {
		BUG_ON(it->level != LEVEL_4K || spte_is_present(spte));
	} else if (spte_is_table(cfg, spte, it->level)) {
		BUG_ON((spte & ~(cfg->addr | SPTE_NX_SPLIT)) != cfg->table);
		BUG_ON(!(spte & cfg->addr));
		w->count.tables++;
		if (spte & SPTE_NX_SPLIT)
			check_split(w, it);
	} else if (spte_is_present(spte)) {
		check_leaf(cfg, spte, it->level, check_exec(w, spte),
			   w->mmu->typed || w->obsolete);
		w->count.mapped[it->level]++;
	}
	/* Or the lockless path could let it be written. */
	if (spte_is_present(spte) && (spte & SPTE_MMU_WRITABLE))
		check_written(w->mmu, it->gfn, LEVEL_GFNS(it->level));
}

void mmu_check(struct mmu *mmu)
{
	struct check_walk w = { .visit = check_entry, .mmu = mmu };
	struct mmu_root *root;
	unsigned int valid[2] = { };
	int level;

	read_lock(&mmu->lock);
	rcu_read_lock();
	BUG_ON(atomic_read(&mmu->unflushed));
	list_for_each_entry(root, &mmu->roots, link) {
		BUG_ON(!refcount_read(&root->refs));
		BUG_ON(root->as_id > 1);
		w.count.tables++;
		check_root(&w, root);
		if (!root->obsolete)
			BUG_ON(++valid[root->as_id] > 1);
	}
	check_shadow(mmu, &w.count);
	for (level = COUNT_NX_SPLITS; level <= LEVEL_1G; level++)
		BUG_ON(w.count.mapped[level] != atomic_long_read(&mmu->mapped[level]));
	BUG_ON(w.count.tables != atomic_long_read(&mmu->tables));
	rcu_read_unlock();
	read_unlock(&mmu->lock);
}

static void leaf_show(struct check_walk *w, const struct pt_iter *it)
{
	const struct mmu_config *cfg = it->cfg;
	u64 spte = it->spte;
	struct mmu_leaf leaf = {
		.gfn = it->gfn,
		.pfn = spte_leaf_pfn(cfg, spte, it->level),
		.level = it->level,
		.acc = ACC_R | ACC_U | (spte & cfg->write ? ACC_W : 0) |
		       ((spte ^ cfg->leaf) & cfg->exec ? 0 : ACC_X),
		.accessed = cfg->ad ? spte & cfg->accessed : true,
		.dirty = spte & (cfg->ad ? cfg->dirty : cfg->write),
	};

	if (spte_is_present(spte) && !spte_is_table(cfg, spte, it->level))
		w->fn(w->arg, &leaf);
}

static void split_show(struct check_walk *w, const struct pt_iter *it)
{
	struct mmu_leaf split = { .gfn = it->gfn, .level = it->level };

	if (spte_is_table(it->cfg, it->spte, it->level) && (it->spte & SPTE_NX_SPLIT))
		w->fn(w->arg, &split);
}

static void check_as(struct check_walk *w, int as_id)
{
	struct mmu *mmu = w->mmu;
	struct mmu_root *root;

	read_lock(&mmu->lock);
	rcu_read_lock();
	list_for_each_entry(root, &mmu->roots, link)
		if (root->as_id == as_id && !root->obsolete)
			check_root(w, root);
	rcu_read_unlock();
	read_unlock(&mmu->lock);
}

void mmu_check_leaves(struct mmu *mmu, int as_id, mmu_check_leaf_fn fn,
		      void *arg)
{
	struct check_walk w = { .visit = leaf_show, .mmu = mmu, .fn = fn, .arg = arg };

	check_as(&w, as_id);
}

void mmu_check_splits(struct mmu *mmu, int as_id, mmu_check_leaf_fn fn,
		      void *arg)
{
	struct check_walk w = { .visit = split_show, .mmu = mmu, .fn = fn, .arg = arg };

	check_as(&w, as_id);
}

#endif
