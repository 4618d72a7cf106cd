/* SPDX-License-Identifier: GPL-2.0-only */
/* KVM_PRE_FAULT_MEMORY: guest memory is mapped before the guest asks for it. */
#ifndef LAMINA_X86_RUN_PREFAULT_H
#define LAMINA_X86_RUN_PREFAULT_H

/**
 * prefault_ioctl - KVM_PRE_FAULT_MEMORY (api.rst 4.143 of Linux 6.11)
 * @obj: the vCPU, loaded
 * @data: userspace's structure; what is left to do is written back
 * @arg: not used
 *
 * Return: 0 when a page was mapped, or was already; -EINVAL; -EOPNOTSUPP on shadow page
 * tables; -ENOENT where no slot is; -EINTR; or what finding the page returned.
 */
long prefault_ioctl(void *obj, void *data, unsigned long arg);

#endif
