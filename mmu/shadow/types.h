/* SPDX-License-Identifier: GPL-2.0-only */
/* The structures of shadow paging; page.h says how they hang together. */
#ifndef LAMINA_MMU_SHADOW_TYPES_H
#define LAMINA_MMU_SHADOW_TYPES_H

#include <linux/build_bug.h>
#include <linux/container_of.h>

#include "mmu/base/tracked.h"
#include "mmu/mmu_mode.h"
#include "mmu/shadow/cache.h"
#include "mmu/shadow/rmap_index.h"
#include "mmu/tdp/tree.h"

/**
 * union shadow_role - what, beside the frame, decides the content of a page
 * @word: all of it, to compare
 * @ctx: what the page's context gives it
 * @level: the host table's level
 * @direct: see above
 * @quadrant: 2-level guest tables have 1024 entries: which part of it (of 2 at
 *            level 1, of 4 at level 2)
 * @access: ACC_* of the guest's entries above it; a direct page's leaves have
 *          these, without ACC_W while the guest's entry is not dirty
 * @pkey: direct page below a large one: its protection key
 * @as_id: address space
 */
union shadow_role {
	u32 word;
	union mmu_ctx_role ctx;		/* the lowest byte of @word */
	struct {
		u32 :8;
		u32 level:3;
		u32 direct:1;
		u32 quadrant:2;
		u32 access:4;
		u32 pkey:4;
		u32 as_id:1;
	};
};

static_assert(sizeof(union shadow_role) == sizeof(u32), "a role is one word");

/* Descriptors of the list of those that link to a page: shadow_link() */
#define SHADOW_LINK_DESCS	64

/* No frame, and none with what is added for an entry's place. */
#define SHADOW_NO_HOME	(1ull << 63)

/**
 * struct shadow_page - one host table
 * @link: in mmu_shadow.pages, oldest first; in shadow_batch.zapped when zapped
 * @same: next page of the same frame (in the same xarray entry)
 * @spt: its 512 SPTEs
 * @side: for each SPTE that is a leaf where its reverse map has it: (gfn << 1) | 1 when
 *        it is alone there, else the descriptor; 0: in none, its place says the frame.
 *        Made with the first leaf that is listed
 * @gfn: indirect: the guest table's frame; direct: the first one that it maps
 * @home: the frame for which the first SPTE stands by its place: direct: @gfn; indirect:
 *        where the region's home is this page, see mmu_shadow.home; SHADOW_NO_HOME
 * @role: see above
 * @epoch: mmu_shadow.epoch when it was made
 * @parents: SPTEs that link to it
 * @roots: roots that it is at the top of
 * @unsync: the guest's table may have changed
 * @zapped: nobody finds it any more; freed when @roots is 0
 * @writes: emulated writes to its table since a fault last went through it, which may have the
 *          lock for read only
 * @unsync_link: in mmu_shadow.unsync
 */
struct shadow_page {
	struct list_head link;
	struct shadow_page *same;
	u64 *spt;
	u64 *side;
	gfn_t gfn;
	gfn_t home;
	union shadow_role role;
	unsigned int epoch;
	struct rmap_head parents;
	unsigned int roots;
	bool unsync;
	bool zapped;
	u8 writes;
	struct list_head unsync_link;
};

/**
 * struct mmu_shadow - what a VM with shadow pages has; mmu->lock protects all; numbers are
 *                     read without it for statistics
 * @tracked: guest tables' frame to its indirect pages, of both address spaces
 * @direct: by address space and level - 1: gfn >> 9 * level to direct pages: they are
 *          their own reverse map
 * @home: by address space and level - 1: gfn >> 9 * level to the one indirect page whose
 *        leaves of frames in this region, each at the index that its number has, are in
 *        no reverse map: the first page with such a leaf, as long as it lives
 * @rmap: by address space and level - 1: gfn >> 9 * (level - 1) to the reverse map
 *        of the other leaves of that level in indirect pages
 * @pages: all pages that are not zapped, oldest first
 * @nr_pages: how many
 * @nr_side: shadow_page.side that there are, of zapped pages too
 * @nr_descs: descriptors in reverse maps
 * @unsync: pages that are unsync
 * @nr_unsync: how many
 * @epoch: counts shadow_zap_all(), which leaves those that are made meanwhile
 * @roots: struct shadow_root of vCPUs, in use or kept, by mmu_root.link
 * @nr_tops: pages that they have at their tops, one of two roots' counted twice
 * @changes: sections under the lock, held for write, that could have changed something; see
 *           fast.c
 * @stat: enum mmu_stat, but for MMU_STAT_UNSYNC
 */
struct mmu_shadow {
	struct mmu_tracked tracked;
	struct xarray direct[2][LEVEL_2M];
	struct xarray home[2][LEVEL_1G];
	struct rmap_index rmap[2][LEVEL_1G];
	struct list_head pages;
	unsigned long nr_pages;
	unsigned long nr_side;
	unsigned long nr_descs;
	struct list_head unsync;
	unsigned int nr_unsync;
	unsigned int epoch;
	struct list_head roots;
	unsigned long nr_tops;
	unsigned long changes;
	unsigned long stat[MMU_STATS];
};

/**
 * struct shadow_root - a vCPU's root
 * @base: what vcpu->root points to; on mmu_shadow.roots; never shared
 * @older: the next one in vcpu->kept
 * @top: the shadow pages at @top_level
 * @nr_top: how many: one, or four for 32-bit guests
 * @top_level: 2, 4 or 5
 * @hw_level: level of the table that the hardware starts at: 3 (PAE), 4 or 5
 * @upper: tables of its own above @top_level, by level; @upper[@hw_level] is the root
 *        if above @top_level
 * @fmt: format of the tables that it was made for; NULL: paging was off
 * @role: their context's role
 * @guest_root: and where they begin
 */
struct shadow_root {
	struct mmu_root base;
	struct shadow_root *older;
	struct shadow_page *top[4];
	u8 nr_top;
	u8 top_level;
	u8 hw_level;
	const struct pt_format *fmt;
	union mmu_ctx_role role;
	gpa_t guest_root;
	u64 *upper[LEVEL_MAX + 1];
};

/**
 * struct shadow_batch - what has to be flushed and freed before the lock goes
 * @mmu: the VM
 * @own: the vCPU whose caller flushes its TLB afterwards, so that only others are told;
 *       or NULL
 * @flush: a translation was taken away: flush all
 * @zapped: zapped pages, to free after the flush
 * @count: statistics to publish
 * @counted: something in @count is not 0
 * @full: xarray that lacked a node, for shadow_batch_room(), or NULL
 * @full_rmap: index of reverse maps that lacked a chunk, or NULL
 * @full_index: where
 */
struct shadow_batch {
	struct mmu *mmu;
	struct mmu_vcpu *own;
	bool flush;
	struct list_head zapped;
	struct pt_count count;
	bool counted;
	struct xarray *full;
	struct rmap_index *full_rmap;
	unsigned long full_index;
};

/** shadow_side - what @side says of an SPTE */
static inline u64 shadow_side(const struct shadow_page *sp, const u64 *sptep)
{
	return sp->side ? sp->side[sptep - sp->spt] : 0;
}

/**
 * shadow_is_home - is a leaf in no reverse map, its place saying which frame it maps?
 * @sp: its page, direct or a home
 * @sptep: the leaf
 */
static inline bool shadow_is_home(const struct shadow_page *sp, const u64 *sptep)
{
	return !shadow_side(sp, sptep);
}

/** to_shadow_root - the root of a vCPU whose mode walks */
static inline struct shadow_root *to_shadow_root(struct mmu_root *root)
{
	return container_of(root, struct shadow_root, base);
}

/** shadow_page_of - the page that an SPTE is in */
static inline struct shadow_page *shadow_page_of(const u64 *sptep)
{
	return mmu_env_table_owner(sptep);
}

#endif
