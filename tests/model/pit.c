// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "tests/model/pit.h"

/* One less, in 16 bits or four digits; a digit above 9 was none before. */
static u16 decrement(u16 element, bool bcd)
{
	if (!bcd)
		return element - 1;
	for (int shift = 0; shift < 16; shift += 4) {
		if (element >> shift & 15)
			return element - (1 << shift);
		element |= 9 << shift;
	}
	return element;
}

/* Digits of BCD, each at most 9. */
static u16 proper(u16 bits, bool bcd)
{
	int carry = 0;
	u16 r = 0;

	if (!bcd)
		return bits;
	for (int shift = 0; shift < 16; shift += 4) {
		int digit = (bits >> shift & 15) + carry;

		carry = digit / 10;
		r |= digit % 10 << shift;
	}
	return r;
}

static void load(struct model_8254 *c)
{
	c->element = proper(c->count_register, c->bcd);
	/* modes 2 and 3: 1 is not allowed */
	if ((c->mode == 2 || c->mode == 3) && c->element == 1)
		c->element = 2;
	if (c->mode == 3) {
		c->loaded_odd = c->element & 1;
		if (c->loaded_odd)
			c->element = decrement(c->element, c->bcd);
	}
	c->null = false;
	c->running = true;
}

/* A trigger, or a count that is loaded at once. */
static void begin(struct model_8254 *c)
{
	c->out = c->mode != 0 && c->mode != 1;
	c->done = false;
	c->strobe = false;
	load(c);
}

static void clock_once(struct model_8254 *c)
{
	c->element = decrement(c->element, c->bcd);
	/* a strobe lasts one clock */
	if (c->strobe)
		c->out = true;
	c->strobe = false;
	if (c->element || c->done)
		return;
	c->done = true;
	c->strobe = c->mode >= 4;
	c->out = !c->strobe;
}

static void clock_rate(struct model_8254 *c)
{
	if (c->element == 1) {
		c->out = true;
		load(c);
		return;
	}
	c->element = decrement(c->element, c->bcd);
	c->out = c->element != 1;
}

/* Two at a time; the high half of an odd count has one clock more, at zero. */
static void clock_square(struct model_8254 *c)
{
	bool longer = c->loaded_odd && c->out;

	if (c->element || !longer) {
		c->element = decrement(decrement(c->element, c->bcd), c->bcd);
		if (c->element || longer)
			return;
	}
	c->out = !c->out;
	load(c);
}

static void clock_counter(struct model_8254 *c)
{
	if (!c->running)
		return;
	switch (c->mode) {
	case 0:
	case 4:
		if (c->gate)
			clock_once(c);
		break;
	case 1:
	case 5:
		clock_once(c);
		break;
	case 2:
		clock_rate(c);
		break;
	case 3:
		clock_square(c);
		break;
	}
}

void model_pit_clock(struct model_pit *m)
{
	bool was = m->counter[0].out;

	m->clock++;
	for (int i = 0; i < 3; i++)
		clock_counter(&m->counter[i]);
	if (m->quiet)
		m->quiet--;
	if (was || !m->counter[0].out || m->quiet || m->hpet)
		return;
	m->rises++;
	m->quiet = m->spacing;
}

static void gate(struct model_8254 *c, bool high)
{
	bool rises = high && !c->gate, falls = !high && c->gate;

	c->gate = high;
	switch (c->mode) {
	case 1:
	case 5:
		if (rises && c->written)
			begin(c);
		break;
	case 2:
	case 3:
		if (rises && c->written)
			begin(c);
		if (falls) {
			c->running = false;
			c->out = true;
		}
		break;
	case 4:
		/* no strobe without a gate; one that was cut off goes on */
		if (falls && c->running)
			c->out = true;
		if (rises && c->running && c->strobe)
			c->out = false;
		break;
	}
}

static void count_written(struct model_8254 *c)
{
	c->written = true;
	c->null = true;
	if (c->mode == 0 || c->mode == 4)
		begin(c);
	else if ((c->mode == 2 || c->mode == 3) && !c->running && c->gate)
		begin(c);
}

static void count_byte(struct model_8254 *c, u8 value)
{
	if (c->rw == 1) {
		c->count_register = value;
	} else if (c->rw == 2) {
		c->count_register = value * 256;
	} else if (!c->next_write) {
		c->low = value;
		c->next_write = 1;
		if (c->mode == 0) {
			c->running = false;
			c->out = false;
		}
		return;
	} else {
		c->count_register = value * 256 + c->low;
		c->next_write = 0;
	}
	count_written(c);
}

static void latch_count(struct model_8254 *c)
{
	if (c->latched)
		return;
	c->latch[0] = c->element % 256;
	c->latch[1] = c->element / 256;
	c->latched = c->rw == 1 || c->rw == 2 ? 1 : 2;
	c->latch_at = c->rw == 2;
}

static void latch_status(struct model_8254 *c)
{
	if (c->status_latched)
		return;
	c->status_latched = true;
	c->status = c->out * 128 + c->null * 64 + c->rw * 16 + c->mode_bits * 2 + c->bcd;
}

static void read_back(struct model_pit *m, u8 word)
{
	for (int i = 0; i < 3; i++) {
		if (!(word & 2 << i))
			continue;
		if (!(word & 0x20))
			latch_count(&m->counter[i]);
		if (!(word & 0x10))
			latch_status(&m->counter[i]);
	}
}

static void program(struct model_8254 *c, u8 word)
{
	c->rw = word >> 4 & 3;
	c->mode_bits = word >> 1 & 7;
	c->mode = c->mode_bits >= 6 ? c->mode_bits - 4 : c->mode_bits;
	c->bcd = word & 1;
	c->next_read = 0;
	c->next_write = 0;
	c->latched = 0;
	c->status_latched = false;
	c->running = false;
	c->written = false;
	c->null = true;
	c->out = c->mode != 0;
}

bool model_pit_write(struct model_pit *m, unsigned int port, u8 value)
{
	int i = value >> 6;

	if (port == 0x61) {
		m->speaker = value & 2;
		gate(&m->counter[2], value & 1);
		return false;
	}
	if (port != 0x43) {
		count_byte(&m->counter[port - 0x40], value);
		i = port - 0x40;
	} else if (i == 3) {
		read_back(m, value);
	} else if (!(value & 0x30)) {
		latch_count(&m->counter[i]);
		return false;
	} else {
		program(&m->counter[i], value);
	}
	if (i == 0) {
		m->rises = 0;
		m->quiet = 0;
	}
	return i == 0 && port == 0x43;
}

static u8 read_counter(struct model_8254 *c)
{
	u8 value;

	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	if (c->latched) {
		c->latched--;
		return c->latch[c->latch_at++];
	}
	if (c->rw == 1)
		return c->element % 256;
	if (c->rw == 2)
		return c->element / 256;
	value = c->next_read ? c->element / 256 : c->element % 256;
	c->next_read = !c->next_read;
	return value;
}

u8 model_pit_read(struct model_pit *m, unsigned int port)
{
	if (port == 0x43)
		return 0xff;
	if (port != 0x61)
		return read_counter(&m->counter[port - 0x40]);
	return m->counter[2].gate + m->speaker * 2 + (m->clock / 18 % 2) * 16 +
	       m->counter[2].out * 32;
}

void model_pit_restart(struct model_8254 *c, unsigned int count)
{
	c->element = 0;
	c->running = false;
	c->written = false;
	c->null = true;
	c->out = c->mode != 0;
	if (!count)
		return;
	c->count_register = count;
	if (c->bcd)
		c->count_register = count / 1000 % 10 * 4096 + count / 100 % 10 * 256 +
				    count / 10 % 10 * 16 + count % 10;
	count_written(c);
}

void model_pit_init(struct model_pit *m, u64 clock, u64 spacing)
{
	memset(m, 0, sizeof(*m));
	m->clock = clock;
	m->spacing = spacing;
	for (int i = 0; i < 3; i++) {
		m->counter[i].gate = i != 2;
		model_pit_restart(&m->counter[i], 0);
	}
}
