/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Machine checks that userspace reports (SDM vol. 3, 16.3; APM vol. 2, ch. 9).
 *
 * A vCPU has no error-reporting banks until KVM_X86_SETUP_MCE gives it some.
 */
#ifndef LAMINA_X86_CPU_MCE_H
#define LAMINA_X86_CPU_MCE_H

#include "x86/cpu/msr.h"

/* Most banks that a vCPU may have: the numbers of their MSRs end there. */
#define MCE_BANKS_MAX	32
/* MSRs of a bank: CTL, STATUS, ADDR, MISC. */
#define MCE_BANK_MSRS	4

/** mce_global_get - MCG_CAP, MCG_STATUS, MCG_CTL */
int mce_global_get(struct x86_vcpu *v, struct msr_access *a);
/** mce_global_set - MCG_STATUS, MCG_CTL; MCG_CAP takes the value that it has */
int mce_global_set(struct x86_vcpu *v, struct msr_access *a);
/** mce_bank_get - an MSR of a bank; -ENOENT: the vCPU has fewer banks */
int mce_bank_get(struct x86_vcpu *v, struct msr_access *a);
/** mce_bank_set - see mce_bank_get(); -EINVAL: the guest must write 0 */
int mce_bank_set(struct x86_vcpu *v, struct msr_access *a);

/** mce_ioctl_supported - KVM_X86_GET_MCE_CAP_SUPPORTED */
long mce_ioctl_supported(void *unused, void *data, unsigned long arg);
/**
 * mce_ioctl_setup - KVM_X86_SETUP_MCE: banks, all cleared and enabled
 *
 * -EINVAL for no bank, more than MCE_BANKS_MAX, or a capability that is not
 * supported; -ENOMEM.
 */
long mce_ioctl_setup(void *vcpu, void *data, unsigned long arg);
/**
 * mce_ioctl_inject - KVM_X86_SET_MCE: an error, and #MC if it is uncorrected
 *
 * -EINVAL for a bank that the vCPU lacks, a status without VAL, bits of MCG_STATUS
 * that do not exist, padding that is not zero.
 */
long mce_ioctl_inject(void *vcpu, void *data, unsigned long arg);

/** vcpu_step_mce_down - vCPU step: free the banks, if there are any */
void vcpu_step_mce_down(void *vcpu);

#endif
