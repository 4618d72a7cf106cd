/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Steps of the three creations (lifecycle.c) that belong to no other module: those
 * of vm.c and vcpu.c.
 */
#ifndef LAMINA_X86_RUN_LIFECYCLE_H
#define LAMINA_X86_RUN_LIFECYCLE_H

struct x86_vcpu;

/* vm.c; the object is the struct kvm. */

/** vm_step_mmu_up - no root yet */
int vm_step_mmu_up(void *kvm);
/** vm_step_mmu_down - free every table */
void vm_step_mmu_down(void *kvm);

/* vcpu.c; the object is the struct kvm_vcpu. */

/** vcpu_step_mmu_up - contexts; allocates nothing */
int vcpu_step_mmu_up(void *vcpu);
/** vcpu_step_mmu_down - drop root and reserve */
void vcpu_step_mmu_down(void *vcpu);
/** vcpu_step_vendor_up - control block */
int vcpu_step_vendor_up(void *vcpu);
/** vcpu_step_vendor_down - free it */
void vcpu_step_vendor_down(void *vcpu);
/** vcpu_step_reset_up - registers as after power-up */
int vcpu_step_reset_up(void *vcpu);

/** vcpu_init_state - registers as after INIT, no event; FPU and MSRs stay */
void vcpu_init_state(struct x86_vcpu *v);

#endif
