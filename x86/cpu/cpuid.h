/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's CPUID table, and what this host can offer. */
#ifndef LAMINA_X86_CPU_CPUID_H
#define LAMINA_X86_CPU_CPUID_H

#include "x86/vcpu/x86.h"

/* Entries that a VMM may set. */
#define CPUID_ENTRIES_MAX 256

/* A feature's (X86_FEATURE_*) bit within the 32-bit word that CPUID returns. */
#define CPUID_BIT(feature) BIT((feature) & 31)

/**
 * cpuid_find - entry of a guest's table
 * @v: the vCPU
 * @function: EAX
 * @index: ECX, for functions that look at it
 *
 * The cost does not depend on the table's size, but for subleaves of one function.
 *
 * Return: the first entry in userspace's order, or NULL.
 */
const struct kvm_cpuid_entry2 *cpuid_find(const struct x86_vcpu *v,
					  u32 function, u32 index);

/**
 * cpuid_query - what CPUID returns to the guest
 * @v: own thread; the leaf is in EAX and ECX
 * @regs: EAX, EBX, ECX, EDX
 */
void cpuid_query(struct x86_vcpu *v, u32 regs[4]);

/** cpuid_execute - the instruction, but for RIP; own thread */
void cpuid_execute(struct x86_vcpu *v);

/**
 * cpuid_has - does the guest's CPU have a feature?
 * @v: the vCPU
 * @feature: X86_FEATURE_* of a register that the offer knows (cpuid_host.c)
 *
 * Only what the table says: whether the host can do it is cpuid_offered()'s.
 */
bool cpuid_has(const struct x86_vcpu *v, unsigned int feature);

/**
 * cpuid_has_mwait - do the guest's CPU have MONITOR and MWAIT, as CPUID says now?
 * @v: the vCPU
 *
 * With KVM_X86_QUIRK_MISC_ENABLE_NO_MWAIT off, IA32_MISC_ENABLE decides.
 */
bool cpuid_has_mwait(const struct x86_vcpu *v);

/**
 * cpuid_update - compute what follows from the table
 * @v: the vCPU; its table is in place (maybe empty)
 */
void cpuid_update(struct x86_vcpu *v);

/* The host: x86/cpu/cpuid_host.c */

/**
 * cpuid_host_init - ask the host CPU; after fpu_host_init()
 */
void cpuid_host_init(void);

/**
 * cpuid_offered - may guests have a feature on this host?
 * @feature: X86_FEATURE_*
 *
 * A VMM may set others all the same; they must not reach the hardware.
 */
bool cpuid_offered(unsigned int feature);

/**
 * cpuid_entry_current - what the guest reads from an entry now
 * @v: own thread, for the registers that some bits follow
 * @e: a copy of an entry of the table, brought up to date; its padding is cleared
 */
void cpuid_entry_current(struct x86_vcpu *v, struct kvm_cpuid_entry2 *e);

/* ioctls: x86/cpu/cpuid_ioctl.c, cpuid_host.c */

/** cpuid_ioctl_supported - KVM_GET_SUPPORTED_CPUID; -E2BIG without room */
long cpuid_ioctl_supported(void *unused, void *data, unsigned long arg);
/** cpuid_ioctl_emulated - KVM_GET_EMULATED_CPUID: nothing */
long cpuid_ioctl_emulated(void *unused, void *data, unsigned long arg);
/** cpuid_ioctl_set_old - KVM_SET_CPUID: entries without an index */
long cpuid_ioctl_set_old(void *vcpu, void *data, unsigned long arg);
/** cpuid_ioctl_set - KVM_SET_CPUID2; -E2BIG beyond CPUID_ENTRIES_MAX */
long cpuid_ioctl_set(void *vcpu, void *data, unsigned long arg);
/** cpuid_ioctl_get - KVM_GET_CPUID2; -E2BIG without room */
long cpuid_ioctl_get(void *vcpu, void *data, unsigned long arg);

/**
 * cpuid_bucket - where a function's chain starts in x86_cpuid.first
 * @function: EAX
 *
 * Bits 31 and 30 tell the extended and the hypervisor's leaves apart.
 */
static inline unsigned int cpuid_bucket(u32 function)
{
	return (function ^ function >> 26) % CPUID_BUCKETS;
}

/** vcpu_step_cpuid_down - vCPU step: free the table, if one was set */
void vcpu_step_cpuid_down(void *vcpu);

#endif
