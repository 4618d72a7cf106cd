/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shadow pages: host tables that say in host frames what a guest's tables say in
 * guest frames (guest paging without TDP; L1's NPT or EPT, for L2).
 *
 *	guest table at gfn G ──(G, role)──► struct shadow_page ──► @spt, 512 SPTEs
 *	                                          ▲
 *	    parents: SPTEs that link it ──────────┘
 *	    leaf SPTE ──► rmap of its frame: who maps frame F at this level?
 *
 * An *indirect* page shadows a guest table.  A *direct* one maps a range of frames
 * in a row: paging is off, or the guest's page is larger than the host's.  Its leaves
 * are in no reverse map: those of frame F are in the pages found by F's number.
 *
 * Much of what guests map by small pages is in a row, too.  So a region of frames has an
 * indirect page, its *home*, whose leaves of these frames are where a direct page would
 * have them, and in no reverse map either.  Only one: whoever looks for a frame's leaves
 * looks at one place more, however many tables there are.
 *
 * A guest table that is shadowed is write-protected, so that the write faults
 * and is emulated (track.c); leaf tables may instead be let *unsync* (unsync.c):
 * written freely, and read again when the guest flushes its TLB.
 *
 * Nothing is sized by a slot (R4): heads and pages are in xarrays, whose nodes
 * are chunks of 64 that exist where something is shadowed.
 *
 * Everything here runs under mmu->lock for write; only fast.c looks with it held for read.
 * What it takes away is in a struct shadow_batch until shadow_batch_commit().
 */
#ifndef LAMINA_MMU_SHADOW_PAGE_H
#define LAMINA_MMU_SHADOW_PAGE_H

#include "mmu/shadow/reclaim.h"
#include "mmu/shadow/root.h"
#include "mmu/shadow/track.h"
#include "mmu/shadow/unsync.h"

/** SHADOW_BATCH_INIT - what @b begins with: an empty batch of @vm, a struct mmu */
#define SHADOW_BATCH_INIT(b, vm)	{ .mmu = (vm), .zapped = LIST_HEAD_INIT((b).zapped) }

/** shadow_batch_flush - shadow_batch_commit() of one that is not empty */
void shadow_batch_flush(struct shadow_batch *b);

/**
 * shadow_batch_commit - flush, free, count
 * @b: the flush batch; empty afterwards
 *
 * Before the lock goes, whatever was done, and wherever TLBs must have forgotten.
 */
static inline void shadow_batch_commit(struct shadow_batch *b)
{
	struct mmu_shadow *s = b->mmu->shadow;

	if (s)
		s->changes++;
	if (b->flush || b->counted || !list_empty(&b->zapped))
		shadow_batch_flush(b);
}

/**
 * shadow_batch_room - make room in the xarray that was found full
 * @b: the flush batch; nothing happens when none was; lock not held, may sleep
 *
 * Return: 0: try again; -ENOMEM.
 */
int shadow_batch_room(struct shadow_batch *b);

/* ------------------------------------------------------------------------ */

/**
 * shadow_activate - from now on there may be shadow pages (R4)
 * @mmu: the VM; lock not held, may sleep
 *
 * Allocates the struct and publishes it with release, under the lock, which
 * excludes everything that looks for reverse maps; who looked before found no
 * shadow pages because there were none.  Whoever comes second frees its own.
 *
 * Return: 0, or -ENOMEM: nothing has changed.
 */
int shadow_activate(struct mmu *mmu);

/** shadow_destroy - free everything; no vCPU is left */
void shadow_destroy(struct mmu *mmu);

/**
 * shadow_direct - the direct pages that have an entry for a frame
 * @s: the VM's
 * @as_id: address space
 * @level: of their entries: 1 or 2, there are no others
 * @gfn: the frame
 *
 * Return: the first one, by @same; or NULL.
 */
struct shadow_page *shadow_direct(struct mmu_shadow *s, int as_id, int level,
				  gfn_t gfn);

/**
 * shadow_home - the home of a frame's region
 * @s: the VM's
 * @as_id: address space
 * @level: of its entries: 1 to 3
 * @gfn: the frame
 *
 * Its entry may be something else than the frame's leaf: see shadow_is_home().
 *
 * Return: the page, or NULL.
 */
static inline struct shadow_page *shadow_home(struct mmu_shadow *s, int as_id,
					      int level, gfn_t gfn)
{
	struct xarray *xa = &s->home[as_id][level - 1];

	return xa_empty(xa) ? NULL : xa_load(xa, gfn >> (level * PT_INDEX_BITS));
}

/**
 * shadow_rmap_get - the reverse map of a frame's leaves of one level, those of direct
 *                   pages and of its home apart
 * @s: the VM's
 * @as_id: address space
 * @level: 1 to 3
 * @gfn: any frame of the page
 */
struct rmap_head shadow_rmap_get(struct mmu_shadow *s, int as_id, int level,
				 gfn_t gfn);

/** shadow_leaf_gfn - first frame of a leaf */
gfn_t shadow_leaf_gfn(const u64 *sptep);
/** shadow_page_leaf_gfn - of one in this page */
gfn_t shadow_page_leaf_gfn(const struct shadow_page *sp, const u64 *sptep);

/**
 * shadow_leaf_set - put a leaf into an empty entry, and into its reverse map
 * @sptep: the entry
 * @spte: the leaf
 * @gfn: first frame
 * @r: a table for the page's @side and a descriptor are taken when they are needed
 * @b: counts
 *
 * Where its place says the frame it is in no reverse map, and needs nothing.
 *
 * Return: 0; -ENOMEM: the reserve lacks something, or no memory without sleeping for the
 * xarray: shadow_batch_room(), then try again.
 */
int shadow_leaf_set(u64 *sptep, u64 spte, gfn_t gfn, struct mmu_reserve *r,
		    struct shadow_batch *b);

/**
 * shadow_drop - empty an entry: leaf or link
 * @sptep: the entry
 * @b: the flush batch: grows if there was a translation
 */
void shadow_drop(u64 *sptep, struct shadow_batch *b);

/**
 * shadow_protect - take the right to write from a leaf
 * @sptep: the leaf
 * @b: the flush batch: grows if it had it
 */
static inline void shadow_protect(u64 *sptep, struct shadow_batch *b)
{
	const u64 write = b->mmu->config->write;
	u64 spte = READ_ONCE(*sptep);

	/* The processor sets A and D meanwhile. */
	while (spte & write) {
		if (!try_cmpxchg(sptep, &spte, spte & ~write))
			continue;
		b->flush = true;
		break;
	}
}

/**
 * shadow_protect_gfn - take the right to write a frame from all leaves
 * @s: the VM's
 * @gfn: the frame; leaves of all levels that map it, in both address spaces
 * @b: the flush batch
 */
void shadow_protect_gfn(struct mmu_shadow *s, gfn_t gfn, struct shadow_batch *b);

/**
 * shadow_find - look for a page
 * @s: the VM's
 * @gfn: its frame
 * @role: its role
 *
 * Return: the page, or NULL.
 */
struct shadow_page *shadow_find(struct mmu_shadow *s, gfn_t gfn,
				union shadow_role role);

/**
 * shadow_make - make a page
 * @r: what it is made from; or NULL
 * @gfn: its frame
 * @role: its role; there is no such page
 * @b: the flush batch: see shadow_get()
 *
 * Return: the page, with nothing in it; NULL: see shadow_get(), nothing is taken.
 */
struct shadow_page *shadow_make(struct mmu_reserve *r, gfn_t gfn,
				union shadow_role role, struct shadow_batch *b);

/**
 * shadow_link - link a page to an empty entry; where there are too many links, the others go
 * @sptep: the entry
 * @child: the page
 * @desc: descriptors in reserve, as for shadow_leaf_set(); not empty when
 *        @child has a parent
 * @b: for the VM
 */
void shadow_link(u64 *sptep, struct shadow_page *child,
		 struct pte_list_desc **desc, struct shadow_batch *b);

/**
 * shadow_get - find a page or make it
 * @vcpu: the vCPU: reserve
 * @gfn: its frame
 * @role: its role
 * @b: the flush batch: a new indirect page's frame is write-protected; the flush comes
 *     before the guest's table is read
 *
 * An unsync page is brought up to date, and all are when one could be below it.
 *
 * Return: the page; NULL: no memory in reserve, or none without sleeping for the
 * xarray: shadow_batch_room().
 */
struct shadow_page *shadow_get(struct mmu_vcpu *vcpu, gfn_t gfn,
			       union shadow_role role, struct shadow_batch *b);

/**
 * shadow_zap_page - take a page apart; it is freed when the batch is committed
 * @s: the VM's
 * @sp: the page, not zapped
 * @b: the flush batch
 *
 * One that is a root stays until the vCPU leaves it, and its root is obsolete.
 */
void shadow_zap_page(struct mmu_shadow *s, struct shadow_page *sp,
		     struct shadow_batch *b);

/**
 * shadow_root_unref - a vCPU leaves a root
 * @sp: the page
 * @b: the flush batch: with the last one a zapped page goes
 */
void shadow_root_unref(struct shadow_page *sp, struct shadow_batch *b);

#endif
