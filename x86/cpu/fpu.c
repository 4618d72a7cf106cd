// SPDX-License-Identifier: GPL-2.0-only
/* The guest's FPU, XCR0 and PKRU. */
#include <linux/kvm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>
#include <asm/special_insns.h>

#include "x86/cpu/caps.h"
#include "x86/cpu/fpu.h"

/* After power-up (APM vol. 2, table 14-1). */
#define FCW_RESET	0x40
#define MXCSR_RESET	0x1f80

static struct fxregs_state *guest_fxsave(struct x86_vcpu *v)
{
	return &v->fpu.guest.fpstate->regs.fxsave;
}

int vcpu_step_fpu_up(void *obj)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);

	return fpu_alloc_guest_fpstate(&v->fpu.guest) ? 0 : -ENOMEM;
}

void vcpu_step_fpu_down(void *obj)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);

	fpu_free_guest_fpstate(&v->fpu.guest);
}

/*
 * Without CR4.OSXSAVE the guest's instructions that depend on XCR0 and XSS fault
 * whatever their values are.  PKRU is looked at with CR4.PKE, and reached through
 * XSAVE images as well.
 */
void fpu_guest_in(struct x86_vcpu *v)
{
	u64 cr4 = state_get(v, GRP_CR4)->cr4;
	struct x86_fpu *fpu = &v->fpu;

	if (cr4 & X86_CR4_OSXSAVE) {
		if (fpu->xcr0 != x86_caps->host_xcr0)
			xsetbv(XCR_XFEATURE_ENABLED_MASK, fpu->xcr0);
		if (fpu->xcr0 != x86_caps->host_xcr0 || x86_caps->xsetbv_free)
			fpu->loaded |= FPU_XCR0;
		/* Guests' is 0; they may have XSAVES, and AMD's without it, too. */
		if (x86_caps->host_xss) {
			native_wrmsrl(MSR_IA32_XSS, 0);
			fpu->loaded |= FPU_XSS;
		}
	}
	/* xsetbv_free: XCR0 may get PKRU before the next exit. */
	if (static_cpu_has(X86_FEATURE_OSPKE) &&
	    ((cr4 & X86_CR4_PKE) || (fpu->xcr0 & XFEATURE_MASK_PKRU) ||
	     x86_caps->xsetbv_free)) {
		fpu->host_pkru = rdpkru();
		if (fpu->pkru != fpu->host_pkru)
			wrpkru(fpu->pkru);
		fpu->loaded |= FPU_PKRU;
	}
}

void fpu_guest_out(struct x86_vcpu *v)
{
	struct x86_fpu *fpu = &v->fpu;

	if (fpu->loaded & FPU_PKRU) {
		fpu->pkru = rdpkru();
		if (fpu->pkru != fpu->host_pkru)
			wrpkru(fpu->host_pkru);
	}
	if (fpu->loaded & FPU_XSS)
		native_wrmsrl(MSR_IA32_XSS, x86_caps->host_xss);
	if (fpu->loaded & FPU_XCR0) {
		if (x86_caps->xsetbv_free)
			fpu->xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK) &
				    x86_caps->xcr0;
		xsetbv(XCR_XFEATURE_ENABLED_MASK, x86_caps->host_xcr0);
	}
	fpu->loaded = 0;
}

/*
 * The image may say that x87 or SSE state is in its initial form, whatever the
 * bytes are; userspace has given the bytes.
 */
static void fpu_mark_used(struct x86_vcpu *v)
{
	struct fpstate *fp = v->fpu.guest.fpstate;

	if (boot_cpu_has(X86_FEATURE_OSXSAVE))
		fp->regs.xsave.header.xfeatures |= XFEATURE_MASK_FPSSE;
}

void fpu_reset(struct x86_vcpu *v)
{
	struct fxregs_state *fx = guest_fxsave(v);

	memset(fx, 0, sizeof(*fx));
	fx->cwd = FCW_RESET;
	fx->mxcsr = MXCSR_RESET;
	fpu_mark_used(v);
	v->fpu.xcr0 = XFEATURE_MASK_FP;
	v->fpu.pkru = 0;
}

int fpu_set_xcr0(struct x86_vcpu *v, u32 index, u64 value)
{
	u64 avx512 = value & XFEATURE_MASK_AVX512;

	if (index || !(value & XFEATURE_MASK_FP) || (value & ~v->cpuid.xcr0))
		return -EINVAL;
	/* AVX state is nothing without SSE state, AVX-512's without AVX's. */
	if ((value & XFEATURE_MASK_YMM) && !(value & XFEATURE_MASK_SSE))
		return -EINVAL;
	if (avx512 && (avx512 != XFEATURE_MASK_AVX512 ||
		       !(value & XFEATURE_MASK_YMM)))
		return -EINVAL;
	v->fpu.xcr0 = value;
	return 0;
}

long fpu_ioctl_get(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	const struct fxregs_state *fx;
	struct kvm_fpu *fpu = data;
	void *image;

	/* The kernel's copy fills in what is in its initial form. */
	image = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!image)
		return -ENOMEM;
	fpu_copy_guest_fpstate_to_uabi(&v->fpu.guest, image, PAGE_SIZE,
				       XFEATURE_MASK_FPSSE, 0);
	fx = image;
	memcpy(fpu->fpr, fx->st_space, sizeof(fpu->fpr));
	fpu->fcw = fx->cwd;
	fpu->fsw = fx->swd;
	fpu->ftwx = fx->twd;
	fpu->last_opcode = fx->fop;
	fpu->last_ip = fx->rip;
	fpu->last_dp = fx->rdp;
	memcpy(fpu->xmm, fx->xmm_space, sizeof(fpu->xmm));
	fpu->mxcsr = fx->mxcsr;
	free_page((unsigned long)image);
	return 0;
}

long fpu_ioctl_set(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	const struct kvm_fpu *fpu = data;
	struct fxregs_state *fx = guest_fxsave(v);

	/* Loading a reserved bit would fault in the host. */
	if (fpu->mxcsr & ~x86_caps->mxcsr_mask)
		return -EINVAL;
	memcpy(fx->st_space, fpu->fpr, sizeof(fpu->fpr));
	fx->cwd = fpu->fcw;
	fx->swd = fpu->fsw;
	fx->twd = fpu->ftwx;
	fx->fop = fpu->last_opcode;
	fx->rip = fpu->last_ip;
	fx->rdp = fpu->last_dp;
	memcpy(fx->xmm_space, fpu->xmm, sizeof(fpu->xmm));
	fx->mxcsr = fpu->mxcsr;
	fpu_mark_used(v);
	return 0;
}
