/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pointers by index, as Documentation/core-api/xarray.rst describes them: the
 * part that mmu/ uses.  Nodes of 64 come from kmalloc(); a lock of its own is
 * held inside, as in the kernel, and let go to allocate.
 */
#ifndef SHIM_LINUX_XARRAY_H
#define SHIM_LINUX_XARRAY_H

#include <limits.h>
#include <linux/types.h>
#include <linux/bug.h>
#include <linux/slab.h>

struct shim_xa_node;

struct xarray {
	struct shim_xa_node *top;
	bool lock;
};

#define XARRAY_INIT(name, flags)	{ NULL, false }
#define DEFINE_XARRAY(name)	struct xarray name = XARRAY_INIT(name, 0)

static inline void xa_init(struct xarray *xa)
{
	*xa = (struct xarray){ NULL, false };
}

#define XA_FLAGS_ACCOUNT	0
#define xa_init_flags(xa, flags)	xa_init(xa)

/* What an entry may be: a pointer (two low bits clear), tagged, or a number. */
typedef unsigned int xa_mark_t;
#define XA_PRESENT	((xa_mark_t)8)

static inline void *xa_mk_value(unsigned long v)
{
	shim_assert((long)v >= 0);
	return (void *)(v << 1 | 1);
}

static inline unsigned long xa_to_value(const void *entry)
{
	return (unsigned long)entry >> 1;
}

static inline bool xa_is_value(const void *entry)
{
	return (unsigned long)entry & 1;
}

static inline void *xa_tag_pointer(void *p, unsigned long tag)
{
	shim_assert(tag == 0 || tag == 1 || tag == 3);
	return (void *)((unsigned long)p | tag);
}

static inline void *xa_untag_pointer(void *entry)
{
	return (void *)((unsigned long)entry & ~3ul);
}

static inline unsigned int xa_pointer_tag(void *entry)
{
	return (unsigned long)entry & 3;
}

/* Errors look like no entry: low bits 10, and negative. */
static inline bool xa_is_err(const void *entry)
{
	return ((unsigned long)entry & 3) == 2 && (long)entry >> 2 < 0 &&
	       (long)entry >> 2 >= -4095;
}

static inline int xa_err(const void *entry)
{
	return xa_is_err(entry) ? (int)((long)entry >> 2) : 0;
}

/* True only when there is no reserved entry either. */
static inline bool xa_empty(const struct xarray *xa)
{
	return !__atomic_load_n(&xa->top, __ATOMIC_RELAXED);
}

void *xa_load(struct xarray *xa, unsigned long index);
void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
void *xa_erase(struct xarray *xa, unsigned long index);
int xa_reserve(struct xarray *xa, unsigned long index, gfp_t gfp);
void xa_release(struct xarray *xa, unsigned long index);
void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max,
	      xa_mark_t filter);
void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max,
		    xa_mark_t filter);
void xa_destroy(struct xarray *xa);

#define xa_for_each_range(xa, index, entry, start, last)		\
	for ((index) = (start),						\
	     (entry) = xa_find(xa, &(index), last, XA_PRESENT);		\
	     (entry);							\
	     (entry) = xa_find_after(xa, &(index), last, XA_PRESENT))
#define xa_for_each_start(xa, index, entry, start)			\
	xa_for_each_range(xa, index, entry, start, ULONG_MAX)
#define xa_for_each(xa, index, entry)					\
	xa_for_each_start(xa, index, entry, 0)

#include "../shim_xarray.h"

#endif
