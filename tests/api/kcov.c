// SPDX-License-Identifier: GPL-2.0-only
/* Coverage by KCOV (Documentation/dev-tools/kcov.rst), block by block. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "tests/api/kcov.h"

#define KCOV_INIT_TRACE	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)
#define KCOV_TRACE_PC	0

#define BLOCKS		(1u << 17)	/* places in the table; a third is used */

/* A word that says how many follow, and they. */
static struct buffer {
	int fd;
	uint64_t *words;
	uint64_t done;			/* of them */
} buffers[KCOV_BUFFERS];
static unsigned int buffers_nr;
static size_t words_max;

static uint64_t blocks[BLOCKS], fresh[BLOCKS];
static unsigned int blocks_nr, fresh_nr;

const char *const kcov_modules[KCOV_MODULES] = { "kvm", "kvm_amd", "kvm_intel" };
static struct text {
	unsigned int module;
	char section[32];
	uint64_t base;
} texts[64];
static unsigned int texts_nr;

static uint64_t section_base(const char *module, const char *section)
{
	char path[600];
	unsigned long long base = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/sections/%s", module, section);
	f = fopen(path, "r");
	if (f && fscanf(f, "%llx", &base) != 1)
		base = 0;
	if (f)
		fclose(f);
	return base;
}

static void texts_find(unsigned int module)
{
	char path[64];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/sys/module/%s/sections", kcov_modules[module]);
	d = opendir(path);
	while (d && (e = readdir(d)) && texts_nr < 64) {
		struct text *t = &texts[texts_nr];

		/* What was for loading is gone, and another module may be there. */
		if (!strstr(e->d_name, "text") || !strncmp(e->d_name, ".init", 5))
			continue;
		t->module = module;
		snprintf(t->section, sizeof(t->section), "%.31s", e->d_name);
		t->base = section_base(kcov_modules[module], e->d_name);
		texts_nr += t->base != 0;
	}
	if (d)
		closedir(d);
}

/* The section of an address: the nearest one below it. */
static const struct text *text_of(uint64_t block)
{
	const struct text *best = NULL;
	unsigned int i;

	for (i = 0; i < texts_nr; i++)
		if (texts[i].base <= block && (!best || texts[i].base > best->base))
			best = &texts[i];
	return best;
}

unsigned int kcov_module(uint64_t block)
{
	const struct text *t = text_of(block);

	return t ? t->module : 0;
}

bool kcov_open(unsigned int n, size_t words)
{
	struct buffer *b;
	unsigned int i;

	for (i = 0; i < KCOV_MODULES; i++)
		texts_find(i);
	words_max = words;
	for (b = buffers; b < buffers + n; b++) {
		b->fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
		if (b->fd < 0 || ioctl(b->fd, KCOV_INIT_TRACE, words))
			return false;
		b->words = mmap(NULL, words * 8, PROT_READ | PROT_WRITE, MAP_SHARED,
				b->fd, 0);
		if (b->words == MAP_FAILED)
			return false;
		b->words[0] = 0;
		buffers_nr++;
	}
	return true;
}

bool kcov_start(unsigned int buffer)
{
	return buffer < buffers_nr && !ioctl(buffers[buffer].fd, KCOV_ENABLE, KCOV_TRACE_PC);
}

/* A word is counted before it is there: of a thread that runs the last one is left. */
static void buffer_drain(unsigned int i, kcov_fn *fn, bool idle)
{
	struct buffer *b = &buffers[i];
	uint64_t n;

	while ((n = __atomic_load_n(b->words, __ATOMIC_ACQUIRE)) > b->done + !idle)
		while (b->done < n - !idle)
			fn(i, b->words[++b->done]);
	if (idle || b->done > words_max / 2) {
		b->words[0] = 0;
		b->done = 0;
	}
}

void kcov_drain(kcov_fn *fn, bool idle)
{
	unsigned int i;

	for (i = 0; i < buffers_nr; i++)
		buffer_drain(i, fn, idle);
}

bool kcov_block_note(uint64_t block)
{
	unsigned int at = (block * 0x9e3779b97f4a7c15ull) >> 47;

	while (blocks[at] && blocks[at] != block)
		at = (at + 1) % BLOCKS;
	if (blocks[at] || blocks_nr > BLOCKS / 2)
		return false;
	blocks[at] = block;
	blocks_nr++;
	fresh[fresh_nr++] = block;
	return true;
}

void kcov_print(int fd)
{
	unsigned int i;

	for (i = 0; i < fresh_nr; i++) {
		const struct text *t = text_of(fresh[i]);

		if (t)
			dprintf(fd, "c %s %s %016llx\n", kcov_modules[t->module], t->section,
				(unsigned long long)(fresh[i] - t->base - 4));
	}
	fresh_nr = 0;
}
