/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dirty log, as a ring of each vCPU that userspace maps (api.rst 8.29):
 *
 *	unused ─► DIRTY		a frame is pushed
 *	DIRTY ─► RESET		userspace harvests
 *	RESET ─► unused		KVM_RESET_DIRTY_RINGS
 *
 * A frame is pushed when it was written, or can be from now on; a reset forbids it
 * to be written again.  Whoever harvests, resets, and then copies the frame, misses
 * nothing: a later write faults, and is pushed again.
 *
 * A ring that is nearly full sends its vCPU to userspace.  What is left then is for
 * the exit at hand, and for ioctls; once that is used up a frame goes to the slot's
 * bitmap, where userspace wanted one beside the ring.
 *
 * Userspace can write all of the ring: what is in it is believed only as far as it
 * harms nobody else.
 */
#ifndef LAMINA_CORE_DIRTY_RING_H
#define LAMINA_CORE_DIRTY_RING_H

#include "core/memslot.h"

struct page;
struct vm_area_struct;

/* What KVM_CHECK_EXTENSION says: bytes of the largest ring. */
#define DIRTY_RING_BYTES_MAX	(65536 * sizeof(struct kvm_dirty_gfn))

/* Entries that are left when the vCPU goes to userspace. */
#define DIRTY_RING_RESERVE	64

/**
 * struct dirty_ring - a vCPU's ring
 * @entry: (c) the ring, which userspace maps
 * @mask: (c) number of entries, a power of two, less 1
 * @pushed: entries pushed since the beginning; the vCPU's own thread writes it
 * @reset: entries reset since the beginning; written under slots_lock
 * @slot: of the last entry pushed; own thread
 * @offset: of the last entry pushed; own thread
 */
struct dirty_ring {
	struct kvm_dirty_gfn *entry;
	u32 mask;
	u32 pushed;
	u32 reset;
	u32 slot;
	u64 offset;
};

/**
 * dirty_ring_enable - KVM_CAP_DIRTY_LOG_RING and _ACQ_REL
 * @kvm: the VM
 * @bytes: of each vCPU's ring
 *
 * Return: 0; -EINVAL when it is no power of two, or less than a page, when there are
 * vCPUs or rings already; -E2BIG.
 */
int dirty_ring_enable(struct kvm *kvm, u64 bytes);

/**
 * dirty_ring_enable_bitmap - KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP
 * @kvm: the VM
 *
 * Return: 0; -EINVAL without rings, or when there are slots already.
 */
int dirty_ring_enable_bitmap(struct kvm *kvm);

/**
 * dirty_ring_push - log a frame in the vCPU's ring
 * @vcpu: with a ring; its own thread
 * @slot: the frame's slot, which logs
 * @gfn: the frame
 *
 * After the write, or after the frame can be written.  Also by the scheduler's notifier, while
 * the thread is anywhere else.
 *
 * Return: false when the ring is full to the last entry.
 */
bool dirty_ring_push(struct kvm_vcpu *vcpu, const struct slot *slot, gfn_t gfn);

/**
 * dirty_ring_exit - REQ_DIRTY_RING: does the vCPU have to go to userspace?
 * @vcpu: its own thread
 *
 * Return: true with the exit's reason filled, as often as it is asked until entries
 * were reset.
 */
bool dirty_ring_exit(struct kvm_vcpu *vcpu);

/**
 * dirty_ring_reset - KVM_RESET_DIRTY_RINGS
 * @kvm: the VM
 *
 * Return: how many entries of all rings were reset; -EINVAL without rings.
 */
long dirty_ring_reset(struct kvm *kvm);

/**
 * dirty_ring_page - a page of a vCPU's mapping
 * @vcpu: the vCPU
 * @pgoff: its place in the mapping
 *
 * Return: the page, or NULL when the ring is not there.
 */
struct page *dirty_ring_page(struct kvm_vcpu *vcpu, unsigned long pgoff);

/**
 * dirty_ring_mmap - may userspace map that?
 * @vcpu: the vCPU
 * @vma: the mapping
 *
 * Return: 0; -EINVAL for a private or executable mapping of the ring.
 */
int dirty_ring_mmap(struct kvm_vcpu *vcpu, struct vm_area_struct *vma);

/** vcpu_step_ring_up - the vCPU's ring, where the VM has rings */
int vcpu_step_ring_up(void *vcpu);
/** vcpu_step_ring_down - free it */
void vcpu_step_ring_down(void *vcpu);

#endif
