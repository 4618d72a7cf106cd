// SPDX-License-Identifier: GPL-2.0-only
/*
 * What others do to us, by writing to /sys/module/svmhog/parameters/:
 *
 *	virt	a CPU list: EFER.SVME, on Intel's processors CR4.VMXE, is set there
 *		and clear elsewhere; read, it is the list of CPUs online that have it,
 *		whoever set it
 *	minor	1: a device of our own has the minor number of /dev/kvm; 0: no more
 *
 * Set by us, the bit goes when the module does.
 */
#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/smp.h>

#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/tlbflush.h>

static struct cpumask ours;
static DEFINE_MUTEX(lock);

static bool is_vmx(void)
{
	return boot_cpu_has(X86_FEATURE_VMX);
}

static void virt_set(void *unused)
{
	u64 efer;

	if (is_vmx()) {
		cr4_set_bits(X86_CR4_VMXE);
		return;
	}
	rdmsrl(MSR_EFER, efer);
	wrmsrl(MSR_EFER, efer | EFER_SVME);
}

static void virt_clear(void *unused)
{
	u64 efer;

	if (is_vmx()) {
		cr4_clear_bits(X86_CR4_VMXE);
		return;
	}
	rdmsrl(MSR_EFER, efer);
	wrmsrl(MSR_EFER, efer & ~EFER_SVME);
}

static void virt_look(void *mask)
{
	u64 efer = 0;

	if (!is_vmx())
		rdmsrl(MSR_EFER, efer);
	if ((efer & EFER_SVME) || (is_vmx() && (__read_cr4() & X86_CR4_VMXE)))
		cpumask_set_cpu(smp_processor_id(), mask);
}

static int virt_param_set(const char *val, const struct kernel_param *kp)
{
	cpumask_var_t wanted;
	int err;

	if (!zalloc_cpumask_var(&wanted, GFP_KERNEL))
		return -ENOMEM;
	err = cpulist_parse(val, wanted);
	if (!err) {
		mutex_lock(&lock);
		on_each_cpu_mask(&ours, virt_clear, NULL, true);
		cpumask_copy(&ours, wanted);
		on_each_cpu_mask(&ours, virt_set, NULL, true);
		mutex_unlock(&lock);
	}
	free_cpumask_var(wanted);
	return err;
}

static int virt_param_get(char *buf, const struct kernel_param *kp)
{
	cpumask_var_t mask;
	int len;

	if (!zalloc_cpumask_var(&mask, GFP_KERNEL))
		return -ENOMEM;
	on_each_cpu(virt_look, mask, true);
	len = sysfs_emit(buf, "%*pbl\n", cpumask_pr_args(mask));
	free_cpumask_var(mask);
	return len;
}

static const struct kernel_param_ops virt_ops = {
	.set = virt_param_set,
	.get = virt_param_get,
};
module_param_cb(virt, &virt_ops, NULL, 0644);

static const struct file_operations dev_fops = {
	.owner = THIS_MODULE,
};

static struct miscdevice dev = {
	.minor = KVM_MINOR,
	.name = "svmhog",
	.fops = &dev_fops,
};

static bool dev_is_there;

static int minor_param_set(const char *val, const struct kernel_param *kp)
{
	bool wanted;
	int err = kstrtobool(val, &wanted);

	if (err || wanted == dev_is_there)
		return err;
	if (!wanted)
		misc_deregister(&dev);
	else
		err = misc_register(&dev);
	if (!err)
		dev_is_there = wanted;
	return err;
}

static const struct kernel_param_ops minor_ops = {
	.set = minor_param_set,
	.get = param_get_bool,
};
module_param_cb(minor, &minor_ops, &dev_is_there, 0644);

static int __init svmhog_init(void)
{
	return 0;
}
module_init(svmhog_init);

static void __exit svmhog_exit(void)
{
	on_each_cpu_mask(&ours, virt_clear, NULL, true);
	if (dev_is_there)
		misc_deregister(&dev);
}
module_exit(svmhog_exit);

MODULE_DESCRIPTION("Lamina's tests: holds what a hypervisor needs");
MODULE_LICENSE("GPL");
