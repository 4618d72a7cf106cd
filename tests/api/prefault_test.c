// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_PRE_FAULT_MEMORY (api.rst 4.143 of Linux 6.11): what is asked for is mapped, and
 * nothing else happens to it; how far it came is written back.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include "lib.h"
#include "core/uapi.h"
#include "stat.h"

static struct vm vm;
static struct vcpu v;

#define SLOT_GPA	0x40000000ul
#define APIC_GPA	0xfee00000ul
#define PAGES		1088ul		/* 4 MiB, and 64 pages more */
#define SIZE		(PAGES * 4096)

static uint8_t *mem;
static bool lapic;

/* RSI: first page, RCX: pages: all are read. */
GUEST(64, g_read,
      "1: mov (%rsi), %al\n add $4096, %rsi\n dec %rcx\n jnz 1b\n" DONE);

static void machine(int advice, uint32_t flags)
{
	vm_new(&vm, 0);
	if (lapic)
		OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_read);
	mem = mem_new(SIZE, advice);
	memset(mem, 1, SIZE);
	OK(vm_slot(&vm, SLOT_FLAGS(1, flags), SLOT_GPA, mem, SIZE));
}

static struct kvm_pre_fault_memory p;

static int prefault(uint64_t gpa, uint64_t size)
{
	p = (struct kvm_pre_fault_memory){ .gpa = gpa, .size = size };
	return ioctl(v.fd, KVM_PRE_FAULT_MEMORY, &p);
}

static void prefault_all(uint64_t gpa, uint64_t size)
{
	OK(prefault(gpa, size));
	CHECK_EQ(p.gpa, gpa + size);
	CHECK_EQ(p.size, 0);
}

static void guest_reads(uint64_t gpa, uint64_t pages)
{
	vcpu_set_regs(&v, &(struct kvm_regs){
		.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
		.rsi = gpa, .rcx = pages });
	vcpu_until(&v, PORT_DONE);
}

/* What is prefaulted does not fault; a few others do: code, stack, tables. */
static void maps(int advice, uint64_t small_pages)
{
	uint64_t before, small;

	machine(advice, 0);
	guest_reads(GPA_DATA, 1);
	/* The code's own may be in pieces by now (nx_huge_pages). */
	small = stat_get(vm.fd, "pages_4k");
	before = stat_get(v.fd, "pf_taken");
	prefault_all(SLOT_GPA, SIZE);
	CHECK(stat_get(vm.fd, "pages_4k") - small <= small_pages);
	prefault_all(SLOT_GPA, SIZE);
	guest_reads(SLOT_GPA, PAGES);
	CHECK_EQ(stat_get(v.fd, "pf_taken"), before);
	/* gone with the page, and asked for again */
	OK(madvise(mem, SIZE, MADV_DONTNEED));
	prefault_all(SLOT_GPA + 4096, 3 * 4096);
	guest_reads(SLOT_GPA + 4096, 3);
	CHECK_EQ(stat_get(v.fd, "pf_taken"), before);
	guest_reads(SLOT_GPA + 700 * 4096, 1);
	CHECK(stat_get(v.fd, "pf_taken") > before);
}

static void maps_4k(void)
{
	maps(MADV_NOHUGEPAGE, PAGES);
}

static void maps_huge(void)
{
	maps(MADV_HUGEPAGE, 511);
}

/* Before the vCPU ever ran, too. */
static void first(void)
{
	machine(MADV_NOHUGEPAGE, 0);
	prefault_all(SLOT_GPA, SIZE);
	CHECK(stat_get(vm.fd, "pages_4k") >= PAGES);
	guest_reads(SLOT_GPA, PAGES);
}

/* Where the page of a LAPIC in the kernel would be, too, if a slot may be there. */
static void lapic_page(void)
{
	uint64_t taken;

	lapic = true;
	machine(MADV_NOHUGEPAGE, 0);
	OK(vm_slot(&vm, 1, 0, NULL, 0));
	if (intel_param("flexpriority"))
		test_skip("a page of the kernel's own is there");
	OK(vm_slot(&vm, 1, APIC_GPA, mem, SIZE));
	prefault_all(APIC_GPA, SIZE);
	guest_reads(GPA_DATA, 1);
	taken = stat_get(v.fd, "pf_taken");
	guest_reads(APIC_GPA, PAGES);
	CHECK_EQ(stat_get(v.fd, "pf_taken"), taken);
}

static uint64_t frame_of(const void *page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;

	CHECK(fd >= 0);
	CHECK_EQ(pread(fd, &entry, 8, (uintptr_t)page / 4096 * 8), 8);
	close(fd);
	CHECK(entry >> 63);
	return entry << 9 >> 9;
}

/* As a read: what nobody has written stays the host's one page of zeroes. */
static void only_reads(void)
{
	uint64_t map[PAGES / 64], zero;
	struct kvm_dirty_log d = { .slot = 1 };
	unsigned int i;

	machine(MADV_NOHUGEPAGE, KVM_MEM_LOG_DIRTY_PAGES);
	OK(madvise(mem, SIZE / 2, MADV_DONTNEED));
	prefault_all(SLOT_GPA, SIZE);
	zero = frame_of(mem);
	CHECK(zero);
	CHECK_EQ(frame_of(mem + SIZE / 2 - 4096), zero);
	CHECK(frame_of(mem + SIZE / 2) != zero);
	d.dirty_bitmap = map;
	OK(ioctl(vm.fd, KVM_GET_DIRTY_LOG, &d));
	for (i = 0; i < PAGES / 64; i++)
		CHECK_EQ(map[i], 0);
	for (i = 0; i < PAGES; i++)
		CHECK_EQ(mem[i * 4096], i >= PAGES / 2);
	/* read-only */
	OK(vm_slot(&vm, 1, 0, NULL, 0));
	OK(vm_slot(&vm, SLOT_FLAGS(1, KVM_MEM_READONLY), SLOT_GPA, mem, SIZE));
	OK(mprotect(mem, SIZE, PROT_READ));
	prefault_all(SLOT_GPA, SIZE);
	guest_reads(SLOT_GPA, PAGES);
}

static void refusals(void)
{
	machine(MADV_NOHUGEPAGE, 0);
	ERR(prefault(SLOT_GPA, 0), EINVAL);
	ERR(prefault(SLOT_GPA + 1, 4096), EINVAL);
	ERR(prefault(SLOT_GPA, 4097), EINVAL);
	ERR(prefault(-4096ull, 8192), EINVAL);
	ERR(prefault(4096, -4096ull), EINVAL);
	p = (struct kvm_pre_fault_memory){ .gpa = SLOT_GPA, .size = 4096, .flags = 1 };
	ERR(ioctl(v.fd, KVM_PRE_FAULT_MEMORY, &p), EINVAL);
	ERR(ioctl(v.fd, KVM_PRE_FAULT_MEMORY, 8), EFAULT);
	ERR(prefault(SLOT_GPA + SIZE, 4096), ENOENT);
	ERR(prefault(1ull << 60, 4096), ENOENT);
	/* as far as there is a slot */
	OK(prefault(SLOT_GPA + SIZE - 8192, 5 * 4096));
	CHECK_EQ(p.gpa, SLOT_GPA + SIZE);
	CHECK_EQ(p.size, 3 * 4096);
	ERR(ioctl(v.fd, KVM_PRE_FAULT_MEMORY, &p), ENOENT);
	CHECK_EQ(p.gpa, SLOT_GPA + SIZE);
	/* and as far as there is memory */
	OK(munmap(mem + 4 * 4096, SIZE - 4 * 4096));
	OK(prefault(SLOT_GPA, SIZE));
	CHECK_EQ(p.gpa, SLOT_GPA + 4 * 4096);
	CHECK_EQ(p.size, SIZE - 4 * 4096);
	ERR(ioctl(v.fd, KVM_PRE_FAULT_MEMORY, &p), EFAULT);
}

static volatile int ticks;

static void tick(int sig)
{
	(void)sig;
	ticks++;
}

/* It stops for signals, and says how far it came. */
static void interrupted(void)
{
	const struct itimerval every = { { 0, 2000 }, { 0, 2000 } };
	const size_t size = 64ul << 20;
	unsigned int partial = 0;
	uint64_t before;

	machine(MADV_NOHUGEPAGE, 0);
	mem = mem_new(size, MADV_NOHUGEPAGE);
	OK(vm_slot(&vm, 2, 2 * SLOT_GPA, mem, size));
	signal(SIGALRM, tick);
	OK(setitimer(ITIMER_REAL, &every, NULL));
	p = (struct kvm_pre_fault_memory){ .gpa = 2 * SLOT_GPA, .size = size };
	while (p.size) {
		before = p.gpa;
		if (ioctl(v.fd, KVM_PRE_FAULT_MEMORY, &p)) {
			CHECK_EQ(errno, EINTR);
			CHECK_EQ(p.gpa, before);
			partial++;
			continue;
		}
		CHECK(p.gpa > before);
		CHECK_EQ(p.gpa + p.size, 2 * SLOT_GPA + size);
		partial += p.size != 0;
	}
	OK(setitimer(ITIMER_REAL, &(struct itimerval){ }, NULL));
	CHECK(ticks && partial);
	CHECK(stat_get(vm.fd, "pages_4k") >= size / 4096);
}

static void not_supported(void)
{
	machine(MADV_NOHUGEPAGE, 0);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_PRE_FAULT_MEMORY), 0);
	ERR(prefault(SLOT_GPA, 4096), EOPNOTSUPP);
	ERR(prefault(SLOT_GPA, 1), EINVAL);
}

static const struct test_case cases[] = {
	{ "maps_4k", maps_4k, 0 },
	{ "maps_huge", maps_huge, 0 },
	{ "first", first, 0 },
	{ "lapic_page", lapic_page, 0 },
	{ "only_reads", only_reads, 0 },
	{ "refusals", refusals, 0 },
	{ "interrupted", interrupted, 0 },
	{ NULL, NULL, 0 },
};

static const struct test_case none[] = {
	{ "not_supported", not_supported, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, kvm_tdp() ? cases : none);
}
