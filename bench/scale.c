// SPDX-License-Identifier: GPL-2.0-only
/*
 * scale LINE SLOWER VCPUS...: plays a VM's locks with so many vCPUs (tests/model/queues.h), by
 * what bench/locks has measured of a few, which is on standard input:
 *
 *   class NAME THINK	threads with cycles of so many instructions, those under the locks
 *			left out; "vcpu", the first: VCPUS of them, others: one
 *   op NAME LOCK r|w PER HOLD
 *			so often in a cycle they take this lock, shared or exclusive, for
 *			HOLD instructions
 *
 * LINE: instructions that a CPU would execute while a cache line is under way to it.
 * SLOWER: vCPUs think so many times as long, for guests do more than fault.
 *
 * A line for each VCPUS: the cycles that a vCPU ends, in percent of those without waiting;
 * percent of its time that it waits for locks, and for lines; the lock that takes most.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/model/queues.h"

static struct queues_model model;
static char classes[QUEUES_CLASSES][32], locks[QUEUES_LOCKS][32];

/* The place of the name in the table, which it is put into; -1: full. */
static int name_find(char (*table)[32], int n, const char *name)
{
	for (int i = 0; i < n; i++) {
		if (!table[i][0])
			strcpy(table[i], name);
		if (!strcmp(table[i], name))
			return i;
	}
	return -1;
}

static int class_read(int c)
{
	if (c < 0 || c != model.classes)
		return -1;
	model.classes++;
	model.class[c].threads = 1;
	return scanf("%lf", &model.class[c].think) == 1 ? 0 : -1;
}

static int op_read(int c)
{
	struct queues_op op;
	char lock[32], mode;

	if (c < 0 || c >= model.classes || model.class[c].ops == QUEUES_OPS ||
	    scanf("%31s %c %lf %lf", lock, &mode, &op.per, &op.hold) != 4)
		return -1;
	op.lock = name_find(locks, QUEUES_LOCKS, lock);
	op.exclusive = mode == 'w';
	model.class[c].op[model.class[c].ops++] = op;
	return op.lock < 0 ? -1 : 0;
}

static int input_read(void)
{
	char word[32], name[32];

	while (scanf("%31s %31s", word, name) == 2) {
		int c = name_find(classes, QUEUES_CLASSES, name);

		if (strcmp(word, "class") ? op_read(c) : class_read(c))
			return -1;
	}
	return strcmp(classes[0], "vcpu");
}

int main(int argc, char **argv)
{
	if (argc < 4 || input_read()) {
		fprintf(stderr, "usage: scale LINE SLOWER VCPUS... <measured\n");
		return 2;
	}
	model.line = atof(argv[1]);
	model.class[0].think *= atof(argv[2]);
	for (int i = 3; i < argc; i++) {
		struct queues_result r;

		model.class[0].threads = atoi(argv[i]);
		if (model.class[0].threads < 1 ||
		    model.class[0].threads > QUEUES_THREADS - QUEUES_CLASSES)
			return 2;
		r = queues_play(&model);
		printf("%s %.1f %.2f %.2f %s\n", argv[i], 100 * r.done, 100 * r.locks,
		       100 * r.lines, locks[r.worst]);
	}
	return 0;
}
