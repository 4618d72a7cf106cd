/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers, the same at each run (Marsaglia, "Xorshift RNGs", 2003). */
#ifndef UNIT_RND_H
#define UNIT_RND_H

#include <linux/types.h>

static u64 seed = 88172645463325252ull;

static inline u64 rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

#endif
