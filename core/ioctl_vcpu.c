// SPDX-License-Identifier: GPL-2.0-only
/* The core's vCPU ioctls; KVM_RUN is answered before the tables. */
#include <linux/signal.h>
#include <linux/uaccess.h>

#include "core/ioctl.h"
#include "core/vm.h"

/* A null pointer ends the use of a mask (api.rst 4.18). */
static long vcpu_ioctl_signal_mask(void *obj, void *data, unsigned long arg)
{
	struct kvm_signal_mask __user *user = (void __user *)arg;
	struct kvm_vcpu *vcpu = obj;
	sigset_t set;
	u32 len;

	if (!user) {
		vcpu->sigset_active = false;
		return 0;
	}
	if (get_user(len, &user->len))
		return -EFAULT;
	if (len != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, user->sigset, sizeof(set)))
		return -EFAULT;
	sigdelsetmask(&set, sigmask(SIGKILL) | sigmask(SIGSTOP));
	vcpu->sigset = set;
	vcpu->sigset_active = true;
	return 0;
}

static long vcpu_ioctl_stats_fd(void *obj, void *data, unsigned long arg)
{
	struct kvm_vcpu *vcpu = obj;

	return stats_fd(vcpu->kvm, vcpu);
}

const struct ioctl_desc core_vcpu_ioctls[] = {
	{ KVM_SET_SIGNAL_MASK, IOCTL_RAW | IOCTL_UNLOADED, vcpu_ioctl_signal_mask },
	{ KVM_GET_STATS_FD, IOCTL_UNLOADED, vcpu_ioctl_stats_fd },
	{ }
};
