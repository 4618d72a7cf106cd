/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One counter of the 8254 as a function of time: all under pit.lock, times in ticks.
 */
#ifndef LAMINA_IRQ_PIT_COUNTER_H
#define LAMINA_IRQ_PIT_COUNTER_H

#include "irq/pit.h"

/** pit_counter_mode - 0 to 5: bit 2 does not count in modes 2 and 3 */
static inline unsigned int pit_counter_mode(const struct pit_counter *c)
{
	return c->mode > 5 ? c->mode & 3 : c->mode;
}

/** pit_counter_span - how many counts there are: 16 bits, or four digits */
static inline u32 pit_counter_span(const struct pit_counter *c)
{
	return c->bcd ? 10000 : 65536;
}

/** pit_counter_is_periodic - modes 2 and 3 */
static inline bool pit_counter_is_periodic(const struct pit_counter *c)
{
	return (pit_counter_mode(c) & 6) == 2;
}

/**
 * pit_counter_stop - count no more; the counting element stays what it is
 * @k: the counter
 * @tick: now
 */
void pit_counter_stop(struct pit_clock *k, u64 tick);

/**
 * pit_counter_start - the count register is written
 * @k: the counter
 * @bits: as they are written
 * @tick: now
 *
 * As the mode says: loaded at once, at the end of a period or its half, or by the gate.
 */
void pit_counter_start(struct pit_clock *k, u16 bits, u64 tick);

/** pit_counter_run - the same, c.count is in place */
void pit_counter_run(struct pit_clock *k, u64 tick);

/** pit_counter_gate - the gate is @high from @tick on */
void pit_counter_gate(struct pit_clock *k, bool high, u64 tick);

/** pit_counter_value - the counting element at @tick, as it is read */
u16 pit_counter_value(struct pit_clock *k, u64 tick);

/** pit_counter_out - OUT at @tick */
bool pit_counter_out(struct pit_clock *k, u64 tick);

/** pit_counter_period - ticks from rise to rise of the last count written; modes 2, 3 */
u32 pit_counter_period(const struct pit_counter *c);

/** pit_counter_rise - first tick after @tick when OUT rises; 0: never */
u64 pit_counter_rise(struct pit_clock *k, u64 tick);

#endif
