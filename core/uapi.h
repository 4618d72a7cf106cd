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

/* 4.143, of Linux 6.11. */
#ifndef KVM_PRE_FAULT_MEMORY
#define KVM_CAP_PRE_FAULT_MEMORY	236
#define KVM_PRE_FAULT_MEMORY	_IOWR(KVMIO, 0xd5, struct kvm_pre_fault_memory)

/**
 * struct kvm_pre_fault_memory - a range of guest memory that is to be mapped
 * @gpa: its address; on return that of what is left
 * @size: its bytes; on return those of what is left
 * @flags: 0
 * @padding: not used
 */
struct kvm_pre_fault_memory {
	__u64 gpa;
	__u64 size;
	__u64 flags;
	__u64 padding[5];
};
#endif

#endif
