// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_SET_GUEST_DEBUG (api.rst 4.87): breakpoints stop where they were set, and the
 * guest's own work as if there were none.
 */
#define _GNU_SOURCE
#include "debug.h"

/* Off by default: the guest's own INT3 is the guest's. */
GUEST(64, g_int3, "nop\n int3\n nop\n" DONE);

static void sw_breakpoint(void)
{
	struct kvm_vcpu_events e;

	START(MODE_LONG, g_int3);
	expect(BP, 2);
	vcpu_until(&v, PORT_DONE);
	START(MODE_LONG, g_int3);
	debug(SW_BP);
	if (vcpu_run(&v) == KVM_EXIT_IO)
		not_linux("does not see INT3 in QEMU's TCG");
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_DEBUG);
	CHECK_EQ(v.run->debug.arch.exception, BP);
	CHECK_EQ(v.run->debug.arch.pc, GPA_CODE + 1);
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE + 1);
	/* Again, until it is taken out. */
	stopped(BP, GPA_CODE + 1);
	/* The guest's own after all: userspace hands it on. */
	OK(ioctl(v.fd, KVM_GET_VCPU_EVENTS, &e));
	e.flags = 0;
	e.exception.injected = 1;
	e.exception.nr = BP;
	OK(ioctl(v.fd, KVM_SET_VCPU_EVENTS, &e));
	expect(BP, 2);
	vcpu_until(&v, PORT_DONE);
	/* In a step that takes it too, it comes first. */
	START(MODE_LONG, g_int3);
	debug(STEP | SW_BP);
	step_to(GPA_CODE + 1);
	stopped(BP, GPA_CODE + 1);
	vm.mem[GPA_CODE + 1] = 0x90;
	step_to(GPA_CODE + 2);
}

/* In a step that does not take INT3, it is the guest's. */
static void step_int3(void)
{
	START(MODE_LONG, g_int3);
	debug(STEP);
	step_to(GPA_CODE + 1);
	not_linux("steps over whole handlers");
	not_by_flag("INT3 clears TF");
	vcpu_expect(&v, KVM_EXIT_DEBUG);
	CHECK(v.run->debug.arch.pc >= GPA_STUBS &&
	      v.run->debug.arch.pc < GPA_STUBS + 0x1000);
	debug(0);
	expect(BP, 2);
	vcpu_until(&v, PORT_DONE);
}

/* INT n is no breakpoint, whatever its number; nor is the byte inside of others. */
GUEST(64, g_int_3, "nop\n .byte 0xcd, 3\n mov $0xcc, %al\n int $0x40\n" DONE);

static void sw_breakpoint_int(void)
{
	START(MODE_LONG, g_int_3);
	debug(SW_BP);
	expect(BP, 3);
	expect(VEC, 7);
	vcpu_until(&v, PORT_DONE);
}

/* DR7: 1: L0; len and R/W of DR0 from bit 16: 3 << 18: 4 bytes, 1 << 16: write */
GUEST(64, g_data, "mov $0x10000, %ebx\n nop\n mov %eax, (%rbx)\n nop\n" DONE);

static void hw_breakpoint(void)
{
	struct kvm_debug_exit_arch a;

	START(MODE_LONG, g_data);
	debug_at(HW_BP, GPA_CODE + 6, 1 | 1 << 10);
	if (vcpu_run(&v) != KVM_EXIT_DEBUG)
		not_tcg();
	vcpu_code(&v, MODE_LONG, g_data);
	a = stopped(DB, GPA_CODE + 6);
	CHECK_EQ(a.dr6 & 15, 1);
	CHECK_EQ(a.dr7, 1 | 1 << 10);
	debug_at(HW_BP, GPA_DATA, 1 | 1 << 10 | 0xdull << 16);
	a = stopped(DB, GPA_CODE + 8);
	CHECK_EQ(a.dr6 & 15, 1);
	CHECK_EQ(a.dr6 & DR6_BS, 0);
	CHECK_EQ(a.dr7, 1 | 1 << 10 | 0xdull << 16);
	vcpu_until(&v, PORT_DONE);
}

/*
 * A step tells of an instruction breakpoint where it leads to, or this one stops
 * there once more: processors differ.
 */
static void hw_breakpoint_step(void)
{
	struct kvm_debug_exit_arch a;

	START(MODE_LONG, g_data);
	/* One for writes is not hit by execution. */
	debug_at(HW_BP | STEP, GPA_CODE + 5, 1 | 1 << 10 | 1 << 16);
	CHECK_EQ(stopped(DB, GPA_CODE + 5).dr6 & (DR6_BS | 15), DR6_BS);
	debug_at(HW_BP | STEP, GPA_CODE + 6, 1 | 1 << 10);
	a = stopped(DB, GPA_CODE + 6);
	CHECK_EQ(a.dr6 & DR6_BS, DR6_BS);
	if (!(a.dr6 & 15))
		a = stopped(DB, GPA_CODE + 6);
	CHECK_EQ(a.dr6 & 15, 1);
	CHECK_EQ(a.dr7, 1 | 1 << 10);
	debug(STEP);
	CHECK_EQ(stopped(DB, GPA_CODE + 8).dr6 & (DR6_BS | 15), DR6_BS);
	debug(0);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(debugregs().dr6 & 0xe00f, 0);
}

/* The same for the guest's own registers and steps. */
GUEST(64, g_own_bp, "lea 1f(%rip), %rax\n mov %rax, %dr0\n mov $0x401, %eax\n"
      "mov %rax, %dr7\n pushf\n orl $0x100, (%rsp)\n popf\n nop\n"
      "1: nop\n" DONE);

static void own_breakpoint(void)
{
	START(MODE_LONG, g_own_bp);
	CHECK_EQ(exc_next(&v).rip, GPA_CODE + 28);
	if (!(debugregs().dr6 & 15))
		CHECK_EQ(exc_next(&v).rip, GPA_CODE + 28);
	CHECK_EQ(debugregs().dr6 & 15, 1);
}

/* The guest's debug registers are its own, though the processor has others. */
GUEST(64, g_drs, "mov $0x1234, %eax\n mov %rax, %dr0\n mov $0x10000, %ebx\n"
      "mov %rbx, %dr1\n mov $0xd0040c, %eax\n mov %rax, %dr7\n"
      "mov %eax, (%rbx)\n mov %dr7, %rcx\n mov %dr0, %rdx\n mov %dr6, %rsi\n"
      DONE);

static void guest_registers(void)
{
	struct kvm_regs r;

	START(MODE_LONG, g_drs);
	debug_at(HW_BP, 0x654321, 1 | 1 << 10);
	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rcx, 0xd0040c);
	CHECK_EQ(r.rdx, 0x1234);
	CHECK_EQ(r.rsi & 0xe00f, 0);
	CHECK_EQ(debugregs().dr7, 0xd0040c);
	CHECK_EQ(debugregs().db[0], 0x1234);
	/* Without userspace's, the guest's work. */
	debug(0);
	START(MODE_LONG, g_drs);
	if (vcpu_run(&v) == KVM_EXIT_IO && v.run->io.port == PORT_DONE)
		not_tcg();
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_IO);
	CHECK_EQ(v.run->io.port, PORT_EXC);
	CHECK_EQ(debugregs().dr6 & 15, 2);
	vcpu_until(&v, PORT_DONE);
}

static void inject(void)
{
	START(MODE_LONG, g_data);
	debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_INJECT_DB);
	expect(DB, 0);
	vcpu_until(&v, PORT_DONE);
	START(MODE_LONG, g_int3);
	vm.mem[GPA_CODE] = 0xcc;
	debug(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_INJECT_BP);
	expect(BP, 1);
	debug(0);
	expect(BP, 2);
	vcpu_until(&v, PORT_DONE);
}

/* Accesses that KVM makes in the processor's place meet breakpoints as others do. */
GUEST(64, g_device, "mov $0x1122334455667788, %rax\n mov %al, 7(%rdi)\n"
      "mov %al, 9(%rdi)\n mov (%rdi), %ebx\n push 8(%rdi)\n"
      "mov %rax, 5(%rdi)\n" DONE);
#define BEHIND_SECOND 16	/* offset of what follows the store to 9 */

static void device_start(uint64_t dr7)
{
	struct kvm_debugregs d;
	struct kvm_regs r;

	START(MODE_LONG, g_device);
	d = debugregs();
	d.db[1] = GPA_HOLE + 8;
	d.dr7 = dr7;
	OK(ioctl(v.fd, KVM_SET_DEBUGREGS, &d));
	r = vcpu_regs(&v);
	r.rdi = GPA_HOLE;
	vcpu_set_regs(&v, &r);
}

/* Runs to the next exit that is not the device's. */
static uint32_t device_run(void)
{
	uint32_t reason;

	do
		reason = vcpu_run(&v);
	while (reason == KVM_EXIT_MMIO);
	return reason;
}

static void device_breakpoint(void)
{
	/* DR1: 8 bytes, writes; then reads too. */
	device_start(0x900408);
	if (device_run() == KVM_EXIT_IO && v.run->io.port == PORT_DONE)
		not_linux("does not look for them");
	CHECK_EQ(v.run->io.port, PORT_EXC);
	CHECK_EQ(debugregs().dr6 & 15, 2);
	CHECK_EQ(device_run(), KVM_EXIT_IO);
	CHECK_EQ(v.run->io.port, PORT_EXC);
	CHECK_EQ(device_run(), KVM_EXIT_IO);
	CHECK_EQ(v.run->io.port, PORT_DONE);
	/* Userspace's own. */
	device_start(0x400);
	debug_at(HW_BP, GPA_HOLE + 9, 0x30402);
	CHECK_EQ(device_run(), KVM_EXIT_DEBUG);
	CHECK_EQ(v.run->debug.arch.exception, DB);
	CHECK_EQ(v.run->debug.arch.dr6 & 0xf, 1);
	CHECK_EQ(v.run->debug.arch.pc, GPA_CODE + BEHIND_SECOND);
	CHECK_EQ(device_run(), KVM_EXIT_DEBUG);
	CHECK_EQ(device_run(), KVM_EXIT_DEBUG);
	CHECK_EQ(device_run(), KVM_EXIT_IO);
	CHECK_EQ(v.run->io.port, PORT_DONE);
}

/* With CR4.DE a port has them. */
GUEST(64, g_port, "out %al, $0x20\n out %al, $0x22\n in $0x21, %al\n" DONE);

static void port_breakpoint(void)
{
	struct kvm_debugregs d;
	struct kvm_sregs s;

	START(MODE_LONG, g_port);
	s = vcpu_sregs(&v);
	s.cr4 |= 8;
	vcpu_set_sregs(&v, &s);
	d = debugregs();
	d.db[0] = 0x20;
	d.dr7 = 0x60402;
	OK(ioctl(v.fd, KVM_SET_DEBUGREGS, &d));
	vcpu_until(&v, 0x20);
	vcpu_expect(&v, KVM_EXIT_IO);
	if (v.run->io.port != PORT_EXC)
		not_linux("does not look for them");
	CHECK_EQ(debugregs().dr6 & 15, 1);
	vcpu_until(&v, 0x22);
	vcpu_expect(&v, KVM_EXIT_IO);
	CHECK_EQ(v.run->io.port, 0x21);
	expect(DB, 6);
	vcpu_until(&v, PORT_DONE);
}

#define CASE(name) { #name, name, 20 }

static const struct test_case cases[] = {
	CASE(sw_breakpoint), CASE(step_int3), CASE(sw_breakpoint_int),
	CASE(hw_breakpoint), CASE(hw_breakpoint_step), CASE(own_breakpoint),
	CASE(guest_registers), CASE(inject), CASE(device_breakpoint),
	CASE(port_breakpoint),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
