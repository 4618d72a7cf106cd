// SPDX-License-Identifier: GPL-2.0-only
/* Requests and kicks: the protocol is told in run_state.h. */
#include <linux/bitops.h>
#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/smp.h>

#include "compat/kernel.h"
#include "core/run_state.h"
#include "core/vm.h"

/* Scratch for request_send(), which runs with preemption off. */
static struct cpumask __percpu *kick_mask;

int module_step_kick_up(void *unused)
{
	kick_mask = __alloc_percpu(cpumask_size(), __alignof__(*kick_mask));
	return kick_mask ? 0 : -ENOMEM;
}

void module_step_kick_down(void *unused)
{
	free_percpu(kick_mask);
}

void vcpu_kick(struct kvm_vcpu *vcpu)
{
	int cpu, me;

	/*
	 * What the caller stored, then where the vCPU is.  Pairs with the barriers
	 * in vcpu_enter_check() and in the sleep of vcpu_block().
	 */
	smp_mb();
	if (rcuwait_active(&vcpu->wait))
		rcuwait_wake_up(&vcpu->wait);
	if (READ_ONCE(vcpu->mode) != VCPU_IN_GUEST)
		return;
	/* Not preemptible, so that the CPU found stays online. */
	me = get_cpu();
	if (cmpxchg(&vcpu->mode, VCPU_IN_GUEST, VCPU_EXITING) == VCPU_IN_GUEST) {
		cpu = READ_ONCE(vcpu->cpu);
		/* An interrupt that calls on the vCPU's own CPU has ended the guest's run. */
		if (cpu != me)
			smp_send_reschedule(cpu);
	}
	put_cpu();
}

static void kick_ack(void *unused)
{
}

/* @which: by index, or NULL; @except: or NULL. */
static bool request_send(struct kvm *kvm, unsigned int req, const unsigned long *which,
			 const struct kvm_vcpu *except)
{
	struct cpumask *mask;
	struct kvm_vcpu *vcpu;
	int i, cpu, me = get_cpu();
	bool found = false;

	mask = this_cpu_ptr(kick_mask);
	cpumask_clear(mask);
	vcpu_for_each(i, vcpu, kvm) {
		if ((which && !test_bit(i, which)) || vcpu == except)
			continue;
		request_set(vcpu, req);
		/* Pairs with the barrier in vcpu_enter_check(). */
		smp_mb__after_atomic();
		/*
		 * EXITING counts too: somebody else kicked it, but it may not
		 * have left yet, and we promise that it has.
		 */
		if (smp_load_acquire(&vcpu->mode) == VCPU_OUTSIDE)
			continue;
		found = true;
		cmpxchg(&vcpu->mode, VCPU_IN_GUEST, VCPU_EXITING);
		cpu = READ_ONCE(vcpu->cpu);
		if (cpu >= 0 && cpu != me)
			cpumask_set_cpu(cpu, mask);
	}
	/* A CPU that answers the IPI has left the guest. */
	if (!cpumask_empty(mask))
		smp_call_function_many(mask, kick_ack, NULL, true);
	put_cpu();
	return found;
}

bool request_some(struct kvm *kvm, unsigned int req, const unsigned long *which)
{
	return request_send(kvm, req, which, NULL);
}

bool request_all(struct kvm *kvm, unsigned int req)
{
	return request_send(kvm, req, NULL, NULL);
}

bool request_others(struct kvm_vcpu *vcpu, unsigned int req)
{
	/*
	 * What the caller stored, then how many there are.  Pairs with the barrier in
	 * vcpu_enter_check(): one that is not counted yet has it when it enters.
	 */
	smp_mb();
	if (READ_ONCE(vcpu->kvm->nr_vcpus) == 1)
		return false;
	return request_send(vcpu->kvm, req, NULL, vcpu);
}
