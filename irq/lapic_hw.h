/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A LAPIC whose page a processor works on while the guest runs: APIC-register
 * virtualization and virtual-interrupt delivery (SDM vol. 3, 30.1 and 30.2; AVIC is alike).
 *
 * The own thread gives the page away before an entry, and takes it back behind an exit when
 * somebody asks for what the processor may have changed; where nobody does it goes from
 * entry to entry as it is.  A guest takes, ends and sends itself interrupts meanwhile.
 *
 * Others do not write IRR while a processor may (25.11.4): they post, and the next time that
 * the page is given away or looked at posted bits move to IRR.  A bit that is in IRR already
 * stays posted until that one is taken: a sender who did not see it was told that it came.
 * A vector that the processor has already, and whose EOI nobody had asked for, is posted
 * beside it by a message whose EOI matters: it may come once too often, but is told of.
 */
#ifndef LAMINA_IRQ_LAPIC_HW_H
#define LAMINA_IRQ_LAPIC_HW_H

#include "irq/lapic.h"

/** lapic_hw_share - a processor may get the page; before lapic_publish(), for good */
void lapic_hw_share(struct lapic *a);

/** lapic_hw_is_given - has the processor the page, and nothing new come since?  Own thread */
static inline bool lapic_hw_is_given(const struct lapic *a)
{
	return a->hw && !atomic_read(&a->irr_words);
}

/**
 * lapic_hw_give - the processor works on the page from now on
 * @a: own thread; lapic_hw_share()
 *
 * Return: guest interrupt status to begin with (25.4.2): the highest vector that is
 * requested in bits 7:0, the highest in service in bits 15:8; 0: none.
 */
u16 lapic_hw_give(struct lapic *a);

/**
 * lapic_hw_take - software has the page again
 * @a: own thread, the guest does not run
 *
 * What else of lapic_irq.h and lapic.h needs it calls this itself.
 */
void lapic_hw_take(struct lapic *a);

/**
 * lapic_hw_eoi_vectors - whose EOI software has to see
 * @a: own thread
 * @vectors: 256 bits: level-triggered ones, and those that came with tell_eoi
 *
 * Return: a number that is another one when it may have changed; read before: a vector that
 * lapic_hw_give() has given away counts.
 */
u32 lapic_hw_eoi_vectors(const struct lapic *a, u64 vectors[4]);

/** lapic_hw_eoi_gen - that number now; own thread */
static inline u32 lapic_hw_eoi_gen(const struct lapic *a)
{
	return atomic_read(&a->eoi_gen);
}

/** lapic_hw_ended - the processor has ended one of those: who waits is told; own thread */
void lapic_hw_ended(struct lapic *a, u8 vector);

/**
 * lapic_hw_written - the processor has written a register, and leaves the rest to software
 * @a: own thread
 * @offset: of the register, whose new value is in the page
 *
 * As lapic_write() of that value, or lapic_msr_write() in x2APIC mode.
 */
void lapic_hw_written(struct lapic *a, u32 offset);

#endif
