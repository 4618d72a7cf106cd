// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/slab.h>

#include "mmu/shadow/types.h"

static struct kmem_cache *page_cache;

int shadow_cache_setup(void)
{
	int r;

	page_cache = KMEM_CACHE(shadow_page, SLAB_ACCOUNT);
	if (!page_cache)
		return -ENOMEM;
	r = rmap_cache_create();
	if (!r)
		r = rmap_chunk_create();
	if (r)
		shadow_cache_teardown();
	return r;
}

void shadow_cache_teardown(void)
{
	rmap_chunk_destroy();
	rmap_cache_destroy();
	kmem_cache_destroy(page_cache);
	page_cache = NULL;
}

struct shadow_page *shadow_cache_alloc(void)
{
	return kmem_cache_zalloc(page_cache, GFP_KERNEL_ACCOUNT);
}

void shadow_cache_free(struct shadow_page *sp)
{
	kmem_cache_free(page_cache, sp);
}

static int reserve_fill_pages(struct mmu_reserve *r)
{
	struct shadow_page *sp;

	while (r->pages < RESERVE_PAGES) {
		sp = shadow_cache_alloc();
		if (!sp)
			return -ENOMEM;
		r->page[r->pages++] = sp;
	}
	return 0;
}

/* The last fault may have taken some, from the front. */
static int reserve_fill_descs(struct mmu_reserve *r)
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

int shadow_cache_fill(struct mmu_vcpu *vcpu, unsigned int n)
{
	int err;

	if (!vcpu->reserve) {
		vcpu->reserve = kzalloc(sizeof(*vcpu->reserve),
					GFP_KERNEL_ACCOUNT);
		if (!vcpu->reserve)
			return -ENOMEM;
	}
	err = cache_fill(&vcpu->cache, n);
	if (!err)
		err = reserve_fill_pages(vcpu->reserve);
	if (!err)
		err = reserve_fill_descs(vcpu->reserve);
	return err;
}

struct shadow_page *shadow_cache_take(struct mmu_vcpu *vcpu)
{
	struct mmu_reserve *r = vcpu->reserve;

	return r && r->pages ? r->page[--r->pages] : NULL;
}

void shadow_cache_empty(struct mmu_vcpu *vcpu)
{
	struct mmu_reserve *r = vcpu->reserve;
	struct pte_list_desc *desc;

	if (!r)
		return;
	while (r->pages)
		shadow_cache_free(r->page[--r->pages]);
	while (r->desc) {
		desc = r->desc;
		r->desc = desc->next;
		rmap_desc_free(desc);
	}
	kfree(r);
	vcpu->reserve = NULL;
}
