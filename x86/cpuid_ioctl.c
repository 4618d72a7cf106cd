// SPDX-License-Identifier: GPL-2.0-only
/* What this host offers to guests, and the table's ioctls. */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <asm/cpufeature.h>
#include <asm/cpufeatures.h>
#include <asm/kvm_para.h>

#include "core/vm.h"
#include "x86/cpuid.h"
#include "x86/vendor.h"

#define FEATURE(x) BIT((x) & 31)

/*
 * Features that work in a guest without any help from us but state switching
 * that is in place.  A bit is offered when the host has it too.  Not here: what
 * needs MSRs, interrupt controllers or state that is not emulated or switched.
 */
#define LEAF1_EDX (FEATURE(X86_FEATURE_FPU) | FEATURE(X86_FEATURE_VME) |	\
	FEATURE(X86_FEATURE_DE) | FEATURE(X86_FEATURE_PSE) |			\
	FEATURE(X86_FEATURE_TSC) | FEATURE(X86_FEATURE_MSR) |			\
	FEATURE(X86_FEATURE_PAE) | FEATURE(X86_FEATURE_CX8) |			\
	FEATURE(X86_FEATURE_SEP) | FEATURE(X86_FEATURE_PGE) |			\
	FEATURE(X86_FEATURE_CMOV) | FEATURE(X86_FEATURE_PAT) |			\
	FEATURE(X86_FEATURE_PSE36) | FEATURE(X86_FEATURE_CLFLUSH) |		\
	FEATURE(X86_FEATURE_MMX) | FEATURE(X86_FEATURE_FXSR) |			\
	FEATURE(X86_FEATURE_XMM) | FEATURE(X86_FEATURE_XMM2))
#define LEAF1_ECX (FEATURE(X86_FEATURE_XMM3) | FEATURE(X86_FEATURE_PCLMULQDQ) |	\
	FEATURE(X86_FEATURE_SSSE3) | FEATURE(X86_FEATURE_FMA) |			\
	FEATURE(X86_FEATURE_CX16) | FEATURE(X86_FEATURE_PCID) |			\
	FEATURE(X86_FEATURE_XMM4_1) | FEATURE(X86_FEATURE_XMM4_2) |		\
	FEATURE(X86_FEATURE_MOVBE) | FEATURE(X86_FEATURE_POPCNT) |		\
	FEATURE(X86_FEATURE_AES) | FEATURE(X86_FEATURE_XSAVE) |			\
	FEATURE(X86_FEATURE_AVX) | FEATURE(X86_FEATURE_F16C) |			\
	FEATURE(X86_FEATURE_RDRAND))
#define LEAF7_EBX (FEATURE(X86_FEATURE_FSGSBASE) | FEATURE(X86_FEATURE_BMI1) |	\
	FEATURE(X86_FEATURE_AVX2) | FEATURE(X86_FEATURE_SMEP) |			\
	FEATURE(X86_FEATURE_BMI2) | FEATURE(X86_FEATURE_ERMS) |			\
	FEATURE(X86_FEATURE_INVPCID) | FEATURE(X86_FEATURE_RDSEED) |		\
	FEATURE(X86_FEATURE_ADX) | FEATURE(X86_FEATURE_SMAP) |			\
	FEATURE(X86_FEATURE_CLFLUSHOPT) | FEATURE(X86_FEATURE_CLWB) |		\
	FEATURE(X86_FEATURE_SHA_NI))
#define LEAF7_ECX (FEATURE(X86_FEATURE_UMIP) | FEATURE(X86_FEATURE_LA57))
#define LEAF7_EDX FEATURE(X86_FEATURE_FSRM)
#define EXT1_ECX (FEATURE(X86_FEATURE_LAHF_LM) | FEATURE(X86_FEATURE_CR8_LEGACY) | \
	FEATURE(X86_FEATURE_ABM) | FEATURE(X86_FEATURE_SSE4A) |			\
	FEATURE(X86_FEATURE_MISALIGNSSE) | FEATURE(X86_FEATURE_3DNOWPREFETCH))
/* The low word repeats leaf 1 on AMD's CPUs (APM vol. 3, E.4.2). */
#define EXT1_EDX (FEATURE(X86_FEATURE_SYSCALL) | FEATURE(X86_FEATURE_NX) |	\
	FEATURE(X86_FEATURE_MMXEXT) | FEATURE(X86_FEATURE_FXSR_OPT) |		\
	FEATURE(X86_FEATURE_GBPAGES) | FEATURE(X86_FEATURE_LM) |		\
	(LEAF1_EDX & 0x0183f3ff & ~FEATURE(X86_FEATURE_SEP)))
#define XSAVE_EAX (FEATURE(X86_FEATURE_XSAVEOPT) | FEATURE(X86_FEATURE_XSAVEC) | \
	FEATURE(X86_FEATURE_XGETBV1))

#define ENTRIES 64

struct builder {
	struct kvm_cpuid_entry2 *e;
	u32 n;
};

static struct kvm_cpuid_entry2 *add(struct builder *b, u32 function, u32 index,
				    bool indexed)
{
	struct kvm_cpuid_entry2 *e = &b->e[b->n++];

	e->function = function;
	e->index = index;
	e->flags = indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0;
	cpuid_count(function, index, &e->eax, &e->ebx, &e->ecx, &e->edx);
	return e;
}

static void add_features(struct builder *b)
{
	struct kvm_cpuid_entry2 *e = add(b, 1, 0, false);

	e->ecx = (e->ecx & LEAF1_ECX) | FEATURE(X86_FEATURE_HYPERVISOR);
	e->edx &= LEAF1_EDX;
	/* APIC id and the number of CPUs are the client's. */
	e->ebx &= 0xff00;
	if (cpuid_eax(0) < 7)
		return;
	e = add(b, 7, 0, true);
	e->eax = 0;
	e->ebx &= LEAF7_EBX;
	e->ecx &= LEAF7_ECX;
	e->edx &= LEAF7_EDX;
}

static void add_xsave(struct builder *b)
{
	struct kvm_cpuid_entry2 *e;
	int i;

	if (!x86_caps->host_xcr0)
		return;
	e = add(b, 0xd, 0, true);
	e->eax = x86_caps->xcr0;
	e->edx = x86_caps->xcr0 >> 32;
	e = add(b, 0xd, 1, true);
	e->eax &= XSAVE_EAX;
	e->ebx = e->ecx = e->edx = 0;
	for (i = 2; i < 63; i++)
		if (x86_caps->xcr0 & BIT_ULL(i))
			add(b, 0xd, i, true);
}

static void add_extended(struct builder *b)
{
	u32 top = min(cpuid_eax(0x80000000), 0x80000008u), f;
	struct kvm_cpuid_entry2 *e = add(b, 0x80000000, 0, false);

	e->eax = top;
	e = add(b, 0x80000001, 0, false);
	e->ecx &= EXT1_ECX & ~x86_caps->hidden_8000_0001_ecx;
	e->edx &= EXT1_EDX & ~x86_caps->hidden_8000_0001_edx;
	for (f = 0x80000002; f <= 0x80000006 && f <= top; f++)
		add(b, f, 0, false);
	if (top < 0x80000008)
		return;
	e = add(b, 0x80000008, 0, false);
	e->eax &= 0xffff;
	e->ebx = e->ecx = e->edx = 0;
}

/* No paravirtual feature yet: the signature only (cpuid.rst). */
static void add_kvm(struct builder *b)
{
	struct kvm_cpuid_entry2 *e = add(b, KVM_CPUID_SIGNATURE, 0, false);

	e->eax = KVM_CPUID_FEATURES;
	memcpy(&e->ebx, "KVMK", 4);
	memcpy(&e->ecx, "VMKV", 4);
	memcpy(&e->edx, "M\0\0\0", 4);
	e = add(b, KVM_CPUID_FEATURES, 0, false);
	e->eax = e->ebx = e->ecx = e->edx = 0;
}

static void build(struct builder *b)
{
	struct kvm_cpuid_entry2 *e = add(b, 0, 0, false);

	e->eax = min(e->eax, 0xdu);
	add_features(b);
	add_xsave(b);
	add_extended(b);
	add_kvm(b);
}

long cpuid_ioctl_supported(void *unused, void *data, unsigned long arg)
{
	struct kvm_cpuid2 __user *user = (void __user *)arg;
	struct builder b = { };
	u32 room;
	long ret = 0;

	if (get_user(room, &user->nent))
		return -EFAULT;
	b.e = kvcalloc(ENTRIES, sizeof(*b.e), GFP_KERNEL);
	if (!b.e)
		return -ENOMEM;
	build(&b);
	if (room < b.n)
		ret = -E2BIG;
	else if (put_user(b.n, &user->nent) ||
		 copy_to_user(user->entries, b.e, b.n * sizeof(*b.e)))
		ret = -EFAULT;
	kvfree(b.e);
	return ret;
}

/*
 * A processor does not change its model while it runs (api.rst 4.20): what
 * follows from the table, such as the MMU's formats, is in use.
 */
static bool cpuid_may_become(const struct x86_vcpu *v,
			     const struct kvm_cpuid_entry2 *e, u32 n)
{
	if (!v->has_run)
		return true;
	return n == v->cpuid.n &&
	       !memcmp(e, v->cpuid.entry, array_size(n, sizeof(*e)));
}

long cpuid_ioctl_set(void *obj, void *data, unsigned long arg)
{
	struct kvm_cpuid2 __user *user = (void __user *)arg;
	struct x86_vcpu *v = to_x86_vcpu(obj);
	struct kvm_cpuid_entry2 *e = NULL;
	u32 n;

	if (get_user(n, &user->nent))
		return -EFAULT;
	if (n > CPUID_ENTRIES_MAX)
		return -E2BIG;
	if (n) {
		e = vmemdup_user(user->entries, array_size(n, sizeof(*e)));
		if (IS_ERR(e))
			return PTR_ERR(e);
	}
	if (!cpuid_may_become(v, e, n)) {
		kvfree(e);
		return -EINVAL;
	}
	kvfree(v->cpuid.entry);
	v->cpuid.entry = e;
	v->cpuid.n = n;
	cpuid_update(v);
	vendor(policy_update)(v);
	return 0;
}

long cpuid_ioctl_get(void *obj, void *data, unsigned long arg)
{
	struct kvm_cpuid2 __user *user = (void __user *)arg;
	const struct x86_vcpu *v = to_x86_vcpu(obj);
	u32 room, n = v->cpuid.n;

	if (get_user(room, &user->nent))
		return -EFAULT;
	if (put_user(n, &user->nent))
		return -EFAULT;
	if (room < n)
		return -E2BIG;
	return copy_to_user(user->entries, v->cpuid.entry,
			    n * sizeof(*v->cpuid.entry)) ? -EFAULT : 0;
}
