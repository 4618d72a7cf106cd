/* SPDX-License-Identifier: GPL-2.0-only */
/* One 8259A; all under pic.lock. */
#ifndef LAMINA_IRQ_PIC_CHIP_H
#define LAMINA_IRQ_PIC_CHIP_H

#include "irq/pic.h"

#define PIC_CHIP_PINS	8

/* init_state: the command word that the data port takes next. */
enum pic_init {
	PIC_READY,
	PIC_WANTS_ICW2,
	PIC_WANTS_ICW3,
	PIC_WANTS_ICW4,
};

/**
 * pic_chip_request - the pin that a chip raises INTR for
 * @c: the chip; until it has its command words it raises none, and keeps what comes
 * @cascade: the pin with a secondary; PIC_CHIP_PINS: none
 *
 * Return: the pin, or -1.
 */
int pic_chip_request(const struct pic_state *c, unsigned int cascade);

/** pic_chip_rise - a pin's line is high; returns what pic_set() does; @bit: the pin's */
int pic_chip_rise(struct pic_state *c, u8 bit);

/** pic_chip_fall - the line is low */
void pic_chip_fall(struct pic_state *c, u8 bit);

/** pic_chip_ack - INTA: request to service; returns the pin's bit if that is its end, too */
u8 pic_chip_ack(struct pic_state *c, unsigned int pin);

/** pic_chip_command - a write with A0 = 0; returns those in service no more */
u8 pic_chip_command(struct pic_state *c, u8 value);

/** pic_chip_data - a write with A0 = 1 */
void pic_chip_data(struct pic_state *c, u8 value);

/** pic_chip_elcr - which pins are level triggered, of those that may be */
void pic_chip_elcr(struct pic_state *c, u8 value);

/**
 * pic_chip_restore - a chip from a saved state
 * @c: the chip
 * @s: hostile
 * @elcr_mask: pins that may be level triggered
 */
void pic_chip_restore(struct pic_state *c, const struct pic_state *s, u8 elcr_mask);

#endif
