/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_ATOMIC_H
#define SHIM_LINUX_ATOMIC_H

#include <linux/types.h>
#include <asm/barrier.h>
#include <asm/cmpxchg.h>

#define ATOMIC_INIT(i)		{ (i) }
#define ATOMIC64_INIT(i)	{ (i) }
#define ATOMIC_LONG_INIT(i)	{ (i) }

/* One family of functions for a type: atomic_, atomic64_, atomic_long_. */
#define SHIM_ATOMIC(n, A, T)						\
static inline T n##_read(const A *v)					\
{									\
	if (shim_step_any_size)						\
		shim_step();						\
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);		\
}									\
static inline T n##_read_acquire(const A *v)				\
{ return __atomic_load_n(&v->counter, __ATOMIC_ACQUIRE); }		\
static inline void n##_set(A *v, T i)					\
{									\
	if (shim_step_any_size)						\
		shim_step();						\
	__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED);		\
}									\
static inline T n##_add_return(T i, A *v)				\
{ return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST); }	\
static inline T n##_sub_return(T i, A *v) { return n##_add_return(-i, v); } \
static inline T n##_inc_return(A *v) { return n##_add_return(1, v); }	\
static inline T n##_dec_return(A *v) { return n##_add_return(-1, v); }	\
static inline void n##_add(T i, A *v) { n##_add_return(i, v); }		\
static inline void n##_sub(T i, A *v) { n##_add_return(-i, v); }	\
static inline void n##_inc(A *v) { n##_add_return(1, v); }		\
static inline void n##_dec(A *v) { n##_add_return(-1, v); }		\
static inline bool n##_dec_and_test(A *v) { return !n##_dec_return(v); } \
static inline T n##_fetch_add(T i, A *v)				\
{ return n##_add_return(i, v) - i; }					\
static inline T n##_fetch_or(T m, A *v)					\
{ shim_step(); return __atomic_fetch_or(&v->counter, m, __ATOMIC_SEQ_CST); } \
static inline T n##_fetch_and(T m, A *v)				\
{ shim_step(); return __atomic_fetch_and(&v->counter, m, __ATOMIC_SEQ_CST); } \
static inline T n##_fetch_andnot(T m, A *v) { return n##_fetch_and(~m, v); } \
static inline void n##_andnot(T m, A *v) { n##_fetch_and(~m, v); }	\
static inline void n##_or(T m, A *v) { n##_fetch_or(m, v); }		\
static inline T n##_xchg(A *v, T i) { return xchg(&v->counter, i); }	\
static inline T n##_cmpxchg(A *v, T o, T i)				\
{ return cmpxchg(&v->counter, o, i); }					\
static inline bool n##_inc_not_zero(A *v)				\
{ T o = n##_read(v); while (o && !try_cmpxchg(&v->counter, &o, o + 1)) ; return o; } \
static inline bool n##_add_unless(A *v, T i, T u)			\
{									\
	T o = n##_read(v);						\
									\
	while (o != u && !try_cmpxchg(&v->counter, &o, o + i))		\
		;							\
	return o != u;							\
}									\
static inline bool n##_try_cmpxchg(A *v, T *o, T i)			\
{ return try_cmpxchg(&v->counter, o, i); }

SHIM_ATOMIC(atomic, atomic_t, int)
SHIM_ATOMIC(atomic64, atomic64_t, s64)
SHIM_ATOMIC(atomic_long, atomic_long_t, long)

#endif
