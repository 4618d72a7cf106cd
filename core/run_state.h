/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests and kicks: how others reach a vCPU's thread.
 *
 * A requester sets a bit in vcpu->requests and then looks at vcpu->mode; the
 * vCPU, interrupts off, stores VCPU_IN_GUEST and then looks at the requests.
 * With a full barrier between store and load on both sides at least one sees
 * the other: either the vCPU does not enter, or the requester sends an IPI.
 * A thread that sleeps is reached in the same way, see block.h.
 */
#ifndef LAMINA_CORE_RUN_STATE_H
#define LAMINA_CORE_RUN_STATE_H

#include <linux/sched/signal.h>
#include "core/kvm.h"
#include "core/thread_work.h"

/**
 * request_pending - is any request set?
 * @vcpu: the vCPU
 */
static inline bool request_pending(const struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->requests);
}

/**
 * request_take - clear a request and say whether it was set
 * @vcpu: the vCPU; its own thread
 * @req: the request
 *
 * What the requester wrote before request_set() is visible afterwards.
 */
static inline bool request_take(struct kvm_vcpu *vcpu, unsigned int req)
{
	if (!(READ_ONCE(vcpu->requests) & (1ul << req)))
		return false;
	return test_and_clear_bit(req, &vcpu->requests);
}

/** request_is_set - is a request set?  Any thread */
static inline bool request_is_set(const struct kvm_vcpu *vcpu, unsigned int req)
{
	return READ_ONCE(vcpu->requests) & (1ul << req);
}

/**
 * request_set - set a request without kicking
 * @vcpu: the vCPU
 * @req: the request
 */
static inline void request_set(struct kvm_vcpu *vcpu, unsigned int req)
{
	/* The requester's writes come before the bit: pairs with request_take(). */
	smp_wmb();
	set_bit(req, &vcpu->requests);
}

/**
 * vcpu_kick - the vCPU leaves the guest, or its sleep in vcpu_block()
 * @vcpu: the vCPU; any context, hard interrupts included
 *
 * What the caller stored before is seen by arch_vcpu_wakes() before the vCPU sleeps
 * (again).  It keeps no vCPU from its next entry that is on its way in: whatever must
 * be looked at first needs a request.  Does not wait.  Nothing happens to a vCPU that
 * is elsewhere, as when its own thread calls.
 */
void vcpu_kick(struct kvm_vcpu *vcpu);

/**
 * request_one - set a request; the vCPU looks at it before it runs guest code again
 * @vcpu: the vCPU; any context, hard interrupts included
 * @req: the request
 */
static inline void request_one(struct kvm_vcpu *vcpu, unsigned int req)
{
	request_set(vcpu, req);
	vcpu_kick(vcpu);
}

/**
 * vcpu_is_own - is this the vCPU's own thread?
 * @vcpu: the vCPU; any context
 *
 * False in an interrupt that the thread was in the middle of something for.
 */
static inline bool vcpu_is_own(const struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->thread) == current && in_task();
}

/**
 * request_all - set a request on every vCPU; those in the guest leave it
 * @kvm: the VM
 * @req: the request
 *
 * When it returns, no vCPU still runs guest code that it entered before.
 * May be called under spinning locks, interrupts on.  Those that sleep in
 * vcpu_block() go on sleeping, and look at the request when they wake.
 *
 * Return: false when it found no vCPU in the guest.
 */
bool request_all(struct kvm *kvm, unsigned int req);

/**
 * request_others - the same for all but one
 * @vcpu: that one, whose own thread calls
 * @req: the request
 */
bool request_others(struct kvm_vcpu *vcpu, unsigned int req);

/**
 * request_some - the same for some vCPUs
 * @kvm: the VM
 * @req: the request
 * @which: VCPUS_MAX bits, by index; NULL: all
 */
bool request_some(struct kvm *kvm, unsigned int req, const unsigned long *which);

/**
 * vcpu_enter_check - last look before entering the guest
 * @vcpu: its own thread, interrupts off
 *
 * Stores VCPU_IN_GUEST and looks whether anything came in between.
 *
 * Return: true when the guest may be entered; false with the mode back at
 * VCPU_OUTSIDE when a request or the thread's own work is pending.
 */
static inline bool vcpu_enter_check(struct kvm_vcpu *vcpu)
{
	/* A full barrier, see the head of this file. */
	smp_store_mb(vcpu->mode, VCPU_IN_GUEST);
	if (likely(!request_pending(vcpu) && !thread_has_work()))
		return true;
	smp_store_release(&vcpu->mode, VCPU_OUTSIDE);
	return false;
}

/**
 * vcpu_exit_mark - the guest was left
 * @vcpu: its own thread, interrupts still off
 */
static inline void vcpu_exit_mark(struct kvm_vcpu *vcpu)
{
	/* The guest's use of translations ends before: pairs with request_all(). */
	smp_store_release(&vcpu->mode, VCPU_OUTSIDE);
}

/** module_step_kick_up - scratch CPU masks of request_all() */
int module_step_kick_up(void *unused);
/** module_step_kick_down - free them */
void module_step_kick_down(void *unused);

#endif
