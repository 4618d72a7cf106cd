/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory as the host sees it: gfn to hva to pfn, reads and writes.
 *
 * Everything here runs inside kvm->srcu, in the client's address space
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

#endif
