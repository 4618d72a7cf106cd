// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel memory that vCPUs and slots take, on nested paging and on shadow page
 * tables.  For a quiet machine with one CPU.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include "lib.h"

#define KIB		1024ul
#define GIB		(1ul << 30)
#define TIB		(1ul << 40)

#define VCPUS		32
#define PAGES		16		/* that each vCPU touches */
#define SLOTS		16
#define GPA_PAGES	0x40000000ul
#define GPA_SLOTS	(4 * GIB)

/* Limits, in bytes. */
#define VCPU_NESTED	(48 * KIB)
#define VCPU_SHADOW	(80 * KIB)
#define GIB_SLOT	(40 * KIB)
#define TIB_SLOT	(1024 * KIB)

/* Descriptors of reverse maps: without nested paging they are larger. */
#define DESC_NESTED	32
#define DESC_SHADOW	128

/* RCX pages from RSI on, RDI bytes apart. */
GUEST(64, g_touch,
      "1: movb $1, (%rsi)\n add %rdi, %rsi\n dec %rcx\n jnz 1b\n" DONE);

static char text[1 << 16];

static bool slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n, len = 0;

	if (fd < 0)
		return false;
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	close(fd);
	text[len] = '\0';
	return true;
}

static void set(const char *path, const char *value)
{
	int fd = OK(open(path, O_WRONLY));

	OK(write(fd, value, strlen(value)));
	close(fd);
}

/* Free memory, in KiB: with the pages that CPUs keep at hand. */
static long free_now(void)
{
	long kib = 0;
	char *p;

	/* Of page cache only: shrinkers may take what the MMU has. */
	set("/proc/sys/vm/drop_caches", "1");
	usleep(500000);		/* what grace periods hold back */
	CHECK(slurp("/proc/zoneinfo"));
	for (p = text; (p = strstr(p, "count:")); p += 6)
		kib += atol(p + 6) * 4;
	CHECK(slurp("/proc/meminfo"));
	p = strstr(text, "MemFree:");
	CHECK(p);
	return kib + atol(p + 8);
}

static void check_taken(const char *what, long before, unsigned long n,
			unsigned long limit)
{
	long each = (before - free_now()) * (long)KIB / (long)n;

	printf("# %s: %ld KiB each, limit %lu\n", what, each / (long)KIB,
	       limit / KIB);
	if (each > (long)limit)
		FAIL("%s: %ld bytes each, limit %lu", what, each, limit);
}

static void touch(struct vcpu *v, uint64_t from, uint64_t step, uint64_t n)
{
	struct kvm_regs r = {
		.rip = GPA_CODE, .rflags = 2, .rsp = GPA_STACK,
		.rsi = from, .rdi = step, .rcx = n,
	};

	vcpu_set_regs(v, &r);
	vcpu_until(v, PORT_DONE);
}

static void vcpus(void)
{
	size_t size = (VCPUS + 1) * PAGES * 4096ul;
	uint8_t *mem = mem_new(size, MADV_NOHUGEPAGE);
	static struct vcpu v[VCPUS + 1];
	struct kvm_sregs sregs;
	struct vm vm;
	long before;
	int i;

	memset(mem, 1, size);
	vm_new(&vm, 0);
	OK(vm_slot(&vm, 1, GPA_PAGES, mem, size));
	vcpu_new(&vm, &v[VCPUS], VCPUS);
	vcpu_code(&v[VCPUS], MODE_LONG, g_touch);
	sregs = vcpu_sregs(&v[VCPUS]);
	touch(&v[VCPUS], GPA_PAGES + VCPUS * PAGES * 4096ul, 4096, PAGES);
	before = free_now();
	/* Their own pages, by the same tables. */
	for (i = 0; i < VCPUS; i++) {
		vcpu_new(&vm, &v[i], i);
		vcpu_set_sregs(&v[i], &sregs);
		touch(&v[i], GPA_PAGES + i * PAGES * 4096ul, 4096, PAGES);
	}
	check_taken("a vCPU that has run", before, VCPUS,
		    kvm_tdp() ? VCPU_NESTED : VCPU_SHADOW);
}

static uint8_t *untouched(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(p != MAP_FAILED);
	OK(madvise(p, size, MADV_NOHUGEPAGE));
	return p;
}

static void gib_slots(void)
{
	uint8_t *mem = untouched(SLOTS * GIB);
	struct vcpu v;
	struct vm vm;
	long before;
	int i;

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_touch);
	touch(&v, GPA_DATA, 4096, PAGES);
	before = free_now();
	for (i = 0; i < SLOTS; i++)
		OK(vm_slot(&vm, 1 + i, GPA_SLOTS + i * GIB, mem + i * GIB,
			   GIB));
	check_taken("a slot of 1 GiB", before, SLOTS, GIB_SLOT);
}

/* With a guest in it that has used a little of its front. */
static void tib_slot(void)
{
	uint8_t *mem = untouched(TIB);
	struct vcpu v;
	struct vm vm;
	long before;

	vm_new(&vm, -1);
	vcpu_new(&vm, &v, 0);
	before = free_now();
	vm.mem = mem;
	vm.size = TIB;
	OK(vm_slot(&vm, 0, 0, mem, TIB));
	vcpu_code(&v, MODE_LONG, g_touch);
	touch(&v, 0x200000, GIB / 2, 6);
	check_taken("a slot of 1 TiB", before, 1, TIB_SLOT);
}

/* slab_nomerge: a cache that is another's shows that one's size. */
static void desc_size(void)
{
	struct vm vm;

	vm_new(&vm, 0);
	if (!slurp("/proc/cmdline") || !strstr(text, "slab_nomerge"))
		test_skip("slab caches are merged");
	CHECK(slurp("/sys/kernel/slab/pte_list_desc/object_size"));
	CHECK_EQ(atol(text), kvm_tdp() ? DESC_NESTED : DESC_SHADOW);
}

static const struct test_case cases[] = {
	{ "vcpus", vcpus, 0 },
	{ "gib_slots", gib_slots, 0 },
	{ "tib_slot", tib_slot, 0 },
	{ "desc_size", desc_size, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
