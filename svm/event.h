/* SPDX-License-Identifier: GPL-2.0-only */
/* The ops about events, and stepping over one instruction.  Included by svm.h. */
#ifndef LAMINA_SVM_EVENT_H
#define LAMINA_SVM_EVENT_H

#include "svm/svm.h"

/* event.c */

/** svm_event_blocked - interrupt shadow and NMI mask; all of it while GIF is clear */
u32 svm_event_blocked(struct x86_vcpu *v);
/** svm_event_inject - EVENTINJ; see event.c for software interrupts */
void svm_event_inject(struct x86_vcpu *v, const struct x86_event *ev);
/** svm_event_form - an event as EVENTINJ and EXITINTINFO name it (APM vol. 2, 15.7.2, 15.20) */
u32 svm_event_form(const struct x86_event *ev);
/** svm_event_window - a virtual interrupt that is intercepted; a step over IRET */
void svm_event_window(struct x86_vcpu *v, u32 mask);
/** svm_event_nmi_mask - as if an NMI had been injected, or its IRET had come */
void svm_event_nmi_mask(struct x86_vcpu *v, bool masked);
/** svm_event_reclaim - EXITINTINFO is valid: it is what comes next */
void svm_event_reclaim(struct svm_vcpu *s);

/**
 * svm_event_iret - the guest is about to execute an intercepted IRET
 * @s: the vCPU; own thread
 */
void svm_event_iret(struct svm_vcpu *s);

/** svm_event_cr8_update - whether MOV to CR8 exits; own thread */
void svm_event_cr8_update(struct svm_vcpu *s);

/**
 * svm_event_virq_update - the interrupt window's virtual interrupt
 * @s: the vCPU; own thread; the window or the step has changed
 */
void svm_event_virq_update(struct svm_vcpu *s);

/** svm_event_gif_open - L1's GIF is set: what has waited for it is looked at again; own thread */
void svm_event_gif_open(struct svm_vcpu *s);

/** svm_event_virq_restore - L1's virtual interrupt for L2 again, unless ours has its place */
void svm_event_virq_restore(struct svm_vcpu *s);

/* step.c */

/**
 * svm_step_start - steps begin with the next instruction
 * @s: the vCPU; own thread
 * @why: one of STEP_*
 */
void svm_step_start(struct svm_vcpu *s, u8 why);

/**
 * svm_step_stop - no further step for this reason
 * @s: the vCPU; own thread
 * @why: some of STEP_*
 */
void svm_step_stop(struct svm_vcpu *s, u8 why);

/**
 * svm_step_exit - an exit while stepping: hide our RFLAGS.TF from x86
 * @s: the vCPU; interrupts off
 */
void svm_step_exit(struct svm_vcpu *s);

/**
 * svm_step_flags_insn - the guest is about to execute a POPF or IRET in a step
 * @s: the vCPU; own thread
 */
void svm_step_flags_insn(struct svm_vcpu *s);

/**
 * svm_step_exception - an exception while stepping
 * @s: the vCPU; own thread
 * @exit: the exit.  #DB: the step is complete; the kind becomes NONE when nobody
 *        but the vendor asked for it
 */
void svm_step_exception(struct svm_vcpu *s, struct x86_exit *exit);

/**
 * svm_step_intercepts - what exits because of steps and userspace's debugging
 * @s: the vCPU; own thread
 */
void svm_step_intercepts(struct svm_vcpu *s);

#endif
