/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC of a vCPU, as its MSRs, its page and CR8 show it.  Where it is in the
 * kernel irq/lapic.h does the work; else only IA32_APIC_BASE is kept for userspace.
 */
#ifndef LAMINA_X86_CPU_APIC_H
#define LAMINA_X86_CPU_APIC_H

#include "x86/cpu/msr.h"

/** vcpu_step_apic_up - the LAPIC, where the VM has them in the kernel */
int vcpu_step_apic_up(void *vcpu);
/** vcpu_step_apic_down - out of the map; free it */
void vcpu_step_apic_down(void *vcpu);

/** vcpu_step_apic_map_up - messages reach it from now on: the vCPU is complete */
int vcpu_step_apic_map_up(void *vcpu);

/** apic_base - IA32_APIC_BASE */
static inline u64 apic_base(const struct x86_vcpu *v)
{
	return apic_in_kernel(v) ? v->apic.lapic.base : v->msrs.apic_base;
}

/**
 * apic_base_is_valid - may userspace give IA32_APIC_BASE this value?
 * @v: for the guest's CPUID, and whether the LAPIC is in the kernel
 * @data: the value
 */
bool apic_base_is_valid(const struct x86_vcpu *v, u64 data);

/** apic_base_load - userspace's IA32_APIC_BASE, apic_base_is_valid(); own thread */
void apic_base_load(struct x86_vcpu *v, u64 data);

/** apic_cpuid_update - the guest's CPUID changed; own thread */
void apic_cpuid_update(struct x86_vcpu *v);

/**
 * apic_tpr_set - the guest or userspace writes CR8
 * @v: own thread
 * @cr8: 0 to 15
 */
void apic_tpr_set(struct x86_vcpu *v, u8 cr8);

/** apic_tpr_load - all of TPR; a LAPIC in the kernel; own thread */
void apic_tpr_load(struct x86_vcpu *v, u8 tpr);

/** apic_page_look - is there no slot where the page would be?  As of now; own thread */
bool apic_page_look(struct x86_vcpu *v);

/** apic_page_is_known - the same, if slots have not changed since apic_page_look() said so */
static inline bool apic_page_is_known(const struct x86_vcpu *v)
{
	/* Pairs with mmu_slots_changed(). */
	return likely(v->apic.page_gen == smp_load_acquire(&v->vcpu.kvm->mmu.mmio_gen));
}

/** apic_page_moved - the page, or the address space in use, is another; own thread */
static inline void apic_page_moved(struct x86_vcpu *v)
{
	v->apic.page_gen = ~0ull;
}

/**
 * apic_would_be - is an address in the page where the LAPIC answers, if no slot is there?
 * @v: own thread
 * @gpa: the address
 *
 * Only a LAPIC in the kernel has one, by the manual where it is enabled and in xAPIC
 * mode.  Elsewhere a hole is left by default (KVM_X86_QUIRK_LAPIC_MMIO_HOLE): it reads
 * as ones, and userspace does not hear of it.
 */
static inline bool apic_would_be(const struct x86_vcpu *v, gpa_t gpa)
{
	const struct lapic *a = &v->apic.lapic;

	/* Where there is none in the kernel @base is 0. */
	return !((gpa ^ a->base) >> 12) &&
	       (lapic_is_xapic(a) ||
		(apic_in_kernel(v) && quirk_is_on(v, KVM_X86_QUIRK_LAPIC_MMIO_HOLE)));
}

/**
 * apic_is_page - does the LAPIC answer at an address?
 * @v: own thread, kvm->srcu held
 * @gpa: the address
 *
 * Memory is in front of it, as with Linux's KVM: its neighbours' faults map it.
 */
static inline bool apic_is_page(struct x86_vcpu *v, gpa_t gpa)
{
	return apic_would_be(v, gpa) && (apic_page_is_known(v) || apic_page_look(v));
}

/**
 * apic_page_read - read from it
 * @v: own thread
 * @gpa: apic_is_page()
 * @buf: destination
 * @len: bytes, within the page
 *
 * Whole registers answer; what is not aligned to one reads as its bytes do (SDM vol. 3,
 * 11.4.1: undefined).
 */
void apic_page_read(struct x86_vcpu *v, gpa_t gpa, void *buf, unsigned int len);

/** apic_page_write - write to it; only aligned 32 bits do anything, in xAPIC mode */
void apic_page_write(struct x86_vcpu *v, gpa_t gpa, const void *buf,
		     unsigned int len);

/** apic_reg_get - a register by its offset in the page, whatever the mode; own thread */
u32 apic_reg_get(struct x86_vcpu *v, u32 reg);

/** apic_reg_written - the processor has written a register in the page (irq/lapic_hw.h) */
void apic_reg_written(struct x86_vcpu *v, u32 reg);

/** apicv_recheck - something that x86/run/apicv.c decides by may have changed; own thread */
void apicv_recheck(struct x86_vcpu *v);

/** apic_reg_set - a register, whatever the mode; not ICR */
void apic_reg_set(struct x86_vcpu *v, u32 reg, u32 value);

/** apic_icr_set - ICR as the mode has it: destination in the upper half; -EINVAL: #GP */
int apic_icr_set(struct x86_vcpu *v, u64 value);

/* MSR rows. */
/** apic_base_get - IA32_APIC_BASE */
int apic_base_get(struct x86_vcpu *v, struct msr_access *a);
/** apic_base_set - the same; #GP for what is reserved, and for forbidden transitions */
int apic_base_set(struct x86_vcpu *v, struct msr_access *a);
/** apic_msr_get - x2APIC registers */
int apic_msr_get(struct x86_vcpu *v, struct msr_access *a);
/** apic_msr_set - the same */
int apic_msr_set(struct x86_vcpu *v, struct msr_access *a);
/** apic_deadline_get - IA32_TSC_DEADLINE */
int apic_deadline_get(struct x86_vcpu *v, struct msr_access *a);
/** apic_deadline_set - the same */
int apic_deadline_set(struct x86_vcpu *v, struct msr_access *a);

#endif
