/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The 8254 timer of a PC (Intel 8254 data sheet): three counters at 1.193182 MHz, ports
 * 0x40 to 0x43, and port 0x61 with the speaker's gate and counter 2's output.
 *
 * Counter 0 drives GSI 0.  No thread: its timer expires in any context, and the line
 * is driven from there.  Re-injection: a tick that comes before the guest has ended
 * the last one is counted, and follows when it has (pit_acked()).
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
 * @count: reload value, 1 to 65536
 * @load_time: by irq_env_now(): when it was loaded
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

/**
 * struct pit - see above
 * @vm: (c)
 * @lock: everything below; spinning, interrupts off
 * @s: registers
 * @expiry: of counter 0, by irq_env_now(); 0: none
 * @period: of counter 0, in nanoseconds; 0: one-shot
 * @pending: ticks that wait
 * @acked: the guest has ended the last one
 * @reinject: KVM_REINJECT_CONTROL: lost ticks follow; on at creation
 * @speaker: (c) port 0x61 is ours too
 */
struct pit {
	struct irq_vm *vm;
	spinlock_t lock;
	struct pit_state s;
	u64 expiry;
	u64 period;
	u32 pending;
	bool acked;
	bool reinject;
	bool speaker;
};

/** pit_create - a PIT as after power-up; NULL: no memory */
struct pit *pit_create(struct irq_vm *vm, bool speaker);

/** pit_read - IN of one byte; @port: 0x40 to 0x43, 0x61 */
u8 pit_read(struct pit *pit, u16 port);

/** pit_write - OUT of one byte */
void pit_write(struct pit *pit, u16 port, u8 value);

/** pit_expired - the time of irq_env_pit_arm() has come; any context */
void pit_expired(struct pit *pit);

/** pit_acked - the guest has ended an interrupt of GSI 0; any context */
void pit_acked(struct pit *pit);

/** pit_reinject_set - KVM_REINJECT_CONTROL */
void pit_reinject_set(struct pit *pit, bool on);

/** pit_save - the state now */
void pit_save(struct pit *pit, struct pit_state *s);

/** pit_restore - take a saved state, hostile; counters start anew from @s */
void pit_restore(struct pit *pit, const struct pit_state *s);

#endif
