// SPDX-License-Identifier: GPL-2.0-only
/*
 * VM entry's checks of the guest state (SDM vol. 3, 26.3.1), one row each.
 *
 * What lies in memory is the caller's: PDPTEs without EPT (qualification 2), and where the
 * link pointer points (qualification 4).  L1 has no SGX, and no register of the features
 * that nested_check.c names.
 *
 * Segments are unusable in VMX by a bit of their access rights; CS and TR never are here.
 */
#include <linux/kernel.h>

#include <asm/trapnr.h>

#include "emul/regs.h"
#include "mmu/mmu_ctx.h"
#include "vmx/nested_rule.h"
#include "x86/cpu/pat.h"

#define CR0(bit)	(c->guest_cr0 & X86_CR0_##bit)
#define CR4(bit)	(c->guest_cr4 & X86_CR4_##bit)
#define RFLAGS(bit)	(c->guest_rflags & X86_EFLAGS_##bit)
#define DEBUGCTL_BTF	(1ull << 1)
#define DEBUGCTL_RTM	(1ull << 15)

/* ------------------------------------------------------------------------ */
/* Control and debug registers, MSRs: 26.3.1.1. */

static inline bool lma_is_wrong(const struct vmcs12 *c)
{
	return !(c->guest_ia32_efer & EFER_LMA) != !ENTRY(IA32E_MODE);
}

/* LME may be on and LMA off without paging alone. */
static inline bool lme_is_wrong(const struct vmcs12 *c)
{
	return CR0(PG) && !(c->guest_ia32_efer & EFER_LMA) !=
			  !(c->guest_ia32_efer & EFER_LME);
}

#define REGISTER_RULES(RULE)						\
	RULE(GUEST_CR0, !rule_cr0(c->guest_cr0, lim,			\
				  unrestricted ? X86_CR0_PE | X86_CR0_PG : 0)) \
	RULE(GUEST_PG_PE, CR0(PG) && !CR0(PE))				\
	RULE(GUEST_CR4, !rule_cr4(c->guest_cr4, lim))			\
	RULE(GUEST_DEBUGCTL, ENTRY(LOAD_DEBUG_CONTROLS) &&		\
			     (c->guest_ia32_debugctl & ~lim->debugctl))	\
	RULE(GUEST_LONG_PG, ENTRY(IA32E_MODE) && !CR0(PG))		\
	RULE(GUEST_LONG_PAE, ENTRY(IA32E_MODE) && !CR4(PAE))		\
	RULE(GUEST_PCIDE, !ENTRY(IA32E_MODE) && CR4(PCIDE))		\
	RULE(GUEST_CR3, c->guest_cr3 >> lim->maxphyaddr)		\
	RULE(GUEST_DR7, ENTRY(LOAD_DEBUG_CONTROLS) && c->guest_dr7 >> 32) \
	RULE(GUEST_SYSENTER_ESP, !rule_canonical(c->guest_sysenter_esp, lim)) \
	RULE(GUEST_SYSENTER_EIP, !rule_canonical(c->guest_sysenter_eip, lim)) \
	RULE(GUEST_PAT, ENTRY(LOAD_IA32_PAT) && !pat_is_valid(c->guest_ia32_pat)) \
	RULE(GUEST_EFER, ENTRY(LOAD_IA32_EFER) && (c->guest_ia32_efer & ~lim->efer)) \
	RULE(GUEST_LMA, ENTRY(LOAD_IA32_EFER) && lma_is_wrong(c))	\
	RULE(GUEST_LME, ENTRY(LOAD_IA32_EFER) && lme_is_wrong(c))

/* ------------------------------------------------------------------------ */
/* Segments: 26.3.1.2. */

#define RPL(reg)	(c->guest_##reg##_selector & 3)
#define TI(reg)		(c->guest_##reg##_selector & 4)
#define AR(reg)		(c->guest_##reg##_ar_bytes)
#define TYPE(reg)	(AR(reg) & VMX_AR_TYPE_MASK)
#define DPL(reg)	VMX_AR_DPL(AR(reg))
#define USABLE(reg)	(!(AR(reg) & VMX_AR_UNUSABLE_MASK))

/* Bits 11:8 and 31:17. */
#define AR_RESERVED	0xfffe0f00
#define VM86_AR		0xf3

static inline bool type_is_code(u32 type)
{
	return type & VMX_AR_TYPE_CODE_MASK;
}

static inline bool type_is_conforming(u32 type)
{
	return type >= 13;
}

/* CS may be data, as in real mode, where no mode is forbidden. */
#define TYPE_BIG_REAL	3

static inline bool cs_type_ok(u32 type, bool unrestricted)
{
	return (type_is_code(type) && (type & VMX_AR_TYPE_ACCESSES_MASK)) ||
	       (unrestricted && type == TYPE_BIG_REAL);
}

static inline bool cs_dpl_ok(u32 type, u32 dpl, u32 ss_dpl)
{
	if (type == TYPE_BIG_REAL)
		return !dpl;
	if (type_is_conforming(type))
		return dpl <= ss_dpl;
	return !type_is_code(type) || dpl == ss_dpl;
}

static inline bool ss_type_ok(u32 type)
{
	return type == 3 || type == 7;
}

/* Accessed, and code is readable. */
static inline bool data_type_ok(u32 type)
{
	return (type & VMX_AR_TYPE_ACCESSES_MASK) &&
	       (!type_is_code(type) || (type & VMX_AR_TYPE_READABLE_MASK));
}

static inline bool tss_type_ok(u32 type, bool long_mode)
{
	return type == VMX_AR_TYPE_BUSY_32_TSS ||
	       (!long_mode && type == VMX_AR_TYPE_BUSY_16_TSS);
}

static inline bool granularity_ok(u32 ar, u32 limit)
{
	return ar & VMX_AR_G_MASK ? (limit & 0xfff) == 0xfff : !(limit >> 20);
}

#define VM86_RULES(RULE, NAME, reg)					\
	RULE(NAME##_VM86_BASE, vm86 &&					\
			       c->guest_##reg##_base != (u64)c->guest_##reg##_selector << 4) \
	RULE(NAME##_VM86_LIMIT, vm86 && c->guest_##reg##_limit != 0xffff) \
	RULE(NAME##_VM86_AR, vm86 && AR(reg) != VM86_AR)

/* What all descriptors have that are in use: @s is their S. */
#define DESCRIPTOR_RULES(RULE, NAME, reg, used, s)			\
	RULE(NAME##_S, (used) && !(AR(reg) & VMX_AR_S_MASK) != !(s))	\
	RULE(NAME##_P, (used) && !(AR(reg) & VMX_AR_P_MASK))		\
	RULE(NAME##_RESERVED, (used) && (AR(reg) & AR_RESERVED))	\
	RULE(NAME##_G, (used) && !granularity_ok(AR(reg), c->guest_##reg##_limit))

#define CS_RULES(RULE)							\
	RULE(CS_BASE, c->guest_cs_base >> 32)				\
	RULE(CS_TYPE, !vm86 && !cs_type_ok(TYPE(cs), unrestricted))	\
	RULE(CS_DPL, !vm86 && !cs_dpl_ok(TYPE(cs), DPL(cs), DPL(ss)))	\
	DESCRIPTOR_RULES(RULE, CS, cs, !vm86, 1)			\
	RULE(CS_L_D, !vm86 && ENTRY(IA32E_MODE) && (AR(cs) & VMX_AR_L_MASK) && \
		     (AR(cs) & VMX_AR_DB_MASK))

#define SS_RULES(RULE)							\
	RULE(SS_RPL, !vm86 && !unrestricted && RPL(ss) != RPL(cs))	\
	RULE(SS_BASE, USABLE(ss) && c->guest_ss_base >> 32)		\
	RULE(SS_TYPE, !vm86 && USABLE(ss) && !ss_type_ok(TYPE(ss)))	\
	RULE(SS_DPL_RPL, !vm86 && !unrestricted && DPL(ss) != RPL(ss))	\
	RULE(SS_DPL, !vm86 && DPL(ss) && (TYPE(cs) == TYPE_BIG_REAL || !CR0(PE))) \
	DESCRIPTOR_RULES(RULE, SS, ss, !vm86 && USABLE(ss), 1)

#define DATA_RULES(RULE, NAME, reg)					\
	RULE(NAME##_TYPE, !vm86 && USABLE(reg) && !data_type_ok(TYPE(reg))) \
	RULE(NAME##_DPL, !vm86 && !unrestricted && USABLE(reg) &&	\
			 !(type_is_code(TYPE(reg)) && type_is_conforming(TYPE(reg))) && \
			 DPL(reg) < RPL(reg))				\
	DESCRIPTOR_RULES(RULE, NAME, reg, !vm86 && USABLE(reg), 1)	\
	VM86_RULES(RULE, NAME, reg)

#define SEGMENT_RULES(RULE)						\
	RULE(TR_TI, TI(tr))						\
	RULE(LDTR_TI, USABLE(ldtr) && TI(ldtr))				\
	VM86_RULES(RULE, CS, cs)					\
	VM86_RULES(RULE, SS, ss)					\
	CS_RULES(RULE)							\
	SS_RULES(RULE)							\
	DATA_RULES(RULE, DS, ds)					\
	DATA_RULES(RULE, ES, es)					\
	DATA_RULES(RULE, FS, fs)					\
	DATA_RULES(RULE, GS, gs)					\
	RULE(DS_BASE, USABLE(ds) && c->guest_ds_base >> 32)		\
	RULE(ES_BASE, USABLE(es) && c->guest_es_base >> 32)		\
	RULE(FS_BASE, !rule_canonical(c->guest_fs_base, lim))		\
	RULE(GS_BASE, !rule_canonical(c->guest_gs_base, lim))		\
	RULE(TR_BASE, !rule_canonical(c->guest_tr_base, lim))		\
	RULE(LDTR_BASE, USABLE(ldtr) && !rule_canonical(c->guest_ldtr_base, lim)) \
	RULE(TR_TYPE, !tss_type_ok(TYPE(tr), ENTRY(IA32E_MODE)))	\
	RULE(TR_UNUSABLE, !USABLE(tr))					\
	DESCRIPTOR_RULES(RULE, TR, tr, true, 0)				\
	RULE(LDTR_TYPE, USABLE(ldtr) && TYPE(ldtr) != VMX_AR_TYPE_LDT)	\
	DESCRIPTOR_RULES(RULE, LDTR, ldtr, USABLE(ldtr), 0)

/* ------------------------------------------------------------------------ */
/* Descriptor tables, RIP and RFLAGS: 26.3.1.3, 26.3.1.4. */

#define RFLAGS_ZERO	(~(RFLAGS_BITS | X86_EFLAGS_FIXED))

#define FLOW_RULES(RULE)						\
	RULE(GDTR_BASE, !rule_canonical(c->guest_gdtr_base, lim))	\
	RULE(IDTR_BASE, !rule_canonical(c->guest_idtr_base, lim))	\
	RULE(GDTR_LIMIT, c->guest_gdtr_limit >> 16)			\
	RULE(IDTR_LIMIT, c->guest_idtr_limit >> 16)			\
	RULE(RIP_32, !code64 && c->guest_rip >> 32)			\
	/* Behind the last byte of a half, it is not canonical, and allowed. */ \
	RULE(RIP_64, code64 && !rule_identical(c->guest_rip, lim->la57 ? 57 : 48)) \
	RULE(RFLAGS_RESERVED, c->guest_rflags & RFLAGS_ZERO)		\
	RULE(RFLAGS_FIXED, !RFLAGS(FIXED))				\
	RULE(RFLAGS_VM, RFLAGS(VM) && (ENTRY(IA32E_MODE) || !CR0(PE)))	\
	RULE(RFLAGS_IF, IS_TYPE(EXT_INTR) && !RFLAGS(IF))

/* ------------------------------------------------------------------------ */
/* State that is no register: 26.3.1.5. */

#define BLOCKS(by)	(c->guest_interruptibility_info & GUEST_INTR_STATE_##by)
#define IN_STATE(state)	(c->guest_activity_state == GUEST_ACTIVITY_##state)

/* Bits 8:6 of IA32_VMX_MISC are HLT, shutdown, wait-for-SIPI. */
static inline bool activity_ok(u32 state, const struct nested_limits *lim)
{
	u64 misc = nested_caps_read(lim->caps, MSR_IA32_VMX_MISC);

	return state == GUEST_ACTIVITY_ACTIVE ||
	       (state <= GUEST_ACTIVITY_WAIT_SIPI && (misc >> (5 + state) & 1));
}

static inline bool event_wakes(const struct vmcs12 *c)
{
	bool mc = IS_TYPE(HARD_EXCEPTION) && VECTOR == X86_TRAP_MC;
	bool db = IS_TYPE(HARD_EXCEPTION) && VECTOR == X86_TRAP_DB;

	switch (c->guest_activity_state) {
	case GUEST_ACTIVITY_HLT:
		return IS_TYPE(EXT_INTR) || IS_TYPE(NMI_INTR) || mc || db ||
		       (IS_TYPE(OTHER_EVENT) && !VECTOR);
	case GUEST_ACTIVITY_SHUTDOWN:
		return IS_TYPE(NMI_INTR) || mc;
	default:
		return c->guest_activity_state == GUEST_ACTIVITY_ACTIVE;
	}
}

/* Pending debug exceptions. */
#define PENDING_BS	(1ull << 14)
#define PENDING_RTM	(1ull << 16)
/* Bits 11:4, 13, 15, 63:17; with RTM also all others but 12, which must be one. */
#define PENDING_ZERO	(~0x1ffffull | 1u << 15 | 1u << 13 | 0xff0)
#define PENDING_RTM_ZERO	(~(PENDING_RTM | PENDING_RTM_ONE))
#define PENDING_RTM_ONE	(1ull << 12)

static inline bool guest_steps(const struct vmcs12 *c)
{
	return RFLAGS(TF) && !(c->guest_ia32_debugctl & DEBUGCTL_BTF);
}

/* A trap that is held back says whether there was a single step before it. */
static inline bool step_is_wrong(const struct vmcs12 *c)
{
	return (BLOCKS(STI) || BLOCKS(MOV_SS) || IN_STATE(HLT)) &&
	       !(c->guest_pending_dbg_exceptions & PENDING_BS) != !guest_steps(c);
}

#define PENDING_HAS_RTM	(c->guest_pending_dbg_exceptions & PENDING_RTM)
#define NO_LINK		(~0ull)

#define STATE_RULES(RULE)						\
	RULE(ACTIVITY, !activity_ok(c->guest_activity_state, lim))	\
	RULE(ACTIVITY_DPL, IN_STATE(HLT) && DPL(ss))			\
	RULE(ACTIVITY_BLOCKED, !IN_STATE(ACTIVE) && (BLOCKS(STI) || BLOCKS(MOV_SS))) \
	RULE(ACTIVITY_EVENT, IS_EVENT && !event_wakes(c))		\
	RULE(BLOCK_RESERVED, c->guest_interruptibility_info >> 4)	\
	RULE(BLOCK_BOTH, BLOCKS(STI) && BLOCKS(MOV_SS))			\
	RULE(BLOCK_STI_IF, BLOCKS(STI) && !RFLAGS(IF))			\
	RULE(BLOCK_INTR, IS_TYPE(EXT_INTR) && (BLOCKS(STI) || BLOCKS(MOV_SS))) \
	RULE(BLOCK_NMI_SS, IS_TYPE(NMI_INTR) && BLOCKS(MOV_SS))		\
	RULE(BLOCK_SMI, BLOCKS(SMI) && !lim->smm)			\
	RULE(BLOCK_NMI, IS_TYPE(NMI_INTR) && BLOCKS(NMI) &&		\
			(c->pin_based_vm_exec_control & PIN_BASED_VIRTUAL_NMIS)) \
	RULE(PENDING_RESERVED, c->guest_pending_dbg_exceptions & PENDING_ZERO) \
	RULE(PENDING_STEP, step_is_wrong(c))				\
	RULE(PENDING_RTM_BITS, PENDING_HAS_RTM &&			\
			       ((c->guest_pending_dbg_exceptions & PENDING_RTM_ZERO) || \
				!(c->guest_pending_dbg_exceptions & PENDING_RTM_ONE))) \
	RULE(PENDING_NO_RTM, PENDING_HAS_RTM && !(lim->debugctl & DEBUGCTL_RTM)) \
	RULE(PENDING_RTM_SS, PENDING_HAS_RTM && BLOCKS(MOV_SS))

/* A processor may take it, or refuse as this one does; with its own qualification. */
#define NMI_RULES(RULE)							\
	RULE(BLOCK_NMI_STI, IS_TYPE(NMI_INTR) && BLOCKS(STI))

#define LINK_RULES(RULE)						\
	RULE(LINK_LOW, c->vmcs_link_pointer != NO_LINK && (c->vmcs_link_pointer & 0xfff)) \
	RULE(LINK_HIGH, c->vmcs_link_pointer != NO_LINK &&		\
			c->vmcs_link_pointer >> lim->maxphyaddr)

/* ------------------------------------------------------------------------ */
/* PDPTEs in the VMCS: 26.3.1.6. */

#define PDPTE_P		1ull

static inline bool pdpte_ok(u64 pdpte, const struct nested_limits *lim)
{
	return !(pdpte & PDPTE_P) || !((pdpte & PDPTE_RSVD_LOW) || pdpte >> lim->maxphyaddr);
}

#define PDPTE_RULES(RULE)						\
	RULE(PDPTE0, pae && !pdpte_ok(c->guest_pdptr0, lim))		\
	RULE(PDPTE1, pae && !pdpte_ok(c->guest_pdptr1, lim))		\
	RULE(PDPTE2, pae && !pdpte_ok(c->guest_pdptr2, lim))		\
	RULE(PDPTE3, pae && !pdpte_ok(c->guest_pdptr3, lim))

/* ------------------------------------------------------------------------ */

#define GUEST_RULES(RULE)						\
	REGISTER_RULES(RULE)						\
	SEGMENT_RULES(RULE)						\
	FLOW_RULES(RULE)						\
	STATE_RULES(RULE)						\
	NMI_RULES(RULE)							\
	LINK_RULES(RULE)						\
	PDPTE_RULES(RULE)

enum {
	RULES_GUEST_BASE = RULES_GUEST - 1,
	GUEST_RULES(RULE_NUMBER)
};

static const char *const guest_names[] = { GUEST_RULES(RULE_NAME) };

const char *nested_guest_rule_name(nested_rule_t rule)
{
	return guest_names[rule & RULES_MASK];
}

static nested_rule_t check_registers(const struct vmcs12 *c, const struct nested_limits *lim,
				     bool unrestricted)
{
	REGISTER_RULES(RULE_CHECK)
	return 0;
}

static nested_rule_t check_segments(const struct vmcs12 *c, const struct nested_limits *lim,
				    bool unrestricted)
{
	const bool vm86 = RFLAGS(VM);

	SEGMENT_RULES(RULE_CHECK)
	return 0;
}

static nested_rule_t check_state(const struct vmcs12 *c, const struct nested_limits *lim)
{
	const bool code64 = ENTRY(IA32E_MODE) && (AR(cs) & VMX_AR_L_MASK);

	FLOW_RULES(RULE_CHECK)
	STATE_RULES(RULE_CHECK)
	return 0;
}

static nested_rule_t check_nmi(const struct vmcs12 *c)
{
	NMI_RULES(RULE_CHECK)
	return 0;
}

static nested_rule_t check_link(const struct vmcs12 *c, const struct nested_limits *lim)
{
	LINK_RULES(RULE_CHECK)
	return 0;
}

static nested_rule_t check_pdptes(const struct vmcs12 *c, const struct nested_limits *lim)
{
	const bool pae = CR0(PG) && CR4(PAE) && !ENTRY(IA32E_MODE) &&
			 (rule_cpu2(c) & SECONDARY_EXEC_ENABLE_EPT);

	PDPTE_RULES(RULE_CHECK)
	return 0;
}

nested_rule_t nested_check_guest(const struct vmcs12 *c, const struct nested_limits *lim,
				 u64 *qualification)
{
	const bool unrestricted = rule_cpu2(c) & SECONDARY_EXEC_UNRESTRICTED_GUEST;
	nested_rule_t rule;

	*qualification = ENTRY_FAIL_DEFAULT;
	rule = check_registers(c, lim, unrestricted);
	if (!rule)
		rule = check_segments(c, lim, unrestricted);
	if (!rule)
		rule = check_state(c, lim);
	if (rule)
		return rule;
	*qualification = ENTRY_FAIL_NMI;
	rule = check_nmi(c);
	if (rule)
		return rule;
	*qualification = ENTRY_FAIL_VMCS_LINK_PTR;
	rule = check_link(c, lim);
	if (rule)
		return rule;
	*qualification = ENTRY_FAIL_PDPTE;
	rule = check_pdptes(c, lim);
	if (!rule)
		*qualification = ENTRY_FAIL_DEFAULT;
	return rule;
}
