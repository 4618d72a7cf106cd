// SPDX-License-Identifier: GPL-2.0-only
/*
 * Neutral state: the values here are the same whichever vendor's machine this runs on, so
 * what is saved on one is what the other takes, keeps while a guest runs, and gives back.
 */
#define _GNU_SOURCE
#include "msr.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

GUEST(64, g_idle, "out %al, $0x20\n 1: out %al, $0x21\n jmp 1b\n");

static const struct {
	const char *name;
	uint32_t index;
	uint64_t value;
} msrs[] = {
	{ "APIC_BASE", 0x1b, 0xfee00900 },
	{ "SMI_COUNT", 0x34, 17 },
	{ "BIOS_SIGN_ID", 0x8b, 0x1234567800000000 },
	{ "PLATFORM_INFO", 0xce, 0x80000000 },
	{ "SYSENTER_CS", 0x174, 0x10 },
	{ "SYSENTER_ESP", 0x175, 0xffff888012345678 },
	{ "SYSENTER_EIP", 0x176, 0xffffffff81234567 },
	{ "MISC_ENABLE", 0x1a0, 0x1801 },
	{ "MTRR_PHYSBASE0", 0x200, 0x80000006 },
	{ "MTRR_FIX4K_F8000", 0x26f, 0x0506050605060506 },
	{ "PAT", 0x277, 0x0007010600070106 },
	{ "MTRR_DEF_TYPE", 0x2ff, 0xc06 },
	{ "STAR", 0xc0000081, 0x0023001000000000 },
	{ "LSTAR", 0xc0000082, 0xffffffff81000040 },
	{ "CSTAR", 0xc0000083, 0xffffffff81000080 },
	{ "FMASK", 0xc0000084, 0x47700 },
	{ "FS_BASE", 0xc0000100, 0x00007f0012345000 },
	{ "GS_BASE", 0xc0000101, 0xffff88803ec00000 },
	{ "KERNEL_GS_BASE", 0xc0000102, 0x00007f0000001000 },
	{ "HWCR", 0xc0010015, 0x1000000 },
};

static struct kvm_regs regs = {
	.rax = 0x0123456789abcd20, .rbx = 2, .rcx = ~3ull, .rdx = 4,
	.rsi = 5, .rdi = 6, .rsp = GPA_STACK - 64, .rbp = 8,
	.r8 = 0x8888888888888888, .r9 = 9, .r10 = 10, .r11 = 11,
	.r12 = 12, .r13 = 13, .r14 = 14, .r15 = 15,
	.rip = GPA_CODE, .rflags = 0x200ad7,
};

static const struct kvm_debugregs debug = {
	.db = { 0x1111, 0x2222, 0xffff888000003333, 0x4444 },
	.dr6 = 0xffff4ff5, .dr7 = 0x400,
};

static struct kvm_sregs sregs;
static struct kvm_fpu fpu;

/* As long mode has them, with what a 64-bit kernel leaves in the others. */
static void sregs_fill(void)
{
	sregs = vcpu_sregs(&v);
	sregs.fs = sregs.gs = sregs.ds;
	sregs.fs.base = 0x00007f0012345000;
	sregs.gs.base = 0xffff88803ec00000;
	sregs.ldt = (struct kvm_segment){ .unusable = 1 };
	sregs.cr2 = 0xffffea0000001234;
	sregs.cr8 = 5;
}

static void fpu_fill(void)
{
	unsigned int i;

	memset(&fpu, 0, sizeof(fpu));
	fpu.fcw = 0x37f;
	fpu.mxcsr = 0x1fa0;
	for (i = 0; i < sizeof(fpu.xmm); i++)
		((uint8_t *)fpu.xmm)[i] = i * 7;
	for (i = 0; i < 8; i++)
		memset(fpu.fpr[i], 0x10 + i, 10);
}

static void same_segment(const char *what, const struct kvm_segment *got,
			 const struct kvm_segment *want)
{
	if (got->unusable && want->unusable && got->selector == want->selector)
		return;
	if (memcmp(got, want, sizeof(*got)))
		FAIL("%s: expected %#x at %#llx, limit %#x, got %#x at %#llx, limit %#x",
		     what, want->selector, want->base, want->limit,
		     got->selector, got->base, got->limit);
}

static void same_sregs(void)
{
	struct kvm_sregs s = vcpu_sregs(&v);

	same_segment("CS", &s.cs, &sregs.cs);
	same_segment("SS", &s.ss, &sregs.ss);
	same_segment("DS", &s.ds, &sregs.ds);
	same_segment("ES", &s.es, &sregs.es);
	same_segment("FS", &s.fs, &sregs.fs);
	same_segment("GS", &s.gs, &sregs.gs);
	same_segment("TR", &s.tr, &sregs.tr);
	same_segment("LDTR", &s.ldt, &sregs.ldt);
	CHECK_EQ(s.gdt.base, sregs.gdt.base);
	CHECK_EQ(s.gdt.limit, sregs.gdt.limit);
	CHECK_EQ(s.idt.base, sregs.idt.base);
	CHECK_EQ(s.idt.limit, sregs.idt.limit);
	CHECK_EQ(s.cr0, sregs.cr0);
	CHECK_EQ(s.cr2, sregs.cr2);
	CHECK_EQ(s.cr3, sregs.cr3);
	CHECK_EQ(s.cr4, sregs.cr4);
	CHECK_EQ(s.cr8, sregs.cr8);
	CHECK_EQ(s.efer, sregs.efer);
	CHECK_EQ(s.apic_base, sregs.apic_base);
}

static void same_rest(void)
{
	struct kvm_debugregs d;
	struct kvm_fpu f;
	unsigned int i;

	for (i = 0; i < COUNT(msrs); i++) {
		test_row = msrs[i].name;
		CHECK_EQ(host_msr(msrs[i].index), msrs[i].value);
	}
	test_row = NULL;
	OK(ioctl(v.fd, KVM_GET_DEBUGREGS, &d));
	for (i = 0; i < 4; i++)
		CHECK_EQ(d.db[i], debug.db[i]);
	CHECK_EQ(d.dr6, debug.dr6);
	CHECK_EQ(d.dr7, debug.dr7);
	OK(ioctl(v.fd, KVM_GET_FPU, &f));
	CHECK(!memcmp(f.fpr, fpu.fpr, sizeof(f.fpr)));
	CHECK(!memcmp(f.xmm, fpu.xmm, sizeof(f.xmm)));
	CHECK_EQ(f.mxcsr, fpu.mxcsr);
	CHECK_EQ(f.fcw, fpu.fcw);
}

static void same_regs(uint64_t rip)
{
	struct kvm_regs r = vcpu_regs(&v);

	regs.rip = rip;
	CHECK(!memcmp(&r, &regs, sizeof(r)));
}

static void state_set(void)
{
	unsigned int i;

	vcpu_set_sregs(&v, &sregs);
	vcpu_set_regs(&v, &regs);
	OK(ioctl(v.fd, KVM_SET_FPU, &fpu));
	OK(ioctl(v.fd, KVM_SET_DEBUGREGS, &debug));
	for (i = 0; i < COUNT(msrs); i++) {
		test_row = msrs[i].name;
		CHECK_EQ(host_set(msrs[i].index, msrs[i].value), 1);
	}
	test_row = NULL;
}

static void round_trip(void)
{
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_idle);
	sregs_fill();
	fpu_fill();
	state_set();
	same_regs(GPA_CODE);
	same_sregs();
	same_rest();
	/* And with a guest that has run. */
	vcpu_until(&v, 0x20);
	vcpu_until(&v, 0x21);
	vcpu_until(&v, 0x21);
	same_sregs();
	same_rest();
	vcpu_set_regs(&v, &regs);
	same_regs(GPA_CODE);
}

/* Events that wait, and what a vCPU is about to do. */
static void waiting(void)
{
	static const struct kvm_vcpu_events e = {
		.exception = { .injected = 1, .nr = 14, .has_error_code = 1,
			       .error_code = 6 },
		.nmi = { .pending = 1 },
		.flags = KVM_VCPUEVENT_VALID_NMI_PENDING |
			 KVM_VCPUEVENT_VALID_SHADOW,
	};
	struct kvm_mp_state mp = { .mp_state = KVM_MP_STATE_HALTED };
	struct kvm_vcpu_events got;

	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_idle);
	OK(ioctl(v.fd, KVM_SET_VCPU_EVENTS, &e));
	OK(ioctl(v.fd, KVM_SET_MP_STATE, &mp));
	mp.mp_state = KVM_MP_STATE_RUNNABLE;
	OK(ioctl(v.fd, KVM_GET_MP_STATE, &mp));
	CHECK_EQ(mp.mp_state, KVM_MP_STATE_HALTED);
	OK(ioctl(v.fd, KVM_GET_VCPU_EVENTS, &got));
	CHECK_EQ(got.exception.injected, 1);
	CHECK_EQ(got.exception.nr, 14);
	CHECK_EQ(got.exception.error_code, 6);
	CHECK_EQ(got.nmi.pending, 1);
	CHECK_EQ(got.nmi.masked, 0);
	CHECK_EQ(got.interrupt.shadow, 0);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "round_trip", round_trip, 0 },
		{ "waiting", waiting, 0 },
		{ NULL, NULL, 0 },
	};

	return test_main(argc, argv, cases);
}
