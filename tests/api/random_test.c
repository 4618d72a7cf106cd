// SPDX-License-Identifier: GPL-2.0-only
/*
 * random_test [sequences [seed]]: random ioctls, half of them sensible, on the
 * fds of a small VM.  Nothing is expected of the results; the machine must
 * live, and its log stay silent.  A sequence is 16 calls; every 64 sequences
 * a new process makes a new VM.  Seed 0 takes one from the clock.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include "lib.h"
#include "rnd.h"

#define CALLS		16
#define PER_VM		64
#define ARENA		(8ul << 20)

static unsigned long sequences = 10000, seed = 1;

static struct vm vm;
static struct vcpu vcpus[3];
static uint8_t *arena;
static int events[4];
/* One for each mode that the guest's code runs in. */
static struct kvm_sregs modes[MODE_LONG + 1];
/* What ioctls point to: two pages, nothing behind them. */
static uint8_t *scratch;

static void *pointer(void)
{
	switch (below(16)) {
	case 0:
		return NULL;
	case 1:
		return (void *)odd_number();
	case 2:
		return scratch + 8192 - below(64);
	default:
		return scratch;
	}
}

static void scratch_fill(void)
{
	unsigned int i, n = below(64);

	memset(scratch, 0, 4096);
	for (i = 0; i < n; i++)
		((uint64_t *)scratch)[i] = odd_number();
}

static void call(int fd, unsigned long req, void *arg, size_t size)
{
	spoil(arg, size);
	memcpy(scratch, arg, size);
	ioctl(fd, req, pointer());
}

static struct vcpu *some_vcpu(void)
{
	return &vcpus[below(3)];
}

static int some_fd(void)
{
	switch (below(4)) {
	case 0:
		return vm.kvm;
	case 1:
		return vm.fd;
	default:
		return some_vcpu()->fd;
	}
}

static void op_slot(void)
{
	struct kvm_userspace_memory_region r = {
		.slot = below(6) | (below(8) ? 0 : 1 << 16),
		.flags = below(4) ? below(2) : below(4),
		.guest_phys_addr = below(16) << 20,
		.memory_size = below(5) << (12 + below(9)),
		.userspace_addr = (uintptr_t)arena + (below(8) << 20),
	};

	call(vm.fd, KVM_SET_USER_MEMORY_REGION, &r, sizeof(r));
}

static void op_dirty(void)
{
	struct kvm_clear_dirty_log c = { .slot = below(6),
					 .num_pages = below(5) * 64,
					 .first_page = below(4) * 64 };
	struct kvm_dirty_log d = { .slot = below(6) };
	struct kvm_enable_cap e = { .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
				    .args = { below(4) } };

	d.dirty_bitmap = c.dirty_bitmap = scratch + 4096;
	switch (below(8)) {
	case 0:
		call(vm.fd, KVM_ENABLE_CAP, &e, sizeof(e));
		return;
	case 1 ... 4:
		call(vm.fd, KVM_GET_DIRTY_LOG, &d, sizeof(d));
		return;
	default:
		memset(scratch + 4096, rnd(), 512);
		call(vm.fd, KVM_CLEAR_DIRTY_LOG, &c, sizeof(c));
	}
}

static void op_memory(void)
{
	uint8_t *p = arena + below(ARENA >> 12) * 4096;
	size_t n = (1 + below(16)) * 4096;

	if (p + n > arena + ARENA)
		n = 4096;
	switch (below(5)) {
	case 0:
		mprotect(p, n, below(4));
		break;
	case 1:
		madvise(p, n, MADV_DONTNEED);
		break;
	case 2:
		munmap(p, n);
		break;
	default:
		if (mmap(p, n, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE |
			 MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
			_exit(1);
	}
}

static void op_io(void)
{
	struct kvm_coalesced_mmio_zone z = {
		.addr = below(2) ? GPA_HOLE : 0x80, .size = below(64),
		.pio = below(2),
	};
	struct kvm_ioeventfd e = {
		.datamatch = below(4), .addr = below(2) ? GPA_HOLE : 0x80,
		.len = 1 << below(4), .fd = events[below(4)],
		.flags = below(8),
	};

	if (below(2))
		call(vm.fd, KVM_IOEVENTFD, &e, sizeof(e));
	else
		call(vm.fd, below(2) ? KVM_REGISTER_COALESCED_MMIO :
		     KVM_UNREGISTER_COALESCED_MMIO, &z, sizeof(z));
}

static void op_regs(void)
{
	struct vcpu *c = some_vcpu();
	struct kvm_regs r;
	struct kvm_sregs s;
	uint64_t efer;

	if (below(2)) {
		ioctl(c->fd, KVM_GET_REGS, &r);
		r.rip = below(2) ? GPA_CODE : r.rip;
		call(c->fd, KVM_SET_REGS, &r, sizeof(r));
		return;
	}
	ioctl(c->fd, KVM_GET_SREGS, &s);
	efer = s.efer;
	/*
	 * QEMU's TCG aborts on a wrong TSS type and hangs with EFER.LME in
	 * real mode, stock KVM in it or not: these two stay.
	 */
	spoil(&s, offsetof(struct kvm_sregs, tr));
	spoil(&s.gdt, sizeof(s) - offsetof(struct kvm_sregs, gdt));
	s.efer = efer;
	ioctl(c->fd, KVM_SET_SREGS, &s);
}

static void op_mode(void)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2 };
	struct vcpu *c = some_vcpu();

	ioctl(c->fd, KVM_SET_SREGS, &modes[below(MODE_LONG + 1)]);
	ioctl(c->fd, KVM_SET_REGS, &r);
}

static void op_msrs(void)
{
	static const uint32_t known[] = {
		0x10, 0x1b, 0x3a, 0x174, 0x175, 0x176, 0x1d9, 0x277, 0xc0000081,
		0xc0000082, 0xc0000083, 0xc0000084, 0xc0000100,
		0xc0000101, 0xc0000102, 0xc0000103, 0xc0010015, 0x4b564d00,
	};
	struct {
		struct kvm_msrs m;
		struct kvm_msr_entry e[4];
	} a = { { .nmsrs = below(5) }, { { 0 } } };
	int i;

	for (i = 0; i < 4; i++) {
		a.e[i].index = below(4) ? known[below(18)] : odd_number();
		a.e[i].data = odd_number();
	}
	call(some_vcpu()->fd, below(2) ? KVM_GET_MSRS : KVM_SET_MSRS, &a,
	     sizeof(a));
}

static void op_cpuid(void)
{
	static struct {
		struct kvm_cpuid2 c;
		struct kvm_cpuid_entry2 e[100];
	} a;

	a.c.nent = 100;
	if (ioctl(vm.kvm, KVM_GET_SUPPORTED_CPUID, &a) < 0)
		return;
	call(some_vcpu()->fd, below(2) ? KVM_SET_CPUID2 : KVM_GET_CPUID2, &a,
	     sizeof(a));
}

static void op_run(void)
{
	struct vcpu *c = some_vcpu();

	if (!below(8))
		spoil(c->run, 64);
	/* A mask that blocks the timer would let it run for ever. */
	if (below(64))
		ioctl(c->fd, KVM_SET_SIGNAL_MASK, NULL);
	c->run->immediate_exit = !below(4);
	ioctl(c->fd, KVM_RUN, below(50) ? 0 : odd_number());
}

/* Any number, size and direction, to any fd. */
static void op_any(void)
{
	unsigned long req = _IOC(below(4), KVMIO, below(256), below(2) ?
				 below(4096) : below(8) * 8);

	scratch_fill();
	ioctl(some_fd(), req, below(2) ? pointer() : (void *)odd_number());
}

/* A known number, on any fd, with noise. */
static void op_known(void)
{
	static const unsigned long reqs[] = {
		KVM_CHECK_EXTENSION, KVM_GET_VCPU_MMAP_SIZE, KVM_CREATE_VCPU,
		KVM_GET_MSR_INDEX_LIST, KVM_SET_TSS_ADDR, KVM_GET_FPU,
		KVM_SET_IDENTITY_MAP_ADDR, KVM_SET_FPU, KVM_GET_MP_STATE,
		KVM_SET_MP_STATE, KVM_SET_SIGNAL_MASK, KVM_ENABLE_CAP,
		KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS, KVM_GET_CPUID2,
	};

	scratch_fill();
	ioctl(some_fd(), reqs[below(15)], below(2) ? pointer() :
	      (void *)odd_number());
}

/* A new vCPU, half the time in the place of an old one. */
static void op_vcpu(void)
{
	struct vcpu *c = some_vcpu();
	int fd = ioctl(vm.fd, KVM_CREATE_VCPU, below(2) ? below(64) :
		       odd_number());

	if (fd < 0)
		return;
	if (below(2)) {
		close(fd);
		return;
	}
	close(c->fd);
	c->fd = fd;
	/* In the old one's place: elsewhere op_memory() might spoil it. */
	if (mmap(c->run, c->run_size, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, fd, 0) != c->run)
		_exit(1);
}

static void (*const ops[])(void) = {
	op_slot, op_slot, op_dirty, op_memory, op_io, op_regs, op_mode,
	op_msrs, op_cpuid, op_run, op_run, op_run, op_any, op_known, op_vcpu,
};

GUEST(64, g_work,
      "1: mov %eax, 0x10000\n mov $0x20000000, %edi\n mov %al, (%rdi)\n"
      "mov 4(%rdi), %ebx\n out %al, $0x80\n mov %eax, 0x400000(%rcx)\n"
      "add $4096, %ecx\n cpuid\n rdmsr\n hlt\n jmp 1b\n");

static void on_alarm(int sig)
{
}

/* KVM_RUN never lasts: a signal comes every 2 ms. */
static void timer_start(void)
{
	struct itimerval t = { { 0, 2000 }, { 0, 2000 } };
	struct sigaction sa = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
}

static void vm_life(unsigned long count)
{
	unsigned int i;

	vm_new(&vm, 0);
	arena = mem_new(ARENA, below(2) ? MADV_HUGEPAGE : 0);
	vm_slot(&vm, 7, 1ul << 30, arena, ARENA);
	for (i = 0; i < 4; i++)
		events[i] = OK(eventfd(0, EFD_NONBLOCK));
	for (i = 0; i < 3; i++) {
		vcpu_new(&vm, &vcpus[i], i);
		vcpu_code(&vcpus[i], MODE_LONG, g_work);
	}
	for (i = 0; i <= MODE_LONG; i++) {
		vcpu_mode(&vcpus[0], i, GPA_CODE);
		modes[i] = vcpu_sregs(&vcpus[0]);
	}
	timer_start();
	for (i = 0; i < count * CALLS; i++)
		ops[below(sizeof(ops) / sizeof(ops[0]))]();
	_exit(0);
}

/* The wait status; a process that takes too long is killed, and must die. */
static int life_wait(pid_t pid)
{
	int status, ms;

	for (ms = 0; waitpid(pid, &status, WNOHANG) == 0; ms++) {
		usleep(1000);
		if (ms == 10000)
			kill(pid, SIGKILL);
		if (ms == 30000)
			FAIL("a process does not end, though killed");
	}
	return status;
}

static void random_all(void)
{
	unsigned long done, n, died = 0, stuck = 0;
	int status;
	pid_t pid;

	scratch = mmap(NULL, 12288, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(scratch != MAP_FAILED);
	OK(munmap(scratch + 8192, 4096));
	for (done = 0; done < sequences; done += n) {
		n = sequences - done < PER_VM ? sequences - done : PER_VM;
		rnd_start(seed, done);
		pid = OK(fork());
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			vm_life(n);
		}
		status = life_wait(pid);
		if (WIFEXITED(status) && WEXITSTATUS(status))
			_exit(WEXITSTATUS(status));
		/* KVM writes where random pointers tell it: some die of it. */
		died += WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL;
		stuck += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		if (done / 1024 != (done + n) / 1024)
			printf("random: %lu sequences\n", done + n);
	}
	printf("random: of %lu processes %lu died of their own pointers, "
	       "%lu had to be killed\n", sequences / PER_VM, died, stuck);
	CHECK(died + stuck <= 1 + sequences / PER_VM / 10);
}

static const struct test_case cases[] = {
	{ "random", random_all, 1200 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	if (argc > 1)
		sequences = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		seed = strtoul(argv[2], NULL, 0);
	if (!seed)
		seed = time(NULL);
	printf("random: %lu sequences, seed %lu\n", sequences, seed);
	return test_main(1, argv, cases);
}
