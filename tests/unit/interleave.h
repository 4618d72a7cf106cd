/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two operations, interleaved in every way that keeps the second one whole.
 *
 * For each state, each pair of a first and a second operation and each n a world is
 * made, and the second operation played at the n-th step of the first at which it
 * has the room that it needs (mmu_ops.h), until the first one ends before its n-th
 * such step.  A test program fills in a struct interleave and calls
 * interleave_all() for each kind of world.  A failure names the interleaving.
 */
#ifndef UNIT_INTERLEAVE_H
#define UNIT_INTERLEAVE_H

#include <linux/kernel.h>

#include "tests/unit/mmu_ops.h"

/* What operations start from. */
struct interleave_state {
	const char *name;
	void (*fn)(void);
};

/* @room: what a second operation needs. */
struct interleave_op {
	const char *name;
	void (*fn)(struct env_vm *vm);
	enum play_room room;
};

/**
 * struct interleave - what is interleaved
 * @vm: the world
 * @make: makes it; a state's function comes next
 * @settle: both operations have ended: checks the world and takes it down
 * @every: so many steps from the first on are tried; later ones, in long loops ...
 * @part: ... a part of so many apart
 */
struct interleave {
	struct env_vm *vm;
	void (*make)(void);
	void (*settle)(void);
	long every;
	long part;
	const struct interleave_state *states;
	const struct interleave_op *firsts;
	const struct interleave_op *seconds;
	int nstates;
	int nfirsts;
	int nseconds;
};

/* The three tables, by the names of their arrays. */
#define INTERLEAVE_TABLES						\
	.states = states, .nstates = ARRAY_SIZE(states),		\
	.firsts = firsts, .nfirsts = ARRAY_SIZE(firsts),		\
	.seconds = seconds, .nseconds = ARRAY_SIZE(seconds)

/**
 * interleave_all - every interleaving of all there is, and a line with their number
 * @il: what
 * @world: name of the kind of world that @il->make makes now
 * @fail: which one of the allocations of each pair fails; 0: none
 */
void interleave_all(const struct interleave *il, const char *world, int fail);

#endif
