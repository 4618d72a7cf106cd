// SPDX-License-Identifier: GPL-2.0-only
/*
 * TSC ticks for each page: a write that the dirty ring is to show, its reset, in order
 * and in none; a first read of memory that the host has, by the guest and by
 * KVM_PRE_FAULT_MEMORY.  The mean of a few rounds after a first one.  Where a tick is an
 * instruction (tests/lab/run -i) that is what it costs.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <x86intrin.h>
#include "core/uapi.h"
#include "tests/api/lib.h"

#define SLOT_GPA	0x40000000ul
#define PAGES		4096u
#define SIZE		(PAGES * 4096ul)
#define ENTRIES		16384u
#define ROUNDS		4

static struct vm vm;
static struct vcpu v;
static uint8_t *mem;
static struct kvm_dirty_gfn *ring;
static unsigned int next;
static uint32_t order[PAGES];

/* RSI: array of RCX page numbers, RBX: the first page; RDX: 1: written, 0: read. */
GUEST(64, g_touch,
      "1: mov (%rsi), %edi\n shl $12, %rdi\n add %rbx, %rdi\n test %rdx, %rdx\n jz 2f\n"
      "movb $1, (%rdi)\n jmp 3f\n 2: mov (%rdi), %al\n"
      "3: add $4, %rsi\n dec %rcx\n jnz 1b\n" DONE);

static void slot(uint32_t flags)
{
	OK(vm_slot(&vm, SLOT_FLAGS(1, flags), SLOT_GPA, mem, SIZE));
}

static uint64_t guest_touches(bool write)
{
	uint64_t t;

	memcpy(vm.mem + 0x200000, order, sizeof(order));
	vcpu_set_regs(&v, &(struct kvm_regs){
		.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2, .rsi = 0x200000,
		.rbx = SLOT_GPA, .rcx = PAGES, .rdx = write });
	t = __rdtsc();
	vcpu_until(&v, PORT_DONE);
	return __rdtsc() - t;
}

static uint64_t ring_resets(void)
{
	unsigned int n = 0;
	uint64_t t;

	for (; ring[next % ENTRIES].flags == KVM_DIRTY_GFN_F_DIRTY; next++, n++)
		ring[next % ENTRIES].flags = KVM_DIRTY_GFN_F_RESET;
	CHECK(n >= PAGES);
	t = __rdtsc();
	CHECK_EQ(ioctl(vm.fd, KVM_RESET_DIRTY_RINGS), n);
	return __rdtsc() - t;
}

static uint64_t prefaults(void)
{
	struct kvm_pre_fault_memory p = { .gpa = SLOT_GPA, .size = SIZE };
	uint64_t t = __rdtsc();

	while (p.size)
		OK(ioctl(v.fd, KVM_PRE_FAULT_MEMORY, &p));
	return __rdtsc() - t;
}

static void tell(const char *what, uint64_t ticks)
{
	printf("row mig.%s %.1f\n", what, (double)ticks / PAGES / (ROUNDS - 1));
}

static void ring_rows(const char *how)
{
	uint64_t write = 0, reset = 0, t;
	char name[64];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		t = guest_touches(true);
		write += i ? t : 0;
		t = ring_resets();
		reset += i ? t : 0;
	}
	snprintf(name, sizeof(name), "ring_write%s", how);
	tell(name, write);
	snprintf(name, sizeof(name), "ring_reset%s", how);
	tell(name, reset);
}

static void fill_rows(void)
{
	uint64_t touch = 0, fill = 0, t;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		OK(vm_slot(&vm, 1, 0, NULL, 0));
		slot(0);
		t = guest_touches(false);
		touch += i ? t : 0;
	}
	tell("touch", touch);
	if (!vm_cap(&vm, KVM_CAP_PRE_FAULT_MEMORY))
		return;
	for (i = 0; i < ROUNDS; i++) {
		OK(vm_slot(&vm, 1, 0, NULL, 0));
		slot(0);
		t = prefaults();
		fill += i ? t : 0;
	}
	tell("prefault", fill);
}

static void order_make(bool random)
{
	uint32_t i, j, t, seed = 1;

	for (i = 0; i < PAGES; i++)
		order[i] = i;
	for (i = PAGES - 1; random && i; i--) {
		seed = seed * 1664525 + 1013904223;
		j = (seed >> 8) % (i + 1);
		t = order[i];
		order[i] = order[j];
		order[j] = t;
	}
}

static void measure(void)
{
	struct kvm_enable_cap c = { .cap = KVM_CAP_DIRTY_LOG_RING,
				    .args = { ENTRIES * sizeof(*ring) } };
	struct kvm_sregs sregs;

	vm_new(&vm, 0x400000);
	OK(ioctl(vm.fd, KVM_ENABLE_CAP, &c));
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_touch);
	/* As kernels have it: CR0.WP. */
	sregs = vcpu_sregs(&v);
	sregs.cr0 |= 1 << 16;
	vcpu_set_sregs(&v, &sregs);
	ring = mmap(NULL, c.args[0], PROT_READ | PROT_WRITE, MAP_SHARED, v.fd,
		    KVM_DIRTY_LOG_PAGE_OFFSET * 4096);
	CHECK(ring != MAP_FAILED);
	mem = mem_new(SIZE, MADV_NOHUGEPAGE);
	memset(mem, 1, SIZE);
	slot(KVM_MEM_LOG_DIRTY_PAGES);
	order_make(false);
	guest_touches(false);
	ring_rows("");
	order_make(true);
	ring_rows("_random");
	order_make(false);
	fill_rows();
}

static const struct test_case cases[] = {
	{ "measure", measure, 600 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	return test_main(argc, argv, cases);
}
