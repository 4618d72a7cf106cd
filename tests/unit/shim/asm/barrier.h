/* SPDX-License-Identifier: GPL-2.0-only */
/* Barriers as read-modify-writes: race detectors do not know fences. */
#ifndef SHIM_ASM_BARRIER_H
#define SHIM_ASM_BARRIER_H

#include <linux/compiler.h>

SHIM_WEAK int shim_fence;

#define smp_mb()  ((void)__atomic_fetch_add(&shim_fence, 0, __ATOMIC_SEQ_CST))
#define smp_rmb() smp_mb()
#define smp_wmb() smp_mb()
#define smp_mb__before_atomic() smp_mb()
#define smp_mb__after_atomic() smp_mb()
#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define smp_store_mb(var, v) ((void)__atomic_exchange_n(&(var), v, __ATOMIC_SEQ_CST))
#define cpu_relax() __builtin_ia32_pause()

#endif
