/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The I/O APIC (82093AA data sheet): 24 pins, version 0x11.
 *
 * Any context, unless said otherwise: @lock is taken with interrupts off.  Nothing is
 * told to irq_env_acked() while it is held.
 *
 * Choices, where the chip has none or would hurt:
 * - A line is asserted or not; the entry's polarity is kept and does not count (api.rst
 *   4.25, KVM_CAP_X86_IOAPIC_POLARITY_IGNORED).
 * - A message is sent at once.  One that no LAPIC takes is gone: the chip would try
 *   again.  A level is sent anew when its line or its entry is written.
 * - SMI, NMI, INIT and ExtINT are sent by edges, whatever the trigger mode says (3.2.4,
 *   Delivery Mode).  Reserved delivery modes send nothing.
 */
#ifndef LAMINA_IRQ_IOAPIC_H
#define LAMINA_IRQ_IOAPIC_H

#include <linux/spinlock.h>

#include "irq/types.h"

struct irq_vm;

#define IOAPIC_BASE	0xfec00000ull
#define IOAPIC_SIZE	0x100

/*
 * After so many EOIs in a row of a level that stays asserted each message waits: at
 * 10 ms between messages the guest gets on.  More than a device needs that is slow to
 * lower its line, few enough to be over in 0.1 s.
 */
#define IOAPIC_STORM	10000

/* Bits of a redirection entry (82093AA 3.2.4). */
#define IOAPIC_MASKED		BIT_ULL(16)
#define IOAPIC_LEVEL		BIT_ULL(15)
#define IOAPIC_REMOTE_IRR	BIT_ULL(14)
#define IOAPIC_ACTIVE_LOW	BIT_ULL(13)
#define IOAPIC_PENDING		BIT_ULL(12)	/* delivery status */
#define IOAPIC_LOGICAL		BIT_ULL(11)

/**
 * struct ioapic_state - what is saved, in the layout of struct kvm_ioapic_state
 */
struct ioapic_state {
	u64 base;
	u32 select;
	u32 id;
	u32 irr;
	u32 pad;
	u64 entry[IRQ_IOAPIC_PINS];
};

/**
 * struct ioapic - see above
 * @vm: (c) whose LAPICs get the messages
 * @lock: everything below
 * @s: registers
 * @line: by pin, a bit for each enum irq_source that asserts it
 * @eois: by pin, EOIs of a level that stayed asserted, in a row, up to IOAPIC_STORM
 * @delayed: pins whose next message waits for ioapic_delayed()
 * @tell: pins whose EOI is told even where they are edge triggered
 *
 * @s.irr has a bit for each pin that is asserted.  Saved are those of level pins: an edge
 * was sent, or is lost.
 */
struct ioapic {
	struct irq_vm *vm;
	spinlock_t lock;
	struct ioapic_state s;
	u8 line[IRQ_IOAPIC_PINS];
	u16 eois[IRQ_IOAPIC_PINS];
	u32 delayed;
	u32 tell;
};

/** ioapic_create - one as after reset, for @vm; NULL: no memory */
struct ioapic *ioapic_create(struct irq_vm *vm);

/** ioapic_reset - all pins masked, no message pending; lines stay what they are */
void ioapic_reset(struct ioapic *io);

/**
 * ioapic_set - a source drives a pin
 * @io: the IOAPIC
 * @pin: 0 to 23
 * @source: who
 * @level: asserted or not
 *
 * The PIT's pin is in @tell from its first tick on, and one of a resampled irqfd from the
 * time it is asserted.
 *
 * Return: as irq_deliver(), for a message that went out; IRQ_COALESCED where one is
 * pending already, or the line of an edge was asserted; IRQ_REFUSED: masked; 1 for a
 * falling line.
 */
int ioapic_set(struct ioapic *io, unsigned int pin, enum irq_source source,
	       bool level);

/** ioapic_read - 32 bits of the register page, @offset 0 to 0xff */
u32 ioapic_read(struct ioapic *io, u32 offset);

/** ioapic_write - the same for a write */
void ioapic_write(struct ioapic *io, u32 offset, u32 value);

/**
 * ioapic_eoi - a LAPIC ended an interrupt
 * @io: the IOAPIC
 * @vector: its vector: all pins with it, level triggered or in @tell
 *
 * irq_env_acked() first, then what is still asserted is sent again: a line that is
 * lowered in there is not.
 */
void ioapic_eoi(struct ioapic *io, u8 vector);

/** ioapic_delayed - time has passed: send what waited; any context */
void ioapic_delayed(struct ioapic *io);

/** ioapic_tell - somebody waits, or nobody but a resampled irqfd, for the EOI of a pin */
void ioapic_tell(struct ioapic *io, unsigned int pin, bool on);

/** ioapic_save - the state now */
void ioapic_save(struct ioapic *io, struct ioapic_state *s);

/** ioapic_restore - take a saved state, hostile; what is in its @irr is sent again */
void ioapic_restore(struct ioapic *io, const struct ioapic_state *s);

#endif
