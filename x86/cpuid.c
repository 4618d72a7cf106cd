// SPDX-License-Identifier: GPL-2.0-only
/* A guest's CPUID: lookup, the instruction, and what is derived from the table. */
#include <linux/slab.h>

#include <asm/cpufeature.h>
#include <asm/cpufeatures.h>
#include <asm/fpu/types.h>
#include <asm/processor-flags.h>

#include "x86/cpuid.h"
#include "x86/cr.h"
#include "x86/exits.h"
#include "x86/lifecycle.h"
#include "x86/vendor.h"

/* A feature's bit within the 32-bit word that CPUID returns. */
#define FEATURE(x) BIT((x) & 31)

void vcpu_step_cpuid_down(void *obj)
{
	kvfree(to_x86_vcpu(obj)->cpuid.entry);
}

const struct kvm_cpuid_entry2 *cpuid_find(const struct x86_vcpu *v,
					  u32 function, u32 index)
{
	const struct kvm_cpuid_entry2 *e = v->cpuid.entry;
	u32 i;

	for (i = 0; i < v->cpuid.n; i++, e++) {
		if (e->function != function)
			continue;
		if (!(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) ||
		    e->index == index)
			return e;
	}
	return NULL;
}

/*
 * What every 64-bit CPU has is allowed whatever the table says: clients that set
 * none at all run guests in every mode.
 */
#define CR4_BASE (X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE |	\
		  X86_CR4_PSE | X86_CR4_PAE | X86_CR4_MCE | X86_CR4_PGE |	\
		  X86_CR4_PCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT)

static u64 cr4_bits(u32 ecx1, const struct kvm_cpuid_entry2 *leaf7)
{
	u64 bits = CR4_BASE;

	if (ecx1 & FEATURE(X86_FEATURE_PCID))
		bits |= X86_CR4_PCIDE;
	if (ecx1 & FEATURE(X86_FEATURE_XSAVE))
		bits |= X86_CR4_OSXSAVE;
	if (!leaf7)
		return bits;
	if (leaf7->ebx & FEATURE(X86_FEATURE_FSGSBASE))
		bits |= X86_CR4_FSGSBASE;
	if (leaf7->ebx & FEATURE(X86_FEATURE_SMEP))
		bits |= X86_CR4_SMEP;
	if (leaf7->ebx & FEATURE(X86_FEATURE_SMAP))
		bits |= X86_CR4_SMAP;
	if (leaf7->ecx & FEATURE(X86_FEATURE_UMIP))
		bits |= X86_CR4_UMIP;
	if (leaf7->ecx & FEATURE(X86_FEATURE_LA57))
		bits |= X86_CR4_LA57;
	return bits;
}

/*
 * CR4 bits that the processor itself would refuse must never reach it; the
 * client may have set features that the host lacks.
 */
static u64 cr4_host_bits(void)
{
	u64 bits = ~0ull;

	if (!boot_cpu_has(X86_FEATURE_PCID))
		bits &= ~(u64)X86_CR4_PCIDE;
	if (!boot_cpu_has(X86_FEATURE_XSAVE))
		bits &= ~(u64)X86_CR4_OSXSAVE;
	if (!boot_cpu_has(X86_FEATURE_FSGSBASE))
		bits &= ~(u64)X86_CR4_FSGSBASE;
	if (!boot_cpu_has(X86_FEATURE_SMEP))
		bits &= ~(u64)X86_CR4_SMEP;
	if (!boot_cpu_has(X86_FEATURE_SMAP))
		bits &= ~(u64)X86_CR4_SMAP;
	if (!(cpuid_ecx(7) & FEATURE(X86_FEATURE_UMIP)))
		bits &= ~(u64)X86_CR4_UMIP;
	if (!(cpuid_ecx(7) & FEATURE(X86_FEATURE_LA57)))
		bits &= ~(u64)X86_CR4_LA57;
	return bits;
}

static u8 cpuid_maxphyaddr(const struct x86_vcpu *v)
{
	const struct kvm_cpuid_entry2 *e = cpuid_find(v, 0x80000008, 0);

	/* Without the leaf: 36 bits (SDM vol. 3, 4.1.4). */
	if (!e || !(e->eax & 0xff))
		return 36;
	return clamp_t(u32, e->eax & 0xff, 32, 52);
}

void cpuid_update(struct x86_vcpu *v)
{
	const struct kvm_cpuid_entry2 *leaf0 = cpuid_find(v, 0, 0);
	const struct kvm_cpuid_entry2 *leaf1 = cpuid_find(v, 1, 0);
	const struct kvm_cpuid_entry2 *ext1 = cpuid_find(v, 0x80000001, 0);
	struct x86_cpuid *c = &v->cpuid;
	/* No table: see CR4_BASE. */
	u32 edx = ext1 ? ext1->edx : c->n ? 0 : cpuid_edx(0x80000001);

	c->maxphyaddr = cpuid_maxphyaddr(v);
	c->has_nx = edx & FEATURE(X86_FEATURE_NX);
	c->has_lm = edx & FEATURE(X86_FEATURE_LM);
	c->has_gib_pages = edx & FEATURE(X86_FEATURE_GBPAGES);
	c->has_ffxsr = edx & FEATURE(X86_FEATURE_FXSR_OPT);
	/* "Auth" of AuthenticAMD. */
	c->amd = leaf0 && leaf0->ebx == 0x68747541;
	c->cr4_allowed = cr4_bits(leaf1 ? leaf1->ecx : 0,
				  cpuid_find(v, 7, 0)) & cr4_host_bits();
	cr_changed(v);
}

/* The FXSAVE area and the header. */
#define XSAVE_LEGACY_BYTES (512 + 64)

/* A part at a place of its own, or after the others, perhaps aligned. */
#define XSAVE_ALIGNED	BIT(1)

/* Bytes of an XSAVE image for @xcr0 (APM vol. 3, E.4.12; vol. 2, 11.5.3). */
static u32 xsave_bytes(u64 xcr0, bool compact)
{
	u32 size, offset, flags, edx, end = XSAVE_LEGACY_BYTES;
	int i;

	for (i = 2; i < 63; i++) {
		if (!(xcr0 & BIT_ULL(i)))
			continue;
		cpuid_count(0xd, i, &size, &offset, &flags, &edx);
		if (compact)
			offset = flags & XSAVE_ALIGNED ? ALIGN(end, 64) : end;
		end = max(end, offset + size);
	}
	return end;
}

/* Bits that follow from registers, not from the table. */
static void cpuid_dynamic(struct x86_vcpu *v, u32 function, u32 index,
			  u32 regs[4])
{
	u32 *eax = &regs[0], *ebx = &regs[1], *ecx = &regs[2];

	if (function == 1) {
		*ecx &= ~FEATURE(X86_FEATURE_OSXSAVE);
		if (state_get(v, GRP_CR4)->cr4 & X86_CR4_OSXSAVE)
			*ecx |= FEATURE(X86_FEATURE_OSXSAVE);
	} else if (function == 0xd && index == 0 && *ebx) {
		*ebx = xsave_bytes(v->fpu.xcr0, false);
	} else if (function == 0xd && index == 1 &&
		   (*eax & FEATURE(X86_FEATURE_XSAVEC))) {
		*ebx = xsave_bytes(v->fpu.xcr0, true);
	}
}

/* An Intel CPU answers beyond the last basic leaf with that leaf, AMD with 0. */
static const struct kvm_cpuid_entry2 *cpuid_beyond(const struct x86_vcpu *v,
						   u32 function, u32 index)
{
	const struct kvm_cpuid_entry2 *top, *class;

	top = cpuid_find(v, 0, 0);
	class = cpuid_find(v, function & 0x80000000, 0);
	if (v->cpuid.amd || !top || (class && function <= class->eax))
		return NULL;
	return cpuid_find(v, top->eax, index);
}

void cpuid_query(struct x86_vcpu *v, u32 regs[4])
{
	static const struct kvm_cpuid_entry2 zero;
	u32 function = v->state.gpr[GPR_RAX], index = v->state.gpr[GPR_RCX];
	const struct kvm_cpuid_entry2 *e = cpuid_find(v, function, index);

	if (unlikely(!e))
		e = cpuid_beyond(v, function, index) ?: &zero;
	regs[0] = e->eax;
	regs[1] = e->ebx;
	regs[2] = e->ecx;
	regs[3] = e->edx;
	cpuid_dynamic(v, function, index, regs);
}

enum x86_next cpuid_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	enum x86_next next;
	u32 regs[4];

	if (!exit_skip(v, exit, &next))
		return next;
	cpuid_query(v, regs);
	v->state.gpr[GPR_RAX] = regs[0];
	v->state.gpr[GPR_RBX] = regs[1];
	v->state.gpr[GPR_RCX] = regs[2];
	v->state.gpr[GPR_RDX] = regs[3];
	return X86_RESUME;
}
