// SPDX-License-Identifier: GPL-2.0-only
/* What the bus writes to one counter of the 8254, and reads of it. */
#include <linux/string.h>

#include "irq/irq_env.h"
#include "irq/pit_access.h"
#include "irq/pit_counter.h"

/* Control word (8254, its format). */
#define PIT_RW_SHIFT		4
#define PIT_RW_MASK		3
#define PIT_MODE_SHIFT		1
#define PIT_MODE_MASK		7
#define PIT_BCD			BIT(0)

/* Status byte. */
#define PIT_STATUS_OUT		BIT(7)
#define PIT_STATUS_NULL		BIT(6)

/* read_state, write_state, count_latched: which byte, RW's encoding and one more */
#define PIT_LOW		1
#define PIT_HIGH	2
#define PIT_WORD_LOW	3
#define PIT_WORD_HIGH	4

static u8 pit_first_byte(u8 rw_mode)
{
	return rw_mode ? rw_mode : PIT_WORD_LOW;
}

/* A latch that has not been read stays (8254, Counter Latch Command, Read-Back). */
void pit_access_latch(struct pit_clock *k, u64 tick)
{
	if (k->c.count_latched)
		return;
	k->c.latched_count = pit_counter_value(k, tick);
	k->c.count_latched = pit_first_byte(k->c.rw_mode);
}

void pit_access_status(struct pit_clock *k, u64 tick)
{
	struct pit_counter *c = &k->c;

	if (c->status_latched)
		return;
	c->status = c->rw_mode << PIT_RW_SHIFT | c->mode << PIT_MODE_SHIFT | c->bcd;
	/* this one first: it may be the moment of a load */
	if (pit_counter_out(k, tick))
		c->status |= PIT_STATUS_OUT;
	if (k->null)
		c->status |= PIT_STATUS_NULL;
	c->status_latched = 1;
}

void pit_access_control(struct pit_clock *k, u8 word, u64 tick)
{
	struct pit_counter *c = &k->c;
	u8 rw = word >> PIT_RW_SHIFT & PIT_RW_MASK;

	pit_counter_stop(k, tick);
	k->null = true;
	c->count = 0;
	c->count_latched = 0;
	c->status_latched = 0;
	c->rw_mode = rw;
	c->read_state = rw;
	c->write_state = rw;
	c->mode = word >> PIT_MODE_SHIFT & PIT_MODE_MASK;
	c->bcd = word & PIT_BCD;
}

void pit_access_write(struct pit_clock *k, u8 value, u64 tick)
{
	struct pit_counter *c = &k->c;
	u16 bits = value;

	switch (c->write_state) {
	case PIT_WORD_LOW:
		c->write_latch = value;
		c->write_state = PIT_WORD_HIGH;
		/* Mode 0: the first byte stops the counter, and OUT is low. */
		if (!pit_counter_mode(c))
			pit_counter_stop(k, tick);
		return;
	case PIT_WORD_HIGH:
		bits = c->write_latch | value << 8;
		c->write_state = PIT_WORD_LOW;
		break;
	case PIT_HIGH:
		bits = value << 8;
		break;
	}
	c->load_time = irq_env_now();
	pit_counter_start(k, bits, tick);
}

u8 pit_access_read(struct pit_clock *k, u64 tick)
{
	struct pit_counter *c = &k->c;
	u16 bits = c->latched_count;

	if (c->status_latched) {
		c->status_latched = 0;
		return c->status;
	}
	switch (c->count_latched) {
	case PIT_LOW:
		c->count_latched = 0;
		return bits;
	case PIT_HIGH:
		c->count_latched = 0;
		return bits >> 8;
	case PIT_WORD_LOW:
		c->count_latched = PIT_HIGH;
		return bits;
	}
	bits = pit_counter_value(k, tick);
	switch (c->read_state) {
	case PIT_WORD_LOW:
		c->read_state = PIT_WORD_HIGH;
		return bits;
	case PIT_WORD_HIGH:
		c->read_state = PIT_WORD_LOW;
		return bits >> 8;
	}
	return c->read_state == PIT_LOW ? bits : bits >> 8;
}

static u8 pit_byte_state(u8 rw_mode, u8 state)
{
	if (rw_mode == PIT_LOW || rw_mode == PIT_HIGH)
		return rw_mode;
	return state == PIT_WORD_HIGH ? PIT_WORD_HIGH : PIT_WORD_LOW;
}

void pit_access_restore(struct pit_clock *k, const struct pit_counter *s, bool gate,
			u64 tick)
{
	struct pit_counter c = *s;

	c.bcd = !!c.bcd;
	c.count = min(c.count, pit_counter_span(&c));
	/* as a counter is before its first control word, in other implementations */
	if (c.mode > PIT_MODE_MASK)
		c.count = c.mode = 0;
	c.rw_mode &= PIT_RW_MASK;
	c.read_state = pit_byte_state(c.rw_mode, c.read_state);
	c.write_state = pit_byte_state(c.rw_mode, c.write_state);
	c.count_latched &= 3;
	c.status_latched = !!c.status_latched;
	c.gate = gate;
	c.load_time = irq_env_now();
	memset(k, 0, sizeof(*k));
	k->c = c;
	k->null = true;
	if (c.count)
		pit_counter_run(k, tick);
}
