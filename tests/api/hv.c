// SPDX-License-Identifier: GPL-2.0-only
/* Guests that know Hyper-V: see hv.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "hv.h"

#define ENTRIES		200
#define GPA_HANDLER	(GPA_CODE + 0x400)

struct kvm_cpuid2 *hv_supported(int fd)
{
	struct kvm_cpuid2 *c = calloc(1, sizeof(*c) + ENTRIES * sizeof(c->entries[0]));

	c->nent = ENTRIES;
	OK(ioctl(fd, KVM_GET_SUPPORTED_HV_CPUID, c));
	return c;
}

struct kvm_cpuid2 *hv_table(void)
{
	struct kvm_cpuid2 *own = cpuid_supported(vm.kvm), *hv = hv_supported(vm.kvm);
	struct kvm_cpuid2 *all;
	unsigned int i;

	all = calloc(1, sizeof(*all) + (own->nent + hv->nent) * sizeof(all->entries[0]));
	for (i = 0; i < own->nent; i++)
		if (own->entries[i].function >> 8 != 0x400000)
			all->entries[all->nent++] = own->entries[i];
	memcpy(all->entries + all->nent, hv->entries, hv->nent * sizeof(hv->entries[0]));
	all->nent += hv->nent;
	free(own);
	free(hv);
	return all;
}

struct kvm_cpuid_entry2 *hv_leaf(struct kvm_cpuid2 *c, uint32_t function)
{
	return (struct kvm_cpuid_entry2 *)cpuid_find(c, function, 0);
}

void hv_machine(void)
{
	pv_machine(1);
	OK(ioctl(v.fd, KVM_SET_CPUID2, hv_table()));
	OK(ioctl(w.fd, KVM_SET_CPUID2, hv_table()));
	msr_code(&v);
}

int hv_enable(struct vcpu *c, uint32_t nr, uint64_t arg)
{
	struct kvm_enable_cap cap = { .cap = nr, .args = { arg } };

	return ioctl(c->fd, KVM_ENABLE_CAP, &cap);
}

/* By the page, whose instruction is the host's vendor's. */
GUEST(64, g_call, "call *%rbx\n" DONE);

void hv_calls(void)
{
	CHECK_EQ(host_set(HV_OS_ID, LINUX_ID), 1);
	CHECK_EQ(host_set(HV_HYPERCALL, GPA_CALLS | 1), 1);
	vcpu_code(&v, MODE_LONG, g_call);
}

uint64_t hv_call(uint64_t control, uint64_t in, uint64_t out)
{
	struct kvm_regs r = {
		.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2, .rax = ~0ull,
		.rbx = GPA_CALLS, .rcx = control, .rdx = in, .r8 = out,
	};

	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
	return vcpu_regs(&v).rax;
}

GUEST(64, g_count, "lock incl 0x17000\n mov $0xfee000b0, %edx\n movl $0, (%rdx)\n iretq\n");
GUEST(64, g_count_only, "lock incl 0x17000\n iretq\n");
/* RBP: how many. */
GUEST(64, g_wait, "1: cli\n cmp %ebp, 0x17000\n jae 2f\n sti\n hlt\n jmp 1b\n2:\n" DONE);

void hv_handler(uint8_t vector, bool eoi)
{
	uint64_t *gate = vm_u64(&vm, GPA_IDT + vector * 16);

	vcpu_code(&v, MODE_LONG, g_wait);
	exc_setup(&v);
	if (eoi)
		vm_load(&vm, GPA_HANDLER, g_count, g_count_end);
	else
		vm_load(&vm, GPA_HANDLER, g_count_only, g_count_only_end);
	gate[0] = GPA_HANDLER | SEL_CODE64 << 16 | 0x8e0000000000ull;
	gate[1] = 0;
}

static void wake(int sig)
{
}

/*
 * QEMU's VMRUN forgets the interrupt shadow: where the host was interrupted behind STI,
 * the guest's interrupt comes before the HLT, which then has nothing to wait for.
 */
void hv_wait(uint32_t count)
{
	struct sigaction act = { .sa_handler = wake };

	vm_load(&vm, GPA_CODE, g_wait, g_wait_end);
	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rflags = 2,
			      .rsp = GPA_STACK, .rbp = count });
	OK(sigaction(SIGALRM, &act, NULL));
	for (alarm(2); ioctl(v.fd, KVM_RUN, 0ul); alarm(2)) {
		CHECK_EQ(errno, EINTR);
		if (!cpu_is_tcg() || hv_count() < count)
			continue;
		OK(ioctl(v.fd, KVM_SET_MP_STATE,
			 &(struct kvm_mp_state){ KVM_MP_STATE_RUNNABLE }));
		return;
	}
	alarm(0);
	CHECK(v.run->exit_reason == KVM_EXIT_IO && v.run->io.port == PORT_DONE);
}

uint32_t hv_count(void)
{
	return *(volatile uint32_t *)(vm.mem + GPA_COUNT);
}
