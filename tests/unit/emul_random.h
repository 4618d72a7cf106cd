/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers that are the same in every run, unless SEED says otherwise. */
#ifndef TESTS_UNIT_EMUL_RANDOM_H
#define TESTS_UNIT_EMUL_RANDOM_H

#include <stdlib.h>

#include <linux/types.h>

static u64 random_now;	/* never 0 once it is in use */

static inline u64 random64(void)
{
	const char *seed = "88172645463325252";

	if (!random_now) {
		if (getenv("SEED"))
			seed = getenv("SEED");
		random_now = strtoull(seed, NULL, 0) | 1;
	}
	random_now ^= random_now << 13;
	random_now ^= random_now >> 7;
	random_now ^= random_now << 17;
	return random_now * 0x2545f4914f6cdd1dULL;
}

static inline unsigned int below(unsigned int n)
{
	return (random64() >> 32) % n;
}

#endif
