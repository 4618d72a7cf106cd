/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Headers of shadow pages and descriptors of reverse maps: their slab caches, and
 * what a vCPU has of them in reserve, where there are shadow pages (R3).  Only the
 * vCPU's own thread touches the reserve.
 */
#ifndef LAMINA_MMU_SHADOW_CACHE_H
#define LAMINA_MMU_SHADOW_CACHE_H

#include "mmu/mmu.h"

struct shadow_page;
struct pte_list_desc;

/* Leaves that one shadow fault may make beside its own. */
#define SHADOW_PREFETCH	8

/* The worst fault: its leaf, a link per level below the root, the prefetched. */
#define RESERVE_DESCS	(1 + LEVEL_MAX - 1 + SHADOW_PREFETCH)
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
 * shadow_cache_setup - make the slab caches for headers and descriptors
 *
 * Return: 0; -EIO when descriptors have no size yet; -ENOMEM.
 */
int shadow_cache_setup(void);

/** shadow_cache_teardown - the reverse; harmless without them */
void shadow_cache_teardown(void);

/**
 * shadow_cache_fill - make sure that the reserve is enough for a shadow fault
 * @vcpu: the vCPU
 * @n: tables, page headers being one fewer at least
 *
 * Tables, RESERVE_PAGES headers, RESERVE_DESCS descriptors.  May sleep.
 *
 * Return: 0, or -ENOMEM; what was allocated until then stays in reserve.
 */
int shadow_cache_fill(struct mmu_vcpu *vcpu, unsigned int n);

/**
 * shadow_cache_take - take the header of a shadow page out
 * @vcpu: the vCPU
 *
 * Return: a zeroed header, or NULL when the reserve is empty.
 */
struct shadow_page *shadow_cache_take(struct mmu_vcpu *vcpu);

/** shadow_cache_alloc - a zeroed header, for who has no vCPU; may sleep; or NULL */
struct shadow_page *shadow_cache_alloc(void);

/** shadow_cache_free - free a header */
void shadow_cache_free(struct shadow_page *sp);

/** shadow_cache_empty - free the reserve, which need not exist */
void shadow_cache_empty(struct mmu_vcpu *vcpu);

#endif
