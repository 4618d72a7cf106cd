/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface to userspace: <linux/kvm.h>, and what that of Linux 6.1 does not know
 * yet (Documentation/virt/kvm/api.rst of later kernels).
 */
#ifndef LAMINA_CORE_UAPI_H
#define LAMINA_CORE_UAPI_H

#include <linux/kvm.h>

/* 8.29, of Linux 6.2. */
#ifndef KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP
#define KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP	225
#endif

#endif
