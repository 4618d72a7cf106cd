// SPDX-License-Identifier: GPL-2.0-only
/*
 * An interrupt controller in userspace: what it is told of the guest's TPR, IF,
 * APIC base and HLT, and when (api.rst 5, struct kvm_run; docs/api.md has the
 * same as a table).
 */
#define _GNU_SOURCE
#include "start.h"

static struct vm vm;
static struct vcpu v;

enum { DB = 1, GP = 13 };

#define FLAGS_IF	0x200
#define APIC_BASE	0x1b
#define BASE_RESET	0xfee00900ull	/* enabled, the first CPU (SDM vol. 3, 10.4.4) */

/* KVM_EXIT_SET_TPR behind the instruction that ends at GPA_CODE + offset. */
static void tpr_expect(uint64_t value, uint64_t offset)
{
	vcpu_expect(&v, KVM_EXIT_SET_TPR);
	CHECK_EQ(v.run->cr8, value);
	CHECK_EQ(vcpu_sregs(&v).cr8, value);
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE + offset);
}

/* Raising tells nobody, nor does the same value again. */
GUEST(64, g_lower, "mov $9, %eax\n mov %rax, %cr8\n mov %rax, %cr8\n"
      "mov $2, %eax\n mov %rax, %cr8\n"
      "mov %rax, %cr8\n mov $15, %ecx\n mov %rcx, %cr8\n mov %cr8, %rbx\n"
      DONE);

static void lowered(void)
{
	START(MODE_LONG, g_lower);
	tpr_expect(2, 22);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(v.run->cr8, 15);
	CHECK_EQ(vcpu_regs(&v).rbx, 15);
}

/* What userspace gave in the run page; each register by number. */
GUEST(64, g_given, "mov %cr8, %rbx\n xor %esi, %esi\n"
      "mov $7, %r8d\n mov %r8, %cr8\n"
      "mov $3, %esp\n mov %rsp, %cr8\n" DONE);

static void given(void)
{
	START(MODE_LONG, g_given);
	v.run->cr8 = 9;
	tpr_expect(7, 16);
	CHECK_EQ(vcpu_regs(&v).rbx, 9);
	/* Userspace's answer stands. */
	v.run->cr8 = 1;
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(v.run->cr8, 3);
	/* It has four bits. */
	v.run->cr8 = 16;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINVAL);
}

/*
 * The kind's whole story: a controller holds an interrupt back behind the TPR that
 * it has seen, is told when the guest lowers it, and the interrupt arrives.
 */
GUEST(64, g_held, "mov $5, %eax\n mov %rax, %cr8\n out %al, $0x20\n"
      "xor %eax, %eax\n mov %rax, %cr8\n nop\n" DONE);

static void held_back(void)
{
	struct kvm_interrupt irq = { 0x40 };

	START(MODE_LONG, g_held);
	vcpu_restart(&v, FLAGS_IF);
	vcpu_until(&v, 0x20);
	CHECK_EQ(v.run->cr8, 5);
	CHECK(irq.irq >> 4 <= v.run->cr8);
	tpr_expect(0, 17);
	CHECK_EQ(v.run->if_flag, 1);
	CHECK_EQ(v.run->ready_for_interrupt_injection, 1);
	OK(ioctl(v.fd, KVM_INTERRUPT, &irq));
	exc_expect(&v, irq.irq, 17);
	vcpu_until(&v, PORT_DONE);
}

/*
 * SDM vol. 3, 10.8.6: bits 63 to 4 are reserved, so a MOV of 16 or more is #GP.  Not every
 * processor checks (the lab's does not): the guest gets it because writes of CR8 are
 * intercepted where userspace has the interrupt controller.
 */
GUEST(64, g_cr8, "mov %rax, %cr8\n" DONE);

static void reserved(void)
{
	static const uint64_t values[] = { 16, 0xff, 1ull << 32, 1ull << 63 };
	struct kvm_regs r;
	struct exc e;
	unsigned int i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		START(MODE_LONG, g_cr8);
		v.run->cr8 = 6;
		r = vcpu_regs(&v);
		r.rax = values[i];
		vcpu_set_regs(&v, &r);
		e = exc_expect(&v, GP, 0);
		CHECK_EQ(e.error, 0);
		CHECK_EQ(v.run->cr8, 6);
	}
}

/* APM vol. 3, MOV CRn: LOCK names CR8 in every mode. */
GUEST(32, g_lock, "mov $9, %eax\n .byte 0xf0\n mov %eax, %cr0\n"
      "mov $4, %ebx\n .byte 0xf0\n mov %ebx, %cr0\n"
      ".byte 0xf0\n mov %cr0, %ecx\n" DONE);

static void lock_prefix(void)
{
	static const enum mode modes[] = { MODE_PROT, MODE_PAE };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		START(modes[i], g_lock);
		if (!vcpu_has(&v, 0x80000001, 2, 4))
			test_skip("no LOCK MOV CR8");
		if (!vm_cap(&vm, KVM_CAP_INTR_SHADOW))
			test_skip("Linux's KVM raises #UD");
		tpr_expect(4, 18);
		vcpu_until(&v, PORT_DONE);
		CHECK_EQ(vcpu_regs(&v).rcx, 4);
	}
}

/* Both are told: of the TPR, and of the step. */
static void stepped(void)
{
	struct kvm_guest_debug d = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP };
	struct kvm_regs r;

	START(MODE_LONG, g_cr8);
	if (!vm_cap(&vm, KVM_CAP_INTR_SHADOW))
		test_skip("Linux's KVM loses the step");
	v.run->cr8 = 6;
	r = vcpu_regs(&v);
	r.rax = 1;
	vcpu_set_regs(&v, &r);
	OK(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &d));
	tpr_expect(1, 4);
	vcpu_expect(&v, KVM_EXIT_DEBUG);
	CHECK_EQ(v.run->debug.arch.pc, GPA_CODE + 4);
	d.control = 0;
	OK(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &d));
	vcpu_until(&v, PORT_DONE);
}

/* By userspace's own hand nothing is lowered for it. */
static void by_userspace(void)
{
	struct kvm_sregs s;

	START(MODE_LONG, g_lower);
	v.run->cr8 = 12;
	s = vcpu_sregs(&v);
	s.cr8 = 9;
	vcpu_set_sregs(&v, &s);
	v.run->cr8 = 8;
	tpr_expect(2, 22);
	v.run->cr8 = 0;
	vcpu_until(&v, PORT_DONE);
}

/* No exit of its own: the next one tells, whatever it is for. */
GUEST(64, g_base, "mov $0x1b, %ecx\n rdmsr\n mov %eax, %ebx\n"
      "btr $11, %eax\n xor $0x10000000, %eax\n wrmsr\n"
      "mov $1, %esi\n mov 0x20000000, %eax\n rdmsr\n" DONE);

static void apic_base(void)
{
	START(MODE_LONG, g_base);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	CHECK_EQ(v.run->mmio.phys_addr, GPA_HOLE);
	CHECK_EQ(vcpu_regs(&v).rbx, BASE_RESET);
	CHECK_EQ(v.run->apic_base, 0xeee00100);
	CHECK_EQ(vcpu_sregs(&v).apic_base, 0xeee00100);
	/* The run page only shows it; KVM_SET_SREGS and KVM_SET_MSRS set it. */
	v.run->apic_base = BASE_RESET;
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ((uint32_t)vcpu_regs(&v).rax, 0xeee00100);
	CHECK_EQ(v.run->apic_base, 0xeee00100);
}

/* A controller in userspace may be an x2APIC, where CPUID says so. */
GUEST(64, g_x2apic, "mov $0x1b, %ecx\n rdmsr\n or $0x400, %eax\n wrmsr\n" DONE);

static void x2apic(void)
{
	START(MODE_LONG, g_x2apic);
	if (!vcpu_has(&v, 1, 2, 21))
		test_skip("no x2APIC");
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(v.run->apic_base, BASE_RESET | 0x400);
	CHECK_EQ(vcpu_sregs(&v).apic_base, BASE_RESET | 0x400);
}

/* At each return; IF itself ends nothing unless a window is asked for. */
GUEST(64, g_if, "sti\n nop\n out %al, $0x20\n cli\n out %al, $0x20\n"
      "pushf\n orl $0x200, (%rsp)\n popf\n nop\n" DONE);

static void if_flag(void)
{
	START(MODE_LONG, g_if);
	vcpu_until(&v, 0x20);
	CHECK_EQ(v.run->if_flag, 1);
	vcpu_until(&v, 0x20);
	CHECK_EQ(v.run->if_flag, 0);
	v.run->request_interrupt_window = 1;
	vcpu_expect(&v, KVM_EXIT_IRQ_WINDOW_OPEN);
	CHECK_EQ(v.run->if_flag, 1);
	CHECK_EQ(v.run->ready_for_interrupt_injection, 1);
	v.run->request_interrupt_window = 0;
	vcpu_until(&v, PORT_DONE);
}

/* The same at every kind of exit, whether a window is asked for or not. */
GUEST(64, g_exits, "out %al, $0x20\n in $0x20, %al\n mov %eax, 0x20000000\n"
      "mov 0x20000000, %eax\n hlt\n" DONE);

static void report_expect(uint32_t reason, bool open)
{
	vcpu_expect(&v, reason);
	CHECK_EQ(v.run->if_flag, open);
	CHECK_EQ(v.run->ready_for_interrupt_injection, open);
	CHECK_EQ(v.run->cr8, 6);
	CHECK_EQ(v.run->apic_base, BASE_RESET);
}

static void exits_report(bool open, bool window)
{
	static const uint32_t reasons[] = {
		KVM_EXIT_IO, KVM_EXIT_IO, KVM_EXIT_MMIO, KVM_EXIT_MMIO, KVM_EXIT_HLT,
		KVM_EXIT_IO,
	};

	vcpu_restart(&v, open ? FLAGS_IF : 0);
	for (unsigned int i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		v.run->request_interrupt_window = window;
		if (window && open)
			report_expect(KVM_EXIT_IRQ_WINDOW_OPEN, true);
		v.run->request_interrupt_window = 0;
		report_expect(reasons[i], open);
	}
	CHECK_EQ(v.run->io.port, PORT_DONE);
}

static void each_exit(void)
{
	START(MODE_LONG, g_exits);
	v.run->cr8 = 6;
	for (unsigned int i = 0; i < 4; i++)
		exits_report(i & 1, i & 2);
	/* One is queued then. */
	vcpu_restart(&v, FLAGS_IF);
	report_expect(KVM_EXIT_IO, true);
	OK(ioctl(v.fd, KVM_INTERRUPT, &(struct kvm_interrupt){ 0x40 }));
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	CHECK_EQ(v.run->ready_for_interrupt_injection, 0);
	v.run->immediate_exit = 0;
	exc_expect(&v, 0x40, 2);
}

/* HLT is an exit, and the state that it leads to is userspace's (api.rst 4.38). */
GUEST(64, g_hlt, "hlt\n" DONE);

static void mp_state(void)
{
	struct kvm_mp_state mp = { 77 };

	START(MODE_LONG, g_hlt);
	vcpu_restart(&v, FLAGS_IF);
	vcpu_expect(&v, KVM_EXIT_HLT);
	CHECK_EQ(v.run->if_flag, 1);
	OK(ioctl(v.fd, KVM_GET_MP_STATE, &mp));
	CHECK_EQ(mp.mp_state, KVM_MP_STATE_RUNNABLE);
	vcpu_until(&v, PORT_DONE);
}

#define CASE(name) { #name, name, 20 }

static const struct test_case cases[] = {
	CASE(lowered), CASE(given), CASE(held_back), CASE(reserved),
	CASE(lock_prefix), CASE(stepped), CASE(by_userspace),
	CASE(apic_base), CASE(x2apic), CASE(if_flag), CASE(each_exit), CASE(mp_state),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
