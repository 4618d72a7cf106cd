// SPDX-License-Identifier: GPL-2.0-only
/* What the processors can do; SVM on and off. */
#include <linux/gfp.h>
#include <linux/mem_encrypt.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/topology.h>

#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/perf_event.h>
#include <asm/processor.h>
#include <asm/reboot.h>

#include "svm/cpu.h"
#include "svm/vmcb.h"
#include "x86/cpu/caps.h"

static bool npt = true;
module_param(npt, bool, 0444);
MODULE_PARM_DESC(npt, "nested paging; without it guests run on shadow page tables");

static bool nested = true;
module_param(nested, bool, 0444);
MODULE_PARM_DESC(nested, "guests may use SVM themselves");

static ushort pause_filter_count = 3000;
module_param(pause_filter_count, ushort, 0444);
MODULE_PARM_DESC(pause_filter_count, "after how many PAUSEs a loop of them exits; 0: never");

static ushort pause_filter_thresh = 128;
module_param(pause_filter_thresh, ushort, 0444);
MODULE_PARM_DESC(pause_filter_thresh, "longest gap between PAUSEs of a loop, in clocks");

/* For who asks; whatever it is set to. */
static bool avic;
module_param(avic, bool, 0444);
MODULE_PARM_DESC(avic, "interrupts delivered by the processor: not there yet, reads N");

DEFINE_PER_CPU(struct svm_cpu, svm_cpu);
struct svm_features svm_features;

/* CPUID 0x80000001 ECX: what this module intercepts or does not have. */
#define CPUID_SVM	BIT(2)
#define CPUID_SKINIT	BIT(12)
#define CPUID_MWAITX	BIT(29)

/* VMMCALL is 0F 01 D9 (APM vol. 3). */
#define MODRM_VMMCALL	0xd9

/* The VMRUN save page, then the VMSAVE area. */
#define HSAVE_ORDER	1

static bool has_svm(void)
{
	return cpuid_eax(0x80000000) >= SVM_CPUID_FUNC &&
	       (cpuid_ecx(0x80000001) & CPUID_SVM);
}

int svm_probe(void)
{
	u64 vm_cr;

	if (!has_svm())
		return -EOPNOTSUPP;
	if (rdmsrl_safe(MSR_VM_CR, &vm_cr) || (vm_cr & SVM_VM_CR_SVM_DIS_MASK))
		return -EACCES;
	return 0;
}

static void hsave_free(void)
{
	struct svm_cpu *c;
	int cpu;

	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(&svm_cpu, cpu);
		free_pages((unsigned long)c->hsave, HSAVE_ORDER);
		c->hsave = NULL;
	}
}

static int hsave_alloc(void)
{
	struct svm_cpu *c;
	struct page *page;
	int cpu;

	for_each_possible_cpu(cpu) {
		page = alloc_pages_node(cpu_to_node(cpu),
					GFP_KERNEL | __GFP_ZERO, HSAVE_ORDER);
		if (!page) {
			hsave_free();
			return -ENOMEM;
		}
		c = per_cpu_ptr(&svm_cpu, cpu);
		c->hsave = page_address(page);
		c->host_pa = __sme_pa(c->hsave + PAGE_SIZE);
	}
	return 0;
}

/* Whatever the host makes of it. */
static bool cpu_has_la57(void)
{
	return cpuid_eax(0) >= 7 && (cpuid_ecx(7) & BIT(16));
}

/*
 * Guests' second-level tables have the host's levels (APM vol. 2, 15.25.3); shadow
 * tables the guest's, which can be all that the CPU knows.
 */
static void mmu_caps_fill(struct mmu_caps *mmu)
{
	bool five = npt ? pgtable_l5_enabled() : cpu_has_la57();

	*mmu = (struct mmu_caps){
		.second = npt ? MMU_SECOND_NPT : MMU_SECOND_NONE,
		.levels = five ? 5 : 4,
		.max_level = boot_cpu_has(X86_FEATURE_GBPAGES) ?
			     LEVEL_1G : LEVEL_2M,
		.ad = true,
		.maxphyaddr = boot_cpu_data.x86_phys_bits,
		.enc_mask = sme_me_mask,
	};
}

bool svm_nested_offered(void)
{
	return nested;
}

/* L1's ASIDs are names only. */
#define NESTED_REVISION	1
#define NESTED_ASIDS	8

/*
 * What takes no processor that has it: a control block is read whatever its clean bits say,
 * each flush of L1's is one of all that is L2's, and L2's STGI and CLGI exit here.
 */
#define NESTED_FEATURES \
	(SVM_FEATURE_CLEAN_BITS | SVM_FEATURE_FLUSH_BY_ASID | SVM_FEATURE_VGIF)

static void nested_caps_fill(struct x86_caps *caps)
{
	caps->nested = nested;
	caps->hidden_8000_0001_ecx = CPUID_SKINIT | CPUID_MWAITX | (nested ? 0 : CPUID_SVM);
	/* Then no guest has it, whatever userspace puts into its CPUID. */
	caps->svm_revision = nested ? NESTED_REVISION : 0;
	caps->svm_asids = nested ? NESTED_ASIDS : 0;
	caps->svm_features = nested ? NESTED_FEATURES | (npt ? SVM_FEATURE_NPT : 0) : 0;
}

/* Also for a crash: in any context, perhaps in the middle of an entry. */
static void svm_off(void)
{
	u64 efer = __rdmsr(MSR_EFER);

	if (!(efer & EFER_SVME))
		return;
	/* With SVME off nothing could set GIF again (APM vol. 2, 15.17). */
	asm volatile("stgi" : : : "memory");
	wrmsrl(MSR_VM_HSAVE_PA, 0);
	wrmsrl(MSR_EFER, efer & ~EFER_SVME);
}

int svm_setup(struct x86_caps *caps)
{
	u32 features = cpuid_edx(SVM_CPUID_FUNC) & SVM_FEATURES_USED;
	int err;

	if (!npt)
		features &= ~SVM_FEATURE_NPT;
	/* The parameter tells what is used. */
	npt = features & SVM_FEATURE_NPT;
	avic = false;
	if ((features & SVM_FEATURES_PAUSE) != SVM_FEATURES_PAUSE || !pause_filter_thresh)
		pause_filter_count = 0;
	svm_features = (struct svm_features){
		.cpuid = features,
		.npt = npt,
		.nrips = features & SVM_FEATURE_NRIPS,
		.decode_assists = features & SVM_FEATURE_DECODE_ASSISTS,
		.tsc_aux = boot_cpu_has(X86_FEATURE_RDTSCP) ||
			   boot_cpu_has(X86_FEATURE_RDPID),
		.pause_count = pause_filter_count,
		.pause_thresh = pause_filter_thresh,
		.kept = ~(SVM_GROUPS_LIVE | (npt ? GRP_CR3 : 0)),
		.spec_ctrl = boot_cpu_has(X86_FEATURE_V_SPEC_CTRL),
		.host_mce = __read_cr4() & X86_CR4_MCE,
	};
	mmu_caps_fill(&caps->mmu);
	caps->hypercall_modrm = MODRM_VMMCALL;
	/* The kernel leaves it off where it is wrong (erratum 1386). */
	if (!boot_cpu_has(X86_FEATURE_XSAVES))
		caps->xsaves = false;
	if (features & SVM_FEATURE_TSC_RATIO) {
		caps->tsc_frac_bits = SVM_TSC_BITS;
		caps->tsc_ratio_max = SVM_TSC_RATIO_MAX;
	}
	nested_caps_fill(caps);
	vmcb_intercepts_prepare();
	err = vmcb_maps_create();
	if (err)
		return err;
	err = hsave_alloc();
	if (err) {
		vmcb_maps_destroy();
		return err;
	}
	cpu_emergency_register_virt_callback(svm_off);
	return 0;
}

void svm_teardown(void)
{
	cpu_emergency_unregister_virt_callback(svm_off);
	hsave_free();
	vmcb_maps_destroy();
}

int svm_cpu_on(void)
{
	struct svm_cpu *c = this_cpu_ptr(&svm_cpu);
	u64 efer;

	if (svm_probe() ||
	    svm_features.cpuid & ~cpuid_edx(SVM_CPUID_FUNC))
		return -EOPNOTSUPP;
	rdmsrl(MSR_EFER, efer);
	if (efer & EFER_SVME)
		return -EBUSY;
	wrmsrl(MSR_EFER, efer | EFER_SVME);
	wrmsrl(MSR_VM_HSAVE_PA, __sme_pa(c->hsave));
	svm_asid_reset(c);
	if (svm_features.tsc_aux)
		c->tsc_aux = native_read_msr(MSR_TSC_AUX);
	if (svm_features.cpuid & SVM_FEATURE_TSC_RATIO)
		wrmsrl(MSR_AMD64_TSC_RATIO, SVM_TSC_RATIO_DEFAULT);
	/* Somebody else may have run guests meanwhile. */
	c->serial = 0;
	/* perf's events that exclude guests need SVME to be told so. */
	amd_pmu_enable_virt();
	return 0;
}

void svm_cpu_off(void)
{
	if (__rdmsr(MSR_EFER) & EFER_SVME)
		amd_pmu_disable_virt();
	svm_off();
}
