// SPDX-License-Identifier: GPL-2.0-only
/* Memory slots: what is refused, and what a guest sees of each change. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include "lib.h"

static struct vm vm;
static struct vcpu v;

#define SLOT_GPA	0x40000000ul
#define MB		0x100000ul

#ifndef KVM_SET_USER_MEMORY_REGION2
#define KVM_CAP_USER_MEMORY2	231
#define KVM_SET_USER_MEMORY_REGION2	_IOC(_IOC_WRITE, KVMIO, 0x49, 160)
#endif

/* RSI: an address to read into RAX; RDI: one to write RDX to; 0: none. */
GUEST(64, g_peekpoke,
      "1: test %rsi, %rsi\n jz 2f\n mov (%rsi), %rax\n"
      "2: test %rdi, %rdi\n jz 3f\n mov %rdx, (%rdi)\n"
      "3: out %al, $0xf4\n jmp 1b\n");

static void machine(void)
{
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_peekpoke);
}

static void aim(uint64_t read, uint64_t write, uint64_t value)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rsi = read, .rdi = write, .rdx = value };

	vcpu_set_regs(&v, &r);
}

static uint64_t peek(uint64_t gpa)
{
	aim(gpa, 0, 0);
	vcpu_until(&v, PORT_DONE);
	return vcpu_regs(&v).rax;
}

static void poke(uint64_t gpa, uint64_t value)
{
	aim(0, gpa, value);
	vcpu_until(&v, PORT_DONE);
}

/* The guest finds no memory there. */
static void expect_hole(uint64_t gpa)
{
	aim(gpa, 0, 0);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	CHECK_EQ(v.run->mmio.phys_addr, gpa);
	CHECK_EQ(v.run->mmio.is_write, 0);
	vcpu_until(&v, PORT_DONE);
}

static void refused(void)
{
	uint8_t *m = mem_new(4 * MB, 0);
	uint64_t slots;

	machine();
	slots = vm_cap(&vm, KVM_CAP_NR_MEMSLOTS);
	CHECK(slots >= 32);
	OK(vm_slot(&vm, 1, SLOT_GPA, m, 2 * MB));
	/* overlaps: inside, at both ends, around */
	ERR(vm_slot(&vm, 2, SLOT_GPA + MB, m, 0x1000), EEXIST);
	ERR(vm_slot(&vm, 2, SLOT_GPA - 0x1000, m, 0x2000), EEXIST);
	ERR(vm_slot(&vm, 2, SLOT_GPA + 2 * MB - 0x1000, m, 0x2000), EEXIST);
	ERR(vm_slot(&vm, 2, SLOT_GPA - MB, m, 4 * MB), EEXIST);
	/* alignment */
	ERR(vm_slot(&vm, 2, SLOT_GPA + 4 * MB + 1, m, 0x1000), EINVAL);
	ERR(vm_slot(&vm, 2, SLOT_GPA + 4 * MB, m + 1, 0x1000), EINVAL);
	ERR(vm_slot(&vm, 2, SLOT_GPA + 4 * MB, m, 0x1001), EINVAL);
	ERR(vm_slot(&vm, 2, SLOT_GPA + 4 * MB, m, 0x800), EINVAL);
	/* wrapping around, on either side */
	ERR(vm_slot(&vm, 2, -0x1000ul, m, 0x2000), EINVAL);
	ERR(vm_slot(&vm, 2, SLOT_GPA + 4 * MB, (void *)-0x1000ul, 0x2000),
	    EINVAL);
	ERR(vm_slot(&vm, 2, SLOT_GPA, m, -0x1000ul), EINVAL);
	/* the kernel's half of the address space; not canonical */
	ERR(vm_slot(&vm, 2, SLOT_GPA + 4 * MB, (void *)(1ul << 63), 0x1000),
	    EINVAL);
	/* flags and slot numbers */
	ERR(vm_slot(&vm, SLOT_FLAGS(2, 4), SLOT_GPA + 4 * MB, m, 0x1000),
	    EINVAL);
	ERR(vm_slot(&vm, SLOT_FLAGS(2, 1u << 31), SLOT_GPA + 4 * MB, m,
		    0x1000), EINVAL);
	ERR(vm_slot(&vm, slots, SLOT_GPA + 4 * MB, m, 0x1000), EINVAL);
	ERR(vm_slot(&vm, 0xffff, SLOT_GPA + 4 * MB, m, 0x1000), EINVAL);
	/* nothing of it left a trace */
	expect_hole(SLOT_GPA + 4 * MB);
	*(uint64_t *)m = 42;
	CHECK_EQ(peek(SLOT_GPA), 42);
	OK(vm_slot(&vm, slots - 1, SLOT_GPA + 4 * MB, m, 0x1000));
	CHECK_EQ(peek(SLOT_GPA + 4 * MB), 42);
}

static void changes(void)
{
	uint8_t *m = mem_new(4 * MB, 0);

	machine();
	*(uint64_t *)m = 1;
	/* zero size where nothing is */
	ERR(vm_slot(&vm, 1, SLOT_GPA, m, 0), EINVAL);
	OK(vm_slot(&vm, 1, SLOT_GPA, m, 2 * MB));
	/* the same once more is no change */
	OK(vm_slot(&vm, 1, SLOT_GPA, m, 2 * MB));
	/* neither the size nor the host address may change */
	ERR(vm_slot(&vm, 1, SLOT_GPA, m, MB), EINVAL);
	ERR(vm_slot(&vm, 1, SLOT_GPA, m, 4 * MB), EINVAL);
	ERR(vm_slot(&vm, 1, SLOT_GPA, m + 2 * MB, 2 * MB), EINVAL);
	ERR(vm_slot(&vm, SLOT_FLAGS(1, KVM_MEM_READONLY), SLOT_GPA, m, 2 * MB),
	    EINVAL);
	CHECK_EQ(peek(SLOT_GPA), 1);
	/* moved, even over where it was */
	OK(vm_slot(&vm, 1, SLOT_GPA + MB, m, 2 * MB));
	expect_hole(SLOT_GPA);
	CHECK_EQ(peek(SLOT_GPA + MB), 1);
	OK(vm_slot(&vm, 2, SLOT_GPA + 8 * MB, m, MB));
	ERR(vm_slot(&vm, 1, SLOT_GPA + 7 * MB, m, 2 * MB), EEXIST);
	CHECK_EQ(peek(SLOT_GPA + MB), 1);
	/* flags on and off */
	OK(vm_slot(&vm, SLOT_FLAGS(1, KVM_MEM_LOG_DIRTY_PAGES), SLOT_GPA + MB,
		   m, 2 * MB));
	poke(SLOT_GPA + MB, 7);
	OK(vm_slot(&vm, 1, SLOT_GPA + MB, m, 2 * MB));
	poke(SLOT_GPA + MB + 8, 8);
	CHECK_EQ(((uint64_t *)m)[0], 7);
	CHECK_EQ(((uint64_t *)m)[1], 8);
	/* deleted, and another made in its place */
	OK(vm_slot(&vm, 1, 0, NULL, 0));
	expect_hole(SLOT_GPA + MB);
	ERR(vm_slot(&vm, 1, 0, NULL, 0), EINVAL);
	OK(vm_slot(&vm, 1, SLOT_GPA + MB, m + MB, MB));
	CHECK_EQ(peek(SLOT_GPA + MB), 0);
}

static void read_only(void)
{
	uint8_t *m = mem_new(2 * MB, 0);

	machine();
	if (vm_cap(&vm, KVM_CAP_READONLY_MEM) <= 0)
		test_skip("no KVM_CAP_READONLY_MEM");
	*(uint64_t *)(m + 0x5000) = 0x1234;
	OK(vm_slot(&vm, SLOT_FLAGS(1, KVM_MEM_READONLY), SLOT_GPA, m, MB));
	CHECK_EQ(peek(SLOT_GPA + 0x5000), 0x1234);
	aim(0, SLOT_GPA + 0x5000, 0x99);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	CHECK_EQ(v.run->mmio.phys_addr, SLOT_GPA + 0x5000);
	CHECK_EQ(v.run->mmio.is_write, 1);
	CHECK_EQ(v.run->mmio.len, 8);
	CHECK_EQ(v.run->mmio.data[0], 0x99);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(*(uint64_t *)(m + 0x5000), 0x1234);
	/* a page never read before: the write comes out just the same */
	aim(0, SLOT_GPA + 0x9000, 0x99);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	vcpu_until(&v, PORT_DONE);
	/* what the host writes is seen; memory the host cannot write will do */
	*(uint64_t *)(m + 0x5000) = 0x5678;
	CHECK_EQ(peek(SLOT_GPA + 0x5000), 0x5678);
	OK(vm_slot(&vm, 1, 0, NULL, 0));
	OK(mprotect(m, MB, PROT_READ));
	OK(vm_slot(&vm, SLOT_FLAGS(1, KVM_MEM_READONLY), SLOT_GPA, m, MB));
	CHECK_EQ(peek(SLOT_GPA + 0x5000), 0x5678);
	aim(0, SLOT_GPA + 0x5000, 0x99);
	vcpu_expect(&v, KVM_EXIT_MMIO);
}

/* Firmware may have its first page tables in flash, accessed and dirty. */
GUEST(64, g_push, "push %rbx\n pop %rcx\n out %al, $0x20\n push %rcx\n pop %rdx\n" DONE);

static void tables_read_only(void)
{
	uint8_t *m = mem_new(2 * MB, 0);
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2, .rbx = 7 };
	struct kvm_sregs s;

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_PROT, g_push);
	/* 4 MiB: present, writable, user, accessed, dirty. */
	*(uint32_t *)m = 0xe7;
	OK(vm_slot(&vm, SLOT_FLAGS(1, KVM_MEM_READONLY), SLOT_GPA, m, MB));
	s = vcpu_sregs(&v);
	s.cr3 = SLOT_GPA;
	s.cr4 |= 1 << 4;
	s.cr0 |= 1u << 31;
	vcpu_set_sregs(&v, &s);
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, 0x20);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rdx, 7);
	CHECK_EQ(*(uint32_t *)m, 0xe7);
}

/* Memory that is not there (any more): KVM_RUN says EFAULT, and recovers. */
static void unmapped(void)
{
	uint8_t *m = mem_new(2 * MB, MADV_NOHUGEPAGE);

	machine();
	OK(vm_slot(&vm, 1, SLOT_GPA, m, 2 * MB));
	OK(mprotect(m, 0x1000, PROT_NONE));
	aim(SLOT_GPA, 0, 0);
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EFAULT);
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE + 5);
	OK(mprotect(m, 0x1000, PROT_READ));
	vcpu_until(&v, PORT_DONE);
	/* readable only: no MMIO, since the slot is not read-only */
	aim(0, SLOT_GPA, 5);
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EFAULT);
	OK(mprotect(m, 0x1000, PROT_READ | PROT_WRITE));
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(*(uint64_t *)m, 5);
	poke(SLOT_GPA + 0x1000, 6);
	OK(munmap(m + 0x1000, 0x1000));
	aim(SLOT_GPA + 0x1000, 0, 0);
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EFAULT);
	CHECK(mmap(m + 0x1000, 0x1000, PROT_READ | PROT_WRITE, MAP_FIXED |
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == m + 0x1000);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax, 0);
	/* a slot over nothing at all may be made, not used */
	OK(munmap(m, 2 * MB));
	OK(vm_slot(&vm, 2, SLOT_GPA + 16 * MB, m, MB));
	aim(SLOT_GPA + 16 * MB, 0, 0);
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EFAULT);
}

static void file_backed(void)
{
	int fd = OK(memfd_create("guest", MFD_CLOEXEC));
	uint64_t *shared, *private;

	OK(ftruncate(fd, 0x10000));
	shared = mmap(NULL, 0x10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	private = mmap(NULL, 0x10000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd,
		       0);
	CHECK(shared != MAP_FAILED && private != MAP_FAILED);
	machine();
	OK(vm_slot(&vm, 1, SLOT_GPA, shared, 0x10000));
	OK(vm_slot(&vm, 2, SLOT_GPA + MB, private, 0x10000));
	shared[0] = 11;
	CHECK_EQ(peek(SLOT_GPA), 11);
	CHECK_EQ(peek(SLOT_GPA + MB), 11);
	/* The private mapping shows the file until its own page is made. */
	poke(SLOT_GPA, 12);
	CHECK_EQ(peek(SLOT_GPA + MB), 12);
	poke(SLOT_GPA + MB, 13);
	CHECK_EQ(shared[0], 12);
	CHECK_EQ(private[0], 13);
	CHECK_EQ(peek(SLOT_GPA), 12);
	CHECK_EQ(peek(SLOT_GPA + MB), 13);
	OK(pread(fd, &shared[100], 8, 0));
	CHECK_EQ(peek(SLOT_GPA + 800), 12);
	/* The file cut short under the guest. */
	OK(ftruncate(fd, 0));
	aim(SLOT_GPA + 0x2000, 0, 0);
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EFAULT);
	OK(ftruncate(fd, 0x10000));
	CHECK_EQ(peek(SLOT_GPA + 0x2000), 0);
}

static void huge_pages(void)
{
	uint8_t *m = mem_new(8 * MB, MADV_HUGEPAGE);
	uint64_t off;

	machine();
	OK(vm_slot(&vm, 1, SLOT_GPA, m, 4 * MB));
	/* host and guest address of different parity: 4 KiB pages only */
	OK(vm_slot(&vm, 2, SLOT_GPA + 16 * MB + 0x1000, m + 4 * MB, 4 * MB));
	for (off = 0; off < 4 * MB; off += 0x3f000) {
		poke(SLOT_GPA + off, off + 1);
		poke(SLOT_GPA + 16 * MB + 0x1000 + off, off + 2);
	}
	for (off = 0; off < 4 * MB; off += 0x3f000) {
		CHECK_EQ(*(uint64_t *)(m + off), off + 1);
		CHECK_EQ(*(uint64_t *)(m + 4 * MB + off), off + 2);
	}
	/* One page of a huge one goes: its neighbours stay. */
	OK(madvise(m + 0x3f000, 0x1000, MADV_DONTNEED));
	CHECK_EQ(peek(SLOT_GPA + 0x3f000), 0);
	CHECK_EQ(peek(SLOT_GPA), 1);
	CHECK_EQ(peek(SLOT_GPA + 2 * 0x3f000), 2 * 0x3f000 + 1);
	OK(mprotect(m + 2 * 0x3f000, 0x1000, PROT_READ));
	aim(0, SLOT_GPA + 2 * 0x3f000, 1);
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EFAULT);
	poke(SLOT_GPA + 2 * 0x3f000 + 0x1000, 3);
}

/* Slots in the second address space do not show in the first. */
static void address_spaces(void)
{
	uint8_t *m = mem_new(2 * MB, 0);
	int spaces;

	machine();
	spaces = vm_cap(&vm, KVM_CAP_MULTI_ADDRESS_SPACE);
	if (spaces < 2)
		test_skip("one address space only");
	*(uint64_t *)m = 1;
	*(uint64_t *)(m + MB) = 2;
	OK(vm_slot(&vm, 1 << 16 | 1, SLOT_GPA, m, MB));
	expect_hole(SLOT_GPA);
	OK(vm_slot(&vm, 1, SLOT_GPA, m + MB, MB));
	CHECK_EQ(peek(SLOT_GPA), 2);
	ERR(vm_slot(&vm, 1 << 16 | 2, SLOT_GPA, m, MB), EEXIST);
	OK(vm_slot(&vm, 1 << 16 | 1, 0, NULL, 0));
	CHECK_EQ(peek(SLOT_GPA), 2);
	ERR(vm_slot(&vm, (uint32_t)spaces << 16 | 1, SLOT_GPA, m, MB), EINVAL);
	ERR(vm_slot(&vm, 0xffffu << 16 | 1, SLOT_GPA, m, MB), EINVAL);
}

static void many_slots(void)
{
	uint8_t *m = mem_new(MB, 0);
	int n, i;

	machine();
	n = vm_cap(&vm, KVM_CAP_NR_MEMSLOTS);
	*(uint64_t *)m = 99;
	/* Slot 0 is taken; all others, every second page, in mixed order. */
	CHECK((n - 1) % 7919);
	for (i = 0; i < n - 1; i++) {
		int k = i * 7919l % (n - 1);

		OK(vm_slot(&vm, k + 1, SLOT_GPA + k * 0x2000ul, m, 0x1000));
	}
	for (i = 0; i < n - 1; i += 997) {
		CHECK_EQ(peek(SLOT_GPA + i * 0x2000ul), 99);
		expect_hole(SLOT_GPA + i * 0x2000ul + 0x1000);
	}
	ERR(vm_slot(&vm, n, SLOT_GPA - MB, m, 0x1000), EINVAL);
	for (i = 0; i < n - 1; i += 16)
		OK(vm_slot(&vm, i + 1, 0, NULL, 0));
	expect_hole(SLOT_GPA);
	CHECK_EQ(peek(SLOT_GPA + 0x2000), 99);
}

/* api.rst 4.140: the same, and place for memory that userspace cannot reach. */
static void region2(void)
{
	uint8_t *m = mem_new(MB, 0);
	struct {
		struct kvm_userspace_memory_region r;
		uint64_t more[16];
	} r = { .r = { .slot = 1, .guest_phys_addr = SLOT_GPA, .memory_size = MB,
		       .userspace_addr = (uintptr_t)m } };

	machine();
	if (!vm_cap(&vm, KVM_CAP_USER_MEMORY2))
		test_skip("no KVM_CAP_USER_MEMORY2");
	memset(r.more, 0xff, sizeof(r.more));
	OK(ioctl(vm.fd, KVM_SET_USER_MEMORY_REGION2, &r));
	*(uint64_t *)m = 77;
	CHECK_EQ(peek(SLOT_GPA), 77);
	/* Nobody is told of KVM_CAP_GUEST_MEMFD (234) and may ask for such memory. */
	r.r.flags = 1u << 2;
	if (!vm_cap(&vm, 234))
		ERR(ioctl(vm.fd, KVM_SET_USER_MEMORY_REGION2, &r), EINVAL);
	r.r.flags = 0;
	r.r.memory_size = 0;
	OK(ioctl(vm.fd, KVM_SET_USER_MEMORY_REGION2, &r));
	expect_hole(SLOT_GPA);
}

static const struct test_case cases[] = {
	{ "refused", refused, 0 },
	{ "changes", changes, 0 },
	{ "region2", region2, 0 },
	{ "read_only", read_only, 0 },
	{ "tables_read_only", tables_read_only, 0 },
	{ "unmapped", unmapped, 0 },
	{ "file_backed", file_backed, 0 },
	{ "huge_pages", huge_pages, 0 },
	{ "address_spaces", address_spaces, 0 },
	{ "many_slots", many_slots, 240 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
