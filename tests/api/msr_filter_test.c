// SPDX-License-Identifier: GPL-2.0-only
/* MSR filters and MSR accesses that userspace handles (api.rst 4.97, 7.21). */
#define _GNU_SOURCE
#include <pthread.h>
#include "msr.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define RD	KVM_MSR_FILTER_READ
#define WR	KVM_MSR_FILTER_WRITE

#define HWCR	0xc0010015
#define FS_BASE	0xc0000100
#define LSTAR	0xc0000082
#define PAT	0x277
#define UNKNOWN	0x12345678
#define MSR_WALL_CLOCK	0x4b564d00	/* msr.rst */

static uint8_t none[KVM_MSR_FILTER_MAX_BITMAP_SIZE];
static uint8_t all[KVM_MSR_FILTER_MAX_BITMAP_SIZE];

static struct kvm_msr_filter_range range(uint32_t flags, uint32_t base,
					 uint32_t n, uint8_t *bitmap)
{
	return (struct kvm_msr_filter_range){
		.flags = flags, .base = base, .nmsrs = n, .bitmap = bitmap,
	};
}

static int filter(uint32_t flags, struct kvm_msr_filter_range a,
		  struct kvm_msr_filter_range b)
{
	struct kvm_msr_filter f = { .flags = flags, .ranges = { a, b } };

	return ioctl(vm.fd, KVM_X86_SET_MSR_FILTER, &f);
}

static const struct kvm_msr_filter_range empty;

static void machine(void)
{
	memset(all, 0xff, sizeof(all));
	msr_machine();
	CHECK_EQ(vm_cap(&vm, KVM_CAP_X86_MSR_FILTER), 1);
	CHECK(vm_cap(&vm, KVM_CAP_X86_USER_SPACE_MSR) > 0);
}

static void to_user(uint64_t reasons)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X86_USER_SPACE_MSR, .args = { reasons },
	};

	OK(ioctl(vm.fd, KVM_ENABLE_CAP, &cap));
}

/* By kind of access, by register, and gone again. */
static void denied(void)
{
	static const uint32_t msrs[] = { HWCR, FS_BASE, LSTAR, PAT, 0x174 };
	unsigned int i;
	uint64_t old;

	machine();
	for (i = 0; i < COUNT(msrs); i++) {
		old = guest_msr(msrs[i]);
		OK(filter(0, range(RD, msrs[i], 1, none), empty));
		CHECK(!guest_reads(msrs[i]));
		CHECK(guest_set(msrs[i], old));
		OK(filter(0, range(WR, msrs[i], 1, none), empty));
		CHECK_EQ(guest_msr(msrs[i]), old);
		CHECK(!guest_set(msrs[i], old));
		OK(filter(0, range(RD | WR, msrs[i], 1, none), empty));
		CHECK(!guest_reads(msrs[i]));
		CHECK(!guest_set(msrs[i], old));
		/* userspace's own accesses are not meant */
		CHECK_EQ(host_msr(msrs[i]), old);
		CHECK_EQ(host_set(msrs[i], old), 1);
		/* neighbours neither */
		CHECK(guest_reads(0xc0000081));
		OK(filter(0, empty, empty));
		CHECK_EQ(guest_msr(msrs[i]), old);
		CHECK(guest_set(msrs[i], old));
	}
}

/* Bit n of the bitmap is register base + n. */
static void bitmap(void)
{
	uint8_t bits[2] = { 0x81, 0x02 };	/* 0, 7, 9 */
	unsigned int i;

	machine();
	/* MTRRs */
	OK(filter(0, range(RD, 0x200, 10, bits), empty));
	for (i = 0; i < 10; i++)
		CHECK_EQ(guest_reads(0x200 + i), i == 0 || i == 7 || i == 9);
	CHECK(guest_reads(0x20a));
	CHECK(guest_reads(0x1a0));
}

static void default_deny(void)
{
	machine();
	OK(filter(KVM_MSR_FILTER_DEFAULT_DENY, range(RD | WR, HWCR, 1, all),
		  range(RD, LSTAR, 1, all)));
	CHECK(guest_reads(HWCR));
	CHECK(guest_set(HWCR, 0));
	CHECK(guest_reads(LSTAR));
	CHECK(!guest_set(LSTAR, 0));
	CHECK(!guest_reads(FS_BASE));
	CHECK(!guest_set(FS_BASE, 0));
	CHECK(!guest_reads(PAT));
	CHECK(!guest_reads(0x10));
	CHECK(!guest_reads(UNKNOWN));
	OK(filter(0, empty, empty));
	CHECK(guest_reads(FS_BASE));
}

/* The first range that is about the kind of access decides. */
static void overlap(void)
{
	machine();
	OK(filter(0, range(RD, HWCR, 1, none),
		  range(RD | WR, HWCR - 5, 10, all)));
	CHECK(!guest_reads(HWCR));
	CHECK(guest_set(HWCR, 0));
	OK(filter(0, range(RD | WR, HWCR - 5, 10, all),
		  range(RD, HWCR, 1, none)));
	CHECK(guest_reads(HWCR));
	OK(filter(0, range(WR, HWCR, 1, all), range(RD, HWCR, 1, none)));
	CHECK(!guest_reads(HWCR));
	CHECK(guest_set(HWCR, 0));
}

/* A vCPU that is made afterwards. */
static void later_vcpu(void)
{
	machine();
	OK(filter(0, range(RD, FS_BASE, 1, none), empty));
	vcpu_close(&v);
	vcpu_new(&vm, &v, 1);
	msr_code(&v);
	CHECK(!guest_reads(FS_BASE));
	CHECK(guest_set(FS_BASE, 0x1000));
}

/* RCX's upper half stays 0: QEMU's TCG looks its bit up with all of RCX. */
static void access_start(uint32_t index, uint64_t value, bool write)
{
	struct kvm_regs r = {
		.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
		.rcx = index, .rsi = write,
		.rax = 0xaaaaaaaa00000000 | (uint32_t)value,
		.rdx = 0xbbbbbbbb00000000 | value >> 32,
	};

	vcpu_set_regs(&v, &r);
}

static void expect_exit(uint32_t reason, uint32_t index, bool write,
			uint64_t value)
{
	access_start(index, value, write);
	vcpu_expect(&v, write ? KVM_EXIT_X86_WRMSR : KVM_EXIT_X86_RDMSR);
	CHECK_EQ(v.run->msr.reason, reason);
	CHECK_EQ(v.run->msr.index, index);
	CHECK_EQ(v.run->msr.error, 0);
	if (write)
		CHECK_EQ(v.run->msr.data, value);
}

static void expect_gp(void)
{
	struct exc e = exc_next(&v);

	CHECK_EQ(e.vector, 13);
	CHECK_EQ(e.error, 0);
}

static void user_filter(void)
{
	struct kvm_regs r;

	machine();
	to_user(KVM_MSR_EXIT_REASON_FILTER);
	OK(filter(0, range(RD | WR, FS_BASE, 1, none),
		  range(RD | WR, HWCR, 1, none)));
	expect_exit(KVM_MSR_EXIT_REASON_FILTER, FS_BASE, false, 0);
	v.run->msr.data = 0x1122334455667788;
	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rax, 0x55667788);
	CHECK_EQ(r.rdx, 0x11223344);
	expect_exit(KVM_MSR_EXIT_REASON_FILTER, HWCR, false, 0);
	v.run->msr.error = 1;
	expect_gp();
	expect_exit(KVM_MSR_EXIT_REASON_FILTER, FS_BASE, true,
		    0x123456789abcdef0);
	vcpu_until(&v, PORT_DONE);
	CHECK(host_msr(FS_BASE) != 0x123456789abcdef0);
	expect_exit(KVM_MSR_EXIT_REASON_FILTER, HWCR, true, 1);
	v.run->msr.error = 1;
	expect_gp();
	/* only what was asked for */
	CHECK(!guest_reads(UNKNOWN));
	CHECK(!guest_set(PAT, 2));
}

static void user_reasons(void)
{
	machine();
	to_user(KVM_MSR_EXIT_REASON_UNKNOWN);
	expect_exit(KVM_MSR_EXIT_REASON_UNKNOWN, UNKNOWN, false, 0);
	v.run->msr.data = 5;
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax, 5);
	expect_exit(KVM_MSR_EXIT_REASON_UNKNOWN, UNKNOWN, true, 7);
	vcpu_until(&v, PORT_DONE);
	CHECK(!guest_set(PAT, 2));
	to_user(KVM_MSR_EXIT_REASON_INVAL);
	expect_exit(KVM_MSR_EXIT_REASON_INVAL, PAT, true, 2);
	v.run->msr.error = 1;
	expect_gp();
	CHECK(!guest_reads(UNKNOWN));
	to_user(0);
	CHECK(!guest_reads(UNKNOWN));
	CHECK(!guest_set(PAT, 2));
}

GUEST(64, g_write, "wrmsr\n inc %rbx\n shl $2, %rbx\n inc %rbx\n" DONE);

/* The instruction's own length, whatever stands in front of it. */
GUEST(64, g_stop, DONE);
GUEST(64, g_prefixed, ".byte 0x66, 0xf3\n rdmsr\n inc %rbx\n" DONE);

static void user_length(void)
{
	struct kvm_regs r = {
		.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2, .rcx = UNKNOWN,
		.rbx = 1,
	};

	machine();
	to_user(KVM_MSR_EXIT_REASON_UNKNOWN);
	vcpu_code(&v, MODE_LONG, g_prefixed);
	vcpu_set_regs(&v, &r);
	vcpu_expect(&v, KVM_EXIT_X86_RDMSR);
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx, 2);
}

/* The access is done: what userspace has put in the instruction's place is not it. */
static void user_changes_code(void)
{
	static const uint8_t longer[] = { 0x48, 0xb8 };	/* with its operand 10 bytes */
	struct kvm_regs r = {
		.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2, .rcx = UNKNOWN,
		.rbx = 1,
	};

	machine();
	to_user(KVM_MSR_EXIT_REASON_UNKNOWN);
	vcpu_code(&v, MODE_LONG, g_write);
	vcpu_set_regs(&v, &r);
	vcpu_expect(&v, KVM_EXIT_X86_WRMSR);
	memcpy(vm.mem + GPA_CODE, longer, sizeof(longer));
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx, 9);
}

/* As a VMM does that resets the vCPU: neither step nor #GP nor result comes to it. */
static void user_moves_rip(void)
{
	struct kvm_regs r = {
		.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2, .rcx = UNKNOWN,
		.rax = 0x12,
	};

	machine();
	if (!vm_cap(&vm, KVM_CAP_INTR_SHADOW))
		test_skip("Linux's KVM finishes the instruction where the vCPU is then");
	to_user(KVM_MSR_EXIT_REASON_UNKNOWN);
	vcpu_code(&v, MODE_LONG, g_prefixed);
	vm_load(&vm, GPA_CODE + 0x100, g_stop, g_stop_end);
	vcpu_set_regs(&v, &r);
	vcpu_expect(&v, KVM_EXIT_X86_RDMSR);
	v.run->msr.data = 0x34;
	r.rip = GPA_CODE + 0x100;
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax, 0x12);
	r.rip = GPA_CODE;
	vcpu_set_regs(&v, &r);
	vcpu_expect(&v, KVM_EXIT_X86_RDMSR);
	v.run->msr.error = 1;
	r.rip = GPA_CODE + 0x100;
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
}

/*
 * The guest's wall clock, written over the WRMSR that asks for it: its length is that of
 * what was executed.  The version's increments carry into a prefix, which becomes AAS:
 * no instruction in 64-bit code.
 */
static void own_code(void)
{
	static const uint8_t code[12] = { 0xfd, 0x3e, 0x0f, 0x30, 0xf4 };
	struct kvm_guest_debug step = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP,
	};
	struct kvm_regs r = {
		.rip = GPA_CODE + 1, .rsp = GPA_STACK, .rflags = 2,
		.rax = GPA_CODE, .rcx = MSR_WALL_CLOCK,
	};

	machine();
	vcpu_mode(&v, MODE_LONG, GPA_CODE);
	vm_load(&vm, GPA_CODE, code, code + sizeof(code));
	vcpu_set_regs(&v, &r);
	OK(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &step));
	vcpu_expect(&v, KVM_EXIT_DEBUG);
	CHECK_EQ(v.run->debug.arch.pc, GPA_CODE + 4);
	CHECK_EQ(vm.mem[GPA_CODE + 1], 0x3f);
}

/* No filter reaches the x2APIC's registers. */
static void x2apic(void)
{
	machine();
	to_user(KVM_MSR_EXIT_REASON_FILTER);
	OK(filter(KVM_MSR_FILTER_DEFAULT_DENY, range(RD | WR, HWCR, 1, all),
		  range(RD | WR, 0x800, 0x100, none)));
	CHECK(!guest_reads(0x802));
	CHECK(!guest_reads(0x8ff));
	expect_exit(KVM_MSR_EXIT_REASON_FILTER, 0x7ff, false, 0);
	v.run->msr.error = 1;
	expect_gp();
	expect_exit(KVM_MSR_EXIT_REASON_FILTER, 0x900, false, 0);
}

static void bad(void)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_X86_USER_SPACE_MSR };

	machine();
	OK(filter(0, range(RD, HWCR, 1, none), empty));
	ERR(filter(2, range(RD, HWCR, 1, all), empty), EINVAL);
	ERR(filter(0, range(4, HWCR, 1, all), empty), EINVAL);
	ERR(filter(0, range(0, HWCR, 1, all), empty), EINVAL);
	ERR(filter(0, range(RD, 0, 8 * sizeof(all) + 1, all), empty), EINVAL);
	ERR(filter(0, range(RD, 0, ~0u, all), empty), EINVAL);
	ERR(filter(KVM_MSR_FILTER_DEFAULT_DENY, empty, empty), EINVAL);
	ERR(filter(0, range(RD, HWCR, 1, NULL), empty), EFAULT);
	ERR(filter(0, range(RD, HWCR, 1, all),
		   range(RD, 0, 1, (uint8_t *)0xffff888000001000)), EFAULT);
	ERR(ioctl(vm.fd, KVM_X86_SET_MSR_FILTER, NULL), EFAULT);
	/* the old one holds */
	CHECK(!guest_reads(HWCR));
	CHECK(guest_reads(FS_BASE));
	/* the largest */
	OK(filter(0, range(RD | WR, 0xc0000000, 8 * sizeof(all), all), empty));
	CHECK(guest_reads(HWCR));
	/* at the end of the numbers */
	OK(filter(0, range(RD | WR, 0xffffffff, 100, none), empty));
	CHECK(guest_reads(0));

	cap.args[0] = 8;
	ERR(ioctl(vm.fd, KVM_ENABLE_CAP, &cap), EINVAL);
	cap.args[0] = 1ull << 40;
	ERR(ioctl(vm.fd, KVM_ENABLE_CAP, &cap), EINVAL);
	cap.args[0] = 0;
	cap.flags = 1;
	ERR(ioctl(vm.fd, KVM_ENABLE_CAP, &cap), EINVAL);
	/* arguments that the capability does not have */
	cap.flags = 0;
	cap.args[3] = 1;
	OK(ioctl(vm.fd, KVM_ENABLE_CAP, &cap));
	if (is_stock())
		return;
	ERR(filter(0, range(RD, HWCR, 1, none), range(8, 0, 0, NULL)), EINVAL);
}

/* RBX rounds of an access that each filter allows. */
GUEST(64, g_rounds,
      "1: mov $0xc0000100, %ecx\n rdmsr\n mov $0xc0010015, %ecx\n rdmsr\n"
      "dec %rbx\n jnz 1b\n" DONE);

static volatile bool over;

static void *changer(void *arg)
{
	unsigned int i;

	(void)arg;
	for (i = 0; !over; i++) {
		OK(filter(0, range(RD, LSTAR, 1, none), empty));
		OK(filter(0, empty, empty));
		OK(filter(KVM_MSR_FILTER_DEFAULT_DENY,
			  range(RD, FS_BASE, 1, all),
			  range(RD, HWCR, 1, all)));
	}
	CHECK(i > 0);
	return NULL;
}

/* What the old and the new filter agree on is never in doubt. */
static void change_while_running(void)
{
	pthread_t t;
	int i;

	machine();
	vcpu_code(&v, MODE_LONG, g_rounds);
	exc_setup(&v);
	OK(-pthread_create(&t, NULL, changer, NULL));
	for (i = 0; i < 20; i++) {
		vcpu_set_regs(&v, &(struct kvm_regs){
			.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			.rbx = 2000 });
		vcpu_until(&v, PORT_DONE);
	}
	over = true;
	pthread_join(t, NULL);
}

static const struct test_case cases[] = {
	{ "denied", denied, 0 },
	{ "bitmap", bitmap, 0 },
	{ "default_deny", default_deny, 0 },
	{ "overlap", overlap, 0 },
	{ "later_vcpu", later_vcpu, 0 },
	{ "user_filter", user_filter, 0 },
	{ "user_reasons", user_reasons, 0 },
	{ "user_length", user_length, 0 },
	{ "user_changes_code", user_changes_code, 0 },
	{ "user_moves_rip", user_moves_rip, 0 },
	{ "own_code", own_code, 0 },
	{ "x2apic", x2apic, 0 },
	{ "bad", bad, 0 },
	{ "change_while_running", change_while_running, 120 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
