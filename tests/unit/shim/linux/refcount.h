/* SPDX-License-Identifier: GPL-2.0-only */
/* As the kernel's, but taking a reference from 0 or underflow ends the test. */
#ifndef SHIM_LINUX_REFCOUNT_H
#define SHIM_LINUX_REFCOUNT_H

#include <linux/atomic.h>
#include <linux/bug.h>

typedef struct { atomic_t refs; } refcount_t;

#define REFCOUNT_INIT(n)	{ ATOMIC_INIT(n) }

static inline void refcount_set(refcount_t *r, int n)
{
	atomic_set(&r->refs, n);
}

static inline unsigned int refcount_read(const refcount_t *r)
{
	return atomic_read(&r->refs);
}

static inline void refcount_inc(refcount_t *r)
{
	BUG_ON(atomic_inc_return(&r->refs) <= 1);
}

static inline bool refcount_inc_not_zero(refcount_t *r)
{
	int old = atomic_read(&r->refs);

	while (old)
		if (atomic_try_cmpxchg(&r->refs, &old, old + 1))
			return true;
	return false;
}

static inline bool refcount_dec_and_test(refcount_t *r)
{
	int n = atomic_dec_return(&r->refs);

	BUG_ON(n < 0);
	return n == 0;
}

static inline void refcount_dec(refcount_t *r)
{
	BUG_ON(atomic_dec_return(&r->refs) <= 0);
}

#endif
