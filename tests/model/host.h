/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Userspace's memory, as the host sees it: a tree of pages of three sizes
 * with what a host page table and its VMAs would say of them.
 *
 * A frame number tells the size of the folio it belongs to, because each size
 * has its own range of numbers; none is ever used twice, so that an old
 * translation never looks right by accident.
 */
#ifndef MODEL_HOST_H
#define MODEL_HOST_H

#include <pthread.h>
#include <linux/types.h>

#define HOST_BASE	0x7e0000000000ul	/* hva of page 0, 1 GiB aligned */
#define HOST_GIGS	4
#define HOST_PAGES	((u64)HOST_GIGS << 18)

#define HOST_MAPPED	1u	/* a VMA is there */
#define HOST_VMA_W	2u	/* ... that may be written */
#define HOST_PRESENT	4u
#define HOST_WRITE	8u	/* writable now, not after a copy */
#define HOST_RAW	16u	/* no struct page: nothing to refer to */
#define HOST_POISON	32u

#define HOST_FIRST_4K	(1ull << 20)
#define HOST_FIRST_2M	(1ull << 32)
#define HOST_FIRST_1G	(1ull << 34)
#define HOST_END	(1ull << 36)	/* 48 physical address bits */

struct host_dir;

struct host_page {
	u64 pfn;
	u32 flags;
	struct host_dir *sub;
};

/**
 * struct host - a VMM's memory
 * @lock: protects everything here
 * @gig: the top of the tree
 * @next: next frame number to give out, by level
 * @dirty: bitmap of dirty folios, by level
 * @dirty_size: its size in bytes
 * @owner: first page of each folio that ever was, by level
 * @owners: how many there is room for
 */
struct host {
	pthread_mutex_t lock;
	struct host_page gig[HOST_GIGS];
	u64 next[4];
	u8 *dirty[4];
	size_t dirty_size[4];
	u32 *owner[4];
	u64 owners[4];
};

void host_init(struct host *h);
void host_destroy(struct host *h);

/* The page @page (0 to HOST_PAGES); returns the size it is mapped with. */
int host_look(struct host *h, u64 page, struct host_page *out);

/* The size of the block that a page is in, be anything present there or not. */
int host_size(struct host *h, u64 page);

/* Change flags in a range; larger pages that stick out are split first. */
void host_change(struct host *h, u64 start, u64 end, u32 clear, u32 set);

/* Other frames for what is present in a range: migration, or a copy. */
void host_migrate(struct host *h, u64 start, u64 end);

/* One page of size @level around @page, with @flags; a frame when present. */
void host_make(struct host *h, u64 page, int level, u32 flags);

/* Bring an absent page in; @split: by one small page, where a large one fits. */
void host_fill(struct host *h, u64 page, bool write, bool split);

void host_pfn_set_dirty(struct host *h, u64 pfn, bool dirty);
bool host_pfn_is_dirty(struct host *h, u64 pfn);

/* The page that a frame was given out for. */
u64 host_pfn_page(struct host *h, u64 pfn);

#endif
