// SPDX-License-Identifier: GPL-2.0-only
/* A guest's CPUID: lookup, the instruction, and what is derived from the table. */
#include <linux/slab.h>
#include <linux/string.h>

#include <asm/cpufeatures.h>
#include <asm/fpu/types.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "x86/cpu/apic.h"
#include "x86/cpu/cpuid.h"
#include "x86/cpu/cr.h"
#include "x86/cpu/fpu.h"
#include "x86/cpu/mtrr.h"
#include "x86/cpu/pvfeature.h"
#include "x86/cpu/spec.h"
#include "x86/vcpu/hv_env.h"
#include "x86/vcpu/vendor.h"

void vcpu_step_cpuid_down(void *obj)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);

	if (v->cpuid.entry)
		kvfree(v->cpuid.entry);
}

static __always_inline const struct kvm_cpuid_entry2 *
entry_find(const struct x86_vcpu *v, u32 function, u32 index)
{
	const struct x86_cpuid *c = &v->cpuid;
	const struct kvm_cpuid_entry2 *e;
	u32 nr;

	for (nr = c->first[cpuid_bucket(function)]; nr; nr = e->padding[0]) {
		e = c->entry + (nr - 1);
		if (e->function != function)
			continue;
		if (!(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) ||
		    e->index == index)
			return e;
	}
	return NULL;
}

const struct kvm_cpuid_entry2 *cpuid_find(const struct x86_vcpu *v,
					  u32 function, u32 index)
{
	return entry_find(v, function, index);
}

/*
 * What every 64-bit CPU has is allowed whatever the table says: VMMs that set
 * none at all run guests in every mode.
 */
#define CR4_BASE (X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE |	\
		  X86_CR4_PSE | X86_CR4_PAE | X86_CR4_MCE | X86_CR4_PGE |	\
		  X86_CR4_PCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT)

static const struct {
	u16 feature;
	u32 cr4;
} cr4_features[] = {
	{ X86_FEATURE_PCID, X86_CR4_PCIDE },
	{ X86_FEATURE_XSAVE, X86_CR4_OSXSAVE },
	{ X86_FEATURE_FSGSBASE, X86_CR4_FSGSBASE },
	{ X86_FEATURE_SMEP, X86_CR4_SMEP },
	{ X86_FEATURE_SMAP, X86_CR4_SMAP },
	{ X86_FEATURE_PKU, X86_CR4_PKE },
	{ X86_FEATURE_UMIP, X86_CR4_UMIP },
	{ X86_FEATURE_LA57, X86_CR4_LA57 },
};

/*
 * Features with bits in CR4 and EFER; a VMM that sets no table gets the host's:
 * see CR4_BASE.
 */
static bool feature_granted(const struct x86_vcpu *v, unsigned int feature)
{
	return (!v->cpuid.n || cpuid_has(v, feature)) && cpuid_offered(feature);
}

/*
 * Bits that the processor itself would refuse must never reach it: userspace may
 * have set features that the host lacks.
 */
static u64 cpuid_cr4(const struct x86_vcpu *v)
{
	u64 bits = CR4_BASE;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cr4_features); i++)
		if (feature_granted(v, cr4_features[i].feature))
			bits |= cr4_features[i].cr4;
	return bits;
}

static u64 cpuid_xcr0(const struct x86_vcpu *v)
{
	const struct kvm_cpuid_entry2 *e = cpuid_find(v, 0xd, 0);
	u64 bits = e ? e->eax | (u64)e->edx << 32 : 0;

	return (bits & x86_caps->xcr0) | XFEATURE_MASK_FP;
}

static u8 cpuid_maxphyaddr(const struct x86_vcpu *v)
{
	const struct kvm_cpuid_entry2 *e = cpuid_find(v, 0x80000008, 0);

	/* Without the leaf: 36 bits (SDM vol. 3, 4.1.4). */
	if (!e || !(e->eax & 0xff))
		return 36;
	return clamp_t(u32, e->eax & 0xff, 32, 52);
}

/* The first letters of AuthenticAMD and HygonGenuine, whose processors are AMD's. */
#define VENDOR_AMD	0x68747541
#define VENDOR_HYGON	0x6f677948

/* A VMM that sets no table gets the host's. */
static bool cpuid_as_amd(const struct kvm_cpuid_entry2 *leaf0)
{
	if (!leaf0)
		return boot_cpu_data.x86_vendor != X86_VENDOR_INTEL;
	return leaf0->ebx == VENDOR_AMD || leaf0->ebx == VENDOR_HYGON;
}

void cpuid_update(struct x86_vcpu *v)
{
	const struct kvm_cpuid_entry2 *leaf0 = cpuid_find(v, 0, 0);
	struct x86_cpuid *c = &v->cpuid;
	bool had_mtrr = c->has_mtrr;

	c->maxphyaddr = cpuid_maxphyaddr(v);
	c->has_nx = feature_granted(v, X86_FEATURE_NX);
	c->has_lm = feature_granted(v, X86_FEATURE_LM);
	c->has_gib_pages = feature_granted(v, X86_FEATURE_GBPAGES);
	c->has_ffxsr = feature_granted(v, X86_FEATURE_FXSR_OPT);
	c->has_svm = x86_caps->svm_revision && cpuid_has(v, X86_FEATURE_SVM);
	c->has_mtrr = !c->n || cpuid_has(v, X86_FEATURE_MTRR);
	c->has_vmx = x86_caps->vmx_msr[0] && cpuid_has(v, X86_FEATURE_VMX);
	c->has_xsaves = x86_caps->xsaves && cpuid_has(v, X86_FEATURE_XSAVES);
	c->has_ibrs = spec_has_ibrs(v);
	c->as_amd = cpuid_as_amd(leaf0);
	c->amd = leaf0 && c->as_amd;
	c->cr4_allowed = cpuid_cr4(v) | (c->has_vmx ? X86_CR4_VMXE : 0);
	c->xcr0 = cpuid_xcr0(v);
	apic_cpuid_update(v);
	pv_cpuid_update(v);
	if (v->hv)
		hv_cpuid_update(v);
	cr_changed(v);
	v->nested.l1_waits = false;
	if (c->has_mtrr != had_mtrr)
		memtypes_changed(v->vcpu.kvm);
}

static inline bool mwait_follows_msr(const struct x86_vcpu *v)
{
	return unlikely(!quirk_is_on(v, KVM_X86_QUIRK_MISC_ENABLE_NO_MWAIT));
}

bool cpuid_has_mwait(const struct x86_vcpu *v)
{
	if (mwait_follows_msr(v))
		return v->msrs.misc_enable & MSR_IA32_MISC_ENABLE_MWAIT;
	return cpuid_has(v, X86_FEATURE_MWAIT);
}

static void mwait_update(struct x86_vcpu *v, struct kvm_cpuid_entry2 *e)
{
	e->ecx &= ~CPUID_BIT(X86_FEATURE_MWAIT);
	if (cpuid_has_mwait(v))
		e->ecx |= CPUID_BIT(X86_FEATURE_MWAIT);
}

/* Does what registers say decide on a part of a leaf? */
static bool cpuid_is_dynamic(u32 function)
{
	return function == 1 || function == 7 || function == 0xd ||
	       function == 0x80000001;
}

void cpuid_entry_current(struct x86_vcpu *v, struct kvm_cpuid_entry2 *e)
{
	bool apic = apic_base(v) & APIC_BASE_ENABLE;
	u64 cr4 = state_get(v, GRP_CR4)->cr4;

	memset(e->padding, 0, sizeof(e->padding));
	switch (e->function) {
	case 1:
		e->ecx &= ~CPUID_BIT(X86_FEATURE_OSXSAVE);
		if (cr4 & X86_CR4_OSXSAVE)
			e->ecx |= CPUID_BIT(X86_FEATURE_OSXSAVE);
		if (!apic)
			e->edx &= ~CPUID_BIT(X86_FEATURE_APIC);
		if (mwait_follows_msr(v))
			mwait_update(v, e);
		break;
	case 7:
		if (e->index)
			break;
		e->ecx &= ~CPUID_BIT(X86_FEATURE_OSPKE);
		if (cr4 & X86_CR4_PKE)
			e->ecx |= CPUID_BIT(X86_FEATURE_OSPKE);
		break;
	case 0xd:
		if (e->index == 0 && e->ebx)
			e->ebx = fpu_image_bytes(v->fpu.xcr0, false);
		else if (e->index == 1 &&
			 (e->eax & (CPUID_BIT(X86_FEATURE_XSAVEC) |
				    CPUID_BIT(X86_FEATURE_XSAVES))))
			e->ebx = fpu_image_bytes(v->fpu.xcr0, true);
		break;
	case 0x80000001:
		/* The repetition of leaf 1 on AMD's CPUs; reserved on others. */
		if (!apic)
			e->edx &= ~CPUID_BIT(X86_FEATURE_APIC);
		break;
	}
}

/* The leaf that says how far a range goes; hypervisors have many, 256 leaves apart. */
static u32 cpuid_class(u32 function)
{
	if (function >> 28 == 4)
		return function & 0xffffff00;
	return function & 0x80000000;
}

/* An Intel CPU answers beyond the last basic leaf with that leaf, AMD with 0. */
static const struct kvm_cpuid_entry2 *cpuid_beyond(const struct x86_vcpu *v,
						   u32 function, u32 index)
{
	static const struct kvm_cpuid_entry2 zero;
	const struct kvm_cpuid_entry2 *top, *class;

	top = cpuid_find(v, 0, 0);
	class = cpuid_find(v, cpuid_class(function), 0);
	if (v->cpuid.amd || !top || (class && function <= class->eax))
		return &zero;
	return cpuid_find(v, top->eax, index) ?: &zero;
}

/* What EAX and ECX name. */
static __always_inline const struct kvm_cpuid_entry2 *
cpuid_named(const struct x86_vcpu *v)
{
	u32 function = v->state.gpr[GPR_RAX], index = v->state.gpr[GPR_RCX];

	return entry_find(v, function, index) ?:
	       cpuid_beyond(v, function, index);
}

void cpuid_query(struct x86_vcpu *v, u32 regs[4])
{
	struct kvm_cpuid_entry2 e = *cpuid_named(v);

	cpuid_entry_current(v, &e);
	regs[0] = e.eax;
	regs[1] = e.ebx;
	regs[2] = e.ecx;
	regs[3] = e.edx;
}

static void cpuid_return(struct x86_vcpu *v, const struct kvm_cpuid_entry2 *e)
{
	v->state.gpr[GPR_RAX] = e->eax;
	v->state.gpr[GPR_RBX] = e->ebx;
	v->state.gpr[GPR_RCX] = e->ecx;
	v->state.gpr[GPR_RDX] = e->edx;
}

static noinline void cpuid_return_current(struct x86_vcpu *v,
					  const struct kvm_cpuid_entry2 *e)
{
	struct kvm_cpuid_entry2 now = *e;

	cpuid_entry_current(v, &now);
	cpuid_return(v, &now);
}

void cpuid_execute(struct x86_vcpu *v)
{
	const struct kvm_cpuid_entry2 *e = cpuid_named(v);

	if (cpuid_is_dynamic(e->function))
		cpuid_return_current(v, e);
	else
		cpuid_return(v, e);
}
