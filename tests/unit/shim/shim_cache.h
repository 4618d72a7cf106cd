/* SPDX-License-Identifier: GPL-2.0-only */
/* Object caches: kmalloc() plus a count that must be 0 at the end. */
#ifndef SHIM_CACHE_H
#define SHIM_CACHE_H

static inline void shim_kfree_head(struct rcu_head *h)
{
	kfree(h);
}

SHIM_WEAK struct kmem_cache *kmem_cache_create(const char *name,
	unsigned int size, unsigned int align, unsigned int flags,
	void (*ctor)(void *))
{
	struct kmem_cache *c = kzalloc(sizeof(*c), GFP_KERNEL);

	shim_assert(!ctor);
	if (c)
		c->size = size;
	return c;
}

SHIM_WEAK void *kmem_cache_alloc(struct kmem_cache *c, gfp_t gfp)
{
	void *p = kmalloc(c->size, gfp);

	if (p)
		__atomic_add_fetch(&c->live, 1, __ATOMIC_RELAXED);
	return p;
}

SHIM_WEAK void kmem_cache_free(struct kmem_cache *c, void *p)
{
	__atomic_sub_fetch(&c->live, 1, __ATOMIC_RELAXED);
	kfree(p);
}

SHIM_WEAK void kmem_cache_destroy(struct kmem_cache *c)
{
	if (!c)
		return;
	shim_assert(c->live == 0);
	kfree(c);
}

#endif
