/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of FPU state share: one vCPU, its XSAVE image, and this
 * process's own registers.  To be included once.
 */
#ifndef TESTS_API_FPU_H
#define TESTS_API_FPU_H

#include <cpuid.h>

#include "start.h"

#define CR4_OSXSAVE	(1 << 18)
#define IMAGE_XMM	160
#define IMAGE_BV	512

static struct vm vm;
static struct vcpu v;
static struct kvm_xsave image;
static uint8_t *const bytes = (uint8_t *)image.region;

static void xcr0_set(uint64_t value)
{
	struct kvm_xcrs x = { .nr_xcrs = 1 };

	x.xcrs[0].value = value;
	OK(ioctl(v.fd, KVM_SET_XCRS, &x));
}

static void cr4_set(uint64_t bits)
{
	struct kvm_sregs s = vcpu_sregs(&v);

	s.cr4 |= bits;
	vcpu_set_sregs(&v, &s);
}

/* Where a part of the image lies. */
static uint32_t part_offset(int part)
{
	uint32_t a, b, c, d;

	__cpuid_count(0xd, part, a, b, c, d);
	return b;
}

static uint64_t image_bv(void)
{
	uint64_t bv;

	memcpy(&bv, bytes + IMAGE_BV, 8);
	return bv;
}

/* Something in all of this process's own. */
static void host_ymm(uint8_t mark, uint8_t out[32])
{
	uint8_t in[32];

	memset(in, mark, 32);
	asm volatile("vmovdqu %1, %%ymm3\n vmovdqu %%ymm3, %%ymm7\n"
		     "vmovdqu %%ymm3, %%ymm15\n vmovdqu %%ymm15, %0"
		     : "=m" (*(uint8_t (*)[32])out)
		     : "m" (in) : "xmm3", "xmm7", "xmm15");
}

#endif
