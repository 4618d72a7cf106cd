// SPDX-License-Identifier: GPL-2.0-only
/*
 * Order: what is done, in which sequence, when a vendor module loads, a VM is
 * created, a vCPU is created.  Failure and destruction run the same arrays
 * backward.  There is no other initialisation code.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>

#include "core/arch.h"
#include "core/dirty_ring.h"
#include "core/hwenable.h"
#include "core/iobus.h"
#include "core/irqfd.h"
#include "core/memslot.h"
#include "core/notifier.h"
#include "core/nx_huge.h"
#include "core/pagein.h"
#include "core/run_state.h"
#include "core/vm.h"
#include "x86/cpu/apf.h"
#include "x86/cpu/apic.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/cpuid.h"
#include "x86/cpu/fpu.h"
#include "x86/cpu/mce.h"
#include "x86/cpu/msr_filter.h"
#include "x86/cpu/nx_huge.h"
#include "x86/cpu/pvclock.h"
#include "x86/cpu/tsc.h"
#include "x86/hyperv/hv.h"
#include "x86/insn/emulate.h"
#include "x86/run/identity.h"
#include "x86/run/irqchip.h"
#include "x86/run/lifecycle.h"
#include "x86/vcpu/vendor.h"

/*
 * What kvm.ko does by itself: preempt notifiers work as long as it is there.
 * The switch patches the scheduler, so it is not flipped with each vendor.
 */
static int __init kvm_module_init(void)
{
	preempt_notifier_inc();
	return 0;
}
module_init(kvm_module_init);

static void __exit kvm_module_exit(void)
{
	preempt_notifier_dec();
}
module_exit(kvm_module_exit);

#ifdef LAMINA_TEST
/*
 * Test builds: /sys/module/kvm/parameters/fail_* make a step fail, steps_*
 * tell how many there are.
 */
#define STEP_ARRAY_TEST(what, array)					\
	static int fail_##what = -1;					\
	module_param(fail_##what, int, 0644);				\
	MODULE_PARM_DESC(fail_##what, "index of the step that fails");	\
	static int steps_##what = ARRAY_SIZE(array);			\
	module_param(steps_##what, int, 0444);				\
	MODULE_PARM_DESC(steps_##what, "number of steps");
#define STEP_ARRAY_FAIL(what) .fail = &fail_##what,
#else
#define STEP_ARRAY_TEST(what, array)
#define STEP_ARRAY_FAIL(what)
#endif

/*
 * R2, R6.  Everything before "setup" is independent of the vendor; the MMU's
 * configuration follows the vendor's answer; /dev/kvm comes last.
 */
static const struct step module_step[] = {
	{ "kick masks",	module_step_kick_up,	module_step_kick_down },
	{ "notifier",	steps_nothing,		module_step_notifier_down },
	{ "irqfds",	module_step_irqfd_up,	module_step_irqfd_down },
	{ "pagein",	module_step_pagein_up,	module_step_pagein_down },
	{ "stats",	module_step_stats_up,	module_step_stats_down },
	{ "probe",	caps_step_probe,	NULL },
	{ "setup",	caps_step_setup,	caps_step_teardown },
	{ "mmu",	caps_step_mmu,		caps_step_mmu_down },
	{ "nx work",	steps_nothing,		module_step_nx_down },
	{ "nx huge pages", module_step_nx_huge_up, module_step_nx_huge_down },
	{ "ops",	vendor_publish,		vendor_withdraw },
	{ "tsc",	module_step_tsc_up,	module_step_tsc_down },
	{ "hardware",	module_step_hw_up,	module_step_hw_down },
	{ "chardev",	module_step_chardev_up,	module_step_chardev_down },
};

STEP_ARRAY_TEST(module, module_step)

static const struct step_array module_steps = {
	.name = "module",
	.step = module_step,
	.n = ARRAY_SIZE(module_step),
	STEP_ARRAY_FAIL(module)
};

/* One vendor loads or unloads at a time. */
static DEFINE_MUTEX(vendor_lock);

int kvm_vendor_load(const struct kvm_vendor *ven)
{
	int err;

	mutex_lock(&vendor_lock);
	err = vendor_check(ven);
	if (!err)
		err = steps_up(&module_steps, (void *)ven);
	mutex_unlock(&vendor_lock);
	return err;
}
EXPORT_SYMBOL_GPL(kvm_vendor_load);

void kvm_vendor_unload(const struct kvm_vendor *ven)
{
	mutex_lock(&vendor_lock);
	steps_down(&module_steps, module_steps.n, (void *)ven);
	mutex_unlock(&vendor_lock);
}
EXPORT_SYMBOL_GPL(kvm_vendor_unload);

/*
 * Nothing here starts a thread, waits for a grace period or walks other VMs.
 * The notifier comes when everything that it calls exists, and kicks vCPUs: they are
 * made later than it, and go after it.  What else reaches them is made after "publish"
 * and goes before it is undone.
 */
static const struct step vm_step[] = {
	{ "mm",		vm_step_mm_up,		vm_step_mm_down },
	{ "locks",	vm_step_locks_up,	vm_step_locks_down },
	{ "identity",	vm_step_identity_up,	vm_step_identity_down },
	{ "mmu",	vm_step_mmu_up,		vm_step_mmu_down },
	{ "slots",	vm_step_slots_up,	vm_step_slots_down },
	{ "irqchip",	vm_step_irqchip_up,	vm_step_irqchip_down },
	{ "buses",	vm_step_buses_up,	vm_step_buses_down },
	{ "tsc",	vm_step_tsc_up,		NULL },
	{ "clock",	vm_step_pvclock_up,	NULL },
	{ "msr filter",	steps_nothing,		vm_step_msr_filter_down },
	{ "hyperv",	steps_nothing,		vm_step_hv_down },
	{ "hardware",	vm_step_hw_up,		vm_step_hw_down },
	{ "vcpus",	steps_nothing,		vm_step_vcpus_down },
	{ "notifier",	vm_step_notifier_up,	vm_step_notifier_down },
	{ "fd",		vm_step_fd_up,		vm_step_fd_down },
	{ "publish",	vm_step_publish_up,	vm_step_publish_down },
};

STEP_ARRAY_TEST(vm, vm_step)

const struct step_array arch_vm_steps = {
	.name = "vm",
	.step = vm_step,
	.n = ARRAY_SIZE(vm_step),
	STEP_ARRAY_FAIL(vm)
};

/* R7.  "reset" needs all that comes before it; nobody sees the vCPU before "publish". */
static const struct step vcpu_step[] = {
	{ "limits",	vcpu_step_limits_up,	vcpu_step_limits_down },
	{ "run",	vcpu_step_run_up,	vcpu_step_run_down },
	{ "slots",	vcpu_step_slots_up,	NULL },
	{ "dirty ring",	vcpu_step_ring_up,	vcpu_step_ring_down },
	{ "fpu",	vcpu_step_fpu_up,	vcpu_step_fpu_down },
	{ "cpuid",	steps_nothing,		vcpu_step_cpuid_down },
	{ "mmu",	vcpu_step_mmu_up,	vcpu_step_mmu_down },
	{ "mce",	steps_nothing,		vcpu_step_mce_down },
	{ "emulator",	steps_nothing,		vcpu_step_emul_down },
	{ "page faults", steps_nothing,		vcpu_step_apf_down },
	{ "hyperv",	steps_nothing,		vcpu_step_hv_down },
	{ "apic",	vcpu_step_apic_up,	vcpu_step_apic_down },
	{ "vendor",	vcpu_step_vendor_up,	vcpu_step_vendor_down },
	{ "reset",	vcpu_step_reset_up,	NULL },
	{ "fd",		vcpu_step_fd_up,	vcpu_step_fd_down },
	{ "apic map",	vcpu_step_apic_map_up,	NULL },
	{ "publish",	vcpu_step_publish_up,	NULL },
};

STEP_ARRAY_TEST(vcpu, vcpu_step)

const struct step_array arch_vcpu_steps = {
	.name = "vcpu",
	.step = vcpu_step,
	.n = ARRAY_SIZE(vcpu_step),
	STEP_ARRAY_FAIL(vcpu)
};

MODULE_DESCRIPTION("Lamina: a lean KVM");
MODULE_LICENSE("GPL");
