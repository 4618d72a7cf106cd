// SPDX-License-Identifier: GPL-2.0-only
/* Locks that are taken, waited for and released, and the rows that results are. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "bench/lock_plugin.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* sleepers: who waits for a mutex or a grace period; mutexes that are held */
static struct { struct pend p; unsigned int cpu; bool used; } sleepers[64];
static volatile int sleeping;
static struct { struct held h; unsigned int cpu; bool used; } mutexes[256];

struct row *row_get(struct cpu *c, char what, int kind, uint64_t a, uint64_t b)
{
	uint64_t h = (a * 31 + b * 7 + what * 1009 + kind * 101 + phase) * 0x9e3779b97f4a7c15ull;

	for (unsigned int i = h >> 52, n = 0; n < ROWS; i++, n++) {
		struct row *r = &c->rows[i % ROWS];

		if (!r->what)
			*r = (struct row){ .what = what, .phase = phase, .kind = kind,
					   .a = a, .b = b };
		if (r->what == what && r->phase == phase && r->kind == kind && r->a == a &&
		    r->b == b)
			return r;
	}
	abort();
}

void row_add(struct row *r, uint64_t value)
{
	r->count++;
	r->sum += value;
	if (value > r->max)
		r->max = value;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void acquired(struct cpu *c, const struct pend *p)
{
	struct held h = { p->addr, p->caller, c->quiet, p->fn->kind };
	uint64_t wait = p->contended ? c->raw - p->asked : 0;
	unsigned int i;

	if (active && p->caller >= MODULES) {
		struct row *r = row_get(c, 'L', h.kind, h.caller, 0);

		r->contended += p->contended;
		r->wait += wait;
		if (wait > r->wait_max)
			r->wait_max = wait;
	}
	if (h.kind == MUTEX) {
		pthread_mutex_lock(&lock);
		for (i = 0; i < 255 && mutexes[i].used && mutexes[i].h.addr != h.addr; i++)
			;
		mutexes[i].used = true;
		mutexes[i].h = h;
		mutexes[i].cpu = c - cpus;
		pthread_mutex_unlock(&lock);
	} else if (c->helds < HELD_MAX) {
		c->held[c->helds++] = h;
	}
}

static void held_end(struct cpu *c, const struct held *h)
{
	if (active && h->caller >= MODULES)
		row_add(row_get(c, 'L', h->kind, h->caller, 0), c->quiet - h->since);
}

static void release_mutex(struct cpu *c, uint64_t addr)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < 256; i++) {
		if (!mutexes[i].used || mutexes[i].h.addr != addr)
			continue;
		mutexes[i].used = false;
		/* who moved to another CPU has another clock */
		if (mutexes[i].cpu == c - cpus)
			held_end(c, &mutexes[i].h);
	}
	pthread_mutex_unlock(&lock);
}

void lock_mem(unsigned int cpu, uint32_t info, uint64_t vaddr, void *data)
{
	struct cpu *c = &cpus[cpu % CPUS_MAX];
	const struct fn *fn = data;
	int i;

	(void)info;
	if (fn->what == FN_ACQUIRE) {
		if (c->pends && c->pend[c->pends - 1].fn == fn && !c->pend[c->pends - 1].addr)
			c->pend[c->pends - 1].addr = vaddr;
		return;
	}
	if (fn->kind == MUTEX) {
		release_mutex(c, vaddr);
		return;
	}
	for (i = c->helds - 1; i >= 0 && c->held[i].addr != vaddr; i--)
		;
	if (i < 0)
		return;
	held_end(c, &c->held[i]);
	c->helds--;
	memmove(&c->held[i], &c->held[i + 1], (c->helds - i) * sizeof(c->held[0]));
}

/* sleeper_add: a CPU may run others until the lock, or the grace period, is there */
static void sleeper_add(struct cpu *c, const struct pend *p)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < 64; i++) {
		if (sleepers[i].used)
			continue;
		sleepers[i].p = *p;
		sleepers[i].p.ns = now_ns();
		sleepers[i].cpu = c - cpus;
		sleepers[i].used = true;
		sleeping++;
		break;
	}
	pthread_mutex_unlock(&lock);
}

static void sleepers_look(struct cpu *c, uint64_t pc)
{
	struct pend p = { 0 };

	pthread_mutex_lock(&lock);
	for (int i = 0; i < 64 && !p.ret; i++) {
		if (!sleepers[i].used || sleepers[i].p.ret != pc || sleepers[i].cpu != c - cpus)
			continue;
		p = sleepers[i].p;
		sleepers[i].used = false;
		sleeping--;
	}
	pthread_mutex_unlock(&lock);
	if (!p.ret)
		return;
	if (p.fn->what == FN_ACQUIRE)
		acquired(c, &p);
	else if (active && p.caller >= MODULES)
		row_add(row_get(c, 'L', SYNC, p.caller, 0), (now_ns() - p.ns) / 1000);
}

static void lock_entered(struct cpu *c, const struct block *b, const struct block *from)
{
	struct pend p = { .fn = b->fn, .asked = c->raw };

	if (!from || from->end == b->pc)
		return;
	p.caller = from->last;
	p.ret = from->call ? from->end : 0;
	if (b->fn->what == FN_COUNT) {
		if (active && p.caller >= MODULES)
			row_add(row_get(c, 'L', SRCU, p.caller, 0), 0);
	} else if (b->fn->what == FN_WAIT) {
		if (p.ret)
			sleeper_add(c, &p);
	} else {
		if (c->pends == PEND_MAX)
			c->pends = 0;
		c->pend[c->pends++] = p;
	}
}

/* The slow path of the lock that was asked for last. */
static void lock_missed(struct cpu *c, const struct block *b)
{
	struct pend *p = c->pends ? &c->pend[c->pends - 1] : NULL;

	if (!p || p->fn->kind != b->fn->kind)
		return;
	p->contended = true;
	if (b->fn->what == FN_SPIN)
		return;
	if (p->ret)
		sleeper_add(c, p);
	c->pends--;
}

/* A lock's function has returned: to where it was called, or, called by a jump, away. */
static bool has_returned(const struct pend *p, uint64_t pc)
{
	if (p->ret)
		return pc == p->ret;
	return pc < p->fn->start || (pc >= p->fn->end &&
	       (pc < sym_lock_text || pc >= sym_lock_text_end));
}

void locks_follow(struct cpu *c, const struct block *b, const struct block *from)
{
	struct pend *p = c->pends ? &c->pend[c->pends - 1] : NULL;

	if (b->entry && b->fn->what <= FN_SLEEP) {
		if (b->fn->what == FN_SPIN || b->fn->what == FN_SLEEP)
			lock_missed(c, b);
		else if (b->fn->what != FN_RELEASE)
			lock_entered(c, b, from);
		return;
	}
	if (p && has_returned(p, b->pc)) {
		c->pends--;
		acquired(c, p);
	}
	if (sleeping)
		sleepers_look(c, b->pc);
}
