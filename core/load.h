/* SPDX-License-Identifier: GPL-2.0-only */
/* A vCPU's hardware state on this CPU.  Inline: each KVM_RUN has both. */
#ifndef LAMINA_CORE_LOAD_H
#define LAMINA_CORE_LOAD_H

#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "core/arch.h"

/**
 * vcpu_load - take the vCPU's hardware state to this CPU
 * @vcpu: mutex held
 */
static inline void vcpu_load(struct kvm_vcpu *vcpu)
{
	int cpu = get_cpu();

	preempt_notifier_register(&vcpu->preempt);
	WRITE_ONCE(vcpu->thread, current);
	WRITE_ONCE(vcpu->cpu, cpu);
	arch_vcpu_load(vcpu, cpu);
	put_cpu();
}

/**
 * vcpu_put - the reverse of vcpu_load()
 * @vcpu: mutex held
 */
static inline void vcpu_put(struct kvm_vcpu *vcpu)
{
	preempt_disable();
	arch_vcpu_put(vcpu);
	WRITE_ONCE(vcpu->thread, NULL);
	preempt_notifier_unregister(&vcpu->preempt);
	preempt_enable();
}

#endif
