/* SPDX-License-Identifier: GPL-2.0-only */
/* Steal time: how long a vCPU's thread waited for a CPU (msr.rst, MSR_KVM_STEAL_TIME). */
#ifndef LAMINA_X86_CPU_STEAL_H
#define LAMINA_X86_CPU_STEAL_H

#include <asm/kvm_para.h>

#include "core/run_state.h"
#include "x86/cpu/msr.h"

/**
 * steal_update - REQ_STEAL: write the page, and that the vCPU runs
 * @v: own thread, kvm->srcu held
 *
 * Another vCPU may have asked for a flush meanwhile, instead of an interrupt
 * (KVM_VCPU_FLUSH_TLB): it is done.
 */
void steal_update(struct x86_vcpu *v);

/** steal_enabled - does the guest want to know? */
static inline bool steal_enabled(const struct x86_vcpu *v)
{
	return v->steal.msr & KVM_MSR_ENABLED;
}

/** steal_tell_preempted - steal_vcpu_put() of a vCPU whose guest wants to know */
void steal_tell_preempted(struct x86_vcpu *v);

/** steal_vcpu_load - the vCPU's thread is on a CPU; not preemptible */
static inline void steal_vcpu_load(struct x86_vcpu *v)
{
	if (steal_enabled(v))
		request_set(&v->vcpu, REQ_STEAL);
}

/** steal_vcpu_put - it leaves, and tells so; not preemptible, the scheduler's locks held */
static inline void steal_vcpu_put(struct x86_vcpu *v)
{
	if (steal_enabled(v))
		steal_tell_preempted(v);
}

/** steal_msr_get - MSR_KVM_STEAL_TIME */
int steal_msr_get(struct x86_vcpu *v, struct msr_access *a);
/** steal_msr_set - -EINVAL: reserved bits (5:1); -ENOENT: not in CPUID */
int steal_msr_set(struct x86_vcpu *v, struct msr_access *a);

#endif
