// SPDX-License-Identifier: GPL-2.0-only
#include <linux/sched.h>

#include "mmu/tdp/tree.h"

bool pt_iter_start(struct pt_iter *it, u64 *root, gfn_t gfn)
{
	if (it->end > it->cfg->end)
		it->end = it->cfg->end;
	it->level = it->cfg->levels;
	it->table[it->level] = root;
	it->gfn = gfn;
	if (gfn >= it->end)
		return false;
	it->sptep = &root[pt_slot(gfn, it->level)];
	it->spte = READ_ONCE(*it->sptep);
	return true;
}

bool pt_iter_seek(struct pt_iter *it, gfn_t gfn)
{
	gfn_t changed = it->gfn ^ gfn;

	it->gfn = gfn;
	if (gfn >= it->end)
		return false;
	/* Up to the first table that covers both the old frame and the new. */
	while (changed & LEVEL_MASK(it->level + 1))
		it->level++;
	it->sptep = &it->table[it->level][pt_slot(gfn, it->level)];
	it->spte = READ_ONCE(*it->sptep);
	return true;
}

void pt_split(const struct mmu_config *cfg, u64 *table, u64 spte, int level)
{
	u64 piece = spte_piece(cfg, spte, level, 0);
	u64 step = spte_piece(cfg, spte, level, 1) - piece;
	unsigned int i;

	/* It is large leaves that may not be executed. */
	if (level == LEVEL_2M)
		piece = spte_executable(cfg, piece);
	for (i = 0; i < PT_ENTRIES; i++, piece += step)
		table[i] = piece;
}

void pt_count_publish(struct pt_count *c, struct mmu *mmu)
{
	int level;

	for (level = COUNT_NX_SPLITS; level <= LEVEL_1G; level++)
		if (c->mapped[level])
			atomic_long_add(c->mapped[level], &mmu->mapped[level]);
	if (c->tables)
		atomic_long_add(c->tables, &mmu->tables);
	*c = (struct pt_count){ };
}

static void uncount_split(struct pt_count *c, u64 spte)
{
	c->mapped[COUNT_NX_SPLITS] -= !!(spte & SPTE_NX_SPLIT);
}

void pt_remove(const struct mmu_config *cfg, u64 spte, int level,
	       struct pt_count *c)
{
	u64 *table = spte_table_of(cfg, spte);
	unsigned int i;

	uncount_split(c, spte);
	for (i = 0; i < PT_ENTRIES; i++) {
		/* Empty ones too: a fault may be about to fill them. */
		spte = xchg(&table[i], SPTE_REMOVED);
		if (!spte_is_present(spte))
			continue;
		if (spte_is_table(cfg, spte, level))
			pt_remove(cfg, spte, level - 1, c);
		else
			c->mapped[level]--;
	}
	c->tables--;
	mmu_env_table_free_rcu(table);
}

void pt_free(const struct mmu_config *cfg, u64 *table, int level,
	     struct pt_count *c)
{
	unsigned int i;
	u64 spte;

	for (i = 0; i < PT_ENTRIES; i++) {
		spte = table[i];
		if (!spte_is_present(spte))
			continue;
		if (spte_is_table(cfg, spte, level)) {
			uncount_split(c, spte);
			pt_free(cfg, spte_table_of(cfg, spte), level - 1, c);
		} else {
			c->mapped[level]--;
		}
	}
	c->tables--;
	mmu_env_table_free(table);
	if (level > LEVEL_4K)
		cond_resched();
}
