// SPDX-License-Identifier: GPL-2.0-only
/*
 * randcode_test [seed [lives [first]]]: random bytes as guest code, in every CPU
 * mode, with random registers, segments, tables, events and answers to exits.
 * A life is a process with one VM and GUESTS guests in it, one after another;
 * life n of a seed always starts the same.  Seed 0 takes one from the clock;
 * "600s" instead of a number of lives is a time.
 *
 * The guest may do what it wants; each exit must be one that the API documents,
 * with fields that make sense, after it the registers can be read and are those
 * of a CPU, and a signal ends every run.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include "lib.h"
#include "randguest.h"
#include "rnd.h"

#define GUESTS		48
#define EXITS		48	/* of one guest */

#define EXIT_REASONS	40
#define COUNT_EINTR	EXIT_REASONS

/* Shared with the lives. */
struct totals {
	unsigned long exits[EXIT_REASONS + 1];
	unsigned long guests[KIND_COUNT];
	/* What the life that runs is doing, for the report of a failure. */
	unsigned long guest;
	char row[64];
};

static struct totals *totals;
static unsigned long seed = 1, lives = 40, first;
static time_t end_time;

/* ---- what must hold ---- */

static const char *state_describe(void)
{
	static char text[768];
	struct kvm_regs r = vcpu_regs(&guest_cpu);
	struct kvm_sregs s = vcpu_sregs(&guest_cpu);
	struct kvm_debugregs d;
	uint64_t code = 0;

	OK(ioctl(guest_cpu.fd, KVM_GET_DEBUGREGS, &d));
	if (r.rip < RAM_SIZE - 8)
		memcpy(&code, guest_vm.mem + r.rip, 8);
	snprintf(text, sizeof(text), "%s; code %016llx flags %#llx cr0 %#llx "
		 "cr3 %#llx cr4 %#llx cr8 %#llx efer %#llx dr6 %#llx dr7 %#llx "
		 "cs %#x l %u db %u dpl %u, ss dpl %u, apic %#llx",
		 vcpu_describe(&guest_cpu), (unsigned long long)code, r.rflags, s.cr0,
		 s.cr3, s.cr4, s.cr8, s.efer, d.dr6, d.dr7, s.cs.selector,
		 s.cs.l, s.cs.db, s.cs.dpl, s.ss.dpl, s.apic_base);
	return text;
}

static void check_io(const struct kvm_run *r)
{
	uint64_t end = r->io.data_offset + (uint64_t)r->io.size * r->io.count;

	CHECK(r->io.size == 1 || r->io.size == 2 || r->io.size == 4);
	CHECK(r->io.count > 0);
	CHECK(r->io.direction <= 1);
	CHECK(r->io.data_offset >= sizeof(*r) && end <= guest_cpu.run_size);
}

static void check_mmio(const struct kvm_run *r)
{
	uint64_t last = r->mmio.phys_addr + r->mmio.len - 1;

	CHECK(r->mmio.len >= 1 && r->mmio.len <= 8);
	CHECK(r->mmio.is_write <= 1);
	if (r->mmio.phys_addr < GPA_RO || last < GPA_RO)
		FAIL("RAM as MMIO: %s", vcpu_describe(&guest_cpu));
	if (r->mmio.phys_addr < GPA_RO + RO_SIZE && !r->mmio.is_write)
		FAIL("read-only memory as MMIO: %s", vcpu_describe(&guest_cpu));
}

static void check_internal(const struct kvm_run *r)
{
	CHECK(r->internal.suberror >= KVM_INTERNAL_ERROR_EMULATION);
	CHECK(r->internal.suberror <=
	      KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON);
	CHECK(r->internal.ndata <= 16);
}

/*
 * QEMU's TCG ends a guest with the code for an invalid state, instead of #GP, when
 * it sets reserved bits of CR3 in long mode; RIP may be some instructions behind.
 */
static bool near_mov_to_cr3(void)
{
	uint64_t at = vcpu_regs(&guest_cpu).rip, end = at + 64;
	const uint8_t *p;

	for (; at < end && at < RAM_SIZE - 3; at++) {
		p = guest_vm.mem + at;
		if (p[0] == 0x0f && p[1] == 0x22 && (p[2] >> 3 & 7) == 3)
			return true;
	}
	return end >= RAM_SIZE;
}

static void check_exit(const struct kvm_run *r)
{
	switch (r->exit_reason) {
	case KVM_EXIT_IO:
		check_io(r);
		break;
	case KVM_EXIT_MMIO:
		check_mmio(r);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		check_internal(r);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		/* A guest cannot make its own state invalid. */
		if (!spoiled && !near_mov_to_cr3())
			FAIL("%s", state_describe());
		break;
	case KVM_EXIT_HLT:
	case KVM_EXIT_SHUTDOWN:
	case KVM_EXIT_DEBUG:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		break;
	default:
		FAIL("undocumented: %s", vcpu_describe(&guest_cpu));
	}
}

/* The state is one that a CPU can be in, and that could be loaded elsewhere. */
static void check_state(const struct kvm_run *r)
{
	struct kvm_regs regs = vcpu_regs(&guest_cpu);
	struct kvm_sregs s = vcpu_sregs(&guest_cpu);
	bool lma = s.efer & EFER_LMA;

	CHECK_EQ(regs.rflags & 2, 2);
	CHECK_EQ(r->if_flag, !!(regs.rflags & FLAG_IF));
	CHECK_EQ(r->cr8, s.cr8);
	if (r->exit_reason == KVM_EXIT_SHUTDOWN || spoiled)
		return;
	CHECK_EQ(lma, (s.efer & EFER_LME) && (s.cr0 & CR0_PG));
	CHECK((s.cr0 & CR0_PE) || !(s.cr0 & CR0_PG));
	/* Where 32 bits wrap, QEMU's TCG counts on. */
	if (!lma && regs.rip >> 32 && !cpu_is_tcg())
		FAIL("%s", state_describe());
	/* A 64-bit code segment that means nothing yet: stock KVM refuses it. */
	if ((lma || !s.cs.l) && sregs_try(&s))
		FAIL("cannot be set: %s", state_describe());
}

/* ---- running ---- */

static void answer(struct kvm_run *r)
{
	uint8_t *p = vcpu_pio_data(&guest_cpu);
	uint64_t n = rnd();
	unsigned int i;

	if (r->exit_reason == KVM_EXIT_MMIO)
		memcpy(r->mmio.data, &n, 8);
	if (r->exit_reason == KVM_EXIT_IO && !r->io.direction)
		for (i = 0; i < r->io.size * r->io.count; i++)
			p[i] = rnd();
}

static void events_random(struct kvm_run *r)
{
	struct kvm_interrupt irq = { .irq = below(256) };
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP,
	};

	if (!below(8) && r->ready_for_interrupt_injection)
		ioctl(guest_cpu.fd, KVM_INTERRUPT, &irq);
	if (!below(16))
		ioctl(guest_cpu.fd, KVM_NMI, 0);
	if (!below(32)) {
		debug.control *= below(2);
		ioctl(guest_cpu.fd, KVM_SET_GUEST_DEBUG, &debug);
	}
	r->request_interrupt_window = !below(8);
	r->immediate_exit = !below(64);
	if (!below(16))
		r->cr8 = below(16);
}

static bool exit_is_final(const struct kvm_run *r)
{
	switch (r->exit_reason) {
	case KVM_EXIT_IO:
		return r->io.port == PORT_EXC || !below(8);
	case KVM_EXIT_MMIO:
		return !below(16);
	case KVM_EXIT_INTR:
		return false;
	default:
		return below(4);
	}
}

/* Return: false when a signal ended the run. */
static bool run_once(void)
{
	struct kvm_run *r = guest_cpu.run;

	bool done = !ioctl(guest_cpu.fd, KVM_RUN, 0ul);

	if (done) {
		check_exit(r);
		totals->exits[r->exit_reason]++;
	} else if (errno == EINTR) {
		totals->exits[COUNT_EINTR]++;
		/* What it says of an exit is old: there is nothing to answer. */
		r->exit_reason = KVM_EXIT_INTR;
	} else {
		FAIL("KVM_RUN: %s", strerrorname_np(errno));
	}
	check_state(r);
	return done;
}

static void guest_run(void)
{
	unsigned int i;

	for (i = 0; i < EXITS; i++) {
		events_random(guest_cpu.run);
		if (!run_once() && !guest_cpu.run->immediate_exit)
			return;
		if (exit_is_final(guest_cpu.run))
			guest_again();
		else
			answer(guest_cpu.run);
	}
}

static void on_alarm(int sig)
{
}

/* KVM_RUN never lasts: a signal comes every 5 ms. */
static void timer_start(void)
{
	struct itimerval t = { { 0, 5000 }, { 0, 5000 } };
	struct sigaction sa = { .sa_handler = on_alarm };

	OK(sigaction(SIGALRM, &sa, NULL));
	OK(setitimer(ITIMER_REAL, &t, NULL));
}

static void life(unsigned long n)
{
	enum kind kind;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	test_row = totals->row;
	rnd_start(seed, n);
	guest_new();
	timer_start();
	for (totals->guest = 0; totals->guest < GUESTS; totals->guest++) {
		kind = guest_start();
		totals->guests[kind]++;
		snprintf(totals->row, sizeof(totals->row),
			 "life %lu, guest %lu, %s", n, totals->guest,
			 kind_names[kind]);
		guest_run();
	}
	_exit(0);
}

/* The wait status; no life may take long. */
static int life_wait(pid_t pid)
{
	unsigned int ms;
	int status;

	for (ms = 0; ms < 60000; ms += 2) {
		if (waitpid(pid, &status, WNOHANG))
			return status;
		usleep(2000);
	}
	kill(pid, SIGKILL);
	FAIL("%s: does not end", totals->row);
}

static void report(unsigned long n)
{
	unsigned int i;

	printf("randcode: %lu lives; guests", n);
	for (i = 0; i < KIND_COUNT; i++)
		printf(" %s %lu", kind_names[i], totals->guests[i]);
	printf("; exits");
	for (i = 0; i < EXIT_REASONS; i++)
		if (totals->exits[i])
			printf(" %u: %lu", i, totals->exits[i]);
	printf(", signals %lu\n", totals->exits[COUNT_EINTR]);
}

static void randcode(void)
{
	unsigned long n;
	int status;
	pid_t pid;

	for (n = 0; end_time ? time(NULL) < end_time : n < lives; n++) {
		pid = OK(fork());
		if (pid == 0)
			life(first + n);
		status = life_wait(pid);
		if (WIFSIGNALED(status))
			FAIL("%s: killed by %s", totals->row,
			     strsignal(WTERMSIG(status)));
		if (WEXITSTATUS(status))
			_exit(WEXITSTATUS(status));
		if (n % 256 == 255)
			report(n + 1);
	}
	report(n);
}

static const struct test_case cases[] = {
	{ "randcode", randcode, 7200 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	char *unit = "";

	totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (totals == MAP_FAILED)
		return 1;
	if (argc > 1)
		seed = strtoul(argv[1], NULL, 0);
	if (!seed)
		seed = time(NULL);
	if (argc > 2)
		lives = strtoul(argv[2], &unit, 0);
	if (*unit == 's')
		end_time = time(NULL) + lives;
	if (argc > 3)
		first = strtoul(argv[3], NULL, 0);
	printf("randcode: seed %lu\n", seed);
	return test_main(1, argv, cases);
}
