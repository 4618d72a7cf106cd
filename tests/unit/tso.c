// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <sanitizer/asan_interface.h>

#include "tests/unit/shim/shim.h"
#include "tests/unit/tso.h"

#define STACK_BYTES	(64 << 10)
#define BUFFER		8
#define VARS		32
#define DEPTH		400

enum op { OP_START, OP_LOAD, OP_STORE, OP_FENCE, OP_LOCKED, OP_AWAIT, OP_END };

struct cell {
	void *p;
	size_t size;
	uint64_t v;
};

/* @next is what the thread will do when it is its turn; @seen a hash. */
struct thread {
	ucontext_t ctx;
	enum op next;
	struct cell await;
	uint64_t mask;
	uint64_t seen;
	int stores;
	struct cell store[BUFFER];
};

static const struct tso_model *model;
static struct thread threads[TSO_THREADS];
static _Alignas(64) char stacks[TSO_THREADS][STACK_BYTES];
static ucontext_t scheduler;
static int self;

/* Everything that any order has touched. */
static struct { const void *p; size_t size; } vars[VARS];
static int nvars;

static struct { unsigned char choice, choices; } path[DEPTH];
static int path_len;

static uint64_t *visited;
static size_t visited_size, visited_used;

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

static uint64_t mem_get(const void *p, size_t size)
{
	uint64_t v = 0;

	memcpy(&v, p, size);
	return v;
}

static void var_note(const void *p, size_t size)
{
	for (int i = 0; i < nvars; i++)
		if (vars[i].p == p) {
			shim_assert(vars[i].size == size);
			return;
		}
	shim_assert(nvars < VARS);
	vars[nvars].p = p;
	vars[nvars++].size = size;
}

/* ------------------------------------------------------------------------ */
/* Threads. */

int tso_self(void)
{
	return self;
}

/* Give the turn back until it is our turn to do this. */
static struct thread *step(enum op op, const void *p, size_t size)
{
	struct thread *t = &threads[self];

	if (p)
		var_note(p, size);
	t->next = op;
	swapcontext(&t->ctx, &scheduler);
	t->seen = mix(t->seen, op);
	return t;
}

static uint64_t saw(struct thread *t, uint64_t v)
{
	t->seen = mix(t->seen, v);
	return v;
}

uint64_t tso_load(const void *p, size_t size)
{
	struct thread *t = step(OP_LOAD, p, size);

	for (int i = t->stores - 1; i >= 0; i--)
		if (t->store[i].p == p)
			return saw(t, t->store[i].v);
	return saw(t, mem_get(p, size));
}

void tso_store(void *p, size_t size, uint64_t v)
{
	struct thread *t = step(OP_STORE, p, size);

	shim_assert(t->stores < BUFFER);
	t->store[t->stores++] = (struct cell){ p, size, v };
}

void tso_fence(void)
{
	step(OP_FENCE, NULL, 0);
}

uint64_t tso_swap(void *p, size_t size, uint64_t mask, uint64_t old, uint64_t new)
{
	struct thread *t = step(OP_LOCKED, p, size);
	uint64_t v = mem_get(p, size);

	if ((v & mask) == old)
		memcpy(p, &new, size);
	return saw(t, v);
}

uint64_t tso_or(void *p, size_t size, uint64_t bits)
{
	struct thread *t = step(OP_LOCKED, p, size);
	uint64_t v = mem_get(p, size), new = v | bits;

	memcpy(p, &new, size);
	return saw(t, v);
}

uint64_t tso_and(void *p, size_t size, uint64_t bits)
{
	struct thread *t = step(OP_LOCKED, p, size);
	uint64_t v = mem_get(p, size), new = v & bits;

	memcpy(p, &new, size);
	return saw(t, v);
}

void tso_await(const void *p, size_t size, uint64_t mask, uint64_t v)
{
	struct thread *t = &threads[self];

	t->await = (struct cell){ (void *)p, size, v };
	t->mask = mask;
	step(OP_AWAIT, p, size);
}

static void thread_main(void)
{
	model->thread[self]();
	threads[self].next = OP_END;
	swapcontext(&threads[self].ctx, &scheduler);
}

/* ------------------------------------------------------------------------ */
/* The scheduler. */

static void turn(int i)
{
	self = i;
	swapcontext(&scheduler, &threads[i].ctx);
	self = -1;
}

static void drain(struct thread *t)
{
	memcpy(t->store[0].p, &t->store[0].v, t->store[0].size);
	memmove(t->store, t->store + 1, --t->stores * sizeof(t->store[0]));
}

static bool can_step(const struct thread *t)
{
	switch (t->next) {
	case OP_FENCE:
	case OP_LOCKED:
		return !t->stores;
	case OP_STORE:
		return t->stores < BUFFER;
	case OP_AWAIT:
		return (mem_get(t->await.p, t->await.size) & t->mask) == t->await.v;
	case OP_END:
		return false;
	default:
		return true;
	}
}

/* What may come next: a thread, or TSO_THREADS and a thread: its store. */
static int choices(unsigned char *to)
{
	int n = 0;

	for (int i = 0; i < model->nthreads; i++) {
		if (can_step(&threads[i]))
			to[n++] = i;
		if (threads[i].stores)
			to[n++] = TSO_THREADS + i;
	}
	return n;
}

static uint64_t state_hash(void)
{
	uint64_t h = 1;

	for (int i = 0; i < nvars; i++)
		h += mix((uintptr_t)vars[i].p, mem_get(vars[i].p, vars[i].size) + 1);
	for (int i = 0; i < model->nthreads; i++) {
		h = mix(mix(h, threads[i].seen), threads[i].next);
		for (int j = 0; j < threads[i].stores; j++)
			h = mix(mix(h, (uintptr_t)threads[i].store[j].p),
				threads[i].store[j].v);
		h = mix(h, 77);
	}
	return h | 1;
}

static bool visited_put(uint64_t *set, size_t size, uint64_t h)
{
	size_t i = h % size;

	for (; set[i]; i = (i + 1) % size)
		if (set[i] == h)
			return false;
	set[i] = h;
	return true;
}

/* Returns false when the state has been there. */
static bool state_is_new(void)
{
	uint64_t *grown;

	if (visited_used * 2 >= visited_size) {
		grown = calloc(visited_size * 2 + 1023, sizeof(*grown));
		for (size_t i = 0; i < visited_size; i++)
			if (visited[i])
				visited_put(grown, visited_size * 2 + 1023, visited[i]);
		free(visited);
		visited = grown;
		visited_size = visited_size * 2 + 1023;
	}
	if (!visited_put(visited, visited_size, state_hash()))
		return false;
	visited_used++;
	return true;
}

static void world_make(void)
{
	model->make();
	ASAN_UNPOISON_MEMORY_REGION(stacks, sizeof(stacks));
	for (int i = 0; i < model->nthreads; i++) {
		struct thread *t = &threads[i];

		memset(t, 0, sizeof(*t));
		getcontext(&t->ctx);
		t->ctx.uc_stack.ss_sp = stacks[i];
		t->ctx.uc_stack.ss_size = STACK_BYTES;
		makecontext(&t->ctx, thread_main, 0);
		/* up to its first step */
		turn(i);
	}
}

static void trace_make(struct tso_result *r, const unsigned char *done, int n)
{
	for (int i = 0; i < n && i < (int)sizeof(r->trace) - 1; i++)
		r->trace[i] = done[i] < TSO_THREADS ? '0' + done[i] :
						      'a' + done[i] - TSO_THREADS;
}

static void end_check(struct tso_result *r, const unsigned char *done, int n)
{
	unsigned int ended = 0;

	for (int i = 0; i < model->nthreads; i++)
		ended |= (threads[i].next == OP_END) << i;
	r->ends++;
	if (model->stuck(ended))
		return;
	if (!r->bad++)
		trace_make(r, done, n);
}

/* One order: the path, and from there the first choice each time. */
static void order_run(struct tso_result *r)
{
	unsigned char done[DEPTH], to[2 * TSO_THREADS];
	int n, choice;

	world_make();
	for (int i = 0; ; i++) {
		n = choices(to);
		if (i >= path_len && !state_is_new())
			return;
		if (!n) {
			end_check(r, done, i);
			return;
		}
		shim_assert(i < DEPTH);
		if (i == path_len) {
			path[i].choice = 0;
			path[path_len++].choices = n;
		}
		shim_assert(path[i].choices == n);
		choice = to[path[i].choice];
		done[i] = choice;
		if (choice < TSO_THREADS)
			turn(choice);
		else
			drain(&threads[choice - TSO_THREADS]);
	}
}

void tso_explore(const struct tso_model *m, bool first, struct tso_result *r)
{
	model = m;
	memset(r, 0, sizeof(*r));
	nvars = 0;
	path_len = 0;
	do {
		order_run(r);
		while (path_len && ++path[path_len - 1].choice ==
				   path[path_len - 1].choices)
			path_len--;
	} while (path_len && !(first && r->bad));
	r->states = visited_used;
	free(visited);
	visited = NULL;
	visited_size = visited_used = 0;
}
