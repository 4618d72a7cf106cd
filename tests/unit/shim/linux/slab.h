/* SPDX-License-Identifier: GPL-2.0-only */
/* malloc() with counting and with failures on demand: see shim_alloc.h. */
#ifndef SHIM_LINUX_SLAB_H
#define SHIM_LINUX_SLAB_H

#include <string.h>
#include <linux/gfp.h>

struct kmem_cache {
	size_t size;
	long live;
};

#define SLAB_ACCOUNT		0
#define SLAB_HWCACHE_ALIGN	0

static inline void *kmalloc(size_t size, gfp_t gfp)
{
	void *p;

	might_alloc(gfp);
	if (shim_alloc_fails())
		return NULL;
	p = malloc(size);
	memset(p, gfp & __GFP_ZERO ? 0 : 0xa5, size);
	__atomic_add_fetch(&shim_live, 1, __ATOMIC_RELAXED);
	return p;
}

static inline void kfree(const void *p)
{
	if (p)
		__atomic_sub_fetch(&shim_live, 1, __ATOMIC_RELAXED);
	free((void *)p);
}

#define kzalloc(n, gfp)		kmalloc(n, (gfp) | __GFP_ZERO)
#define kcalloc(n, size, gfp)	kzalloc((size_t)(n) * (size), gfp)
#define kmalloc_array(n, size, gfp) kmalloc((size_t)(n) * (size), gfp)
#define kvmalloc(n, gfp)	kmalloc(n, gfp)
#define kvzalloc(n, gfp)	kzalloc(n, gfp)
#define kvcalloc(n, size, gfp)	kcalloc(n, size, gfp)
#define kvfree(p)		kfree(p)

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size,
				     unsigned int align, unsigned int flags,
				     void (*ctor)(void *));
void *kmem_cache_alloc(struct kmem_cache *c, gfp_t gfp);
void kmem_cache_free(struct kmem_cache *c, void *p);
void kmem_cache_destroy(struct kmem_cache *c);

#define kmem_cache_zalloc(c, gfp) kmem_cache_alloc(c, (gfp) | __GFP_ZERO)
#define KMEM_CACHE(s, flags)						\
	kmem_cache_create(#s, sizeof(struct s), __alignof__(struct s), flags, NULL)

#include "../shim_cache.h"

#endif
