/* SPDX-License-Identifier: GPL-2.0-only */
/* Coalesced I/O: writes that userspace finds in a ring. */
#ifndef LAMINA_CORE_COALESCED_H
#define LAMINA_CORE_COALESCED_H

#include "core/kvm.h"

/* Zones of a VM: more than the ring has entries are of no use. */
#define COALESCED_ZONES_MAX 256

/**
 * coalesced_register - KVM_REGISTER_COALESCED_MMIO
 * @kvm: the VM
 * @zone: userspace's structure
 *
 * Return: 0, -EINVAL, -ENOMEM, -ENOSPC.
 */
int coalesced_register(struct kvm *kvm,
		       const struct kvm_coalesced_mmio_zone *zone);

/**
 * coalesced_unregister - KVM_UNREGISTER_COALESCED_MMIO
 * @kvm: the VM
 * @zone: every registered zone inside it goes
 */
int coalesced_unregister(struct kvm *kvm,
			 const struct kvm_coalesced_mmio_zone *zone);

/**
 * coalesced_page - the ring's page, made when first asked for
 * @kvm: the VM
 *
 * Return: the page or NULL without memory.
 */
struct page *coalesced_page(struct kvm *kvm);

#endif
