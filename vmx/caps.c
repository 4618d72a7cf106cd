// SPDX-License-Identifier: GPL-2.0-only
/* What the processors can do (SDM vol. 3, appendix A), and the parameters. */
#include <linux/mm.h>
#include <linux/module.h>

#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/reboot.h>

#include "compat/kernel.h"
#include "vmx/apicv.h"
#include "vmx/cpu.h"
#include "vmx/nested.h"
#include "vmx/vmcs.h"
#include "x86/cpu/caps.h"

static bool ept = true;
module_param(ept, bool, 0444);
MODULE_PARM_DESC(ept, "extended page tables; without them guests run on shadow page tables");

static bool eptad = true;
module_param(eptad, bool, 0444);
MODULE_PARM_DESC(eptad, "accessed and dirty bits in extended page tables");

static bool vpid = true;
module_param(vpid, bool, 0444);
MODULE_PARM_DESC(vpid, "translations are tagged with the vCPU");

static bool unrestricted_guest = true;
module_param(unrestricted_guest, bool, 0444);
MODULE_PARM_DESC(unrestricted_guest,
		 "real mode as it is; without it as virtual-8086 mode or in software");

static bool preemption_timer = true;
module_param(preemption_timer, bool, 0444);
MODULE_PARM_DESC(preemption_timer, "the guest's timer ends its run, without one of the kernel's");

static bool pml = true;
module_param(pml, bool, 0444);
MODULE_PARM_DESC(pml, "the processor logs which pages were written, for the dirty log");

/* Clocks between two PAUSEs of a loop, and after how many of them it exits. */
static uint ple_gap = 128;
module_param(ple_gap, uint, 0444);
MODULE_PARM_DESC(ple_gap, "longest gap between PAUSEs of a loop; 0: loops do not exit");

static uint ple_window = 4096;
module_param(ple_window, uint, 0444);
MODULE_PARM_DESC(ple_window, "how long a loop of PAUSEs may last");

static bool vnmi = true;
module_param(vnmi, bool, 0444);
MODULE_PARM_DESC(vnmi, "the processor keeps the guest's NMI mask");

static bool flexpriority = true;
module_param(flexpriority, bool, 0444);
MODULE_PARM_DESC(flexpriority, "the guest's TPR without exits");

static bool enable_apicv = true;
module_param(enable_apicv, bool, 0444);
MODULE_PARM_DESC(enable_apicv,
		 "the processor delivers the LAPIC's interrupts, and has its registers");

struct vmx_features vmx_features;

/* CPUID 1 ECX */
#define CPUID_VMX	BIT(5)

/* VMCALL is 0F 01 C1 (SDM vol. 3, 31.3). */
#define MODRM_VMCALL	0xc1

#define FEATURE_ON	(FEAT_CTL_LOCKED | FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX)

int vmx_probe(void)
{
	u64 control;

	if (!(cpuid_ecx(1) & CPUID_VMX))
		return -EOPNOTSUPP;
	if (rdmsrl_safe(MSR_IA32_FEAT_CTL, &control))
		return -EACCES;
	if ((control & FEATURE_ON) == FEATURE_ON)
		return 0;
	/* The kernel locks the register at boot, on if the firmware left it open. */
	pr_err("kvm_intel: CPU %d: IA32_FEATURE_CONTROL is %#llx: %s\n",
	       smp_processor_id(), control, control & FEAT_CTL_LOCKED ?
	       "locked, with VMX off" : "not locked");
	return -EACCES;
}

/* ------------------------------------------------------------------------ */
/* EPT and VPID: IA32_VMX_EPT_VPID_CAP. */

#define VPID_CAP(bit)	((bit) << 32)

static u64 ept_vpid_cap(const struct vmx_features *f)
{
	u64 caps = 0;

	if (f->may[WORD_CPU2] &
	    (SECONDARY_EXEC_ENABLE_EPT | SECONDARY_EXEC_ENABLE_VPID))
		rdmsrl(MSR_IA32_VMX_EPT_VPID_CAP, caps);
	return caps;
}

static void ept_setup(struct vmx_features *f, u64 caps)
{
	const u64 invept = VMX_EPT_EXTENT_CONTEXT_BIT | VMX_EPT_EXTENT_GLOBAL_BIT;

	if (!(f->control[WORD_CPU2] & SECONDARY_EXEC_ENABLE_EPT) ||
	    !(caps & VMX_EPT_PAGE_WALK_4_BIT) || !(caps & VMX_EPTP_WB_BIT) ||
	    !(caps & VMX_EPT_INVEPT_BIT) || !(caps & invept))
		ept = false;
	f->ept = ept;
	if (!ept)
		return;
	eptad = eptad && (caps & VMX_EPT_AD_BIT);
	f->invept = caps & VMX_EPT_EXTENT_CONTEXT_BIT ? VMX_EPT_EXTENT_CONTEXT :
							VMX_EPT_EXTENT_GLOBAL;
	f->eptp = VMX_EPTP_MT_WB;
	if (eptad)
		f->eptp |= VMX_EPTP_AD_ENABLE_BIT;
	f->vpid_caps |= caps & (VMX_EPT_PAGE_WALK_4_BIT | VMX_EPTP_WB_BIT |
				VMX_EPT_INVEPT_BIT | VMX_EPT_2MB_PAGE_BIT |
				VMX_EPT_1GB_PAGE_BIT | invept |
				(eptad ? VMX_EPT_AD_BIT : 0));
}

static void vpid_setup(struct vmx_features *f, u64 caps)
{
	const u64 single = VPID_CAP(VMX_VPID_EXTENT_SINGLE_CONTEXT_BIT);
	const u64 all = VPID_CAP(VMX_VPID_EXTENT_GLOBAL_CONTEXT_BIT);

	if (!(f->control[WORD_CPU2] & SECONDARY_EXEC_ENABLE_VPID) ||
	    !(caps & VPID_CAP(VMX_VPID_INVVPID_BIT)) || !(caps & (single | all)))
		vpid = false;
	f->vpid = vpid;
	if (!vpid)
		return;
	f->invvpid = caps & single ? VMX_VPID_EXTENT_SINGLE_CONTEXT :
				     VMX_VPID_EXTENT_ALL_CONTEXT;
	f->vpid_caps |= caps & (VPID_CAP(VMX_VPID_INVVPID_BIT) | single | all);
}

/*
 * Four levels reach 48 bits; only larger hosts need five.  The exec-only
 * translation is not asked for.
 */
static void mmu_caps_fill(struct vmx_features *f, struct mmu_caps *mmu, u64 caps)
{
	bool five = ept ? boot_cpu_data.x86_phys_bits > 48 &&
			  (caps & VMX_EPT_PAGE_WALK_5_BIT) :
			  cpuid_eax(0) >= 7 && (cpuid_ecx(7) & BIT(16));

	*mmu = (struct mmu_caps){
		.second = ept ? MMU_SECOND_EPT : MMU_SECOND_NONE,
		.levels = five ? 5 : 4,
		.max_level = boot_cpu_has(X86_FEATURE_GBPAGES) ?
			     LEVEL_1G : LEVEL_2M,
		.ad = ept ? eptad : true,
		.maxphyaddr = boot_cpu_data.x86_phys_bits,
		.logs = pml,
	};
	if (!ept)
		return;
	mmu->exec_only = caps & VMX_EPT_EXECUTE_ONLY_BIT;
	mmu->max_level = caps & VMX_EPT_1GB_PAGE_BIT ? LEVEL_1G :
			 caps & VMX_EPT_2MB_PAGE_BIT ? LEVEL_2M : LEVEL_4K;
	f->eptp |= five ? VMX_EPTP_PWL_5 : VMX_EPTP_PWL_4;
}

/* Guests without EPT: whatever names their own tables exits. */
#define SHADOW_CONTROLS \
	(CPU_BASED_INVLPG_EXITING | CPU_BASED_CR3_LOAD_EXITING | \
	 CPU_BASED_CR3_STORE_EXITING)

/* A.6: the rate is in bits 4:0. */
static void preemption_timer_setup(struct vmx_features *f)
{
	u64 misc;

	rdmsrl(MSR_IA32_VMX_MISC, misc);
	f->timer_rate = vmx_misc_preemption_timer_rate(misc);
	preemption_timer = preemption_timer &&
			   (f->may[WORD_PIN] & PIN_BASED_VMX_PREEMPTION_TIMER);
	f->timer = preemption_timer;
}

/*
 * Only where the LAPIC's page can be the processor's, and all states can run: no event of
 * the LAPIC's is delivered in software.
 */
static void apicv_setup(struct vmx_features *f)
{
	const u32 wanted = VMX_APICV_CONTROLS | SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES;

	if (!f->ept || !f->unrestricted || !f->tpr_shadow ||
	    (f->may[WORD_CPU2] & wanted) != wanted)
		enable_apicv = false;
	f->apicv = enable_apicv;
}

static void controls_adjust(struct vmx_features *f)
{
	u32 *cpu2 = &f->control[WORD_CPU2];

	if (!f->ept) {
		*cpu2 &= ~(SECONDARY_EXEC_ENABLE_EPT |
			   SECONDARY_EXEC_UNRESTRICTED_GUEST);
		f->control[WORD_CPU] |= SHADOW_CONTROLS;
	} else {
		f->control[WORD_CPU] &= ~SHADOW_CONTROLS;
	}
	if (!f->vpid)
		*cpu2 &= ~SECONDARY_EXEC_ENABLE_VPID;
	if (!unrestricted_guest)
		*cpu2 &= ~SECONDARY_EXEC_UNRESTRICTED_GUEST;
	f->unrestricted = *cpu2 & SECONDARY_EXEC_UNRESTRICTED_GUEST;
	unrestricted_guest = f->unrestricted;
	if (!vnmi)
		f->control[WORD_PIN] &= ~PIN_BASED_VIRTUAL_NMIS;
	f->vnmi = f->control[WORD_PIN] & PIN_BASED_VIRTUAL_NMIS;
	vnmi = f->vnmi;
	if (!ple_gap)
		*cpu2 &= ~SECONDARY_EXEC_PAUSE_LOOP_EXITING;
	f->ple_gap = ple_gap;
	f->ple_window = ple_window;
	if (!(f->may[WORD_CPU] & CPU_BASED_TPR_SHADOW))
		flexpriority = false;
	f->tpr_shadow = flexpriority;
	apicv_setup(f);
	pml = pml && f->ept && eptad &&
	      (f->may[WORD_CPU2] & SECONDARY_EXEC_ENABLE_PML);
	f->pml = pml;
	preemption_timer_setup(f);
	f->perf = vmx_perf_exists();
	f->perf_ctrl = (f->may[WORD_ENTRY] & VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL) &&
		       (f->may[WORD_EXIT] & VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL);
	f->mtf = f->may[WORD_CPU] & CPU_BASED_MONITOR_TRAP_FLAG;
	f->tsc_aux = *cpu2 & SECONDARY_EXEC_ENABLE_RDTSCP;
	rdmsrl(MSR_IA32_VMX_CR0_FIXED0, f->cr0_fixed);
	if (f->unrestricted)
		f->cr0_fixed &= ~(u64)(X86_CR0_PE | X86_CR0_PG);
}

static int features_read(struct x86_caps *caps)
{
	struct vmx_features *f = &vmx_features;
	u64 basic, ept_vpid;
	int err;

	*f = (struct vmx_features){ };
	rdmsrl(MSR_IA32_VMX_BASIC, basic);
	f->revision = vmx_basic_vmcs_revision_id(basic);
	if (vmx_basic_vmcs_size(basic) > PAGE_SIZE)
		return -EOPNOTSUPP;
	err = vmx_controls_read(f);
	if (err)
		return err;
	ept_vpid = ept_vpid_cap(f);
	ept_setup(f, ept_vpid);
	vpid_setup(f, ept_vpid);
	controls_adjust(f);
	mmu_caps_fill(f, &caps->mmu, ept_vpid);
	f->kept = ~(VMX_GROUPS_LIVE | (f->ept ? GRP_CR3 : 0) |
		    (f->tpr_shadow ? GRP_CR8 : 0));
	caps->partial = !f->unrestricted;
	caps->identity = f->ept && !f->unrestricted;
	return 0;
}

int vmx_setup(struct x86_caps *caps)
{
	int err = features_read(caps);

	if (err)
		return err;
	caps->hypercall_modrm = MODRM_VMCALL;
	caps->timer = vmx_features.timer;
	caps->apic_access = vmx_features.ept && vmx_features.tpr_shadow &&
			    (vmx_features.may[WORD_CPU2] &
			     SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES);
	caps->apicv = vmx_features.apicv;
	caps->pdptrs = vmx_features.ept;
	if (!(vmx_features.may[WORD_CPU2] & SECONDARY_EXEC_ENABLE_XSAVES))
		caps->xsaves = false;
	if (vmx_features.may[WORD_CPU2] & SECONDARY_EXEC_TSC_SCALING) {
		caps->tsc_frac_bits = VMX_TSC_BITS;
		caps->tsc_ratio_max = U64_MAX;
	}
	vmx_nested_setup(caps);
	err = vmcs_bitmap_create();
	if (err)
		return err;
	err = vmx_regions_alloc();
	if (err)
		goto bitmap;
	err = vmx_l1d_setup();
	if (err)
		goto regions;
	cpu_emergency_register_virt_callback(vmx_emergency);
	return 0;
regions:
	vmx_regions_free();
bitmap:
	vmcs_bitmap_destroy();
	return err;
}

void vmx_teardown(void)
{
	cpu_emergency_unregister_virt_callback(vmx_emergency);
	vmx_l1d_teardown();
	vmx_regions_free();
	vmcs_bitmap_destroy();
}
