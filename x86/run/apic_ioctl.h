/* SPDX-License-Identifier: GPL-2.0-only */
/* KVM_GET_LAPIC and KVM_SET_LAPIC. */
#ifndef LAMINA_X86_RUN_APIC_IOCTL_H
#define LAMINA_X86_RUN_APIC_IOCTL_H

/** apic_ioctl_get - KVM_GET_LAPIC; -EINVAL: it is in userspace */
long apic_ioctl_get(void *vcpu, void *data, unsigned long arg);
/** apic_ioctl_set - KVM_SET_LAPIC; -EINVAL also for an id that is not the vCPU's */
long apic_ioctl_set(void *vcpu, void *data, unsigned long arg);

#endif
