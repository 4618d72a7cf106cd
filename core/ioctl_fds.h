/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the ioctl tables of the three kinds of descriptor. */
#ifndef LAMINA_CORE_IOCTL_FDS_H
#define LAMINA_CORE_IOCTL_FDS_H

struct kvm;

/**
 * core_check_extension - KVM_CHECK_EXTENSION on /dev/kvm and on a VM
 * @kvm: the VM or NULL
 * @ext: KVM_CAP_*
 *
 * Return: the capability's value, 0 when it is not there.
 */
long core_check_extension(struct kvm *kvm, unsigned long ext);

#endif
