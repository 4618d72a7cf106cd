// SPDX-License-Identifier: GPL-2.0-only
/* KVM_GET_NESTED_STATE and KVM_SET_NESTED_STATE in the SVM format (api.rst 4.114, 4.115). */
#define _GNU_SOURCE
#include "svm.h"

struct state {
	struct kvm_nested_state head;
	uint8_t vmcb[4096];
};

static void state_get(struct state *s)
{
	memset(s, 0, sizeof(*s));
	s->head.size = sizeof(*s);
	OK(ioctl(v.fd, KVM_GET_NESTED_STATE, s));
}

GUEST(64, g_state, "mov $0x55, %ebx\n out %al, $0x20\n add $1, %ebx\n vmmcall\n");

/* L2 is taken from one vCPU to another, in the same memory. */
static void state_move(void)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	struct vcpu old;
	struct state s;

	L2_START(g_state);
	intercept(EXIT_VMMCALL);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_NESTED_STATE), sizeof(s));
	l2_out(0x20);
	/* Linux's KVM has the flag since 6.11. */
	if (!is_stock())
		CHECK_EQ(v.run->flags, 1 << 2);
	/* OUT completes. */
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	state_get(&s);
	CHECK_EQ(s.head.format, KVM_STATE_NESTED_FORMAT_SVM);
	CHECK_EQ(s.head.size, sizeof(s));
	CHECK_EQ(s.head.flags & ~KVM_STATE_NESTED_RUN_PENDING,
		 KVM_STATE_NESTED_GUEST_MODE | KVM_STATE_NESTED_GIF_SET);
	CHECK_EQ(s.head.hdr.svm.vmcb_pa, GPA_VMCB);
	CHECK_EQ(((struct vmcb *)s.vmcb)->rip & ~0xfffull, GPA_CODE);
	sregs = vcpu_sregs(&v);
	regs = vcpu_regs(&v);
	old = v;
	vcpu_new(&vm, &v, 1);
	vcpu_set_sregs(&v, &sregs);
	vcpu_set_regs(&v, &regs);
	OK(ioctl(v.fd, KVM_SET_NESTED_STATE, &s));
	l2_until(EXIT_VMMCALL);
	CHECK_EQ(vcpu_regs(&v).rbx, 0x56);
	CHECK_EQ(vcpu_regs(&v).rsp, GPA_STACK);
	CHECK_EQ(v.run->flags, 0);
	vcpu_close(&old);
}

static void state_hostile(void)
{
	struct state s, bad;

	L2_START(g_state);
	intercept(EXIT_VMMCALL);
	l2_out(0x20);
	state_get(&s);
	bad = s;
	bad.head.size = sizeof(bad.head);
	ERR(ioctl(v.fd, KVM_GET_NESTED_STATE, &bad), E2BIG);
	CHECK_EQ(bad.head.size, sizeof(s));
	bad.head.size = sizeof(bad.head) - 1;
	ERR(ioctl(v.fd, KVM_SET_NESTED_STATE, &bad), EINVAL);
	bad = s;
	bad.head.size = sizeof(bad.head);
	ERR(ioctl(v.fd, KVM_SET_NESTED_STATE, &bad), EINVAL);
	bad = s;
	bad.head.flags |= 1 << 12;
	ERR(ioctl(v.fd, KVM_SET_NESTED_STATE, &bad), EINVAL);
	bad = s;
	bad.head.format = KVM_STATE_NESTED_FORMAT_VMX;
	ERR(ioctl(v.fd, KVM_SET_NESTED_STATE, &bad), EINVAL);
	bad = s;
	bad.head.hdr.svm.vmcb_pa |= 1;
	ERR(ioctl(v.fd, KVM_SET_NESTED_STATE, &bad), EINVAL);
	bad = s;
	((struct vmcb *)bad.vmcb)->asid = 0;
	ERR(ioctl(v.fd, KVM_SET_NESTED_STATE, &bad), EINVAL);
	bad = s;
	((struct vmcb *)bad.vmcb)->cr0 = 0;
	ERR(ioctl(v.fd, KVM_SET_NESTED_STATE, &bad), EINVAL);
	/* No harm was done. */
	l2_until(EXIT_VMMCALL);
	CHECK_EQ(vcpu_regs(&v).rbx, 0x56);
	/* Nor by the end of L2. */
	s.head.flags = KVM_STATE_NESTED_GIF_SET;
	s.head.size = sizeof(s.head);
	OK(ioctl(v.fd, KVM_SET_NESTED_STATE, &s));
}

/* With nested=0 no guest has SVM, although userspace's CPUID says so. */
static void off(void)
{
	struct kvm_cpuid2 *c;
	uint64_t efer;
	unsigned int i;

	vm_new(&vm, 0);
	if (vm_cap(&vm, KVM_CAP_NESTED_STATE))
		test_skip("nesting is on");
	c = cpuid_supported(vm.kvm);
	for (i = 0; i < c->nent; i++)
		if (c->entries[i].function == 0x80000001)
			c->entries[i].ecx |= 1 << 2;
	vcpu_raw(&vm, &v, 0);
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	msr_code(&v);
	efer = guest_msr(0xc0000080);
	CHECK(!guest_set(0xc0000080, efer | 1 << 12));
	CHECK(!guest_reads(0xc0010117));
}

BOTH(state_move)
BOTH(state_hostile)

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		CASES(state_move), CASES(state_hostile), CASE(off), { }
	};

	return test_main(argc, argv, cases);
}
