/* SPDX-License-Identifier: GPL-2.0-only */
/* Hypercalls, by this vendor's instruction or the other one's (hypercalls.rst). */
#ifndef LAMINA_X86_RUN_HYPERCALL_H
#define LAMINA_X86_RUN_HYPERCALL_H

#include <linux/kvm_para.h>

#include "x86/vcpu/x86.h"

/**
 * hypercall_execute - the call that the guest's registers name
 * @v: own thread; RIP is behind the instruction
 *
 * No paravirtual feature is announced, so no number is known.
 */
static inline void hypercall_execute(struct x86_vcpu *v)
{
	u64 ret = state_get(v, GRP_CPL)->cpl ? -KVM_EPERM : -KVM_ENOSYS;

	v->state.gpr[GPR_RAX] = state_is_64bit_code(v) ? ret : (u32)ret;
}

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
