/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System management mode (APM vol. 2, chapter 10): into it by an SMI, out of it by RSM.
 *
 * While a vCPU is in it, its memory is address space 1, where a VMM has SMRAM.  NMIs are
 * masked as in an NMI's handler, so that an IRET lets them in; INIT waits, further SMIs
 * too.  When an SMI is taken is run/smi.c's to say.
 */
#ifndef LAMINA_X86_CPU_SMM_H
#define LAMINA_X86_CPU_SMM_H

#include "emul/smram.h"
#include "x86/cpu/msr.h"

/**
 * smm_enter - the SMI is taken
 * @v: own thread, kvm->srcu held; outside of the mode, nothing on its way into the guest
 *
 * Where SMBASE has no memory the state is lost, as on a bus.
 */
void smm_enter(struct x86_vcpu *v);

/**
 * smm_area_read - the state-save area, for RSM
 * @v: own thread, kvm->srcu held
 * @area: SMRAM_BYTES
 *
 * Return: false: there is no RSM now: the mode is another, or L2 runs in it.
 */
bool smm_area_read(struct x86_vcpu *v, u8 *area);

/**
 * smm_leave - RSM
 * @v: own thread, kvm->srcu held; in the mode
 * @s: what was in the area
 *
 * General registers, RIP, RFLAGS and CPL are the caller's.
 *
 * Return: false: the guest's processor has no such state.  Nothing has changed.
 */
bool smm_leave(struct x86_vcpu *v, const struct smram_state *s);

/**
 * smm_set - userspace says whether the vCPU is in the mode
 * @v: own thread; kvm->srcu need not be held
 * @inside: it is
 *
 * A change ends L2, as INIT does.
 */
void smm_set(struct x86_vcpu *v, bool inside);

/** smm_reset - the mode ends, and no SMI waits; after INIT by which a shutdown ends */
void smm_reset(struct x86_vcpu *v);

/** smbase_get - MSR_IA32_SMBASE, for userspace only */
int smbase_get(struct x86_vcpu *v, struct msr_access *a);
/** smbase_set - see smbase_get() */
int smbase_set(struct x86_vcpu *v, struct msr_access *a);

#endif
