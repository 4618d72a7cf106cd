/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pair of 8259A interrupt controllers of a PC (Intel 8259A data sheet; 82371AB
 * for ELCR): primary at ports 0x20 and 0x21, secondary at 0xa0 and 0xa1 on the
 * primary's pin 2, ELCR at 0x4d0 and 0x4d1.
 *
 * Any context: @lock is taken with interrupts off.  irq_env_pic_output() is told when
 * INTR changes, irq_env_acked() of each end of service, both without it; of two changes at
 * the same time the later one may be told first, so whoever must know asks pic_is_high().
 *
 * Choices, where the data sheets leave one:
 * - The request of an edge stays though the line falls before INTA: eventfds and the PIT
 *   send mere pulses.  So does the secondary's on the cascade: when its request goes
 *   before INTA, the vector is its spurious one (IRQ 15); and when the primary alone is
 *   initialized, a request of the secondary waits for another edge.
 * - ICW1 clears ISR.  Until the last ICW a chip raises no INTR and keeps what comes.
 * - SNGL and LTIM of ICW1, ICW3 and the buffered mode of ICW4 do nothing in a PC.
 */
#ifndef LAMINA_IRQ_PIC_H
#define LAMINA_IRQ_PIC_H

#include <linux/spinlock.h>

#include "irq/types.h"

struct irq_vm;

/**
 * struct pic_state - one 8259A, in the layout of struct kvm_pic_state
 */
struct pic_state {
	u8 last_irr;	/* lines, for edges; the cascade's, too */
	u8 irr;
	u8 imr;
	u8 isr;
	u8 priority_add;	/* pin with the highest priority */
	u8 irq_base;
	u8 read_reg_select;
	u8 poll;
	u8 special_mask;
	u8 init_state;	/* the ICW that comes next is this plus 1; 0: none */
	u8 auto_eoi;
	u8 rotate_on_auto_eoi;
	u8 special_fully_nested_mode;
	u8 init4;	/* ICW4 is to come */
	u8 elcr;
	u8 elcr_mask;
};

/**
 * struct pic - the pair
 * @vm: (c)
 * @lock: everything below
 * @chip: primary, secondary
 * @line: by pin, a bit for each enum irq_source that asserts it
 * @output: INTR as it was last told
 */
struct pic {
	struct irq_vm *vm;
	spinlock_t lock;
	struct pic_state chip[2];
	u8 line[IRQ_PIC_PINS];
	bool output;
};

/** pic_create - a pair as after power-up; NULL: no memory */
struct pic *pic_create(struct irq_vm *vm);

/**
 * pic_set - a source drives a pin
 * @pic: the pair
 * @pin: 0 to 15; 2 is the cascade: nothing changes, and it is refused
 * @source: who
 * @level: high or low
 *
 * Return: 1; IRQ_COALESCED: requested already, or an edge's line was high; IRQ_REFUSED:
 * masked, though the request is kept.
 */
int pic_set(struct pic *pic, unsigned int pin, enum irq_source source, bool level);

/**
 * pic_ack - INTA: the vector of the most urgent request
 * @pic: the pair
 *
 * Return: the vector; that of a spurious interrupt (pin 7) where the request is gone.
 */
u8 pic_ack(struct pic *pic);

/**
 * pic_read - IN from one of the six ports, one byte
 * @pic: the pair
 * @port: 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1
 */
u8 pic_read(struct pic *pic, u16 port);

/** pic_write - OUT to one of them */
void pic_write(struct pic *pic, u16 port, u8 value);

/** pic_is_high - INTR now; takes no lock */
bool pic_is_high(struct pic *pic);

/** pic_save - one chip's state (0: primary) */
void pic_save(struct pic *pic, unsigned int chip, struct pic_state *s);

/**
 * pic_restore - take one chip's saved state
 * @pic: the pair
 * @chip: 0 or 1
 * @s: hostile; the lines count as they were saved, until their sources drive them again
 */
void pic_restore(struct pic *pic, unsigned int chip, const struct pic_state *s);

#endif
