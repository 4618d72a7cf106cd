/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State of the shim, one copy for the program (weak definitions): per-thread
 * contexts, the seeded generator, hooks.
 */
#ifndef SHIM_H
#define SHIM_H

#include <stdio.h>
#include <stdlib.h>
#include <stdbool.h>

#define SHIM_WEAK	__attribute__((weak))
#define SHIM_HELD	8

/* What one thread holds; a hook that plays another thread swaps it out. */
struct shim_thread {
	unsigned long long rng;
	int rcu;		/* nesting of rcu_read_lock() */
	int reader;		/* the same, and non-preemptible sections */
	int atomic;		/* spinning locks, preempt_disable(), callbacks */
	int nheld;
	struct { const void *lock; bool write; } held[SHIM_HELD];
};

SHIM_WEAK __thread struct shim_thread shim_self;
SHIM_WEAK unsigned long long shim_seed;
SHIM_WEAK unsigned int shim_yield_odds;	/* 1 of n yields; 0: none */
SHIM_WEAK const unsigned char *shim_input;	/* a fuzzer's, or NULL */
SHIM_WEAK unsigned long shim_input_left;
SHIM_WEAK void (*shim_step_hook)(void);	/* at each atomic access of 8 bytes */
SHIM_WEAK bool shim_step_any_size;		/* and at those of fewer */
SHIM_WEAK void (*shim_yield_hook)(void);	/* where it may sleep */
SHIM_WEAK void (*shim_unlock_hook)(void);	/* where no lock is held any more */

#define shim_die(fmt, ...) (fflush(stdout), fprintf(stderr, \
	"%s:%d: " fmt "\n", __FILE__, __LINE__, ##__VA_ARGS__), abort())

#define shim_assert(c) ((c) ? (void)0 : shim_die("broken rule: %s", #c))

/* Two bytes of the input while there are any; then of the generator. */
static inline unsigned int shim_random(void)
{
	if (shim_input_left >= 2) {
		shim_input_left -= 2;
		shim_input += 2;
		return shim_input[-2] | shim_input[-1] << 8;
	}
	if (!shim_self.rng)
		shim_self.rng = shim_seed * 2 + 1;
	shim_self.rng = shim_self.rng * 6364136223846793005ull +
			1442695040888963407ull;
	return shim_self.rng >> 33;
}

static inline void shim_step(void)
{
	if (__builtin_expect(!!shim_step_hook, 0))
		shim_step_hook();
}

#endif
