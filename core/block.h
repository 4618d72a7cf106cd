/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU with nothing to do sleeps in the kernel.
 *
 * The thread stores vcpu->wait and its state, and then looks whether there is
 * anything to do; a waker stores what there is, and then looks at vcpu->wait.  With
 * a full barrier between store and load on both sides (rcuwait_wait_event() and
 * vcpu_kick()) at least one sees the other.
 *
 * Before it sleeps it polls for a while, as Documentation/virt/kvm/halt-polling.rst
 * says: wake-ups that come soon are then served without the scheduler.
 */
#ifndef LAMINA_CORE_BLOCK_H
#define LAMINA_CORE_BLOCK_H

#include "core/kvm.h"

/* kvm->halt_poll: the VM has a limit of its own in the lower half. */
#define HALT_POLL_OWN	(1ull << 32)

/**
 * struct vcpu_halt - for vCPUs that block in the kernel
 * @poll_ns: how long the next poll lasts at most; own thread
 * @poll_off: the guest does not want it to poll; own thread
 * @stats: counters and histograms; written by its own thread
 */
struct vcpu_halt {
	u32 poll_ns;
	bool poll_off;
	struct halt_stats stats;
};

/**
 * vcpu_block - wait until there is something to do
 * @vcpu: its own thread, loaded, kvm->srcu not held; its halt is not NULL
 *
 * Returns when arch_vcpu_wakes() says so, a request is set or a signal is pending;
 * the caller looks which.
 */
void vcpu_block(struct kvm_vcpu *vcpu);

/**
 * halt_poll_set - KVM_CAP_HALT_POLL: a limit for the VM (api.rst 7.20)
 * @kvm: the VM; at any time
 * @ns: nanoseconds; 0: no polling
 *
 * Return: 0, -EINVAL when it has more than 32 bits.
 */
int halt_poll_set(struct kvm *kvm, u64 ns);

/**
 * vcpu_halt_make - vcpu->halt, where HLT stays in the kernel; kfree() frees it
 * @vcpu: being created
 *
 * Return: 0 or -ENOMEM.
 */
int vcpu_halt_make(struct kvm_vcpu *vcpu);

#endif
