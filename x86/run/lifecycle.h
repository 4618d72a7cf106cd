/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The three creations of x86, each an array in lifecycle.c.
 *
 * The VM's and the vCPU's are declared in core/arch.h.  Below are the steps
 * that x86 contributes; core's are in core/vm.h, memslot.h and so on.
 */
#ifndef LAMINA_X86_RUN_LIFECYCLE_H
#define LAMINA_X86_RUN_LIFECYCLE_H

#include "core/steps.h"

struct x86_vcpu;

/* Module load; the object is the const struct kvm_vendor. */
extern const struct step_array module_steps;

/* x86/vcpu/vendor.c */
/** vendor_publish - ops and descriptors belong to this vendor from now on */
int vendor_publish(void *ven);
/** vendor_withdraw - no vendor is loaded */
void vendor_withdraw(void *ven);

/* x86/vcpu/caps.c */
/** caps_step_probe - can every CPU run guests? */
int caps_step_probe(void *ven);
/**
 * caps_step_setup - reset the MMU's configuration, then the vendor's capability record
 */
int caps_step_setup(void *ven);
/** caps_step_teardown - the vendor's own tables */
void caps_step_teardown(void *ven);
/** caps_step_mmu - the MMU's configuration from the record */
int caps_step_mmu(void *ven);
/** caps_step_mmu_down - the reverse */
void caps_step_mmu_down(void *ven);

/* x86/run/vm.c */
/** vm_step_mmu_up - no root yet */
int vm_step_mmu_up(void *kvm);
/** vm_step_mmu_down - free every table */
void vm_step_mmu_down(void *kvm);
/** vm_step_vendor_up - the vendor's part of a VM */
int vm_step_vendor_up(void *kvm);
/** vm_step_vendor_down - the reverse */
void vm_step_vendor_down(void *kvm);

/* x86/cpu/msr_filter.c */
/** vm_step_msr_filter_down - free the MSR filter, if one was set */
void vm_step_msr_filter_down(void *kvm);

/* x86/cpu/tsc.c */
/** module_step_tsc_up - look at the host's counter at suspend and resume */
int module_step_tsc_up(void *unused);
/** module_step_tsc_down - stop that */
void module_step_tsc_down(void *unused);
/** vm_step_tsc_up - the guest's counter starts now */
int vm_step_tsc_up(void *kvm);

/* x86/cpu/fpu.c */
/** vcpu_step_fpu_up - the guest's FPU image */
int vcpu_step_fpu_up(void *vcpu);
/** vcpu_step_fpu_down - free it */
void vcpu_step_fpu_down(void *vcpu);

/* x86/cpu/cpuid.c */
/** vcpu_step_cpuid_down - free the CPUID table, if one was set */
void vcpu_step_cpuid_down(void *vcpu);

/* x86/cpu/mce.c */
/** vcpu_step_mce_down - free the machine-check banks, if there are any */
void vcpu_step_mce_down(void *vcpu);

/* x86/insn/emulate.c */
/** vcpu_step_emul_down - free the emulator, if it was needed */
void vcpu_step_emul_down(void *vcpu);

/* x86/run/vcpu.c */
/** vcpu_step_mmu_up - contexts; allocates nothing */
int vcpu_step_mmu_up(void *vcpu);
/** vcpu_step_mmu_down - drop root and reserve */
void vcpu_step_mmu_down(void *vcpu);
/** vcpu_step_vendor_up - control block */
int vcpu_step_vendor_up(void *vcpu);
/** vcpu_step_vendor_down - free it */
void vcpu_step_vendor_down(void *vcpu);
/** vcpu_init_state - registers as after INIT, no event; FPU and MSRs stay */
void vcpu_init_state(struct x86_vcpu *v);
/** vcpu_step_reset_up - registers as after power-up */
int vcpu_step_reset_up(void *vcpu);

#endif
