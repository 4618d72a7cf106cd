// SPDX-License-Identifier: GPL-2.0-only
/* kvm-amd.ko: the vendor table and nothing else. */
#include <linux/module.h>

#include <asm/cpu_device_id.h>

#include "svm/cpu.h"
#include "svm/nested.h"

static const struct kvm_vendor svm_vendor = {
	.name		= "kvm_amd",
	.owner		= THIS_MODULE,
	.vcpu_size	= sizeof(struct svm_vcpu),
	.nested		= &svm_nested_ops,

	.probe		= svm_probe,
	.setup		= svm_setup,
	.teardown	= svm_teardown,
	.cpu_on		= svm_cpu_on,
	.cpu_off	= svm_cpu_off,

	.vcpu_create	= svm_vcpu_create,
	.vcpu_destroy	= svm_vcpu_destroy,
	.vcpu_reset	= svm_vcpu_reset,
	.vcpu_memory	= svm_vcpu_memory,
	.load		= svm_load,
	.put		= svm_put,

	.can_enter	= svm_can_enter,
	.enter		= svm_enter,
	.exit_decode	= svm_exit_decode,
	.exit_info	= svm_exit_info,
	.exit_handle	= svm_exit_handle,

	.state_fetch	= svm_state_fetch,
	.state_store	= svm_state_store,
	.msr_read	= svm_msr_read,
	.msr_write	= svm_msr_write,

	.event_blocked	= svm_event_blocked,
	.event_inject	= svm_event_inject,
	.event_window	= svm_event_window,
	.event_nmi_mask	= svm_event_nmi_mask,

	.root_load	= svm_root_load,
	.tlb_flush	= svm_tlb_flush,

	.policy_update	= svm_policy_update,
};

static_assert(offsetof(struct svm_vcpu, x86) == 0);

static int __init svm_init(void)
{
	return kvm_vendor_load(&svm_vendor);
}
module_init(svm_init);

static void __exit svm_exit(void)
{
	kvm_vendor_unload(&svm_vendor);
}
module_exit(svm_exit);

/* Loaded by udev on machines with AMD-V. */
static const struct x86_cpu_id svm_cpus[] = {
	X86_MATCH_FEATURE(X86_FEATURE_SVM, NULL),
	{ }
};
MODULE_DEVICE_TABLE(x86cpu, svm_cpus);

MODULE_DESCRIPTION("Lamina: AMD-V");
MODULE_LICENSE("GPL");
