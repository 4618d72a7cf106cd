// SPDX-License-Identifier: GPL-2.0-only
/* One 8259A: its lines, command words, what is in service. */
#include <linux/bitops.h>

#include "irq/pic_chip.h"

/* Command words at A0 = 0 (8259A, ICW and OCW formats). */
#define PIC_ICW1		BIT(4)
#define PIC_ICW1_IC4		BIT(0)
#define PIC_OCW3		BIT(3)
#define PIC_OCW2_COMMAND	5	/* rotate, specific, EOI */
#define PIC_OCW2_LEVEL		7
#define PIC_OCW3_RIS		BIT(0)
#define PIC_OCW3_RR		BIT(1)
#define PIC_OCW3_POLL		BIT(2)
#define PIC_OCW3_SMM		BIT(5)
#define PIC_OCW3_ESMM		BIT(6)

#define PIC_ICW2_BASE		0xf8
#define PIC_ICW4_AEOI		BIT(1)
#define PIC_ICW4_SFNM		BIT(4)

/* OCW2's three upper bits. */
enum pic_command {
	PIC_AEOI_ROTATE_OFF,
	PIC_EOI,
	PIC_NOTHING,
	PIC_EOI_SPECIFIC,
	PIC_AEOI_ROTATE_ON,
	PIC_EOI_ROTATE,
	PIC_SET_PRIORITY,
	PIC_EOI_SPECIFIC_ROTATE,
};

/* Rank of the most urgent pin of @pins, 0 the highest; PIC_CHIP_PINS: there is none. */
static unsigned int chip_rank(const struct pic_state *c, u8 pins)
{
	/* twice, so that a rotation is a shift */
	unsigned int turned = (pins | pins << PIC_CHIP_PINS) >> c->priority_add;

	return pins ? __ffs(turned) : PIC_CHIP_PINS;
}

static unsigned int chip_pin(const struct pic_state *c, unsigned int rank)
{
	return (rank + c->priority_add) % PIC_CHIP_PINS;
}

/* What is in service; in special mask mode, masked levels hold nobody back. */
static u8 chip_service(const struct pic_state *c)
{
	return c->special_mask ? c->isr & ~c->imr : c->isr;
}

int pic_chip_request(const struct pic_state *c, unsigned int cascade)
{
	unsigned int rank = chip_rank(c, c->irr & ~c->imr);
	unsigned int service = chip_rank(c, chip_service(c));
	unsigned int pin = chip_pin(c, rank);

	if (rank == PIC_CHIP_PINS || c->init_state != PIC_READY)
		return -1;
	if (rank < service)
		return pin;
	/* Special fully nested mode: a secondary is not locked out by itself. */
	if (rank == service && pin == cascade && c->special_fully_nested_mode)
		return pin;
	return -1;
}

int pic_chip_rise(struct pic_state *c, u8 bit)
{
	bool fresh = !(c->irr & bit);

	/* without an edge there is no request */
	if (!(c->elcr & bit) && (c->last_irr & bit))
		fresh = false;
	else
		c->irr |= bit;
	c->last_irr |= bit;
	if (c->imr & bit)
		return IRQ_REFUSED;
	return fresh ? 1 : IRQ_COALESCED;
}

/* An edge is remembered without its line: eventfds and the PIT send mere pulses. */
void pic_chip_fall(struct pic_state *c, u8 bit)
{
	c->last_irr &= ~bit;
	if (c->elcr & bit)
		c->irr &= ~bit;
}

u8 pic_chip_ack(struct pic_state *c, unsigned int pin)
{
	u8 bit = BIT(pin);

	/* a level is there until its line falls */
	if (!(c->elcr & bit))
		c->irr &= ~bit;
	if (!c->auto_eoi) {
		c->isr |= bit;
		return 0;
	}
	if (c->rotate_on_auto_eoi)
		c->priority_add = (pin + 1) % PIC_CHIP_PINS;
	return bit;
}

/*
 * ICW1 (8259A, "Initialization Command Words"): edges are forgotten, a line that is
 * high must fall first; in-service bits go, too.  LTIM is ELCR's affair in a PC, SNGL
 * must be 0 there (82371AB, ICW1).
 */
static u8 chip_icw1(struct pic_state *c, u8 value)
{
	u8 ended = c->isr;

	*c = (struct pic_state){
		.last_irr = c->last_irr,
		.irr = c->last_irr & c->elcr,
		.irq_base = c->irq_base,
		.init4 = value & PIC_ICW1_IC4,
		.init_state = PIC_WANTS_ICW2,
		.elcr = c->elcr,
		.elcr_mask = c->elcr_mask,
	};
	return ended;
}

static u8 chip_ocw2(struct pic_state *c, u8 value)
{
	enum pic_command command = value >> PIC_OCW2_COMMAND;
	unsigned int rank = PIC_CHIP_PINS, pin = value & PIC_OCW2_LEVEL;
	u8 ended = 0;

	if (command == PIC_EOI || command == PIC_EOI_ROTATE) {
		rank = chip_rank(c, chip_service(c));
		if (rank == PIC_CHIP_PINS)
			return 0;
		pin = chip_pin(c, rank);
	}
	/* EOI is the lowest bit of the three */
	if (command & PIC_EOI)
		ended = c->isr & BIT(pin);
	c->isr &= ~ended;
	switch (command) {
	case PIC_AEOI_ROTATE_OFF:
	case PIC_AEOI_ROTATE_ON:
		c->rotate_on_auto_eoi = command == PIC_AEOI_ROTATE_ON;
		break;
	case PIC_EOI_ROTATE:
	case PIC_EOI_SPECIFIC_ROTATE:
	case PIC_SET_PRIORITY:
		c->priority_add = (pin + 1) % PIC_CHIP_PINS;
		break;
	default:
		break;
	}
	return ended;
}

static void chip_ocw3(struct pic_state *c, u8 value)
{
	if (value & PIC_OCW3_ESMM)
		c->special_mask = !!(value & PIC_OCW3_SMM);
	if (value & PIC_OCW3_RR)
		c->read_reg_select = value & PIC_OCW3_RIS;
	if (value & PIC_OCW3_POLL)
		c->poll = 1;
}

u8 pic_chip_command(struct pic_state *c, u8 value)
{
	if (value & PIC_ICW1)
		return chip_icw1(c, value);
	if (!(value & PIC_OCW3))
		return chip_ocw2(c, value);
	chip_ocw3(c, value);
	return 0;
}

void pic_chip_data(struct pic_state *c, u8 value)
{
	switch (c->init_state) {
	case PIC_READY:
		c->imr = value;
		break;
	case PIC_WANTS_ICW2:
		c->irq_base = value & PIC_ICW2_BASE;
		c->init_state = PIC_WANTS_ICW3;
		break;
	case PIC_WANTS_ICW3:	/* who is where on the cascade: wired */
		c->init_state = c->init4 ? PIC_WANTS_ICW4 : PIC_READY;
		break;
	case PIC_WANTS_ICW4:
		c->auto_eoi = !!(value & PIC_ICW4_AEOI);
		c->special_fully_nested_mode = !!(value & PIC_ICW4_SFNM);
		c->init_state = PIC_READY;
		break;
	}
}

void pic_chip_elcr(struct pic_state *c, u8 value)
{
	c->elcr = value & c->elcr_mask;
	c->irr = (c->irr & ~c->elcr) | (c->last_irr & c->elcr);
}

void pic_chip_restore(struct pic_state *to, const struct pic_state *s, u8 elcr_mask)
{
	struct pic_state c = {
		.last_irr = s->last_irr,
		.irr = s->irr,
		.imr = s->imr,
		.isr = s->isr,
		.priority_add = s->priority_add % PIC_CHIP_PINS,
		.irq_base = s->irq_base & PIC_ICW2_BASE,
		.read_reg_select = !!s->read_reg_select,
		.poll = !!s->poll,
		.special_mask = !!s->special_mask,
		.init_state = s->init_state > PIC_WANTS_ICW4 ? PIC_READY : s->init_state,
		.auto_eoi = !!s->auto_eoi,
		.rotate_on_auto_eoi = !!s->rotate_on_auto_eoi,
		.special_fully_nested_mode = !!s->special_fully_nested_mode,
		.init4 = !!s->init4,
		.elcr = s->elcr & elcr_mask,
		.elcr_mask = elcr_mask,
	};

	*to = c;
}
