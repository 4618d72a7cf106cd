/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FPU state.  What is switched when:
 *
 * The registers: the guest's take the place of userspace's around KVM_RUN.  While it is
 * in KVM_RUN, the guest's are the thread's, so the scheduler saves them, and the
 * entry loads them again if they are not in the CPU.
 *
 * XCR0, XSS and PKRU: around each entry, with interrupts off, because the host
 * needs its own for its context switches and its accesses to user memory; and
 * only if the guest can see a difference (fpu_guest_in()).
 */
#ifndef LAMINA_X86_CPU_FPU_H
#define LAMINA_X86_CPU_FPU_H

#include <linux/thread_info.h>

#include <asm/fpu/api.h>
#include <asm/processor-flags.h>

#include "core/trace.h"
#include "x86/cpu/caps.h"
#include "x86/vcpu/x86.h"

struct msr_access;

/** fpu_load - KVM_RUN starts: the guest's registers go into the CPU */
static inline void fpu_load(struct x86_vcpu *v)
{
	fpu_swap_kvm_fpstate(&v->fpu.guest, true);
	trace_kvm_fpu(1);
}

/** fpu_put - KVM_RUN ends: userspace's come back */
static inline void fpu_put(struct x86_vcpu *v)
{
	fpu_swap_kvm_fpstate(&v->fpu.guest, false);
	stat_inc(v->vcpu.stats.fpu_reload);
	trace_kvm_fpu(0);
}

/* What the CPU has of the guest between entry and exit. */
#define FPU_XCR0	BIT(0)
#define FPU_XSS		BIT(1)
#define FPU_PKRU	BIT(2)

/** fpu_guest_in - the slow path of fpu_enter(): XCR0, XSS, PKRU */
void fpu_guest_in(struct x86_vcpu *v);

/** fpu_guest_out - the slow path of fpu_leave() */
void fpu_guest_out(struct x86_vcpu *v);

/**
 * fpu_enter - right before entry, interrupts off: the guest's state into the CPU
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
	 * Without these, guests cannot tell one XCR0, XSS or PKRU from another.  CR4 changes
	 * through x86 only.
	 */
	if ((v->state.cr4 & (X86_CR4_OSXSAVE | X86_CR4_PKE)) &&
	    (x86_caps->fpu_always || v->fpu.xcr0 != x86_caps->host_xcr0))
		fpu_guest_in(v);
}

/** fpu_leave - after exit, interrupts still off: the host's state again */
static inline void fpu_leave(struct x86_vcpu *v)
{
	if (unlikely(v->fpu.loaded))
		fpu_guest_out(v);
}

/**
 * fpu_vector_get - read an XMM, YMM or ZMM register of the guest (fpu_vector.c)
 * @v: own thread, in KVM_RUN
 * @nr: 0 to 15, to 31 for 64 bytes
 * @buf: result
 * @len: 16, 32 or 64 bytes, the last on CPUs with AVX-512 only; the upper half of 32
 *       reads as 0 on a CPU without AVX
 */
void fpu_vector_get(struct x86_vcpu *v, unsigned int nr, void *buf,
		    unsigned int len);

/** fpu_vector_set - write one; 16 bytes leave the rest of the register alone */
void fpu_vector_set(struct x86_vcpu *v, unsigned int nr, const void *buf,
		    unsigned int len);

/** fpu_opmask_get - mask register @nr (0 to 7); the CPU has AVX-512 */
u64 fpu_opmask_get(struct x86_vcpu *v, unsigned int nr);

/**
 * fpu_guest_pkru - the guest's PKRU
 * @v: own thread, out of the guest
 *
 * 0, which denies nothing, for guests without protection keys.
 */
static inline u32 fpu_guest_pkru(const struct x86_vcpu *v)
{
	return v->fpu.pkru;
}

/**
 * fpu_host_init - the host's FPU state, for the capability record
 * @caps: gets xcr0, host_xcr0, host_xss, xsaves, xsetbv_free, fpu_always, mxcsr_mask
 *
 * Also notes where the parts of an XSAVE image lie.
 */
void fpu_host_init(struct x86_caps *caps);

/**
 * fpu_image_bytes - size of an XSAVE image (APM vol. 3, E.4.12; vol. 2, 11.5.3)
 * @xcr0: the parts that it has, of those in x86_caps->xcr0
 * @compact: in the compacted format
 *
 * Return: bytes, the legacy area and the header included.
 */
u32 fpu_image_bytes(u64 xcr0, bool compact);

/**
 * fpu_image_get - the guest's FPU state as an XSAVE image, for the emulator (xsave.c)
 * @v: own thread, in KVM_RUN
 * @image: result, in the standard format, a page
 */
void fpu_image_get(struct x86_vcpu *v, struct emul_fpu *image);

/**
 * fpu_image_set - the same image, changed, becomes the guest's state
 * @v: own thread, in KVM_RUN
 * @image: only components that guests have
 *
 * Return: 0, or -EINVAL for a reserved bit, with nothing changed.
 */
int fpu_image_set(struct x86_vcpu *v, struct emul_fpu *image);

/** fpu_image_part - where component @nr, 2 or more, lies in an image */
void fpu_image_part(unsigned int nr, struct emul_fpu_part *out);

/** fpu_reset - the state after power-up (APM vol. 2, 14.1.3) */
void fpu_reset(struct x86_vcpu *v);

/**
 * fpu_set_xcr0 - XSETBV
 * @v: the vCPU
 * @index: ECX
 * @value: EDX:EAX
 *
 * Return: 0, or -EINVAL when the guest gets #GP (APM vol. 2, 11.5.2; SDM vol. 1,
 * 13.3, for AVX-512).
 */
int fpu_set_xcr0(struct x86_vcpu *v, u32 index, u64 value);

/** xss_exists - is there IA32_XSS for guests? (xsave.c) */
bool xss_exists(void);
/** xss_get - IA32_XSS */
int xss_get(struct x86_vcpu *v, struct msr_access *a);
/** xss_set - IA32_XSS; -EINVAL: a bit */
int xss_set(struct x86_vcpu *v, struct msr_access *a);

/** xsave_ioctl_get - KVM_GET_XSAVE and KVM_GET_XSAVE2 (xsave.c) */
long xsave_ioctl_get(void *vcpu, void *data, unsigned long arg);
/** xsave_ioctl_set - KVM_SET_XSAVE; -EINVAL for what guests do not have */
long xsave_ioctl_set(void *vcpu, void *data, unsigned long arg);
/** xsave_ioctl_has_attr - KVM_HAS_DEVICE_ATTR on /dev/kvm: KVM_X86_XCOMP_GUEST_SUPP */
long xsave_ioctl_has_attr(void *unused, void *data, unsigned long arg);
/** xsave_ioctl_get_attr - KVM_GET_DEVICE_ATTR on /dev/kvm; -ENXIO, -EFAULT */
long xsave_ioctl_get_attr(void *unused, void *data, unsigned long arg);
/** xcrs_ioctl_get - KVM_GET_XCRS */
long xcrs_ioctl_get(void *vcpu, void *data, unsigned long arg);
/** xcrs_ioctl_set - KVM_SET_XCRS; -EINVAL as for fpu_set_xcr0() */
long xcrs_ioctl_set(void *vcpu, void *data, unsigned long arg);
/** fpu_ioctl_get - KVM_GET_FPU */
long fpu_ioctl_get(void *vcpu, void *data, unsigned long arg);
/** fpu_ioctl_set - KVM_SET_FPU; -EINVAL for reserved MXCSR bits */
long fpu_ioctl_set(void *vcpu, void *data, unsigned long arg);

/** vcpu_step_fpu_up - vCPU step: the guest's FPU image */
int vcpu_step_fpu_up(void *vcpu);
/** vcpu_step_fpu_down - free it */
void vcpu_step_fpu_down(void *vcpu);

#endif
