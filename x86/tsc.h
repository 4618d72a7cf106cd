/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's time-stamp counter. */
#ifndef LAMINA_X86_TSC_H
#define LAMINA_X86_TSC_H

#include "x86/msr.h"

/** tsc_msr_get - IA32_TSC */
int tsc_msr_get(struct x86_vcpu *v, struct msr_access *a);
/** tsc_msr_set - the guest's write changes IA32_TSC_ADJUST as well */
int tsc_msr_set(struct x86_vcpu *v, struct msr_access *a);
/** tsc_adjust_get - IA32_TSC_ADJUST */
int tsc_adjust_get(struct x86_vcpu *v, struct msr_access *a);
/** tsc_adjust_set - the guest's write moves the counter as well */
int tsc_adjust_set(struct x86_vcpu *v, struct msr_access *a);

#endif
