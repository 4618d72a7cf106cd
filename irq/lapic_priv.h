/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the LAPIC share. */
#ifndef LAMINA_IRQ_LAPIC_PRIV_H
#define LAMINA_IRQ_LAPIC_PRIV_H

#include "irq/lapic_hw.h"
#include "irq/lapic_irq.h"

/** lapic_reg - a register; others may read what the owner writes: ids, SVR, LVTs */
static inline u32 lapic_reg(const struct lapic *a, u32 offset)
{
	return READ_ONCE(a->regs[offset / 4]);
}

/** lapic_reg_set - the other half; own thread */
static inline void lapic_reg_set(struct lapic *a, u32 offset, u32 value)
{
	WRITE_ONCE(a->regs[offset / 4], value);
}

/** lapic_word - offset of the word of IRR, TMR or ISR (@reg) that a vector is in */
static inline u32 lapic_word(u32 reg, unsigned int vector)
{
	return reg + vector / 32 * 0x10;
}

/** lapic_atomic - a register that everybody changes: words of IRR and TMR */
static inline atomic_t *lapic_atomic(const struct lapic *a, u32 offset)
{
	return (atomic_t *)&a->regs[offset / 4];
}

/** lapic_own - what is kept of the page is as the page is; own thread */
static inline void lapic_own(struct lapic *a)
{
	if (unlikely(a->hw))
		lapic_hw_take(a);
}

/** lapic_is_on - enabled by software: SVR bit 8; any context */
static inline bool lapic_is_on(const struct lapic *a)
{
	return lapic_reg(a, APIC_REG_SVR) & LAPIC_SVR_ENABLE;
}

/** lapic_set_ids - ID, and in x2APIC mode LDR, as the vCPU's id says (SDM vol. 3, 11.12.10.2) */
void lapic_set_ids(struct lapic *a);

/** lapic_ids_changed - ID, LDR, DFR or the mode did: the map follows; may sleep */
void lapic_ids_changed(struct lapic *a);

/** lapic_ppr - processor priority (SDM vol. 3, 11.8.3.1); of another vCPU: a moment ago */
u32 lapic_ppr(const struct lapic *a);

/** lapic_vectors_set - IRR, TMR and ISR are what they are in @regs, a page's; own thread */
void lapic_vectors_set(struct lapic *a, const u32 *regs);

/** lapic_vectors_look - the page's words of IRR and ISR: which are not empty; own thread */
void lapic_vectors_look(struct lapic *a);

/** lapic_irr_collect - with @posts: what was posted is in IRR; own thread */
void lapic_irr_collect(struct lapic *a);

/** lapic_irr_forget - with @posts: @irr_words is of @posted alone; own thread */
void lapic_irr_forget(struct lapic *a);

/** lapic_eoi_tell - an interrupt was ended; own thread */
void lapic_eoi_tell(struct lapic *a, u8 vector);

/** lapic_regs_note - with @posts: software has written registers; own thread */
void lapic_regs_note(struct lapic *a);

/** lapic_timer_restore - it was stopped: the count goes on from @count, where that can be */
void lapic_timer_restore(struct lapic *a, u32 count);

/** lapic_lvt_fire - the source of an LVT entry asks for an interrupt; any context */
int lapic_lvt_fire(struct lapic *a, u32 reg);

/** lapic_error - a bit for ESR (SDM vol. 3, 11.5.3); any context */
void lapic_error(struct lapic *a, u32 bit);

/** lapic_icr_write - bits 31:0 of ICR are written, ICR2 was: send it; own thread */
void lapic_icr_write(struct lapic *a, u32 value);

/** lapic_self_ipi - SELF_IPI was written; own thread */
void lapic_self_ipi(struct lapic *a, u32 vector);

/** lapic_lvts_mask - all LVT entries, as software disable does (SDM vol. 3, 11.4.7.2) */
void lapic_lvts_mask(struct lapic *a);

/** lapic_reg_sane - what of a saved register is kept; own thread */
u32 lapic_reg_sane(const struct lapic *a, u32 offset, u32 value);

#endif
