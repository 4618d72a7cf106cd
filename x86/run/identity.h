/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page table of one page that maps 4 GiB to themselves, in pages of 4 MiB (SDM vol. 3,
 * 4.3): guests without paging run on it where the processor insists on paging
 * (x86_caps->identity).  A VM has one, at an address that KVM_SET_IDENTITY_MAP_ADDR says
 * and VMMs keep free (api.rst 4.40): no slot may be there once there is a vCPU.
 *
 * x86_vm.identity: @gpa, the address, constant once there is a vCPU; @page, or NULL.
 */
#ifndef LAMINA_X86_RUN_IDENTITY_H
#define LAMINA_X86_RUN_IDENTITY_H

#include "core/memslot.h"
#include "x86/cpu/caps.h"
#include "x86/vcpu/x86.h"

/* Where it is until userspace says otherwise. */
#define IDENTITY_DEFAULT	0xfffbc000u

/** identity_is_in - is that page in a slot? */
static inline bool identity_is_in(struct kvm *kvm, const struct slot *slot)
{
	return x86_caps->identity &&
	       slot_holds(slot, to_x86_vm(kvm)->identity->gpa >> PAGE_SHIFT);
}

/** identity_is_page - is it an address in that page, and are there such pages? */
static inline bool identity_is_page(const struct x86_vcpu *v, gpa_t gpa)
{
	return unlikely(x86_caps->identity) &&
	       gpa >> PAGE_SHIFT == to_x86_vm(v->vcpu.kvm)->identity->gpa >> PAGE_SHIFT;
}

/**
 * identity_exit - a fault on that page
 * @v: own thread, kvm->srcu held; may sleep
 *
 * Return: X86_RESUME, or X86_FAIL for lack of memory.
 */
enum x86_next identity_exit(struct x86_vcpu *v);

/** vm_ioctl_identity_map - KVM_SET_IDENTITY_MAP_ADDR */
long vm_ioctl_identity_map(void *vm, void *data, unsigned long arg);

/** vm_step_identity_up - VM step: the usual address, and no page */
int vm_step_identity_up(void *vm);
/** vm_step_identity_down - VM step: no table maps it any more */
void vm_step_identity_down(void *vm);

#endif
