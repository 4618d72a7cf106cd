// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID beyond the leaves that there are: hypervisors' ranges, and vendors that answer as
 * AMD's processors do.
 */
#define _GNU_SOURCE
#include "start.h"

static struct vm vm;
static struct vcpu v;

GUEST(64, g_cpuid, "cpuid\n" DONE);

#define MARK	0x5a5a0000u

static struct {
	struct kvm_cpuid2 head;
	struct kvm_cpuid_entry2 entry[16];
} table;

static struct kvm_cpuid_entry2 *put(uint32_t fn, uint32_t eax)
{
	struct kvm_cpuid_entry2 *e = &table.entry[table.head.nent++];

	*e = (struct kvm_cpuid_entry2){
		.function = fn, .eax = eax, .ebx = MARK | fn >> 16, .ecx = fn, .edx = ~fn };
	return e;
}

/* 12 letters, in the order of the manuals: EBX, EDX, ECX. */
static void table_start(const char *vendor)
{
	struct kvm_cpuid_entry2 *e;

	table.head.nent = 0;
	e = put(0, 2);
	memcpy(&e->ebx, vendor, 4);
	memcpy(&e->edx, vendor + 4, 4);
	memcpy(&e->ecx, vendor + 8, 4);
	put(2, MARK);
	put(0x80000000, 0x80000008);
	put(0x80000001, 0)->edx = 0x20100800;
	put(0x80000008, 0x3028);
}

static void machine(void)
{
	vm_new(&vm, 0);
	vcpu_raw(&vm, &v, 0);
	OK(ioctl(v.fd, KVM_SET_CPUID2, &table));
}

static struct kvm_regs query(uint32_t fn)
{
	struct kvm_regs r;

	vcpu_code(&v, MODE_LONG, g_cpuid);
	r = vcpu_regs(&v);
	r.rax = fn;
	r.rcx = 0;
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
	return vcpu_regs(&v);
}

/* The leaf @like, or nothing at all for 0. */
static void answers(uint32_t fn, uint32_t like)
{
	const struct kvm_cpuid_entry2 *e = NULL;
	static char name[16];
	struct kvm_regs r;
	uint32_t i;

	for (i = 0; like && i < table.head.nent; i++)
		if (table.entry[i].function == like)
			e = &table.entry[i];
	snprintf(name, sizeof(name), "%#x", fn);
	test_row = name;
	r = query(fn);
	CHECK_EQ(r.rax, e ? e->eax : 0);
	CHECK_EQ(r.rbx, e ? e->ebx : 0);
	CHECK_EQ(r.rcx, e ? e->ecx : 0);
	CHECK_EQ(r.rdx, e ? e->edx : 0);
	test_row = NULL;
}

/* Two hypervisors, as with Hyper-V's leaves before KVM's own. */
static void ranges_put(void)
{
	put(0x40000000, 0x40000003);
	put(0x40000001, MARK | 1);
	put(0x40000100, 0x40000103);
	put(0x40000101, MARK | 2);
}

/* Each has an end of its own; behind it an Intel CPU's last basic leaf follows. */
static void hypervisors_intel(void)
{
	table_start("GenuineIntel");
	ranges_put();
	machine();
	answers(0x40000001, 0x40000001);
	answers(0x40000101, 0x40000101);
	/* within a range, and not there */
	answers(0x40000002, 0);
	answers(0x40000003, 0);
	answers(0x40000004, 2);
	answers(0x400000ff, 2);
	answers(0x40000103, 0);
	answers(0x40000104, 2);
	answers(0x40000200, 2);
	answers(0x4fffffff, 2);
	answers(0x3fffffff, 2);
	answers(1, 0);
	answers(3, 2);
	answers(0x80000002, 0);
	answers(0x80000009, 2);
}

static void as_amd(const char *vendor)
{
	table_start(vendor);
	ranges_put();
	machine();
	answers(0x40000001, 0x40000001);
	answers(0x40000101, 0x40000101);
	answers(0x40000002, 0);
	answers(0x40000004, 0);
	answers(0x40000102, 0);
	answers(0x40000200, 0);
	answers(3, 0);
	answers(0x80000009, 0);
}

static void hypervisors_amd(void)
{
	as_amd("AuthenticAMD");
}

/* Its processors are AMD's. */
static void hypervisors_hygon(void)
{
	as_amd("HygonGenuine");
}

#define CASE(name) { #name, name, 20 }

static const struct test_case cases[] = {
	CASE(hypervisors_intel), CASE(hypervisors_amd), CASE(hypervisors_hygon),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
