// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events, breakpoints and other threads where the guest is in real mode: what Intel's
 * processors without an unrestricted guest leave to software is to be as with one.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include "debug.h"
#include "real.h"
#include "stat.h"

enum { GP = 13 };

#define ROM		0x20000

/* What an interrupt pushes. */
struct frame { uint16_t ip, cs, flags; };

GUEST(16, g_nops, "nop\n nop\n nop\n" DONE "nop\n nop\n" DONE);

#define DONE_ENDS	5	/* behind its first OUT to PORT_DONE */

static void start(uint64_t flags)
{
	START_BARE(MODE_REAL, g_nops);
	real_vectors(&vm);
	vcpu_restart(&v, flags);
}

static void end(void)
{
	vm_close(&vm);
	vcpu_close(&v);
}

static struct frame taken(unsigned int vector, unsigned int offset)
{
	struct frame f;

	vcpu_until(&v, PORT_EXC);
	CHECK_EQ(vcpu_regs(&v).rbp & 0xffff, vector);
	memcpy(&f, vm.mem + vcpu_sregs(&v).ss.base + (vcpu_regs(&v).rsp & 0xffff), sizeof(f));
	CHECK_EQ(f.cs, 0);
	CHECK_EQ(f.ip, GPA_CODE + offset);
	return f;
}

enum source { BY_CODE, BY_INTERRUPT, BY_NMI };

static void event(enum source by)
{
	if (by == BY_INTERRUPT)
		OK(ioctl(v.fd, KVM_INTERRUPT, &(struct kvm_interrupt){ VEC }));
	else if (by == BY_NMI)
		OK(ioctl(v.fd, KVM_NMI, 0ul));
}

static void table_limit(uint16_t limit)
{
	struct kvm_sregs s = vcpu_sregs(&v);

	s.idt.limit = limit;
	vcpu_set_sregs(&v, &s);
}

static void stack_at(uint16_t sp)
{
	struct kvm_regs r = vcpu_regs(&v);

	r.rsp = sp;
	vcpu_set_regs(&v, &r);
}

/*
 * A fault within the delivery of #GP or #SS is #DF, one within that ends in shutdown (SDM
 * vol. 3, 6.15).  With SP = 1 nothing can be pushed (vol. 2, PUSH).
 */
static const struct {
	const char *name;
	uint8_t code[4];
	enum source by;
	uint16_t limit, sp;
	bool not_tcg;		/* which checks no limits of segments */
} deadly[] = {
	{ "INT3, no table", { 0x90, 0xcc }, BY_CODE, 0, GPA_STACK, false },
	{ "UD2, no table", { 0x90, 0x0f, 0x0b }, BY_CODE, 0, GPA_STACK, false },
	{ "INT n, no table", { 0x90, 0xcd, 0x21 }, BY_CODE, 0, GPA_STACK, false },
	{ "interrupt, no table", { 0x90 }, BY_INTERRUPT, 0, GPA_STACK, false },
	{ "NMI, no table", { 0x90 }, BY_NMI, 0, GPA_STACK, false },
	{ "INT3, SP = 1", { 0x90, 0xcc }, BY_CODE, 0x3ff, 1, true },
	{ "UD2, SP = 1", { 0x90, 0x0f, 0x0b }, BY_CODE, 0x3ff, 1, true },
	{ "interrupt, SP = 1", { 0x90 }, BY_INTERRUPT, 0x3ff, 1, true },
	{ "NMI, SP = 5", { 0x90 }, BY_NMI, 0x3ff, 5, true },
};

static void shutdown(void)
{
	for (unsigned int i = 0; i < sizeof(deadly) / sizeof(*deadly); i++) {
		test_row = deadly[i].name;
		if (deadly[i].not_tcg && cpu_is_tcg())
			continue;
		start(FLAGS_IF);
		memcpy(vm.mem + GPA_CODE, deadly[i].code, sizeof(deadly[i].code));
		table_limit(deadly[i].limit);
		stack_at(deadly[i].sp);
		event(deadly[i].by);
		vcpu_expect(&v, KVM_EXIT_SHUTDOWN);
		end();
	}
}

/* The table ends before the interrupt's vector: #GP, and the interrupt is gone. */
static void interrupt_faults(void)
{
	start(FLAGS_IF);
	table_limit(VEC * 4 - 1);
	event(BY_INTERRUPT);
	taken(GP, 0);
	table_limit(0x3ff);
	vcpu_until(&v, PORT_DONE);
}

/* Its handler is behind the end of the code segment: #GP, whose IRET unmasks NMIs. */
static void nmi_faults(void)
{
	uint16_t old[2], entry[] = { 0xf000, 0 };
	struct kvm_sregs s;

	if (cpu_is_tcg())
		test_skip("no limits of segments (QEMU's TCG)");
	start(nmi_flags());
	memcpy(old, vm.mem + NMI * 4, sizeof(old));
	memcpy(vm.mem + NMI * 4, entry, sizeof(entry));
	s = vcpu_sregs(&v);
	s.cs.limit = 0xefff;
	vcpu_set_sregs(&v, &s);
	event(BY_NMI);
	taken(GP, 0);
	vcpu_until(&v, PORT_DONE);
	memcpy(vm.mem + NMI * 4, old, sizeof(old));
	event(BY_NMI);
	taken(NMI, DONE_ENDS);
	vcpu_until(&v, PORT_DONE);
}

/* TF is the interrupted code's, not its handler's. */
static void trap_flag(void)
{
	start(FLAGS_IF | FLAGS_TF);
	event(BY_INTERRUPT);
	CHECK_EQ(taken(VEC, 0).flags & FLAGS_TF, FLAGS_TF);
	taken(DB, 1);
	taken(DB, 2);
}

/*
 * A stack in ROM, as firmware may have it: the bus sees what is pushed, if software pushes
 * it; the hardware's delivery ends in an error.
 */
static void stack_in_rom(void)
{
	const uint16_t want[] = { FLAGS_IF | 2, 0, GPA_CODE };
	uint8_t *rom = mem_new(0x10000, 0);
	struct kvm_sregs s;

	start(FLAGS_IF);
	not_linux("tries for ever");
	OK(vm_slot(&vm, SLOT_FLAGS(0, 0), 0, NULL, 0));
	OK(vm_slot(&vm, SLOT_FLAGS(0, 0), 0, vm.mem, ROM));
	OK(vm_slot(&vm, SLOT_FLAGS(1, KVM_MEM_READONLY), ROM, rom, 0x10000));
	s = vcpu_sregs(&v);
	s.ss.base = ROM;
	s.ss.selector = ROM >> 4;
	vcpu_set_sregs(&v, &s);
	event(BY_INTERRUPT);
	if (vcpu_run(&v) == KVM_EXIT_INTERNAL_ERROR) {
		CHECK_EQ(v.run->internal.suberror, KVM_INTERNAL_ERROR_DELIVERY_EV);
		return;
	}
	for (unsigned int i = 0; i < 3; i++, vcpu_run(&v)) {
		test_row = (const char *[]){ "FLAGS", "CS", "IP" }[i];
		CHECK_EQ(v.run->exit_reason, KVM_EXIT_MMIO);
		CHECK(v.run->mmio.is_write);
		CHECK_EQ(v.run->mmio.phys_addr, ROM + GPA_STACK - 2 * (i + 1));
		CHECK_EQ(v.run->mmio.len, 2);
		CHECK_EQ(memcmp(v.run->mmio.data, &want[i], 2), 0);
	}
	test_row = "handler";
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_IO);
	CHECK_EQ(v.run->io.port, PORT_EXC);
	CHECK_EQ(vcpu_regs(&v).rbp & 0xffff, VEC);
}

/*
 * Slots change while another thread is in unreal mode for good.  With a kernel that takes
 * the CPU from a thread anywhere it never hears that somebody wants it, as if it had a
 * CPU of its own; but for the C library's rseq, which is work behind each preemption.
 */
GUEST(16, g_spin, "1: incl (0x7000)\n jmp 1b\n");

#define PREEMPT		"/sys/kernel/debug/sched/preempt"

static void preempt(const char *how)
{
	int fd = open(PREEMPT, O_WRONLY);

	if (fd < 0 || write(fd, how, strlen(how)) < 0)
		test_skip("no %s", PREEMPT);
	close(fd);
}

static void *spin(void *unused)
{
	if (__rseq_size)
		OK(syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset, 32,
			   RSEQ_FLAG_UNREGISTER, RSEQ_SIG));
	return (void *)(intptr_t)(ioctl(v.fd, KVM_RUN, 0ul) == -1 ? errno : 0);
}

static void kicked(int sig)
{
	v.run->immediate_exit = 1;
}

static void slots_change(void)
{
	uint8_t *more = mem_new(0x10000, 0);
	volatile uint32_t *count;
	struct kvm_sregs s;
	pthread_t thread;
	uint32_t before;
	void *err;

	START_BARE(MODE_REAL, g_spin);
	s = vcpu_sregs(&v);
	s.es.limit = ~0u;
	s.es.g = 1;
	vcpu_set_sregs(&v, &s);
	vcpu_restart(&v, FLAGS_IF);
	signal(SIGUSR1, kicked);
	preempt("full");
	OK(-pthread_create(&thread, NULL, spin, NULL));
	count = (uint32_t *)(vm.mem + 0x7000);
	for (unsigned int i = 0; i < 8; i++) {
		for (before = *count; *count == before; usleep(1000))
			;
		OK(vm_slot(&vm, 1, RAM_SIZE, i & 1 ? NULL : more, i & 1 ? 0 : 0x10000));
	}
	OK(-pthread_kill(thread, SIGUSR1));
	OK(-pthread_join(thread, &err));
	CHECK_EQ((intptr_t)err, EINTR);
	preempt("voluntary");
}

/*
 * Virtual-8086 mode of protected mode, with segments that no processor loads: its own
 * instructions are executed; an event, for which the IDT is protected mode's, fails.
 */
#define FLAGS_VM	0x20000
#define IO_MAP		0x68

static void virtual_8086(void (*change)(struct kvm_sregs *s))
{
	struct kvm_regs r = { .rsp = GPA_STACK, .rflags = FLAGS_VM | FLAGS_IF | 2 };
	struct kvm_segment seg = { .limit = 0xffff, .type = 3, .s = 1, .dpl = 3,
				   .present = 1 };
	struct kvm_sregs s;

	if (!cpu_is_bochs() || intel_param("unrestricted_guest"))
		test_skip("the processor refuses it");
	START_BARE(MODE_32, g_nops);
	vm.mem[GPA_TSS + 0x66] = IO_MAP;
	s = vcpu_sregs(&v);
	s.ds = s.es = s.fs = s.gs = s.ss = s.cs = seg;
	s.cs.selector = GPA_CODE >> 4;
	s.cs.base = GPA_CODE;
	s.tr.limit = IO_MAP + 0x40;
	change(&s);
	vcpu_set_sregs(&v, &s);
	vcpu_set_regs(&v, &r);
}

static void available(struct kvm_sregs *s)
{
	s->gs.avl = 1;
}

static void larger(struct kvm_sregs *s)
{
	s->ds.limit = 0xfffff;
}

static void virtual_rights(void)
{
	virtual_8086(available);
	vcpu_until(&v, PORT_DONE);
}

static void virtual_event(void)
{
	virtual_8086(larger);
	event(BY_INTERRUPT);
	vcpu_expect(&v, KVM_EXIT_INTERNAL_ERROR);
	CHECK_EQ(v.run->internal.suberror, KVM_INTERNAL_ERROR_DELIVERY_EV);
	CHECK_EQ(v.run->internal.data[0], VEC);
	CHECK_EQ(vcpu_sregs(&v).interrupt_bitmap[VEC / 64], 1ull << VEC % 64);
}

/* Breakpoints at instructions in unreal mode. */
GUEST(16, g_unreal, "nop\n nop\n mov %ax, %ss\n nop\n nop\n" DONE);

#define FLAGS_RF	0x10000

static void unreal(uint64_t flags)
{
	struct kvm_sregs s;

	not_tcg();
	START_BARE(MODE_REAL, g_unreal);
	real_vectors(&vm);
	s = vcpu_sregs(&v);
	s.es.limit = ~0u;
	s.es.g = 1;
	vcpu_set_sregs(&v, &s);
	vcpu_restart(&v, flags);
}

static void breakpoint_at(unsigned int offset, bool on)
{
	struct kvm_debugregs d = { .db = { 0, GPA_CODE + offset }, .dr6 = 0xffff0ff0,
				   .dr7 = 0x400 | (on ? 1 << 2 : 0) };

	OK(ioctl(v.fd, KVM_SET_DEBUGREGS, &d));
}

static void stops_for_user(void)
{
	unreal(FLAGS_IF);
	debug_at(HW_BP, GPA_CODE + 1, 1);
	CHECK_EQ(stopped(DB, GPA_CODE + 1).dr6 & 15, 1);
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE + 1);
	debug(0);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(debugregs().dr6 & 15, 0);
}

static void stops_for_guest(void)
{
	unreal(FLAGS_IF);
	breakpoint_at(1, true);
	taken(DB, 1);
	CHECK_EQ(debugregs().dr6 & 15, 2);
	breakpoint_at(1, false);
	vcpu_until(&v, PORT_DONE);
}

static void passes_with_rf(void)
{
	if (cpu_is_bochs() && intel_param("unrestricted_guest"))
		test_skip("VM entry forgets RF (Bochs)");
	unreal(FLAGS_IF | FLAGS_RF);
	breakpoint_at(0, true);
	vcpu_until(&v, PORT_DONE);
}

/* SDM vol. 3, 17.3.1.1. */
static void passes_behind_ss(void)
{
	unreal(FLAGS_IF);
	breakpoint_at(4, true);
	vcpu_until(&v, PORT_DONE);
}

static const struct test_case cases[] = {
	{ "shutdown", shutdown, 0 },
	{ "interrupt_faults", interrupt_faults, 0 },
	{ "nmi_faults", nmi_faults, 0 },
	{ "trap_flag", trap_flag, 0 },
	{ "stack_in_rom", stack_in_rom, 0 },
	{ "slots_change", slots_change, 0 },
	{ "virtual_rights", virtual_rights, 0 },
	{ "virtual_event", virtual_event, 0 },
	{ "stops_for_user", stops_for_user, 0 },
	{ "stops_for_guest", stops_for_guest, 0 },
	{ "passes_with_rf", passes_with_rf, 0 },
	{ "passes_behind_ss", passes_behind_ss, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
