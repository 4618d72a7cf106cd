/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One counter of the 8254 as the bus sees it: control word, bytes of its count, latches.
 * All under pit.lock; @tick is now.
 */
#ifndef LAMINA_IRQ_PIT_ACCESS_H
#define LAMINA_IRQ_PIT_ACCESS_H

#include "irq/pit.h"

/** pit_access_control - a control word with RW; all that went before is over */
void pit_access_control(struct pit_clock *k, u8 word, u64 tick);

/** pit_access_latch - counter latch command; nothing while a latch waits to be read */
void pit_access_latch(struct pit_clock *k, u64 tick);

/** pit_access_status - the same for the status byte */
void pit_access_status(struct pit_clock *k, u64 tick);

/** pit_access_write - a byte of a count; the last one starts the counter */
void pit_access_write(struct pit_clock *k, u8 value, u64 tick);

/** pit_access_read - a byte: of the status, of the latched count, or of the count now */
u8 pit_access_read(struct pit_clock *k, u64 tick);

/**
 * pit_access_restore - start anew from a saved state
 * @k: the counter
 * @s: hostile
 * @gate: its gate
 * @tick: now
 */
void pit_access_restore(struct pit_clock *k, const struct pit_counter *s, bool gate,
			u64 tick);

#endif
