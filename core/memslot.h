/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memslots: which frames exist, and where userspace keeps them.
 *
 * A slot set is immutable once published.  A change makes a new set:
 *
 *	validate ─► prepare (allocations) ─► [mmu_invalidate_begin, mmu_zap]
 *	─► publish ─► [mmu_invalidate_end] ─► wait for SRCU readers, if any
 *
 * Readers are inside kvm->srcu.  A change that takes memory away returns only
 * when no reader can still use the old slot.
 */
#ifndef LAMINA_CORE_MEMSLOT_H
#define LAMINA_CORE_MEMSLOT_H


#include "core/kvm.h"

/**
 * struct slot - one memslot; constant while published but for the bitmaps
 * @mmu: what the MMU sees of it
 * @id: (c) number given by userspace, without the address space
 * @flags: (c) KVM_MEM_*
 * @dirty: bitmap of written frames, or NULL; shared by successive versions of
 *         the slot as long as dirty logging stays on
 * @snapshot: scratch bitmap of the same size, for collection; slots_lock
 */
struct slot {
	struct mmu_slot mmu;
	u16 id;
	u32 flags;
	unsigned long *dirty;
	unsigned long *snapshot;
};

/**
 * struct slots - the slots of one address space
 * @n: how many
 * @npages: frames in all of them
 * @number: of the set: never 0; no other one that is not empty has it
 * @stale: the next one of kvm->stale_sets, once replaced
 * @slot: sorted by base_gfn; they do not overlap
 */
struct slots {
	unsigned int n;
	u64 npages;
	u64 number;
	struct slots *stale;
	struct slot *slot[];
};

/**
 * slot_holds - is a frame in a slot?
 * @slot: the slot
 * @gfn: the frame
 */
static inline bool slot_holds(const struct slot *slot, gfn_t gfn)
{
	return gfn - slot->mmu.base_gfn < slot->mmu.npages;
}

/**
 * slot_index - index of the slot that holds a frame
 * @slots: the set; its SRCU or slots_lock held
 * @gfn: the frame
 *
 * Return: the index, or @slots->n.
 */
unsigned int slot_index(const struct slots *slots, gfn_t gfn);

/**
 * slot_after - the first slot that reaches beyond a frame
 * @slots: the set; its SRCU or slots_lock held
 * @gfn: the frame; the slot holds it, or lies above
 *
 * Return: the slot, or NULL.
 */
struct slot *slot_after(const struct slots *slots, gfn_t gfn);

/**
 * slot_by_id - the slot with a number
 * @slots: the set; its SRCU or slots_lock held
 * @id: number without the address space
 */
struct slot *slot_by_id(const struct slots *slots, u16 id);

/**
 * slots_get - current set of an address space; SRCU or slots_lock held
 * @kvm: the VM
 * @as_id: 0 or 1
 */
static inline struct slots *slots_get(struct kvm *kvm, int as_id)
{
	return srcu_dereference_check(kvm->slots[as_id], &kvm->srcu,
				      lockdep_is_held(&kvm->slots_lock));
}

/**
 * slot_set - KVM_SET_USER_MEMORY_REGION
 * @kvm: the VM
 * @r: userspace's structure
 *
 * Return: 0; -EINVAL for anything malformed (api.rst 4.35); -EEXIST for an
 * overlap, and for what the architecture refuses; -ENOMEM.  On failure nothing has changed.
 */
int slot_set(struct kvm *kvm, const struct kvm_userspace_memory_region *r);

/** vcpu_step_slots_up - vCPU step: no slot is there that the architecture refuses; -EEXIST */
int vcpu_step_slots_up(void *vcpu);

/** vm_step_slots_up - VM step: no slots, no memory needed */
int vm_step_slots_up(void *kvm);
/** vm_step_slots_down - VM step: free all slots; nobody is left who reads */
void vm_step_slots_down(void *kvm);

#endif
