/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM_CREATE_DEVICE (api.rst 4.79), and the one device that there is:
 * KVM_DEV_TYPE_VFIO (devices/vfio.rst).
 */
#ifndef LAMINA_CORE_VFIO_H
#define LAMINA_CORE_VFIO_H

#include "core/kvm.h"

struct module;

/**
 * vm_device_create - KVM_CREATE_DEVICE
 * @kvm: the VM
 * @args: userspace's structure; its fd is the result
 *
 * Return: 0; -ENODEV for another type; -EBUSY: there is one; -EMFILE, -ENFILE, -ENOMEM.
 */
int vm_device_create(struct kvm *kvm, struct kvm_create_device *args);

/** vm_device_set_owner - the module that open descriptors keep loaded: vm_set_owner() */
void vm_device_set_owner(struct module *owner);

#endif
