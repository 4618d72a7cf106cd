/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_ASM_CMPXCHG_H
#define SHIM_ASM_CMPXCHG_H

#include <linux/types.h>
#include <linux/compiler.h>

/* A step after it, too: what was published must be complete. */
#define try_cmpxchg(p, oldp, new) ({					\
	SHIM_STEP_FOR(*(p));						\
	bool cmp_done_ = __atomic_compare_exchange_n(p, oldp, new, false, \
				__ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE);	\
	if (cmp_done_)							\
		SHIM_STEP_FOR(*(p));					\
	cmp_done_;							\
})
#define cmpxchg(p, old, new) ({						\
	__typeof__(*(p)) cmp_old_ = (old);				\
	(void)try_cmpxchg(p, &cmp_old_, new);				\
	cmp_old_;							\
})
#define xchg(p, v) ({							\
	SHIM_STEP_FOR(*(p));						\
	__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);			\
})
#define cmpxchg64(p, old, new)		cmpxchg(p, old, new)
#define try_cmpxchg64(p, oldp, new)	try_cmpxchg(p, oldp, new)

#endif
