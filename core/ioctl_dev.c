// SPDX-License-Identifier: GPL-2.0-only
/* /dev/kvm: the device, its ioctls, and the core's capabilities. */
#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "core/arch.h"
#include "core/coalesced.h"
#include "core/dirty_ring.h"
#include "core/vm.h"

static const struct cap_value core_caps[] = {
	{ KVM_CAP_USER_MEMORY, 1 },
	{ KVM_CAP_USER_MEMORY2, 1 },
	{ KVM_CAP_DESTROY_MEMORY_REGION_WORKS, 1 },
	{ KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, 1 },
	{ KVM_CAP_NR_MEMSLOTS, SLOTS_MAX },
	{ KVM_CAP_MULTI_ADDRESS_SPACE, AS_COUNT },
	{ KVM_CAP_SYNC_MMU, 1 },
	{ KVM_CAP_READONLY_MEM, 1 },
	{ KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
	  KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | KVM_DIRTY_LOG_INITIALLY_SET },
	{ KVM_CAP_DIRTY_LOG_RING, DIRTY_RING_BYTES_MAX },
	{ KVM_CAP_DIRTY_LOG_RING_ACQ_REL, DIRTY_RING_BYTES_MAX },
	{ KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP, 1 },
	{ KVM_CAP_MMU_SHADOW_CACHE_CONTROL, 1 },
	{ KVM_CAP_MAX_VCPUS, VCPUS_MAX },
	{ KVM_CAP_MAX_VCPU_ID, VCPU_IDS_MAX },
	{ KVM_CAP_IOEVENTFD, 1 },
	{ KVM_CAP_IOEVENTFD_NO_LENGTH, 1 },
	{ KVM_CAP_IOEVENTFD_ANY_LENGTH, 1 },
	{ KVM_CAP_COALESCED_MMIO, KVM_COALESCED_MMIO_PAGE_OFFSET },
	{ KVM_CAP_COALESCED_PIO, 1 },
	{ KVM_CAP_BINARY_STATS_FD, 1 },
	{ KVM_CAP_IMMEDIATE_EXIT, 1 },
	{ KVM_CAP_CHECK_EXTENSION_VM, 1 },
	{ KVM_CAP_ENABLE_CAP_VM, 1 },
	{ KVM_CAP_INTERNAL_ERROR_DATA, 1 },
	{ KVM_CAP_SYSTEM_EVENT_DATA, 1 },
	{ KVM_CAP_DEVICE_CTRL, 1 },
	{ }
};

static unsigned int cap_value(const struct cap_value *c, unsigned long ext)
{
	while (c->value && c->cap != ext)
		c++;
	return c->value;
}

long core_check_extension(struct kvm *kvm, unsigned long ext)
{
	unsigned int value = cap_value(core_caps, ext) ?:
			     cap_value(arch_caps, ext);

	if (value)
		return value;
	if (ext == KVM_CAP_NR_VCPUS)
		return min_t(unsigned int, num_online_cpus(), VCPUS_MAX);
	return arch_check_extension(kvm, ext);
}

static long dev_api_version(void *obj, void *data, unsigned long arg)
{
	return arg ? -EINVAL : KVM_API_VERSION;
}

static long dev_create_vm(void *obj, void *data, unsigned long arg)
{
	return vm_create(arg);
}

static long dev_check_extension(void *obj, void *data, unsigned long arg)
{
	return core_check_extension(NULL, arg);
}

/* Up to the coalesced ring. */
static long dev_vcpu_mmap_size(void *obj, void *data, unsigned long arg)
{
	return arg ? -EINVAL : (KVM_COALESCED_MMIO_PAGE_OFFSET + 1) * PAGE_SIZE;
}

const struct ioctl_desc core_dev_ioctls[] = {
	{ KVM_GET_API_VERSION, 0, dev_api_version },
	{ KVM_CREATE_VM, 0, dev_create_vm },
	{ KVM_CHECK_EXTENSION, 0, dev_check_extension },
	{ KVM_GET_VCPU_MMAP_SIZE, 0, dev_vcpu_mmap_size },
	{ }
};

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct ioctl_desc *d;

	d = ioctl_find(core_dev_ioctls, arch_dev_ioctls, cmd);
	return d ? ioctl_call(d, NULL, arg) : -EINVAL;
}

static struct file_operations dev_fops = {
	.unlocked_ioctl = dev_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice dev_kvm = {
	.minor = KVM_MINOR,
	.name = "kvm",
	.fops = &dev_fops,
};

void dev_set_owner(struct module *owner)
{
	dev_fops.owner = owner;
}

int module_step_chardev_up(void *unused)
{
	int err = misc_register(&dev_kvm);

	if (err)
		pr_err("kvm: cannot make /dev/kvm (%d)%s\n", err,
		       err == -EBUSY ? ": minor number 232 is taken by another driver" : "");
	return err;
}

void module_step_chardev_down(void *unused)
{
	misc_deregister(&dev_kvm);
}
