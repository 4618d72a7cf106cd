// SPDX-License-Identifier: GPL-2.0-only
/* Calls for guests of Hyper-V's interface, system management mode, and of /dev/kvm. */
#define _GNU_SOURCE
#include "core/uapi.h"
#include "tests/api/hv.h"
#include "tests/api/smm.h"
#include "tests/fuzz/kvm.h"

#define PICK(array)	(array)[below(sizeof(array) / sizeof((array)[0]))]

void hv_make(struct vcpu *cpu)
{
	static const uint32_t caps[] = { KVM_CAP_HYPERV_SYNIC, KVM_CAP_HYPERV_SYNIC2 };
	struct kvm_cpuid2 *table = hv_table();

	ioctl(cpu->fd, KVM_SET_CPUID2, table);
	free(table);
	if (below(4))
		hv_enable(cpu, PICK(caps), 0);
	if (!below(4))
		hv_enable(cpu, KVM_CAP_HYPERV_ENFORCE_CPUID, 1);
}

static void msr_set(int fd, uint32_t msr, uint64_t value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry e;
	} one = { .head.nmsrs = 1, .e = { .index = msr, .data = value } };

	call_ioctl(fd, below(4) ? KVM_SET_MSRS : KVM_GET_MSRS, &one, sizeof(one));
}

/* As the host, or as a VMM that knows it. */
void op_hv(const struct call *c)
{
	struct kvm_hyperv_eventfd e = { .conn_id = below(4), .fd = world.events[below(4)],
					.flags = !below(3) };
	int fd = call_cpu(c)->fd;
	uint64_t value;
	uint32_t msr;

	switch (c->arg % 8) {
	case 0:
		call_ioctl(vm.fd, KVM_HYPERV_EVENTFD, &e, sizeof(e));
		break;
	case 1:
		free(hv_supported(fd));
		break;
	case 2:
		hv_enable(call_cpu(c), below(2) ? KVM_CAP_HYPERV_SYNIC2 :
			  KVM_CAP_HYPERV_ENFORCE_CPUID, below(2));
		break;
	default:
		hv_usual(&msr, &value);
		msr_set(fd, msr, value);
	}
}

/* An SMI, a handler in the RAM of slot 0, and a saved state that is whole or is not. */
void op_smm(const struct call *c)
{
	static const uint8_t handlers[][4] = {
		{ 0x0f, 0xaa }, { 0xe6, PORT_SMM, 0x0f, 0xaa }, { 0xf4, 0x0f, 0xaa },
	};
	struct vcpu *cpu = call_cpu(c);

	if (!below(4))
		msr_set(cpu->fd, MSR_SMBASE, below(4) ? SMBASE : odd_number());
	memcpy(vm.mem + SMBASE + 0x8000, PICK(handlers), sizeof(handlers[0]));
	ioctl(cpu->fd, KVM_SMI, 0ul);
	cpu_run(cpu);
	if (below(2))
		spoil(vm.mem + SMBASE + AREA, 0x200);
	cpu_run(cpu);
}

static void attribute(int fd)
{
	struct kvm_device_attr a = { .group = below(2), .attr = below(4),
				     .addr = (uintptr_t)scratch + 4096 };

	call_ioctl(fd, below(2) ? KVM_HAS_DEVICE_ATTR : KVM_GET_DEVICE_ATTR, &a, sizeof(a));
}

/* A device of the kernel's, for a moment or as long as the VM. */
static void device(void)
{
	struct kvm_create_device d = { .type = below(2) ? KVM_DEV_TYPE_VFIO : below(12),
				       .flags = !below(4) };
	struct kvm_device_attr a = { .group = below(3), .attr = below(4),
				     .addr = (uintptr_t)scratch + 4096 };
	unsigned int i;

	if (ioctl(vm.fd, KVM_CREATE_DEVICE, &d) || d.flags)
		return;
	*(int32_t *)(scratch + 4096) = world.events[0];
	for (i = 0; i < 4; i++)
		call_ioctl(d.fd, below(2) ? KVM_HAS_DEVICE_ATTR : KVM_SET_DEVICE_ATTR, &a,
			   sizeof(a));
	if (below(2))
		close(d.fd);
}

/* Calls whose work others do by now, with more. */
static void old_call(int cpu, unsigned int which)
{
	struct kvm_userspace_memory_region2 r = {
		.slot = 1 + below(6), .flags = below(8), .memory_size = below(5) << 12,
		.guest_phys_addr = (32 + below(16)) << 20,
		.userspace_addr = (uintptr_t)world.arena,
	};
	struct {
		struct kvm_cpuid head;
		struct kvm_cpuid_entry e[4];
	} table = { .head.nent = below(6), .e = {
		{ .function = 0, .eax = 1 }, { .function = 1, .edx = rnd() },
		{ .function = 0x80000000, .eax = 0x80000001 },
		{ .function = 0x80000001, .edx = rnd() },
	} };
	int fd;

	switch (which) {
	case 0:
		ioctl(vm.fd, KVM_CREATE_PIT, 0ul);
		break;
	case 1:
		ioctl(vm.fd, KVM_GET_PIT, scratch);
		spoil(scratch, sizeof(struct kvm_pit_state));
		ioctl(vm.fd, KVM_SET_PIT, scratch);
		break;
	case 2:
		ioctl(cpu, KVM_GET_XSAVE2, scratch);
		break;
	case 3:
		call_ioctl(cpu, KVM_SET_CPUID, &table, sizeof(table));
		break;
	case 4:
		call_ioctl(vm.fd, KVM_SET_USER_MEMORY_REGION2, &r, sizeof(r));
		break;
	default:
		fd = ioctl(vm.kvm, KVM_CREATE_VM, below(4) ? 0 : odd_number());
		ioctl(fd, KVM_CHECK_EXTENSION, ioctl(vm.kvm, KVM_GET_API_VERSION, 0ul));
		close(fd);
	}
}

void op_system(const struct call *c)
{
	static const unsigned long tables[] = {
		KVM_GET_SUPPORTED_CPUID, KVM_GET_EMULATED_CPUID, KVM_GET_SUPPORTED_HV_CPUID,
		KVM_GET_MSR_INDEX_LIST, KVM_GET_MSR_FEATURE_INDEX_LIST,
	};
	static const uint32_t features[] = { 0x8b, 0x10a, 0xc0010058, 0xc0011029, 0x480 };
	uint64_t number = below(4) ? 200 : odd_number();

	switch (c->arg % 12) {
	case 0:
	case 1:
		call_ioctl(vm.kvm, PICK(tables), &number, sizeof(number));
		break;
	case 2:
		msr_set(vm.kvm, PICK(features), 0);
		break;
	case 3:
		call_ioctl(vm.kvm, KVM_X86_GET_MCE_CAP_SUPPORTED, &number, sizeof(number));
		break;
	case 4:
		attribute(below(2) ? vm.kvm : vm.fd);
		break;
	case 5:
		device();
		break;
	default:
		old_call(call_cpu(c)->fd, c->arg % 12 - 6);
	}
}
