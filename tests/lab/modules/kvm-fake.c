// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vendor without hardware, for kvm_vendor_load(): loads when nobody else is
 * there, with Intel's page-table format, and is told so when somebody is.
 *
 *	hole=N	the N-th op of the table is missing; ERANGE when it has no such op
 *
 * Its ops do nothing and say 0; a VM can be made, none can run.
 */
#include <linux/module.h>

#include "x86/cpu/caps.h"
#include "x86/vcpu/vendor.h"

static int hole = -1;
module_param(hole, int, 0444);

static int fake_setup(struct x86_caps *caps)
{
	caps->mmu = (struct mmu_caps){
		.second = MMU_SECOND_EPT,
		.levels = 4,
		.max_level = LEVEL_2M,
		.exec_only = true,
		.maxphyaddr = 40,
	};
	caps->hidden_8000_0001_ecx = ~0u;
	return 0;
}

static int fake_zero(void)
{
	return 0;
}

/* An op that looks at no argument may have any. */
static struct kvm_vendor fake = {
#define VENDOR_OP(ret, name, args) .name = (void *)fake_zero,
#include "x86/vcpu/vendor_ops.h"
};

static int __init fake_init(void)
{
	void **op = (void **)&fake.probe;

	fake.name = "kvm_fake";
	fake.owner = THIS_MODULE;
	fake.vcpu_size = sizeof(struct x86_vcpu);
	fake.setup = fake_setup;
	if (hole >= 0 && (void *)&op[hole] >= (void *)(&fake + 1))
		return -ERANGE;
	if (hole >= 0)
		op[hole] = NULL;
	return kvm_vendor_load(&fake);
}
module_init(fake_init);

static void __exit fake_exit(void)
{
	kvm_vendor_unload(&fake);
}
module_exit(fake_exit);

MODULE_DESCRIPTION("Lamina's tests: a vendor without hardware");
MODULE_LICENSE("GPL");
