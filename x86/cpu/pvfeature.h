/* SPDX-License-Identifier: GPL-2.0-only */
/* Paravirtual features: what is offered, and what a guest may use (cpuid.rst). */
#ifndef LAMINA_X86_CPU_PVFEATURE_H
#define LAMINA_X86_CPU_PVFEATURE_H

#include "x86/vcpu/x86.h"

/** pv_offered - EAX of KVM_CPUID_FEATURES for KVM_GET_SUPPORTED_CPUID: what works here */
u32 pv_offered(void);

/**
 * pv_cpuid_adjust - take from a new table what does not work as the VM is set up
 * @v: own thread
 * @e: the table, not the vCPU's yet
 * @n: its entries
 *
 * KVM_FEATURE_PV_UNHALT where HLT does not exit: no kick would end one.
 */
void pv_cpuid_adjust(struct x86_vcpu *v, struct kvm_cpuid_entry2 *e, u32 n);

/** pv_cpuid_update - the guest's CPUID changed; own thread */
void pv_cpuid_update(struct x86_vcpu *v);

/**
 * pv_has - may the guest use a feature?
 * @v: the vCPU
 * @feature: KVM_FEATURE_*
 *
 * Unless userspace enforces its CPUID, a guest may use all that works.
 */
static inline bool pv_has(const struct x86_vcpu *v, unsigned int feature)
{
	return !v->pv.enforce || (v->pv.features & (1u << feature));
}

#endif
