// SPDX-License-Identifier: GPL-2.0-only
/*
 * TSC ticks of a vCPU's whole state: saved where a guest has just run, restored in the
 * vCPU of a new VM, and that one's first KVM_RUN, where the rest of what a restore takes
 * may hide.  Each ioctl alone, too.  Medians: a tick of the host's timer is in a few.
 */
#define _GNU_SOURCE
#include <x86intrin.h>
#include "bench/state.h"

#define ROUNDS	9

static uint64_t save[STATE_PARTS][ROUNDS], restore[STATE_PARTS][ROUNDS], run[ROUNDS];

static uint64_t timed(void (*fn)(struct machine *m, const struct state_part *p),
		      struct machine *m, unsigned int part)
{
	uint64_t t = __rdtsc();

	fn(m, &state_parts[part]);
	return __rdtsc() - t;
}

/* What was saved goes on in a new machine, whose memory has the same. */
static void round_do(struct machine *from, unsigned int n)
{
	struct machine to;
	unsigned int i;

	vcpu_until(&from->v, PORT_DONE);
	for (i = 0; i < STATE_PARTS; i++)
		save[i][n] = timed(state_get, from, i);
	machine_make(&to);
	memcpy(to.vm.mem, from->vm.mem, from->vm.size);
	for (i = 0; i < STATE_PARTS; i++)
		restore[i][n] = timed(state_set, &to, i);
	run[n] = __rdtsc();
	vcpu_until(&to.v, PORT_DONE);
	run[n] = __rdtsc() - run[n];
	machine_close(from);
	*from = to;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t median(uint64_t *of)
{
	qsort(of, ROUNDS, sizeof(*of), compare);
	return of[ROUNDS / 2];
}

static void tell(const char *what, uint64_t (*of)[ROUNDS])
{
	uint64_t sum = 0, m;
	unsigned int i;

	for (i = 0; i < STATE_PARTS; i++) {
		m = median(of[i]);
		printf("row mig.%s.%s %lu\n", what, state_parts[i].name, m);
		sum += m;
	}
	printf("row mig.%s %lu\n", what, sum);
}

static void measure(void)
{
	unsigned int i, used, listed;
	struct machine m;

	machine_make(&m);
	machine_start(&m);
	state_msrs(&used, &listed);
	printf("row mig.msrs_listed %u\n", listed);
	printf("row mig.msrs_used %u\n", used);
	for (i = 0; i < ROUNDS; i++)
		round_do(&m, i);
	tell("state_save", save);
	tell("state_restore", restore);
	printf("row mig.state_run %lu\n", median(run));
}

static const struct test_case cases[] = {
	{ "measure", measure, 600 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	return test_main(argc, argv, cases);
}
