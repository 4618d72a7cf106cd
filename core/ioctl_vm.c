// SPDX-License-Identifier: GPL-2.0-only
/* The core's VM ioctls: thin handlers around the modules that do the work. */
#include <linux/string.h>

#include "core/arch.h"
#include "core/block.h"
#include "core/coalesced.h"
#include "core/dirty.h"
#include "core/dirty_ring.h"
#include "core/eventfd.h"
#include "core/irqfd.h"
#include "core/vfio.h"
#include "core/vm.h"

static long vm_ioctl_create_vcpu(void *obj, void *data, unsigned long arg)
{
	return arg > U32_MAX ? -EINVAL : vcpu_create(obj, arg);
}

/* Handlers whose work has a function of its own. */
#define VM_IOCTL(handler, function)					\
	static long handler(void *kvm, void *data, unsigned long arg)	\
	{								\
		return function(kvm, data);				\
	}

VM_IOCTL(vm_ioctl_set_region, slot_set)
VM_IOCTL(vm_ioctl_dirty_get, dirty_get)
VM_IOCTL(vm_ioctl_dirty_clear, dirty_clear)
VM_IOCTL(vm_ioctl_ioeventfd, ioeventfd_set)
VM_IOCTL(vm_ioctl_coalesce, coalesced_register)
VM_IOCTL(vm_ioctl_uncoalesce, coalesced_unregister)
VM_IOCTL(vm_ioctl_irqfd, irqfd_set)
VM_IOCTL(vm_ioctl_create_device, vm_device_create)

static long vm_ioctl_stats_fd(void *obj, void *data, unsigned long arg)
{
	return stats_fd(obj, NULL);
}

static long vm_ioctl_set_mmu_pages(void *obj, void *data, unsigned long arg)
{
	struct kvm *kvm = obj;

	if (arg < MMU_PAGES_MIN)
		return -EINVAL;
	mmu_page_limit_set(&kvm->mmu, arg);
	return 0;
}

static long vm_ioctl_reset_rings(void *obj, void *data, unsigned long arg)
{
	return dirty_ring_reset(obj);
}

/* The result of ioctl() is an int, and a negative one is an error. */
static long vm_ioctl_get_mmu_pages(void *obj, void *data, unsigned long arg)
{
	struct kvm *kvm = obj;

	return min_t(unsigned long, READ_ONCE(kvm->mmu.page_limit), INT_MAX);
}

static long vm_ioctl_check_extension(void *obj, void *data, unsigned long arg)
{
	return core_check_extension(obj, arg);
}

/*
 * Manual dirty-log protection.  INITIALLY_SET alone is nothing (api.rst 7.18);
 * changing the mode takes effect for slots that start to log afterwards.
 */
static long enable_manual_protect(struct kvm *kvm,
				  const struct kvm_enable_cap *cap)
{
	u64 flags = cap->args[0];

	if (flags & ~(u64)(KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE |
			   KVM_DIRTY_LOG_INITIALLY_SET))
		return -EINVAL;
	if (flags == KVM_DIRTY_LOG_INITIALLY_SET)
		return -EINVAL;
	mutex_lock(&kvm->slots_lock);
	kvm->dirty_manual = flags;
	mutex_unlock(&kvm->slots_lock);
	return 0;
}

/*
 * A limit for ids, before the first vCPU and once (api.rst 7.32); the same again is no
 * change.
 */
static long enable_max_vcpu_id(struct kvm *kvm, const struct kvm_enable_cap *cap)
{
	u64 ids = cap->args[0];
	long ret = 0;
	u32 now;

	if (ids > VCPU_IDS_MAX)
		return -EINVAL;
	mutex_lock(&kvm->lock);
	now = kvm->vcpu_ids;
	if (!now && kvm->nr_vcpus)
		now = VCPU_IDS_MAX;
	if ((now && ids != now) || (ids && ids < arch_boot_vcpu(kvm)))
		ret = -EINVAL;
	else
		kvm->vcpu_ids = now ?: ids;
	mutex_unlock(&kvm->lock);
	return ret;
}

static long vm_ioctl_enable_cap(void *obj, void *data, unsigned long arg)
{
	const struct kvm_enable_cap *cap = data;

	if (cap->flags)
		return -EINVAL;
	switch (cap->cap) {
	case KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2:
		return enable_manual_protect(obj, cap);
	case KVM_CAP_DIRTY_LOG_RING:
	case KVM_CAP_DIRTY_LOG_RING_ACQ_REL:
		return dirty_ring_enable(obj, cap->args[0]);
	case KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP:
		return dirty_ring_enable_bitmap(obj);
	case KVM_CAP_MAX_VCPU_ID:
		return enable_max_vcpu_id(obj, cap);
	case KVM_CAP_HALT_POLL:
		return halt_poll_set(obj, cap->args[0]);
	default:
		return arch_vm_enable_cap(obj, cap);
	}
}

const struct ioctl_desc core_vm_ioctls[] = {
	{ KVM_CREATE_VCPU, 0, vm_ioctl_create_vcpu },
	{ KVM_SET_USER_MEMORY_REGION, 0, vm_ioctl_set_region },
	/* It begins as the former does; KVM_MEM_GUEST_MEMFD is refused as any unknown flag. */
	{ KVM_SET_USER_MEMORY_REGION2, 0, vm_ioctl_set_region },
	{ KVM_GET_DIRTY_LOG, 0, vm_ioctl_dirty_get },
	{ KVM_CLEAR_DIRTY_LOG, 0, vm_ioctl_dirty_clear },
	{ KVM_RESET_DIRTY_RINGS, 0, vm_ioctl_reset_rings },
	{ KVM_IOEVENTFD, 0, vm_ioctl_ioeventfd },
	{ KVM_IRQFD, 0, vm_ioctl_irqfd },
	{ KVM_CREATE_DEVICE, 0, vm_ioctl_create_device },
	{ KVM_GET_STATS_FD, 0, vm_ioctl_stats_fd },
	{ KVM_REGISTER_COALESCED_MMIO, 0, vm_ioctl_coalesce },
	{ KVM_UNREGISTER_COALESCED_MMIO, 0, vm_ioctl_uncoalesce },
	{ KVM_SET_NR_MMU_PAGES, 0, vm_ioctl_set_mmu_pages },
	{ KVM_GET_NR_MMU_PAGES, 0, vm_ioctl_get_mmu_pages },
	{ KVM_CHECK_EXTENSION, 0, vm_ioctl_check_extension },
	{ KVM_ENABLE_CAP, 0, vm_ioctl_enable_cap },
	{ }
};
