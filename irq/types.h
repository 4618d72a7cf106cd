/* SPDX-License-Identifier: GPL-2.0-only */
/* An interrupt on its way, as all controllers see it. */
#ifndef LAMINA_IRQ_TYPES_H
#define LAMINA_IRQ_TYPES_H

#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/types.h>

/* Delivery modes, encoded as in ICR, LVT, redirection entries, MSI data. */
enum irq_delivery {
	IRQ_FIXED,
	IRQ_LOWEST,
	IRQ_SMI,
	IRQ_RESERVED,
	IRQ_NMI,
	IRQ_INIT,
	IRQ_STARTUP,
	IRQ_EXTINT,
};

/* Destination shorthands, encoded as in ICR bits 19:18 (SDM vol. 3, 11.6.1). */
enum irq_shorthand {
	IRQ_DEST,
	IRQ_SELF,
	IRQ_ALL,
	IRQ_OTHERS,
};

/**
 * struct irq_msg - an interrupt message
 * @dest: destination; 8 bits unless @wide
 * @vector: vector; start-up page for IRQ_STARTUP
 * @mode: enum irq_delivery
 * @shorthand: enum irq_shorthand; @dest counts for IRQ_DEST only
 * @logical: @dest is a logical one
 * @wide: @dest has 32 bits (x2APIC's ICR; an MSI with an extended destination)
 * @level: level triggered: its EOI is told
 * @deassert: INIT level de-assert, which changes nothing since the P6 (SDM vol. 3, 11.6.1)
 * @lowest: MSI's redirection hint: the same as IRQ_LOWEST
 * @tell_eoi: somebody waits for the EOI, though it is edge triggered
 */
struct irq_msg {
	u32 dest;
	u8 vector;
	u8 mode;
	u8 shorthand;
	bool logical;
	bool wide;
	bool level;
	bool deassert;
	bool lowest;
	bool tell_eoi;
};

/* What became of an interrupt; negative: nobody took it (masked, disabled). */
#define IRQ_REFUSED	(-1)
#define IRQ_COALESCED	0	/* it was pending already */
/* 1 and more: by so many CPUs */

/** irq_sum - @sum of what became of it in some places, and @one more */
static inline int irq_sum(int sum, int one)
{
	if (one == IRQ_REFUSED)
		return sum;
	return sum == IRQ_REFUSED ? one : sum + one;
}

/* Who asserts a line; it is high while one of them does. */
enum irq_source {
	IRQ_SOURCE_USER,	/* KVM_IRQ_LINE, irqfds of edges */
	IRQ_SOURCE_PIT,
	IRQ_SOURCE_RESAMPLE,	/* irqfds of levels */
	IRQ_SOURCES
};

#define IRQ_PICS	2
#define IRQ_PIC_PINS	16	/* of both */
#define IRQ_IOAPIC_PINS	24
#define IRQ_SINTS	16	/* sources of a SynIC */

/** irq_pic_of - which of the PICs has a pin (0 to 15); 0: the primary one */
static inline unsigned int irq_pic_of(unsigned int pin)
{
	return pin / (IRQ_PIC_PINS / IRQ_PICS);
}

#endif
