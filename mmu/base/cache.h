/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's reserve, filled before a lock is taken so that nothing has to be
 * allocated under it: zeroed tables for every fault; headers of shadow pages and
 * descriptors of reverse maps only where there are shadow pages (R3).  Only the
 * vCPU's own thread touches it.
 */
#ifndef LAMINA_MMU_BASE_CACHE_H
#define LAMINA_MMU_BASE_CACHE_H

#include "mmu/mmu.h"
#include "mmu/shadow/rmap.h"

struct shadow_page;

/* Leaves that one shadow fault may make beside its own. */
#define SHADOW_NEAR	8

/* The worst fault: its leaf, a link per level below the root, the neighbours. */
#define RESERVE_DESCS	(1 + LEVEL_MAX - 1 + SHADOW_NEAR)
/* New pages of one fault, or of the root of a PAE guest. */
#define RESERVE_PAGES	(LEVEL_MAX - 1)

/**
 * struct mmu_reserve - what a shadow fault needs beside tables
 * @page: headers, zeroed
 * @pages: how many
 * @desc: descriptors, by @next; the @info of each says how many follow, with it
 */
struct mmu_reserve {
	struct shadow_page *page[RESERVE_PAGES];
	u8 pages;
	struct pte_list_desc *desc;
};

/**
 * cache_setup - make the slab caches for headers and descriptors
 *
 * Return: 0; -EIO when descriptors have no size yet; -ENOMEM.
 */
int cache_setup(void);

/** cache_teardown - the reverse; harmless without them */
void cache_teardown(void);

/**
 * cache_fill - make sure that the reserve holds @n tables
 * @vcpu: the vCPU
 * @n: how many the next fault may need, at most MMU_CACHE_TABLES
 *
 * May sleep.
 *
 * Return: 0, or -ENOMEM; what was allocated until then stays in reserve.
 */
int cache_fill(struct mmu_vcpu *vcpu, unsigned int n);

/**
 * cache_fill_shadow - make sure that the reserve is enough for a shadow fault
 * @vcpu: the vCPU
 * @n: tables, page headers being one fewer at least
 *
 * Tables, RESERVE_PAGES headers, RESERVE_DESCS descriptors.  May sleep.
 *
 * Return: 0, or -ENOMEM; what was allocated until then stays in reserve.
 */
int cache_fill_shadow(struct mmu_vcpu *vcpu, unsigned int n);

/**
 * cache_take - take a table out
 * @vcpu: the vCPU
 *
 * Return: a zeroed table, or NULL when the reserve is empty.
 */
void *cache_take(struct mmu_vcpu *vcpu);

/**
 * cache_take_page - take the header of a shadow page out
 * @vcpu: the vCPU
 *
 * Return: a zeroed header, or NULL when the reserve is empty.
 */
struct shadow_page *cache_take_page(struct mmu_vcpu *vcpu);

/**
 * cache_give - put a table back that nobody else saw
 * @vcpu: the vCPU
 * @table: from cache_take(), zeroed
 */
void cache_give(struct mmu_vcpu *vcpu, void *table);

/** cache_page_alloc - a zeroed header, for who has no vCPU; may sleep; or NULL */
struct shadow_page *cache_page_alloc(void);

/** cache_page_free - free a header */
void cache_page_free(struct shadow_page *sp);

/**
 * cache_empty - free the reserve
 * @vcpu: the vCPU
 */
void cache_empty(struct mmu_vcpu *vcpu);

#endif
