/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts through a LAPIC: what the vCPU takes, own thread; what others send, any
 * context.
 */
#ifndef LAMINA_IRQ_LAPIC_IRQ_H
#define LAMINA_IRQ_LAPIC_IRQ_H

#include "irq/lapic.h"

/* ---- Interrupts into the vCPU; own thread. */

/** lapic_requested - the highest vector in IRR, or -1 */
int lapic_requested(struct lapic *a);

/** lapic_pending_above - lapic_pending() where IRR may not be empty */
int lapic_pending_above(struct lapic *a);

/**
 * lapic_pending - the interrupt that the processor would take now
 * @a: the LAPIC
 *
 * Return: the vector; -1: none, or none above the processor's priority.
 */
static inline int lapic_pending(struct lapic *a)
{
	return likely(!atomic_read(&a->irr_words) && !a->hw) ? -1 :
	       lapic_pending_above(a);
}

/**
 * lapic_ack - it is taken: IRR to ISR
 * @a: the LAPIC
 * @vector: what lapic_pending() said
 */
void lapic_ack(struct lapic *a, u8 vector);

/**
 * lapic_eoi - write of EOI
 * @a: the LAPIC
 *
 * irq_env_eoi() is called for a level-triggered vector, unless broadcasts are
 * suppressed, and for one that came with tell_eoi; possibly once too often.
 */
void lapic_eoi(struct lapic *a);

/** lapic_tpr_set - MOV to CR8 and TPR: bits 7:0 */
static inline void lapic_tpr_set(struct lapic *a, u8 tpr)
{
	WRITE_ONCE(a->regs[APIC_REG_TPR / 4], tpr);
}

/** lapic_tpr - TPR, bits 7:0 */
static inline u8 lapic_tpr(const struct lapic *a)
{
	return READ_ONCE(a->regs[APIC_REG_TPR / 4]);
}

/** lapic_tpr_class_above - lapic_tpr_threshold() where IRR may not be empty */
u8 lapic_tpr_class_above(struct lapic *a);

/**
 * lapic_tpr_threshold - below which TPR class something that waits could be taken
 * @a: the LAPIC
 *
 * Return: class (0 to 15) of the highest vector in IRR when only TPR holds it back, so
 * that a TPR below it must be noticed; else 0.
 */
static inline u8 lapic_tpr_threshold(struct lapic *a)
{
	return likely(!atomic_read(&a->irr_words) && !a->hw) ? 0 :
	       lapic_tpr_class_above(a);
}

/** lapic_takes_vectors - enabled, by IA32_APIC_BASE and SVR: lapic_accept() takes vectors */
static inline bool lapic_takes_vectors(const struct lapic *a)
{
	return lapic_is_enabled(a) &&
	       READ_ONCE(a->regs[APIC_REG_SVR / 4]) & LAPIC_SVR_ENABLE;
}

/**
 * lapic_takes_extint - do the PICs reach the processor through LINT0?
 * @a: the LAPIC; any context
 *
 * Also when it is disabled: LINT0 is the processor's INTR then (SDM vol. 3, 11.4.3).
 */
bool lapic_takes_extint(const struct lapic *a);

/**
 * lapic_eoi_is_free - would an EOI now do nothing but end what is in service?
 * @a: the LAPIC
 *
 * Nobody is told of it, and nothing in IRR waits for it.
 */
bool lapic_eoi_is_free(struct lapic *a);

/**
 * lapic_send_many - one IPI for many
 * @a: who sends it
 * @ids: 128 bits, one for each destination: physical ids from @first on
 * @first: the lowest
 * @icr: vector and delivery mode as in ICR; neither shorthand nor logical mode
 *
 * Return: how many took it, or had it pending already; -EINVAL: there is no such IPI.
 */
int lapic_send_many(struct lapic *a, const unsigned long *ids, u64 first, u32 icr);

/* ---- Into the LAPIC; any context. */

/**
 * lapic_accept - a message for this LAPIC
 * @a: the LAPIC
 * @msg: the message; destination and shorthand do not count any more
 *
 * Return: 1; IRQ_COALESCED: the vector was in IRR already; IRQ_REFUSED: disabled, an
 * illegal vector (ESR), or INIT and the like that change nothing.
 */
int lapic_accept(struct lapic *a, const struct irq_msg *msg);

/**
 * lapic_lint0 - the PICs' output, which is wired to LINT0, rises
 * @a: the LAPIC
 *
 * As LVT LINT0 says; ExtINT is not for here: lapic_takes_extint().  LINT1 is the VMM's,
 * which raises NMIs itself (api.rst 4.64).
 *
 * Return: as lapic_accept(); IRQ_REFUSED: masked.
 */
int lapic_lint0(struct lapic *a);

/**
 * lapic_matches - is a message with a destination for this LAPIC? by the manual's words
 * @a: the LAPIC
 * @msg: the message; shorthand IRQ_DEST
 *
 * What apic_map.c knows beforehand; for broadcasts, and for when there is no map.
 */
bool lapic_matches(const struct lapic *a, const struct irq_msg *msg);

/**
 * lapic_events_take - LAPIC_EVENT_* that came
 * @a: the LAPIC; own thread
 * @mask: which
 *
 * Of both, taken at once, INIT comes first: a SIPI before it is dropped on arrival.
 * Taken one after the other, a SIPI may be seen before its INIT.
 */
u32 lapic_events_take(struct lapic *a, u32 mask);

#endif
