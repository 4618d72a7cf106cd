// SPDX-License-Identifier: GPL-2.0-only
/* vCPUs by index and by id: see vcpu_map.h. */
#include <linux/gfp.h>

#include "core/vcpu_map.h"
#include "core/vm.h"

/* Indices come first: most VMs have no other entries, and a flat array. */
static unsigned long id_key(u32 id)
{
	return VCPUS_MAX + (unsigned long)id;
}

static bool id_is_index(const struct kvm_vcpu *vcpu)
{
	return vcpu->id == (u32)vcpu->idx;
}

struct kvm_vcpu *vcpu_get(struct kvm *kvm, int i)
{
	/* Pairs with the release in vcpu_map_publish(). */
	if (i < 0 || i >= smp_load_acquire(&kvm->nr_vcpus))
		return NULL;
	return xa_load(&kvm->vcpus, i);
}

struct kvm_vcpu *vcpu_by_id(struct kvm *kvm, u32 id)
{
	struct kvm_vcpu *vcpu = id < VCPUS_MAX ? vcpu_get(kvm, id) : NULL;

	if (likely(vcpu && vcpu->id == id))
		return vcpu;
	if (!READ_ONCE(kvm->ids_differ))
		return NULL;
	return xa_load(&kvm->vcpus, id_key(id));
}

int vcpu_map_reserve(struct kvm_vcpu *vcpu)
{
	struct xarray *map = &vcpu->kvm->vcpus;
	int err;

	err = xa_reserve(map, vcpu->idx, GFP_KERNEL_ACCOUNT);
	if (err || id_is_index(vcpu))
		return err;
	err = xa_reserve(map, id_key(vcpu->id), GFP_KERNEL_ACCOUNT);
	if (err)
		xa_release(map, vcpu->idx);
	return err;
}

void vcpu_map_publish(struct kvm_vcpu *vcpu)
{
	struct kvm *kvm = vcpu->kvm;

	if (!id_is_index(vcpu)) {
		xa_store(&kvm->vcpus, id_key(vcpu->id), vcpu, GFP_KERNEL_ACCOUNT);
		WRITE_ONCE(kvm->ids_differ, true);
	}
	xa_store(&kvm->vcpus, vcpu->idx, vcpu, GFP_KERNEL_ACCOUNT);
	/* The vCPU is complete before the count covers it: see vcpu_get(). */
	smp_store_release(&kvm->nr_vcpus, vcpu->idx + 1);
}

void vcpu_map_drop(struct kvm_vcpu *vcpu)
{
	struct xarray *map = &vcpu->kvm->vcpus;

	xa_erase(map, vcpu->idx);
	if (!id_is_index(vcpu))
		xa_erase(map, id_key(vcpu->id));
}
