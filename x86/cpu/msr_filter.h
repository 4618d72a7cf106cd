/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Userspace's say in a guest's MSR accesses: which ones are denied, and which of
 * those that fail go to userspace (api.rst 4.97, 7.21).
 *
 * A filter is built off-line and published under kvm->srcu.  It holds for RDMSR
 * and WRMSR, also where the hardware would not exit: REQ_MSR_FILTER.
 */
#ifndef LAMINA_X86_CPU_MSR_FILTER_H
#define LAMINA_X86_CPU_MSR_FILTER_H

#include "x86/vcpu/exit.h"
#include "x86/vcpu/x86.h"

/**
 * msr_filter_allows - may the guest access a register?
 * @v: own thread, kvm->srcu held
 * @index: the register
 * @kind: KVM_MSR_FILTER_READ or KVM_MSR_FILTER_WRITE
 */
bool msr_filter_allows(struct x86_vcpu *v, u32 index, u32 kind);

/**
 * msr_filter_refresh - note in v->msr_exits what the VM's filter asks for
 * @v: own thread with kvm->srcu held, or kvm->lock held
 *
 * The vendor's policy_update() looks at it.
 */
void msr_filter_refresh(struct x86_vcpu *v);

/**
 * msr_user_wants - does userspace want to handle an access that failed?
 * @v: own thread
 * @err: what the access returned: -EPERM: the filter; -ENOENT; -EINVAL
 *
 * Return: KVM_MSR_EXIT_REASON_*, or 0: the guest gets #GP.
 */
u32 msr_user_wants(const struct x86_vcpu *v, int err);

/**
 * msr_user_exit - ask userspace for RDMSR or WRMSR
 * @v: own thread
 * @exit: the exit
 * @reason: from msr_user_wants()
 *
 * The instruction ends, or raises #GP, when KVM_RUN is called again.
 */
enum x86_next msr_user_exit(struct x86_vcpu *v, const struct x86_exit *exit,
			    u32 reason);

/** msr_user_enable - KVM_CAP_X86_USER_SPACE_MSR; -EINVAL for unknown reasons */
long msr_user_enable(struct x86_vm *vm, const struct kvm_enable_cap *cap);

/**
 * msr_ioctl_filter - KVM_X86_SET_MSR_FILTER
 *
 * -EINVAL for unknown flags, a range without a kind of access or larger than
 * KVM_MSR_FILTER_MAX_BITMAP_SIZE, and for a denying filter without a range;
 * -EFAULT; -ENOMEM.  The old filter stays then.
 */
long msr_ioctl_filter(void *vm, void *data, unsigned long arg);

#endif
