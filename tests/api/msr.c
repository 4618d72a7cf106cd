// SPDX-License-Identifier: GPL-2.0-only
/* MSRs from both sides: see msr.h. */
#define _GNU_SOURCE
#include "msr.h"

struct vm vm;
struct vcpu v;

struct one_msr {
	struct kvm_msrs head;
	struct kvm_msr_entry entry;
};

int host_get(uint32_t index, uint64_t *value)
{
	struct one_msr m = { { .nmsrs = 1 }, { .index = index } };
	int n = OK(ioctl(v.fd, KVM_GET_MSRS, &m));

	*value = m.entry.data;
	return n;
}

int host_set(uint32_t index, uint64_t value)
{
	struct one_msr m = { { .nmsrs = 1 }, { .index = index, .data = value } };

	return OK(ioctl(v.fd, KVM_SET_MSRS, &m));
}

uint64_t host_msr(uint32_t index)
{
	uint64_t value;

	if (host_get(index, &value) != 1)
		FAIL("KVM_GET_MSRS of %#x: nothing read", index);
	return value;
}

GUEST(64, g_access,
      "test %esi, %esi\n jz 1f\n wrmsr\n jmp 2f\n1: rdmsr\n2:\n" DONE);

void msr_code(struct vcpu *cpu)
{
	vcpu_code(cpu, MODE_LONG, g_access);
	exc_setup(cpu);
}

void msr_machine(void)
{
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	msr_code(&v);
}

bool guest_access(uint32_t index, uint64_t *value, bool write)
{
	struct kvm_regs r = {
		.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
		.rcx = index, .rsi = write,
		.rax = (uint32_t)*value, .rdx = *value >> 32,
	};
	uint64_t *frame;

	vcpu_set_regs(&v, &r);
	vcpu_expect(&v, KVM_EXIT_IO);
	r = vcpu_regs(&v);
	if (v.run->io.port == PORT_DONE) {
		*value = (uint32_t)r.rax | r.rdx << 32;
		return true;
	}
	CHECK_EQ(v.run->io.port, PORT_EXC);
	frame = vm_u64(&vm, r.rsp);
	CHECK_EQ(frame[1], 13);
	CHECK_EQ(frame[2], 0);
	return false;
}

bool guest_set(uint32_t index, uint64_t value)
{
	return guest_access(index, &value, true);
}

uint64_t guest_msr(uint32_t index)
{
	uint64_t value = 0;

	if (!guest_access(index, &value, false))
		FAIL("RDMSR of %#x: #GP", index);
	return value;
}

bool guest_reads(uint32_t index)
{
	uint64_t value = 0;

	return guest_access(index, &value, false);
}

bool is_stock(void)
{
	/* it does without */
	return !vm_cap(&vm, KVM_CAP_INTR_SHADOW);
}
