// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts, NMIs and single-step traps on their way into the guest, with no
 * interrupt controller in the kernel: each arrives once, when it may, and at
 * the right instruction, whatever its delivery meets.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "start.h"

static struct vm vm;
static struct vcpu v;

enum { DB = 1, NMI = 2, UD = 6, NP = 11, GP = 13 };

#define VEC		0x40
#define FLAGS_IF	0x200
#define DR6_BS		(1u << 14)

static int interrupt(uint32_t vector)
{
	struct kvm_interrupt irq = { vector };

	return ioctl(v.fd, KVM_INTERRUPT, &irq);
}

static void nmi(void)
{
	OK(ioctl(v.fd, KVM_NMI, 0ul));
}

/* The same bytes in 32-bit and in 64-bit code. */
GUEST(64, g_sti, "sti\n nop\n out %al, $0x20\n nop\n nop\n" DONE);

/* Between two instructions; in the handler IF is clear. */
static void delivered_in(enum mode mode)
{
	struct exc e;

	START(mode, g_sti);
	vcpu_until(&v, 0x20);
	CHECK_EQ(v.run->if_flag, 1);
	CHECK_EQ(v.run->ready_for_interrupt_injection, 1);
	OK(interrupt(VEC));
	e = exc_next(&v);
	CHECK_EQ(e.vector, VEC);
	CHECK_EQ(e.rip, GPA_CODE + 4);
	CHECK_EQ(e.flags & FLAGS_IF, FLAGS_IF);
	CHECK_EQ(v.run->if_flag, 0);
	CHECK_EQ(v.run->ready_for_interrupt_injection, 0);
	vcpu_until(&v, PORT_DONE);
}

static void intr_delivered(void)
{
	delivered_in(MODE_PROT);
	delivered_in(MODE_PAE);
	delivered_in(MODE_LONG);
}

/* Every vector is the one that was asked for, and NMIs go between them. */
GUEST(64, g_loop, "1: out %al, $0x20\n jmp 1b\n");

static void vectors(void)
{
	unsigned int i;

	START(MODE_LONG, g_loop);
	vcpu_restart(&v, FLAGS_IF);
	for (i = 32; i < 256; i++) {
		vcpu_until(&v, 0x20);
		OK(interrupt(i));
		exc_expect(&v, i, 2);
		vcpu_until(&v, 0x20);
		nmi();
		exc_expect(&v, NMI, 2);
	}
	ERR(interrupt(256), EINVAL);
}

/*
 * One that is queued where IF is clear.  Userspace is not to do that, see
 * ready_for_interrupt_injection; Linux's KVM delivers it at once, others wait
 * for IF.  It is not lost and comes once.
 */
GUEST(64, g_cli_sti, "out %al, $0x20\n nop\n sti\n nop\n nop\n" DONE);

static void intr_if_clear(void)
{
	struct exc e;

	START(MODE_LONG, g_cli_sti);
	vcpu_until(&v, 0x20);
	CHECK_EQ(v.run->ready_for_interrupt_injection, 0);
	OK(interrupt(VEC));
	e = exc_next(&v);
	CHECK_EQ(e.vector, VEC);
	/* Behind OUT, or behind the instruction that follows STI. */
	if (e.flags & FLAGS_IF)
		CHECK(is_behind_nop(e.rip, GPA_CODE + 5));
	else
		CHECK_EQ(e.rip, GPA_CODE + 2);
	vcpu_until(&v, PORT_DONE);
}

/*
 * api.rst 4.16: EEXIST if one is queued already; Linux's KVM forgets the
 * first one when the interrupt controller is in userspace.
 */
static void intr_twice(void)
{
	bool refused;

	START(MODE_LONG, g_sti);
	vcpu_until(&v, 0x20);
	OK(interrupt(VEC));
	errno = 0;
	refused = interrupt(VEC + 1) < 0;
	CHECK_EQ(errno, refused ? EEXIST : 0);
	exc_expect(&v, refused ? VEC : VEC + 1, 4);
	vcpu_until(&v, PORT_DONE);
}

/*
 * The window opens behind the shadow of STI, and says so again until closed;
 * the handler's IF closes it, its IRET opens it.
 */
GUEST(64, g_window, "out %al, $0x20\n sti\n nop\n nop\n nop\n" DONE);

static void window(void)
{
	int tries = 10;

	START(MODE_LONG, g_window);
	v.run->request_interrupt_window = 1;
	/* QEMU's VMRUN does not load the shadow: not if an interrupt of the host's ends it. */
	do {
		vcpu_restart(&v, 0);
		vcpu_until(&v, 0x20);
		CHECK_EQ(v.run->ready_for_interrupt_injection, 0);
		vcpu_expect(&v, KVM_EXIT_IRQ_WINDOW_OPEN);
	} while (cpu_is_tcg() && vcpu_regs(&v).rip == GPA_CODE + 3 && --tries);
	CHECK_EQ(v.run->if_flag, 1);
	CHECK_EQ(v.run->ready_for_interrupt_injection, 1);
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE + 4);
	vcpu_expect(&v, KVM_EXIT_IRQ_WINDOW_OPEN);
	OK(interrupt(VEC));
	exc_expect(&v, VEC, 4);
	vcpu_expect(&v, KVM_EXIT_IRQ_WINDOW_OPEN);
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE + 4);
	v.run->request_interrupt_window = 0;
	vcpu_until(&v, PORT_DONE);
}

/* An NMI is not kept waiting by userspace, which asks again and has no interrupt. */
static void window_nmi(void)
{
	START(MODE_LONG, g_loop);
	vcpu_restart(&v, FLAGS_IF);
	vcpu_until(&v, 0x20);
	v.run->request_interrupt_window = 1;
	vcpu_expect(&v, KVM_EXIT_IRQ_WINDOW_OPEN);
	nmi();
	exc_expect(&v, NMI, 2);
	CHECK_EQ(v.run->ready_for_interrupt_injection, 0);
	vcpu_expect(&v, KVM_EXIT_IRQ_WINDOW_OPEN);
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE + 2);
	v.run->request_interrupt_window = 0;
	vcpu_until(&v, 0x20);
}

GUEST(64, g_hlt, "hlt\n inc %rbx\n" DONE);

static void hlt(void)
{
	START(MODE_LONG, g_hlt);
	vcpu_restart(&v, FLAGS_IF);
	vcpu_expect(&v, KVM_EXIT_HLT);
	CHECK_EQ(v.run->ready_for_interrupt_injection, 1);
	OK(interrupt(VEC));
	exc_expect(&v, VEC, 1);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx, 1);
	/* An NMI needs no IF. */
	vcpu_restart(&v, 0);
	vcpu_expect(&v, KVM_EXIT_HLT);
	nmi();
	exc_expect(&v, NMI, 1);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx, 1);
}

GUEST(64, g_nmi, "out %al, $0x20\n nop\n nop\n" DONE);

/*
 * IF does not matter.  Of those that come in the handler, one is remembered
 * and waits for its IRET (APM vol. 2, 8.2.3).
 */
static void nmi_masked(void)
{
	struct exc e;

	START(MODE_LONG, g_nmi);
	vcpu_restart(&v, nmi_flags());
	vcpu_until(&v, 0x20);
	nmi();
	e = exc_next(&v);
	CHECK_EQ(e.vector, NMI);
	CHECK_EQ(e.rip, GPA_CODE + 2);
	CHECK_EQ(e.rsp, GPA_STACK);
	nmi();
	nmi();
	nmi();
	e = exc_next(&v);
	CHECK_EQ(e.vector, NMI);
	CHECK_EQ(e.rip, GPA_CODE + 2);
	CHECK_EQ(e.rsp, GPA_STACK);	/* not inside the first */
	vcpu_until(&v, PORT_DONE);
}

/* HLT in the handler is not over because a masked NMI waits. */
GUEST(64, g_nmi_hlt, "out %al, $0x21\n hlt\n out %al, $0x22\n iretq\n");

static void nmi_masked_hlt(void)
{
	START(MODE_LONG, g_nmi);
	vm_load(&vm, GPA_STUBS + NMI * 16, g_nmi_hlt, g_nmi_hlt_end);
	vcpu_restart(&v, nmi_flags());
	vcpu_until(&v, 0x20);
	nmi();
	vcpu_until(&v, 0x21);
	nmi();
	vcpu_expect(&v, KVM_EXIT_HLT);
	vcpu_until(&v, 0x22);
	vcpu_until(&v, 0x21);
}

/* In either order, one maybe in the other's handler; each comes once. */
static void nmi_and_intr(void)
{
	uint64_t first, second;

	START(MODE_LONG, g_sti);
	vcpu_until(&v, 0x20);
	OK(interrupt(VEC));
	nmi();
	first = exc_next(&v).vector;
	second = exc_next(&v).vector;
	CHECK((first == NMI && second == VEC) ||
	      (first == VEC && second == NMI));
	vcpu_until(&v, PORT_DONE);
}

/* TF is set at 9, and cleared by what ends at 24. */
GUEST(64, g_step, "pushf\n orl $0x100, (%rsp)\n popf\n"
      "nop\n cpuid\n out %al, $0x20\n nop\n"
      "pushf\n andl $~0x100, (%rsp)\n popf\n nop\n" DONE);

static void single_step(void)
{
	static const uint8_t at[] = { 10, 12, 14, 15, 16, 23, 24 };
	struct kvm_debugregs d;
	unsigned int i;

	START(MODE_LONG, g_step);
	for (i = 0; i < sizeof(at); i++) {
		if (at[i] == 14)
			vcpu_until(&v, 0x20);
		exc_expect(&v, DB, at[i]);
		OK(ioctl(v.fd, KVM_GET_DEBUGREGS, &d));
		CHECK_EQ(d.dr6 & (DR6_BS | 15), DR6_BS);
		d.dr6 &= ~(uint64_t)DR6_BS;
		OK(ioctl(v.fd, KVM_SET_DEBUGREGS, &d));
	}
	vcpu_until(&v, PORT_DONE);
}

/* Not the error code: QEMU 7.2's TCG has index * 16 and EXT clear there. */
static void intr_faults(unsigned int vector)
{
	vcpu_restart(&v, FLAGS_IF);
	OK(interrupt(VEC));
	exc_expect(&v, vector, 0);
	vcpu_until(&v, PORT_DONE);
}

GUEST(64, g_done, "nop\n" DONE);

static void bad_gate(void)
{
	struct kvm_sregs s;

	START(MODE_LONG, g_done);
	vm.mem[GPA_IDT + VEC * 16 + 5] &= 0x7f;		/* not present */
	intr_faults(NP);
	s = vcpu_sregs(&v);
	s.idt.limit = VEC * 16 - 1;
	vcpu_set_sregs(&v, &s);
	intr_faults(GP);
}

GUEST(64, g_ud, "ud2\n");

/* Where no other address of the guest is near: KVM knows no page here. */
#define GPA_FAR		0x400000
#define FAR_SIZE	0x200000

/* An IDT and a stack, and the start of the code. */
static void restart_with(uint64_t idt, uint64_t rsp)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = rsp, .rflags = FLAGS_IF | 2 };
	struct kvm_sregs s = vcpu_sregs(&v);

	s.idt.base = idt;
	vcpu_set_sregs(&v, &s);
	vcpu_set_regs(&v, &r);
}

/* Pages that the host brings in while the event is on its way. */
static void pages_brought(uint64_t idt, uint64_t rsp)
{
	unsigned int i;

	START(MODE_LONG, g_ud);
	for (i = 0; i < 30; i++) {
		OK(madvise(vm.mem + GPA_FAR, FAR_SIZE, MADV_DONTNEED));
		memmove(vm.mem + idt, vm.mem + GPA_IDT, 4096);
		restart_with(idt, rsp);
		if (i % 3 == 1) {
			OK(interrupt(VEC));
			exc_expect(&v, VEC, 0);
		} else if (i % 3 == 2) {
			nmi();
			exc_expect(&v, NMI, 0);
		}
		exc_expect(&v, UD, 0);
	}
}

static void pages(void)
{
	pages_brought(GPA_IDT, GPA_FAR + 0x2010);
	pages_brought(GPA_FAR, GPA_STACK);
}

/*
 * No memory at all: userspace hears of it, in one way or another.  Linux 6.1's
 * KVM goes on with the code that was interrupted, and tries again.
 */
static void memory_missing(uint64_t idt, uint64_t rsp)
{
	uint32_t reason;

	START(MODE_LONG, g_done);
	restart_with(idt, rsp);
	OK(interrupt(VEC));
	reason = vcpu_run(&v);
	if (reason == KVM_EXIT_IO && v.run->io.port == PORT_DONE)
		CHECK_EQ(vcpu_sregs(&v).interrupt_bitmap[VEC / 64],
			 1ull << VEC % 64);
	else if (reason != KVM_EXIT_INTERNAL_ERROR &&
		 reason != KVM_EXIT_SHUTDOWN && reason != KVM_EXIT_MMIO)
		FAIL("expected an error, got %s", vcpu_describe(&v));
}

static void missing(void)
{
	memory_missing(GPA_IDT, GPA_HOLE + 0x1000);
	memory_missing(GPA_HOLE, GPA_STACK);
}

static void interrupt_bitmap(void)
{
	struct kvm_sregs s;

	START(MODE_LONG, g_done);
	CHECK_EQ(vcpu_sregs(&v).interrupt_bitmap[VEC / 64], 0);
	vcpu_restart(&v, FLAGS_IF);
	OK(interrupt(VEC));
	s = vcpu_sregs(&v);
	CHECK_EQ(s.interrupt_bitmap[VEC / 64], 1ull << VEC % 64);
	vcpu_new(&vm, &v, 1);
	vcpu_set_sregs(&v, &s);
	vcpu_restart(&v, FLAGS_IF);
	exc_expect(&v, VEC, 0);
	CHECK_EQ(vcpu_sregs(&v).interrupt_bitmap[VEC / 64], 0);
	vcpu_until(&v, PORT_DONE);
}

#define CASE(name) { #name, name, 20 }

static const struct test_case cases[] = {
	CASE(intr_delivered), CASE(vectors), CASE(intr_if_clear),
	CASE(intr_twice), CASE(window), CASE(window_nmi), CASE(hlt), CASE(nmi_masked),
	CASE(nmi_masked_hlt), CASE(nmi_and_intr), CASE(single_step),
	CASE(bad_gate), CASE(pages), CASE(missing), CASE(interrupt_bitmap),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
