/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tree behind linux/xarray.h.  A node exists while an entry, maybe a
 * reserved one, is below it, and the top one only while there is one beyond its
 * first child: a tree is a function of its content.
 */
#ifndef SHIM_XA_TREE_H
#define SHIM_XA_TREE_H

#include <sched.h>

#define SHIM_XA_BITS	6
#define SHIM_XA_SLOTS	(1u << SHIM_XA_BITS)
#define SHIM_XA_HEIGHT	11	/* 64 / 6, rounded up */

/* No pointer and no number. */
#define SHIM_XA_RESERVED	((void *)(257ul << 2 | 2))
#define SHIM_XA_NOMEM		((void *)(-(12ul << 2) | 2))

struct shim_xa_node {
	unsigned int shift;
	unsigned int used;
	void *slot[SHIM_XA_SLOTS];
};

static inline void shim_xa_lock(struct xarray *xa)
{
	while (__atomic_test_and_set(&xa->lock, __ATOMIC_ACQUIRE))
		sched_yield();
}

static inline void shim_xa_unlock(struct xarray *xa)
{
	__atomic_clear(&xa->lock, __ATOMIC_RELEASE);
}

static inline void *shim_xa_seen(void *entry)
{
	return entry == SHIM_XA_RESERVED ? NULL : entry;
}

static inline unsigned int shim_xa_slot(const struct shim_xa_node *n,
					unsigned long index)
{
	return index >> n->shift & (SHIM_XA_SLOTS - 1);
}

/* Is the index beyond what a top node of this shift covers? */
static inline bool shim_xa_beyond(unsigned int shift, unsigned long index)
{
	return shift + SHIM_XA_BITS < 64 && index >> (shift + SHIM_XA_BITS);
}

static inline void *shim_xa_get(struct xarray *xa, unsigned long index)
{
	struct shim_xa_node *n = xa->top;

	if (!n || shim_xa_beyond(n->shift, index))
		return NULL;
	while (n && n->shift)
		n = n->slot[shim_xa_slot(n, index)];
	return n ? n->slot[shim_xa_slot(n, index)] : NULL;
}

/* How many nodes are missing for an entry at @index? */
static inline unsigned int shim_xa_missing(struct xarray *xa,
					   unsigned long index)
{
	struct shim_xa_node *n = xa->top;
	unsigned int shift = n ? n->shift : 0, above = 0;

	while (shim_xa_beyond(shift, index)) {
		shift += SHIM_XA_BITS;
		above++;
	}
	if (!n)
		return above + 1;
	if (above)
		return above + shift / SHIM_XA_BITS;
	while (n->shift) {
		shift = n->shift;
		n = n->slot[shim_xa_slot(n, index)];
		if (!n)
			return shift / SHIM_XA_BITS;
	}
	return 0;
}

static inline struct shim_xa_node *shim_xa_pop(struct shim_xa_node **spare,
					       unsigned int shift)
{
	struct shim_xa_node *n = *spare;

	*spare = n->slot[0];
	n->slot[0] = NULL;
	n->shift = shift;
	return n;
}

/* Put an entry in; @spare has as many nodes as are missing. */
static inline void shim_xa_put(struct xarray *xa, unsigned long index,
			       void *entry, struct shim_xa_node **spare)
{
	struct shim_xa_node *n;
	unsigned int shift = 0;
	void **slot;

	while (!xa->top && shim_xa_beyond(shift, index))
		shift += SHIM_XA_BITS;
	if (!xa->top)
		xa->top = shim_xa_pop(spare, shift);
	while (shim_xa_beyond(xa->top->shift, index)) {
		n = shim_xa_pop(spare, xa->top->shift + SHIM_XA_BITS);
		n->slot[0] = xa->top;
		n->used = 1;
		xa->top = n;
	}
	for (n = xa->top; n->shift; n = *slot) {
		slot = &n->slot[shim_xa_slot(n, index)];
		if (*slot)
			continue;
		*slot = shim_xa_pop(spare, n->shift - SHIM_XA_BITS);
		n->used++;
	}
	slot = &n->slot[shim_xa_slot(n, index)];
	n->used += !*slot;
	*slot = entry;
}

static inline void shim_xa_shrink(struct xarray *xa)
{
	struct shim_xa_node *n = xa->top;

	while (n && n->shift && n->used == 1 && n->slot[0]) {
		xa->top = n->slot[0];
		kfree(n);
		n = xa->top;
	}
}

static inline void shim_xa_drop(struct xarray *xa, unsigned long index)
{
	struct shim_xa_node *path[SHIM_XA_HEIGHT], *n = xa->top;
	unsigned int depth = 0;

	for (; n->shift; n = n->slot[shim_xa_slot(n, index)])
		path[depth++] = n;
	for (;;) {
		n->slot[shim_xa_slot(n, index)] = NULL;
		if (--n->used)
			break;
		kfree(n);
		if (!depth) {
			xa->top = NULL;
			break;
		}
		n = path[--depth];
	}
	shim_xa_shrink(xa);
}

/* The first entry from *@index on, not beyond @max; reserved ones are none. */
static inline void *shim_xa_next(struct shim_xa_node *n, unsigned long *index,
				 unsigned long max)
{
	unsigned long at = *index, step = 1ul << n->shift;
	void *entry;

	for (unsigned int i = shim_xa_slot(n, at); i < SHIM_XA_SLOTS; i++) {
		if (at > max)
			return NULL;
		entry = n->slot[i];
		if (entry && n->shift)
			entry = shim_xa_next(entry, &at, max);
		if (shim_xa_seen(entry)) {
			*index = at;
			return entry;
		}
		at = (at & -step) + step;
		if (!at)
			return NULL;
	}
	return NULL;
}

static inline void shim_xa_free(struct shim_xa_node *n)
{
	for (unsigned int i = 0; n->shift && i < SHIM_XA_SLOTS; i++)
		if (n->slot[i])
			shim_xa_free(n->slot[i]);
	kfree(n);
}

#endif
