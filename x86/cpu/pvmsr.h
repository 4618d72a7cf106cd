/* SPDX-License-Identifier: GPL-2.0-only */
/* Paravirtual MSRs that only switch something (msr.rst): EOI, polling, migration. */
#ifndef LAMINA_X86_CPU_PVMSR_H
#define LAMINA_X86_CPU_PVMSR_H

#include "x86/cpu/msr.h"

/* MSR rows: MSR_KVM_PV_EOI_EN, MSR_KVM_POLL_CONTROL, MSR_KVM_MIGRATION_CONTROL. */
/** pv_msr_get - -ENOENT: not in CPUID */
int pv_msr_get(struct x86_vcpu *v, struct msr_access *a);
/** pv_msr_set - -EINVAL: reserved bits; -ENOENT: not in CPUID */
int pv_msr_set(struct x86_vcpu *v, struct msr_access *a);

#endif
