/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests of Xen's: their hypercall page, and hypercalls, which userspace answers (api.rst,
 * KVM_XEN_HVM_CONFIG and KVM_EXIT_XEN).
 *
 * A VM may have Hyper-V's hypercalls beside them.  Those come from Hyper-V's page, whose
 * code sets bit 31 of EAX first: no number of Xen's has it, and Hyper-V's does not use it.
 */
#ifndef LAMINA_X86_HYPERV_XEN_H
#define LAMINA_X86_HYPERV_XEN_H

#include "x86/hyperv/hv.h"

#define XEN_NOT_XEN	0x80000000u

/** xen_ioctl_config - KVM_XEN_HVM_CONFIG; -EINVAL, -ENOMEM */
long xen_ioctl_config(void *kvm, void *data, unsigned long arg);

/** xen_vm_free - what it was; no vCPU is left */
void xen_vm_free(struct hv_vm *vm);

/**
 * xen_msr_set - WRMSR of the guest's hypercall page
 * @v: own thread, kvm->srcu held if it is the guest's
 * @a: the access
 *
 * Return: 0; -EINVAL: #GP; -ENOENT: it is not Xen's MSR, or userspace's access.
 */
int xen_msr_set(struct x86_vcpu *v, const struct msr_access *a);

/** xen_takes - is the hypercall at RIP Xen's?  Own thread */
static inline bool xen_takes(const struct x86_vcpu *v)
{
	const struct hv_vm *vm = READ_ONCE(to_x86_vm(v->vcpu.kvm)->hv);

	return unlikely(vm) && READ_ONCE(vm->xen_calls) &&
	       !((v->state.gpr[GPR_RAX] & XEN_NOT_XEN) && hv_takes_hypercalls(v));
}

/** xen_ask - KVM_EXIT_XEN with the hypercall; RIP is behind it; own thread */
void xen_ask(struct x86_vcpu *v);

/** xen_answered - userspace has: its result is the guest's; X86_RESUME */
enum x86_next xen_answered(struct x86_vcpu *v);

#endif
