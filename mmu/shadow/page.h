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
 * in a row: paging is off, or the guest's page is larger than the host's.
 *
 * A guest table that is shadowed is write-protected, so that the write faults
 * and is emulated (track.c); leaf tables may instead be let *unsync* (unsync.c):
 * written freely, and read again when the guest flushes its TLB.
 *
 * Nothing is sized by a slot (R4): heads and pages are in xarrays, whose nodes
 * are chunks of 64 that exist where something is shadowed.
 *
 *	shadow.c	pages: find or make, link, drop entries, zap
 *	shadow_map.c	a fault's walk into SPTEs
 *	shadow_near.c	pages mapped ahead
 *	shadow_root.c	root register and role to roots
 *	unsync.c	letting leaf tables go unsync, and bringing them back
 *	track.c		which tables lie in a frame; writes to them
 *	shadow_range.c	operations by frame, through the reverse maps
 *	reclaim.c	the page limit
 *
 * Everything here runs under mmu->lock for write, and owes a struct shadow_debt
 * until shadow_debt_pay().
 */
#ifndef LAMINA_MMU_SHADOW_PAGE_H
#define LAMINA_MMU_SHADOW_PAGE_H

#include "mmu/shadow/reclaim.h"
#include "mmu/shadow/root.h"
#include "mmu/shadow/types.h"
#include "mmu/shadow/track.h"
#include "mmu/shadow/unsync.h"

/** SHADOW_DEBT_INIT - what @d begins with: nothing is owed to @vm, a struct mmu */
#define SHADOW_DEBT_INIT(d, vm)	{ .mmu = (vm), .dead = LIST_HEAD_INIT((d).dead) }

/** shadow_debt_settle - shadow_debt_pay(), when something is owed */
void shadow_debt_settle(struct shadow_debt *d);

/**
 * shadow_debt_pay - flush, free, count
 * @d: the debt; nothing is owed afterwards
 *
 * Before the lock goes, and wherever TLBs must have forgotten.
 */
static inline void shadow_debt_pay(struct shadow_debt *d)
{
	if (d->flush || d->counted || !list_empty(&d->dead))
		shadow_debt_settle(d);
}

/**
 * shadow_debt_room - make room in the xarray that was found full
 * @d: the debt; nothing happens when none was; lock not held, may sleep
 *
 * Return: 0: try again; -ENOMEM.
 */
int shadow_debt_room(struct shadow_debt *d);

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
 * shadow_rmap_get - the reverse map of a frame's leaves of one level
 * @s: the VM's
 * @as_id: address space
 * @level: 1 to 3
 * @gfn: any frame of the page
 */
struct rmap_head shadow_rmap_get(struct mmu_shadow *s, int as_id, int level,
				 gfn_t gfn);

/** shadow_leaf_gfn - first frame of a leaf */
gfn_t shadow_leaf_gfn(const u64 *sptep);

/**
 * shadow_leaf_set - put a leaf into an empty entry, and into its reverse map
 * @sptep: the entry; its page has @side
 * @spte: the leaf
 * @gfn: first frame
 * @desc: descriptors in reserve, by @next; the first is taken when one is needed
 * @d: counts
 *
 * Return: 0; -ENOMEM: no descriptor, or no memory without sleeping for the
 * xarray: shadow_debt_room(), then try again.
 */
int shadow_leaf_set(u64 *sptep, u64 spte, gfn_t gfn,
		    struct pte_list_desc **desc, struct shadow_debt *d);

/**
 * shadow_drop - empty an entry: leaf or link
 * @sptep: the entry
 * @d: the debt: grows if there was a translation
 */
void shadow_drop(u64 *sptep, struct shadow_debt *d);

/**
 * shadow_protect - take the right to write from a leaf
 * @sptep: the leaf
 * @d: the debt: grows if it had it
 */
void shadow_protect(u64 *sptep, struct shadow_debt *d);

/**
 * shadow_protect_gfn - take the right to write a frame from all leaves
 * @s: the VM's
 * @as_id: address space
 * @gfn: the frame; leaves of all levels that map it
 * @d: the debt
 */
void shadow_protect_gfn(struct mmu_shadow *s, int as_id, gfn_t gfn,
			struct shadow_debt *d);

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
 * @vcpu: the vCPU: reserve
 * @gfn: its frame
 * @role: its role; there is no such page
 * @d: the debt: see shadow_get()
 *
 * Return: the page, with nothing in it; NULL: see shadow_get().
 */
struct shadow_page *shadow_make(struct mmu_vcpu *vcpu, gfn_t gfn,
				union shadow_role role, struct shadow_debt *d);

/**
 * shadow_publish - make a page known
 * @s: the VM's
 * @sp: the page: @gfn, @role and @spt are set, nothing is in it, and there is no
 *      such page
 * @d: the debt: see shadow_get()
 *
 * Return: 0; -ENOMEM: nothing has happened; see shadow_debt_room().
 */
int shadow_publish(struct mmu_shadow *s, struct shadow_page *sp,
		   struct shadow_debt *d);

/**
 * shadow_link - link a page to an empty entry
 * @sptep: the entry
 * @child: the page
 * @desc: descriptors in reserve, as for shadow_leaf_set(); not empty when
 *        @child has a parent
 * @d: for the VM
 */
void shadow_link(u64 *sptep, struct shadow_page *child,
		 struct pte_list_desc **desc, struct shadow_debt *d);

/**
 * shadow_get - find a page or make it
 * @vcpu: the vCPU: reserve
 * @gfn: its frame
 * @role: its role
 * @d: the debt: a new indirect page's frame is write-protected; the flush is
 *     owed before the guest's table is read
 *
 * An unsync page is brought up to date, and all are when one could be below it.
 *
 * Return: the page; NULL: no memory in reserve, or none without sleeping for the
 * xarray: shadow_debt_room().
 */
struct shadow_page *shadow_get(struct mmu_vcpu *vcpu, gfn_t gfn,
			       union shadow_role role, struct shadow_debt *d);

/**
 * shadow_zap_page - take a page apart; it is freed with the debt
 * @s: the VM's
 * @sp: the page, not zapped
 * @d: the debt
 *
 * One that is a root stays until the vCPU leaves it, and its root is obsolete.
 */
void shadow_zap_page(struct mmu_shadow *s, struct shadow_page *sp,
		     struct shadow_debt *d);

/**
 * shadow_root_unref - a vCPU leaves a root
 * @sp: the page
 * @d: the debt: with the last one a zapped page goes
 */
void shadow_root_unref(struct shadow_page *sp, struct shadow_debt *d);

#endif
