// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "smm.h"

GUEST(16, g_handler, "out %al, $0x30\n rsm\n");

uint8_t *smram_new(struct vm *vm, unsigned int id, uint64_t base)
{
	uint8_t *smram = mem_new(SMRAM_SIZE, 0);

	memcpy(smram + 0x8000, g_handler, g_handler_end - g_handler);
	OK(vm_slot(vm, SPACE1 | id, base, smram, SMRAM_SIZE));
	return smram;
}

uint64_t area_get(const uint8_t *smram, unsigned int at, unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, smram + at, size);
	return value;
}

void area_set(uint8_t *smram, unsigned int at, unsigned int size, uint64_t value)
{
	memcpy(smram + at, &value, size);
}

void smi(struct vcpu *v)
{
	OK(ioctl(v->fd, KVM_SMI, 0ul));
}

void smi_enter(struct vcpu *v)
{
	smi(v);
	vcpu_until(v, PORT_SMM);
	CHECK(v->run->flags & KVM_RUN_X86_SMM);
}

void complete(struct vcpu *v)
{
	v->run->immediate_exit = 1;
	ERR(ioctl(v->fd, KVM_RUN, 0ul), EINTR);
	v->run->immediate_exit = 0;
}

struct one_msr {
	struct kvm_msrs head;
	struct kvm_msr_entry e;
};

uint64_t smbase_get(struct vcpu *v)
{
	struct one_msr m = { .head.nmsrs = 1, .e.index = MSR_SMBASE };

	CHECK_EQ(OK(ioctl(v->fd, KVM_GET_MSRS, &m)), 1);
	return m.e.data;
}

void smbase_set(struct vcpu *v, uint64_t base)
{
	struct one_msr m = {
		.head.nmsrs = 1, .e.index = MSR_SMBASE, .e.data = base,
	};

	CHECK_EQ(OK(ioctl(v->fd, KVM_SET_MSRS, &m)), 1);
}

struct kvm_vcpu_events events(struct vcpu *v)
{
	struct kvm_vcpu_events e;

	OK(ioctl(v->fd, KVM_GET_VCPU_EVENTS, &e));
	CHECK(e.flags & KVM_VCPUEVENT_VALID_SMM);
	return e;
}

bool in_smm(struct vcpu *v)
{
	return events(v).smi.smm;
}

void skip_without_smm(void)
{
	struct vm vm;

	vm_new(&vm, 0);
	if (vm_cap(&vm, KVM_CAP_X86_SMM) != 1 ||
	    vm_cap(&vm, KVM_CAP_MULTI_ADDRESS_SPACE) != 2)
		test_skip("no SMM");
	vm_close(&vm);
}
