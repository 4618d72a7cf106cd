/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dirty log, as a bitmap.
 *
 * Classic: KVM_GET_DIRTY_LOG takes the bits and write-protects again.
 * Manual (KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2): it only copies them;
 * KVM_CLEAR_DIRTY_LOG takes bits and write-protects.  With
 * KVM_DIRTY_LOG_INITIALLY_SET all bits start set and nothing is
 * write-protected before the first clear.
 *
 * Nothing is lost: bits are taken (xchg) first, then the frames are
 * write-protected and flushed; a write in between sets its bit again.
 */
#ifndef LAMINA_CORE_DIRTY_H
#define LAMINA_CORE_DIRTY_H

#include "core/memslot.h"

/**
 * dirty_alloc - bitmaps for a slot that starts to log
 * @slot: not yet published
 * @all_set: initially-all-set mode
 *
 * Return: 0 or -ENOMEM.
 */
int dirty_alloc(struct slot *slot, bool all_set);

/** dirty_free - free the bitmaps of a slot that no reader can see */
void dirty_free(struct slot *slot);

/**
 * dirty_has_bitmaps - do slots that log have bitmaps?
 * @kvm: the VM; slots_lock held
 *
 * Else what is written is in the vCPUs' rings only (dirty_ring.h).
 */
static inline bool dirty_has_bitmaps(const struct kvm *kvm)
{
	return !kvm->ring_bytes || kvm->ring_bitmap;
}

/**
 * dirty_mark - a frame was, or can now be, written
 * @vcpu: by whom; its own thread
 * @slot: its slot, which logs; SRCU held
 * @gfn: the frame
 *
 * Any context.
 */
void dirty_mark(struct kvm_vcpu *vcpu, struct slot *slot, gfn_t gfn);

/**
 * dirty_get - KVM_GET_DIRTY_LOG
 * @kvm: the VM
 * @log: userspace's structure
 *
 * Return: 0; -EINVAL; -ENOENT when the slot does not exist or does not log;
 * -ENXIO where there are rings instead; -EFAULT.
 */
int dirty_get(struct kvm *kvm, const struct kvm_dirty_log *log);

/**
 * dirty_clear - KVM_CLEAR_DIRTY_LOG
 * @kvm: the VM
 * @log: userspace's structure
 *
 * Works in the classic mode too (api.rst 4.117).
 *
 * Return: 0; -EINVAL; -ENOENT when the slot does not exist or does not log;
 * -ENXIO where there are rings instead; -EFAULT.
 */
int dirty_clear(struct kvm *kvm, const struct kvm_clear_dirty_log *log);

#endif
