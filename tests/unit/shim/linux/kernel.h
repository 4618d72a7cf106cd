/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_KERNEL_H
#define SHIM_LINUX_KERNEL_H

#include <limits.h>
#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/minmax.h>
#include <linux/bug.h>
#include <linux/container_of.h>
#include <linux/align.h>
#include <linux/math.h>
#include <linux/printk.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define U8_MAX		((u8)~0u)
#define U16_MAX		((u16)~0u)
#define U32_MAX		((u32)~0u)
#define U64_MAX		((u64)~0ull)
#define lower_32_bits(n) ((u32)(n))
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))

/*
 * Sleeping is forbidden under a spinning lock and in a read section; where it
 * is allowed, others may run.
 */
static inline void might_sleep(void)
{
	shim_assert(!shim_self.atomic);
	shim_assert(!shim_self.rcu);
	if (shim_yield_hook)
		shim_yield_hook();
}

#endif
