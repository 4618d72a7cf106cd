/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's CPUID table, and what this host can offer. */
#ifndef LAMINA_X86_CPUID_H
#define LAMINA_X86_CPUID_H

#include "x86/x86.h"

/* Entries that a client may set. */
#define CPUID_ENTRIES_MAX 256

/**
 * cpuid_find - entry of a guest's table
 * @v: the vCPU
 * @function: EAX
 * @index: ECX, for functions that look at it
 *
 * Return: the entry or NULL.
 */
const struct kvm_cpuid_entry2 *cpuid_find(const struct x86_vcpu *v,
					  u32 function, u32 index);

/**
 * cpuid_query - what CPUID returns to the guest
 * @v: own thread; the leaf is in EAX and ECX
 * @regs: EAX, EBX, ECX, EDX
 */
void cpuid_query(struct x86_vcpu *v, u32 regs[4]);

/**
 * cpuid_update - compute what follows from the table
 * @v: the vCPU; its table is in place (maybe empty)
 */
void cpuid_update(struct x86_vcpu *v);

/* ioctls: x86/cpuid_ioctl.c */
/** cpuid_ioctl_supported - KVM_GET_SUPPORTED_CPUID; -E2BIG without room */
long cpuid_ioctl_supported(void *unused, void *data, unsigned long arg);
/** cpuid_ioctl_set - KVM_SET_CPUID2; -E2BIG beyond CPUID_ENTRIES_MAX */
long cpuid_ioctl_set(void *vcpu, void *data, unsigned long arg);
/** cpuid_ioctl_get - KVM_GET_CPUID2; -E2BIG without room */
long cpuid_ioctl_get(void *vcpu, void *data, unsigned long arg);

#endif
