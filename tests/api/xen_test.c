// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests of Xen's (api.rst, KVM_XEN_HVM_CONFIG and KVM_EXIT_XEN): their hypercall page,
 * their hypercalls, and Hyper-V's beside them.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "hv.h"

#define XEN_MSR		0x40000200
#define GPA_PAGE	(GPA_DATA + 0x8000)
#define INTERCEPT	KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL

static int configure(struct kvm_xen_hvm_config c)
{
	return ioctl(vm.fd, KVM_XEN_HVM_CONFIG, &c);
}

static void skip_without(void)
{
	if (!(vm_cap(&vm, KVM_CAP_XEN_HVM) & INTERCEPT))
		test_skip("no hypercalls of Xen's");
}

static void machine(void)
{
	msr_machine();
	skip_without();
	OK(configure((struct kvm_xen_hvm_config){ .flags = INTERCEPT, .msr = XEN_MSR }));
}

static void config(void)
{
	static uint8_t blob[4096];

	msr_machine();
	skip_without();
	CHECK_EQ(vm_cap(&vm, KVM_CAP_XEN_HVM) & 3, 3);
	CHECK(!guest_set(XEN_MSR, GPA_PAGE));
	ERR(configure((struct kvm_xen_hvm_config){ .flags = 1, .msr = XEN_MSR }), EINVAL);
	ERR(configure((struct kvm_xen_hvm_config){ .flags = 1u << 31, .msr = XEN_MSR }),
	    EINVAL);
	ERR(configure((struct kvm_xen_hvm_config){ .flags = INTERCEPT, .msr = XEN_MSR,
			      .blob_addr_64 = (uintptr_t)blob }), EINVAL);
	ERR(configure((struct kvm_xen_hvm_config){ .flags = INTERCEPT, .msr = XEN_MSR,
			      .blob_size_32 = 1 }), EINVAL);
	CHECK(!guest_set(XEN_MSR, GPA_PAGE));
	OK(configure((struct kvm_xen_hvm_config){ .flags = INTERCEPT, .msr = XEN_MSR }));
	CHECK(guest_set(XEN_MSR, GPA_PAGE));
	/* Another one in its place; none. */
	OK(configure((struct kvm_xen_hvm_config){ .flags = INTERCEPT, .msr = XEN_MSR + 1 }));
	CHECK(!guest_set(XEN_MSR, GPA_PAGE));
	CHECK(guest_set(XEN_MSR + 1, GPA_PAGE));
	OK(configure((struct kvm_xen_hvm_config){ }));
	CHECK(!guest_set(XEN_MSR + 1, GPA_PAGE));
}

/* By the page: hypercall 17 is 17 times 32 bytes behind its start. */
static void page(void)
{
	const uint8_t *entry = vm.mem;

	machine();
	CHECK(guest_set(XEN_MSR, GPA_PAGE));
	entry = vm.mem + GPA_PAGE + 17 * 32;
	/* MOV EAX, 17; VMCALL or VMMCALL; RET */
	CHECK(!memcmp(entry, "\xb8\x11\x00\x00\x00\x0f\x01", 7));
	CHECK_EQ(entry[7], cpu_is_amd() ? 0xd9 : 0xc1);
	CHECK_EQ(entry[8], 0xc3);
	CHECK_EQ(vm.mem[GPA_PAGE + 127 * 32 + 1], 127);
	CHECK_EQ(vm.mem[GPA_PAGE + 0x1000], 0);
	/* There is one page, and it has to be somewhere. */
	CHECK(!guest_set(XEN_MSR, GPA_PAGE + 1));
	CHECK(!guest_set(XEN_MSR, GPA_HOLE));
}

/* Userspace's own code, of which the low bits of the address name a page. */
static void blob(void)
{
	uint8_t *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm_xen_hvm_config c = { .msr = XEN_MSR, .blob_size_64 = 2,
					.blob_addr_64 = (uintptr_t)pages };

	CHECK(pages != MAP_FAILED);
	memset(pages, 0x11, 4096);
	memset(pages + 4096, 0x22, 4096);
	msr_machine();
	skip_without();
	OK(configure(c));
	CHECK(guest_set(XEN_MSR, GPA_PAGE));
	CHECK(!memcmp(vm.mem + GPA_PAGE, pages, 4096));
	CHECK(guest_set(XEN_MSR, GPA_PAGE + 1));
	CHECK(!memcmp(vm.mem + GPA_PAGE, pages + 4096, 4096));
	CHECK_EQ(vm.mem[GPA_PAGE + 4096], 0);
	CHECK(!guest_set(XEN_MSR, GPA_PAGE + 2));
	CHECK(!guest_set(XEN_MSR, GPA_HOLE));
	/* It has gone meanwhile; Linux's KVM lets KVM_RUN fail. */
	OK(munmap(pages, 3 * 4096));
	if (!is_stock())
		CHECK(!guest_set(XEN_MSR, GPA_PAGE));
}

/* ---- hypercalls ---- */

#define ARG(n)		(0xdeadbeef5a5a0000ull + (n))

/* Either vendor's instruction: the quirk, which is on, makes it the host's. */
GUEST(64, g_call64, "vmcall\n" DONE);
GUEST(64, g_mcall64, "vmmcall\n" DONE);
GUEST(32, g_call32, "vmmcall\n" DONE);

static void asks(enum mode mode, uint64_t result)
{
	static const int reg64[] = { 1, 2, 3, 4, 5, 6 }, reg32[] = { 7, 8, 3, 2, 1, 9 };
	const int *arg = mode == MODE_LONG ? reg64 : reg32;
	uint64_t mask = mode == MODE_LONG ? ~0ull : ~0u;
	int i;

	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rax = 17, .rdi = ARG(1), .rsi = ARG(2), .rdx = ARG(3),
			      .r10 = ARG(4), .r8 = ARG(5), .r9 = ARG(6), .rbx = ARG(7),
			      .rcx = ARG(8), .rbp = ARG(9) });
	vcpu_expect(&v, KVM_EXIT_XEN);
	CHECK_EQ(v.run->xen.type, KVM_EXIT_XEN_HCALL);
	CHECK_EQ(v.run->xen.u.hcall.longmode, mode == MODE_LONG);
	CHECK_EQ(v.run->xen.u.hcall.cpl, 0);
	CHECK_EQ(v.run->xen.u.hcall.input, 17);
	for (i = 0; i < 6; i++)
		CHECK_EQ(v.run->xen.u.hcall.params[i], ARG(arg[i]) & mask);
	v.run->xen.u.hcall.result = result;
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax, result & mask);
}

static void asked(void)
{
	struct kvm_regs r;

	machine();
	vcpu_code(&v, MODE_LONG, g_call64);
	asks(MODE_LONG, 0xcafef00dfbfbffffull);
	vcpu_code(&v, MODE_LONG, g_mcall64);
	asks(MODE_LONG, 0);
	vcpu_code(&v, MODE_32, g_call32);
	asks(MODE_32, is_stock() ? 0x55667788 : 0x1122334455667788ull);
	/* Userspace moves the vCPU elsewhere in place of an answer. */
	vcpu_code(&v, MODE_LONG, g_mcall64);
	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rflags = 2, .rax = 5 });
	vcpu_expect(&v, KVM_EXIT_XEN);
	v.run->xen.u.hcall.result = 0x77;
	r = vcpu_regs(&v);
	r.rip = GPA_CODE;
	vcpu_set_regs(&v, &r);
	if (is_stock())
		return;
	vcpu_expect(&v, KVM_EXIT_XEN);
	CHECK_EQ(v.run->xen.u.hcall.input, 5);
}

/* Without the flag they are KVM's, and unknown. */
static void not_asked(void)
{
	machine();
	OK(configure((struct kvm_xen_hvm_config){ .msr = XEN_MSR }));
	vcpu_code(&v, MODE_LONG, g_mcall64);
	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rflags = 2, .rax = 17 });
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax, -1000ull);
}

/* Hyper-V's come from its page. */
static void beside_hyperv(void)
{
	hv_machine();
	skip_without();
	OK(configure((struct kvm_xen_hvm_config){ .flags = INTERCEPT, .msr = XEN_MSR }));
	CHECK(guest_set(XEN_MSR, GPA_PAGE));
	hv_calls();
	CHECK_EQ(hv_call(CALL_SPIN | CALL_FAST, 0, 0), HV_OK);
	CHECK_EQ(hv_call(0xbeef, GPA_IN, 0), HV_CODE);
	vcpu_code(&v, MODE_LONG, g_mcall64);
	asks(MODE_LONG, 0x99);
	/* Where Xen's guests have theirs if there is no Hyper-V. */
	OK(configure((struct kvm_xen_hvm_config){ .flags = INTERCEPT, .msr = HV_OS_ID }));
	msr_code(&v);
	memset(vm.mem + GPA_PAGE, 0, 4096);
	CHECK(guest_set(HV_OS_ID, GPA_PAGE));
	CHECK_EQ(vm.mem[GPA_PAGE], 0xb8);
	CHECK_EQ(host_msr(HV_OS_ID), LINUX_ID);
}

/* 32-bit code's hypercall value has bits that Hyper-V's page changes. */
static void beside_hyperv_32(void)
{
	hv_machine();
	skip_without();
	if (is_stock())
		test_skip("not looked into");
	OK(configure((struct kvm_xen_hvm_config){ .flags = INTERCEPT, .msr = XEN_MSR }));
	hv_calls();
	vcpu_code(&v, MODE_32, g_call32);
	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rflags = 2,
			      .rax = 0x80000000 | CALL_SPIN | CALL_FAST });
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax, HV_OK);
	CHECK_EQ(vcpu_regs(&v).rdx, 0);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ .name = "config", .run = config },
		{ .name = "page", .run = page },
		{ .name = "blob", .run = blob },
		{ .name = "asked", .run = asked },
		{ .name = "not_asked", .run = not_asked },
		{ .name = "beside_hyperv", .run = beside_hyperv },
		{ .name = "beside_hyperv_32", .run = beside_hyperv_32 },
		{ }
	};

	return test_main(argc, argv, cases);
}
