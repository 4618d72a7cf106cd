// SPDX-License-Identifier: GPL-2.0-only
/*
 * What L1's VMX can do at most (SDM vol. 3, appendix A).  A control is here if it works:
 * most are software's, some need the processor's.
 */
#include <linux/module.h>

#include <asm/msr.h>
#include <asm/processor-flags.h>

#include "compat/kernel.h"
#include "vmx/cpu.h"
#include "vmx/nested.h"
#include "vmx/nested_insn.h"
#include "vmx/nested_parts.h"
#include "x86/cpu/caps.h"

static bool nested = true;
module_param(nested, bool, 0444);
MODULE_PARM_DESC(nested, "guests may use VMX themselves");

struct nested_host vmx_nested_host;

static_assert(VMX_MSRS == NESTED_MSRS);

bool vmx_nested_offered(void)
{
	return nested;
}

/* Of these the exit, or L0's own use, is all that it takes. */
#define CPU_SOFT \
	(CPU_BASED_INTR_WINDOW_EXITING | CPU_BASED_USE_TSC_OFFSETTING | \
	 CPU_BASED_HLT_EXITING | CPU_BASED_INVLPG_EXITING | \
	 CPU_BASED_MWAIT_EXITING | CPU_BASED_RDPMC_EXITING | \
	 CPU_BASED_CR3_LOAD_EXITING | CPU_BASED_CR3_STORE_EXITING | \
	 CPU_BASED_CR8_LOAD_EXITING | CPU_BASED_CR8_STORE_EXITING | \
	 CPU_BASED_TPR_SHADOW | CPU_BASED_MOV_DR_EXITING | \
	 CPU_BASED_UNCOND_IO_EXITING | CPU_BASED_USE_IO_BITMAPS | \
	 CPU_BASED_USE_MSR_BITMAPS | CPU_BASED_MONITOR_EXITING | \
	 CPU_BASED_ACTIVATE_SECONDARY_CONTROLS)

/* And of these it is the processor's control that L1's is added to. */
#define CPU_HARD \
	(CPU_BASED_RDTSC_EXITING | CPU_BASED_PAUSE_EXITING | CPU_BASED_MONITOR_TRAP_FLAG)

/* Likewise: all of chapter 30 that is software's. */
#define CPU2_SOFT \
	(SECONDARY_EXEC_SHADOW_VMCS | SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE | \
	 SECONDARY_EXEC_APIC_REGISTER_VIRT | SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY)

#define CPU2_HARD \
	(SECONDARY_EXEC_ENABLE_RDTSCP | SECONDARY_EXEC_ENABLE_INVPCID | \
	 SECONDARY_EXEC_WBINVD_EXITING | SECONDARY_EXEC_DESC | SECONDARY_EXEC_ENABLE_XSAVES | \
	 SECONDARY_EXEC_TSC_SCALING)

static void controls_offer(struct nested_host *h, const struct vmx_features *f,
			   const struct mmu_caps *mmu)
{
	h->pin = PIN_BASED_EXT_INTR_MASK | PIN_BASED_NMI_EXITING |
		 PIN_BASED_VMX_PREEMPTION_TIMER | PIN_BASED_POSTED_INTR;
	h->cpu = CPU_SOFT | (f->may[WORD_CPU] & CPU_HARD);
	if (f->vnmi) {
		h->pin |= PIN_BASED_VIRTUAL_NMIS;
		h->cpu |= CPU_BASED_NMI_WINDOW_EXITING;
	}
	h->cpu2 = CPU2_SOFT | (f->may[WORD_CPU2] & CPU2_HARD);
	if (f->vpid)
		h->cpu2 |= SECONDARY_EXEC_ENABLE_VPID;
	if (f->ept)
		h->cpu2 |= SECONDARY_EXEC_ENABLE_EPT |
			   (f->may[WORD_CPU2] & SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES);
	/* It is the MMU that makes entries of L1's dirty. */
	if (f->ept && mmu->ad)
		h->cpu2 |= SECONDARY_EXEC_ENABLE_PML;
	if (f->ept && (f->may[WORD_CPU2] & SECONDARY_EXEC_ENABLE_VMFUNC)) {
		h->cpu2 |= SECONDARY_EXEC_ENABLE_VMFUNC;
		h->vmfunc = VMX_VMFUNC_EPTP_SWITCHING;
	}
	if (f->unrestricted)
		h->cpu2 |= SECONDARY_EXEC_UNRESTRICTED_GUEST;
	h->exit = VM_EXIT_SAVE_DEBUG_CONTROLS | VM_EXIT_HOST_ADDR_SPACE_SIZE |
		  VM_EXIT_ACK_INTR_ON_EXIT | VM_EXIT_SAVE_IA32_PAT |
		  VM_EXIT_LOAD_IA32_PAT | VM_EXIT_SAVE_IA32_EFER |
		  VM_EXIT_LOAD_IA32_EFER | VM_EXIT_SAVE_VMX_PREEMPTION_TIMER;
	h->entry = VM_ENTRY_LOAD_DEBUG_CONTROLS | VM_ENTRY_IA32E_MODE |
		   VM_ENTRY_LOAD_IA32_PAT | VM_ENTRY_LOAD_IA32_EFER;
}

#define VPID_CAP(bit)	((u64)(bit) << 32)

/* L1's tables are walked by the MMU, to which all formats are one. */
static u64 ept_vpid_offer(const struct vmx_features *f, const struct mmu_caps *mmu)
{
	u64 caps = 0;

	if (f->ept) {
		caps = VMX_EPT_PAGE_WALK_4_BIT | VMX_EPTP_WB_BIT | VMX_EPTP_UC_BIT |
		       VMX_EPT_2MB_PAGE_BIT | VMX_EPT_INVEPT_BIT |
		       VMX_EPT_EXTENT_CONTEXT_BIT | VMX_EPT_EXTENT_GLOBAL_BIT;
		if (mmu->levels > 4)
			caps |= VMX_EPT_PAGE_WALK_5_BIT;
		if (mmu->max_level >= LEVEL_1G)
			caps |= VMX_EPT_1GB_PAGE_BIT;
		if (mmu->exec_only)
			caps |= VMX_EPT_EXECUTE_ONLY_BIT;
		if (mmu->ad)
			caps |= VMX_EPT_AD_BIT;
	}
	if (f->vpid)
		caps |= VPID_CAP(VMX_VPID_INVVPID_BIT) |
			VPID_CAP(VMX_VPID_EXTENT_INDIVIDUAL_ADDR_BIT) |
			VPID_CAP(VMX_VPID_EXTENT_SINGLE_CONTEXT_BIT) |
			VPID_CAP(VMX_VPID_EXTENT_GLOBAL_CONTEXT_BIT) |
			VPID_CAP(VMX_VPID_EXTENT_SINGLE_NON_GLOBAL_BIT);
	return caps;
}

/* IA32_VMX_MISC (A.6); 512 MSRs in an area is the least that there is. */
#define MISC_SAVES_LMA		BIT_ULL(5)
#define MISC_ACTIVITY_HLT	BIT_ULL(6)
#define MISC_ZERO_LENGTH	BIT_ULL(30)

void vmx_nested_setup(struct x86_caps *caps)
{
	struct nested_host *h = &vmx_nested_host;
	struct nested_caps most;

	*h = (struct nested_host){ };
	caps->nested = nested;
	if (!nested)
		return;
	controls_offer(h, &vmx_features, &caps->mmu);
	h->ept_vpid = ept_vpid_offer(&vmx_features, &caps->mmu);
	rdmsrl(MSR_IA32_VMX_BASIC, h->basic);
	h->basic &= NESTED_BASIC_INS_OUTS;
	/* A length of 0 is what the processor has to take, too. */
	rdmsrl(MSR_IA32_VMX_MISC, h->misc);
	h->misc &= MISC_ZERO_LENGTH;
	h->misc |= VMX_TIMER_RATE | MISC_ACTIVITY_HLT | VMX_MISC_WRITES_ALL;
	if (vmx_features.unrestricted)
		h->misc |= MISC_SAVES_LMA;
	rdmsrl(MSR_IA32_VMX_CR0_FIXED1, h->cr0_fixed1);
	rdmsrl(MSR_IA32_VMX_CR4_FIXED1, h->cr4_fixed1);
	nested_caps_init(&most, h);
	memcpy(caps->vmx_msr, most.msr, sizeof(caps->vmx_msr));
}
