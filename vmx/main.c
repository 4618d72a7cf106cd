// SPDX-License-Identifier: GPL-2.0-only
/* kvm-intel.ko: the vendor table and nothing else. */
#include <linux/module.h>

#include <asm/cpu_device_id.h>

#include "vmx/apicv.h"
#include "vmx/cpu.h"
#include "vmx/nested.h"

static const struct kvm_vendor vmx_vendor = {
	.name		= "kvm_intel",
	.owner		= THIS_MODULE,
	.vcpu_size	= sizeof(struct vmx_vcpu),
	.nested		= &vmx_nested_ops,
	.apicv		= &vmx_apicv_ops,

	.probe		= vmx_probe,
	.setup		= vmx_setup,
	.teardown	= vmx_teardown,
	.cpu_on		= vmx_cpu_on,
	.cpu_off	= vmx_cpu_off,

	.vcpu_create	= vmx_vcpu_create,
	.vcpu_destroy	= vmx_vcpu_destroy,
	.vcpu_reset	= vmx_vcpu_reset,
	.vcpu_memory	= vmx_vcpu_memory,
	.load		= vmx_load,
	.put		= vmx_put,

	.can_enter	= vmx_can_enter,
	.enter		= vmx_enter,
	.exit_decode	= vmx_exit_decode,
	.exit_info	= vmx_exit_info,
	.exit_handle	= vmx_exit_handle,

	.state_fetch	= vmx_state_fetch,
	.state_store	= vmx_state_store,
	.msr_read	= vmx_msr_read,
	.msr_write	= vmx_msr_write,

	.event_blocked	= vmx_event_blocked,
	.event_inject	= vmx_event_inject,
	.event_window	= vmx_event_window,
	.event_nmi_mask	= vmx_event_nmi_mask,

	.root_load	= vmx_root_load,
	.tlb_flush	= vmx_tlb_flush,

	.policy_update	= vmx_policy_update,
};

static_assert(offsetof(struct vmx_vcpu, x86) == 0);

static int __init vmx_init(void)
{
	return kvm_vendor_load(&vmx_vendor);
}
module_init(vmx_init);

static void __exit vmx_exit(void)
{
	kvm_vendor_unload(&vmx_vendor);
}
module_exit(vmx_exit);

/* Loaded by udev on machines with VT-x. */
static const struct x86_cpu_id vmx_cpus[] = {
	X86_MATCH_FEATURE(X86_FEATURE_VMX, NULL),
	{ }
};
MODULE_DEVICE_TABLE(x86cpu, vmx_cpus);

MODULE_DESCRIPTION("Lamina: VT-x");
MODULE_LICENSE("GPL");
