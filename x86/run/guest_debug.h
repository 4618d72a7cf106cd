/* SPDX-License-Identifier: GPL-2.0-only */
/* Userspace debugs the guest: KVM_SET_GUEST_DEBUG, and the exits that it takes. */
#ifndef LAMINA_X86_RUN_GUEST_DEBUG_H
#define LAMINA_X86_RUN_GUEST_DEBUG_H

#include "x86/vcpu/x86.h"

/* Control bits that KVM_SET_GUEST_DEBUG takes. */
#define DEBUG_CONTROL	(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP | \
			 KVM_GUESTDBG_USE_SW_BP | KVM_GUESTDBG_USE_HW_BP | \
			 KVM_GUESTDBG_INJECT_DB | KVM_GUESTDBG_INJECT_BP | \
			 KVM_GUESTDBG_BLOCKIRQ)

/**
 * debug_db_exit - the processor raised #DB
 * @v: own thread
 * @exit: of kind X86_EXIT_EXCEPTION
 *
 * Return: what the run loop does next.
 */
enum x86_next debug_db_exit(struct x86_vcpu *v, const struct x86_exit *exit);

/**
 * debug_bp_exit - the guest is about to execute INT3
 * @v: own thread, kvm->srcu held
 * @exit: of kind X86_EXIT_EXCEPTION, #BP
 *
 * Return: what the run loop does next.
 */
enum x86_next debug_bp_exit(struct x86_vcpu *v, const struct x86_exit *exit);

/**
 * debug_int_exit - the guest is about to execute INT n, INT3 or INTO
 * @v: own thread, kvm->srcu held
 * @exit: of kind X86_EXIT_SOFT_INT
 *
 * Return: what the run loop does next.
 */
enum x86_next debug_int_exit(struct x86_vcpu *v, const struct x86_exit *exit);

/**
 * debug_step_exit - KVM_EXIT_DEBUG for an instruction that x86 completed
 * @v: own thread, REQ_DEBUG_STEP taken
 *
 * Return: X86_USER.
 */
enum x86_next debug_step_exit(struct x86_vcpu *v);

/** debug_ioctl_set - KVM_SET_GUEST_DEBUG; -EBUSY: an exception is pending already */
long debug_ioctl_set(void *vcpu, void *data, unsigned long arg);

#endif
