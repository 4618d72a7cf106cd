/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU that does not run: HLT, and the states of a processor between INIT and its
 * start-up (SDM vol. 3, 9.4.3; api.rst 4.38).  Where the LAPIC is in userspace, so is
 * the waiting, and the only state is RUNNABLE.
 */
#ifndef LAMINA_X86_RUN_HALT_H
#define LAMINA_X86_RUN_HALT_H

#include "x86/vcpu/x86.h"

/**
 * halt_wait - the vCPU is not RUNNABLE: wait until it may be
 * @v: own thread, kvm->srcu held
 *
 * Return: X86_RESUME: look again; X86_FAIL with -EINTR for a signal.
 */
enum x86_next halt_wait(struct x86_vcpu *v);

/**
 * halt_for_page - a page is on its way that the guest could not be told of (apf.h)
 * @v: own thread, kvm->srcu held
 *
 * Waits for it, or for an interrupt.  Return: as halt_wait().
 */
enum x86_next halt_for_page(struct x86_vcpu *v);

/** halt_reset - MP state after creation; own thread */
void halt_reset(struct x86_vcpu *v);

/**
 * halt_collect - take in what other threads have sent: NMIs, INIT, start-up IPIs, and that
 *                LAPIC or PICs have something
 * @v: own thread
 *
 * Before an entry, and before userspace is shown events or the MP state.
 */
void halt_collect(struct x86_vcpu *v);

/** mp_state_ioctl_get - KVM_GET_MP_STATE */
long mp_state_ioctl_get(void *vcpu, void *data, unsigned long arg);
/** mp_state_ioctl_set - KVM_SET_MP_STATE; -EINVAL for what nothing could end */
long mp_state_ioctl_set(void *vcpu, void *data, unsigned long arg);

#endif
