/* SPDX-License-Identifier: GPL-2.0-only */
/* The functions of linux/xarray.h. */
#ifndef SHIM_XARRAY_H
#define SHIM_XARRAY_H

#include "shim_xa_tree.h"

/*
 * Store what @entry says; @keep: not over anything.  Nodes are allocated first,
 * with the lock let go as others may have changed the tree meanwhile.
 */
static inline void *shim_xa_set(struct xarray *xa, unsigned long index,
				void *entry, bool keep, gfp_t gfp)
{
	struct shim_xa_node *spare = NULL, *n;
	unsigned int have = 0;
	void *old;

	might_alloc(gfp);
	for (shim_xa_lock(xa); shim_xa_missing(xa, index) > have; have++) {
		shim_xa_unlock(xa);
		n = kzalloc(sizeof(*n), gfp);
		if (n)
			n->slot[0] = spare;
		shim_xa_lock(xa);
		if (!n)
			break;
		spare = n;
	}
	old = shim_xa_get(xa, index);
	if (shim_xa_missing(xa, index) > have)
		old = SHIM_XA_NOMEM;
	else if (!old || !keep)
		shim_xa_put(xa, index, entry, &spare);
	shim_xa_unlock(xa);
	while (spare)
		kfree(shim_xa_pop(&spare, 0));
	return shim_xa_seen(old);
}

SHIM_WEAK void *xa_load(struct xarray *xa, unsigned long index)
{
	void *entry;

	shim_xa_lock(xa);
	entry = shim_xa_get(xa, index);
	shim_xa_unlock(xa);
	return shim_xa_seen(entry);
}

SHIM_WEAK void *xa_erase(struct xarray *xa, unsigned long index)
{
	void *old;

	shim_xa_lock(xa);
	old = shim_xa_get(xa, index);
	if (old)
		shim_xa_drop(xa, index);
	shim_xa_unlock(xa);
	return shim_xa_seen(old);
}

SHIM_WEAK void *xa_store(struct xarray *xa, unsigned long index, void *entry,
			 gfp_t gfp)
{
	shim_assert(((unsigned long)entry & 3) != 2);
	if (!entry)
		return xa_erase(xa, index);
	return shim_xa_set(xa, index, entry, false, gfp);
}

SHIM_WEAK int xa_reserve(struct xarray *xa, unsigned long index, gfp_t gfp)
{
	return xa_err(shim_xa_set(xa, index, SHIM_XA_RESERVED, true, gfp));
}

SHIM_WEAK void xa_release(struct xarray *xa, unsigned long index)
{
	shim_xa_lock(xa);
	if (shim_xa_get(xa, index) == SHIM_XA_RESERVED)
		shim_xa_drop(xa, index);
	shim_xa_unlock(xa);
}

SHIM_WEAK void *xa_find(struct xarray *xa, unsigned long *index,
			unsigned long max, xa_mark_t filter)
{
	void *entry = NULL;

	shim_assert(filter == XA_PRESENT);
	shim_xa_lock(xa);
	if (xa->top && !shim_xa_beyond(xa->top->shift, *index))
		entry = shim_xa_next(xa->top, index, max);
	shim_xa_unlock(xa);
	return entry;
}

SHIM_WEAK void *xa_find_after(struct xarray *xa, unsigned long *index,
			      unsigned long max, xa_mark_t filter)
{
	unsigned long at = *index + 1;
	void *entry;

	if (!at)
		return NULL;
	entry = xa_find(xa, &at, max, filter);
	if (entry)
		*index = at;
	return entry;
}

SHIM_WEAK void xa_destroy(struct xarray *xa)
{
	struct shim_xa_node *top;

	shim_xa_lock(xa);
	top = xa->top;
	xa->top = NULL;
	shim_xa_unlock(xa);
	if (top)
		shim_xa_free(top);
}

#endif
