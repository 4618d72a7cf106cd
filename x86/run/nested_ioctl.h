/* SPDX-License-Identifier: GPL-2.0-only */
/* KVM_GET_NESTED_STATE and KVM_SET_NESTED_STATE (api.rst 4.114, 4.115): nested.c. */
#ifndef LAMINA_X86_RUN_NESTED_IOCTL_H
#define LAMINA_X86_RUN_NESTED_IOCTL_H

/** nested_ioctl_get - -E2BIG: the size that it takes is told; -EINVAL: no nesting */
long nested_ioctl_get(void *vcpu, void *data, unsigned long arg);
/** nested_ioctl_set - -EINVAL, -ENOMEM, -EFAULT: nothing has changed */
long nested_ioctl_set(void *vcpu, void *data, unsigned long arg);

#endif
