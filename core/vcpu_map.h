/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs by index and by id, both in constant time.
 *
 * kvm->vcpus has each vCPU at its index and, where its id is another number, once
 * more beyond all indices.  With ids in the order of creation there is no second
 * entry.  vcpu_get() and vcpu_by_id() are in vm.h.
 */
#ifndef LAMINA_CORE_VCPU_MAP_H
#define LAMINA_CORE_VCPU_MAP_H

#include "core/kvm.h"

/**
 * vcpu_map_reserve - memory for a vCPU's entries
 * @vcpu: its id is set, and its index to the next free one; kvm->lock held
 *
 * Return: 0 or -ENOMEM, with nothing left behind.
 */
int vcpu_map_reserve(struct kvm_vcpu *vcpu);

/**
 * vcpu_map_publish - look-ups find the vCPU from now on
 * @vcpu: reserved and complete; kvm->lock held
 */
void vcpu_map_publish(struct kvm_vcpu *vcpu);

/**
 * vcpu_map_drop - undo vcpu_map_reserve()
 * @vcpu: not covered by nr_vcpus (any more)
 */
void vcpu_map_drop(struct kvm_vcpu *vcpu);

#endif
