// SPDX-License-Identifier: GPL-2.0-only
/* Putting leaves into a TDP tree, for fault.c. */
#include <linux/string.h>

#include "mmu/base/hostpage.h"
#include "mmu/mmu_mode.h"
#include "mmu/mmu_trace.h"
#include "mmu/tdp/map.h"
#include "mmu/tdp/tree.h"

/*
 * Put a table from the reserve in place of an empty entry or a large leaf.  @mark: 0 or
 * SPTE_NX_SPLIT.
 */
static bool table_link(struct mmu_vcpu *vcpu, u64 *sptep, u64 *spte, int level,
		       u64 mark)
{
	struct mmu *mmu = vcpu->mmu;
	bool split = spte_is_present(*spte);
	u64 new, *table;

	/* Somebody is unlinking a table here. */
	if (!split && *spte)
		return false;
	table = cache_first(&vcpu->cache);
	if (!table)
		return false;
	if (split)
		pt_split(mmu->config, table, *spte, level);
	/* The exchange makes the table's contents visible first. */
	new = spte_table(mmu->config, table) | mark;
	if (!try_cmpxchg(sptep, spte, new)) {
		if (split)
			memset(table, 0, MMU_PAGE_SIZE);
		return false;
	}
	cache_take(&vcpu->cache);
	*spte = new;
	atomic_long_inc(&mmu->tables);
	if (split) {
		atomic_long_dec(&mmu->mapped[level]);
		atomic_long_add(PT_ENTRIES, &mmu->mapped[level - 1]);
	}
	if (unlikely(mark) &&
	    atomic_long_inc_return(&mmu->mapped[COUNT_NX_SPLITS]) == 1)
		mmu_env_nx_split(mmu);
	return true;
}

static enum mmu_result tdp_leaf_put(struct mmu_vcpu *vcpu,
				    struct mmu_fault *fault, u64 spte,
				    struct tdp_place *place)
{
	const struct mmu_config *cfg = vcpu->mmu->config;
	bool was = spte_is_present(spte);
	bool write = fault->error & PF_WRITE;
	u32 how = hostpage_leaf_how(fault->slot, &fault->pfn, write);
	u64 new;

	if (!fault->prefault)
		how |= LEAF_ACCESSED;
	if (!fault->map_write)
		how &= ~LEAF_WRITE;
	/* Nor may anybody make it writable who does not know of the tables. */
	if (fault->tracked)
		how &= ~(LEAF_WRITE | LEAF_MMU_WRITABLE);
	if (write)
		how |= LEAF_DIRTY;
	if (place->level > LEVEL_4K && vcpu->mmu->nx_huge)
		how |= LEAF_NO_EXEC;
	new = spte_leaf(cfg, place->level, fault->pfn.pfn, how);
	if (unlikely(fault->typed))
		new = spte_typed(cfg, new, fault->type);
	if (was) {
		if ((spte ^ new) & (cfg->addr | cfg->types)) {
			fault->clash = true;
			return MMU_RETRY;
		}
		new |= spte & (cfg->accessed | cfg->dirty);
	} else if (!spte_is_free(cfg, spte)) {
		return MMU_RETRY;
	}
	if (!try_cmpxchg(place->sptep, &spte, new))
		return MMU_RETRY;
	if (!was)
		atomic_long_inc(&vcpu->mmu->mapped[place->level]);
	if (how & LEAF_WRITE)
		hostpage_log_dirty(vcpu, fault->slot, fault->gfn);
	return MMU_FIXED;
}

enum mmu_result tdp_map(struct mmu_vcpu *vcpu, struct mmu_fault *fault,
			struct tdp_place *place)
{
	const struct mmu_config *cfg = vcpu->mmu->config;
	u64 *table = vcpu->root->table;
	int level;
	u64 spte;

	for (level = cfg->levels; ; level--) {
		place->sptep = &table[pt_slot(fault->gfn, level)];
		place->level = level;
		spte = READ_ONCE(*place->sptep);
		if (spte_is_table(cfg, spte, level)) {
			table = spte_table_of(cfg, spte);
			continue;
		}
		if (spte_is_present(spte) && spte_allows(cfg, spte, fault->error))
			return MMU_FIXED;
		if (level <= fault->level)
			return tdp_leaf_put(vcpu, fault, spte, place);
		if (!table_link(vcpu, place->sptep, &spte, level,
				level <= fault->refused ? SPTE_NX_SPLIT : 0))
			return MMU_RETRY;
		table = spte_table_of(cfg, spte);
	}
}

/* The entry of a frame, and in @spte its value; NULL: under a large leaf, or no memory. */
static u64 *tables_make(struct mmu_vcpu *vcpu, gfn_t gfn, u64 *spte)
{
	const struct mmu_config *cfg = vcpu->mmu->config;
	u64 *sptep;
	int level;

	for (;;) {
		level = cfg->levels;
		sptep = pt_lookup(cfg, vcpu->root->table, gfn, &level, spte);
		if (level == LEVEL_4K)
			return sptep;
		if (spte_is_present(*spte) || !table_link(vcpu, sptep, spte, level, 0))
			return NULL;
	}
}

void tdp_map_mmio(struct mmu_vcpu *vcpu, gfn_t gfn, u64 gen)
{
	const struct mmu_config *cfg = vcpu->mmu->config;
	u64 spte, *sptep = tables_make(vcpu, gfn, &spte);

	if (!sptep)
		return;
	if (spte_is_free(cfg, spte))
		try_cmpxchg(sptep, &spte, spte_mmio(cfg, gen));
	if (tracepoint_enabled(mark_mmio_spte))
		mmu_env_trace_mmio(sptep, gfn, gen);
}

bool tdp_map_page(struct mmu_vcpu *vcpu, gfn_t gfn, kvm_pfn_t pfn)
{
	const struct mmu_config *cfg = vcpu->mmu->config;
	const u32 how = LEAF_WRITE | LEAF_ACCESSED | LEAF_DIRTY;
	u64 spte, *sptep = tables_make(vcpu, gfn, &spte);

	if (!sptep)
		return false;
	if (spte_is_present(spte))
		return spte_leaf_pfn(cfg, spte, LEVEL_4K) == pfn;
	if (!spte_is_free(cfg, spte) ||
	    !try_cmpxchg(sptep, &spte, spte_leaf(cfg, LEVEL_4K, pfn, how)))
		return false;
	atomic_long_inc(&vcpu->mmu->mapped[LEVEL_4K]);
	return true;
}

void tdp_map_prefetch(struct mmu_vcpu *vcpu, const struct mmu_fault *fault, u64 *first,
		      const struct mmu_pfn *page, unsigned int n)
{
	const struct mmu_config *cfg = vcpu->mmu->config;
	const struct mmu_pfn kind[2] = { { }, { .writable = true } };
	unsigned int i, made = 0;
	u64 leaf[2], old;

	/* They differ in the frame, and in whether the host lets it be written. */
	for (i = 0; i < 2; i++) {
		leaf[i] = spte_leaf(cfg, LEVEL_4K, 0,
				    hostpage_leaf_how(fault->slot, &kind[i], false));
		if (unlikely(fault->typed))
			leaf[i] = spte_typed(cfg, leaf[i], fault->type);
	}
	for (i = 0; i < n; i++) {
		old = READ_ONCE(first[i]);
		if (!old && try_cmpxchg(&first[i], &old,
					leaf[page[i].writable] |
					page[i].pfn << MMU_PAGE_SHIFT))
			made++;
	}
	if (made)
		atomic_long_add(made, &vcpu->mmu->mapped[LEVEL_4K]);
}
