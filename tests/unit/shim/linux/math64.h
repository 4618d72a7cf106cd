/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_MATH64_H
#define SHIM_LINUX_MATH64_H

#include <linux/bug.h>
#include <linux/types.h>

/* A quotient of more than 64 bits is an exception of the CPU. */
static inline u64 mul_u64_u32_div(u64 a, u32 mul, u32 divisor)
{
	unsigned __int128 q = (unsigned __int128)a * mul / divisor;

	WARN_ON(q >> 64);
	return q;
}

static inline u64 mul_u64_u64_div_u64(u64 a, u64 mul, u64 divisor)
{
	unsigned __int128 q = (unsigned __int128)a * mul / divisor;

	WARN_ON(q >> 64);
	return q;
}

static inline u64 mul_u64_u64_shr(u64 a, u64 mul, unsigned int shift)
{
	return (unsigned __int128)a * mul >> shift;
}

#endif
