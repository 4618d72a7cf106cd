// SPDX-License-Identifier: GPL-2.0-only
/* The loaded vendor: completeness, publication, withdrawal. */
#include <linux/printk.h>

#include "core/arch.h"
#include "core/pagein.h"
#include "core/vfio.h"
#include "core/vm.h"
#include "x86/vcpu/apicv.h"
#include "x86/vcpu/nested.h"
#include "x86/vcpu/vendor.h"

/* Before a vendor is there nothing may call an op: a table of NULLs would trap. */
#define VENDOR_OP(ret, name, args) \
	DEFINE_STATIC_CALL_NULL(vendor_##name, *((struct kvm_vendor *)NULL)->name);
#include "x86/vcpu/vendor_ops.h"

static const struct kvm_vendor *vendor_loaded;
const struct nested_ops *nested_ops;
const struct apicv_ops *apicv_ops;

static bool vendor_is_complete(const struct kvm_vendor *ven)
{
#define VENDOR_OP(ret, name, args) if (!ven->name) return false;
#include "x86/vcpu/vendor_ops.h"
	return ven->vcpu_size >= sizeof(struct x86_vcpu);
}

int vendor_check(const struct kvm_vendor *ven)
{
	if (!vendor_is_complete(ven)) {
		pr_err("kvm: %s: incomplete vendor table\n", ven->name);
		return -EINVAL;
	}
	if (!vendor_loaded)
		return 0;
	pr_err("kvm: %s: %s is loaded already\n", ven->name,
	       vendor_loaded->name);
	return -EBUSY;
}

size_t arch_vcpu_size(void)
{
	return vendor_loaded->vcpu_size;
}

int arch_cpu_on(void)
{
	return vendor(cpu_on)();
}

void arch_cpu_off(void)
{
	vendor(cpu_off)();
}

/* No firmware needs virtualization on everywhere yet. */
int arch_post_enable(void)
{
	return 0;
}

int vendor_publish(void *obj)
{
	const struct kvm_vendor *ven = obj;

#define VENDOR_OP(ret, name, args) static_call_update(vendor_##name, ven->name);
#include "x86/vcpu/vendor_ops.h"
	vendor_loaded = ven;
	nested_ops = ven->nested;
	apicv_ops = ven->apicv;
	dev_set_owner(ven->owner);
	vm_set_owner(ven->owner);
	vcpu_set_owner(ven->owner);
	vm_device_set_owner(ven->owner);
	stats_set_owner(ven->owner);
	pagein_set_owner(ven->owner);
	return 0;
}

void vendor_withdraw(void *obj)
{
	vendor_loaded = NULL;
}
