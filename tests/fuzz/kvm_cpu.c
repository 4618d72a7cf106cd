// SPDX-License-Identifier: GPL-2.0-only
/* Calls on a vCPU; its state is kvm_state.c's. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "core/uapi.h"
#include "tests/fuzz/kvm.h"

#define PICK(array)	(array)[below(sizeof(array) / sizeof((array)[0]))]

/* What a VMM does with an exit: mostly what it should. */
static void exit_answer(struct kvm_run *run)
{
	uint64_t answer = odd_number();

	switch (run->exit_reason) {
	case KVM_EXIT_MMIO:
		memcpy(run->mmio.data, &answer, 8);
		break;
	case KVM_EXIT_IO:
		if (run->io.data_offset < 8192)
			memcpy((uint8_t *)run + run->io.data_offset, &answer, 8);
		break;
	case KVM_EXIT_X86_RDMSR:
	case KVM_EXIT_X86_WRMSR:
		run->msr.error = !below(3);
		run->msr.data = answer;
		break;
	}
}

void op_run(const struct call *c)
{
	struct vcpu *cpu = call_cpu(c);
	unsigned int i;

	for (i = 0; i < 1 + c->arg % 8u; i++) {
		cpu->run->immediate_exit = !below(16);
		cpu->run->request_interrupt_window = !below(6);
		if (!below(8))
			cpu->run->cr8 = below(16);
		cpu->run->kvm_valid_regs = below(4) ? 0 : below(8);
		if (cpu_run(cpu) && errno != EINTR && errno != EFAULT)
			break;
		exit_answer(cpu->run);
	}
}

void op_msrs(const struct call *c)
{
	static const uint32_t known[] = {
		0x10, 0x1b, 0x3a, 0x174, 0x175, 0x176, 0x179, 0x17a, 0x1a0, 0x1d9,
		0x200, 0x250, 0x277, 0x2ff, 0x400, 0x6e0, 0x808, 0x80f, 0x830, 0x832,
		0x838, 0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084,
		0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103, 0xc0010015, 0xc0010114,
		0xc0010117, 0x4b564d00, 0x4b564d01, 0x4b564d02, 0x4b564d03, 0x4b564d04,
		0x4b564d05, 0x4b564d06, 0x4b564d07,
	};
	struct {
		struct kvm_msrs m;
		struct kvm_msr_entry e[4];
	} a = { { .nmsrs = c->arg % 5 }, { { 0 } } };
	int i;

	for (i = 0; i < 4; i++) {
		a.e[i].index = below(8) ? PICK(known) : odd_number();
		/* Pages of paravirtual features are in RAM, and on. */
		a.e[i].data = a.e[i].index >> 8 == 0x4b564d && below(4) ?
			      (GPA_DATA + below(16) * 64) | below(16) : odd_number();
	}
	call_ioctl(call_cpu(c)->fd, below(3) ? KVM_SET_MSRS : KVM_GET_MSRS, &a, sizeof(a));
}

void op_cpuid(const struct call *c)
{
	struct kvm_cpuid2 *table = cpuid_supported(vm.kvm);
	size_t size = sizeof(*table) + table->nent * sizeof(table->entries[0]);

	if (size <= 8192)
		call_ioctl(call_cpu(c)->fd, below(4) ? KVM_SET_CPUID2 : KVM_GET_CPUID2,
			   table, size);
	free(table);
}

void op_event(const struct call *c)
{
	struct kvm_interrupt irq = { below(2) ? 0x20 + below(0xe0) : odd_number() };
	int fd = call_cpu(c)->fd;

	switch (c->arg % 4) {
	case 0:
		ioctl(fd, KVM_NMI, 0ul);
		break;
	case 1:
		ioctl(fd, KVM_SMI, 0ul);
		break;
	default:
		ioctl(fd, KVM_INTERRUPT, &irq);
	}
}

void op_debug(const struct call *c)
{
	struct kvm_guest_debug d = { .control = below(4) ? below(8) : odd_number() };
	unsigned int i;

	if (below(2))
		d.control |= KVM_GUESTDBG_USE_HW_BP;
	for (i = 0; i < 4; i++)
		d.arch.debugreg[i] = GPA_CODE + below(64);
	d.arch.debugreg[7] = 0x400 | below(0x100);
	call_ioctl(call_cpu(c)->fd, KVM_SET_GUEST_DEBUG, &d, sizeof(d));
}

static void machine_check(int fd)
{
	struct kvm_x86_mce m = { .status = odd_number(), .addr = odd_number(),
				 .mcg_status = below(8), .bank = below(34) };
	uint64_t cap = below(34) | 1 << 8 | 1 << 24;

	if (below(2))
		call_ioctl(fd, KVM_X86_SETUP_MCE, &cap, sizeof(cap));
	m.status |= 1ull << 63;
	call_ioctl(fd, KVM_X86_SET_MCE, &m, sizeof(m));
}

static void tsc_attr(int fd)
{
	struct kvm_device_attr a = { .group = KVM_VCPU_TSC_CTRL, .addr = (uintptr_t)scratch
				     + 4096 };

	*(uint64_t *)(scratch + 4096) = odd_number();
	call_ioctl(fd, below(2) ? KVM_SET_DEVICE_ATTR : KVM_GET_DEVICE_ATTR, &a, sizeof(a));
}

static void translate(int fd)
{
	struct kvm_translation t = { .linear_address = rnd_address() };
	struct kvm_pre_fault_memory p = { .gpa = rnd_address() & ~4095ull,
					  .size = below(64) << 12 };

	if (below(2))
		call_ioctl(fd, KVM_TRANSLATE, &t, sizeof(t));
	else
		call_ioctl(fd, KVM_PRE_FAULT_MEMORY, &p, sizeof(p));
}

static void local_apic_in_user_memory(int fd)
{
	struct kvm_vapic_addr v = { .vapic_addr = below(2) ? GPA_DATA : odd_number() };
	struct kvm_tpr_access_ctl t = { .enabled = below(2) };

	if (below(2))
		call_ioctl(fd, KVM_SET_VAPIC_ADDR, &v, sizeof(v));
	else
		call_ioctl(fd, KVM_TPR_ACCESS_REPORTING, &t, sizeof(t));
}

/* SIGALRM, which ends a run, stays out of it. */
static void signal_mask(int fd)
{
	struct {
		struct kvm_signal_mask m;
		uint64_t set;
	} a = { { .len = 8 }, below(2) << 9 };

	if (below(2))
		call_ioctl(fd, KVM_SET_SIGNAL_MASK, &a, 12);
	else
		ioctl(fd, KVM_SET_SIGNAL_MASK, NULL);
}

void op_cpu_misc(const struct call *c)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_ENFORCE_PV_FEATURE_CPUID,
				      .args = { below(2) } };
	int fd = call_cpu(c)->fd;

	switch (c->arg % 8) {
	case 0:
		machine_check(fd);
		break;
	case 1:
		tsc_attr(fd);
		break;
	case 2:
		local_apic_in_user_memory(fd);
		break;
	case 3:
		signal_mask(fd);
		break;
	case 4:
		call_ioctl(fd, KVM_ENABLE_CAP, &cap, sizeof(cap));
		break;
	case 5:
		ioctl(fd, KVM_KVMCLOCK_CTRL, 0ul);
		ioctl(fd, below(2) ? KVM_SET_TSC_KHZ : KVM_GET_TSC_KHZ,
		      below(2) ? odd_number() : 1 + below(10000000));
		break;
	default:
		translate(fd);
	}
}

/* The run page, and the ring of coalesced writes behind it. */
void op_spoil_run(const struct call *c)
{
	struct vcpu *cpu = call_cpu(c);
	uint64_t *ring = (uint64_t *)((uint8_t *)cpu->run + 4096);

	spoil(cpu->run, below(2) ? 64 : sizeof(*cpu->run));
	if (!below(4) && cpu->run_size >= 8192)
		*ring = odd_number();
	cpu->run->kvm_dirty_regs = below(8);
	cpu_run(cpu);
	cpu->run->kvm_dirty_regs = 0;
}
