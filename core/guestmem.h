/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory as the host sees it: gfn to hva to pfn, reads and writes.
 *
 * Everything here runs inside kvm->srcu, in userspace's address space
 * (current->mm == kvm->mm), and may sleep.  SRCU keeps a slot that was found; the next call
 * may find another one, or none.
 */
#ifndef LAMINA_CORE_GUESTMEM_H
#define LAMINA_CORE_GUESTMEM_H

#include "core/memslot.h"

/**
 * guest_slot - slot of a frame in the vCPU's current address space
 * @vcpu: the vCPU
 * @gfn: the frame
 */
struct slot *guest_slot(struct kvm_vcpu *vcpu, gfn_t gfn);

/**
 * guest_os_begin - reach what the guest's OS means by an address, also while it is in SMM
 * @vcpu: own thread's
 *
 * Memory that the OS has named in a register is its own: in address space 1 is what it
 * must not reach.
 *
 * Return: for guest_os_end().
 */
static inline u16 guest_os_begin(struct kvm_vcpu *vcpu)
{
	u16 as_id = vcpu->mmu.as_id;

	vcpu->mmu.as_id = 0;
	return as_id;
}

/** guest_os_end - and back */
static inline void guest_os_end(struct kvm_vcpu *vcpu, u16 as_id)
{
	vcpu->mmu.as_id = as_id;
}

/**
 * guest_read - read guest physical memory
 * @vcpu: whose address space
 * @gpa: address
 * @buf: destination
 * @len: bytes; the range may cross pages and slots
 *
 * Return: 0 or -EFAULT (a part of @buf may have been written).
 */
int guest_read(struct kvm_vcpu *vcpu, gpa_t gpa, void *buf, unsigned long len);

/**
 * guest_write - write guest physical memory, marking frames dirty
 * @vcpu: whose address space
 * @gpa: address
 * @buf: source
 * @len: bytes; the range may cross pages and slots
 *
 * Return: 0, or -EFAULT when a part is missing or read-only (what comes before
 * it has been written).
 */
int guest_write(struct kvm_vcpu *vcpu, gpa_t gpa, const void *buf,
		unsigned long len);

/**
 * guest_page_user - where userspace has a page of guest memory
 * @vcpu: whose address space
 * @gpa: address of the page
 * @write: it is to be written
 *
 * For who accesses many parts of a page.  slot_parse() has seen to it that it is
 * userspace's.
 *
 * Return: the address, for as long as kvm->srcu is held; NULL: there is no such page.
 */
void __user *guest_page_user(struct kvm_vcpu *vcpu, gpa_t gpa, bool write);

/**
 * guest_page_written - a page was written, as guest_write() writes
 * @vcpu: whose address space
 * @gpa: address of the page, which guest_page_user() has found; its slot may be gone
 */
void guest_page_written(struct kvm_vcpu *vcpu, gpa_t gpa);

/**
 * guest_poke - write guest memory without waiting for anything
 * @vcpu: whose address space; its own thread, any lock held, preemption off
 * @gpa: address; the bytes lie in one page
 * @buf: source
 * @len: bytes
 *
 * The MMU is not told, so shadow pages of a guest's table that lies there are as they were.
 *
 * Return: 0; -EFAULT also where the page is not present now.
 */
int guest_poke(struct kvm_vcpu *vcpu, gpa_t gpa, const void *buf,
	       unsigned int len);

/**
 * guest_cmpxchg - compare and exchange guest physical memory, marking it dirty
 * @vcpu: whose address space
 * @gpa: address; the bytes lie in one page
 * @old: what memory must hold
 * @new: what is written then
 * @len: bytes: 1, 2, 4, 8 or 16
 *
 * Atomic towards every other processor, but for bytes that cross a cache line
 * and for 16 bytes that are not aligned: locking the bus from the kernel may be
 * fatal, so these are compared first and then written.
 *
 * Return: 0; -EAGAIN when memory holds something else; -EFAULT when there is
 * none or it is read-only.
 */
int guest_cmpxchg(struct kvm_vcpu *vcpu, gpa_t gpa, const void *old,
		  const void *new, unsigned int len);

/**
 * guest_frame - the host's frame that backs one of the guest's, to be written
 * @vcpu: whose address space
 * @gfn: the frame
 * @out: the host's address of it
 *
 * No reference is kept: it is right until arch_frames_change() says otherwise.
 *
 * Return: 0; -EAGAIN where it is changing now; -EFAULT where there is none or it is
 * read-only; as mmu_env_pfn().
 */
int guest_frame(struct kvm_vcpu *vcpu, gfn_t gfn, phys_addr_t *out);

/**
 * guest_logged - the processor says that the guest wrote a frame (mmu_caps.logs)
 * @vcpu: its own thread, in the address space where it ran; SRCU held
 * @gfn: the frame; it need not be in a slot, nor in one that logs
 */
void guest_logged(struct kvm_vcpu *vcpu, gfn_t gfn);

#endif
