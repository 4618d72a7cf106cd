// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/string.h>

#include "tests/unit/random_run.h"

enum segment { PLAIN, CROWDED, SHORT_OF_MEMORY, BOTH, SEGMENTS };

static unsigned long long seed = 1;
static long total_ops, trace_at = -1;
static const char *only;

/* What runs now. */
static const char *where = "";
static enum segment segment;
static long op_nr;

static unsigned int rnd(unsigned int n)
{
	return shim_random() % n;
}

static void on_abort(int sig)
{
	fprintf(stderr, "SEED=%llu CONFIG=%s: segment %d, operation %ld\n", seed,
		where, segment, op_nr);
	_Exit(134);
}

void random_setup(long ops)
{
	total_ops = ops;
	if (getenv("SEED"))
		seed = strtoull(getenv("SEED"), NULL, 0);
	if (getenv("OPS"))
		total_ops = strtol(getenv("OPS"), NULL, 0);
	if (getenv("TRACE"))
		trace_at = strtol(getenv("TRACE"), NULL, 0);
	only = getenv("CONFIG");
	shim_seed = seed;
	signal(SIGABRT, on_abort);
	printf("SEED=%llu OPS=%ld\n", seed, total_ops);
}

static void one_op(const struct random_program *p)
{
	int n = rnd(1000), i;
	bool big = false;

	for (i = 0; i < p->nops; i++) {
		n -= p->ops[i].odds;
		if (n < 0)
			break;
	}
	if (i < p->nops) {
		p->ops[i].fn(p->vm);
		big = p->ops[i].big;
	} else {
		p->other(p->vm);
	}
	p->check(p->vm, !rnd(p->one_in(big)));
}

/* Now and then no memory at all: 1 of this many allocations fails. */
static void short_of_memory(void)
{
	static const unsigned int odds[] = { 1, 3, 12, 12, 50, 200 };

	shim_fail_odds = odds[rnd(ARRAY_SIZE(odds))];
}

static void ops_run(const struct random_program *p, long n)
{
	for (op_nr = 0; op_nr < n; op_nr++) {
		if (segment == SHORT_OF_MEMORY || segment == BOTH)
			short_of_memory();
		env_trace = trace_at >= 0 && op_nr >= trace_at;
		trace("operation %ld\n", op_nr);
		one_op(p);
	}
}

static void start(const struct random_program *p, const struct mmu_test_config *c)
{
	p->start(&c->caps);
	world_nx_set(p->vm, c->nx);
}

static void run(const struct random_program *p, const struct mmu_test_config *c,
		long n)
{
	start(p, c);
	if (segment != PLAIN) {
		p->vm->eintr_odds = 50;
		env_peek_odds = 20;
	}
	if (segment == CROWDED || segment == BOTH)
		ops_play_start(p->vm, p->play_odds);
	ops_run(p, n);
	ops_play_stop();
	shim_fail_odds = 0;
	env_peek_odds = 0;
	p->check(p->vm, true);
	printf("%-12s segment %d: %ld operations, %ld tables, ", where, segment,
	       n, env_tables);
	printf("%ld flushes (%ld needless), %ld played\n", p->vm->flushes,
	       p->vm->needless, ops_played);
	ops_played = 0;
	if (p->report)
		p->report();
	p->stop(p->vm);
}

void random_all(const struct random_program *p)
{
	int n = p->nconfigs * SEGMENTS;

	for (int i = 0; i < n; i++) {
		const struct mmu_test_config *c = &p->configs[i / SEGMENTS];

		if (only && strcmp(only, c->name))
			continue;
		where = c->name;
		segment = i % SEGMENTS;
		shim_self.rng = seed * 1000003 + i * 2 + 1;
		run(p, c, total_ops / (only ? SEGMENTS : n));
	}
}

/* Number @n of the program's allocations fails; false: it has fewer. */
static bool allocation_fails(const struct random_program *p,
			     const struct mmu_test_config *c, long n, long ops)
{
	bool reached;

	start(p, c);
	shim_fail_at = shim_allocs + n;
	for (op_nr = 0; op_nr < ops; op_nr++)
		one_op(p);
	reached = shim_allocs >= shim_fail_at;
	shim_fail_at = 0;
	p->check(p->vm, true);
	p->stop(p->vm);
	return reached;
}

long random_each_allocation(const struct random_program *p, int nconfigs,
			    unsigned int salt, long ops)
{
	long fails = 0, n;

	segment = SHORT_OF_MEMORY;
	for (int i = 0; i < nconfigs; i++) {
		where = p->configs[i].name;
		n = 0;
		do
			shim_self.rng = seed * 1000003 + i * 2 + salt;
		while (allocation_fails(p, &p->configs[i], ++n, ops));
		fails += n - 1;
	}
	printf("%ld allocations failed once\n", fails);
	return fails;
}
