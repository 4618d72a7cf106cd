/* SPDX-License-Identifier: GPL-2.0-only */
/* Hypercalls, by this vendor's instruction or the other one's (hypercalls.rst). */
#ifndef LAMINA_X86_RUN_HYPERCALL_H
#define LAMINA_X86_RUN_HYPERCALL_H

#include <linux/kvm_para.h>

#include "x86/vcpu/x86.h"

/* Those that userspace may want to answer, by number (api.rst 8.34): one so far. */
#define HYPERCALLS_TO_USER	BIT(KVM_HC_MAP_GPA_RANGE)

/**
 * hypercall_exit - the guest executes this vendor's instruction
 * @v: own thread, kvm->srcu held
 * @exit: of kind X86_EXIT_HYPERCALL
 *
 * Return: what the run loop does next.
 */
enum x86_next hypercall_exit(struct x86_vcpu *v, const struct x86_exit *exit);

/**
 * hypercall_undefined - #UD: by the other vendor's instruction, or the guest's own
 * @v: own thread, kvm->srcu held
 *
 * That instruction is rewritten to this vendor's, unless the guest could not write there,
 * and the hypercall is done (api.rst 7.31, FIX_HYPERCALL_INSN).  Any other #UD is raised
 * in the guest.
 *
 * Return: what the run loop does next.
 */
enum x86_next hypercall_undefined(struct x86_vcpu *v);

#endif
