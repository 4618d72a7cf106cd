// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "tests/model/pic.h"

void model_pic_first(struct model_8259 *c, int pin)
{
	while (c->order[0] != pin) {
		int first = c->order[0];

		memmove(c->order, c->order + 1, 7 * sizeof(int));
		c->order[7] = first;
	}
}

/* The pin comes last: the next one first. */
static void lowest(struct model_8259 *c, int pin)
{
	model_pic_first(c, pin == 7 ? 0 : pin + 1);
}

static int wants(const struct model_8259 *c, bool primary)
{
	if (c->icw)
		return -1;
	for (int i = 0; i < 8; i++) {
		int pin = c->order[i];
		bool asks = c->request[pin] && !c->masked[pin];

		if (asks && primary && pin == 2 && c->sfnm)
			return pin;
		if (c->service[pin] && !(c->smm && c->masked[pin]))
			return -1;
		if (asks)
			return pin;
	}
	return -1;
}

void model_pic_settle(struct model_pic *m)
{
	struct model_8259 *first = &m->chip[0];
	bool high = wants(&m->chip[1], false) != -1;

	if (high && !first->high[2])
		first->request[2] = true;
	first->high[2] = high;
	high = wants(&m->chip[0], true) != -1;
	if (high != m->output) {
		m->output = high;
		m->ops->output(high);
	}
}

int model_pic_line(struct model_pic *m, unsigned int pin, unsigned int source, bool on)
{
	struct model_8259 *c = &m->chip[pin / 8];
	bool any = false, asked, edge;
	int i = pin % 8, r = 1;

	if (pin == 2)
		return -1;
	m->by[pin][source] = on;
	for (int s = 0; s < IRQ_SOURCES; s++)
		any |= m->by[pin][s];
	asked = c->request[i];
	edge = any && !c->high[i];
	if (on || !any)
		c->high[i] = any;
	if (c->level[i])
		c->request[i] = any && (on || asked);
	else if (edge && on)
		c->request[i] = true;
	if (on && c->masked[i])
		r = -1;
	else if (on && (asked || (!c->level[i] && !edge)))
		r = 0;
	model_pic_settle(m);
	return r;
}

/* Returns whether that was its end. */
static bool inta(struct model_8259 *c, int pin)
{
	if (!c->level[pin])
		c->request[pin] = false;
	if (c->aeoi && c->aeoi_rotates)
		lowest(c, pin);
	if (!c->aeoi)
		c->service[pin] = true;
	return c->aeoi;
}

int model_pic_inta(struct model_pic *m)
{
	int pin = wants(&m->chip[0], true), second, vector;
	bool over, over2 = false;

	if (pin < 0)
		return m->chip[0].base + 7;
	over = inta(&m->chip[0], pin);
	vector = m->chip[0].base + pin;
	if (pin == 2) {
		second = wants(&m->chip[1], false);
		m->chip[0].high[2] = false;
		if (second >= 0)
			over2 = inta(&m->chip[1], second);
		vector = m->chip[1].base + (second >= 0 ? second : 7);
		if (over2)
			m->ops->acked(8 + second);
	} else if (over) {
		m->ops->acked(pin);
	}
	model_pic_settle(m);
	return vector;
}

static u8 bits(const bool *b)
{
	int v = 0;

	for (int i = 7; i >= 0; i--)
		v = v * 2 + b[i];
	return v;
}

u8 model_pic_read(struct model_pic *m, unsigned int port)
{
	bool second = port == 0xa0 || port == 0xa1 || port == 0x4d1;
	struct model_8259 *c = &m->chip[second];
	int value;

	if (port > 0x400)
		return bits(c->level);
	if (c->poll) {
		c->poll = false;
		value = wants(c, !second);
		if (second)
			m->chip[0].high[2] = false;
		if (value < 0)
			return 0;
		if (inta(c, value) && (second || value != 2))
			m->ops->acked(value + (second ? 8 : 0));
		model_pic_settle(m);
		return value + 128;
	}
	if (port % 2)
		return bits(c->masked);
	return bits(c->read_isr ? c->service : c->request);
}

/* Ends service of a pin. */
static void end(struct model_pic *m, int chip, int pin)
{
	struct model_8259 *c = &m->chip[chip];

	if (!c->service[pin])
		return;
	c->service[pin] = false;
	if (chip || pin != 2)
		m->ops->acked(chip * 8 + pin);
}

static void icw1(struct model_pic *m, int chip, u8 value)
{
	struct model_8259 *c = &m->chip[chip], fresh = { .base = c->base };
	bool served[8];

	memcpy(served, c->service, sizeof(served));
	memcpy(fresh.high, c->high, sizeof(fresh.high));
	memcpy(fresh.level, c->level, sizeof(fresh.level));
	for (int i = 0; i < 8; i++) {
		fresh.order[i] = i;
		fresh.request[i] = c->level[i] && c->high[i];
	}
	fresh.icw = 2;
	fresh.ic4 = value & 1;
	*c = fresh;
	for (int i = 0; i < 8; i++)
		if (served[i] && (chip || i != 2))
			m->ops->acked(chip * 8 + i);
}

static void ocw2(struct model_pic *m, int chip, u8 value)
{
	struct model_8259 *c = &m->chip[chip];
	bool rotate = value & 0x80, specific = value & 0x40, eoi = value & 0x20;
	int pin = specific ? value & 7 : -1;

	if (!specific && !eoi) {
		c->aeoi_rotates = rotate;
		return;
	}
	for (int i = 0; i < 8 && pin < 0; i++)
		if (c->service[c->order[i]] && !(c->smm && c->masked[c->order[i]]))
			pin = c->order[i];
	if (pin < 0)
		return;
	if (rotate)
		lowest(c, pin);
	if (eoi)
		end(m, chip, pin);
}

static void data(struct model_8259 *c, u8 value)
{
	switch (c->icw) {
	case 0:
		for (int i = 0; i < 8; i++)
			c->masked[i] = value >> i & 1;
		break;
	case 2:
		c->base = value / 8 * 8;
		c->icw = 3;
		break;
	case 3:
		c->icw = c->ic4 ? 4 : 0;
		break;
	case 4:
		c->aeoi = value & 2;
		c->sfnm = value & 16;
		c->icw = 0;
		break;
	}
}

static void elcr(struct model_8259 *c, bool second, u8 value)
{
	for (int i = 0; i < 8; i++) {
		/* the timer, the keyboard, the cascade, the clock, the FPU */
		if (second ? i == 0 || i == 5 : i < 3)
			continue;
		c->level[i] = value >> i & 1;
		if (c->level[i])
			c->request[i] = c->high[i];
	}
}

void model_pic_write(struct model_pic *m, unsigned int port, u8 value)
{
	bool second = port == 0xa0 || port == 0xa1 || port == 0x4d1;
	struct model_8259 *c = &m->chip[second];

	if (port > 0x400) {
		elcr(c, second, value);
	} else if (port % 2) {
		data(c, value);
	} else if (value & 0x10) {
		icw1(m, second, value);
	} else if (value & 8) {
		if (value & 0x40)
			c->smm = value & 0x20;
		if (value & 2)
			c->read_isr = value & 1;
		c->poll |= !!(value & 4);
	} else {
		ocw2(m, second, value);
	}
	model_pic_settle(m);
}

void model_pic_init(struct model_pic *m, const struct model_pic_ops *ops)
{
	memset(m, 0, sizeof(*m));
	m->ops = ops;
	for (int i = 0; i < 16; i++)
		m->chip[i / 8].order[i % 8] = i % 8;
}
