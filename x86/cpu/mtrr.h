/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory-type range registers (SDM vol. 3, 12.11; APM vol. 2, 7.7).
 *
 * They act with EPT, where a device of the guest's reaches memory past the caches
 * (struct mmu: typed).  Else they are state: all memory is the host's, which is cached.
 */
#ifndef LAMINA_X86_CPU_MTRR_H
#define LAMINA_X86_CPU_MTRR_H

#include "x86/cpu/msr.h"

/* MTRRcap: eight variable ranges, fixed ranges, write-combining. */
#define MTRR_CAP	(MTRR_VARIABLE | BIT_ULL(8) | BIT_ULL(10))

/** memtypes_changed - what arch_memtype() answers is something else now; may sleep */
void memtypes_changed(struct kvm *kvm);

/**
 * memtype_cr0_set - CR0.CD is another
 * @v: own thread; may sleep
 * @cr0: CR0
 */
void memtype_cr0_set(struct x86_vcpu *v, u64 cr0);

/** caches_write_back - what is in caches is in memory, too; all CPUs wait for it */
void caches_write_back(void);

/** mtrr_fixed_get - a fixed range: eight types */
int mtrr_fixed_get(struct x86_vcpu *v, struct msr_access *a);
/** mtrr_fixed_set - -EINVAL for a type that does not exist */
int mtrr_fixed_set(struct x86_vcpu *v, struct msr_access *a);
/** mtrr_variable_get - base (even) or mask (odd) of a variable range */
int mtrr_variable_get(struct x86_vcpu *v, struct msr_access *a);
/** mtrr_variable_set - -EINVAL for a type that does not exist or a reserved bit */
int mtrr_variable_set(struct x86_vcpu *v, struct msr_access *a);
/** mtrr_default_get - type of what no range covers, and the enable bits */
int mtrr_default_get(struct x86_vcpu *v, struct msr_access *a);
/** mtrr_default_set - -EINVAL for a type that does not exist or a reserved bit */
int mtrr_default_set(struct x86_vcpu *v, struct msr_access *a);

#endif
