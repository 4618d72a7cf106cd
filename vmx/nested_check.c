// SPDX-License-Identifier: GPL-2.0-only
/*
 * VM entry's checks of controls and of the host state, one row each.
 *
 * Controls that L1's allowed-1 settings never have need no rows: there the row of the word
 * is enough.  These are performance counters, BNDCFGS, Processor Trace, CET, PKS, user
 * interrupts, SMM and its dual monitor, #VE, sub-pages, mode-based execution, enclaves, the
 * tertiary word.
 *
 * What lies in memory is the caller's: the TPR in the virtual-APIC page, which the
 * threshold must not exceed, and the tables of nested_check_guest.c.
 */
#include <linux/kernel.h>

#include "vmx/nested_rule.h"
#include "x86/cpu/pat.h"

#define PIN(bit)	(c->pin_based_vm_exec_control & PIN_BASED_##bit)
#define CPU(bit)	(c->cpu_based_vm_exec_control & CPU_BASED_##bit)
#define CPU2(bit)	(cpu2 & SECONDARY_EXEC_##bit)
#define EXIT(bit)	(c->vm_exit_controls & VM_EXIT_##bit)

/* ------------------------------------------------------------------------ */
/* Controls: 26.2.1. */

#define MSR_ENTRY_BYTES	16

#define ALLOWED(msr, word)	nested_caps_ok(lim->caps, MSR_IA32_VMX_##msr, word)

static inline u32 cr3_targets(const struct nested_limits *lim)
{
	return nested_caps_read(lim->caps, MSR_IA32_VMX_MISC) >> 16 & 0x1ff;
}

/* EPT pointer: 24.6.11, and what IA32_VMX_EPT_VPID_CAP has of it (A.10). */
#define EPTP_TYPE(p)		((p) & VMX_EPTP_MT_MASK)
#define EPTP_WALK(p)		((p) & VMX_EPTP_PWL_MASK)
#define EPTP_RESERVED		0xf80ull

static inline bool ept_cap(const struct nested_limits *lim, u64 bit)
{
	return nested_caps_read(lim->caps, MSR_IA32_VMX_EPT_VPID_CAP) & bit;
}

static inline bool eptp_type_ok(u64 eptp, const struct nested_limits *lim)
{
	return (EPTP_TYPE(eptp) == VMX_EPTP_MT_UC && ept_cap(lim, VMX_EPTP_UC_BIT)) ||
	       (EPTP_TYPE(eptp) == VMX_EPTP_MT_WB && ept_cap(lim, VMX_EPTP_WB_BIT));
}

static inline bool eptp_walk_ok(u64 eptp, const struct nested_limits *lim)
{
	return (EPTP_WALK(eptp) == VMX_EPTP_PWL_4 && ept_cap(lim, VMX_EPT_PAGE_WALK_4_BIT)) ||
	       (EPTP_WALK(eptp) == VMX_EPTP_PWL_5 && ept_cap(lim, VMX_EPT_PAGE_WALK_5_BIT));
}

#define EXECUTION_RULES(RULE)						\
	RULE(PIN, !ALLOWED(TRUE_PINBASED_CTLS, c->pin_based_vm_exec_control)) \
	RULE(CPU, !ALLOWED(TRUE_PROCBASED_CTLS, c->cpu_based_vm_exec_control)) \
	RULE(CPU2, CPU(ACTIVATE_SECONDARY_CONTROLS) &&			\
		   !ALLOWED(PROCBASED_CTLS2, c->secondary_vm_exec_control)) \
	RULE(CR3_TARGETS, c->cr3_target_count > cr3_targets(lim))	\
	PAGE_RULES(RULE, IO_BITMAP_A, CPU(USE_IO_BITMAPS), c->io_bitmap_a) \
	PAGE_RULES(RULE, IO_BITMAP_B, CPU(USE_IO_BITMAPS), c->io_bitmap_b) \
	PAGE_RULES(RULE, MSR_BITMAP, CPU(USE_MSR_BITMAPS), c->msr_bitmap) \
	PAGE_RULES(RULE, VAPIC_PAGE, CPU(TPR_SHADOW), c->virtual_apic_page_addr) \
	RULE(TPR_THRESHOLD, CPU(TPR_SHADOW) && !CPU2(VIRTUAL_INTR_DELIVERY) && \
			    c->tpr_threshold >> 4)			\
	RULE(VIRTUAL_NMIS, PIN(VIRTUAL_NMIS) && !PIN(NMI_EXITING))	\
	RULE(NMI_WINDOW, CPU(NMI_WINDOW_EXITING) && !PIN(VIRTUAL_NMIS))	\
	PAGE_RULES(RULE, APIC_ACCESS, CPU2(VIRTUALIZE_APIC_ACCESSES),	\
		   c->apic_access_addr)					\
	RULE(X2APIC_TPR, CPU2(VIRTUALIZE_X2APIC_MODE) && !CPU(TPR_SHADOW)) \
	RULE(APIC_REGS_TPR, CPU2(APIC_REGISTER_VIRT) && !CPU(TPR_SHADOW)) \
	RULE(VINTR_TPR, CPU2(VIRTUAL_INTR_DELIVERY) && !CPU(TPR_SHADOW)) \
	RULE(X2APIC_ACCESSES, CPU2(VIRTUALIZE_X2APIC_MODE) &&		\
			      CPU2(VIRTUALIZE_APIC_ACCESSES))		\
	RULE(VINTR_EXITING, CPU2(VIRTUAL_INTR_DELIVERY) && !PIN(EXT_INTR_MASK)) \
	RULE(POSTED_VINTR, PIN(POSTED_INTR) && !CPU2(VIRTUAL_INTR_DELIVERY)) \
	RULE(POSTED_ACK, PIN(POSTED_INTR) && !EXIT(ACK_INTR_ON_EXIT))	\
	RULE(POSTED_VECTOR, PIN(POSTED_INTR) && c->posted_intr_nv >> 8)	\
	RULE(POSTED_DESC_LOW, PIN(POSTED_INTR) && (c->posted_intr_desc_addr & 0x3f)) \
	RULE(POSTED_DESC_HIGH, PIN(POSTED_INTR) &&			\
			       c->posted_intr_desc_addr >> lim->maxphyaddr) \
	RULE(VPID, CPU2(ENABLE_VPID) && !c->virtual_processor_id)	\
	RULE(EPTP_TYPE, CPU2(ENABLE_EPT) && !eptp_type_ok(c->ept_pointer, lim)) \
	RULE(EPTP_WALK, CPU2(ENABLE_EPT) && !eptp_walk_ok(c->ept_pointer, lim)) \
	RULE(EPTP_AD, CPU2(ENABLE_EPT) && (c->ept_pointer & VMX_EPTP_AD_ENABLE_BIT) && \
		      !ept_cap(lim, VMX_EPT_AD_BIT))			\
	RULE(EPTP_LOW, CPU2(ENABLE_EPT) && (c->ept_pointer & EPTP_RESERVED)) \
	RULE(EPTP_HIGH, CPU2(ENABLE_EPT) && c->ept_pointer >> lim->maxphyaddr) \
	RULE(PML_EPT, CPU2(ENABLE_PML) && !CPU2(ENABLE_EPT))		\
	PAGE_RULES(RULE, PML, CPU2(ENABLE_PML), c->pml_address)		\
	RULE(UNRESTRICTED_EPT, CPU2(UNRESTRICTED_GUEST) && !CPU2(ENABLE_EPT)) \
	RULE(VMFUNC, CPU2(ENABLE_VMFUNC) && (c->vm_function_control &	\
		     ~nested_caps_read(lim->caps, MSR_IA32_VMX_VMFUNC))) \
	RULE(EPTP_LIST_EPT, eptp_list && !CPU2(ENABLE_EPT))		\
	PAGE_RULES(RULE, EPTP_LIST, eptp_list, c->eptp_list_address)	\
	PAGE_RULES(RULE, VMREAD_BITMAP, CPU2(SHADOW_VMCS), c->vmread_bitmap) \
	PAGE_RULES(RULE, VMWRITE_BITMAP, CPU2(SHADOW_VMCS), c->vmwrite_bitmap) \
	RULE(TSC_MULTIPLIER, CPU2(TSC_SCALING) && !c->tsc_multiplier)

/* An area of MSRs: 24.7.2, 24.8.2. */
#define AREA_RULES(RULE, name, count, address)				\
	RULE(name##_LOW, (count) && ((address) & 0xf))			\
	RULE(name##_HIGH, (count) && (address) >> lim->maxphyaddr)	\
	RULE(name##_END, (count) && ((address) + MSR_ENTRY_BYTES * (u64)(count) - 1) >> \
				    lim->maxphyaddr)

/* Controls of processors with long mode are reserved in others. */
#define EXIT_RULES(RULE)						\
	RULE(EXIT, !ALLOWED(TRUE_EXIT_CTLS, c->vm_exit_controls) ||	\
		   (EXIT(HOST_ADDR_SPACE_SIZE) && !lim->long_mode))	\
	RULE(TIMER_SAVE, EXIT(SAVE_VMX_PREEMPTION_TIMER) && !PIN(VMX_PREEMPTION_TIMER)) \
	AREA_RULES(RULE, EXIT_STORE, c->vm_exit_msr_store_count,	\
		   c->vm_exit_msr_store_addr)				\
	AREA_RULES(RULE, EXIT_LOAD, c->vm_exit_msr_load_count, c->vm_exit_msr_load_addr)

/* The event to be injected: 24.8.3. */
#define HAS_CODE	(IS_EVENT && (c->vm_entry_intr_info_field & \
				      INTR_INFO_DELIVER_CODE_MASK))

/* #DF, #TS, #NP, #SS, #GP, #PF, #AC */
#define CODE_VECTORS	(1u << 8 | 0x1fu << 10 | 1u << 17)

static inline bool event_has_code(const struct vmcs12 *c)
{
	return IS_TYPE(HARD_EXCEPTION) && (c->guest_cr0 & X86_CR0_PE) && VECTOR < 32 &&
	       (CODE_VECTORS >> VECTOR & 1);
}

static inline bool event_is_soft(const struct vmcs12 *c)
{
	return IS_TYPE(SOFT_INTR) || IS_TYPE(PRIV_SW_EXCEPTION) || IS_TYPE(SOFT_EXCEPTION);
}

static inline bool has_mtf(const struct nested_limits *lim)
{
	return nested_caps_read(lim->caps, MSR_IA32_VMX_TRUE_PROCBASED_CTLS) >> 32 &
	       CPU_BASED_MONITOR_TRAP_FLAG;
}

static inline bool has_zero_length(const struct nested_limits *lim)
{
	return nested_caps_read(lim->caps, MSR_IA32_VMX_MISC) & VMX_MISC_ZERO_LEN_INS;
}

#define ENTRY_RULES(RULE)						\
	RULE(ENTRY, !ALLOWED(TRUE_ENTRY_CTLS, c->vm_entry_controls) ||	\
		    (ENTRY(IA32E_MODE) && !lim->long_mode))		\
	RULE(EVENT_TYPE, IS_TYPE(RESERVED))				\
	RULE(EVENT_NO_MTF, IS_TYPE(OTHER_EVENT) && !has_mtf(lim))	\
	RULE(EVENT_NMI, IS_TYPE(NMI_INTR) && VECTOR != 2)		\
	RULE(EVENT_EXCEPTION, IS_TYPE(HARD_EXCEPTION) && VECTOR > 31)	\
	RULE(EVENT_MTF, IS_TYPE(OTHER_EVENT) && VECTOR != 0)		\
	RULE(EVENT_NO_CODE, event_has_code(c) && !HAS_CODE)		\
	RULE(EVENT_CODE, HAS_CODE && !event_has_code(c))		\
	RULE(EVENT_RESERVED, IS_EVENT && (c->vm_entry_intr_info_field &	\
					  INTR_INFO_RESVD_BITS_MASK))	\
	RULE(EVENT_CODE_HIGH, HAS_CODE && c->vm_entry_exception_error_code >> 16) \
	RULE(EVENT_LENGTH, event_is_soft(c) && c->vm_entry_instruction_len > 15) \
	RULE(EVENT_NO_LENGTH, event_is_soft(c) && !c->vm_entry_instruction_len && \
			      !has_zero_length(lim))			\
	AREA_RULES(RULE, ENTRY_LOAD, c->vm_entry_msr_load_count, c->vm_entry_msr_load_addr)

#define CONTROL_RULES(RULE)						\
	EXECUTION_RULES(RULE)						\
	EXIT_RULES(RULE)						\
	ENTRY_RULES(RULE)

enum {
	RULES_CONTROL_BASE = RULES_CONTROL - 1,
	CONTROL_RULES(RULE_NUMBER)
};

static const char *const control_names[] = { CONTROL_RULES(RULE_NAME) };

nested_rule_t nested_check_control(const struct vmcs12 *c, const struct nested_limits *lim)
{
	const u32 cpu2 = rule_cpu2(c);
	const bool eptp_list = CPU2(ENABLE_VMFUNC) &&
			       (c->vm_function_control & VMX_VMFUNC_EPTP_SWITCHING);

	CONTROL_RULES(RULE_CHECK)
	return 0;
}

/* ------------------------------------------------------------------------ */
/* The host state: 26.2.2 to 26.2.4. */

/* RPL and TI. */
#define SELECTOR_RULE(RULE, name, reg)					\
	RULE(HOST_##name, c->host_##reg##_selector & 7)

#define CANONICAL_RULE(RULE, name, address)				\
	RULE(HOST_##name, !rule_canonical(address, lim))

/* Both say whether L1 goes on in 64-bit mode. */
#define EFER_RULE(RULE, name, bit)					\
	RULE(HOST_##name, EXIT(LOAD_IA32_EFER) &&			\
			  !(c->host_ia32_efer & (bit)) != !EXIT(HOST_ADDR_SPACE_SIZE))

#define HOST_RULES(RULE)						\
	RULE(HOST_CR0, !rule_cr0(c->host_cr0, lim, 0))			\
	RULE(HOST_CR4, !rule_cr4(c->host_cr4, lim))			\
	RULE(HOST_CR3, c->host_cr3 >> lim->maxphyaddr)			\
	CANONICAL_RULE(RULE, SYSENTER_ESP, c->host_ia32_sysenter_esp)	\
	CANONICAL_RULE(RULE, SYSENTER_EIP, c->host_ia32_sysenter_eip)	\
	RULE(HOST_PAT, EXIT(LOAD_IA32_PAT) && !pat_is_valid(c->host_ia32_pat)) \
	RULE(HOST_EFER, EXIT(LOAD_IA32_EFER) && (c->host_ia32_efer & ~lim->efer)) \
	EFER_RULE(RULE, LMA, EFER_LMA)				\
	EFER_RULE(RULE, LME, EFER_LME)				\
	SELECTOR_RULE(RULE, CS, cs)					\
	SELECTOR_RULE(RULE, SS, ss)					\
	SELECTOR_RULE(RULE, DS, ds)					\
	SELECTOR_RULE(RULE, ES, es)					\
	SELECTOR_RULE(RULE, FS, fs)					\
	SELECTOR_RULE(RULE, GS, gs)					\
	SELECTOR_RULE(RULE, TR, tr)					\
	RULE(HOST_CS_NULL, !c->host_cs_selector)			\
	RULE(HOST_TR_NULL, !c->host_tr_selector)			\
	RULE(HOST_SS_NULL, !c->host_ss_selector && !EXIT(HOST_ADDR_SPACE_SIZE)) \
	CANONICAL_RULE(RULE, FS_BASE, c->host_fs_base)			\
	CANONICAL_RULE(RULE, GS_BASE, c->host_gs_base)			\
	CANONICAL_RULE(RULE, GDTR_BASE, c->host_gdtr_base)		\
	CANONICAL_RULE(RULE, IDTR_BASE, c->host_idtr_base)		\
	CANONICAL_RULE(RULE, TR_BASE, c->host_tr_base)			\
	RULE(HOST_LEGACY_GUEST, !lim->host_lma && ENTRY(IA32E_MODE))	\
	RULE(HOST_LEGACY_SIZE, !lim->host_lma && EXIT(HOST_ADDR_SPACE_SIZE)) \
	RULE(HOST_LONG_SIZE, lim->host_lma && !EXIT(HOST_ADDR_SPACE_SIZE)) \
	RULE(HOST_32_GUEST, !EXIT(HOST_ADDR_SPACE_SIZE) && ENTRY(IA32E_MODE)) \
	RULE(HOST_32_PCIDE, !EXIT(HOST_ADDR_SPACE_SIZE) && (c->host_cr4 & X86_CR4_PCIDE)) \
	RULE(HOST_32_RIP, !EXIT(HOST_ADDR_SPACE_SIZE) && c->host_rip >> 32) \
	RULE(HOST_64_PAE, EXIT(HOST_ADDR_SPACE_SIZE) && !(c->host_cr4 & X86_CR4_PAE)) \
	RULE(HOST_64_RIP, EXIT(HOST_ADDR_SPACE_SIZE) && !rule_canonical(c->host_rip, lim))

enum {
	RULES_HOST_BASE = RULES_HOST - 1,
	HOST_RULES(RULE_NUMBER)
};

static const char *const host_names[] = { HOST_RULES(RULE_NAME) };

nested_rule_t nested_check_host(const struct vmcs12 *c, const struct nested_limits *lim)
{
	HOST_RULES(RULE_CHECK)
	return 0;
}

const char *nested_rule_name(nested_rule_t rule)
{
	switch (rule & ~RULES_MASK) {
	case RULES_CONTROL:
		return control_names[rule & RULES_MASK];
	case RULES_HOST:
		return host_names[rule & RULES_MASK];
	case RULES_GUEST:
		return nested_guest_rule_name(rule);
	default:
		return "none";
	}
}
