// SPDX-License-Identifier: GPL-2.0-only
/* Machine checks that userspace reports (SDM vol. 3, 16.3). */
#define _GNU_SOURCE
#include "msr.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define ST_VAL		(1ull << 63)
#define ST_OVER		(1ull << 62)
#define ST_UC		(1ull << 61)
#define ST_EN		(1ull << 60)
#define ST_MISCV	(1ull << 59)
#define ST_ADDRV	(1ull << 58)

#define CORRECTED	(ST_VAL | ST_EN | ST_MISCV | ST_ADDRV | 0x9f)
#define UNCORRECTED	(CORRECTED | ST_UC)

#define MCG_CAP_TEST	(1ull << 8 | 1ull << 24 | 4)
#define MCIP_RIPV	5

static void mce_machine(void)
{
	uint64_t cap = MCG_CAP_TEST;
	struct kvm_sregs s;

	msr_machine();
	OK(ioctl(v.fd, KVM_X86_SETUP_MCE, &cap));
	s = vcpu_sregs(&v);
	s.cr4 |= 1 << 6;
	vcpu_set_sregs(&v, &s);
}

static void mce(unsigned int bank, uint64_t status, uint64_t addr)
{
	struct kvm_x86_mce e = {
		.status = status, .addr = addr, .misc = addr + 1,
		.mcg_status = MCIP_RIPV, .bank = bank,
	};

	OK(ioctl(v.fd, KVM_X86_SET_MCE, &e));
}

static void mce_setup(void)
{
	static const uint64_t bad[] = {
		0, 1 << 8, 33, 255, 4 | 1 << 9, 4 | 1 << 10, 4ull | 1 << 27,
		4 | 1ull << 63,
	};
	uint64_t cap = 0;
	unsigned int i;

	msr_machine();
	CHECK_EQ(vm_cap(&vm, KVM_CAP_MCE), 32);
	OK(ioctl(vm.kvm, KVM_X86_GET_MCE_CAP_SUPPORTED, &cap));
	CHECK_EQ(cap, 1ull << 8 | 1ull << 24);
	for (i = 0; i < COUNT(bad); i++) {
		cap = bad[i];
		ERR(ioctl(v.fd, KVM_X86_SETUP_MCE, &cap), EINVAL);
	}
	cap = MCG_CAP_TEST;
	OK(ioctl(v.fd, KVM_X86_SETUP_MCE, &cap));
	/* recovery (bit 24) is Intel's; reserved on AMD's processors */
	CHECK_EQ(guest_msr(0x179), cpu_is_amd() ? 0x104 : MCG_CAP_TEST);
	CHECK_EQ(guest_msr(0x17a), 0);
	CHECK_EQ(guest_msr(0x17b), ~0ull);
	CHECK(!guest_set(0x179, MCG_CAP_TEST));
	CHECK(guest_set(0x17b, 0));
	CHECK_EQ(guest_msr(0x17b), 0);
	for (i = 0; i < 4; i++) {
		CHECK_EQ(guest_msr(0x400 + 4 * i), ~0ull);
		CHECK_EQ(guest_msr(0x401 + 4 * i), 0);
	}
	CHECK(!guest_reads(0x410));
	CHECK(!guest_set(0x413, 0));
	/* no global control register */
	cap = 2;
	OK(ioctl(v.fd, KVM_X86_SETUP_MCE, &cap));
	CHECK_EQ(guest_msr(0x179), 2);
	CHECK(!guest_reads(0x17b));
	CHECK(!guest_reads(0x408));
}

static void mce_corrected(void)
{
	mce_machine();
	mce(1, CORRECTED, 0x1000);
	CHECK_EQ(guest_msr(0x405), CORRECTED);
	CHECK_EQ(guest_msr(0x406), 0x1000);
	CHECK_EQ(guest_msr(0x407), 0x1001);
	CHECK_EQ(guest_msr(0x401), 0);
	CHECK_EQ(guest_msr(0x17a), 0);
	/* a second one before the guest looked */
	mce(1, CORRECTED, 0x2000);
	CHECK_EQ(guest_msr(0x405), CORRECTED | ST_OVER);
	CHECK_EQ(guest_msr(0x406), 0x2000);
	CHECK(guest_set(0x405, 0));
	mce(1, CORRECTED, 0x3000);
	CHECK_EQ(guest_msr(0x405), CORRECTED);
	/* nothing of the kind ends in a #MC */
	mce(3, CORRECTED, 0x4000);
	CHECK_EQ(guest_msr(0x40e), 0x4000);
}

/* #MC at the instruction that comes next, and the bank as expected then. */
static void mce_expect(unsigned int bank, uint64_t addr, uint64_t status)
{
	vcpu_restart(&v, 0);
	mce(bank, UNCORRECTED, addr);
	exc_expect(&v, 18, 0);
	CHECK_EQ(guest_msr(0x401 + 4 * bank), status);
	CHECK_EQ(guest_msr(0x17a), MCIP_RIPV);
}

static void mce_uncorrected(void)
{
	mce_machine();
	mce_expect(2, 0x5000, UNCORRECTED);
	CHECK_EQ(guest_msr(0x40a), 0x5000);
	CHECK(guest_set(0x17a, 0));
	/* the guest did not clear the bank */
	mce_expect(2, 0x6000, UNCORRECTED | ST_OVER);
	CHECK(guest_set(0x17a, 0));
	/* a corrected one leaves it alone but for the overflow */
	CHECK(guest_set(0x409, 0));
	mce_expect(2, 0x7000, UNCORRECTED);
	mce(2, CORRECTED, 0x8000);
	CHECK_EQ(guest_msr(0x409), UNCORRECTED | ST_OVER);
	CHECK_EQ(guest_msr(0x40a), 0x7000);
}

/* Turned off by the guest: for all banks, for one. */
static void mce_disabled(void)
{
	mce_machine();
	CHECK(guest_set(0x17b, 0));
	mce(0, UNCORRECTED, 0x1000);
	CHECK_EQ(guest_msr(0x401), 0);
	CHECK(guest_set(0x17b, ~0ull));
	CHECK(guest_set(0x404, 0));
	mce(1, UNCORRECTED, 0x1000);
	CHECK_EQ(guest_msr(0x405), 0);
	mce_expect(0, 0x1000, UNCORRECTED);
}

static void mce_shutdown(void)
{
	struct kvm_sregs s;

	mce_machine();
	mce(0, UNCORRECTED, 0x1000);
	mce(1, UNCORRECTED, 0x1000);
	vcpu_expect(&v, KVM_EXIT_SHUTDOWN);
	vcpu_close(&v);
	vm_close(&vm);

	mce_machine();
	s = vcpu_sregs(&v);
	s.cr4 &= ~(1ull << 6);
	vcpu_set_sregs(&v, &s);
	mce(0, UNCORRECTED, 0x1000);
	vcpu_expect(&v, KVM_EXIT_SHUTDOWN);
}

static void mce_bad(void)
{
	struct kvm_x86_mce e = { .status = CORRECTED, .bank = 4 };

	mce_machine();
	ERR(ioctl(v.fd, KVM_X86_SET_MCE, &e), EINVAL);
	e.bank = 255;
	ERR(ioctl(v.fd, KVM_X86_SET_MCE, &e), EINVAL);
	e.bank = 0;
	e.status &= ~ST_VAL;
	ERR(ioctl(v.fd, KVM_X86_SET_MCE, &e), EINVAL);
	CHECK_EQ(guest_msr(0x401), 0);
	if (is_stock())
		return;
	e.status |= ST_VAL;
	e.pad1[6] = 1;
	ERR(ioctl(v.fd, KVM_X86_SET_MCE, &e), EINVAL);
	e.pad1[6] = 0;
	e.pad2[2] = 1;
	ERR(ioctl(v.fd, KVM_X86_SET_MCE, &e), EINVAL);
	e.pad2[2] = 0;
	e.mcg_status = 1 << 4;
	ERR(ioctl(v.fd, KVM_X86_SET_MCE, &e), EINVAL);
	CHECK_EQ(guest_msr(0x401), 0);
}

/* What a guest may write into a bank, here AMD's rules (APM vol. 2, 9.3.2). */
static void mce_bank_writes(void)
{
	if (!cpu_is_amd())
		test_skip("AMD's rules");
	mce_machine();
	CHECK(guest_set(0x404, 0));
	CHECK(guest_set(0x404, ~0ull));
	CHECK(guest_set(0x405, 0));
	CHECK(!guest_set(0x405, ST_VAL));
	CHECK(guest_set(0x406, 0x1000));
	CHECK(guest_set(0xc0010015, 1 << 18));
	CHECK(guest_set(0x405, UNCORRECTED));
	CHECK_EQ(guest_msr(0x405), UNCORRECTED);
	CHECK_EQ(host_set(0x405, CORRECTED), 1);
	CHECK_EQ(host_msr(0x405), CORRECTED);
}

static const struct test_case cases[] = {
	{ "setup", mce_setup, 0 },
	{ "corrected", mce_corrected, 0 },
	{ "uncorrected", mce_uncorrected, 0 },
	{ "disabled", mce_disabled, 0 },
	{ "shutdown", mce_shutdown, 0 },
	{ "bad", mce_bad, 0 },
	{ "bank_writes", mce_bank_writes, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
