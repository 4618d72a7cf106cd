/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers that are the same in every run, unless SEED says otherwise. */
#ifndef TESTS_UNIT_EMUL_RANDOM_H
#define TESTS_UNIT_EMUL_RANDOM_H

#include <stdlib.h>

#include <linux/types.h>

static inline u64 random64(void)
{
	static u64 state;
	const char *seed = "88172645463325252";

	if (!state) {
		if (getenv("SEED"))
			seed = getenv("SEED");
		state = strtoull(seed, NULL, 0) | 1;
	}
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dULL;
}

static inline unsigned int below(unsigned int n)
{
	return (random64() >> 32) % n;
}

#endif
