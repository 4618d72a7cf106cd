/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An 8254 from the data sheet, clock by clock: each counter has its 16-bit counting
 * element and an output that the clock changes.  What the data sheet leaves open is as
 * irq/pit.h says.
 */
#ifndef MODEL_PIT_H
#define MODEL_PIT_H

#include "irq/types.h"

struct model_8254 {
	u16 element;		/* as its bits are: BCD digits if so */
	u16 count_register;
	bool written;		/* a count since the control word */
	bool null;
	bool running;
	bool out;
	bool gate;
	bool done;		/* modes 0, 1, 4, 5: the count has expired once */
	bool strobe;		/* modes 4, 5: at zero for the first time */
	bool loaded_odd;	/* mode 3 */
	int rw, mode_bits, mode;
	bool bcd;
	int next_read, next_write;	/* 0: low byte, 1: high */
	u8 low;
	u8 latch[2];
	int latched, latch_at;		/* bytes of @latch to be read, and from where on */
	bool status_latched;
	u8 status;
};

struct model_pit {
	struct model_8254 counter[3];
	u64 clock;		/* ticks so far */
	bool speaker;
	bool hpet;
	/* counter 0's rising edges */
	u64 spacing;		/* they count so many clocks apart at least */
	u64 quiet;		/* clocks until the next one counts */
	u64 rises;		/* since they were taken */
};

void model_pit_init(struct model_pit *m, u64 clock, u64 spacing);
void model_pit_clock(struct model_pit *m);
u8 model_pit_read(struct model_pit *m, unsigned int port);

/* Returns whether that was a control word for counter 0. */
bool model_pit_write(struct model_pit *m, unsigned int port, u8 value);

/* Start a counter anew with a count (0: none) and what else is in @c. */
void model_pit_restart(struct model_8254 *c, unsigned int count);

#endif
