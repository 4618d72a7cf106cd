/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of threads that go round cycles and take locks on the way: how much of their
 * time they wait.
 *
 * Events in order of time.  A lock is taken in order of arrival, as the kernel's queued
 * locks are: who comes behind a waiting writer waits too.  Its word is in one cache line:
 * who takes or releases it needs the line alone, and waits for it unless he was the last
 * who had it.  Thinking and holding take exponentially distributed times.
 */
#ifndef MODEL_QUEUES_H
#define MODEL_QUEUES_H

#include <stdbool.h>

#define QUEUES_CLASSES	8
#define QUEUES_OPS	64
#define QUEUES_LOCKS	32
#define QUEUES_THREADS	1024

/* So often in a cycle (on average) a thread takes this lock, for so long. */
struct queues_op {
	int lock;
	bool exclusive;
	double per, hold;
};

/* Threads that are alike; think: a cycle's time without a lock. */
struct queues_class {
	int threads;
	double think;
	struct queues_op op[QUEUES_OPS];
	int ops;
};

/* The first class is the one that is looked at. */
struct queues_model {
	struct queues_class class[QUEUES_CLASSES];
	int classes;
	double line;		/* time for which a cache line is under way */
};

struct queues_result {
	double done;		/* its cycles, as a part of what they were without waiting */
	double locks, lines;	/* parts of its time that it waits for locks, for lines */
	int worst;		/* the lock that it waits for longest */
};

struct queues_result queues_play(const struct queues_model *m);

#endif
