// SPDX-License-Identifier: GPL-2.0-only
/*
 * churn PID SECONDS [KIND...]: takes the memory of process PID, a guest's host, from under
 * it, again and again: pages are reclaimed to swap (out), looked at as unused (cold), moved
 * from one NUMA node to the other (move), and lose their accessed and dirty bits (clear);
 * and the kernel compacts its memory (compact). Without a KIND: all. The process must
 * notice nothing.
 *
 * Prints how often each was done; 1 if one of them could not be done at all.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_COLD
#define MADV_COLD	20
#define MADV_PAGEOUT	21
#endif

/* So much is reclaimed at a time: the guest is to run between. */
#define PAGE		4096UL
#define STEP		(2UL << 20)

enum kind { OUT, COLD, MOVE, CLEAR, COMPACT, KINDS };

static const char *const names[KINDS] = { "out", "cold", "move", "clear", "compact" };

struct churn {
	pid_t pid;
	int pidfd;
	struct iovec ram;	/* the guest's memory: the largest mapping */
	size_t next;
	int node;
	bool wanted[KINDS];
	unsigned long done[KINDS];
};

static int find_ram(struct churn *c)
{
	char path[64], line[512];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", c->pid);
	maps = fopen(path, "r");
	if (!maps)
		return -1;
	c->ram.iov_len = 0;
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx rw-", &start, &end) != 2)
			continue;
		if (end - start <= c->ram.iov_len)
			continue;
		c->ram.iov_base = (void *)start;
		c->ram.iov_len = end - start;
	}
	fclose(maps);
	return c->ram.iov_len > STEP ? 0 : -1;
}

/* The next step of the memory: each kind of churn takes another one. */
static struct iovec step(struct churn *c)
{
	struct iovec part = c->ram;

	part.iov_base = (char *)part.iov_base + c->next;
	part.iov_len = STEP;
	c->next += STEP;
	if (c->next + STEP > c->ram.iov_len)
		c->next = 0;
	return part;
}

/* One step is looked at as unused, or goes to swap. */
static void reclaim(struct churn *c, int advice, enum kind kind)
{
	struct iovec part = step(c);

	if (syscall(SYS_process_madvise, c->pidfd, &part, 1, advice, 0) > 0)
		c->done[kind]++;
}

/* One step goes to the other node, page by page. */
static void move(struct churn *c)
{
	static void *pages[STEP / PAGE];
	static int nodes[STEP / PAGE], status[STEP / PAGE];
	struct iovec part = step(c);

	for (size_t i = 0; i < STEP / PAGE; i++) {
		pages[i] = (char *)part.iov_base + i * PAGE;
		nodes[i] = c->node;
	}
	if (syscall(SYS_move_pages, c->pid, STEP / PAGE, pages, nodes, status,
		    2 /* MPOL_MF_MOVE */) >= 0)
		c->done[MOVE]++;
	if (c->next == 0)
		c->node = !c->node;
}

/* Accessed bits ("1"), or write protection to see what gets dirty ("4"). */
static void clear(struct churn *c, const char *what)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", c->pid);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return;
	if (write(fd, what, 1) == 1)
		c->done[CLEAR]++;
	close(fd);
}

static void compact(struct churn *c)
{
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) == 1)
		c->done[COMPACT]++;
	close(fd);
}

static void round_do(struct churn *c, unsigned int round)
{
	if (c->wanted[OUT])
		reclaim(c, MADV_PAGEOUT, OUT);
	if (c->wanted[COLD])
		reclaim(c, MADV_COLD, COLD);
	if (c->wanted[MOVE])
		move(c);
	if (c->wanted[CLEAR] && round % 8 == 2)
		clear(c, "1");
	if (c->wanted[CLEAR] && round % 8 == 6)
		clear(c, "4");
	if (c->wanted[COMPACT] && round % 16 == 8)
		compact(c);
}

/* True if each of the words is a kind. */
static bool kinds_want(struct churn *c, char **words, int n)
{
	for (int i = 0; i < KINDS; i++)
		c->wanted[i] = n == 0;
	for (int i = 0; i < n; i++) {
		int kind = 0;

		while (kind < KINDS && strcmp(words[i], names[kind]))
			kind++;
		if (kind == KINDS)
			return false;
		c->wanted[kind] = true;
	}
	return true;
}

/* False if something that is wanted was not done. */
static bool tell(const struct churn *c)
{
	bool all = true;

	printf("churn:");
	for (int i = 0; i < KINDS; i++) {
		if (!c->wanted[i])
			continue;
		printf(" %s %lu", names[i], c->done[i]);
		all &= c->done[i] > 0;
	}
	printf("\n");
	return all;
}

int main(int argc, char **argv)
{
	struct churn c = { 0 };
	unsigned int round = 0;
	time_t end;

	if (argc < 3 || !kinds_want(&c, argv + 3, argc - 3))
		return 2;
	c.pid = atoi(argv[1]);
	c.pidfd = (int)syscall(SYS_pidfd_open, c.pid, 0);
	if (c.pidfd < 0 || find_ram(&c)) {
		perror("churn: no such process");
		return 1;
	}
	printf("churn: %zu MiB\n", c.ram.iov_len >> 20);
	fflush(stdout);
	end = time(NULL) + atoi(argv[2]);
	while (time(NULL) < end && !kill(c.pid, 0)) {
		round_do(&c, round++);
		usleep(50000);
	}
	return !tell(&c);
}
