// SPDX-License-Identifier: GPL-2.0-only
/*
 * System management mode while L2 runs, on Intel's processors: that L2 goes on behind RSM is
 * nothing that the handler can change (SDM vol. 3, 34.14), and does not outlive the mode.
 */
#define _GNU_SOURCE
#include "smm.h"
#include "vmx.h"

#define PORT_L2		0x22
#define AREA_GUEST	0xfed8	/* bit 0: L2 ran */
#define SMM_L2		KVM_STATE_NESTED_SMM_GUEST_MODE
#define SMM_VMX		KVM_STATE_NESTED_SMM_VMXON

GUEST(64, g_l2, "mov $0x1234, %ebx\n 1: out %al, $0x22\n inc %ebx\n cmp $0x1236, %ebx\n jne 1b\n"
      "vmcall\n");

static uint8_t *smram;

/* The handler runs, and L2 has stopped for it. */
static void start(void)
{
	skip_without_smm();
	L2_START(g_l2);
	smram = smram_new(&vm, 0, SMBASE);
	l2_out(PORT_L2);
	complete(&v);
	smi_enter(&v);
	complete(&v);
}

static unsigned int smm_flags(void)
{
	struct l2_state s;

	l2_state_get(&s);
	return s.head.hdr.vmx.smm.flags;
}

static void smm_set(bool inside)
{
	struct kvm_vcpu_events e = events(&v);

	e.smi.smm = inside;
	OK(ioctl(v.fd, KVM_SET_VCPU_EVENTS, &e));
}

static void goes_on(void)
{
	start();
	CHECK_EQ(smm_flags(), SMM_VMX | SMM_L2);
	l2_out(PORT_L2);
	CHECK_EQ(vcpu_regs(&v).rbx, 0x1235);
	CHECK_EQ(smm_flags(), 0);
	l2_until(R_VMCALL);
}

/* What SMRAM says of L2 is not asked. */
static void bit_cleared(void)
{
	struct l2_state s;

	start();
	CHECK_EQ(area_get(smram, AREA_GUEST, 8) & 1, 1);
	area_set(smram, AREA_GUEST, 8, 0);
	l2_out(PORT_L2);
	l2_state_get(&s);
	CHECK(s.head.flags & KVM_STATE_NESTED_GUEST_MODE);
	l2_until(R_VMCALL);
}

/* Userspace ends the mode: there is no L2 to come back to, when it begins another one. */
static void ended_by_user(void)
{
	start();
	smm_set(false);
	smm_set(true);
	CHECK_EQ(smm_flags(), SMM_VMX);
	CHECK_EQ(area_get(smram, AREA_GUEST, 8) & 1, 1);
	vcpu_expect(&v, KVM_EXIT_SHUTDOWN);
}

/* Nor can an RSM of L1's lead to L2. */
static void bit_set(void)
{
	start();
	l2_out(PORT_L2);
	l2_until(R_VMCALL);
	complete(&v);
	smi_enter(&v);
	complete(&v);
	CHECK_EQ(smm_flags(), SMM_VMX);
	CHECK_EQ(area_get(smram, AREA_GUEST, 8) & 1, 0);
	area_set(smram, AREA_GUEST, 8, 1);
	vcpu_expect(&v, KVM_EXIT_SHUTDOWN);
}

BOTH(goes_on)
BOTH(bit_cleared)
BOTH(ended_by_user)
BOTH(bit_set)

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		CASES(goes_on), CASES(bit_cleared), CASES(ended_by_user), CASES(bit_set), { }
	};

	return test_main(argc, argv, cases);
}
