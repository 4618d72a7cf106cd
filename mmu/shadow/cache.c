// SPDX-License-Identifier: GPL-2.0-only
#include <linux/slab.h>

#include "mmu/shadow/types.h"

static struct kmem_cache *page_cache;

int shadow_cache_setup(unsigned int descs)
{
	int r;

	page_cache = KMEM_CACHE(shadow_page, SLAB_ACCOUNT);
	if (!page_cache)
		return -ENOMEM;
	r = rmap_cache_create(descs);
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

unsigned long shadow_memory(const struct mmu_shadow *s, enum mmu_memory which)
{
	unsigned long chunks = 0;
	int as, level;

	if (which == MMU_MEM_SHADOW)
		return READ_ONCE(s->nr_pages) * sizeof(struct shadow_page) +
		       READ_ONCE(s->nr_side) * MMU_PAGE_SIZE;
	if (which == MMU_MEM_DESC)
		return READ_ONCE(s->nr_descs) * rmap_desc_bytes();
	for (as = 0; as < 2; as++)
		for (level = LEVEL_4K; level <= LEVEL_1G; level++)
			chunks += READ_ONCE(s->rmap[as][level - 1].nr_chunks);
	return chunks * sizeof(struct rmap_chunk);
}

unsigned long shadow_reserve_bytes(void)
{
	return sizeof(struct mmu_reserve) + RESERVE_PAGES * sizeof(struct shadow_page) +
	       RESERVE_DESCS * rmap_desc_bytes();
}

void shadow_cache_free(struct shadow_page *sp)
{
	kmem_cache_free(page_cache, sp);
}

int reserve_fill(struct mmu_reserve *r, unsigned int tables, unsigned int pages,
		 unsigned long descs)
{
	unsigned long n = reserve_descs(r);
	struct pte_list_desc *desc;
	struct shadow_page *sp;

	if (cache_fill(r->tables, tables))
		return -ENOMEM;
	while (r->pages < pages) {
		sp = kmem_cache_zalloc(page_cache, GFP_KERNEL_ACCOUNT);
		if (!sp)
			return -ENOMEM;
		r->page[r->pages++] = sp;
	}
	/* Some may have been taken, from the front. */
	while (n < descs) {
		desc = rmap_desc_alloc();
		if (!desc)
			return -ENOMEM;
		desc->next = r->desc;
		desc->info = ++n;
		r->desc = desc;
	}
	return 0;
}

void reserve_empty(struct mmu_reserve *r)
{
	struct pte_list_desc *desc;

	cache_empty(r->tables);
	while (r->pages)
		shadow_cache_free(r->page[--r->pages]);
	while ((desc = r->desc)) {
		r->desc = desc->next;
		rmap_desc_free(desc);
	}
}

int shadow_cache_fill(struct mmu_vcpu *vcpu, unsigned int n)
{
	if (!vcpu->reserve) {
		vcpu->reserve = kzalloc(sizeof(*vcpu->reserve),
					GFP_KERNEL_ACCOUNT);
		if (!vcpu->reserve)
			return -ENOMEM;
		vcpu->reserve->tables = &vcpu->cache;
	}
	return reserve_fill(vcpu->reserve, n, RESERVE_PAGES, RESERVE_DESCS);
}

void shadow_cache_empty(struct mmu_vcpu *vcpu)
{
	if (vcpu->reserve)
		reserve_empty(vcpu->reserve);
	kfree(vcpu->reserve);
	vcpu->reserve = NULL;
}
