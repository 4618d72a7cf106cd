// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "tests/model/host.h"

struct host_dir {
	struct host_page page[512];
};

static const u64 first_pfn[4] = { 0, HOST_FIRST_4K, HOST_FIRST_2M, HOST_FIRST_1G };
static const u64 last_pfn[4] = { 0, HOST_FIRST_2M, HOST_FIRST_1G, HOST_END };

static u64 level_pages(int level)
{
	return 1ull << (9 * (level - 1));
}

void host_init(struct host *h)
{
	memset(h, 0, sizeof(*h));
	pthread_mutex_init(&h->lock, NULL);
	memcpy(h->next, first_pfn, sizeof(first_pfn));
}

static void dir_free(struct host_page *p)
{
	if (!p->sub)
		return;
	for (int i = 0; i < 512; i++)
		dir_free(&p->sub->page[i]);
	free(p->sub);
	p->sub = NULL;
}

void host_destroy(struct host *h)
{
	for (int i = 0; i < HOST_GIGS; i++)
		dir_free(&h->gig[i]);
	for (int i = 0; i < 4; i++) {
		free(h->dirty[i]);
		free(h->owner[i]);
	}
	pthread_mutex_destroy(&h->lock);
}

static u64 pfn_new(struct host *h, u64 page, int level)
{
	u64 pfn = h->next[level];
	u64 nr = (pfn - first_pfn[level]) / level_pages(level);

	h->next[level] += level_pages(level);
	if (h->next[level] > last_pfn[level])
		shim_die("out of frame numbers");
	if (nr >= h->owners[level]) {
		h->owners[level] = 2 * nr + 64;
		h->owner[level] = realloc(h->owner[level],
					  h->owners[level] * sizeof(u32));
	}
	h->owner[level][nr] = page & ~(level_pages(level) - 1);
	return pfn;
}

static void page_split(struct host_page *p, int level)
{
	struct host_dir *d = calloc(1, sizeof(*d));

	for (int i = 0; i < 512; i++) {
		d->page[i].flags = p->flags;
		if (p->flags & HOST_PRESENT)
			d->page[i].pfn = p->pfn + i * level_pages(level - 1);
	}
	p->sub = d;
}

/* The leaf that holds a page; *level says its size. */
static struct host_page *leaf_find(struct host *h, u64 page, int *level)
{
	struct host_page *p;

	BUG_ON(page >= HOST_PAGES);
	p = &h->gig[page >> 18];
	for (*level = 3; p->sub; (*level)--)
		p = &p->sub->page[(page >> (9 * (*level - 2))) & 511];
	return p;
}

int host_size(struct host *h, u64 page)
{
	int level;

	pthread_mutex_lock(&h->lock);
	leaf_find(h, page, &level);
	pthread_mutex_unlock(&h->lock);
	return level;
}

int host_look(struct host *h, u64 page, struct host_page *out)
{
	int level;

	pthread_mutex_lock(&h->lock);
	*out = *leaf_find(h, page, &level);
	pthread_mutex_unlock(&h->lock);
	if (!(out->flags & HOST_PRESENT))
		return 1;
	out->pfn += page & (level_pages(level) - 1);
	return level;
}

static void leaf_migrate(struct host *h, struct host_page *p, u64 page,
			 int level)
{
	if (p->flags & HOST_PRESENT)
		p->pfn = pfn_new(h, page, level);
}

struct edit {
	bool migrate;
	u32 clear;
	u32 set;
};

/* For each leaf of a range; the ones that stick out are split. */
static void range_edit(struct host *h, u64 start, u64 end, struct edit edit)
{
	struct host_page *p;
	u64 size;
	int level;

	pthread_mutex_lock(&h->lock);
	while (start < end) {
		p = leaf_find(h, start, &level);
		size = level_pages(level);
		if (level > 1 && (start % size || end - start < size)) {
			page_split(p, level);
			continue;
		}
		p->flags = (p->flags & ~edit.clear) | edit.set;
		if (edit.migrate)
			leaf_migrate(h, p, start, level);
		start += size;
	}
	pthread_mutex_unlock(&h->lock);
}

void host_change(struct host *h, u64 start, u64 end, u32 clear, u32 set)
{
	range_edit(h, start, end, (struct edit){ .clear = clear, .set = set });
}

void host_migrate(struct host *h, u64 start, u64 end)
{
	range_edit(h, start, end, (struct edit){ .migrate = true });
}

void host_make(struct host *h, u64 page, int level, u32 flags)
{
	struct host_page *p;
	int at;

	pthread_mutex_lock(&h->lock);
	p = &h->gig[page >> 18];
	for (at = 3; at > level; at--) {
		if (!p->sub)
			page_split(p, at);
		p = &p->sub->page[(page >> (9 * (at - 2))) & 511];
	}
	dir_free(p);
	p->flags = flags;
	leaf_migrate(h, p, page, level);
	pthread_mutex_unlock(&h->lock);
}

void host_fill(struct host *h, u64 page, bool write, bool split)
{
	struct host_page *p;
	int level;

	pthread_mutex_lock(&h->lock);
	p = leaf_find(h, page, &level);
	/* Another thread may have brought it in: then it stays as it is. */
	while (split && level > 1 && !(p->flags & HOST_PRESENT)) {
		page_split(p, level);
		p = leaf_find(h, page, &level);
	}
	if ((p->flags & HOST_MAPPED) && !(p->flags & HOST_PRESENT)) {
		p->flags &= ~HOST_WRITE;
		p->flags |= HOST_PRESENT;
		if (write && (p->flags & HOST_VMA_W))
			p->flags |= HOST_WRITE;
		leaf_migrate(h, p, page, level);
	}
	pthread_mutex_unlock(&h->lock);
}

static int pfn_level(u64 pfn, u64 *nr)
{
	int level = pfn >= HOST_FIRST_1G ? 3 : pfn >= HOST_FIRST_2M ? 2 : 1;

	BUG_ON(pfn < HOST_FIRST_4K || pfn >= HOST_END);
	*nr = (pfn - first_pfn[level]) / level_pages(level);
	return level;
}

void host_pfn_set_dirty(struct host *h, u64 pfn, bool dirty)
{
	u64 nr;
	int level = pfn_level(pfn, &nr);
	size_t need = nr / 8 + 1;

	pthread_mutex_lock(&h->lock);
	if (need > h->dirty_size[level]) {
		need *= 2;
		h->dirty[level] = realloc(h->dirty[level], need);
		memset(h->dirty[level] + h->dirty_size[level], 0,
		       need - h->dirty_size[level]);
		h->dirty_size[level] = need;
	}
	if (dirty)
		h->dirty[level][nr / 8] |= 1u << nr % 8;
	else
		h->dirty[level][nr / 8] &= ~(1u << nr % 8);
	pthread_mutex_unlock(&h->lock);
}

bool host_pfn_is_dirty(struct host *h, u64 pfn)
{
	u64 nr;
	int level = pfn_level(pfn, &nr);
	bool dirty;

	pthread_mutex_lock(&h->lock);
	dirty = nr / 8 < h->dirty_size[level] &&
		(h->dirty[level][nr / 8] & (1u << nr % 8));
	pthread_mutex_unlock(&h->lock);
	return dirty;
}

u64 host_pfn_page(struct host *h, u64 pfn)
{
	u64 nr, page;
	int level = pfn_level(pfn, &nr);

	pthread_mutex_lock(&h->lock);
	BUG_ON(pfn >= h->next[level]);
	page = h->owner[level][nr] + (pfn & (level_pages(level) - 1));
	pthread_mutex_unlock(&h->lock);
	return page;
}
