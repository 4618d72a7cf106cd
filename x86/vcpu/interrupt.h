/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where interrupts come from, for the event queue: one that was acknowledged already
 * (KVM_INTERRUPT, or a delivery that gave way), the PICs, the LAPIC.
 *
 * The controllers notify by REQ_EVENT, which becomes events.irq_check.  It stays set
 * as long as an interrupt waits; it goes when none does, or when only a priority holds
 * it back: whoever lowers one (EOI, TPR) calls interrupt_recheck().
 *
 * Where the processor delivers what the LAPIC has (apicv.h) that is no source.
 */
#ifndef LAMINA_X86_VCPU_INTERRUPT_H
#define LAMINA_X86_VCPU_INTERRUPT_H

#include "irq/lapic_irq.h"
#include "x86/vcpu/x86.h"

/** interrupts_enabled - RFLAGS.IF, or the flag of L1's that counts in its place */
static inline bool interrupts_enabled(struct x86_vcpu *v)
{
	if (unlikely(v->nested.masks_if))
		return v->nested.if_flag;
	return state_get(v, GRP_RFLAGS)->rflags & X86_EFLAGS_IF;
}

/** smi_is_due - is there an SMI that only what is on its way may hold back?  Own thread */
bool smi_is_due(struct x86_vcpu *v);

/** interrupt_source_waits - the slow half of interrupt_waits() */
bool interrupt_source_waits(struct x86_vcpu *v);

/**
 * interrupt_waits - is there an interrupt that only RFLAGS.IF and shadows hold back?
 * @v: own thread
 */
static inline bool interrupt_waits(struct x86_vcpu *v)
{
	return v->events.interrupt_pending ||
	       (v->events.irq_check && interrupt_source_waits(v));
}

/** interrupt_wakes - does an interrupt end a HLT?  Own thread */
bool interrupt_wakes(struct x86_vcpu *v);

/** interrupt_source_take - the slow half of interrupt_take() */
int interrupt_source_take(struct x86_vcpu *v);

/**
 * interrupt_take - acknowledge the interrupt that waits
 * @v: own thread
 *
 * Return: its vector; -1: none waits.
 */
static inline int interrupt_take(struct x86_vcpu *v)
{
	struct x86_events *ev = &v->events;

	if (ev->interrupt_pending) {
		ev->interrupt_pending = false;
		return ev->interrupt;
	}
	return ev->irq_check ? interrupt_source_take(v) : -1;
}

/**
 * interrupts_from_user - may userspace's PIC interrupt the processor now? own thread
 *
 * With a LAPIC in the kernel it is wired to LINT0; with PICs there, too, it has none.
 */
static inline bool interrupts_from_user(struct x86_vcpu *v)
{
	return !apic_in_kernel(v) ||
	       (!to_x86_vm(v->vcpu.kvm)->irq.pic &&
		lapic_takes_extint(&v->apic.lapic));
}

/** interrupt_recheck - a priority changed, or the LAPIC did; own thread */
static inline void interrupt_recheck(struct x86_vcpu *v)
{
	if (atomic_read(&v->apic.lapic.irr_words))
		v->events.irq_check = true;
}

/**
 * interrupt_tpr_sync - the LAPIC is what the guest has made of it without an exit
 * @v: own thread
 *
 * TPR is CR8's, and an interrupt that the guest has ended in memory is ended.
 */
void interrupt_tpr_sync(struct x86_vcpu *v);

#endif
