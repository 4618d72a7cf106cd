/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Headers of shadow pages and descriptors of reverse maps: their slab caches, and
 * what a vCPU has of them in reserve, where there are shadow pages (R3).  Only the
 * vCPU's own thread touches the reserve.
 */
#ifndef LAMINA_MMU_SHADOW_CACHE_H
#define LAMINA_MMU_SHADOW_CACHE_H

#include "mmu/mmu.h"
#include "mmu/mmu_stat.h"
#include "mmu/shadow/rmap.h"

struct shadow_page;

/*
 * The aligned block that one fault maps: of a guest's entries, and below a large guest
 * page, where there is nothing to read, as many as tdp/fault.c does.
 */
#define SHADOW_PREFETCH		8
#define SHADOW_PREFETCH_DIRECT	16

/*
 * The worst fault: its leaf, a link per level below the root, the prefetched; those of
 * direct pages need none.
 */
#define RESERVE_DESCS	(LEVEL_MAX + SHADOW_PREFETCH - 1)
/* New pages of one fault, or of the root of a PAE guest. */
#define RESERVE_PAGES	(LEVEL_MAX - 1)

/* Frames in a row have one each. */
#define RECENT_PAGES	4

/**
 * struct recent_page - a host page that was looked up under the lock, for a leaf
 * @slot: its slot; NULL: none
 * @gfn: its frame
 * @seq: the sequence then: while it is the same the page is right where no invalidation
 *       is in progress (base/inv.h)
 * @page: the page; not held
 */
struct recent_page {
	const struct mmu_slot *slot;
	gfn_t gfn;
	unsigned long seq;
	struct mmu_pfn page;
};

/**
 * struct mmu_reserve - what shadow pages are made from, and what else a vCPU has for them
 * @tables: the pages' tables, and what they keep beside the leaves
 * @page: headers, zeroed
 * @pages: how many
 * @desc: descriptors, by @next; the @info of each says how many follow, with it
 * @recent: pages of shadow_refill(), by frame
 */
struct mmu_reserve {
	struct mmu_cache *tables;
	struct shadow_page *page[RESERVE_PAGES];
	u8 pages;
	struct pte_list_desc *desc;
	struct recent_page recent[RECENT_PAGES];
};

/** reserve_descs - how many descriptors there are */
static inline unsigned long reserve_descs(const struct mmu_reserve *r)
{
	return r->desc ? r->desc->info : 0;
}

/**
 * reserve_fill - make sure that a reserve is enough
 * @r: the reserve
 * @tables: tables, at most MMU_CACHE_TABLES
 * @pages: headers, at most RESERVE_PAGES
 * @descs: descriptors
 *
 * May sleep.
 *
 * Return: 0, or -ENOMEM; what was allocated until then stays in reserve.
 */
int reserve_fill(struct mmu_reserve *r, unsigned int tables, unsigned int pages,
		 unsigned long descs);

/** reserve_empty - free what is in a reserve */
void reserve_empty(struct mmu_reserve *r);

/**
 * shadow_cache_setup - make the slab caches for headers and descriptors
 * @descs: entries of a descriptor: RMAP_ENTRIES_*
 *
 * Return: 0 or -ENOMEM.
 */
int shadow_cache_setup(unsigned int descs);

/** shadow_cache_teardown - the reverse; harmless without them */
void shadow_cache_teardown(void);

/**
 * shadow_cache_fill - reserve_fill() for a shadow fault
 * @vcpu: the vCPU
 * @n: tables; beside them RESERVE_PAGES headers, RESERVE_DESCS descriptors
 */
int shadow_cache_fill(struct mmu_vcpu *vcpu, unsigned int n);

/** shadow_memory - what mmu_memory() says of shadow pages' kinds; under no lock */
unsigned long shadow_memory(const struct mmu_shadow *s, enum mmu_memory which);

/** shadow_reserve_bytes - a full struct mmu_reserve, without its tables */
unsigned long shadow_reserve_bytes(void);

/** shadow_cache_free - free a header */
void shadow_cache_free(struct shadow_page *sp);

/** shadow_cache_empty - free the reserve, which need not exist */
void shadow_cache_empty(struct mmu_vcpu *vcpu);

#endif
