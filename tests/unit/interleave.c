// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/interleave.h"

static const struct interleave *now;
static const struct interleave_op *first, *second;
static long steps, step_to_play;
static char where[160];

static void step(void)
{
	if (shim_nested || ops_play_room(now->vm) < second->room)
		return;
	if (++steps == step_to_play)
		ops_play(now->vm, second->fn);
}

static void hooks_set(void (*fn)(void))
{
	now->vm->crowded = fn;
	shim_step_hook = fn;
	shim_yield_hook = fn;
	env_gap_hook = fn;
}

/* Returns false when the first operation had ended before step @n. */
static bool one(const struct interleave_state *state, long n, int fail)
{
	shim_self.rng = 12345;
	now->make();
	state->fn();
	steps = 0;
	step_to_play = n;
	hooks_set(step);
	if (fail)
		shim_fail_at = shim_allocs + fail;
	first->fn(now->vm);
	shim_fail_at = 0;
	hooks_set(NULL);
	now->settle();
	return steps >= n;
}

static long pair(const struct interleave_state *state, const char *world,
		 int fail)
{
	long worlds = 0, n = 0;

	do {
		n = n < now->every ? n + 1 : n + n / now->part;
		snprintf(where, sizeof(where),
			 "%s, %s: %s at step %ld of %s, failing allocation %d",
			 world, state->name, second->name, n, first->name, fail);
		worlds++;
	} while (one(state, n, fail));
	return worlds;
}

static void on_abort(int sig)
{
	fprintf(stderr, "%s\n", where);
	_Exit(134);
}

void interleave_all(const struct interleave *il, const char *world, int fail)
{
	int pairs = il->nfirsts * il->nseconds;
	long worlds = 0;

	signal(SIGABRT, on_abort);
	now = il;
	for (int i = 0; i < pairs; i++) {
		first = &il->firsts[i % il->nfirsts];
		second = &il->seconds[i / il->nfirsts];
		for (int s = 0; s < il->nstates; s++)
			worlds += pair(&il->states[s], world, fail);
	}
	printf("%s: %ld interleavings, failing allocation %d\n", world, worlds,
	       fail);
}
