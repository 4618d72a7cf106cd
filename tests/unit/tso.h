/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads on processors with store buffers, in every interleaving.
 *
 * A model has a few threads, each on a processor of its own.  Each access to shared
 * memory is a step.  A store goes into the thread's buffer, from where it reaches
 * memory, in order, at any later moment: that is a step, too.  Loads look into the
 * own buffer first.  A locked instruction or a fence waits until the buffer is empty.
 * This is the memory model of x86 (SDM vol. 3, 8.2); what is correct under it need not
 * be so on others.
 *
 * tso_explore() tries all orders of steps.  A state that was there before is not
 * tried again: memory, buffers, and what each thread has seen so far, which is all
 * that it can know.
 */
#ifndef UNIT_TSO_H
#define UNIT_TSO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TSO_THREADS	4

/**
 * struct tso_model - what is explored
 * @make: memory at the start; called for each order
 * @thread: what the threads do
 * @nthreads: how many
 * @stuck: no thread can go on; may it be so?  All have ended when @ended is
 *	(1 << @nthreads) - 1
 */
struct tso_model {
	void (*make)(void);
	void (*const *thread)(void);
	int nthreads;
	bool (*stuck)(unsigned int ended);
};

/**
 * struct tso_result - what came out
 * @states: different states
 * @ends: orders that came to an end
 * @bad: those of them that must not be
 * @trace: the first bad one: digits of the threads, or letters (a: thread 0) where a
 *	store left its buffer
 */
struct tso_result {
	long states;
	long ends;
	long bad;
	char trace[512];
};

/* Everything about @m, or up to the first bad end when @first is set. */
void tso_explore(const struct tso_model *m, bool first, struct tso_result *r);

/* Steps of the thread that runs; sizes are 1 to 8 bytes. */
int tso_self(void);
uint64_t tso_load(const void *p, size_t size);
void tso_store(void *p, size_t size, uint64_t v);
void tso_fence(void);
/* Returns what was there; stores @new where (what was there & @mask) == @old. */
uint64_t tso_swap(void *p, size_t size, uint64_t mask, uint64_t old, uint64_t new);
/* Returns what was there. */
uint64_t tso_or(void *p, size_t size, uint64_t v);
uint64_t tso_and(void *p, size_t size, uint64_t v);
/* The next step waits until (*@p & @mask) == @v in memory; buffers drain meanwhile. */
void tso_await(const void *p, size_t size, uint64_t mask, uint64_t v);

#endif
