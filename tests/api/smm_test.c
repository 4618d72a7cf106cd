// SPDX-License-Identifier: GPL-2.0-only
/*
 * System-management mode: SMRAM is address space 1, and what the guest was doing goes on
 * behind RSM.  The saved state is where the manuals have it (APM vol. 2, table 10-1;
 * SDM vol. 3, table 30-1).
 */
#define _GNU_SOURCE
#include "start.h"

#define SMBASE		0x30000ul
#define SMRAM_SIZE	0x40000ul
#define SAVE		0xfe00
#define UD		6
#define RBX		0x1122334455667788ull

static struct vm vm;
static struct vcpu v;
static uint8_t *smram;

GUEST(64, g_ports, "mov $0x1122334455667788, %rbx\n out %al, $0x10\n"
      "out %al, $0x11\n out %al, $0x12\n" DONE);
GUEST(32, g_ports32, "mov $0x11223344, %ebx\n out %al, $0x10\n"
      "out %al, $0x11\n out %al, $0x12\n" DONE);
GUEST(64, g_rsm, "nop\n rsm\n" DONE);
/* In SMM: say so; go away; go away to another SMBASE; come back broken. */
GUEST(16, g_smi, "out %al, $0x20\n rsm\n");
GUEST(16, g_move, "movl $0x50000, %cs:0xff00\n out %al, $0x21\n rsm\n");
GUEST(16, g_break, "movl $0x80000000, %cs:0xff58\n out %al, $0x22\n rsm\n");
GUEST(16, g_rbx, "movl $0x77, %cs:0xffe0\n out %al, $0x23\n rsm\n");

#define HANDLER(code) memcpy(smram + 0x8000, code, code##_end - (code))

static void smram_make(void)
{
	if (!vm_cap(&vm, KVM_CAP_X86_SMM))
		test_skip("no KVM_CAP_X86_SMM");
	smram = mem_new(SMRAM_SIZE, 0);
	OK(vm_slot(&vm, 1 << 16, SMBASE, smram, SMRAM_SIZE));
}

static struct kvm_vcpu_events events(void)
{
	struct kvm_vcpu_events e;

	OK(ioctl(v.fd, KVM_GET_VCPU_EVENTS, &e));
	CHECK(e.flags & KVM_VCPUEVENT_VALID_SMM);
	return e;
}

static void smi(void)
{
	OK(ioctl(v.fd, KVM_SMI, 0));
	CHECK_EQ(events().smi.pending, 1);
}

static uint64_t saved(unsigned int at, unsigned int size)
{
	uint64_t val = 0;

	memcpy(&val, smram + SAVE + at, size);
	return val;
}

static void in_smm(uint16_t port)
{
	struct kvm_sregs s;

	vcpu_until(&v, port);
	CHECK(v.run->flags & KVM_RUN_X86_SMM);
	s = vcpu_sregs(&v);
	CHECK_EQ(s.cr0 & 0x80000001, 0);
	CHECK_EQ(s.cr4, 0);
	CHECK_EQ(s.efer, 0);
	CHECK_EQ(s.ds.limit, 0xffffffff);
	CHECK_EQ(events().smi.smm, 1);
	CHECK_EQ(events().nmi.masked, 1);
}

static void enter_and_leave(void)
{
	struct kvm_sregs s, t;
	struct kvm_regs r, q;

	START(MODE_LONG, g_ports);
	smram_make();
	HANDLER(g_smi);
	vcpu_until(&v, 0x10);
	s = vcpu_sregs(&v);
	smi();
	in_smm(0x20);
	CHECK_EQ(vcpu_sregs(&v).cs.base, SMBASE);
	CHECK_EQ(vcpu_sregs(&v).cs.selector, SMBASE >> 4);
	CHECK_EQ(saved(0x1e0, 8), RBX);
	CHECK_EQ(saved(0x100, 4), SMBASE);
	CHECK_EQ(saved(0x158, 8), s.cr0);
	CHECK_EQ(saved(0x150, 8), s.cr3);
	CHECK_EQ(saved(0x0d0, 8), s.efer);
	CHECK_EQ(saved(0x010, 2), s.cs.selector);
	CHECK_EQ(saved(0x0fc, 4) & 0x20000, 0x20000);
	/* Not in the memory that the guest sees. */
	CHECK_EQ(*vm_u64(&vm, SMBASE + SAVE + 0x1e0), 0);
	/* Another one waits until this one is over. */
	smi();
	in_smm(0x20);
	CHECK_EQ(events().smi.pending, 0);
	vcpu_until(&v, 0x11);
	CHECK_EQ(v.run->flags & KVM_RUN_X86_SMM, 0);
	CHECK_EQ(events().smi.smm, 0);
	CHECK_EQ(events().nmi.masked, 0);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rbx, RBX);
	t = vcpu_sregs(&v);
	CHECK(!memcmp(&t, &s, sizeof(t)));
	vcpu_until(&v, PORT_DONE);
	q = vcpu_regs(&v);
	CHECK_EQ(q.rsp, r.rsp);
}

static void move_smbase(void)
{
	START(MODE_LONG, g_ports);
	smram_make();
	HANDLER(g_move);
	memcpy(smram + 0x28000, g_smi, g_smi_end - g_smi);
	vcpu_until(&v, 0x10);
	smi();
	in_smm(0x21);
	vcpu_until(&v, 0x11);
	smi();
	in_smm(0x20);
	CHECK_EQ(vcpu_sregs(&v).cs.base, 0x50000);
	vcpu_until(&v, 0x12);
	vcpu_until(&v, PORT_DONE);
}

/* The handler changes what the guest goes on with. */
static void change(void)
{
	START(MODE_LONG, g_ports);
	smram_make();
	HANDLER(g_rbx);
	vcpu_until(&v, 0x10);
	smi();
	in_smm(0x23);
	vcpu_until(&v, 0x11);
	CHECK_EQ(vcpu_regs(&v).rbx, RBX - 0x55667788 + 0x77);
}

static void broken(void)
{
	START(MODE_LONG, g_ports);
	smram_make();
	HANDLER(g_break);
	vcpu_until(&v, 0x10);
	smi();
	in_smm(0x22);
	vcpu_expect(&v, KVM_EXIT_SHUTDOWN);
}

/* A processor without long mode has the old layout. */
static void area_32(void)
{
	struct kvm_cpuid2 *c;
	unsigned int i;

	START(MODE_PROT, g_ports32);
	smram_make();
	c = cpuid_supported(vm.kvm);
	for (i = 0; i < c->nent; i++)
		if (c->entries[i].function == 0x80000001)
			c->entries[i].edx &= ~(1u << 29);
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	HANDLER(g_smi);
	vcpu_until(&v, 0x10);
	smi();
	in_smm(0x20);
	CHECK_EQ(saved(0x1dc, 4), 0x11223344);
	CHECK_EQ(saved(0x0f8, 4), SMBASE);
	CHECK_EQ(saved(0x1ac, 4), SEL_CODE32);
	vcpu_until(&v, 0x11);
	CHECK_EQ(vcpu_regs(&v).rbx, 0x11223344);
	CHECK_EQ(vcpu_sregs(&v).cs.selector, SEL_CODE32);
	CHECK_EQ(vcpu_sregs(&v).cs.db, 1);
	vcpu_until(&v, PORT_DONE);
}

static void outside(void)
{
	START(MODE_LONG, g_rsm);
	exc_expect(&v, UD, 1);
}

/* By KVM_SET_VCPU_EVENTS, in the middle of a handler. */
static void moved(void)
{
	struct kvm_vcpu_events e;
	struct kvm_sregs s;
	struct kvm_regs r;

	START(MODE_LONG, g_ports);
	smram_make();
	HANDLER(g_smi);
	vcpu_until(&v, 0x10);
	smi();
	in_smm(0x20);
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	e = events();
	s = vcpu_sregs(&v);
	r = vcpu_regs(&v);
	vcpu_new(&vm, &v, 1);
	vcpu_set_sregs(&v, &s);
	vcpu_set_regs(&v, &r);
	OK(ioctl(v.fd, KVM_SET_VCPU_EVENTS, &e));
	CHECK_EQ(events().smi.smm, 1);
	vcpu_until(&v, 0x11);
	CHECK_EQ(vcpu_regs(&v).rbx, RBX);
}

static const struct test_case cases[] = {
	{ "enter_and_leave", enter_and_leave, 0 },
	{ "move_smbase", move_smbase, 0 },
	{ "change", change, 0 },
	{ "broken", broken, 0 },
	{ "area_32", area_32, 0 },
	{ "outside", outside, 0 },
	{ "moved", moved, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
