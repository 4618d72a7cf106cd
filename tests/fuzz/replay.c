// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a fuzzing target on files, or on its corpus in the tree.  From the project
 * root: fuzz_NAME [FILE]...
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

#define BYTES_MAX	(1 << 20)

static unsigned int done;

static void run_file(const char *name)
{
	uint8_t *bytes = malloc(BYTES_MAX), *exact;
	FILE *f = fopen(name, "r");
	size_t n;

	if (!f) {
		perror(name);
		exit(2);
	}
	n = fread(bytes, 1, BYTES_MAX, f);
	fclose(f);
	/* A block of its size: a byte read too far is found. */
	exact = malloc(n);
	memcpy(exact, bytes, n);
	free(bytes);
	/* Should it fail, the log says in which. */
	fprintf(stderr, "%s\n", name);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	done++;
}

static void run_corpus(const char *target)
{
	char dir[256], path[512];
	struct dirent **entry;
	int n, i;

	snprintf(dir, sizeof(dir), "tests/fuzz/corpus/%s", target);
	n = scandir(dir, &entry, NULL, alphasort);
	if (n < 0) {
		perror(dir);
		exit(2);
	}
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry[i]->d_name);
		if (entry[i]->d_name[0] != '.')
			run_file(path);
		free(entry[i]);
	}
	free(entry);
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	int i;

	/* A failed assertion is a crash, not the end of a cmocka test. */
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	for (i = 1; i < argc; i++)
		run_file(argv[i]);
	if (argc == 1)
		run_corpus(name ? name + 1 : argv[0]);
	printf("%u passed, 0 failed\n", done);
	return done == 0;
}
