/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TPR in guest memory, for 32-bit guests that write it all the time: firmware of the VMM
 * patches their accesses to the LAPIC into accesses to four bytes of RAM (QEMU's kvmvapic).
 *
 *	byte 0	TPR, the guest's to change
 *	byte 1	highest class in service
 *	byte 3	highest vector requested
 *
 * Before an entry they are written, after an exit TPR is read.  To find the accesses,
 * userspace asks to be told of each (KVM_TPR_ACCESS_REPORTING).
 */
#ifndef LAMINA_X86_RUN_VAPIC_H
#define LAMINA_X86_RUN_VAPIC_H

#include "x86/vcpu/x86.h"

/** vapic_enter - write the bytes; own thread, kvm->srcu held */
void vapic_enter(struct x86_vcpu *v);
/** vapic_exit - read TPR; own thread, kvm->srcu held */
void vapic_exit(struct x86_vcpu *v);

/** vapic_ioctl_addr - KVM_SET_VAPIC_ADDR; 0: none; -EINVAL: no LAPIC in the kernel */
long vapic_ioctl_addr(void *vcpu, void *data, unsigned long arg);
/** vapic_ioctl_report - KVM_TPR_ACCESS_REPORTING; -EINVAL for flags */
long vapic_ioctl_report(void *vcpu, void *data, unsigned long arg);

#endif
