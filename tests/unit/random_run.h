/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random programs on a world, checked after each operation: on each kind of
 * hardware alone, with others at work, short of memory, and both.
 *
 * In the environment SEED=n and OPS=n choose the programs and their length,
 * CONFIG=name one kind of hardware; TRACE=n tells what happens from operation n
 * on (env.h).  A failure prints what to set.
 */
#ifndef UNIT_RANDOM_RUN_H
#define UNIT_RANDOM_RUN_H

#include "tests/unit/mmu_configs.h"
#include "tests/unit/mmu_ops.h"

/* @odds: of 1000; @big: tables may have changed a lot. */
struct random_op {
	void (*fn)(struct env_vm *vm);
	int odds;
	bool big;
};

/**
 * struct random_program - what a test program has of its own
 * @vm: its world
 * @configs: the hardware, @nconfigs of them
 * @ops: operations, @nops of them
 * @other: what is done where none of @ops is
 * @start: makes the world, and what its programs begin with
 * @check: everything against the model; tables only if asked to
 * @one_in: all tables are checked after one of so many operations
 * @report: more about a program that has ended; may be NULL
 * @stop: takes the world down
 * @play_odds: others are played at one of so many steps
 */
struct random_program {
	struct env_vm *vm;
	const struct mmu_test_config *configs;
	int nconfigs;
	const struct random_op *ops;
	int nops;
	void (*other)(struct env_vm *vm);
	void (*start)(const struct mmu_caps *caps);
	void (*check)(struct env_vm *vm, bool tables);
	unsigned int (*one_in)(bool big);
	void (*report)(void);
	void (*stop)(struct env_vm *vm);
	unsigned int play_odds;
};

/* Read the environment and print it; @ops: how many operations without OPS. */
void random_setup(long ops);

/* All programs; a line for each. */
void random_all(const struct random_program *p);

/**
 * random_each_allocation - every allocation of a fixed program fails once
 * @p: what
 * @nconfigs: on how many of its kinds of hardware
 * @salt: which program
 * @ops: its length
 *
 * Return: how many failed; a line says it too.
 */
long random_each_allocation(const struct random_program *p, int nconfigs,
			    unsigned int salt, long ops);

#endif
