/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Control registers and EFER: what may be written, and what follows from it.  Debug
 * registers: debug.h.
 */
#ifndef LAMINA_X86_CPU_CR_H
#define LAMINA_X86_CPU_CR_H

#include "x86/vcpu/x86.h"

/**
 * cr0_write - MOV to CR0, with the processor's checks and side effects
 * @v: own thread
 * @value: new value
 *
 * Return: 0, or -EINVAL when the guest gets #GP (APM vol. 2, 3.1.1, 14.6.1).
 */
int cr0_write(struct x86_vcpu *v, u64 value);

/** cr3_write - MOV to CR3 (APM vol. 2, 5.4.1 and 5.5.1); -EINVAL: #GP */
int cr3_write(struct x86_vcpu *v, u64 value);

/** cr4_write - MOV to CR4 (APM vol. 2, 3.1.3); -EINVAL: #GP */
int cr4_write(struct x86_vcpu *v, u64 value);

/**
 * cr8_write - MOV to CR8 (APM vol. 2, 3.1.5)
 * @v: own thread
 * @value: new value
 *
 * Userspace has the interrupt controller: a lower TPR ends KVM_RUN by
 * KVM_EXIT_SET_TPR when the instruction is complete.
 *
 * Return: 0; -EINVAL: #GP.
 */
int cr8_write(struct x86_vcpu *v, u64 value);

/** cr_exists - is there a control register of this number? */
static inline bool cr_exists(u32 nr)
{
	return nr <= 8 && (BIT(0) | BIT(2) | BIT(3) | BIT(4) | BIT(8)) >> nr & 1;
}

/**
 * cr_set - MOV to a control register
 * @v: own thread
 * @nr: cr_exists()
 * @value: new value
 *
 * Return: 0; -EINVAL: #GP.
 */
int cr_set(struct x86_vcpu *v, u32 nr, u64 value);

/** cr_get - MOV from a control register; cr_exists() */
u64 cr_get(struct x86_vcpu *v, u32 nr);

/** efer_allowed - EFER bits that the guest may set; LMA is among them */
u64 efer_allowed(const struct x86_vcpu *v);

/** efer_write - WRMSR to EFER (APM vol. 2, 3.1.7); -EINVAL: #GP */
int efer_write(struct x86_vcpu *v, u64 value);

/**
 * cr_state_is_valid - may a vCPU be in this state at all?
 * @v: for the guest's CPUID
 * @cr0: CR0
 * @cr4: CR4
 * @efer: EFER, with LMA
 *
 * For values that userspace sets all at once.
 */
bool cr_state_is_valid(struct x86_vcpu *v, u64 cr0, u64 cr4, u64 efer);

/**
 * cr_pdptrs_refresh - REQ_PDPTRS: userspace has set the registers and named no PDPTEs
 * @v: own thread, kvm->srcu held
 *
 * They are what CR3 leads to now; where no memory is, none is present.
 */
void cr_pdptrs_refresh(struct x86_vcpu *v);

/**
 * cr_pdptrs_load - the PDPTEs that CR3 leads to, if the registers say PAE paging
 * @v: own thread, kvm->srcu held
 *
 * Return: false: one is not valid, or not to be read; nothing has changed.
 */
bool cr_pdptrs_load(struct x86_vcpu *v);

/**
 * cr_has_pdptrs - is the guest in PAE paging, as these registers say?
 * @cr0: CR0
 * @cr4: CR4
 * @efer: EFER, with LMA
 */
static inline bool cr_has_pdptrs(u64 cr0, u64 cr4, u64 efer)
{
	return (cr0 & X86_CR0_PG) && (cr4 & X86_CR4_PAE) && !(efer & EFER_LMA);
}

/**
 * cr4_shadow - CR4 for the hardware on shadow page tables
 * @state: the guest's registers
 *
 * While the guest thinks that paging is off, all its pages are user pages.  There
 * are no PCIDs in the root, and 5 levels in long mode only.
 */
static inline u64 cr4_shadow(const struct x86_state *state)
{
	u64 cr4 = (state->cr4 | X86_CR4_PAE) & ~(u64)X86_CR4_PCIDE;

	if (!(state->cr0 & X86_CR0_PG))
		cr4 &= ~(u64)(X86_CR4_SMEP | X86_CR4_SMAP);
	if (!(state->efer & EFER_LMA))
		cr4 &= ~(u64)X86_CR4_LA57;
	return cr4;
}

/**
 * cr_changed - paging-related registers changed: derived state is void
 * @v: own thread
 *
 * The MMU's context is recomputed before its next use.
 */
void cr_changed(struct x86_vcpu *v);

/** cr_mmu_cpu - registers (CR0, CR4, EFER of @s) as the MMU wants them */
struct mmu_cpu cr_mmu_cpu(const struct x86_vcpu *v, const struct x86_state *s);

/** cr_flush_tlb - the processor's translations of the guest are forgotten; own thread */
void cr_flush_tlb(struct x86_vcpu *v);

/**
 * cr_flush - the guest asks for all its translations to be forgotten
 * @v: own thread
 */
void cr_flush(struct x86_vcpu *v);

/**
 * cr_flush_page - the guest asks for those of one page to be forgotten
 * @v: own thread, kvm->srcu held
 * @la: an address in it, canonical
 */
void cr_flush_page(struct x86_vcpu *v, u64 la);

/**
 * cr_root_ready - the MMU's root is right, and the hardware is going to use it
 * @v: own thread, loaded, kvm->srcu held; may sleep
 *
 * Return: 0 or -ENOMEM.
 */
int cr_root_ready(struct x86_vcpu *v);

/**
 * cr_update_mmu - bring the MMU's context up to date, if it is void
 * @v: own thread
 */
void cr_update_mmu(struct x86_vcpu *v);

#endif
