/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What x86/vcpu and x86/cpu ask of the Hyper-V part: one of the ways up, implemented by
 * x86/hyperv.
 */
#ifndef LAMINA_X86_VCPU_HV_ENV_H
#define LAMINA_X86_VCPU_HV_ENV_H

#include <linux/types.h>

struct kvm_cpuid_entry2;
struct msr_access;
struct x86_vcpu;

/**
 * hv_cpuid_prepare - a CPUID table is about to become the guest's
 * @v: own thread
 * @e: entries
 * @n: how many
 *
 * Makes v->hv if the table identifies Hyper-V (leaf 0x40000001, "Hv#1").
 *
 * Return: 0, or -ENOMEM.
 */
int hv_cpuid_prepare(struct x86_vcpu *v, const struct kvm_cpuid_entry2 *e, u32 n);

/** hv_cpuid_update - it has become the guest's; own thread, v->hv is there */
void hv_cpuid_update(struct x86_vcpu *v);

/**
 * hv_interrupt_taken - the processor has acknowledged an interrupt of its LAPIC
 * @v: own thread, v->hv is there
 * @vector: in service now; ended at once if its source says so (auto-EOI)
 */
void hv_interrupt_taken(struct x86_vcpu *v, u8 vector);

/* MSR rows. */
/** hv_msr_get - all of Hyper-V's; -EINVAL: CPUID does not let the guest */
int hv_msr_get(struct x86_vcpu *v, struct msr_access *a);
/** hv_msr_set - the same; -ENOMEM for userspace's first one */
int hv_msr_set(struct x86_vcpu *v, struct msr_access *a);

/**
 * hv_msr_unknown - a write of an MSR that is in no table
 * @v: own thread, kvm->srcu held if it is the guest's
 * @a: the access
 *
 * Userspace names the one that Xen's guests write.
 *
 * Return: -ENOENT: it is not known here either; else as hv_msr_set().
 */
int hv_msr_unknown(struct x86_vcpu *v, struct msr_access *a);

#endif
