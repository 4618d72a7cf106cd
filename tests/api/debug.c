// SPDX-License-Identifier: GPL-2.0-only
/* What tests of KVM_SET_GUEST_DEBUG share. */
#define _GNU_SOURCE
#include "debug.h"

/*
 * Linux 6.1's KVM differs in much: it loses steps behind instructions that it
 * emulates, steps over whole handlers, and its guests see its TF.  It has shadows
 * and does not announce them: that tells it from others.
 */
void not_linux(const char *what)
{
	if (!vm_cap(&vm, KVM_CAP_INTR_SHADOW))
		test_skip("Linux's KVM %s", what);
}

/* In QEMU's TCG, VMRUN loads DR7 without arming what it enables. */
void not_by_flag(const char *what)
{
	if (cpu_is_bochs())
		test_skip("no monitor trap flag: %s", what);
}

void not_tcg(void)
{
	if (cpu_is_tcg())
		test_skip("VMRUN arms no breakpoints here (QEMU's TCG)");
}

void debug(uint32_t control)
{
	struct kvm_guest_debug d = { .control = control };

	OK(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &d));
}

void debug_at(uint32_t control, uint64_t address, uint64_t dr7)
{
	struct kvm_guest_debug d = { .control = control };

	d.arch.debugreg[0] = address;
	d.arch.debugreg[7] = dr7;
	OK(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &d));
}

/* The next KVM_EXIT_DEBUG: which, and where. */
struct kvm_debug_exit_arch stopped(unsigned int vector, uint64_t pc)
{
	vcpu_expect(&v, KVM_EXIT_DEBUG);
	CHECK_EQ(v.run->debug.arch.exception, vector);
	CHECK_EQ(v.run->debug.arch.pc, pc);
	return v.run->debug.arch;
}

void step_to(uint64_t pc)
{
	CHECK_EQ(stopped(DB, pc).dr6 & DR6_BS, DR6_BS);
	CHECK_EQ(vcpu_regs(&v).rip, pc);
	CHECK_EQ(vcpu_regs(&v).rflags & FLAGS_TF, 0);
}

struct kvm_debugregs debugregs(void)
{
	struct kvm_debugregs d;

	OK(ioctl(v.fd, KVM_GET_DEBUGREGS, &d));
	return d;
}

void expect(unsigned int vector, uint64_t offset)
{
	CHECK_EQ(exc_expect(&v, vector, offset).flags & FLAGS_TF, 0);
}
