// SPDX-License-Identifier: GPL-2.0-only
/* XSAVE images, and the XCRs: FPU state beyond FXSAVE's. */
#include <linux/kvm.h>
#include <linux/uaccess.h>

#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include <asm/processor.h>

#include "x86/cpu/caps.h"
#include "x86/cpu/fpu.h"
#include "x86/cpu/msr.h"
#include "x86/vcpu/x86.h"

/* Parts of an image that guests may have: XCR0's bits up to PKRU. */
#define XSAVE_PARTS	(XFEATURE_PKRU + 1)
#define XSAVE_OFFERED (XFEATURE_MASK_FPSSE | XFEATURE_MASK_YMM |	\
		       XFEATURE_MASK_AVX512 | XFEATURE_MASK_PKRU)

/* The FXSAVE area and the header. */
#define XSAVE_LEGACY_BYTES (512 + 64)

/* In the compacted format, a part follows the others, perhaps aligned. */
#define XSAVE_ALIGNED	BIT(1)

static struct {
	u32 size;
	u32 offset;
	u32 flags;
} parts[XSAVE_PARTS];

static void parts_init(void)
{
	u32 unused;
	int i;

	for (i = 2; i < XSAVE_PARTS; i++)
		cpuid_count(0xd, i, &parts[i].size, &parts[i].offset,
			    &parts[i].flags, &unused);
}

/* MXCSR bits that do not fault (APM vol. 1, 11.5.10: 0 means the oldest ones). */
static u32 mxcsr_mask(void)
{
	struct fxregs_state fx __aligned(16) = { };

	asm volatile("fxsave %0" : "+m" (fx));
	return fx.mxcsr_mask ?: 0xffbf;
}

/*
 * QEMU's emulated AMD-V, up to 7.2 at least, lets guests execute XSETBV whatever is
 * intercepted.  There, XCR0 has to be read at each exit.
 */
static bool xsetbv_is_free(void)
{
	u32 max, sig[3];

	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
		return false;
	cpuid(0x40000000, &max, &sig[0], &sig[1], &sig[2]);
	return !memcmp(sig, "TCGTCGTCGTCG", sizeof(sig));
}

/* Whether the kernel uses it or not.  There is a leaf 0xd. */
static bool host_has_xsaves(void)
{
	u32 eax, unused[3];

	cpuid_count(0xd, 1, &eax, &unused[0], &unused[1], &unused[2]);
	return eax & BIT(X86_FEATURE_XSAVES & 31);
}

void fpu_host_init(struct x86_caps *caps)
{
	caps->mxcsr_mask = mxcsr_mask();
	caps->xcr0 = XFEATURE_MASK_FPSSE;
	if (!boot_cpu_has(X86_FEATURE_OSXSAVE))
		return;
	parts_init();
	caps->xsetbv_free = xsetbv_is_free();
	caps->host_xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
	caps->xcr0 = caps->host_xcr0 & XSAVE_OFFERED;
	if (!boot_cpu_has(X86_FEATURE_OSPKE))
		caps->xcr0 &= ~XFEATURE_MASK_PKRU;
	/* Another kernel may have left something there, also if this one does not use it. */
	caps->xsaves = host_has_xsaves();
	if (caps->xsaves)
		rdmsrl(MSR_IA32_XSS, caps->host_xss);
	caps->fpu_always = caps->host_xss || caps->xsetbv_free ||
			   boot_cpu_has(X86_FEATURE_OSPKE);
}

u32 fpu_image_bytes(u64 xcr0, bool compact)
{
	u32 offset, end = XSAVE_LEGACY_BYTES;
	int i;

	for (i = 2; i < XSAVE_PARTS; i++) {
		if (!(xcr0 & BIT_ULL(i)))
			continue;
		offset = parts[i].offset;
		if (compact)
			offset = parts[i].flags & XSAVE_ALIGNED ?
				 ALIGN(end, 64) : end;
		end = max(end, offset + parts[i].size);
	}
	return end;
}

/* Without XSAVE the image is FXSAVE's, which the kernel's copy knows. */
static u64 image_features(void)
{
	return x86_caps->xcr0 | XFEATURE_MASK_FPSSE;
}

/*
 * PKRU is not among the registers that the kernel keeps in its image, so the image
 * does not say whether it is in its initial form: it always counts.
 */
long xsave_ioctl_get(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	struct xregs_state *image = data;

	fpu_copy_guest_fpstate_to_uabi(&v->fpu.guest, image,
				       sizeof(struct kvm_xsave),
				       image_features(), v->fpu.pkru);
	image->header.xfeatures |= image_features() & XFEATURE_MASK_PKRU;
	return 0;
}

/*
 * Refuses features that guests do not have, and reserved MXCSR bits.  What the image
 * leaves out is in its initial form then, but for PKRU, which stays: KVM's ABI.
 */
long xsave_ioctl_set(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);

	return fpu_copy_uabi_to_guest_fpstate(&v->fpu.guest, data,
					      image_features(), &v->fpu.pkru);
}

/* The registers are in the CPU: they go to memory and come back. */
void fpu_image_get(struct x86_vcpu *v, struct emul_fpu *image)
{
	BUILD_BUG_ON(sizeof(*image) != sizeof(struct kvm_xsave));
	fpu_put(v);
	xsave_ioctl_get(v, image, 0);
	fpu_load(v);
}

int fpu_image_set(struct x86_vcpu *v, struct emul_fpu *image)
{
	int err;

	fpu_put(v);
	err = xsave_ioctl_set(v, image, 0);
	/* XRSTOR knows no exception. */
	if (!err && !(((struct xregs_state *)image)->header.xfeatures & XFEATURE_MASK_PKRU))
		v->fpu.pkru = 0;
	fpu_load(v);
	return err;
}

void fpu_image_part(unsigned int nr, struct emul_fpu_part *out)
{
	*out = (struct emul_fpu_part){ };
	if (nr >= XSAVE_PARTS)
		return;
	out->offset = parts[nr].offset;
	out->size = parts[nr].size;
	out->aligned = parts[nr].flags & XSAVE_ALIGNED;
}

/*
 * IA32_XSS: no state of the supervisor's is in guests' images, for the kernel's, which holds
 * guests' registers, has none of theirs.
 */
bool xss_exists(void)
{
	return x86_caps->xsaves;
}

int xss_get(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host && !v->cpuid.has_xsaves)
		return -ENOENT;
	a->data = 0;
	return 0;
}

int xss_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host && !v->cpuid.has_xsaves)
		return -ENOENT;
	return a->data ? -EINVAL : 0;
}

/* /dev/kvm has one attribute: the features that guests may have (api.rst 4.80). */
long xsave_ioctl_has_attr(void *unused, void *data, unsigned long arg)
{
	const struct kvm_device_attr *attr = data;

	return attr->group || attr->attr != KVM_X86_XCOMP_GUEST_SUPP ? -ENXIO : 0;
}

long xsave_ioctl_get_attr(void *unused, void *data, unsigned long arg)
{
	const struct kvm_device_attr *attr = data;

	return xsave_ioctl_has_attr(unused, data, arg) ?:
	       put_user(x86_caps->xcr0, (u64 __user *)attr->addr);
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
