/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory as the host sees it: gfn to hva to pfn, reads and writes.
 *
 * Everything here runs inside kvm->srcu, in userspace's address space
 * (current->mm == kvm->mm), and may sleep.
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
 * struct guest_part - some bytes of a structure in guest memory
 * @first: offset of the first one
 * @end: offset behind the last one
 */
struct guest_part {
	u16 first;
	u16 end;
};

/**
 * guest_read_parts - read parts of a structure that lies in one guest page
 * @vcpu: whose address space
 * @gpa: address of the structure
 * @image: copy of it, of which only those parts change
 * @part: which, in order
 * @n: how many; not 0
 *
 * What they cost together is what one read does.
 *
 * Return: 0 or -EFAULT (some may have been read).
 */
int guest_read_parts(struct kvm_vcpu *vcpu, gpa_t gpa, void *image,
		     const struct guest_part *part, unsigned int n);

/**
 * guest_write_parts - write parts of a structure that lies in one guest page
 * @vcpu: whose address space
 * @gpa: address of the structure
 * @image: what it is to be
 * @part: which parts, in order; what is between them is not touched
 * @n: how many; not 0
 *
 * Return: 0, or -EFAULT where memory is missing or read-only (some may have been
 * written).
 */
int guest_write_parts(struct kvm_vcpu *vcpu, gpa_t gpa, const void *image,
		      const struct guest_part *part, unsigned int n);

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

#endif
