/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which MSRs userspace denies a guest (api.rst 4.97).
 *
 * A filter is built off-line and published under kvm->srcu.  It holds for RDMSR
 * and WRMSR, also where the hardware would not exit: REQ_MSR_FILTER.
 */
#ifndef LAMINA_X86_CPU_MSR_FILTER_H
#define LAMINA_X86_CPU_MSR_FILTER_H

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
 * msr_ioctl_filter - KVM_X86_SET_MSR_FILTER
 *
 * -EINVAL for unknown flags, a range without a kind of access or larger than
 * KVM_MSR_FILTER_MAX_BITMAP_SIZE, and for a denying filter without a range;
 * -EFAULT; -ENOMEM.  The old filter stays then.
 */
long msr_ioctl_filter(void *vm, void *data, unsigned long arg);

/** vm_step_msr_filter_down - VM step: free the filter, if one was set */
void vm_step_msr_filter_down(void *kvm);

#endif
