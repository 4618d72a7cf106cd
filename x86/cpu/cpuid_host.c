// SPDX-License-Identifier: GPL-2.0-only
/* What this host offers to guests: KVM_GET_SUPPORTED_CPUID. */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <asm/cpufeature.h>
#include <asm/cpufeatures.h>
#include <asm/fpu/types.h>
#include <asm/kvm_para.h>
#include <asm/processor.h>

#include "x86/cpu/cpuid.h"
#include "x86/cpu/fpu.h"
#include "x86/cpu/pvfeature.h"
#include "x86/cpu/spec.h"
#include "x86/vcpu/vendor.h"

/*
 * One register of one leaf.  A bit is offered when it is in
 * @host: the CPU has it and the host kernel uses it (it turns off what is broken),
 * @raw: the CPU has it; what the kernel makes of it says nothing about guests,
 * @ours: whatever the CPU has: it is emulated.
 * Not here: what needs MSRs, interrupt controllers or state that guests lack.
 *
 * @word is the kernel's number of the register (asm/cpufeatures.h), or NO_WORD.
 */
struct cpuid_row {
	u32 function;
	u8 index;
	u8 reg;
	u8 word;
	u32 host;
	u32 raw;
	u32 ours;
};

#define NO_WORD	0xff

#define F(name) CPUID_BIT(X86_FEATURE_##name)

static const struct cpuid_row cpuid_rows[] = {
	{ .function = 1, .reg = CPUID_EDX, .word = 0,
	  .host = F(FPU) | F(VME) | F(DE) | F(PSE) | F(TSC) | F(MSR) | F(PAE) |
		  F(CX8) | F(SEP) | F(PGE) | F(CMOV) | F(PAT) | F(PSE36) |
		  F(CLFLUSH) | F(MMX) | F(FXSR) | F(XMM) | F(XMM2) |
		  F(SELFSNOOP),
	  .ours = F(APIC) | F(MTRR) | F(MCE) | F(MCA) },
	/* X2APIC takes an APIC in the kernel; TSC_DEADLINE_TIMER is a capability */
	{ .function = 1, .reg = CPUID_ECX, .word = 4,
	  .host = F(XMM3) | F(PCLMULQDQ) | F(VMX) | F(SSSE3) | F(FMA) | F(CX16) |
		  F(PCID) | F(XMM4_1) | F(XMM4_2) | F(MOVBE) | F(POPCNT) |
		  F(AES) | F(XSAVE) | F(AVX) | F(F16C) | F(RDRAND),
	  .ours = F(HYPERVISOR) | F(X2APIC) },
	{ .function = 6, .reg = CPUID_EAX, .word = 14,
	  .ours = F(ARAT) },
	{ .function = 7, .reg = CPUID_EBX, .word = 9,
	  .host = F(FSGSBASE) | F(BMI1) | F(AVX2) | F(FDP_EXCPTN_ONLY) |
		  F(SMEP) | F(BMI2) | F(ERMS) | F(INVPCID) | F(ZERO_FCS_FDS) |
		  F(AVX512F) | F(AVX512DQ) | F(RDSEED) | F(ADX) | F(SMAP) |
		  F(AVX512IFMA) | F(CLFLUSHOPT) | F(CLWB) | F(AVX512PF) |
		  F(AVX512ER) | F(AVX512CD) | F(SHA_NI) | F(AVX512BW) |
		  F(AVX512VL),
	  .ours = F(TSC_ADJUST) },
	/* PKU: pku_usable() */
	{ .function = 7, .reg = CPUID_ECX, .word = 16,
	  .host = F(AVX512VBMI) | F(PKU) | F(AVX512_VBMI2) | F(GFNI) |
		  F(VAES) | F(VPCLMULQDQ) | F(AVX512_VNNI) |
		  F(AVX512_BITALG) | F(AVX512_VPOPCNTDQ) | F(RDPID) |
		  F(CLDEMOTE) | F(MOVDIRI) | F(MOVDIR64B),
	  .raw = F(UMIP) | F(LA57) },
	{ .function = 7, .reg = CPUID_EDX, .word = 18,
	  .host = F(AVX512_4VNNIW) | F(AVX512_4FMAPS) | F(FSRM) |
		  F(AVX512_VP2INTERSECT) | F(MD_CLEAR) | F(SERIALIZE) |
		  F(AVX512_FP16) | F(SPEC_CTRL) | F(INTEL_STIBP) |
		  F(FLUSH_L1D) | F(ARCH_CAPABILITIES) | F(SPEC_CTRL_SSBD) },
	/* raw: fast zero-length MOVSB, short STOSB, short CMPSB and SCASB */
	{ .function = 7, .index = 1, .reg = CPUID_EAX, .word = 12,
	  .host = F(AVX_VNNI) | F(AVX512_BF16),
	  .raw = BIT(10) | BIT(11) | BIT(12) },
	/* XSAVES: x86_caps->xsaves */
	{ .function = 0xd, .index = 1, .reg = CPUID_EAX, .word = 10,
	  .host = F(XSAVEOPT) | F(XSAVEC) | F(XGETBV1) },
	{ .function = 0x80000001, .reg = CPUID_ECX, .word = 6,
	  .host = F(LAHF_LM) | F(CMP_LEGACY) | F(CR8_LEGACY) | F(ABM) |
		  F(SSE4A) | F(MISALIGNSSE) | F(3DNOWPREFETCH) | F(XOP) |
		  F(FMA4) | F(TBM) | F(TOPOEXT),
	  .raw = F(SVM) },
	{ .function = 0x80000001, .reg = CPUID_EDX, .word = 1,
	  .host = F(SYSCALL) | F(NX) | F(MMXEXT) | F(FXSR_OPT) | F(GBPAGES) |
		  F(RDTSCP) | F(LM) | F(3DNOWEXT) | F(3DNOW) },
	/* invariant TSC */
	{ .function = 0x80000007, .reg = CPUID_EDX, .word = NO_WORD,
	  .raw = BIT(8) },
	/* raw: how IBRS is best used, PSFD; ours: no EFER.LMSLE */
	{ .function = 0x80000008, .reg = CPUID_EBX, .word = 13,
	  .host = F(CLZERO) | F(XSAVEERPTR) | F(WBNOINVD) | F(AMD_IBPB) |
		  F(AMD_IBRS) | F(AMD_STIBP) | F(AMD_STIBP_ALWAYS_ON) |
		  F(AMD_SSBD) | F(AMD_SSB_NO) |
		  F(BTC_NO) | F(AMD_IBPB_RET),
	  .raw = BIT(16) | BIT(18) | BIT(19) | CPUID_BIT(FEATURE_AMD_PSFD),
	  .ours = BIT(20) },
	/*
	 * No nested data breakpoints, LFENCE serializes, null selectors clear the
	 * base, fast short STOSB and CMPSB, not open to SRSO (at all, from user to
	 * kernel).
	 */
	{ .function = 0x80000021, .reg = CPUID_EAX, .word = 20,
	  .host = F(SBPB) | F(IBPB_BRTYPE),
	  .raw = BIT(0) | BIT(2) | BIT(6) | BIT(10) | BIT(11) | BIT(29) |
		 BIT(30) },
};

static u32 offered[ARRAY_SIZE(cpuid_rows)];

/* By word of the kernel's capabilities: its row's number + 1, or 0. */
static u8 row_by_word[NCAPINTS];

static bool host_has_leaf(u32 function)
{
	return function <= cpuid_eax(function & 0x80000000);
}

/* PKRU is switched by instructions that fault unless the host has them on. */
static bool pku_usable(void)
{
	return boot_cpu_has(X86_FEATURE_OSPKE) &&
	       (x86_caps->xcr0 & XFEATURE_MASK_PKRU);
}

static u32 row_offered(const struct cpuid_row *row)
{
	u32 reg[4] = { }, bits;

	if (host_has_leaf(row->function))
		cpuid_count(row->function, row->index, &reg[CPUID_EAX],
			    &reg[CPUID_EBX], &reg[CPUID_ECX],
			    &reg[CPUID_EDX]);
	bits = reg[row->reg] & row->raw;
	if (row->word != NO_WORD)
		bits |= reg[row->reg] & row->host &
			boot_cpu_data.x86_capability[row->word];
	return bits | row->ours;
}

/* What does not follow from one bit of this CPU's and the kernel's. */
static void offered_adjust(const struct cpuid_row *row, u32 *bits)
{
	switch (row->word) {
	case X86_FEATURE_PKU / 32:
		if (!pku_usable())
			*bits &= ~F(PKU);
		break;
	case X86_FEATURE_ARCH_CAPABILITIES / 32:
		/* What the kernel knows of a CPU that does not tell it itself. */
		if (boot_cpu_data.x86_vendor == X86_VENDOR_INTEL)
			*bits |= F(ARCH_CAPABILITIES);
		break;
	case X86_FEATURE_VIRT_SSBD / 32:
		/* Made of what the CPU has, by the kernel. */
		if (boot_cpu_has(X86_FEATURE_LS_CFG_SSBD) ||
		    boot_cpu_has(X86_FEATURE_VIRT_SSBD))
			*bits |= F(VIRT_SSBD);
		break;
	}
}

void cpuid_host_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cpuid_rows); i++) {
		if (cpuid_rows[i].word != NO_WORD)
			row_by_word[cpuid_rows[i].word] = i + 1;
		offered[i] = row_offered(&cpuid_rows[i]);
		offered_adjust(&cpuid_rows[i], &offered[i]);
	}
}

static int row_of(unsigned int feature)
{
	return row_by_word[feature / 32] - 1;
}

bool cpuid_offered(unsigned int feature)
{
	int row = row_of(feature);

	return row >= 0 && (offered[row] & CPUID_BIT(feature));
}

bool cpuid_has(const struct x86_vcpu *v, unsigned int feature)
{
	const struct kvm_cpuid_entry2 *e;
	int row = row_of(feature);

	if (row < 0)
		return false;
	e = cpuid_find(v, cpuid_rows[row].function, cpuid_rows[row].index);
	return e && ((&e->eax)[cpuid_rows[row].reg] & CPUID_BIT(feature));
}

/* ------------------------------------------------------------------------ */
/* The table for VMMs. */

#define ENTRIES 64

struct cpuid_builder {
	struct kvm_cpuid_entry2 *e;
	u32 n;
};

static struct kvm_cpuid_entry2 *add_zero_leaf(struct cpuid_builder *b, u32 function,
					      u32 index, bool indexed)
{
	struct kvm_cpuid_entry2 *e = &b->e[b->n++];

	e->function = function;
	e->index = index;
	e->flags = indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0;
	return e;
}

/* As the host has it. */
static struct kvm_cpuid_entry2 *add_host_leaf(struct cpuid_builder *b, u32 function, u32 index,
					      bool indexed)
{
	struct kvm_cpuid_entry2 *e = add_zero_leaf(b, function, index, indexed);

	cpuid_count(function, index, &e->eax, &e->ebx, &e->ecx, &e->edx);
	return e;
}

/* The registers that cpuid_rows[] knows; the rest is zero. */
static struct kvm_cpuid_entry2 *add_features(struct cpuid_builder *b, u32 function,
					     u32 index, bool indexed)
{
	struct kvm_cpuid_entry2 *e = add_zero_leaf(b, function, index, indexed);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cpuid_rows); i++)
		if (cpuid_rows[i].function == function && cpuid_rows[i].index == index)
			(&e->eax)[cpuid_rows[i].reg] = offered[i];
	return e;
}

/* Subleaves that describe one cache each; a type of 0 ends them. */
static void add_caches(struct cpuid_builder *b, u32 function)
{
	const u32 max = 8;
	u32 i;

	for (i = 0; i < max; i++)
		if (!(add_host_leaf(b, function, i, true)->eax & 0x1f))
			return;
}

static void add_xsave(struct cpuid_builder *b)
{
	struct kvm_cpuid_entry2 *e;
	int i;

	if (!x86_caps->host_xcr0)
		return;
	e = add_zero_leaf(b, 0xd, 0, true);
	e->eax = x86_caps->xcr0;
	e->edx = x86_caps->xcr0 >> 32;
	e->ebx = e->ecx = fpu_image_bytes(x86_caps->xcr0, false);
	e = add_features(b, 0xd, 1, true);
	if (x86_caps->xsaves)
		e->eax |= F(XSAVES);
	for (i = 2; i < 63; i++)
		if (x86_caps->xcr0 & BIT_ULL(i))
			add_host_leaf(b, 0xd, i, true);
}

/* Leaf 5 (MONITOR) and 9 to 0xc stay zero; 0xb and 0x1f are userspace's topology. */
static u32 add_basic(struct cpuid_builder *b)
{
	struct kvm_cpuid_entry2 *e = add_host_leaf(b, 0, 0, false);
	u32 top = e->eax = min(e->eax, 0x1fu), edx;

	e = add_features(b, 1, 0, false);
	e->eax = cpuid_eax(1);
	/* APIC id and the number of CPUs are userspace's. */
	e->ebx = cpuid_ebx(1) & 0xff00;
	if (!x86_caps->vmx_msr[0])
		e->ecx &= ~F(VMX);
	edx = e->edx;
	add_host_leaf(b, 2, 0, false);
	add_caches(b, 4);
	add_features(b, 6, 0, false);
	if (top >= 7)
		add_features(b, 7, 0, true)->eax = 1;
	if (top >= 7)
		add_features(b, 7, 1, true);
	if (top >= 0xb)
		add_zero_leaf(b, 0xb, 0, true);
	if (top >= 0xd)
		add_xsave(b);
	if (top >= 0x1f)
		add_zero_leaf(b, 0x1f, 0, true);
	return edx;
}

/* What leaf 0x80000001 EDX of AMD's CPUs repeats of leaf 1 (APM vol. 3, E.4.2). */
#define LEAF1_REPEATED	0x0183f3ff

static void add_extended_1(struct cpuid_builder *b, u32 leaf1_edx)
{
	struct kvm_cpuid_entry2 *e = add_features(b, 0x80000001, 0, false);

	e->eax = cpuid_eax(0x80000001);
	/* the package type; the branding of old CPUs */
	e->ebx = cpuid_ebx(0x80000001);
	if (boot_cpu_data.x86_vendor == X86_VENDOR_AMD ||
	    boot_cpu_data.x86_vendor == X86_VENDOR_HYGON)
		e->edx |= leaf1_edx & LEAF1_REPEATED;
	e->ecx &= ~x86_caps->hidden_8000_0001_ecx;
}

/* The vendor's (APM vol. 3, E.4.9). */
static void add_svm(struct cpuid_builder *b)
{
	struct kvm_cpuid_entry2 *e = add_zero_leaf(b, 0x8000000a, 0, false);

	e->eax = x86_caps->svm_revision;
	e->ebx = x86_caps->svm_asids;
	e->edx = x86_caps->svm_features;
}

static void add_extended(struct cpuid_builder *b, u32 leaf1_edx)
{
	struct kvm_cpuid_entry2 *e = add_host_leaf(b, 0x80000000, 0, false);
	u32 top = e->eax = min(e->eax, 0x80000021u), f;

	add_extended_1(b, leaf1_edx);
	for (f = 0x80000002; f <= 0x80000006 && f <= top; f++)
		add_host_leaf(b, f, 0, false);
	if (top >= 0x80000007)
		add_features(b, 0x80000007, 0, false);
	if (top >= 0x80000008) {
		e = add_features(b, 0x80000008, 0, false);
		e->eax = cpuid_eax(0x80000008) & 0xffff;
	}
	if (top >= 0x8000000a && x86_caps->svm_revision)
		add_svm(b);
	/* TLBs of 1 GiB pages; what is fast; caches; topology, which is userspace's. */
	if (top >= 0x8000001a) {
		add_host_leaf(b, 0x80000019, 0, false);
		add_host_leaf(b, 0x8000001a, 0, false);
	}
	if (top >= 0x8000001e && cpuid_offered(X86_FEATURE_TOPOEXT)) {
		add_caches(b, 0x8000001d);
		add_zero_leaf(b, 0x8000001e, 0, false);
	}
	if (top >= 0x80000021)
		add_features(b, 0x80000021, 0, false);
}

/* The signature and the features (cpuid.rst). */
static void add_kvm(struct cpuid_builder *b)
{
	struct kvm_cpuid_entry2 *e = add_zero_leaf(b, KVM_CPUID_SIGNATURE, 0, false);

	e->eax = KVM_CPUID_FEATURES;
	memcpy(&e->ebx, "KVMK", 4);
	memcpy(&e->ecx, "VMKV", 4);
	memcpy(&e->edx, "M\0\0\0", 4);
	add_zero_leaf(b, KVM_CPUID_FEATURES, 0, false)->eax = pv_offered();
}

long cpuid_ioctl_supported(void *unused, void *data, unsigned long arg)
{
	struct kvm_cpuid2 __user *user = (void __user *)arg;
	struct cpuid_builder b = { };
	u32 room;
	long ret = 0;

	if (get_user(room, &user->nent))
		return -EFAULT;
	b.e = kvcalloc(ENTRIES, sizeof(*b.e), GFP_KERNEL_ACCOUNT);
	if (!b.e)
		return -ENOMEM;
	add_extended(&b, add_basic(&b));
	add_kvm(&b);
	if (room < b.n)
		ret = -E2BIG;
	else if (put_user(b.n, &user->nent) ||
		 copy_to_user(user->entries, b.e, b.n * sizeof(*b.e)))
		ret = -EFAULT;
	kvfree(b.e);
	return ret;
}

long cpuid_ioctl_emulated(void *unused, void *data, unsigned long arg)
{
	struct kvm_cpuid2 __user *user = (void __user *)arg;
	u32 room;

	/*
	 * An instruction that the CPU lacks raises #UD in the guest, which does
	 * not exit: the list is empty, and any room will do.
	 */
	if (get_user(room, &user->nent) || put_user(0, &user->nent))
		return -EFAULT;
	return 0;
}
