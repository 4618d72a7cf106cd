// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leaving KVM_RUN without the guest's doing: signals, masks, immediate_exit;
 * and going on behind instructions of every length.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sched.h>
#include <time.h>
#include <sys/mman.h>
#include <sys/time.h>
#include "start.h"

static struct vm vm;
static struct vcpu v;

/* Bochs lets no interrupt end a guest that runs with IF clear. */
GUEST(64, g_spin, "sti\n 1: inc %rax\n jmp 1b\n");

static volatile int signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

static void timer_arm(int sig, int ms)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = sig };
	struct itimerspec t = { .it_value.tv_nsec = ms * 1000000 };
	timer_t id;

	OK(timer_create(CLOCK_MONOTONIC, &ev, &id));
	OK(timer_settime(id, 0, &t, NULL));
}

static void catch(int sig)
{
	struct sigaction sa = { .sa_handler = on_signal };

	OK(sigaction(sig, &sa, NULL));
}

static void signal_handler(void)
{
	uint64_t before;

	START_BARE(MODE_LONG, g_spin);
	catch(SIGUSR1);
	timer_arm(SIGUSR1, 50);
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_INTR);
	CHECK_EQ(signals, 1);
	before = vcpu_regs(&v).rax;
	CHECK(before > 0);
	timer_arm(SIGUSR1, 50);
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	CHECK(vcpu_regs(&v).rax > before);
}

/*
 * A timer of CPU time is the thread's own work when it goes back to userspace.  What else
 * is, rseq's at each preemption, it does without a word: the one EINTR is the timer's.
 */
static void *compete(void *arg)
{
	for (;;)
		sched_yield();
	return arg;
}

static void cpu_timer(void)
{
	struct itimerval t = { .it_value.tv_usec = 300000 };
	sigset_t prof;
	cpu_set_t one;
	pthread_t other;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	OK(sched_setaffinity(0, sizeof(one), &one));
	sigemptyset(&prof);
	sigaddset(&prof, SIGPROF);
	OK(sigprocmask(SIG_BLOCK, &prof, NULL));
	CHECK(!pthread_create(&other, NULL, compete, NULL));
	OK(sigprocmask(SIG_UNBLOCK, &prof, NULL));
	START_BARE(MODE_LONG, g_spin);
	catch(SIGPROF);
	OK(setitimer(ITIMER_PROF, &t, NULL));
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_INTR);
	CHECK_EQ(signals, 1);
}

static void mask_set(uint64_t sigs, uint32_t len)
{
	struct {
		struct kvm_signal_mask m;
		uint64_t sigs;
	} __attribute__((packed)) arg = { { .len = len }, sigs };

	OK(ioctl(v.fd, KVM_SET_SIGNAL_MASK, &arg));
}

/* api.rst 4.21: a signal blocked outside may be unblocked while it runs. */
static void signal_mask(void)
{
	struct timespec none = { 0, 0 };
	sigset_t set;

	START_BARE(MODE_LONG, g_spin);
	catch(SIGUSR1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	mask_set(0, 8);
	timer_arm(SIGUSR1, 50);
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_INTR);
	/* Not delivered by KVM_RUN: still pending for the program. */
	CHECK_EQ(signals, 0);
	CHECK_EQ(sigtimedwait(&set, NULL, &none), SIGUSR1);
}

/* What it blocks outside does not end the program, though nobody handles it. */
static void signal_mask_default(void)
{
	struct timespec none = { 0, 0 };
	sigset_t set;

	START_BARE(MODE_LONG, g_spin);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	mask_set(0, 8);
	timer_arm(SIGUSR1, 50);
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	CHECK_EQ(sigtimedwait(&set, NULL, &none), SIGUSR1);
}

/* The mask may also block what is open outside. */
static void signal_mask_blocks(void)
{
	START_BARE(MODE_LONG, g_spin);
	catch(SIGUSR1);
	catch(SIGUSR2);
	mask_set(1ull << (SIGUSR1 - 1), 8);
	timer_arm(SIGUSR1, 20);
	timer_arm(SIGUSR2, 300);
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	/* Both handlers ran after it, so USR1 alone did not end it. */
	CHECK_EQ(signals, 2);
	OK(ioctl(v.fd, KVM_SET_SIGNAL_MASK, NULL));
	timer_arm(SIGUSR1, 20);
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	CHECK_EQ(signals, 3);
}

GUEST(64, g_out_in, "mov $-1, %rax\n in $0x20, %al\n out %al, $0x21\n hlt\n");

/* api.rst, immediate_exit: KVM_RUN completes the I/O, then returns EINTR. */
static void immediate_exit(void)
{
	struct kvm_regs r;

	START_BARE(MODE_LONG, g_out_in);
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE);
	v.run->immediate_exit = 0;
	vcpu_expect(&v, KVM_EXIT_IO);
	*(uint8_t *)vcpu_pio_data(&v) = 0x5a;
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rax, 0xffffffffffffff5a);
	CHECK_EQ(r.rip, GPA_CODE + 9);
	/* What was completed can still be looked at. */
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_IO);
	v.run->immediate_exit = 0;
	vcpu_until(&v, 0x21);
	vcpu_expect(&v, KVM_EXIT_HLT);
}

/* The run page tells of registers set since the guest last ran, too. */
static void immediate_exit_reports(void)
{
	struct kvm_regs r;

	START_BARE(MODE_LONG, g_out_in);
	vcpu_expect(&v, KVM_EXIT_IO);
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	CHECK_EQ(v.run->if_flag, 0);
	r = vcpu_regs(&v);
	r.rflags |= 1 << 9;
	vcpu_set_regs(&v, &r);
	v.run->cr8 = 5;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	CHECK_EQ(v.run->if_flag, 1);
	CHECK_EQ(v.run->ready_for_interrupt_injection, 1);
	CHECK_EQ(v.run->cr8, 5);
	CHECK_EQ(vcpu_sregs(&v).cr8, 5);
}

static void *kicker(void *arg)
{
	int i;

	for (i = 0; i < 200; i++) {
		struct timespec t = { 0, 1000000 };

		nanosleep(&t, NULL);
		pthread_kill((pthread_t)arg, SIGUSR1);
	}
	return NULL;
}

GUEST(64, g_count, "1: inc %rax\n cmp %rbx, %rax\n jne 1b\n" DONE);

/* Many kicks while the guest counts: none is lost, none harms. */
static void kick_storm(void)
{
	struct kvm_regs r;
	pthread_t t;
	int eintr = 0;

	START_BARE(MODE_LONG, g_count);
	catch(SIGUSR1);
	r = vcpu_regs(&v);
	r.rbx = 1 << 22;
	vcpu_set_regs(&v, &r);
	OK(-pthread_create(&t, NULL, kicker, (void *)pthread_self()));
	while (ioctl(v.fd, KVM_RUN, 0ul) < 0) {
		CHECK_EQ(errno, EINTR);
		eintr++;
	}
	pthread_join(t, NULL);
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_IO);
	CHECK_EQ(vcpu_regs(&v).rax, 1 << 22);
	CHECK(signals >= eintr);
}

/* The address of the run page is the same for KVM and for us, each time. */
static void run_page_shared(void)
{
	struct kvm_run *second;

	START_BARE(MODE_LONG, g_out_in);
	vcpu_expect(&v, KVM_EXIT_IO);
	second = mmap(NULL, v.run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      v.fd, 0);
	CHECK(second != MAP_FAILED);
	CHECK_EQ(second->exit_reason, KVM_EXIT_IO);
	CHECK_EQ(second->io.port, 0x20);
	second->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	/* Nothing lies behind the size that KVM announced. */
	CHECK(mmap(NULL, v.run_size + 4096, PROT_READ, MAP_SHARED, v.fd, 0) ==
	      MAP_FAILED || v.run_size % 4096 == 0);
}

struct prefixed {
	const char *name;
	uint8_t len, bytes[9];
	uint32_t reason;	/* 0: handled inside */
};

/* Prefixes that change nothing (APM vol. 3, 1.2), before what must be skipped */
static const struct prefixed prefixed[] = {
	{ "cpuid", 2, { 0x0f, 0xa2 }, 0 },
	{ "66 cpuid", 3, { 0x66, 0x0f, 0xa2 }, 0 },
	{ "67 cpuid", 3, { 0x67, 0x0f, 0xa2 }, 0 },
	{ "f2 cpuid", 3, { 0xf2, 0x0f, 0xa2 }, 0 },
	{ "f3 cpuid", 3, { 0xf3, 0x0f, 0xa2 }, 0 },
	{ "cs cpuid", 3, { 0x2e, 0x0f, 0xa2 }, 0 },
	{ "rex.w cpuid", 3, { 0x48, 0x0f, 0xa2 }, 0 },
	{ "f3 66 64 rex cpuid", 6, { 0xf3, 0x66, 0x64, 0x4f, 0x0f, 0xa2 }, 0 },
	{ "rex rex cpuid", 4, { 0x48, 0x41, 0x0f, 0xa2 }, 0 },
	{ "rdmsr", 2, { 0x0f, 0x32 }, 0 },
	{ "66 rdmsr", 3, { 0x66, 0x0f, 0x32 }, 0 },
	{ "rex rdmsr", 3, { 0x48, 0x0f, 0x32 }, 0 },
	{ "wrmsr", 2, { 0x0f, 0x30 }, 0 },
	{ "ds rex wrmsr", 4, { 0x3e, 0x48, 0x0f, 0x30 }, 0 },
	{ "rex hypercall", 4, { 0x48, 0x0f, 0x01, 0xd9 }, 0 },
	{ "es hypercall", 4, { 0x26, 0x0f, 0x01, 0xd9 }, 0 },
	{ "66 hlt", 2, { 0x66, 0xf4 }, KVM_EXIT_HLT },
	{ "67 66 hlt", 3, { 0x67, 0x66, 0xf4 }, KVM_EXIT_HLT },
	{ "rex hlt", 2, { 0x48, 0xf4 }, KVM_EXIT_HLT },
	{ "f3 gs rex hlt", 4, { 0xf3, 0x65, 0x40, 0xf4 }, KVM_EXIT_HLT },
	{ "rex out", 3, { 0x48, 0xe6, 0x70 }, KVM_EXIT_IO },
	{ "67 66 out", 4, { 0x67, 0x66, 0xe6, 0x70 }, KVM_EXIT_IO },
};

static void prefixes(void)
{
	const struct prefixed *p;
	struct kvm_regs r;
	unsigned int i;

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_mode(&v, MODE_LONG, GPA_CODE);
	for (i = 0; i < sizeof(prefixed) / sizeof(prefixed[0]); i++) {
		p = &prefixed[i];
		test_row = p->name;
		if (p->bytes[p->len - 1] == 0xd9 && !cpu_is_amd())
			continue;
		memset(vm.mem + GPA_CODE, 0x90, 32);
		memcpy(vm.mem + GPA_CODE, p->bytes, p->len);
		memcpy(vm.mem + GPA_CODE + 16, "\xe6\xf4", 2);
		r = (struct kvm_regs){ .rip = GPA_CODE, .rsp = GPA_STACK,
				       .rflags = 2, .rcx = 0xc0000102 };
		vcpu_set_regs(&v, &r);
		if (p->reason)
			vcpu_expect(&v, p->reason);
		if (p->reason == KVM_EXIT_HLT)
			CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE + p->len);
		vcpu_until(&v, PORT_DONE);
	}
}

/* A length one short or one long would run the bytes of the next immediate. */
GUEST(64, g_lengths,
      "xor %ebx, %ebx\n"
      ".rept 3\n"
      ".byte 0x66, 0x0f, 0xa2\n mov $1, %ebx\n"
      "mov $0xc0000102, %ecx\n .byte 0x3e, 0x48, 0x0f, 0x32\n"
      "add $2, %ebx\n .byte 0x66, 0x66, 0xf4\n add $4, %ebx\n"
      ".endr\n" DONE);

static void lengths(void)
{
	int i;

	START_BARE(MODE_LONG, g_lengths);
	for (i = 0; i < 3; i++) {
		vcpu_expect(&v, KVM_EXIT_HLT);
		CHECK_EQ(vcpu_regs(&v).rbx, 3);
	}
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx, 7);
}

static const struct test_case cases[] = {
	{ "signal_handler", signal_handler, 0 },
	{ "cpu_timer", cpu_timer, 10 },
	{ "signal_mask", signal_mask, 0 },
	{ "signal_mask_default", signal_mask_default, 0 },
	{ "signal_mask_blocks", signal_mask_blocks, 0 },
	{ "immediate_exit", immediate_exit, 0 },
	{ "immediate_exit_reports", immediate_exit_reports, 0 },
	{ "kick_storm", kick_storm, 0 },
	{ "run_page_shared", run_page_shared, 0 },
	{ "prefixes", prefixes, 0 },
	{ "lengths", lengths, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
