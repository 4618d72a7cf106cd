/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Directed yield: a vCPU that only waits for another lends it its time.
 *
 * Who spins in the guest waits for somebody who cannot go on: one whose thread wants
 * to run and has no CPU.  One that spins itself is not the one.
 */
#ifndef LAMINA_CORE_YIELD_H
#define LAMINA_CORE_YIELD_H

#include "core/kvm.h"

/**
 * vcpu_yield_to - let another vCPU's thread run instead of the caller's
 * @vcpu: the other vCPU; the caller holds no lock, kvm->srcu at most
 *
 * Return: above 0: yielded; 0: it does not want a CPU, or has one; -ESRCH: nobody
 * else runs on either CPU.
 */
int vcpu_yield_to(struct kvm_vcpu *vcpu);

/**
 * vcpu_yield_to_other - the guest spins (PAUSE in a loop): yield to who may end it
 * @vcpu: its own thread, loaded; kvm->srcu may be held
 *
 * Round robin over the VM's vCPUs, from the last one that anybody yielded to.
 *
 * Return: true when another vCPU got the time.
 */
bool vcpu_yield_to_other(struct kvm_vcpu *vcpu);

#endif
