/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tree of page tables keyed by frame number: the one walk, and the ways to
 * change an entry.  A table is a bare page; level and frame of an entry come
 * from the walk.
 *
 * Whoever walks is in an RCU read section: tables that others unlink stay
 * readable until it ends.  Whoever changes an entry does so by compare-exchange
 * from the value that was judged.
 */
#ifndef LAMINA_MMU_TDP_TREE_H
#define LAMINA_MMU_TDP_TREE_H

#include "mmu/base/spte.h"
#include "mmu/mmu.h"

/**
 * struct pt_iter - a walk over [@gfn, @end), tables before what they hold
 * @cfg: format
 * @end: frame after the last one
 * @min_level: do not descend below
 * @level: level of the entry at hand
 * @gfn: first frame that the entry covers and the walk was asked for
 * @sptep: the entry
 * @spte: its value as read; whoever changes the entry updates it
 * @table: tables from the root down to @level
 */
struct pt_iter {
	const struct mmu_config *cfg;
	gfn_t end;
	int min_level;
	int level;
	gfn_t gfn;
	u64 *sptep;
	u64 spte;
	u64 *table[LEVEL_MAX + 1];
};

/**
 * pt_slot - index of a frame's entry in its table
 * @gfn: the frame
 * @level: the table's level
 */
static inline unsigned int pt_slot(gfn_t gfn, int level)
{
	return (gfn >> ((level - 1) * PT_INDEX_BITS)) & (PT_ENTRIES - 1);
}

/**
 * pt_iter_start - begin a walk, or resume it after the RCU section was left
 * @it: @cfg, @end and @min_level are set
 * @root: root table
 * @gfn: first frame
 *
 * Return: false when there is nothing to walk.
 */
bool pt_iter_start(struct pt_iter *it, u64 *root, gfn_t gfn);

/**
 * pt_iter_seek - go on at a later frame
 * @it: the walk
 * @gfn: the frame; not one of the entry at hand
 *
 * Return: false at the end.
 */
bool pt_iter_seek(struct pt_iter *it, gfn_t gfn);

/**
 * pt_iter_next - go on: into the table at hand, or past the entry
 * @it: the walk
 *
 * Return: false at the end.
 */
static __always_inline bool pt_iter_next(struct pt_iter *it)
{
	if (it->level > it->min_level &&
	    spte_is_table(it->cfg, it->spte, it->level)) {
		it->level--;
		it->table[it->level] = spte_table_of(it->cfg, it->spte);
		it->sptep = &it->table[it->level][pt_slot(it->gfn, it->level)];
		it->spte = READ_ONCE(*it->sptep);
		return true;
	}
	return pt_iter_seek(it, (it->gfn & LEVEL_MASK(it->level)) +
				LEVEL_GFNS(it->level));
}

/**
 * pt_iter_set - change the entry at hand
 * @it: the walk; @spte becomes what the entry holds afterwards
 * @new: the new value
 *
 * Return: false when the entry was not @it->spte any more.
 */
static inline bool pt_iter_set(struct pt_iter *it, u64 new)
{
	if (!try_cmpxchg(it->sptep, &it->spte, new))
		return false;
	it->spte = new;
	return true;
}

/**
 * pt_lookup - the deepest entry that the tree has for a frame
 * @cfg: format
 * @root: root table
 * @gfn: frame, below @cfg->end
 * @level: the level of @root's entries; result: the entry's
 * @spte: result: its value, which is not a table
 *
 * Return: the entry.
 */
static inline u64 *pt_lookup(const struct mmu_config *cfg, u64 *root,
			     gfn_t gfn, int *level, u64 *spte)
{
	u64 *sptep;

	for (;; (*level)--) {
		sptep = &root[pt_slot(gfn, *level)];
		*spte = READ_ONCE(*sptep);
		if (!spte_is_table(cfg, *spte, *level))
			return sptep;
		root = spte_table_of(cfg, *spte);
	}
}

/**
 * pt_split - fill a table with what a large leaf says
 * @cfg: format
 * @table: the table; nobody sees it yet
 * @spte: the large leaf
 * @level: its level
 *
 * Pieces of 4 KiB may be executed.
 */
void pt_split(const struct mmu_config *cfg, u64 *table, u64 spte, int level);

/**
 * struct pt_count - what a change did to the tree's statistics
 * @mapped: leaves made, less leaves removed, by level; COUNT_NX_SPLITS: tables likewise
 * @tables: tables linked, less tables unlinked
 */
struct pt_count {
	long mapped[LEVEL_1G + 1];
	long tables;
};

/**
 * pt_count_publish - add to the VM's statistics, and start at 0 again
 * @c: the counts
 * @mmu: the VM
 */
void pt_count_publish(struct pt_count *c, struct mmu *mmu);

/**
 * pt_remove - free a table that others may still walk, and all below it
 * @cfg: format
 * @spte: the entry that has led to it; it is unlinked from the tree
 * @level: level of its entries
 * @c: counts what went
 *
 * Each entry becomes SPTE_REMOVED, so that whoever still walks here fails to put
 * anything into it.  The pages go after RCU; the caller flushes before it
 * leaves its own RCU read section.
 */
void pt_remove(const struct mmu_config *cfg, u64 spte, int level,
	       struct pt_count *c);

/**
 * pt_free - free a tree that nobody can reach any more
 * @cfg: format
 * @table: its root
 * @level: level of the root's entries
 * @c: counts what went
 *
 * May sleep: no lock is held.
 */
void pt_free(const struct mmu_config *cfg, u64 *table, int level,
	     struct pt_count *c);

#endif
