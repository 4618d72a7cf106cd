// SPDX-License-Identifier: GPL-2.0-only
/* x86's ioctl tables for /dev/kvm and vCPUs, and its capabilities. */
#include <linux/kernel.h>

#include <asm/kvm_para.h>

#include "core/arch.h"
#include "irq/route.h"
#include "x86/cpu/cpuid.h"
#include "x86/cpu/fpu.h"
#include "x86/cpu/mce.h"
#include "x86/cpu/msr.h"
#include "x86/cpu/pvclock.h"
#include "x86/cpu/pvfeature.h"
#include "x86/cpu/tsc.h"
#include "x86/hyperv/hv.h"
#include "x86/run/apic_ioctl.h"
#include "x86/run/event_ioctl.h"
#include "x86/run/guest_debug.h"
#include "x86/run/halt.h"
#include "x86/run/hypercall.h"
#include "x86/run/nested_ioctl.h"
#include "x86/run/prefault.h"
#include "x86/run/quirks.h"
#include "x86/run/regs.h"
#include "x86/run/smi.h"
#include "x86/run/vapic.h"
#include "x86/vcpu/nested.h"
#include "x86/vcpu/vendor.h"

const struct cap_value arch_caps[] = {
	{ KVM_CAP_HLT, 1 },
	{ KVM_CAP_CLOCKSOURCE, 1 },
	{ KVM_CAP_NOP_IO_DELAY, 1 },
	{ KVM_CAP_SET_TSS_ADDR, 1 },
	{ KVM_CAP_SET_IDENTITY_MAP_ADDR, 1 },
	{ KVM_CAP_EXT_CPUID, 1 },
	{ KVM_CAP_EXT_EMUL_CPUID, 1 },
	{ KVM_CAP_MP_STATE, 1 },
	{ KVM_CAP_DEBUGREGS, 1 },
	{ KVM_CAP_USER_NMI, 1 },
	{ KVM_CAP_GET_TSC_KHZ, 1 },
	{ KVM_CAP_VCPU_ATTRIBUTES, 1 },
	{ KVM_CAP_SYS_ATTRIBUTES, 1 },
	{ KVM_CAP_X86_USER_SPACE_MSR, 1 },
	{ KVM_CAP_X86_MSR_FILTER, 1 },
	{ KVM_CAP_LAST_CPU, 1 },
	{ KVM_CAP_XSAVE, 1 },
	{ KVM_CAP_ENABLE_CAP, 1 },
	{ KVM_CAP_ENFORCE_PV_FEATURE_CPUID, 1 },
	{ KVM_CAP_KVMCLOCK_CTRL, 1 },
	{ KVM_CAP_MSR_PLATFORM_INFO, 1 },
	{ KVM_CAP_ADJUST_CLOCK, KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME |
				KVM_CLOCK_HOST_TSC },
	{ KVM_CAP_HYPERV, 1 },
	{ KVM_CAP_HYPERV_VAPIC, 1 },
	{ KVM_CAP_HYPERV_SPIN, 1 },
	{ KVM_CAP_HYPERV_TIME, 1 },
	{ KVM_CAP_HYPERV_SYNIC, 1 },
	{ KVM_CAP_HYPERV_SYNIC2, 1 },
	{ KVM_CAP_HYPERV_VP_INDEX, 1 },
	{ KVM_CAP_HYPERV_EVENTFD, 1 },
	{ KVM_CAP_HYPERV_TLBFLUSH, 1 },
	{ KVM_CAP_HYPERV_SEND_IPI, 1 },
	{ KVM_CAP_HYPERV_CPUID, 1 },
	{ KVM_CAP_SYS_HYPERV_CPUID, 1 },
	{ KVM_CAP_HYPERV_ENFORCE_CPUID, 1 },
	{ KVM_CAP_XEN_HVM, KVM_XEN_HVM_CONFIG_HYPERCALL_MSR |
			   KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL },
	{ KVM_CAP_ASYNC_PF, 1 },
	{ KVM_CAP_ASYNC_PF_INT, 1 },
	{ KVM_CAP_VAPIC, 1 },
	{ KVM_CAP_IRQCHIP, 1 },
	{ KVM_CAP_IRQFD, 1 },
	{ KVM_CAP_IRQFD_RESAMPLE, 1 },
	{ KVM_CAP_HALT_POLL, 1 },
	{ KVM_CAP_SPLIT_IRQCHIP, 1 },
	{ KVM_CAP_IOAPIC_POLARITY_IGNORED, 1 },
	{ KVM_CAP_IRQ_ROUTING, IRQ_GSI_MAX },
	{ KVM_CAP_IRQ_INJECT_STATUS, 1 },
	{ KVM_CAP_SIGNAL_MSI, 1 },
	{ KVM_CAP_SET_BOOT_CPU_ID, 1 },
	{ KVM_CAP_X2APIC_API, KVM_X2APIC_API_USE_32BIT_IDS |
			      KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK },
	{ KVM_CAP_PIT, 1 },
	{ KVM_CAP_PIT2, 1 },
	{ KVM_CAP_PIT_STATE2, 1 },
	{ KVM_CAP_REINJECT_CONTROL, 1 },
	{ KVM_CAP_TSC_DEADLINE_TIMER, 1 },
	{ KVM_CAP_X86_APIC_BUS_CYCLES_NS, 1 },
	{ KVM_CAP_MCE, MCE_BANKS_MAX },
	{ KVM_CAP_GET_MSR_FEATURES, 1 },
	{ KVM_CAP_XSAVE2, sizeof(struct kvm_xsave) },
	{ KVM_CAP_VCPU_EVENTS, 1 },
	{ KVM_CAP_INTR_SHADOW, 1 },
	{ KVM_CAP_SREGS2, 1 },
	{ KVM_CAP_SYNC_REGS, KVM_SYNC_X86_VALID_FIELDS },
	{ KVM_CAP_X86_SMM, 1 },
	{ KVM_CAP_EXCEPTION_PAYLOAD, 1 },
	{ KVM_CAP_X86_TRIPLE_FAULT_EVENT, 1 },
	{ KVM_CAP_EXIT_ON_EMULATION_FAILURE, 1 },
	{ KVM_CAP_EXIT_HYPERCALL, HYPERCALLS_TO_USER },
	{ KVM_CAP_SET_GUEST_DEBUG, 1 },
	{ KVM_CAP_SET_GUEST_DEBUG2, DEBUG_CONTROL },
	{ KVM_CAP_X86_ROBUST_SINGLESTEP, 1 },
	{ KVM_CAP_DISABLE_QUIRKS, 1 },
	{ KVM_CAP_VM_DISABLE_NX_HUGE_PAGES, 1 },
	{ KVM_CAP_DISABLE_QUIRKS2, QUIRKS_KNOWN },
	{ }
};

long arch_check_extension(struct kvm *kvm, unsigned long ext)
{
	switch (ext) {
	case KVM_CAP_XCRS:
		return !!x86_caps->host_xcr0;
	case KVM_CAP_PRE_FAULT_MEMORY:
		return x86_caps->mmu.second != MMU_SECOND_NONE;
	case KVM_CAP_STEAL_TIME:
		return !!(pv_offered() & BIT(KVM_FEATURE_STEAL_TIME));
	case KVM_CAP_NESTED_STATE:
		return x86_caps->nested ? nested_ops->state_size : 0;
	case KVM_CAP_TSC_CONTROL:
	case KVM_CAP_VM_TSC_CONTROL:
		return !!x86_caps->tsc_frac_bits;
	case KVM_CAP_X86_DISABLE_EXITS:
		return exits_off_supported();
	default:
		return 0;
	}
}

static long vcpu_ioctl_interrupt(void *obj, void *data, unsigned long arg)
{
	const struct kvm_interrupt *irq = data;
	struct x86_vcpu *v = to_x86_vcpu(obj);
	u8 waiting;

	if (irq->irq >= KVM_NR_INTERRUPTS)
		return -EINVAL;
	/* With the PICs in the kernel nobody else has a line to the processor. */
	if (to_x86_vm(v->vcpu.kvm)->irq.pic)
		return -ENXIO;
	/* One is waiting, or half way in, already (api.rst 4.16). */
	if (event_interrupt_waiting(&v->events, &waiting))
		return -EEXIST;
	event_interrupt_set(v, true, irq->irq);
	/* KVM_RUN may return before it looks. */
	v->vcpu.run->ready_for_interrupt_injection = 0;
	return 0;
}

static long vcpu_ioctl_nmi(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);

	event_nmi(v);
	return 0;
}

static long vcpu_ioctl_enable_cap(void *obj, void *data, unsigned long arg)
{
	const struct kvm_enable_cap *cap = data;
	struct x86_vcpu *v = to_x86_vcpu(obj);

	if (cap->flags)
		return -EINVAL;
	switch (cap->cap) {
	case KVM_CAP_ENFORCE_PV_FEATURE_CPUID:
		v->pv.enforce = cap->args[0];
		return 0;
	case KVM_CAP_HYPERV_SYNIC:
	case KVM_CAP_HYPERV_SYNIC2:
	case KVM_CAP_HYPERV_ENFORCE_CPUID:
		return hv_enable_cap(v, cap);
	default:
		return -EINVAL;
	}
}

const struct ioctl_desc arch_dev_ioctls[] = {
	{ KVM_GET_SUPPORTED_CPUID, IOCTL_RAW, cpuid_ioctl_supported },
	{ KVM_GET_EMULATED_CPUID, IOCTL_RAW, cpuid_ioctl_emulated },
	{ KVM_GET_SUPPORTED_HV_CPUID, IOCTL_RAW, hv_ioctl_supported },
	{ KVM_GET_MSR_INDEX_LIST, IOCTL_RAW, msr_ioctl_index_list },
	{ KVM_GET_MSR_FEATURE_INDEX_LIST, IOCTL_RAW, msr_ioctl_feature_list },
	{ KVM_GET_MSRS, IOCTL_RAW, msr_ioctl_features },
	{ KVM_X86_GET_MCE_CAP_SUPPORTED, 0, mce_ioctl_supported },
	{ KVM_HAS_DEVICE_ATTR, 0, xsave_ioctl_has_attr },
	{ KVM_GET_DEVICE_ATTR, 0, xsave_ioctl_get_attr },
	{ }
};

/* Looked through from the top: what is asked for at exits and of each state comes first. */
const struct ioctl_desc arch_vcpu_ioctls[] = {
	{ KVM_GET_REGS, 0, regs_ioctl_get },
	{ KVM_SET_REGS, 0, regs_ioctl_set },
	{ KVM_GET_SREGS, 0, sregs_ioctl_get },
	{ KVM_SET_SREGS, 0, sregs_ioctl_set },
	{ KVM_INTERRUPT, 0, vcpu_ioctl_interrupt },
	{ KVM_GET_MSRS, IOCTL_RAW, msr_ioctl_get },
	{ KVM_SET_MSRS, IOCTL_RAW, msr_ioctl_set },
	{ KVM_GET_SREGS2, 0, sregs2_ioctl_get },
	{ KVM_SET_SREGS2, 0, sregs2_ioctl_set },
	{ KVM_GET_LAPIC, 0, apic_ioctl_get },
	{ KVM_SET_LAPIC, 0, apic_ioctl_set },
	{ KVM_GET_XSAVE, 0, xsave_ioctl_get },
	{ KVM_SET_XSAVE, 0, xsave_ioctl_set },
	{ KVM_GET_XCRS, 0, xcrs_ioctl_get },
	{ KVM_SET_XCRS, 0, xcrs_ioctl_set },
	{ KVM_GET_VCPU_EVENTS, 0, events_ioctl_get },
	{ KVM_SET_VCPU_EVENTS, 0, events_ioctl_set },
	{ KVM_GET_MP_STATE, 0, mp_state_ioctl_get },
	{ KVM_SET_MP_STATE, 0, mp_state_ioctl_set },
	{ KVM_GET_DEBUGREGS, 0, debugregs_ioctl_get },
	{ KVM_SET_DEBUGREGS, 0, debugregs_ioctl_set },
	{ KVM_X86_SETUP_MCE, 0, mce_ioctl_setup },
	{ KVM_X86_SET_MCE, 0, mce_ioctl_inject },
	{ KVM_GET_FPU, 0, fpu_ioctl_get },
	{ KVM_SET_FPU, 0, fpu_ioctl_set },
	{ KVM_GET_XSAVE2, 0, xsave_ioctl_get },
	{ KVM_SET_CPUID, IOCTL_RAW, cpuid_ioctl_set_old },
	{ KVM_SET_CPUID2, IOCTL_RAW, cpuid_ioctl_set },
	{ KVM_GET_CPUID2, IOCTL_RAW, cpuid_ioctl_get },
	{ KVM_GET_SUPPORTED_HV_CPUID, IOCTL_RAW, hv_ioctl_supported },
	{ KVM_ENABLE_CAP, 0, vcpu_ioctl_enable_cap },
	{ KVM_KVMCLOCK_CTRL, 0, pvclock_ioctl_paused },
	{ KVM_SET_VAPIC_ADDR, 0, vapic_ioctl_addr },
	{ KVM_TPR_ACCESS_REPORTING, 0, vapic_ioctl_report },
	{ KVM_TRANSLATE, 0, translate_ioctl },
	{ KVM_PRE_FAULT_MEMORY, 0, prefault_ioctl },
	{ KVM_GET_NESTED_STATE, IOCTL_RAW, nested_ioctl_get },
	{ KVM_SET_NESTED_STATE, IOCTL_RAW, nested_ioctl_set },
	{ KVM_SET_GUEST_DEBUG, 0, debug_ioctl_set },
	{ KVM_NMI, 0, vcpu_ioctl_nmi },
	{ KVM_SMI, 0, smi_ioctl },
	{ KVM_GET_TSC_KHZ, 0, tsc_ioctl_get_khz },
	{ KVM_SET_TSC_KHZ, 0, tsc_ioctl_set_khz },
	{ KVM_HAS_DEVICE_ATTR, 0, vcpu_ioctl_has_attr },
	{ KVM_GET_DEVICE_ATTR, 0, vcpu_ioctl_get_attr },
	{ KVM_SET_DEVICE_ATTR, 0, vcpu_ioctl_set_attr },
	{ }
};
