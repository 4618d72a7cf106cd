// SPDX-License-Identifier: GPL-2.0-only
/* Two blocks that follow each other in a thread are an edge: what leads the fuzzer. */
#include "tests/api/kcov.h"
#include "tests/fuzz/kvm.h"

#define WORDS		(1ul << 15)
#define EDGES		(1u << 22)	/* bits, by hash */

static uint8_t edges[EDGES / 8];
static uint64_t last[THREADS];
static unsigned int sums[KCOV_MODULES][2], found;	/* blocks, edges */

bool cov_open(void)
{
	return kcov_open(THREADS, WORDS);
}

void cov_start(unsigned int thread)
{
	kcov_start(thread);
}

static void edge_note(unsigned int thread, uint64_t block)
{
	uint32_t h = ((last[thread] * 31 ^ block) * 0x9e3779b97f4a7c15ull) >> 42;

	last[thread] = block;
	if (edges[h / 8] & 1 << h % 8)
		return;
	edges[h / 8] |= 1 << h % 8;
	found++;
	sums[kcov_module(block)][0] += kcov_block_note(block);
	sums[kcov_module(block)][1]++;
}

unsigned int cov_collect(void)
{
	found = 0;
	memset(last, 0, sizeof(last));
	kcov_drain(edge_note, true);
	return found;
}

void cov_print(void)
{
	fflush(stdout);
	kcov_print(1);
}

void cov_sums(FILE *f)
{
	unsigned int i;

	for (i = 0; i < KCOV_MODULES; i++)
		if (sums[i][0])
			fprintf(f, ", %s %u blocks %u edges", kcov_modules[i], sums[i][0],
				sums[i][1]);
}
