// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that changes under a running guest: slots deleted and moved, host
 * mappings changed, copied and forked.  The guest never stops by itself; what
 * it reads appears in a mailbox, and must soon be what the host made of it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include "lib.h"

static struct vm vm;
static struct vcpu v;

#define SLOT_A		0x40000000ul
#define SLOT_B		0x40200000ul
#define SIZE		0x200000ul
#define MMIO_DATA	0xeeeeeeeeeeeeeeeeull

/* [0], [1]: last read from A and B; [2]: how often; [3]: last written */
static volatile uint64_t *mailbox;
static volatile unsigned int mmios, efaults;

/* Bochs lets no interrupt end a guest that runs with IF clear. */
GUEST(64, g_reader,
      "sti\n 1: mov (%rsi), %rax\n mov %rax, (%rbx)\n"
      "mov (%rdi), %rax\n mov %rax, 8(%rbx)\n"
      "incq 16(%rbx)\n jmp 1b\n");
GUEST(64, g_writer,
      "sti\n 1: inc %rax\n mov %rax, (%rsi)\n mov %rax, 24(%rbx)\n"
      "incq 16(%rbx)\n jmp 1b\n");

GUEST(64, g_mover,
      "sti\n mov %rsi, %r8\n mov %rdi, %r9\n"
      "1: mov %r8, %rsi\n mov %r9, %rdi\n movsq\n incq 16(%rbx)\n jmp 1b\n");

static void *runner(void *arg)
{
	uint64_t data = MMIO_DATA;

	(void)arg;
	for (;;) {
		if (ioctl(v.fd, KVM_RUN, 0ul) < 0) {
			if (errno != EFAULT)
				FAIL("KVM_RUN: %s", strerrorname_np(errno));
			efaults++;
			usleep(500);
		} else if (v.run->exit_reason == KVM_EXIT_MMIO) {
			mmios++;
			if (!v.run->mmio.is_write)
				memcpy(v.run->mmio.data, &data, 8);
		} else {
			FAIL("unexpected %s", vcpu_describe(&v));
		}
	}
	return NULL;
}

#define LAUNCH(code)							\
	do {								\
		vm_new(&vm, 0);						\
		vcpu_new(&vm, &v, 0);					\
		vcpu_code(&v, MODE_LONG, code);				\
	} while (0)

static void go(uint64_t a, uint64_t b)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rsi = a, .rdi = b, .rbx = GPA_DATA };
	pthread_t t;

	mailbox = vm_u64(&vm, GPA_DATA);
	vcpu_set_regs(&v, &r);
	OK(-pthread_create(&t, NULL, runner, NULL));
}

static void await(volatile uint64_t *p, uint64_t want, const char *what)
{
	time_t end = time(NULL) + 20;

	while (*p != want) {
		if (time(NULL) > end)
			FAIL("%s: expected %#llx, the guest still has %#llx",
			     what, (unsigned long long)want,
			     (unsigned long long)*p);
		sched_yield();
	}
}

/* Two rounds of the guest's loop from now on. */
static void await_rounds(void)
{
	uint64_t from = mailbox[2];
	time_t end = time(NULL) + 20;

	while (mailbox[2] < from + 2) {
		CHECK(time(NULL) <= end);
		sched_yield();
	}
}

static void slot_delete(void)
{
	uint8_t *m = mem_new(2 * SIZE, 0);
	uint64_t i;

	*(uint64_t *)m = 1000;
	*(uint64_t *)(m + SIZE) = 2000;
	LAUNCH(g_reader);
	go(SLOT_A, GPA_DATA + 64);
	for (i = 0; i < 40; i++) {
		await(&mailbox[0], MMIO_DATA, "no slot");
		OK(vm_slot(&vm, 1, SLOT_A, m + (i & 1) * SIZE, SIZE));
		await(&mailbox[0], i & 1 ? 2000 : 1000, "slot made");
		OK(vm_slot(&vm, 1, 0, NULL, 0));
		mailbox[0] = 0;
	}
	CHECK(mmios >= 40);
}

static void slot_move(void)
{
	uint8_t *m = mem_new(SIZE, 0);
	int i;

	*(uint64_t *)m = 77;
	LAUNCH(g_reader);
	OK(vm_slot(&vm, 1, SLOT_A, m, SIZE));
	go(SLOT_A, SLOT_B);
	for (i = 0; i < 40; i++) {
		await(&mailbox[0], 77, "slot at A");
		await(&mailbox[1], MMIO_DATA, "hole at B");
		OK(vm_slot(&vm, 1, SLOT_B, m, SIZE));
		await(&mailbox[0], MMIO_DATA, "hole at A");
		await(&mailbox[1], 77, "slot at B");
		OK(vm_slot(&vm, 1, SLOT_A, m, SIZE));
	}
}

/*
 * An emulated write to a slot that comes and goes: at any moment it is memory or a device.
 * The slot's other half of the time it can be read only.
 */
static void slot_emulated(void)
{
	uint8_t *m = mem_new(SIZE, 0);
	time_t end = time(NULL) + 4;
	unsigned int i;

	LAUNCH(g_mover);
	go(SLOT_B, SLOT_A);
	for (i = 0; i < 20000 && time(NULL) < end; i++) {
		OK(vm_slot(&vm, SLOT_FLAGS(1, i & 2 ? KVM_MEM_READONLY : 0), SLOT_A, m, SIZE));
		OK(vm_slot(&vm, 1, 0, NULL, 0));
	}
	await_rounds();
	CHECK_EQ(efaults, 0);
}

/* Another slot comes and goes: the one in use is not disturbed. */
static void slot_other(void)
{
	uint8_t *m = mem_new(2 * SIZE, 0);
	int i;

	*(uint64_t *)m = 5;
	LAUNCH(g_reader);
	OK(vm_slot(&vm, 1, SLOT_A, m, SIZE));
	go(SLOT_A, SLOT_A + 0x1000);
	await(&mailbox[0], 5, "start");
	for (i = 0; i < 200; i++) {
		OK(vm_slot(&vm, 2, SLOT_B, m + SIZE, SIZE));
		OK(vm_slot(&vm, 2, 0, NULL, 0));
	}
	await_rounds();
	CHECK_EQ(mailbox[0], 5);
	CHECK_EQ(mmios, 0);
	CHECK_EQ(efaults, 0);
}

static void dontneed(int advice)
{
	uint8_t *m = mem_new(SIZE, advice);
	volatile uint64_t *p = (uint64_t *)(m + 0x7000);
	uint64_t i;

	LAUNCH(g_reader);
	OK(vm_slot(&vm, 1, SLOT_A, m, SIZE));
	*p = 0;
	go(SLOT_A + 0x7000, SLOT_A + 0x8000);
	for (i = 1; i < 100; i++) {
		*p = i;
		*(uint64_t *)(m + 0x8000) = i;
		await(&mailbox[0], i, "written");
		await(&mailbox[1], i, "neighbour");
		/* The whole slot every tenth time, so that it is huge again. */
		if (i % 10)
			OK(madvise((void *)p, 0x1000, MADV_DONTNEED));
		else
			OK(madvise(m, SIZE, MADV_DONTNEED));
		await(&mailbox[0], 0, "dropped");
		await_rounds();
		CHECK_EQ(mailbox[1], i % 10 ? i : 0);
	}
}

static void dontneed_4k(void)
{
	dontneed(MADV_NOHUGEPAGE);
}

static void dontneed_huge(void)
{
	dontneed(MADV_HUGEPAGE);
}

/* Another object mapped over the first, at the same address. */
static void remap(void)
{
	uint8_t *m = mem_new(SIZE, 0);
	int fd = OK(memfd_create("pages", MFD_CLOEXEC)), i;
	uint64_t n;

	OK(ftruncate(fd, 32 * 4096));
	for (i = 0; i < 32; i++) {
		n = 100 + i;
		OK(pwrite(fd, &n, 8, i * 4096));
	}
	LAUNCH(g_reader);
	OK(vm_slot(&vm, 1, SLOT_A, m, SIZE));
	go(SLOT_A, SLOT_A + 0x1000);
	for (i = 0; i < 128; i++) {
		CHECK(mmap(m, 4096, PROT_READ | PROT_WRITE,
			   MAP_FIXED | (i & 1 ? MAP_SHARED : MAP_PRIVATE), fd,
			   i % 32 * 4096) == m);
		await(&mailbox[0], 100 + i % 32, "remapped");
	}
}

/* While it must not be touched the guest stands still; then it goes on. */
static void protect(void)
{
	uint8_t *m = mem_new(SIZE, 0);
	unsigned int before;
	uint64_t written;
	time_t end;
	int i;

	LAUNCH(g_writer);
	OK(vm_slot(&vm, 1, SLOT_A, m, SIZE));
	go(SLOT_A, 0);
	for (i = 0; i < 30; i++) {
		await_rounds();
		before = efaults;
		OK(mprotect(m, 4096, i & 1 ? PROT_NONE : PROT_READ));
		for (end = time(NULL) + 20; efaults == before; sched_yield())
			CHECK(time(NULL) <= end);
		written = mailbox[3];
		usleep(2000);
		CHECK_EQ(mailbox[3], written);
		if (!(i & 1))
			CHECK_EQ(*(uint64_t *)m, written);
		OK(mprotect(m, 4096, PROT_READ | PROT_WRITE));
	}
	await_rounds();
}

/* The child keeps what was; the guest goes on in the parent's memory. */
static void fork_child(volatile uint64_t *p)
{
	uint64_t seen = *p;
	int i;

	for (i = 0; i < 20; i++) {
		usleep(1000);
		if (*p != seen)
			FAIL("the child's page changed: expected %llu, got %llu",
			     (unsigned long long)seen, (unsigned long long)*p);
	}
	_exit(0);
}

static void forks(int advice)
{
	uint8_t *m = mem_new(SIZE, advice);
	volatile uint64_t *p = (uint64_t *)m;
	uint64_t written;
	int i, status;
	pid_t pid;

	LAUNCH(g_writer);
	OK(vm_slot(&vm, 1, SLOT_A, m, SIZE));
	go(SLOT_A, 0);
	for (i = 0; i < 15; i++) {
		await_rounds();
		pid = OK(fork());
		if (pid == 0)
			fork_child(p);
		await_rounds();
		OK(waitpid(pid, &status, 0));
		if (status)
			_exit(1);
		await_rounds();
		/* The guest writes the page first, the mailbox second. */
		written = mailbox[3];
		CHECK(*p >= written);
	}
	CHECK_EQ(efaults, 0);
}

static void fork_4k(void)
{
	forks(MADV_NOHUGEPAGE);
}

static void fork_huge(void)
{
	forks(MADV_HUGEPAGE);
}

static const struct test_case cases[] = {
	{ "slot_delete", slot_delete, 120 },
	{ "slot_move", slot_move, 120 },
	{ "slot_emulated", slot_emulated, 120 },
	{ "slot_other", slot_other, 120 },
	{ "dontneed_4k", dontneed_4k, 120 },
	{ "dontneed_huge", dontneed_huge, 120 },
	{ "remap", remap, 120 },
	{ "protect", protect, 120 },
	{ "fork_4k", fork_4k, 120 },
	{ "fork_huge", fork_huge, 120 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
