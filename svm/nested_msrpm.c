// SPDX-License-Identifier: GPL-2.0-only
/*
 * L1's MSR permission map (APM vol. 2, 15.11).
 *
 * It is read when it is needed, so that L1 may change it at any time.  A Hyper-V that
 * knows better says when it has: then a copy serves in between (TLFS 17.6, enlightened MSR
 * bitmap; the fields are software's part of a VMCB).
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "svm/nested.h"
#include "x86/hyperv/hv.h"

#define MSRPM_BYTES	(2 * PAGE_SIZE)

/* Where guests' own MSRs are: svm_msrpm_fill(). */
#define MSRPM_SYSENTER	0x5d			/* 0x174 to 0x177 */
#define MSRPM_SYSCALL	0x820			/* 0xc0000080 to 0xc0000087 */
#define MSRPM_BASES	0x840			/* 0xc0000100 to 0xc0000103 */

/**
 * struct svm_msrpm_copy - what L1's map was when L1 last said that it had changed
 * @from: where it is
 * @map: the map
 */
struct svm_msrpm_copy {
	gpa_t from;
	u8 map[MSRPM_BYTES];
};

static gpa_t msrpm_gpa(const struct svm_nested *n)
{
	return n->control.msrpm_base_pa & PAGE_MASK;
}

static int msrpm_read(struct svm_vcpu *s, unsigned int at, void *buf, unsigned int len)
{
	const struct svm_nested *n = s->nested;

	if (likely(!n->msrpm_kept))
		return kvm_nested_read(&s->x86, msrpm_gpa(n) + at, buf, len);
	memcpy(buf, n->msrpm->map + at, len);
	return 0;
}

static bool l1_tells(const struct svm_vcpu *s)
{
	const struct hv_vmcb_enlightenments *e = &s->nested->control.hv_enlightenments;

	return unlikely(s->x86.hv) && s->x86.hv->on && e->hv_enlightenments_control.msr_bitmap;
}

/* Without memory for a copy the map itself is as good. */
static bool copy_is_good(struct svm_vcpu *s)
{
	struct svm_nested *n = s->nested;

	if (!l1_tells(s))
		return false;
	if (n->msrpm && n->msrpm->from == msrpm_gpa(n) &&
	    (n->control.clean & BIT(HV_VMCB_NESTED_ENLIGHTENMENTS)))
		return true;
	if (!n->msrpm)
		n->msrpm = kmalloc(sizeof(*n->msrpm), GFP_KERNEL_ACCOUNT);
	if (!n->msrpm)
		return false;
	n->msrpm->from = ~0ull;
	if (kvm_nested_read(&s->x86, msrpm_gpa(n), n->msrpm->map, MSRPM_BYTES))
		return false;
	n->msrpm->from = msrpm_gpa(n);
	return true;
}

bool svm_msrpm_denies(struct svm_vcpu *s)
{
	u8 sysenter, bases;
	u16 syscall;

	s->nested->msrpm_kept = copy_is_good(s);
	if (msrpm_read(s, MSRPM_SYSENTER, &sysenter, 1) ||
	    msrpm_read(s, MSRPM_SYSCALL, &syscall, 2) ||
	    msrpm_read(s, MSRPM_BASES, &bases, 1))
		return true;
	/* SYSENTER_*; STAR, LSTAR, CSTAR, SFMASK; the bases of FS and GS, and GS's other. */
	return (sysenter & 0x3f) || (syscall & 0x03fc) || (bases & 0x3f);
}

bool svm_nested_wants_msr(struct svm_vcpu *s, bool write)
{
	int bit = svm_msrpm_bit(s->x86.state.gpr[GPR_RCX]);
	u8 byte;

	/* What the map does not cover is intercepted, and what cannot be read. */
	if (bit < 0 || msrpm_read(s, bit / 8, &byte, sizeof(byte)))
		return true;
	return byte >> (bit % 8 + write) & 1;
}
