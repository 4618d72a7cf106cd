// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/slab.h>

#include "mmu/shadow/types.h"

static struct kmem_cache *page_cache;

int cache_setup(void)
{
	int r;

	page_cache = KMEM_CACHE(shadow_page, SLAB_ACCOUNT);
	if (!page_cache)
		return -ENOMEM;
	r = rmap_cache_create();
	if (!r)
		r = rmap_chunk_create();
	if (r)
		cache_teardown();
	return r;
}

void cache_teardown(void)
{
	rmap_chunk_destroy();
	rmap_cache_destroy();
	kmem_cache_destroy(page_cache);
	page_cache = NULL;
}

struct shadow_page *cache_page_alloc(void)
{
	return kmem_cache_zalloc(page_cache, GFP_KERNEL_ACCOUNT);
}

void cache_page_free(struct shadow_page *sp)
{
	kmem_cache_free(page_cache, sp);
}

int cache_fill(struct mmu_vcpu *vcpu, unsigned int n)
{
	void *table;

	while (vcpu->cached < n) {
		table = mmu_env_table_alloc(true);
		if (!table)
			return -ENOMEM;
		vcpu->cache[vcpu->cached++] = table;
	}
	return 0;
}

static int fill_pages(struct mmu_reserve *r)
{
	struct shadow_page *sp;

	while (r->pages < RESERVE_PAGES) {
		sp = cache_page_alloc();
		if (!sp)
			return -ENOMEM;
		r->page[r->pages++] = sp;
	}
	return 0;
}

/* The last fault may have taken some, from the front. */
static int fill_descs(struct mmu_reserve *r)
{
	unsigned long n = r->desc ? r->desc->info : 0;
	struct pte_list_desc *desc;

	while (n < RESERVE_DESCS) {
		desc = rmap_desc_alloc();
		if (!desc)
			return -ENOMEM;
		desc->next = r->desc;
		desc->info = ++n;
		r->desc = desc;
	}
	return 0;
}

int cache_fill_shadow(struct mmu_vcpu *vcpu, unsigned int n)
{
	int err;

	if (!vcpu->reserve) {
		vcpu->reserve = kzalloc(sizeof(*vcpu->reserve),
					GFP_KERNEL_ACCOUNT);
		if (!vcpu->reserve)
			return -ENOMEM;
	}
	err = cache_fill(vcpu, n);
	if (!err)
		err = fill_pages(vcpu->reserve);
	if (!err)
		err = fill_descs(vcpu->reserve);
	return err;
}

void *cache_take(struct mmu_vcpu *vcpu)
{
	return vcpu->cached ? vcpu->cache[--vcpu->cached] : NULL;
}

struct shadow_page *cache_take_page(struct mmu_vcpu *vcpu)
{
	struct mmu_reserve *r = vcpu->reserve;

	return r && r->pages ? r->page[--r->pages] : NULL;
}

void cache_give(struct mmu_vcpu *vcpu, void *table)
{
	if (WARN_ON_ONCE(vcpu->cached == MMU_CACHE_TABLES)) {
		mmu_env_table_free(table);
		return;
	}
	vcpu->cache[vcpu->cached++] = table;
}

static void reserve_free(struct mmu_reserve *r)
{
	struct pte_list_desc *desc;

	while (r->pages)
		cache_page_free(r->page[--r->pages]);
	while (r->desc) {
		desc = r->desc;
		r->desc = desc->next;
		rmap_desc_free(desc);
	}
	kfree(r);
}

void cache_empty(struct mmu_vcpu *vcpu)
{
	while (vcpu->cached)
		mmu_env_table_free(vcpu->cache[--vcpu->cached]);
	if (vcpu->reserve)
		reserve_free(vcpu->reserve);
	vcpu->reserve = NULL;
}
