// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_GET_VCPU_EVENTS and KVM_SET_VCPU_EVENTS (api.rst 4.31, 4.32): what waits
 * can be read, taken away, given to another vCPU, and it arrives there.
 */
#define _GNU_SOURCE
#include "start.h"

static struct vm vm;
static struct vcpu v;

enum { DE = 0, DB = 1, NMI = 2, BP = 3, UD = 6, DF = 8, NP = 11, GP = 13, PF = 14 };

#define VEC		0x40
#define FLAGS_TF	0x100
#define FLAGS_IF	0x200
#define FLAGS_RF	0x10000
#define SHADOW_STI	KVM_X86_SHADOW_INT_STI
#define SHADOW_MOV_SS	KVM_X86_SHADOW_INT_MOV_SS

static struct kvm_vcpu_events events_get(void)
{
	struct kvm_vcpu_events e;

	OK(ioctl(v.fd, KVM_GET_VCPU_EVENTS, &e));
	return e;
}

static int events_try(const struct kvm_vcpu_events *e)
{
	return ioctl(v.fd, KVM_SET_VCPU_EVENTS, e);
}

/* Whatever flags were read, only those are written that mean something here. */
static void events_set(struct kvm_vcpu_events e)
{
	e.flags &= ~(KVM_VCPUEVENT_VALID_SMM | KVM_VCPUEVENT_VALID_SIPI_VECTOR);
	OK(events_try(&e));
}

static int enable(uint32_t cap, uint64_t on)
{
	struct kvm_enable_cap e = { .cap = cap, .args[0] = on };

	return ioctl(vm.fd, KVM_ENABLE_CAP, &e);
}

static void interrupt(uint32_t vector)
{
	struct kvm_interrupt irq = { vector };

	OK(ioctl(v.fd, KVM_INTERRUPT, &irq));
}

GUEST(64, g_idle, "nop\n nop\n nop\n" DONE);
GUEST(64, g_out, "out %al, $0x20\n nop\n" DONE);

static void capabilities(void)
{
	vm_new(&vm, 0);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_VCPU_EVENTS), 1);
	/* Linux 6.1 has it and does not say so. */
	CHECK(vm_cap(&vm, KVM_CAP_INTR_SHADOW) <= 1);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_EXCEPTION_PAYLOAD), 1);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_X86_TRIPLE_FAULT_EVENT), 1);
}

/* Nothing waits; the whole structure is written. */
static void nothing(void)
{
	struct kvm_vcpu_events e;

	START(MODE_LONG, g_idle);
	memset(&e, 0xff, sizeof(e));
	OK(ioctl(v.fd, KVM_GET_VCPU_EVENTS, &e));
	CHECK_EQ(e.exception.injected, 0);
	CHECK_EQ(e.exception.pending, 0);
	CHECK_EQ(e.interrupt.injected, 0);
	CHECK_EQ(e.interrupt.soft, 0);
	CHECK_EQ(e.interrupt.shadow, 0);
	CHECK_EQ(e.nmi.injected, 0);
	CHECK_EQ(e.nmi.pending, 0);
	CHECK_EQ(e.nmi.masked, 0);
	CHECK_EQ(e.nmi.pad, 0);
	CHECK_EQ(e.smi.smm, 0);
	CHECK_EQ(e.triple_fault.pending, 0);
	CHECK(e.flags & KVM_VCPUEVENT_VALID_SHADOW);
	CHECK(!(e.flags & (KVM_VCPUEVENT_VALID_PAYLOAD |
			   KVM_VCPUEVENT_VALID_TRIPLE_FAULT)));
	events_set(e);
	vcpu_until(&v, PORT_DONE);
}

/* Given as injected, an exception arrives with its error code. */
static void exception(void)
{
	static const struct {
		uint8_t vector, error;
	} rows[] = {
		{ DE, 0 }, { DB, 0 }, { UD, 0 }, { NP, 1 }, { GP, 1 }, { PF, 1 },
	};
	struct kvm_vcpu_events e;
	struct exc got;
	unsigned int i;

	START(MODE_LONG, g_idle);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		vcpu_restart(&v, 0);
		e = events_get();
		e.exception.injected = 1;
		e.exception.nr = rows[i].vector;
		e.exception.has_error_code = rows[i].error;
		e.exception.error_code = rows[i].error ? 0x18 : 0;
		events_set(e);
		e = events_get();
		CHECK_EQ(e.exception.injected, 1);
		CHECK_EQ(e.exception.nr, rows[i].vector);
		CHECK_EQ(e.exception.has_error_code, rows[i].error);
		got = exc_expect(&v, rows[i].vector, 0);
		CHECK_EQ(got.error, rows[i].error ? 0x18 : 0);
		e = events_get();
		CHECK_EQ(e.exception.injected, 0);
		vcpu_until(&v, PORT_DONE);
	}
}

/* What is taken away does not come. */
static void taken_away(void)
{
	struct kvm_vcpu_events e, none;

	START(MODE_LONG, g_idle);
	none = events_get();
	e = none;
	e.exception.injected = 1;
	e.exception.nr = UD;
	events_set(e);
	events_set(none);
	vcpu_until(&v, PORT_DONE);
	vcpu_restart(&v, FLAGS_IF);
	interrupt(VEC);
	CHECK_EQ(events_get().interrupt.injected, 1);
	CHECK_EQ(events_get().interrupt.nr, VEC);
	events_set(none);
	vcpu_until(&v, PORT_DONE);
	vcpu_restart(&v, 0);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	none.flags |= KVM_VCPUEVENT_VALID_NMI_PENDING;
	none.nmi.pending = 0;
	events_set(none);
	vcpu_until(&v, PORT_DONE);
}

/* The handlers return: another guest may find NMIs masked otherwise, cpu_keeps_nmi_mask(). */
static void handlers_end(void)
{
	do
		vcpu_expect(&v, KVM_EXIT_IO);
	while (v.run->io.port != PORT_DONE);
}

/* Some complete the instruction that exited only when KVM_RUN is called again. */
static void complete(void)
{
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	v.run->immediate_exit = 0;
}

/* To another vCPU of the same state. */
static void move(void)
{
	struct kvm_vcpu_events e;
	struct kvm_sregs s;
	struct kvm_regs r;
	static int id;

	complete();
	e = events_get();
	s = vcpu_sregs(&v);
	r = vcpu_regs(&v);
	e.flags |= KVM_VCPUEVENT_VALID_NMI_PENDING;
	memset(s.interrupt_bitmap, 0, sizeof(s.interrupt_bitmap));
	vcpu_new(&vm, &v, ++id);
	vcpu_set_sregs(&v, &s);
	vcpu_set_regs(&v, &r);
	events_set(e);
}

static void moved(void)
{
	START(MODE_LONG, g_idle);
	vcpu_restart(&v, FLAGS_IF);
	interrupt(VEC);
	move();
	exc_expect(&v, VEC, 0);
	vcpu_until(&v, PORT_DONE);
	vcpu_restart(&v, 0);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	move();
	exc_expect(&v, NMI, 0);
	vcpu_until(&v, PORT_DONE);
}

/* In the handler NMIs are masked, wherever it goes on; its IRET ends that. */
static void nmi_masked_moved(void)
{
	struct kvm_vcpu_events e;

	START(MODE_LONG, g_idle);
	vcpu_restart(&v, nmi_flags());
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	exc_expect(&v, NMI, 0);
	CHECK_EQ(events_get().nmi.masked, 1);
	move();
	CHECK_EQ(events_get().nmi.masked, 1);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	CHECK_EQ(exc_expect(&v, NMI, 0).rsp, GPA_STACK);	/* not inside the first */
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(events_get().nmi.masked, 0);
	/* Masked by hand, with no handler: it waits for any IRET. */
	e = events_get();
	e.nmi.masked = 1;
	events_set(e);
	vcpu_restart(&v, 0);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	vcpu_until(&v, PORT_DONE);
	/* And no longer. */
	e = events_get();
	CHECK_EQ(e.nmi.masked, 1);
	CHECK(e.nmi.pending != 0);
	e.nmi.masked = 0;
	events_set(e);
	vcpu_restart(&v, 0);
	exc_expect(&v, NMI, 0);
	handlers_end();
}

/* nmi.injected: it is on its way, masked or not. */
static void nmi_injected(void)
{
	struct kvm_vcpu_events e;

	START(MODE_LONG, g_idle);
	vcpu_restart(&v, nmi_flags());
	e = events_get();
	e.nmi.injected = 1;
	events_set(e);
	CHECK_EQ(events_get().nmi.injected, 1);
	exc_expect(&v, NMI, 0);
	CHECK_EQ(events_get().nmi.masked, 1);
	CHECK_EQ(events_get().nmi.injected, 0);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(events_get().nmi.masked, 0);
}

/* Without the flag, NMIs that wait stay. */
static void nmi_not_transferred(void)
{
	struct kvm_vcpu_events e;

	START(MODE_LONG, g_idle);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	e = events_get();
	e.nmi.pending = 0;
	e.flags &= ~KVM_VCPUEVENT_VALID_NMI_PENDING;
	events_set(e);
	exc_expect(&v, NMI, 0);
	handlers_end();
}

/*
 * A shadow holds an NMI off for one instruction.  (Interrupts: QEMU 7.2's VMRUN
 * does not load it.)
 */
static void shadow(unsigned int which)
{
	struct kvm_vcpu_events e;

	vcpu_restart(&v, FLAGS_IF);
	e = events_get();
	e.interrupt.shadow = which;
	e.flags |= KVM_VCPUEVENT_VALID_SHADOW;
	events_set(e);
	CHECK(events_get().interrupt.shadow & which);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	exc_expect(&v, NMI, 1);
	CHECK_EQ(events_get().interrupt.shadow, 0);
	vcpu_until(&v, PORT_DONE);
	/* Not without the flag. */
	vcpu_restart(&v, FLAGS_IF);
	e = events_get();
	e.interrupt.shadow = which;
	e.flags &= ~KVM_VCPUEVENT_VALID_SHADOW;
	events_set(e);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	exc_expect(&v, NMI, 0);
	vcpu_until(&v, PORT_DONE);
}

static void shadows(void)
{
	START(MODE_LONG, g_idle);
	/* The code is mapped then: at a #PF of its fetch Bochs forgets the shadow. */
	vcpu_restart(&v, 0);
	vcpu_until(&v, PORT_DONE);
	shadow(SHADOW_STI);
	shadow(SHADOW_MOV_SS);
}

GUEST(64, g_sti_hlt, "sti\n hlt\n nop\n" DONE);
GUEST(64, g_sti_out, "sti\n out %al, $0x20\n nop\n" DONE);

static void shadow_ends(void)
{
	START(MODE_LONG, g_sti_out);
	vcpu_restart(&v, 0);
	vcpu_until(&v, 0x20);
	complete();
	CHECK_EQ(events_get().interrupt.shadow, 0);
	vcpu_code(&v, MODE_LONG, g_sti_hlt);
	vcpu_restart(&v, 0);
	vcpu_expect(&v, KVM_EXIT_HLT);
	CHECK_EQ(events_get().interrupt.shadow, 0);
}

/* Pending exceptions and what comes with them; bit 14 of DR6: single step. */
static void payload(void)
{
	struct kvm_vcpu_events e;
	struct kvm_debugregs d;
	struct exc got;

	START(MODE_LONG, g_idle);
	OK(enable(KVM_CAP_EXCEPTION_PAYLOAD, 1));
	e = events_get();
	CHECK(e.flags & KVM_VCPUEVENT_VALID_PAYLOAD);
	e.exception.pending = 1;
	e.exception.nr = PF;
	e.exception.has_error_code = 1;
	e.exception.error_code = 2;
	e.exception_has_payload = 1;
	e.exception_payload = 0x123456789000;
	events_set(e);
	e = events_get();
	CHECK_EQ(e.exception.pending, 1);
	CHECK_EQ(e.exception.injected, 0);
	CHECK_EQ(e.exception_has_payload, 1);
	CHECK_EQ(e.exception_payload, 0x123456789000);
	CHECK_EQ(vcpu_sregs(&v).cr2, 0);
	got = exc_expect(&v, PF, 0);
	CHECK_EQ(got.error, 2);
	CHECK_EQ(got.cr2, 0x123456789000);
	vcpu_until(&v, PORT_DONE);
	vcpu_restart(&v, 0);
	e = events_get();
	CHECK_EQ(e.exception.pending, 0);
	e.exception.pending = 1;
	e.exception.nr = DB;
	e.exception.has_error_code = 0;
	e.exception_has_payload = 1;
	e.exception_payload = 1 << 14;
	events_set(e);
	exc_expect(&v, DB, 0);
	OK(ioctl(v.fd, KVM_GET_DEBUGREGS, &d));
	CHECK_EQ(d.dr6 & 0xf00f, 1 << 14);
	vcpu_until(&v, PORT_DONE);
	/* Off again: "pending" is not looked at. */
	OK(enable(KVM_CAP_EXCEPTION_PAYLOAD, 0));
	vcpu_restart(&v, 0);
	e = events_get();
	CHECK(!(e.flags & KVM_VCPUEVENT_VALID_PAYLOAD));
	e.flags |= KVM_VCPUEVENT_VALID_PAYLOAD;
	ERR(events_try(&e), EINVAL);
}

/* A KVM_RUN that runs nothing leaves it as it was: L1, where there is one, has a say then. */
static void payload_waits(void)
{
	struct kvm_vcpu_events e, after;
	struct exc got;

	START(MODE_LONG, g_idle);
	OK(enable(KVM_CAP_EXCEPTION_PAYLOAD, 1));
	e = events_get();
	e.exception.pending = 1;
	e.exception.nr = PF;
	e.exception.has_error_code = 1;
	e.exception.error_code = 2;
	e.exception_has_payload = 1;
	e.exception_payload = 0x123456789000;
	events_set(e);
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0), EINTR);
	v.run->immediate_exit = 0;
	after = events_get();
	CHECK_EQ(memcmp(&after.exception, &e.exception, sizeof(e.exception)), 0);
	CHECK_EQ(after.exception_has_payload, 1);
	CHECK_EQ(after.exception_payload, 0x123456789000);
	CHECK_EQ(vcpu_sregs(&v).cr2, 0);
	got = exc_expect(&v, PF, 0);
	CHECK_EQ(got.cr2, 0x123456789000);
	vcpu_until(&v, PORT_DONE);
}

static void triple_fault(void)
{
	struct kvm_vcpu_events e;

	START(MODE_LONG, g_out);
	e = events_get();
	e.flags = KVM_VCPUEVENT_VALID_TRIPLE_FAULT;
	ERR(events_try(&e), EINVAL);
	OK(enable(KVM_CAP_X86_TRIPLE_FAULT_EVENT, 1));
	e = events_get();
	CHECK(e.flags & KVM_VCPUEVENT_VALID_TRIPLE_FAULT);
	CHECK_EQ(e.triple_fault.pending, 0);
	e.triple_fault.pending = 1;
	events_set(e);
	CHECK_EQ(events_get().triple_fault.pending, 1);
	e.triple_fault.pending = 0;
	events_set(e);
	CHECK_EQ(events_get().triple_fault.pending, 0);
	vcpu_until(&v, 0x20);
	CHECK_EQ(events_get().triple_fault.pending, 0);
	e.triple_fault.pending = 1;
	events_set(e);
	vcpu_expect(&v, KVM_EXIT_SHUTDOWN);
}

/*
 * INT3 exits before it happens, so VMMs give #BP with RIP at it; the handler
 * returns behind it (SDM vol. 3, 6.15, vector 3).
 */
GUEST(64, g_int3, "int3\n nop\n" DONE);

static void breakpoint(void)
{
	struct kvm_vcpu_events e;

	START(MODE_LONG, g_int3);
	e = events_get();
	e.exception.injected = 1;
	e.exception.nr = BP;
	events_set(e);
	exc_expect(&v, BP, 1);
	vcpu_until(&v, PORT_DONE);
}

/* An exception that interrupts keep out of sight: the trap behind an OUT. */
GUEST(64, g_trap, "pushf\n orl $0x100, (%rsp)\n popf\n nop\n"
      "out %al, $0x20\n nop\n" DONE);

static void own_trap_moved(void)
{
	struct kvm_vcpu_events e;
	struct kvm_debugregs d;

	START(MODE_LONG, g_trap);
	exc_expect(&v, DB, 10);
	vcpu_until(&v, 0x20);
	complete();
	e = events_get();
	CHECK(e.exception.injected || e.exception.pending);
	CHECK_EQ(e.exception.nr, DB);
	OK(ioctl(v.fd, KVM_GET_DEBUGREGS, &d));
	CHECK(d.dr6 & 1 << 14);
	move();
	exc_expect(&v, DB, 12);
}

/* What Linux's KVM does not look at; it has shadows and does not announce them. */
static void worse_input(struct kvm_vcpu_events good)
{
	struct kvm_vcpu_events e;

	e = good;
	e.flags = KVM_VCPUEVENT_VALID_PAYLOAD;
	e.exception.pending = 1;
	ERR(events_try(&e), EINVAL);
	OK(enable(KVM_CAP_EXCEPTION_PAYLOAD, 2));
	OK(enable(KVM_CAP_EXCEPTION_PAYLOAD, 0));
}

/* What VMMs leave as it came from their stacks. */
static void padding(void)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_EXCEPTION_PAYLOAD,
				      .args = { 0, ~0ull, ~0ull, ~0ull } };
	struct kvm_vcpu_events e;

	START(MODE_LONG, g_idle);
	OK(ioctl(vm.fd, KVM_ENABLE_CAP, &cap));
	e = events_get();
	memset(e.reserved, 0xff, sizeof(e.reserved));
	e.nmi.pad = 0xff;
	e.interrupt.shadow = 0xfc;
	OK(events_try(&e));
	e = events_get();
	CHECK_EQ(e.nmi.pad, 0);
	CHECK(!(e.interrupt.shadow & 0xfc));
	vcpu_until(&v, PORT_DONE);
}

/* What is refused changes nothing. */
static void bad_input(void)
{
	struct kvm_vcpu_events good, e;
	struct kvm_enable_cap cap = { .cap = KVM_CAP_EXCEPTION_PAYLOAD };

	START(MODE_LONG, g_idle);
	good = events_get();
	good.flags = 0;
	good.exception.injected = 1;
	good.exception.nr = UD;
	e = good;
	e.exception.nr = 32;
	ERR(events_try(&e), EINVAL);
	e.exception.nr = NMI;
	ERR(events_try(&e), EINVAL);
	e = good;
	e.flags = 1u << 31;
	ERR(events_try(&e), EINVAL);
	e.flags = KVM_VCPUEVENT_VALID_PAYLOAD;
	ERR(events_try(&e), EINVAL);
	e.flags = KVM_VCPUEVENT_VALID_TRIPLE_FAULT;
	ERR(events_try(&e), EINVAL);
	ERR(ioctl(v.fd, KVM_SET_VCPU_EVENTS, (void *)16), EFAULT);
	cap.flags = 1;
	ERR(ioctl(vm.fd, KVM_ENABLE_CAP, &cap), EINVAL);
	OK(enable(KVM_CAP_EXCEPTION_PAYLOAD, 1));
	if (vm_cap(&vm, KVM_CAP_INTR_SHADOW))
		worse_input(good);
	e = events_get();
	if (vm_cap(&vm, KVM_CAP_INTR_SHADOW))
		CHECK_EQ(e.exception.injected, 0);
	e.exception.injected = 0;
	/* Accepted, and of no consequence without an APIC in the kernel. */
	e.flags = KVM_VCPUEVENT_VALID_SIPI_VECTOR;
	e.sipi_vector = 0x9a;
	OK(events_try(&e));
	/* More than can wait. */
	e.flags = KVM_VCPUEVENT_VALID_NMI_PENDING;
	e.nmi.pending = 255;
	OK(events_try(&e));
	exc_expect(&v, NMI, 0);
	handlers_end();
}

#define CASE(name) { #name, name, 20 }

static const struct test_case cases[] = {
	CASE(capabilities), CASE(nothing), CASE(exception), CASE(taken_away),
	CASE(moved), CASE(nmi_masked_moved), CASE(nmi_injected),
	CASE(nmi_not_transferred), CASE(shadows), CASE(shadow_ends),
	CASE(payload), CASE(payload_waits), CASE(triple_fault), CASE(breakpoint),
	CASE(own_trap_moved), CASE(bad_input), CASE(padding),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
