// SPDX-License-Identifier: GPL-2.0-only
/* x86's part of a VM: creation steps and VM ioctls. */
#include "core/arch.h"
#include "core/nx_huge.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/msr_filter.h"
#include "x86/cpu/pvclock.h"
#include "x86/cpu/tsc.h"
#include "x86/hyperv/hv.h"
#include "x86/hyperv/xen.h"
#include "x86/run/apic_access.h"
#include "x86/run/event_ioctl.h"
#include "x86/run/hypercall.h"
#include "x86/run/identity.h"
#include "x86/run/irqchip.h"
#include "x86/run/lifecycle.h"
#include "x86/run/quirks.h"
#include "x86/vcpu/x86.h"

/*
 * A power of two is what kmalloc() gives.  Not where debugging makes locks larger, or
 * where every structure is laid out by chance.
 */
static_assert(sizeof(struct x86_vm) <= 1024 || IS_ENABLED(CONFIG_DEBUG_SPINLOCK) ||
	      IS_ENABLED(CONFIG_LOCKDEP) || IS_ENABLED(CONFIG_RANDSTRUCT));

size_t arch_vm_size(void)
{
	return sizeof(struct x86_vm) +
	       (x86_caps->identity ? sizeof(struct x86_identity) : 0);
}

int vm_step_mmu_up(void *obj)
{
	struct kvm *kvm = obj;

	return mmu_vm_init(&kvm->mmu);
}

void vm_step_mmu_down(void *obj)
{
	struct kvm *kvm = obj;

	mmu_vm_destroy(&kvm->mmu);
}

bool arch_slot_is_refused(struct kvm *kvm, const struct slot *slot)
{
	return identity_is_in(kvm, slot) || apic_access_is_in(kvm, slot);
}

/* For a TSS in the guest's memory, which nobody here needs to run real mode. */
static long vm_ioctl_tss_addr(void *obj, void *data, unsigned long arg)
{
	/* Three pages below 4 GiB (api.rst 4.36). */
	return arg > (1ull << 32) - 3 * PAGE_SIZE ? -EINVAL : 0;
}

/* Which MSR accesses that fail go to userspace (api.rst 7.21): msr_exit.c. */
static long msr_user_enable(struct x86_vm *vm, const struct kvm_enable_cap *cap)
{
	const u64 known = KVM_MSR_EXIT_REASON_INVAL |
			  KVM_MSR_EXIT_REASON_UNKNOWN |
			  KVM_MSR_EXIT_REASON_FILTER;

	if (cap->args[0] & ~known)
		return -EINVAL;
	WRITE_ONCE(vm->msr_user_reasons, cap->args[0]);
	return 0;
}

long arch_vm_enable_cap(struct kvm *kvm, const struct kvm_enable_cap *cap)
{
	switch (cap->cap) {
	case KVM_CAP_EXCEPTION_PAYLOAD:
	case KVM_CAP_X86_TRIPLE_FAULT_EVENT:
		return events_enable_cap(to_x86_vm(kvm), cap);
	case KVM_CAP_SPLIT_IRQCHIP:
		return irqchip_split(to_x86_vm(kvm), cap);
	case KVM_CAP_X86_APIC_BUS_CYCLES_NS:
		return irqchip_bus_cycle(to_x86_vm(kvm), cap);
	case KVM_CAP_X2APIC_API:
		return irqchip_x2apic_api(to_x86_vm(kvm), cap);
	case KVM_CAP_DISABLE_QUIRKS:
	case KVM_CAP_DISABLE_QUIRKS2:
		return quirks_enable_cap(to_x86_vm(kvm), cap);
	case KVM_CAP_X86_DISABLE_EXITS:
		return exits_enable_cap(to_x86_vm(kvm), cap);
	case KVM_CAP_MSR_PLATFORM_INFO:
		WRITE_ONCE(to_x86_vm(kvm)->platform_info_off, !cap->args[0]);
		return 0;
	case KVM_CAP_EXIT_ON_EMULATION_FAILURE:
		if (cap->args[0] & ~1ull)
			return -EINVAL;
		WRITE_ONCE(to_x86_vm(kvm)->exit_on_failure, cap->args[0]);
		return 0;
	case KVM_CAP_EXIT_HYPERCALL:
		if (cap->args[0] & ~(u64)HYPERCALLS_TO_USER)
			return -EINVAL;
		WRITE_ONCE(to_x86_vm(kvm)->map_gpa_to_user, cap->args[0]);
		return 0;
	case KVM_CAP_X86_USER_SPACE_MSR:
		return msr_user_enable(to_x86_vm(kvm), cap);
	case KVM_CAP_VM_DISABLE_NX_HUGE_PAGES:
		return cap->args[0] ? -EINVAL : nx_huge_exempt(kvm);
	default:
		return -EINVAL;
	}
}

/* Those first that a running guest has userspace call. */
const struct ioctl_desc arch_vm_ioctls[] = {
	{ KVM_SIGNAL_MSI, IOCTL_RAW, irqchip_ioctl_msi },
	{ KVM_IRQ_LINE_STATUS, 0, irqchip_ioctl_line },
	{ KVM_IRQ_LINE, 0, irqchip_ioctl_line },
	{ KVM_X86_SET_MSR_FILTER, 0, msr_ioctl_filter },
	{ KVM_SET_TSS_ADDR, 0, vm_ioctl_tss_addr },
	{ KVM_SET_IDENTITY_MAP_ADDR, 0, vm_ioctl_identity_map },
	{ KVM_CREATE_IRQCHIP, 0, irqchip_ioctl_create },
	{ KVM_GET_IRQCHIP, 0, irqchip_ioctl_get },
	{ KVM_SET_IRQCHIP, IOCTL_SETTER, irqchip_ioctl_set },
	{ KVM_SET_GSI_ROUTING, IOCTL_RAW, irqchip_ioctl_routing },
	{ KVM_SET_BOOT_CPU_ID, 0, irqchip_ioctl_boot_cpu },
	{ KVM_GET_TSC_KHZ, 0, tsc_ioctl_get_vm_khz },
	{ KVM_SET_TSC_KHZ, 0, tsc_ioctl_set_vm_khz },
	{ KVM_HYPERV_EVENTFD, 0, hv_ioctl_eventfd },
	{ KVM_XEN_HVM_CONFIG, 0, xen_ioctl_config },
	{ KVM_GET_CLOCK, 0, pvclock_ioctl_get },
	{ KVM_SET_CLOCK, 0, pvclock_ioctl_set },
	{ KVM_CREATE_PIT, 0, pit_ioctl_create_old },
	{ KVM_CREATE_PIT2, 0, pit_ioctl_create },
	{ KVM_GET_PIT, 0, pit_ioctl_get_old },
	{ KVM_SET_PIT, IOCTL_SETTER, pit_ioctl_set_old },
	{ KVM_GET_PIT2, 0, pit_ioctl_get },
	{ KVM_SET_PIT2, 0, pit_ioctl_set },
	{ KVM_REINJECT_CONTROL, IOCTL_RAW, pit_ioctl_reinject },
	{ }
};
