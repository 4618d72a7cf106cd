/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What VM entry refuses, written from the manual's lists a second time (SDM vol. 3, 26.2 and
 * 26.3.1), and naively: it looks at the bytes of a vmcs12, at bits by their numbers, and
 * names everything that is wrong.
 */
#ifndef MODEL_VMENTRY_H
#define MODEL_VMENTRY_H

#include <stdbool.h>
#include <stdint.h>

#define VMENTRY_BYTES	4096

/* A page's address: alignment, width. An area of MSRs: also its last byte. */
#define VMENTRY_PAGE(R, name)	R(name##_LOW) R(name##_HIGH)
#define VMENTRY_AREA(R, name)	R(name##_LOW) R(name##_HIGH) R(name##_END)

/* 26.2.1: errors of the kind "invalid control field". */
#define VMENTRY_CONTROL(R)						\
	R(PIN) R(CPU) R(CPU2) R(CR3_TARGETS) VMENTRY_PAGE(R, IO_BITMAP_A) \
	VMENTRY_PAGE(R, IO_BITMAP_B) VMENTRY_PAGE(R, MSR_BITMAP)	\
	VMENTRY_PAGE(R, VAPIC_PAGE) R(TPR_THRESHOLD) R(VIRTUAL_NMIS) R(NMI_WINDOW) \
	VMENTRY_PAGE(R, APIC_ACCESS) R(X2APIC_TPR) R(APIC_REGS_TPR) R(VINTR_TPR) \
	R(X2APIC_ACCESSES) R(VINTR_EXITING) R(POSTED_VINTR) R(POSTED_ACK) \
	R(POSTED_VECTOR) VMENTRY_PAGE(R, POSTED_DESC) R(VPID) R(EPTP_TYPE) \
	R(EPTP_WALK) R(EPTP_AD) VMENTRY_PAGE(R, EPTP) R(PML_EPT) VMENTRY_PAGE(R, PML) \
	R(UNRESTRICTED_EPT) R(VMFUNC) R(EPTP_LIST_EPT) VMENTRY_PAGE(R, EPTP_LIST) \
	VMENTRY_PAGE(R, VMREAD_BITMAP) VMENTRY_PAGE(R, VMWRITE_BITMAP)	\
	R(TSC_MULTIPLIER) R(EXIT) R(TIMER_SAVE) VMENTRY_AREA(R, EXIT_STORE) \
	VMENTRY_AREA(R, EXIT_LOAD) R(ENTRY) R(EVENT_TYPE) R(EVENT_NO_MTF) \
	R(EVENT_NMI) R(EVENT_EXCEPTION) R(EVENT_MTF) R(EVENT_NO_CODE) R(EVENT_CODE) \
	R(EVENT_RESERVED) R(EVENT_CODE_HIGH) R(EVENT_LENGTH) R(EVENT_NO_LENGTH) \
	VMENTRY_AREA(R, ENTRY_LOAD)

/* 26.2.2 to 26.2.4: "invalid host-state field". */
#define VMENTRY_HOST(R)							\
	R(HOST_CR0) R(HOST_CR4) R(HOST_CR3) R(HOST_SYSENTER_ESP) R(HOST_SYSENTER_EIP) \
	R(HOST_PAT) R(HOST_EFER) R(HOST_LMA) R(HOST_LME) R(HOST_ES) R(HOST_CS) \
	R(HOST_SS) R(HOST_DS) R(HOST_FS) R(HOST_GS) R(HOST_TR) R(HOST_CS_NULL) \
	R(HOST_TR_NULL) R(HOST_SS_NULL) R(HOST_FS_BASE) R(HOST_GS_BASE) \
	R(HOST_TR_BASE) R(HOST_GDTR_BASE) R(HOST_IDTR_BASE) R(HOST_LEGACY_GUEST) \
	R(HOST_LEGACY_SIZE) R(HOST_LONG_SIZE) R(HOST_32_GUEST) R(HOST_32_PCIDE) \
	R(HOST_32_RIP) R(HOST_64_PAE) R(HOST_64_RIP)

/* Of ES to GS, and of LDTR and TR. */
#define VMENTRY_SEG(R, reg)						\
	R(reg##_BASE) R(reg##_TYPE) R(reg##_S) R(reg##_DPL) R(reg##_P) \
	R(reg##_RESERVED) R(reg##_G) R(reg##_VM86_BASE) R(reg##_VM86_LIMIT) \
	R(reg##_VM86_AR)
#define VMENTRY_SYS(R, reg)						\
	R(reg##_BASE) R(reg##_TYPE) R(reg##_S) R(reg##_TI) R(reg##_P)	\
	R(reg##_RESERVED) R(reg##_G)

/* 26.3.1: the entry fails, with exit reason 33. */
#define VMENTRY_GUEST(R)						\
	R(GUEST_CR0) R(GUEST_PG_PE) R(GUEST_CR4) R(GUEST_DEBUGCTL) R(GUEST_LONG_PG) \
	R(GUEST_LONG_PAE) R(GUEST_PCIDE) R(GUEST_CR3) R(GUEST_DR7)	\
	R(GUEST_SYSENTER_ESP) R(GUEST_SYSENTER_EIP) R(GUEST_PAT) R(GUEST_EFER) \
	R(GUEST_LMA) R(GUEST_LME) VMENTRY_SEG(R, ES) VMENTRY_SEG(R, CS)	\
	VMENTRY_SEG(R, SS) VMENTRY_SEG(R, DS) VMENTRY_SEG(R, FS) VMENTRY_SEG(R, GS) \
	VMENTRY_SYS(R, LDTR) VMENTRY_SYS(R, TR) R(CS_L_D) R(SS_RPL) R(SS_DPL_RPL) \
	R(TR_UNUSABLE) R(GDTR_BASE) R(IDTR_BASE) R(GDTR_LIMIT) R(IDTR_LIMIT) R(RIP_32) \
	R(RIP_64) R(RFLAGS_RESERVED) R(RFLAGS_FIXED) R(RFLAGS_VM) R(RFLAGS_IF) \
	R(ACTIVITY) R(ACTIVITY_DPL) R(ACTIVITY_BLOCKED) R(ACTIVITY_EVENT) \
	R(BLOCK_RESERVED) R(BLOCK_BOTH) R(BLOCK_STI_IF) R(BLOCK_INTR) R(BLOCK_NMI_SS) \
	R(BLOCK_NMI_STI) R(BLOCK_SMI) R(BLOCK_NMI) R(PENDING_RESERVED) R(PENDING_STEP) \
	R(PENDING_RTM_BITS) R(PENDING_NO_RTM) R(PENDING_RTM_SS) \
	VMENTRY_PAGE(R, LINK) R(PDPTE0) R(PDPTE1) R(PDPTE2) R(PDPTE3)

#define VMENTRY_NUMBER(name)	WRONG_##name,

enum vmentry_wrong {
	VMENTRY_CONTROL(VMENTRY_NUMBER)
	WRONG_HOST_BEGIN,
	WRONG_HOST_LAST = WRONG_HOST_BEGIN - 1,
	VMENTRY_HOST(VMENTRY_NUMBER)
	WRONG_GUEST_BEGIN,
	WRONG_GUEST_LAST = WRONG_GUEST_BEGIN - 1,
	VMENTRY_GUEST(VMENTRY_NUMBER)
	WRONG_COUNT
};

/**
 * struct vmentry_cpu - the processor
 * @phys_bits, @linear_bits: widths of addresses
 * @cr4, @efer, @debugctl: bits of them that exist
 * @msr: capability MSRs 0x480 to 0x491
 * @long_mode: it has one
 * @lma: VM entry is executed in it
 * @smm: or in system-management mode
 */
struct vmentry_cpu {
	int phys_bits, linear_bits;
	uint64_t cr4, efer, debugctl;
	uint64_t msr[18];
	bool long_mode, lma, smm;
};

/* What is wrong, by enum vmentry_wrong. */
struct vmentry_wrongs {
	bool is[WRONG_COUNT];
};

void vmentry_wrongs(const uint8_t *vmcs12, const struct vmentry_cpu *cpu,
		    struct vmentry_wrongs *wrongs);

/* "HOST_CR3" and so on. */
const char *vmentry_name(enum vmentry_wrong wrong);

/* The exit qualification of one of the guest's: 26.8. */
int vmentry_qualification(enum vmentry_wrong wrong);

#endif
