// SPDX-License-Identifier: GPL-2.0-only
/* KVM_GET_XSAVE, KVM_SET_XSAVE and the XCRs: FPU state beyond FXSAVE's. */
#include <linux/kvm.h>

#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>

#include "x86/caps.h"
#include "x86/fpu.h"
#include "x86/x86.h"

/* Without XSAVE the image is FXSAVE's, which the kernel's copy knows. */
static u64 image_features(void)
{
	return x86_caps->xcr0 | XFEATURE_MASK_FPSSE;
}

long xsave_ioctl_get(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);

	fpu_copy_guest_fpstate_to_uabi(&v->fpu.guest, data,
				       sizeof(struct kvm_xsave),
				       image_features(), 0);
	return 0;
}

long xsave_ioctl_set(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	u32 pkru;

	/* Refuses features that guests do not have, and reserved MXCSR bits. */
	return fpu_copy_uabi_to_guest_fpstate(&v->fpu.guest, data,
					      image_features(), &pkru);
}

long xcrs_ioctl_get(void *obj, void *data, unsigned long arg)
{
	struct kvm_xcrs *xcrs = data;

	xcrs->nr_xcrs = 1;
	xcrs->xcrs[0].xcr = XCR_XFEATURE_ENABLED_MASK;
	xcrs->xcrs[0].value = to_x86_vcpu(obj)->fpu.xcr0;
	return 0;
}

/* Checked whole before anything changes; XCR0 is the only one there is. */
long xcrs_ioctl_set(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	const struct kvm_xcrs *xcrs = data;

	if (!x86_caps->host_xcr0 || xcrs->flags || xcrs->nr_xcrs > 1)
		return -EINVAL;
	if (!xcrs->nr_xcrs)
		return 0;
	return fpu_set_xcr0(v, xcrs->xcrs[0].xcr, xcrs->xcrs[0].value);
}
