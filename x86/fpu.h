/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FPU state: the client's is swapped for the guest's around KVM_RUN, XCR0
 * around each entry.
 */
#ifndef LAMINA_X86_FPU_H
#define LAMINA_X86_FPU_H

#include <linux/thread_info.h>

#include <asm/fpu/api.h>
#include <asm/processor-flags.h>

#include "x86/caps.h"
#include "x86/x86.h"

/** fpu_load - KVM_RUN starts: the guest's registers go into the CPU */
void fpu_load(struct x86_vcpu *v);

/** fpu_put - KVM_RUN ends: the client's come back */
void fpu_put(struct x86_vcpu *v);

/** fpu_xcr0_load - the guest's XCR0 goes into the CPU; see fpu_enter() */
void fpu_xcr0_load(struct x86_vcpu *v);

/** fpu_xcr0_restore - the host's XCR0 comes back */
void fpu_xcr0_restore(struct x86_vcpu *v);

/**
 * fpu_enter - right before entry, interrupts off: the guest's registers and XCR0
 * @v: own thread
 *
 * Interrupts stay off up to fpu_leave(): a handler may use the FPU, which takes the
 * guest's registers out of the CPU and needs the host's XCR0.
 */
static inline void fpu_enter(struct x86_vcpu *v)
{
	/* The thread was scheduled out since fpu_load(): registers are in memory. */
	if (unlikely(test_thread_flag(TIF_NEED_FPU_LOAD)))
		switch_fpu_return();
	/*
	 * The CPU's XCR0 is the guest's only when the guest can use XSAVE at all;
	 * with CR4.OSXSAVE clear the instructions fault whatever XCR0 is.
	 */
	if (unlikely(v->fpu.xcr0 != x86_caps->host_xcr0) &&
	    (state_get(v, GRP_CR4)->cr4 & X86_CR4_OSXSAVE))
		fpu_xcr0_load(v);
}

/** fpu_leave - after exit, interrupts still off: the host's XCR0 */
static inline void fpu_leave(struct x86_vcpu *v)
{
	if (unlikely(v->fpu.loaded))
		fpu_xcr0_restore(v);
}

/**
 * fpu_pkru - the guest's PKRU
 * @v: own thread, in KVM_RUN
 *
 * Return: 0, which forbids nothing, while CR4.PKE is clear.
 */
static inline u32 fpu_pkru(struct x86_vcpu *v)
{
	/* No guest can set CR4.PKE yet: its PKRU is not switched (cpuid.c). */
	return 0;
}

/**
 * fpu_vector_get - read an XMM or YMM register of the guest (fpu_vector.c)
 * @v: own thread, in KVM_RUN
 * @nr: 0 to 15
 * @buf: result
 * @len: 16 or 32 bytes; the upper half reads as 0 on a CPU without AVX
 */
void fpu_vector_get(struct x86_vcpu *v, unsigned int nr, void *buf,
		    unsigned int len);

/** fpu_vector_set - write one; 16 bytes leave the rest of the register alone */
void fpu_vector_set(struct x86_vcpu *v, unsigned int nr, const void *buf,
		    unsigned int len);

/** fpu_reset - the state after power-up (APM vol. 2, 14.1.3) */
void fpu_reset(struct x86_vcpu *v);

/**
 * fpu_set_xcr0 - XSETBV
 * @v: the vCPU
 * @index: ECX
 * @value: EDX:EAX
 *
 * Return: 0, or -EINVAL when the guest gets #GP (APM vol. 2, 11.5.2).
 */
int fpu_set_xcr0(struct x86_vcpu *v, u32 index, u64 value);

/** xsave_ioctl_get - KVM_GET_XSAVE (xsave.c) */
long xsave_ioctl_get(void *vcpu, void *data, unsigned long arg);
/** xsave_ioctl_set - KVM_SET_XSAVE; -EINVAL for what guests do not have */
long xsave_ioctl_set(void *vcpu, void *data, unsigned long arg);
/** xcrs_ioctl_get - KVM_GET_XCRS */
long xcrs_ioctl_get(void *vcpu, void *data, unsigned long arg);
/** xcrs_ioctl_set - KVM_SET_XCRS; -EINVAL as for fpu_set_xcr0() */
long xcrs_ioctl_set(void *vcpu, void *data, unsigned long arg);
/** fpu_ioctl_get - KVM_GET_FPU */
long fpu_ioctl_get(void *vcpu, void *data, unsigned long arg);
/** fpu_ioctl_set - KVM_SET_FPU; -EINVAL for reserved MXCSR bits */
long fpu_ioctl_set(void *vcpu, void *data, unsigned long arg);

#endif
