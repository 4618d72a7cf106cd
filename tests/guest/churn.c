// SPDX-License-Identifier: GPL-2.0-only
/*
 * churn PID SECONDS: takes the memory of process PID, a guest's host, from under it,
 * again and again: pages are reclaimed to swap, moved from one NUMA node to the other,
 * and lose their accessed and dirty bits. The process must notice nothing.
 *
 * Prints how often each was done; 1 if one of them could not be done at all.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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

struct churn {
	pid_t pid;
	int pidfd;
	struct iovec ram;	/* the guest's memory: the largest mapping */
	size_t next;
	int node;
	unsigned long cold, out, moved, cleared;
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
static void reclaim(struct churn *c, int advice, unsigned long *done)
{
	struct iovec part = step(c);

	if (syscall(SYS_process_madvise, c->pidfd, &part, 1, advice, 0) > 0)
		(*done)++;
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
		c->moved++;
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
		c->cleared++;
	close(fd);
}

static void compact(void)
{
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		perror("churn: compact_memory");
	close(fd);
}

static void round_do(struct churn *c, unsigned int round)
{
	reclaim(c, MADV_PAGEOUT, &c->out);
	reclaim(c, MADV_COLD, &c->cold);
	move(c);
	if (round % 8 == 2)
		clear(c, "1");
	if (round % 8 == 6)
		clear(c, "4");
	if (round % 64 == 32)
		compact();
}

int main(int argc, char **argv)
{
	struct churn c = { 0 };
	unsigned int round = 0;
	time_t end;

	if (argc != 3)
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
	printf("churn: %lu times cold, %lu reclaimed, %lu moved, %lu cleared\n",
	       c.cold, c.out, c.moved, c.cleared);
	return !(c.cold && c.out && c.moved && c.cleared);
}
