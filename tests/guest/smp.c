// SPDX-License-Identifier: GPL-2.0-only
/*
 * smp SECONDS: runs in a guest with several CPUs, beside whatever else keeps them busy,
 * and tells what it has seen of their timers, interrupts and clocks:
 *
 *   sleeper   one on each CPU, sleeps 10 ms again and again
 *   runner    one on each CPU, passes a token to the next: a wake-up across CPUs
 *   caller    makes every CPU that runs us take a barrier: an interrupt it waits for
 *   clocks    two CPUs at a time exchange times by a cache line
 *
 * A wake-up that is lost shows as a long wait, or none ends at all.  A clock is behind
 * if a time that was read later, as the cache line proves, is less.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <linux/membarrier.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <x86intrin.h>

#define CPUS_MAX	64
#define SLEEP_NS	10000000l
#define CALL_US		1000
#define PAIR_NS		200000000ull	/* so long for each pair of CPUs */
#define PAUSE_US	300000		/* ... and then others have them */
#define BEHIND_MAX	1000		/* ns */

/* real-time priorities: the clocks' threads spin */
#define WATCH		10
#define SPIN		1

enum clock { RAW, TSC, CLOCKS };

struct wait {
	uint64_t count, longest;	/* ns */
};

static int cpus;
static double tsc_per_ns;
static volatile int stop;
static int token[CPUS_MAX];
static struct wait sleeps[CPUS_MAX], rounds, calls;

/* what the two of a pair share, each word on a line of its own */
static struct {
	_Alignas(128) volatile uint64_t asked;
	_Alignas(128) volatile uint64_t answered;
	volatile uint64_t time;
	_Alignas(128) volatile int partner;	/* CPU, or -1: go home */
	volatile int at, idle;		/* where it is; nobody asks */
} shared;

static uint64_t now_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static uint64_t clock_read(enum clock c)
{
	unsigned int aux;

	return c == RAW ? now_ns(CLOCK_MONOTONIC_RAW) : __rdtscp(&aux);
}

static void wait_note(struct wait *w, uint64_t since)
{
	uint64_t ns = now_ns(CLOCK_MONOTONIC) - since;

	w->count++;
	if (ns > w->longest)
		w->longest = ns;
}

static void cpu_take(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		perror("smp: sched_setaffinity");
		exit(1);
	}
}

/* So that only the machine can make us late. */
static void hurry(int priority)
{
	struct sched_param p = { .sched_priority = priority };

	if (sched_setscheduler(0, SCHED_FIFO, &p)) {
		perror("smp: sched_setscheduler");
		exit(1);
	}
}

static void *sleeper(void *arg)
{
	long cpu = (long)arg;
	struct timespec t = { .tv_nsec = SLEEP_NS };

	cpu_take(cpu);
	hurry(WATCH);
	while (!stop) {
		uint64_t start = now_ns(CLOCK_MONOTONIC);

		clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
		wait_note(&sleeps[cpu], start);
	}
	return NULL;
}

static void *runner(void *arg)
{
	long cpu = (long)arg;
	uint64_t start, one;

	cpu_take(cpu);
	hurry(WATCH);
	start = now_ns(CLOCK_MONOTONIC);
	while (!stop) {
		if (eventfd_read(token[cpu], &one) < 0)
			break;
		if (!cpu) {
			wait_note(&rounds, start);
			usleep(CALL_US);
			start = now_ns(CLOCK_MONOTONIC);
		}
		eventfd_write(token[(cpu + 1) % cpus], 1);
	}
	return NULL;
}

static void *caller(void *arg)
{
	(void)arg;
	hurry(WATCH);
	while (!stop) {
		uint64_t start = now_ns(CLOCK_MONOTONIC);

		if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0)) {
			perror("smp: membarrier");
			exit(1);
		}
		wait_note(&calls, start);
		usleep(CALL_US);
	}
	return NULL;
}

/* Answers each question with its time; the question's lowest bit names the clock. */
static void *partner(void *arg)
{
	uint64_t done = 0;
	int cpu = -1;

	(void)arg;
	hurry(SPIN);
	while (shared.partner >= 0) {
		if (cpu != shared.partner) {
			cpu = shared.partner;
			cpu_take(cpu);
			shared.at = cpu;
		}
		if (shared.asked == done) {
			if (shared.idle)
				usleep(CALL_US);
			continue;
		}
		done = shared.asked;
		shared.time = clock_read(done & 1);
		shared.answered = done;
	}
	return NULL;
}

struct pair {
	double behind, trip;	/* ns: the worst, the shortest */
};

static struct pair pairs[CPUS_MAX][CPUS_MAX][CLOCKS];

static void exchange(struct pair *p, uint64_t question)
{
	double scale = (question & 1) == TSC ? tsc_per_ns : 1;
	uint64_t before = clock_read(question & 1), after;
	double there, back, trip;

	shared.asked = question;
	while (shared.answered != question)
		_mm_pause();
	after = clock_read(question & 1);
	there = (int64_t)(before - shared.time) / scale;
	back = (int64_t)(shared.time - after) / scale;
	trip = (int64_t)(after - before) / scale;
	if (there > p->behind)
		p->behind = there;
	if (back > p->behind)
		p->behind = back;
	if (!p->trip || trip < p->trip)
		p->trip = trip;
}

static void pair_clocks(int a, int b)
{
	static uint64_t question;
	uint64_t end;

	cpu_take(a);
	shared.partner = b;
	/* if it were still on our CPU, our spinning would keep it there */
	while (shared.at != b)
		usleep(CALL_US);
	shared.idle = 0;
	end = now_ns(CLOCK_MONOTONIC) + PAIR_NS;
	do {
		question++;
		exchange(&pairs[a][b][question & 1], question);
	} while (now_ns(CLOCK_MONOTONIC) < end || (question & 1));
	shared.idle = 1;
	usleep(PAUSE_US);
}

/* Each pair at least once. */
static void clocks_compare(uint64_t end)
{
	int i, count = cpus * cpus;

	hurry(SPIN);
	for (i = 0; i < count || now_ns(CLOCK_MONOTONIC) < end; i++)
		if (i % count / cpus != i % cpus)
			pair_clocks(i % count / cpus, i % cpus);
}

/* What the worst of all pairs has shown; true if that is too much. */
static int clocks_tell(enum clock c)
{
	static const char *const name[CLOCKS] = { "CLOCK_MONOTONIC_RAW", "TSC" };
	struct pair worst = { };
	int i;

	for (i = 0; i < cpus * cpus; i++) {
		const struct pair *p = &pairs[i / cpus][i % cpus][c];

		if (p->behind > worst.behind)
			worst.behind = p->behind;
		if (p->trip > worst.trip)
			worst.trip = p->trip;
	}
	printf("guest: smp: %s: behind by at most %.0f ns; an exchange takes %.0f ns\n",
	       name[c], worst.behind, worst.trip);
	return worst.behind > BEHIND_MAX;
}

static void tsc_measure(void)
{
	uint64_t t = clock_read(TSC), ns = clock_read(RAW);

	usleep(200000);
	tsc_per_ns = (double)(clock_read(TSC) - t) / (clock_read(RAW) - ns);
}

static void wait_tell(const char *what, int cpu, const struct wait *w)
{
	printf("guest: smp: cpu %d: %llu %s, longest %.1f ms\n", cpu,
	       (unsigned long long)w->count, what, w->longest / 1e6);
}

static pthread_t start(void *(*body)(void *), long arg)
{
	pthread_t t;

	if (pthread_create(&t, NULL, body, (void *)arg)) {
		fprintf(stderr, "smp: no thread\n");
		exit(1);
	}
	return t;
}

int main(int argc, char **argv)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + (argc == 2 ? atoi(argv[1]) : 5) * 1000000000ull;
	int i, bad;
	pthread_t last;

	shared.at = -1;
	shared.idle = 1;
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	tsc_measure();
	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
	for (i = 0; i < cpus; i++) {
		token[i] = eventfd(0, 0);
		start(sleeper, i);
		start(runner, i);
	}
	eventfd_write(token[0], 1);
	start(caller, 0);
	last = start(partner, 0);
	clocks_compare(end);
	stop = 1;
	shared.partner = -1;
	pthread_join(last, NULL);
	for (i = 0; i < cpus; i++)
		wait_tell("sleeps of 10 ms", i, &sleeps[i]);
	wait_tell("rounds of all CPUs", 0, &rounds);
	wait_tell("barriers", 0, &calls);
	bad = clocks_tell(RAW) | clocks_tell(TSC);
	printf("guest: smp: status %d\n", bad);
	return bad;
}
