/* SPDX-License-Identifier: GPL-2.0-only */
/* What the MMU counts, and how much memory it takes; looked at under no lock. */
#ifndef LAMINA_MMU_MMU_STAT_H
#define LAMINA_MMU_MMU_STAT_H

struct mmu;
struct mmu_vcpu;

/* What shadow paging counts. */
enum mmu_stat {
	MMU_STAT_MADE,		/* shadow pages made */
	MMU_STAT_ZAPPED,	/* and zapped */
	MMU_STAT_RECLAIMED,	/* of these, because there were too many */
	MMU_STAT_FLOODED,	/* of these, because they were written too often */
	MMU_STAT_WRITTEN,	/* emulated writes to what they shadow */
	MMU_STAT_LINK_DROPPED,	/* of these, writes of an entry above level 1 */
	MMU_STAT_UNSYNC,	/* pages that are unsync now */
	MMU_STATS
};

/** mmu_stat - a statistic of the VM's; a look, under no lock; 0 with TDP alone */
unsigned long mmu_stat(struct mmu *mmu, enum mmu_stat which);

/** mmu_nx_splits - tables that fetches have got in place of large leaves; a look */
unsigned long mmu_nx_splits(const struct mmu *mmu);

/* What a VM's MMU has allocated. */
enum mmu_memory {
	MMU_MEM_TABLES,		/* page tables, roots included */
	MMU_MEM_SHADOW,		/* headers of shadow pages, and what is beside their leaves */
	MMU_MEM_RMAP,		/* heads of reverse maps */
	MMU_MEM_DESC		/* descriptors of those that have several entries */
};

/**
 * mmu_memory - bytes of one kind; a look, under no lock
 *
 * Without the nodes of xarrays, and without tables in reserve: mmu_vcpu_memory().
 */
unsigned long mmu_memory(struct mmu *mmu, enum mmu_memory which);

/**
 * mmu_vcpu_memory - bytes in a vCPU's reserve; a look, by any thread
 *
 * What shadow pages take from it counts as if it were full, as it is before a fault.
 */
unsigned long mmu_vcpu_memory(const struct mmu_vcpu *vcpu);

#endif
