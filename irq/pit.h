/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The 8254 timer of a PC (Intel 8254 data sheet): three counters at 1.193182 MHz, ports
 * 0x40 to 0x43, and port 0x61 with the speaker's gate and counter 2's output.
 *
 * All three count the ticks of one clock, irq_env_now() in units of 1/PIT_HZ: nothing
 * drifts, and nothing happens between accesses but counter 0's expiry.
 *
 * Counter 0 drives GSI 0, a pulse for each rising edge of its output.  No thread: its
 * timer expires in any context, and the line is driven from there, under @lock.
 * Re-injection: a tick that finds the last one still pending (IRQ_COALESCED) is counted,
 * as are those that a late timer has missed; they follow one by one, each when the guest
 * has ended an interrupt (pit_acked()).  So nothing hangs when an end does not come.
 *
 * Choices:
 * - A count is loaded when it is written, not with the next clock pulse.
 * - Counters 0 and 1 have their gates tied high: never triggered, they do nothing in
 *   modes 1 and 5.
 * - The edge that a control word makes on counter 0's output is not driven.
 * - Counts of 1 in modes 2 and 3 are not allowed (Minimum Count): taken as 2.  A BCD digit
 *   above 9 carries.
 */
#ifndef LAMINA_IRQ_PIT_H
#define LAMINA_IRQ_PIT_H

#include <linux/spinlock.h>

#include "irq/types.h"

struct irq_vm;

#define PIT_HZ		1193182u
#define PIT_COUNTERS	3

/**
 * struct pit_counter - one counter, in the layout of struct kvm_pit_channel_state
 * @count: count register: 1 to 65536 (BCD: 10000); 0: none since the control word
 * @latched_count: output latch
 * @count_latched: what of it is to be read: 0 nothing, 1 low, 2 high, 3 low, then high
 * @status_latched: @status is to be read
 * @read_state: byte that is read next: 1 low, 2 high, 3 low of a word, 4 its high one
 * @write_state: the same for a write
 * @write_latch: the low byte that waits for the high one
 * @rw_mode: RW of the control word: 1 low, 2 high, 3 both; 0: none was written
 * @mode: M of the control word, as written: 6 and 7 are 2 and 3, and saved so
 * @load_time: by irq_env_now(): when a count was written last
 */
struct pit_counter {
	u32 count;
	u16 latched_count;
	u8 count_latched;
	u8 status_latched;
	u8 status;
	u8 read_state;
	u8 write_state;
	u8 write_latch;
	u8 rw_mode;
	u8 mode;
	u8 bcd;
	u8 gate;
	s64 load_time;
};

enum pit_phase {
	PIT_IDLE,	/* no count, or it waits for the gate */
	PIT_COUNTS,
	PIT_PAUSED,	/* modes 0 and 4: the gate is low */
};

/**
 * struct pit_clock - a counter at work
 * @c: what is saved of it
 * @phase: enum pit_phase
 * @null: the count register is not loaded yet: NULL COUNT of the status byte
 * @held: PIT_IDLE: the counting element
 * @n: count that was loaded
 * @start: tick of the load; PIT_PAUSED: ticks that have passed since
 * @reload: modes 2 and 3 with @null, counting: the tick when a new count is loaded
 */
struct pit_clock {
	struct pit_counter c;
	u8 phase;
	bool null;
	u16 held;
	u32 n;
	u64 start;
	u64 reload;
};

/**
 * struct pit_state - what is saved, in the layout of struct kvm_pit_state2
 * @flags: PIT_STATE_*
 */
struct pit_state {
	struct pit_counter counter[PIT_COUNTERS];
	u32 flags;
	u32 reserved[9];
};

#define PIT_STATE_HPET_LEGACY	1u	/* counter 0 drives nothing */
#define PIT_STATE_SPEAKER	2u	/* port 0x61's speaker bit */

/* Ticks that wait, at most: the guest gets no more after a long pause. */
#define PIT_PENDING_MAX	10000

/**
 * struct pit - see above
 * @vm: (c)
 * @lock: everything below; spinning, interrupts off
 * @clock: the counters
 * @flags: PIT_STATE_*
 * @expiry: the tick when counter 0 rises next; 0: never
 * @period: of counter 0 after that, in ticks; 0: one-shot.  A multiple of its count, at
 *	least irq_env_min_period()
 * @pending: ticks that wait
 * @reinject: KVM_REINJECT_CONTROL: lost ticks follow; on at creation
 */
struct pit {
	struct irq_vm *vm;
	spinlock_t lock;
	struct pit_clock clock[PIT_COUNTERS];
	u32 flags;
	u64 expiry;
	u64 period;
	u32 pending;
	bool reinject;
};

/** pit_create - a PIT as after power-up; NULL: no memory */
struct pit *pit_create(struct irq_vm *vm);

/** pit_read - IN of one byte; @port: 0x40 to 0x43, 0x61 */
u8 pit_read(struct pit *pit, u16 port);

/** pit_write - OUT of one byte */
void pit_write(struct pit *pit, u16 port, u8 value);

/** pit_expired - the time of irq_env_pit_arm() has come, or not yet; any context */
void pit_expired(struct pit *pit);

/** pit_acked - the guest has ended an interrupt of GSI 0; any context */
void pit_acked(struct pit *pit);

/** pit_reinject_set - KVM_REINJECT_CONTROL; off: what waits is dropped */
void pit_reinject_set(struct pit *pit, bool on);

/** pit_save - the state now */
void pit_save(struct pit *pit, struct pit_state *s);

/**
 * pit_restore - take a saved state
 * @pit: the PIT
 * @s: hostile; counters start anew from it, with the gates it says
 */
void pit_restore(struct pit *pit, const struct pit_state *s);

#endif
