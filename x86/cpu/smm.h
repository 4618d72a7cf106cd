/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System-management mode (APM vol. 2, chapter 10; SDM vol. 3, chapter 30): SMIs, the
 * entry, RSM.  SMRAM is address space 1.
 */
#ifndef LAMINA_X86_CPU_SMM_H
#define LAMINA_X86_CPU_SMM_H

#include "x86/vcpu/x86.h"

/** smm_supported - can guests have it?  Not on shadow page tables: see caveats.md */
bool smm_supported(void);

/**
 * smm_request - an SMI, one of which is remembered
 * @v: own thread
 */
void smm_request(struct x86_vcpu *v);

/**
 * smm_take - enter SMM if an SMI waits and nothing is in its way
 * @v: own thread, kvm->srcu held
 *
 * An NMI or interrupt that is on its way in waits; so does the SMI behind an
 * exception, and while the next instruction is not to be interrupted.
 */
void smm_take(struct x86_vcpu *v);

/**
 * smm_leave - RSM
 * @v: own thread, kvm->srcu held, in SMM
 *
 * A saved state that cannot be is a shutdown (APM vol. 2, 10.3.6).
 */
void smm_leave(struct x86_vcpu *v);

/** smm_set - userspace says whether the vCPU is in SMM; own thread */
void smm_set(struct x86_vcpu *v, bool active);

/** smm_reset - out of SMM, and no SMI waits; own thread */
void smm_reset(struct x86_vcpu *v);

#endif
