/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_BITOPS_H
#define SHIM_LINUX_BITOPS_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/find.h>
#include <linux/math.h>

#define BITS_TO_LONGS(n)	DIV_ROUND_UP(n, BITS_PER_LONG)

#define SHIM_WORD(n, p)	((unsigned long *)(p) + (n) / 64)
#define SHIM_BIT(n)	(1ul << ((n) % 64))

#define set_bit(n, p)							\
	((void)__atomic_fetch_or(SHIM_WORD(n, p), SHIM_BIT(n), __ATOMIC_RELAXED))
#define clear_bit(n, p)							\
	((void)__atomic_fetch_and(SHIM_WORD(n, p), ~SHIM_BIT(n), __ATOMIC_RELAXED))
#define test_and_set_bit(n, p)						\
	(!!(__atomic_fetch_or(SHIM_WORD(n, p), SHIM_BIT(n),		\
			      __ATOMIC_SEQ_CST) & SHIM_BIT(n)))
#define test_and_clear_bit(n, p)					\
	(!!(__atomic_fetch_and(SHIM_WORD(n, p), ~SHIM_BIT(n),		\
			       __ATOMIC_SEQ_CST) & SHIM_BIT(n)))
#define test_bit(n, p)							\
	(!!(__atomic_load_n((const unsigned long *)(p) + (n) / 64,	\
			    __ATOMIC_RELAXED) & SHIM_BIT(n)))
#define __set_bit(n, p)		(*SHIM_WORD(n, p) |= SHIM_BIT(n))
#define __clear_bit(n, p)	(*SHIM_WORD(n, p) &= ~SHIM_BIT(n))

#define __ffs(x)	((unsigned long)__builtin_ctzl(x))
#define __ffs64(x)	__ffs(x)
#define __fls(x)	((unsigned long)(63 - __builtin_clzl(x)))
#define ffz(x)		__ffs(~(x))
#define fls(x)		((x) ? 32 - __builtin_clz(x) : 0)
#define fls64(x)	((x) ? 64 - __builtin_clzll(x) : 0)
#define hweight8(x)	((unsigned int)__builtin_popcount((u8)(x)))
#define hweight32(x)	((unsigned int)__builtin_popcount(x))
#define hweight64(x)	((unsigned long)__builtin_popcountll(x))
#define hweight_long(x)	hweight64(x)

#endif
