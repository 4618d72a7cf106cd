/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * READ_ONCE() is an acquire: the kernel gets the same from the address
 * dependency (and on x86 from the CPU); a race detector knows only this form.
 * Stubs that vanish: __user, __iomem, __rcu, __must_hold and their kin.
 */
#ifndef SHIM_LINUX_COMPILER_H
#define SHIM_LINUX_COMPILER_H

#include "../shim.h"

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define barrier()	__asm__ __volatile__("" ::: "memory")

#define SHIM_STEP_FOR(x) do {						\
	if (sizeof(x) == 8 || shim_step_any_size)			\
		shim_step();						\
} while (0)

#define READ_ONCE(x) ({							\
	SHIM_STEP_FOR(x);						\
	__atomic_load_n(&(x), __ATOMIC_ACQUIRE);			\
})
#define WRITE_ONCE(x, v) do {						\
	SHIM_STEP_FOR(x);						\
	__atomic_store_n(&(x), (v), __ATOMIC_RELAXED);			\
} while (0)

#ifndef __always_inline
#define __always_inline	inline __attribute__((always_inline))
#endif
#undef noinline
#define noinline	__attribute__((noinline))
#define __must_check	__attribute__((warn_unused_result))
#define __maybe_unused	__attribute__((unused))
#define __uninitialized
#define __aligned(n)	__attribute__((aligned(n)))
#define __packed	__attribute__((packed))
#define __printf(a, b)	__attribute__((format(printf, a, b)))
#define fallthrough	__attribute__((fallthrough))
#define __ro_after_init
#define __read_mostly
#define __init
#define __exit
#define __user
#define __iomem
#define __rcu
#define __must_hold(x)
#define __acquires(x)
#define __releases(x)

#endif
