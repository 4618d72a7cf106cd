/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host page-table entries: built and read, for any format.  Pure.
 *
 *	empty		0
 *	table, leaf	SPTE_PRESENT set
 *	MMIO		faults in a way of its own; carries a generation
 *	frozen		SPTE_FROZEN: a table was just unlinked here, its
 *			translations are not flushed yet; nobody but the one
 *			who unlinked it may put anything here
 *	removed		SPTE_REMOVED: in a table that is unlinked itself; for ever
 *
 * Hardware ignores the bits used here: 11 and 58:52 in both formats (APM vol.
 * 2, 5.4.1; SDM vol. 3, table 29-6), everything when the entry is not present.
 */
#ifndef LAMINA_MMU_BASE_SPTE_H
#define LAMINA_MMU_BASE_SPTE_H

#include <asm/io.h>

#include "mmu/base/config.h"

#define SPTE_PRESENT		BIT_ULL(11)	/* a table or a leaf */
#define SPTE_HOST_WRITABLE	BIT_ULL(52)	/* the host lets it be written */
#define SPTE_MMU_WRITABLE	BIT_ULL(53)	/* so do we, dirty log apart */
#define SPTE_WRITABLE		(SPTE_HOST_WRITABLE | SPTE_MMU_WRITABLE)
#define SPTE_NX_SPLIT		BIT_ULL(54)	/* a table for a fetch: mmu_nx.h */
#define SPTE_FROZEN		BIT_ULL(57)
#define SPTE_REMOVED		BIT_ULL(58)

/* EPT: the memory type; above it "whatever the guest's PAT says" (MMU_TYPE_FORCED). */
#define SPTE_TYPE_SHIFT		3

/* What a new leaf is to be, for spte_leaf(). */
#define LEAF_WRITE		BIT(0)	/* may be written now */
#define LEAF_HOST_WRITABLE	BIT(1)	/* may be made writable later */
#define LEAF_MMU_WRITABLE	BIT(2)
#define LEAF_ACCESSED		BIT(3)
#define LEAF_DIRTY		BIT(4)
#define LEAF_NO_EXEC		BIT(5)	/* nobody executes it */

/**
 * spte_is_present - is it a table or a leaf?
 * @spte: the entry
 */
static inline bool spte_is_present(u64 spte)
{
	return spte & SPTE_PRESENT;
}

/**
 * spte_is_leaf - is a present entry a leaf?
 * @cfg: the configuration
 * @spte: the entry
 * @level: its level
 */
static inline bool spte_is_leaf(const struct mmu_config *cfg, u64 spte,
				int level)
{
	return level == LEVEL_4K || (spte & cfg->large);
}

/**
 * spte_is_table - is there an entry, and does it point to a table?
 * @cfg: the configuration
 * @spte: the entry
 * @level: its level
 */
static inline bool spte_is_table(const struct mmu_config *cfg, u64 spte,
				 int level)
{
	return level > LEVEL_4K &&
	       (spte & (SPTE_PRESENT | cfg->large)) == SPTE_PRESENT;
}

/**
 * spte_is_mmio - is it a cached MMIO access, of whatever generation?
 * @cfg: the configuration
 * @spte: the entry
 */
static inline bool spte_is_mmio(const struct mmu_config *cfg, u64 spte)
{
	return cfg->mmio_mask && (spte & cfg->mmio_mask) == cfg->mmio_value;
}

/**
 * spte_is_mmio_of - is it a cached MMIO access that is to be believed?
 * @cfg: the configuration
 * @spte: the entry
 * @gen: the generation now
 */
static inline bool spte_is_mmio_of(const struct mmu_config *cfg, u64 spte,
				   u64 gen)
{
	return spte_is_mmio(cfg, spte) &&
	       ((spte >> cfg->mmio_gen_shift ^ gen) & cfg->mmio_gen_mask) == 0;
}

/**
 * spte_is_free - may a mapping take its place, no translation being lost?
 * @cfg: the configuration
 * @spte: the entry
 */
static inline bool spte_is_free(const struct mmu_config *cfg, u64 spte)
{
	return !spte || spte_is_mmio(cfg, spte);
}

/**
 * spte_can_write - do host and slot let it be written, dirty log apart?
 * @spte: a leaf
 */
static inline bool spte_can_write(u64 spte)
{
	return (spte & SPTE_WRITABLE) == SPTE_WRITABLE;
}

/**
 * spte_allows - does a leaf allow what the guest wanted to do?
 * @cfg: the configuration
 * @spte: a leaf that spte_leaf() has built
 * @error: PF_WRITE, PF_FETCH; what else there is does not matter
 */
static inline bool spte_allows(const struct mmu_config *cfg, u64 spte, u64 error)
{
	if ((error & PF_WRITE) && !(spte & cfg->write))
		return false;
	return !(error & PF_FETCH) || !((spte ^ cfg->leaf) & cfg->exec);
}

/** spte_executable - the same leaf, one that may be executed */
static inline u64 spte_executable(const struct mmu_config *cfg, u64 spte)
{
	return (spte & ~cfg->exec) | (cfg->leaf & cfg->exec);
}

/**
 * spte_typed - the same leaf with a memory type of its own
 * @cfg: the configuration
 * @spte: the leaf as it was built, for RAM
 * @type: as of mmu_env_memtype(), with @cfg->types; else 0: of a frame that is no RAM
 */
static inline u64 spte_typed(const struct mmu_config *cfg, u64 spte, u8 type)
{
	return (spte & ~cfg->ram) | (u64)type << SPTE_TYPE_SHIFT;
}

/**
 * spte_table_of - the table that a table entry points to
 * @cfg: the configuration
 * @spte: the entry
 */
static inline u64 *spte_table_of(const struct mmu_config *cfg, u64 spte)
{
	return phys_to_virt(spte & cfg->addr);
}

/**
 * spte_table - an entry that points to a table, with all rights
 * @cfg: the configuration
 * @table: the table
 */
static inline u64 spte_table(const struct mmu_config *cfg, void *table)
{
	return virt_to_phys(table) | cfg->table;
}

/**
 * spte_leaf - build a leaf
 * @cfg: the configuration
 * @level: its level
 * @pfn: any host frame of the page: rounded down
 * @how: LEAF_*
 */
u64 spte_leaf(const struct mmu_config *cfg, int level, kvm_pfn_t pfn, u32 how);

/**
 * spte_shadow_leaf - build a leaf of a shadow table, with a guest's rights
 * @cfg: the configuration
 * @level: its level
 * @pfn: any host frame of the page: rounded down
 * @acc: ACC_* that it grants, no more and no less; ACC_R means something to EPT
 *       only, where ACC_W needs it
 * @pkey: protection key, 0 where the table's kind or the format has none
 *
 * Accessed, and dirty if it may be written: it is made for an access.  Without
 * SPTE_WRITABLE, whose bits are reserved in PAE tables (APM vol. 2, 5.2.3).
 */
u64 spte_shadow_leaf(const struct mmu_config *cfg, int level, kvm_pfn_t pfn,
		     u32 acc, u32 pkey);

/**
 * spte_leaf_pfn - first host frame of a leaf
 * @cfg: the configuration
 * @spte: the leaf
 * @level: its level
 */
kvm_pfn_t spte_leaf_pfn(const struct mmu_config *cfg, u64 spte, int level);

/**
 * spte_piece - one of the 512 leaves that say the same as a large one
 * @cfg: the configuration
 * @spte: the large leaf
 * @level: its level, at least LEVEL_2M
 * @i: which piece
 *
 * Rights, accessed and dirty state are the large leaf's.
 */
u64 spte_piece(const struct mmu_config *cfg, u64 spte, int level,
	       unsigned int i);

/**
 * spte_mmio - build an entry that remembers "no memory here"
 * @cfg: the configuration; its @mmio_mask is not 0
 * @gen: generation until whose change it is to be believed
 */
u64 spte_mmio(const struct mmu_config *cfg, u64 gen);

#endif
