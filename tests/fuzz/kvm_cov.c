// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coverage by KCOV: the addresses of the blocks that a thread executed in the modules,
 * in their order.  Two that follow each other are an edge.  The buffers are the parent's,
 * so that they outlive a child that was killed.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include "tests/fuzz/kvm.h"

#define KCOV_INIT_TRACE	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)
#define KCOV_TRACE_PC	0

#define WORDS		(1ul << 15)
#define EDGES		(1u << 22)	/* bits, by hash */
#define BLOCKS		(1u << 17)	/* places in the table; a third is used */

struct text {
	const char *module;
	char section[32];
	uint64_t base;
};

static int fds[THREADS] = { -1 };
static uint64_t *buffers[THREADS];
static uint8_t edges[EDGES / 8];
static uint64_t blocks[BLOCKS], fresh[BLOCKS];
static unsigned int blocks_nr, fresh_nr;

static const char *const modules[] = { "kvm", "kvm_amd", "kvm_intel" };
static struct text texts[64];
static unsigned int texts_nr, sums[3][2];	/* blocks, edges */

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

static void texts_find(const char *module)
{
	char path[64];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/sys/module/%s/sections", module);
	d = opendir(path);
	while (d && (e = readdir(d)) && texts_nr < 64) {
		struct text *t = &texts[texts_nr];

		/* What was for loading is gone, and another module may be there. */
		if (!strstr(e->d_name, "text") || !strncmp(e->d_name, ".init", 5))
			continue;
		t->module = module;
		snprintf(t->section, sizeof(t->section), "%.31s", e->d_name);
		t->base = section_base(module, e->d_name);
		texts_nr += t->base != 0;
	}
	if (d)
		closedir(d);
}

/* The section of an address: the nearest one below it. */
static const struct text *text_of(uint64_t pc)
{
	const struct text *best = NULL;
	unsigned int i;

	for (i = 0; i < texts_nr; i++)
		if (texts[i].base <= pc && (!best || texts[i].base > best->base))
			best = &texts[i];
	return best;
}

static unsigned int module_of(uint64_t pc)
{
	const struct text *t = text_of(pc);
	unsigned int i = 0;

	while (t && i < 2 && t->module != modules[i])
		i++;
	return i;
}

bool cov_open(void)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		texts_find(modules[i]);
	for (i = 0; i < THREADS; i++) {
		fds[i] = open("/sys/kernel/debug/kcov", O_RDWR);
		if (fds[i] < 0 || ioctl(fds[i], KCOV_INIT_TRACE, WORDS))
			return false;
		buffers[i] = mmap(NULL, WORDS * 8, PROT_READ | PROT_WRITE, MAP_SHARED,
				  fds[i], 0);
		if (buffers[i] == MAP_FAILED)
			return false;
		buffers[i][0] = 0;
	}
	return true;
}

void cov_start(unsigned int thread)
{
	if (fds[thread] >= 0)
		ioctl(fds[thread], KCOV_ENABLE, KCOV_TRACE_PC);
}

static void block_note(uint64_t pc)
{
	unsigned int at = (pc * 0x9e3779b97f4a7c15ull) >> 47;

	while (blocks[at] && blocks[at] != pc)
		at = (at + 1) % BLOCKS;
	if (blocks[at] || blocks_nr > BLOCKS / 2)
		return;
	blocks[at] = pc;
	blocks_nr++;
	fresh[fresh_nr++] = pc;
	sums[module_of(pc)][0]++;
}

static unsigned int edge_note(uint64_t from, uint64_t pc)
{
	uint32_t h = ((from * 31 ^ pc) * 0x9e3779b97f4a7c15ull) >> 42;

	if (edges[h / 8] & 1 << h % 8)
		return 0;
	edges[h / 8] |= 1 << h % 8;
	block_note(pc);
	sums[module_of(pc)][1]++;
	return 1;
}

unsigned int cov_collect(void)
{
	unsigned int i, found = 0;
	uint64_t n, at, last;

	for (i = 0; i < THREADS && buffers[i]; i++) {
		n = buffers[i][0] < WORDS - 1 ? buffers[i][0] : WORDS - 1;
		for (last = 0, at = 1; at <= n; last = buffers[i][at++])
			found += edge_note(last, buffers[i][at]);
		buffers[i][0] = 0;
	}
	return found;
}

/* The place of the relocation of the call that noted it, which the address is behind. */
void cov_print(void)
{
	unsigned int i;

	for (i = 0; i < fresh_nr; i++) {
		const struct text *t = text_of(fresh[i]);

		if (t)
			printf("c %s %s %016llx\n", t->module, t->section,
			       (unsigned long long)(fresh[i] - t->base - 4));
	}
	fresh_nr = 0;
}

void cov_sums(FILE *f)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (sums[i][0])
			fprintf(f, ", %s %u blocks %u edges", modules[i], sums[i][0],
				sums[i][1]);
}
