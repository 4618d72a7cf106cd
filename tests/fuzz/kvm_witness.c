// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another VM in the same process, whose memory nobody but its guest writes.  Userspace
 * does to that memory what must keep its content.  The guest writes all pages and reads
 * them again; then userspace reads them, and the dirty log has to name them all.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "tests/fuzz/kvm.h"

#define PAGES		512u
#define GPA_PAGES	0x40000000ul
#define SIZE		(PAGES * 4096ul)
#define PORT_BAD	0xf5
#define TRIES		400

/* rbx: the round; r8: the first page; rsi: the offset in each page */
GUEST(64, g_witness,
      "mov %r8, %rdi\n mov $512, %ecx\n"
      "1: mov %rbx, %rax\n xor %rdi, %rax\n mov %rax, (%rdi, %rsi)\n add $4096, %rdi\n"
      "loop 1b\n mov %r8, %rdi\n mov $512, %ecx\n"
      "2: mov %rbx, %rax\n xor %rdi, %rax\n cmp %rax, (%rdi, %rsi)\n jne 3f\n"
      "add $4096, %rdi\n loop 2b\n out %al, $0xf4\n"
      "3: out %al, $0xf5\n");

static struct vm seen;
static struct vcpu cpu;
static uint8_t *pages;
static bool logs;
static uint64_t rounds;
/* A round; and what changes the log. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void witness_make(void)
{
	vm_new(&seen, 2ul << 20);
	pages = mem_new(SIZE, below(2) ? MADV_HUGEPAGE : 0);
	if (vm_slot(&seen, 1, GPA_PAGES, pages, SIZE))
		_exit(1);
	vcpu_new(&seen, &cpu, 0);
	vcpu_code(&cpu, MODE_LONG, g_witness);
}

static bool log_get(uint64_t *bits)
{
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = bits };

	return !ioctl(seen.fd, KVM_GET_DIRTY_LOG, &log);
}

static uint64_t word(uint64_t round, unsigned int page)
{
	return round ^ (GPA_PAGES + page * 4096ul);
}

static void pages_check(uint64_t round, unsigned int offset)
{
	uint64_t bits[PAGES / 64], got;
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		got = *(volatile uint64_t *)(pages + i * 4096 + offset);
		if (got != word(round, i))
			finding("witness: page %u has %#llx, the guest wrote %#llx", i,
				(unsigned long long)got,
				(unsigned long long)word(round, i));
	}
	/* Once: what is read is cleared. */
	if (!logs || !log_get(bits))
		return;
	for (i = 0; i < PAGES / 64; i++)
		if (bits[i] != ~0ull)
			finding("witness: log word %u is %#llx", i,
				(unsigned long long)bits[i]);
}

/* False where userspace's changes came in between for too long. */
static bool guest_round(uint64_t round, unsigned int offset)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rbx = round, .r8 = GPA_PAGES, .rsi = offset };
	unsigned int i;

	if (ioctl(cpu.fd, KVM_SET_REGS, &r))
		return false;
	for (i = 0; i < TRIES; i++) {
		if (cpu_run(&cpu)) {
			if (errno == EFAULT)
				usleep(200);
			continue;
		}
		if (cpu.run->exit_reason != KVM_EXIT_IO)
			finding("witness: %s", vcpu_describe(&cpu));
		if (cpu.run->io.port == PORT_BAD)
			finding("witness: the guest does not find what it wrote: %s",
				vcpu_describe(&cpu));
		return true;
	}
	return false;
}

void op_witness(const struct call *c)
{
	uint64_t bits[PAGES / 64];
	unsigned int offset = c->arg % 512 * 8;

	if (!pages)
		return;
	pthread_mutex_lock(&lock);
	if (logs)
		log_get(bits);
	rounds += 0x100000001ull << 16;
	if (guest_round(rounds, offset))
		pages_check(rounds, offset);
	pthread_mutex_unlock(&lock);
}

static void copied_by_fork(void)
{
	pid_t pid = fork();
	unsigned int i;

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (i = 0; i < PAGES; i += 1 + below(8))
			pages[i * 4096] = i;
		_exit(0);
	}
	if (pid > 0 && below(2))
		waitpid(pid, NULL, 0);
}

/* Away and back: KVM_RUN and pages_check() would miss it, so not during a round. */
static void moved(void)
{
	uint8_t *other = mremap(pages, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
				pages + 64 * SIZE);

	if (other == MAP_FAILED)
		return;
	if (mremap(other, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, pages) != pages)
		_exit(1);
}

static void logged(bool on)
{
	logs = !vm_slot(&seen, SLOT_FLAGS(1, on), GPA_PAGES, pages, SIZE) && on;
}

static void advised(const struct call *c)
{
	static const int advices[] = {
		MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_MERGEABLE, MADV_UNMERGEABLE,
		MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED, 25 /* MADV_COLLAPSE */,
	};
	unsigned int at = below(PAGES), n = 1 + below(PAGES - at);

	madvise(pages + at * 4096, n * 4096,
		advices[c->arg % (sizeof(advices) / sizeof(advices[0]))]);
}

void op_witness_memory(const struct call *c)
{
	bool locked = below(8) < 3;

	if (!pages)
		return;
	if (!locked) {
		if (below(3))
			advised(c);
		else
			copied_by_fork();
		return;
	}
	pthread_mutex_lock(&lock);
	switch (below(4)) {
	case 0:
		moved();
		break;
	case 1:
		mprotect(pages, SIZE, PROT_READ);
		mprotect(pages, SIZE, PROT_READ | PROT_WRITE);
		break;
	default:
		logged(below(2));
	}
	pthread_mutex_unlock(&lock);
}
