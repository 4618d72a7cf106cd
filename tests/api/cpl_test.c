// SPDX-License-Identifier: GPL-2.0-only
/*
 * The privilege level through KVM_GET_SREGS and KVM_SET_SREGS, which have no field
 * of their own for it: SS.DPL carries it (SDM vol. 3, 5.5; APM vol. 2, 15.5.1).
 */
#define _GNU_SOURCE
#include "start.h"

static struct vm vm;
static struct vcpu v;

enum { GP = 13 };

/* By IRET and by SYSRET to CPL 3, with IOPL 3 for the ports. */
GUEST(64, g_iret, "push $0x3b\n push $0xc000\n push $0x3002\n push $0x43\n"
      "lea 1f(%rip), %rax\n push %rax\n iretq\n"
      "1: out %al, $0x20\n nop\n clts\n" DONE);
/* STAR: SYSRET's CS is SEL_UCODE64 = 0x43, its SS SEL_UDATA = 0x3b. */
GUEST(64, g_sysret, "mov $0xc0000080, %ecx\n rdmsr\n or $1, %eax\n wrmsr\n"
      "mov $0xc0000081, %ecx\n xor %eax, %eax\n mov $0x330000, %edx\n wrmsr\n"
      "lea 1f(%rip), %rcx\n mov $0x3002, %r11d\n sysretq\n"
      "1: out %al, $0x20\n nop\n clts\n" DONE);

static uint64_t clts_at(const uint8_t *code, const uint8_t *end)
{
	return end - code - 4;
}

/* The guest goes on at CPL 3 in another vCPU that has its registers. */
static void round_trip(void)
{
	struct kvm_sregs s;
	struct kvm_regs r;

	/* The port access is complete with the next KVM_RUN only. */
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	s = vcpu_sregs(&v);
	r = vcpu_regs(&v);
	CHECK_EQ(s.cs.selector & 3, 3);
	CHECK_EQ(s.ss.dpl, 3);
	vcpu_new(&vm, &v, 1);
	vcpu_set_sregs(&v, &s);
	vcpu_set_regs(&v, &r);
	CHECK_EQ(vcpu_sregs(&v).ss.dpl, 3);
}

static void iret(void)
{
	START(MODE_LONG, g_iret);
	vcpu_until(&v, 0x20);
	round_trip();
	CHECK_EQ(exc_expect(&v, GP, clts_at(g_iret, g_iret_end)).cs, 0x43);
}

static void sysret(void)
{
	START(MODE_LONG, g_sysret);
	vcpu_until(&v, 0x20);
	round_trip();
	CHECK_EQ(exc_expect(&v, GP, clts_at(g_sysret, g_sysret_end)).cs, 0x43);
}

/* And what a VMM asks for in the same vCPU, to and fro. */
GUEST(64, g_clts, "clts\n out %al, $0xf4\n");

/* The vCPU's code is refused there. */
static void refused_at_3(void)
{
	struct kvm_sregs s;
	struct kvm_regs r;

	s = vcpu_sregs(&v);
	CHECK_EQ(s.ss.dpl, 0);
	s.ss.dpl = 3;
	s.ss.selector = SEL_UDATA;
	s.cs.dpl = 3;
	s.cs.selector = SEL_UCODE64;
	vcpu_set_sregs(&v, &s);
	r = vcpu_regs(&v);
	r.rflags |= 0x3000;
	vcpu_set_regs(&v, &r);
	CHECK_EQ(vcpu_sregs(&v).ss.dpl, 3);
	CHECK_EQ(exc_expect(&v, GP, 0).cs, SEL_UCODE64);
}

static void by_userspace(void)
{
	START(MODE_LONG, g_clts);
	refused_at_3();
}

/* Intel's processors exit before they look at the level (SDM vol. 3, 26.1.3). */
GUEST(64, g_to_dr, "mov %rax, %dr7\n out %al, $0xf4\n");
GUEST(64, g_from_dr, "mov %dr6, %rax\n out %al, $0xf4\n");

static void debug_registers(void)
{
	START(MODE_LONG, g_to_dr);
	refused_at_3();
	vm_close(&vm);
	START(MODE_LONG, g_from_dr);
	refused_at_3();
}

static void not_linux(void)
{
	if (!vm_cap(&vm, KVM_CAP_INTR_SHADOW))
		test_skip("Linux's KVM takes SS.DPL in every mode");
}

/* Real mode has no level but 0, whatever is in SS (APM vol. 2, 15.5.1). */
GUEST(16, g_real, "mov %cr0, %eax\n out %al, $0xf4\n");

static void real(void)
{
	struct kvm_sregs s;

	START_BARE(MODE_REAL, g_real);
	not_linux();
	s = vcpu_sregs(&v);
	s.ss.dpl = 3;
	vcpu_set_sregs(&v, &s);
	CHECK_EQ(vcpu_sregs(&v).ss.dpl, 0);
	vcpu_until(&v, PORT_DONE);
}

/* VM86 has none but 3, and userspace may set EFLAGS before or after SS. */
static void vm86(bool regs_first)
{
	struct kvm_sregs s;
	struct kvm_regs r;

	START(MODE_PROT, g_clts);
	not_linux();
	r = vcpu_regs(&v);
	r.rflags |= 0x23000;
	if (regs_first)
		vcpu_set_regs(&v, &r);
	s = vcpu_sregs(&v);
	s.cs = (struct kvm_segment){ .limit = 0xffff, .type = 3, .s = 1,
				     .present = 1, .dpl = 3 };
	s.ds = s.es = s.fs = s.gs = s.ss = s.cs;
	s.ss.dpl = 0;
	/* QEMU's TCG aborts when it takes a stack from a TSS that is busy. */
	if (cpu_is_tcg())
		s.tr.type = 9;
	vcpu_set_sregs(&v, &s);
	if (!regs_first)
		vcpu_set_regs(&v, &r);
	CHECK_EQ(vcpu_sregs(&v).ss.dpl, 3);
	exc_expect(&v, GP, 0);
}

static void virtual_8086(void)
{
	vm86(false);
	vm86(true);
}

#define CASE(name) { #name, name, 20 }

static const struct test_case cases[] = {
	CASE(iret), CASE(sysret), CASE(by_userspace), CASE(debug_registers), CASE(real),
	CASE(virtual_8086),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
