// SPDX-License-Identifier: GPL-2.0-only
/* Threads, locks and cache lines: see queues.h. */
#include <math.h>
#include <string.h>
#include "tests/model/queues.h"

#define CYCLES	60000.0		/* of all of the first class, ... */
#define EACH	1000.0		/* ... but at least so many of each thread */
#define WARM	0.2		/* such a part of them is not counted: queues grow first */
#define TODO	4096

struct lock {
	double line_free, waited;
	int owner, readers;	/* owner: who had the line last */
	bool writer;
	int queue[QUEUES_THREADS], head, n;
};

/* What comes next; the cycle's operations that are left are in todo. */
enum next { ASK, COME, RELEASE };

struct thread {
	const struct queues_class *class;
	enum next next;
	double at, asked, pause, cycles;
	short todo[TODO];
	int left;
};

static const struct queues_model *model;
static struct lock locks[QUEUES_LOCKS];
static struct thread threads[QUEUES_THREADS];
static int thread_count, heap[QUEUES_THREADS], heap_n;
static double now, lock_wait, line_wait;
static unsigned long long seed;

static double uniform(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return ((seed >> 33) + 0.5) / 2147483648.0;
}

static double exponential(double mean)
{
	return -mean * log(uniform());
}

static bool is_looked_at(const struct thread *t)
{
	return t->class == model->class;
}

static const struct queues_op *op_of(const struct thread *t)
{
	return t->left ? &t->class->op[t->todo[t->left - 1]] : NULL;
}

/* ---- events: a heap with the next on top ---- */

static void event_add(int t, double at)
{
	int i = heap_n++;

	threads[t].at = at;
	for (; i && threads[heap[(i - 1) / 2]].at > at; i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = t;
}

static int event_take(void)
{
	int top = heap[0], t = heap[--heap_n], i = 0, kid;

	for (; (kid = 2 * i + 1) < heap_n; i = kid) {
		if (kid + 1 < heap_n && threads[heap[kid + 1]].at < threads[heap[kid]].at)
			kid++;
		if (threads[heap[kid]].at >= threads[t].at)
			break;
		heap[i] = heap[kid];
	}
	heap[i] = t;
	return top;
}

/* ---- threads and locks ---- */

/* A cycle's operations, as many as the average wants, in random order. */
static void cycle_begin(struct thread *t)
{
	const struct queues_class *c = t->class;
	int i, j;

	t->left = 0;
	for (i = 0; i < c->ops; i++) {
		int n = c->op[i].per + uniform();

		while (n-- > 0 && t->left < TODO)
			t->todo[t->left++] = i;
	}
	for (i = t->left - 1; i > 0; i--) {
		short swap = t->todo[i];

		j = uniform() * (i + 1);
		t->todo[i] = t->todo[j];
		t->todo[j] = swap;
	}
	t->pause = c->think / (t->left + 1);
}

/* When the lock's line is there. */
static double line_get(struct lock *l, int t)
{
	double at = now;

	if (l->owner != t) {
		at = (l->line_free > now ? l->line_free : now) + model->line;
		l->line_free = at;
		l->owner = t;
	}
	if (is_looked_at(&threads[t]))
		line_wait += at - now;
	return at;
}

static bool lock_try(struct lock *l, int i)
{
	struct thread *t = &threads[i];
	const struct queues_op *op = op_of(t);

	if (l->writer || (op->exclusive && l->readers))
		return false;
	if (op->exclusive)
		l->writer = true;
	else
		l->readers++;
	if (is_looked_at(t)) {
		lock_wait += now - t->asked;
		l->waited += now - t->asked;
	}
	t->next = RELEASE;
	event_add(i, now + exponential(op->hold));
	return true;
}

static void lock_release(struct lock *l, int i)
{
	struct thread *t = &threads[i];

	if (op_of(t)->exclusive)
		l->writer = false;
	else
		l->readers--;
	t->left--;
	t->next = ASK;
	event_add(i, line_get(l, i) + exponential(t->pause));
	while (l->n && lock_try(l, l->queue[l->head])) {
		l->head = (l->head + 1) % QUEUES_THREADS;
		l->n--;
	}
}

static void thread_step(int i)
{
	struct thread *t = &threads[i];
	const struct queues_op *op = op_of(t);
	struct lock *l = op ? &locks[op->lock] : NULL;

	switch (t->next) {
	case ASK:
		if (!op) {
			t->cycles++;
			cycle_begin(t);
			event_add(i, now + exponential(t->pause));
			break;
		}
		t->next = COME;
		event_add(i, line_get(l, i));
		break;
	case COME:
		t->asked = now;
		if (l->n || !lock_try(l, i))
			l->queue[(l->head + l->n++) % QUEUES_THREADS] = i;
		break;
	case RELEASE:
		lock_release(l, i);
		break;
	}
}

/* ---- a run ---- */

static void world_reset(const struct queues_model *m)
{
	int i, n;

	model = m;
	seed = 1;
	now = lock_wait = line_wait = 0;
	thread_count = heap_n = 0;
	memset(locks, 0, sizeof(locks));
	for (i = 0; i < QUEUES_LOCKS; i++)
		locks[i].owner = -1;
	for (i = 0; i < m->classes; i++)
		for (n = 0; n < m->class[i].threads && thread_count < QUEUES_THREADS; n++) {
			struct thread *t = &threads[thread_count];

			memset(t, 0, sizeof(*t));
			t->class = &m->class[i];
			cycle_begin(t);
			event_add(thread_count++, exponential(t->pause));
		}
}

static double cycle_alone(const struct queues_class *c)
{
	double sum = c->think;

	for (int i = 0; i < c->ops; i++)
		sum += c->op[i].per * c->op[i].hold;
	return sum;
}

static void counts_reset(void)
{
	int i;

	lock_wait = line_wait = 0;
	for (i = 0; i < thread_count; i++)
		threads[i].cycles = 0;
	for (i = 0; i < QUEUES_LOCKS; i++)
		locks[i].waited = 0;
}

struct queues_result queues_play(const struct queues_model *m)
{
	double n = m->class[0].threads, each = CYCLES / n > EACH ? CYCLES / n : EACH;
	double end = each * cycle_alone(&m->class[0]), done = 0, from = WARM * end;
	struct queues_result r = { 0 };
	int i;

	world_reset(m);
	for (;;) {
		i = event_take();
		now = threads[i].at;
		if (from && now >= from) {
			counts_reset();
			from = 0;
		}
		if (now >= end)
			break;
		thread_step(i);
	}
	for (i = 0; i < n; i++)
		done += threads[i].cycles;
	for (i = 1; i < QUEUES_LOCKS; i++)
		if (locks[i].waited > locks[r.worst].waited)
			r.worst = i;
	end *= 1 - WARM;
	r.done = done / n / each / (1 - WARM);
	r.locks = lock_wait / (n * end);
	r.lines = line_wait / (n * end);
	return r;
}
