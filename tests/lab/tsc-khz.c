// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints the frequency of this machine's time-stamp counter in kHz, right to some millionths
 * however busy the machine is: of several pairs of counter and clock that which took least
 * time to read is taken, at the start and at the end.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define TRIES	100
#define APART_US	200000

struct pair {
	uint64_t tsc, ns;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static struct pair pair_read(void)
{
	uint64_t best = UINT64_MAX, before, ns, after;
	struct pair p = { 0, 0 };
	int i;

	for (i = 0; i < TRIES; i++) {
		before = __rdtsc();
		ns = now_ns();
		after = __rdtsc();
		if (after - before >= best)
			continue;
		best = after - before;
		p = (struct pair){ before + best / 2, ns };
	}
	return p;
}

int main(void)
{
	struct pair a = pair_read(), b;

	usleep(APART_US);
	b = pair_read();
	printf("%.0f\n", (b.tsc - a.tsc) * 1e6 / (b.ns - a.ns));
	return 0;
}
