// SPDX-License-Identifier: GPL-2.0-only
/*
 * move SECONDS [WORDS]: runs in a guest that is moved from one VMM to another meanwhile. A
 * thread on each CPU rewrites pages of its own, in no order, and checks what it finds;
 * what was written a second ago and not since is as likely to be found as what was
 * written last.  They also watch the clocks, which all CPUs share: a time that was read
 * later, on whichever CPU, is not less.  "guest: alive N" comes five times a second, and
 * ends it when WORDS of them were said, or when something comes on standard input.
 *
 * Other pages, the twins, are written to seldom and with one of two contents: a host that
 * merges equal pages finds some, and parts them again.
 *
 * A page that did not move with its last content is wrong; a thread that is not woken
 * does not end; a clock that went on while nobody ran shows as a long gap.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <x86intrin.h>

#define CPUS_MAX	16
#define TWINS		512		/* of each CPU, in front of the others */
#define PAGES		(TWINS + 2048)
#define WORDS		512		/* of a page */
#define BATCH		32		/* pages between two sleeps */
#define TWIN_BATCHES	4		/* before one twin */
#define SLEEP_US	2000
#define ALIVE_US	200000
#define BEHIND_MAX	1000		/* ns */
#define SHOWN_MAX	8		/* wrong pages that are told of */

/* A clock and the latest time that anybody has read from it, in ns. */
struct watched {
	_Atomic uint64_t latest;
	_Atomic uint64_t behind;	/* by so much one was, at worst */
	_Atomic uint64_t gap;		/* the longest between two readings */
	atomic_int told;
};

struct worker {
	int cpu;
	uint64_t (*page)[WORDS];
	uint64_t stamp[PAGES];		/* what page has in it; 0: nothing yet */
	uint64_t written, wrong;
};

static struct worker workers[CPUS_MAX];
static struct watched monotonic, tsc;
static double tsc_per_ns;
static volatile int stop;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static uint64_t tsc_ns(void)
{
	unsigned int aux;

	return __rdtscp(&aux) / tsc_per_ns;
}

static void most(_Atomic uint64_t *to, uint64_t value)
{
	uint64_t old = atomic_load(to);

	while (old < value && !atomic_compare_exchange_weak(to, &old, value))
		;
}

static void clock_watch(struct watched *w, uint64_t (*read)(void))
{
	uint64_t before = atomic_load(&w->latest), t = read();

	if (t < before && before - t > BEHIND_MAX && atomic_fetch_add(&w->told, 1) < SHOWN_MAX)
		printf("guest: move: CPU %d: a clock is behind by %llu ns\n", sched_getcpu(),
		       (unsigned long long)(before - t));
	if (t < before)
		most(&w->behind, before - t);
	else if (before)
		most(&w->gap, t - before);
	most(&w->latest, t);
}

static uint64_t word_of(const struct worker *w, int page, int i, uint64_t stamp)
{
	if (page < TWINS)
		return ((stamp & 1) << 32 ^ i) * 0x9e3779b97f4a7c15ull;
	return (stamp << 32 ^ (uint64_t)w->cpu << 56 ^ (uint64_t)page << 12 ^ i) *
	       0x9e3779b97f4a7c15ull;
}

static void page_check(struct worker *w, int page)
{
	uint64_t stamp = w->stamp[page], want;
	int i;

	for (i = 0; stamp && i < WORDS; i++) {
		want = word_of(w, page, i, stamp);
		if (w->page[page][i] == want)
			continue;
		if (w->wrong++ < SHOWN_MAX)
			printf("guest: move: wrong: cpu %d, page %d, word %d of write %llu: "
			       "%llx, expected %llx\n", w->cpu, page, i,
			       (unsigned long long)stamp,
			       (unsigned long long)w->page[page][i], (unsigned long long)want);
		return;
	}
}

static void page_write(struct worker *w, int page)
{
	uint64_t stamp = page < TWINS ? w->stamp[page] + 1 : w->written + 1;
	int i;

	w->written++;

	for (i = 0; i < WORDS; i++)
		w->page[page][i] = word_of(w, page, i, stamp);
	w->stamp[page] = stamp;
}

static void cpu_take(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		perror("move: sched_setaffinity");
		exit(1);
	}
}

static void page_renew(struct worker *w, int page)
{
	page_check(w, page);
	page_write(w, page);
}

static void *worker_run(void *arg)
{
	struct worker *w = arg;
	uint32_t random = w->cpu + 1;
	unsigned int batch;
	int i;

	cpu_take(w->cpu);
	for (batch = 0; !stop; batch++) {
		for (i = 0; i < BATCH; i++) {
			/* Numerical Recipes' generator; its high bits are the good ones */
			random = random * 1664525 + 1013904223;
			page_renew(w, TWINS + random / (1u << 21));
			clock_watch(&monotonic, now_ns);
			clock_watch(&tsc, tsc_ns);
		}
		if (batch % TWIN_BATCHES == 0)
			page_renew(w, batch / TWIN_BATCHES % TWINS);
		usleep(SLEEP_US);
	}
	for (i = 0; i < PAGES; i++)
		page_check(w, i);
	return NULL;
}

static int clock_tell(const char *name, struct watched *w)
{
	printf("guest: move: %s: behind by at most %llu ns, longest gap %llu ms\n", name,
	       (unsigned long long)w->behind, (unsigned long long)w->gap / 1000000);
	return w->behind > BEHIND_MAX;
}

static void tsc_measure(void)
{
	uint64_t t = _rdtsc(), ns = now_ns();

	usleep(200000);
	tsc_per_ns = (double)(_rdtsc() - t) / (now_ns() - ns);
}

static pthread_t worker_start(struct worker *w, int cpu)
{
	pthread_t t;

	w->cpu = cpu;
	w->page = mmap(NULL, PAGES * sizeof(*w->page), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (w->page == MAP_FAILED || pthread_create(&t, NULL, worker_run, w)) {
		perror("move");
		exit(1);
	}
	return t;
}

static int asked_to_end(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char c;

	return poll(&in, 1, 0) == 1 && (in.revents & POLLIN) && read(STDIN_FILENO, &c, 1) == 1;
}

int main(int argc, char **argv)
{
	uint64_t end = (argc > 1 ? atoi(argv[1]) : 5) * 1000000000ull, wrong = 0, written = 0;
	int cpus = sysconf(_SC_NPROCESSORS_ONLN), i, n = 0, bad;
	int words = argc > 2 ? atoi(argv[2]) : INT_MAX;
	pthread_t thread[CPUS_MAX];

	setvbuf(stdout, NULL, _IOLBF, 0);
	tsc_measure();
	end += now_ns();
	for (i = 0; i < cpus && i < CPUS_MAX; i++)
		thread[i] = worker_start(&workers[i], i);
	while (now_ns() < end && n < words && !asked_to_end()) {
		printf("guest: alive %d\n", ++n);
		usleep(ALIVE_US);
	}
	stop = 1;
	for (i = 0; i < cpus && i < CPUS_MAX; i++) {
		pthread_join(thread[i], NULL);
		wrong += workers[i].wrong;
		written += workers[i].written;
		printf("guest: move: cpu %d: %llu pages written, %llu wrong\n", i,
		       (unsigned long long)workers[i].written,
		       (unsigned long long)workers[i].wrong);
	}
	bad = clock_tell("CLOCK_MONOTONIC_RAW", &monotonic) | clock_tell("TSC", &tsc);
	printf("guest: move: status %d\n", bad || wrong || !written);
	return bad || wrong || !written;
}
