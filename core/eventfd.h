/* SPDX-License-Identifier: GPL-2.0-only */
/* ioeventfd: a guest's write to an address signals an eventfd. */
#ifndef LAMINA_CORE_EVENTFD_H
#define LAMINA_CORE_EVENTFD_H

#include "core/kvm.h"

/**
 * ioeventfd_set - KVM_IOEVENTFD
 * @kvm: the VM
 * @args: userspace's structure
 *
 * Return: 0, -EINVAL, -EEXIST, -ENOENT, -EBADF, -ENOSPC, -ENOMEM.
 */
int ioeventfd_set(struct kvm *kvm, const struct kvm_ioeventfd *args);

#endif
