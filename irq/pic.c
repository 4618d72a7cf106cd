// SPDX-License-Identifier: GPL-2.0-only
/* The pair of 8259A: ports, cascade, what it tells the world. */
#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/slab.h>

#include "irq/irq.h"
#include "irq/irq_env.h"
#include "irq/pic.h"
#include "irq/pic_chip.h"

#define PIC_PRIMARY	0
#define PIC_SECONDARY	1
#define PIC_CASCADE	2	/* the primary's pin that the secondary is on */

#define PIC_PORT_SECONDARY	0x80	/* ports 0xa0, 0xa1 */
#define PIC_PORT_DATA		0x01	/* A0 of the data sheet */
#define PIC_PORT_ELCR		0x4d0	/* and 0x4d1 */

#define PIC_POLL_REQUEST	0x80	/* the byte that a poll reads */
#define PIC_SPURIOUS		7

/* 82371AB, ELCR1 and ELCR2: IRQ 0, 1, 2, 8 and 13 are edge triggered. */
static const u8 pic_elcr_mask[] = { 0xf8, 0xde };

static int pic_request(const struct pic *pic, unsigned int chip)
{
	return pic_chip_request(&pic->chip[chip],
				chip == PIC_PRIMARY ? PIC_CASCADE : PIC_CHIP_PINS);
}

/* The secondary's INTR is a line like others, an edge on the primary. */
static void pic_cascade(struct pic *pic)
{
	struct pic_state *primary = &pic->chip[PIC_PRIMARY];

	if (pic_request(pic, PIC_SECONDARY) >= 0)
		pic_chip_rise(primary, BIT(PIC_CASCADE));
	else
		pic_chip_fall(primary, BIT(PIC_CASCADE));
}

/*
 * Tell what follows from a change: first the EOIs, as whoever waits for one may lower
 * its line, then INTR.  @ended: by pin, those in service no more.
 */
static void pic_unlock(struct pic *pic, unsigned long flags, unsigned long ended)
{
	bool high, changed;
	unsigned int pin;

	ended &= ~BIT(PIC_CASCADE);
	if (ended) {
		spin_unlock_irqrestore(&pic->lock, flags);
		for_each_set_bit(pin, &ended, IRQ_PIC_PINS)
			irq_env_acked(pic->vm, false, pin);
		spin_lock_irqsave(&pic->lock, flags);
	}
	pic_cascade(pic);
	high = pic_request(pic, PIC_PRIMARY) >= 0;
	changed = high != pic->output;
	WRITE_ONCE(pic->output, high);
	spin_unlock_irqrestore(&pic->lock, flags);
	if (changed)
		irq_env_pic_output(pic->vm, high);
}

int pic_set(struct pic *pic, unsigned int pin, enum irq_source source, bool level)
{
	struct pic_state *c = &pic->chip[pin / PIC_CHIP_PINS];
	u8 bit = BIT(pin % PIC_CHIP_PINS);
	unsigned long flags;
	int r = 1;

	if (pin == PIC_CASCADE)
		return IRQ_REFUSED;
	spin_lock_irqsave(&pic->lock, flags);
	if (level)
		pic->line[pin] |= BIT(source);
	else
		pic->line[pin] &= ~BIT(source);
	if (level)
		r = pic_chip_rise(c, bit);
	else if (!pic->line[pin])
		pic_chip_fall(c, bit);
	if (tracepoint_enabled(kvm_pic_set_irq))
		irq_env_trace_pic(pin / PIC_CHIP_PINS, pin % PIC_CHIP_PINS,
				  c->elcr, c->imr, r == IRQ_COALESCED);
	pic_unlock(pic, flags, 0);
	return r;
}

/*
 * One INTA, or the read after a poll command.  INTR falls in it: what the secondary still
 * asks for is another edge.  Returns the pin; -1: its request is gone.
 */
static int pic_inta(struct pic *pic, unsigned int chip, unsigned long *ended)
{
	int pin = pic_request(pic, chip);

	if (chip == PIC_SECONDARY)
		pic_chip_fall(&pic->chip[PIC_PRIMARY], BIT(PIC_CASCADE));
	if (pin >= 0)
		*ended |= (unsigned long)pic_chip_ack(&pic->chip[chip], pin) <<
			  chip * PIC_CHIP_PINS;
	return pin;
}

u8 pic_ack(struct pic *pic)
{
	unsigned int chip = PIC_PRIMARY;
	unsigned long flags, ended = 0;
	int pin;
	u8 vector;

	spin_lock_irqsave(&pic->lock, flags);
	pin = pic_inta(pic, PIC_PRIMARY, &ended);
	if (pin == PIC_CASCADE) {
		chip = PIC_SECONDARY;
		pin = pic_inta(pic, PIC_SECONDARY, &ended);
	}
	/* Interrupt sequence: without a request, as if it were level 7. */
	vector = pic->chip[chip].irq_base + (pin < 0 ? PIC_SPURIOUS : pin);
	pic_unlock(pic, flags, ended);
	return vector;
}

static u8 pic_poll(struct pic *pic, unsigned int chip, unsigned long *ended)
{
	int pin = pic_inta(pic, chip, ended);

	pic->chip[chip].poll = 0;
	return pin < 0 ? 0 : PIC_POLL_REQUEST | pin;
}

static bool port_is_elcr(u16 port)
{
	return (port & ~1) == PIC_PORT_ELCR;
}

static unsigned int port_chip(u16 port)
{
	if (port_is_elcr(port))
		return port & 1;
	return port & PIC_PORT_SECONDARY ? PIC_SECONDARY : PIC_PRIMARY;
}

u8 pic_read(struct pic *pic, u16 port)
{
	unsigned int chip = port_chip(port);
	struct pic_state *c = &pic->chip[chip];
	unsigned long flags, ended = 0;
	u8 value;

	spin_lock_irqsave(&pic->lock, flags);
	if (port_is_elcr(port))
		value = c->elcr;
	else if (c->poll)
		value = pic_poll(pic, chip, &ended);
	else if (port & PIC_PORT_DATA)
		value = c->imr;
	else
		value = c->read_reg_select ? c->isr : c->irr;
	pic_unlock(pic, flags, ended);
	return value;
}

void pic_write(struct pic *pic, u16 port, u8 value)
{
	unsigned int chip = port_chip(port);
	struct pic_state *c = &pic->chip[chip];
	unsigned long flags;
	u8 ended = 0;

	spin_lock_irqsave(&pic->lock, flags);
	if (port_is_elcr(port))
		pic_chip_elcr(c, value);
	else if (port & PIC_PORT_DATA)
		pic_chip_data(c, value);
	else
		ended = pic_chip_command(c, value);
	pic_unlock(pic, flags, (unsigned long)ended << chip * PIC_CHIP_PINS);
}

bool pic_is_high(struct pic *pic)
{
	return READ_ONCE(pic->output);
}

struct pic *pic_create(struct irq_vm *vm)
{
	struct pic *pic = kzalloc(sizeof(*pic), GFP_KERNEL_ACCOUNT);

	if (!pic)
		return NULL;
	pic->vm = vm;
	spin_lock_init(&pic->lock);
	pic->chip[PIC_PRIMARY].elcr_mask = pic_elcr_mask[PIC_PRIMARY];
	pic->chip[PIC_SECONDARY].elcr_mask = pic_elcr_mask[PIC_SECONDARY];
	return pic;
}

void pic_save(struct pic *pic, unsigned int chip, struct pic_state *s)
{
	unsigned long flags;

	spin_lock_irqsave(&pic->lock, flags);
	*s = pic->chip[chip];
	spin_unlock_irqrestore(&pic->lock, flags);
}

void pic_restore(struct pic *pic, unsigned int chip, const struct pic_state *s)
{
	unsigned long flags;

	spin_lock_irqsave(&pic->lock, flags);
	pic_chip_restore(&pic->chip[chip], s, pic_elcr_mask[chip]);
	pic_unlock(pic, flags, 0);
}
