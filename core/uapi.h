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

/* 4.140, of Linux 6.8. */
#ifndef KVM_SET_USER_MEMORY_REGION2
#define KVM_CAP_USER_MEMORY2	231
#define KVM_SET_USER_MEMORY_REGION2 \
	_IOW(KVMIO, 0x49, struct kvm_userspace_memory_region2)

/**
 * struct kvm_userspace_memory_region2 - struct kvm_userspace_memory_region, and more
 * @slot: from here to @userspace_addr as there
 * @flags: as there
 * @guest_phys_addr: as there
 * @memory_size: as there
 * @userspace_addr: as there
 * @guest_memfd_offset: of memory that userspace cannot reach: not looked at
 * @guest_memfd: the same
 * @pad1: not used
 * @pad2: not used
 */
struct kvm_userspace_memory_region2 {
	__u32 slot;
	__u32 flags;
	__u64 guest_phys_addr;
	__u64 memory_size;
	__u64 userspace_addr;
	__u64 guest_memfd_offset;
	__u32 guest_memfd;
	__u32 pad1;
	__u64 pad2[14];
};
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

/* 7.36, of Linux 6.11. */
#ifndef KVM_CAP_X86_APIC_BUS_CYCLES_NS
#define KVM_CAP_X86_APIC_BUS_CYCLES_NS	237
#endif

#endif
