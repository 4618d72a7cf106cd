// SPDX-License-Identifier: GPL-2.0-only
/*
 * With COVERAGE=FILE in the environment an API test appends the blocks that its processes
 * and their threads reach in the modules to FILE: for tests/lab/kcov.  The linker has
 * fork() and pthread_create() come here first.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "tests/api/kcov.h"

#define WORDS	(1ul << 17)

/* The process that opened the buffers, and reads them. */
static pid_t owner;
static pthread_t reader;
static volatile bool over;
static int file = -1;	/* no stream, whose buffer a child would have too */

int __real_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg);
pid_t __real_fork(void);
pid_t __wrap_fork(void);

/* A buffer that nobody uses: a thread's is free again when it ends. */
static void cover(void)
{
	unsigned int i = 0;

	while (i < KCOV_BUFFERS && !kcov_start(i))
		i++;
}

struct start {
	void *(*fn)(void *);
	void *arg;
};

static void *thread_covered(void *arg)
{
	struct start start = *(struct start *)arg;

	free(arg);
	cover();
	return start.fn(start.arg);
}

int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg)
{
	struct start *start = owner ? malloc(sizeof(*start)) : NULL;

	if (!start)
		return __real_pthread_create(t, attr, fn, arg);
	*start = (struct start){ fn, arg };
	return __real_pthread_create(t, attr, thread_covered, start);
}

pid_t __wrap_fork(void)
{
	pid_t pid = __real_fork();

	if (owner && pid == 0)
		cover();
	return pid;
}

static void block_note(unsigned int buffer, uint64_t block)
{
	kcov_block_note(block);
}

/* All the time: a buffer is full soon, and a test may be killed. */
static void *buffers_read(void *arg)
{
	while (!over) {
		kcov_drain(block_note, false);
		kcov_print(file);
		usleep(2000);
	}
	return NULL;
}

__attribute__((constructor)) static void coverage_begin(void)
{
	const char *path = getenv("COVERAGE");

	if (path)
		file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (file < 0)
		return;
	if (!kcov_open(KCOV_BUFFERS, WORDS) ||
	    __real_pthread_create(&reader, NULL, buffers_read, NULL)) {
		fprintf(stderr, "no KCOV\n");
		exit(1);
	}
	owner = getpid();
	cover();
}

__attribute__((destructor)) static void coverage_end(void)
{
	if (!owner || owner != getpid())
		return;
	over = true;
	pthread_join(reader, NULL);
	kcov_drain(block_note, true);
	kcov_print(file);
}
