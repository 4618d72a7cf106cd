/* SPDX-License-Identifier: GPL-2.0-only */
/* Hypercalls, by this vendor's instruction or the other one's (hypercalls.rst). */
#ifndef LAMINA_X86_RUN_HYPERCALL_H
#define LAMINA_X86_RUN_HYPERCALL_H

#include "x86/vcpu/x86.h"

/**
 * hypercall_exit - the guest executes this vendor's instruction
 * @v: own thread, kvm->srcu held
 * @exit: of kind X86_EXIT_HYPERCALL
 *
 * Return: what the run loop does next.
 */
enum x86_next hypercall_exit(struct x86_vcpu *v, const struct x86_exit *exit);

/**
 * hypercall_undefined - is #UD that of the other vendor's instruction?
 * @v: own thread, kvm->srcu held
 *
 * If it is, it is rewritten to this vendor's, unless the guest could not write there,
 * and the hypercall is done (api.rst 7.31, FIX_HYPERCALL_INSN).
 *
 * Return: true when it was, and #UD is not the guest's.
 */
bool hypercall_undefined(struct x86_vcpu *v);

#endif
