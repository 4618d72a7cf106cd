// SPDX-License-Identifier: GPL-2.0-only
/* The I/O APIC: registers, and how a pin becomes a message. */
#include <linux/bitops.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "irq/ioapic.h"
#include "irq/irq.h"
#include "irq/irq_env.h"

/* Registers in memory (82093AA 3.1), and those behind the window (3.2). */
#define IOAPIC_SELECT	0x00
#define IOAPIC_WINDOW	0x10

#define IOAPIC_REG_ID	0x00
#define IOAPIC_REG_VER	0x01
#define IOAPIC_REG_ARB	0x02
#define IOAPIC_REG_PINS	0x10	/* two for each pin */

#define IOAPIC_VERSION	(0x11 | (IRQ_IOAPIC_PINS - 1) << 16)
#define IOAPIC_ID_SHIFT	24
#define IOAPIC_ID_MAX	0xf

/* What of an entry may be written; bits 55:17 are reserved. */
#define IOAPIC_WRITABLE_LOW \
	(0xfffull | IOAPIC_ACTIVE_LOW | IOAPIC_LEVEL | IOAPIC_MASKED)
#define IOAPIC_DEST_SHIFT	56
#define IOAPIC_WRITABLE_HIGH	(0xffull << IOAPIC_DEST_SHIFT)

#define IOAPIC_ALL	(BIT(IRQ_IOAPIC_PINS) - 1)

static u8 entry_mode(u64 entry)
{
	return entry >> 8 & 7;
}

static bool entry_has_vector(u64 entry)
{
	return entry_mode(entry) <= IRQ_LOWEST;
}

static bool entry_is_level(u64 entry)
{
	return (entry & IOAPIC_LEVEL) && entry_has_vector(entry);
}

/* Remote IRR is a level's: whoever makes an entry edge triggered clears it. */
static u64 entry_clean(u64 entry)
{
	u64 bits = IOAPIC_WRITABLE_LOW | IOAPIC_WRITABLE_HIGH;

	if (entry_is_level(entry))
		bits |= IOAPIC_REMOTE_IRR;
	return entry & bits;
}

static int ioapic_send(struct ioapic *io, unsigned int pin)
{
	u64 *entry = &io->s.entry[pin];
	struct irq_msg msg = {
		.dest = *entry >> IOAPIC_DEST_SHIFT,
		.vector = *entry,
		.mode = entry_mode(*entry),
		.logical = *entry & IOAPIC_LOGICAL,
		.level = entry_is_level(*entry),
	};
	int r;

	/* 011 and 110 are reserved (3.2.4) */
	if (msg.mode == IRQ_RESERVED || msg.mode == IRQ_STARTUP)
		return IRQ_REFUSED;
	msg.tell_eoi = !msg.level && (io->tell & BIT(pin));
	r = irq_deliver(io->vm, NULL, &msg);
	if (msg.level && r != IRQ_REFUSED)
		*entry |= IOAPIC_REMOTE_IRR;
	return r;
}

/* Send a level if it is asserted, and nothing holds it back. */
static int ioapic_send_level(struct ioapic *io, unsigned int pin)
{
	u64 entry = io->s.entry[pin];

	if (!(io->s.irr & BIT(pin)) || (entry & IOAPIC_MASKED))
		return IRQ_REFUSED;
	if ((entry & IOAPIC_REMOTE_IRR) || (io->delayed & BIT(pin)))
		return IRQ_COALESCED;
	return ioapic_send(io, pin);
}

static int ioapic_rise(struct ioapic *io, unsigned int pin)
{
	bool was = io->s.irr & BIT(pin);

	io->s.irr |= BIT(pin);
	if (entry_is_level(io->s.entry[pin]))
		return ioapic_send_level(io, pin);
	/* An edge on a masked pin is neither sent nor kept (3.2.4, Interrupt Mask). */
	if (io->s.entry[pin] & IOAPIC_MASKED)
		return IRQ_REFUSED;
	return was ? IRQ_COALESCED : ioapic_send(io, pin);
}

static void ioapic_fall(struct ioapic *io, unsigned int pin)
{
	io->s.irr &= ~BIT(pin);
	io->eois[pin] = 0;
	io->delayed &= ~BIT(pin);
}

int ioapic_set(struct ioapic *io, unsigned int pin, enum irq_source source,
	       bool level)
{
	unsigned long flags;
	int r = 1;

	spin_lock_irqsave(&io->lock, flags);
	if (source != IRQ_SOURCE_USER)
		io->tell |= BIT(pin);
	if (level)
		io->line[pin] |= BIT(source);
	else
		io->line[pin] &= ~BIT(source);
	if (io->line[pin])
		r = ioapic_rise(io, pin);
	else
		ioapic_fall(io, pin);
	if (level && tracepoint_enabled(kvm_ioapic_set_irq))
		irq_env_trace_ioapic(io->s.entry[pin], pin, r == IRQ_COALESCED);
	spin_unlock_irqrestore(&io->lock, flags);
	/* another source still asserts it */
	return level ? r : 1;
}

static bool ioapic_select_entry(const struct ioapic *io, unsigned int *pin)
{
	*pin = (io->s.select - IOAPIC_REG_PINS) / 2;
	return io->s.select >= IOAPIC_REG_PINS && *pin < IRQ_IOAPIC_PINS;
}

static u32 ioapic_window_read(const struct ioapic *io)
{
	unsigned int pin;
	u64 entry;

	switch (io->s.select) {
	case IOAPIC_REG_VER:
		return IOAPIC_VERSION;
	case IOAPIC_REG_ID:
	case IOAPIC_REG_ARB:	/* loaded with the id (3.2.3) */
		return io->s.id << IOAPIC_ID_SHIFT;
	}
	if (!ioapic_select_entry(io, &pin))
		return 0;
	entry = io->s.entry[pin];
	if (io->delayed & BIT(pin))
		entry |= IOAPIC_PENDING;
	return io->s.select & 1 ? entry >> 32 : entry;
}

static void ioapic_window_write(struct ioapic *io, u32 value)
{
	unsigned int pin;
	u64 entry;

	if (io->s.select == IOAPIC_REG_ID)
		io->s.id = value >> IOAPIC_ID_SHIFT & IOAPIC_ID_MAX;
	if (!ioapic_select_entry(io, &pin))
		return;
	entry = io->s.entry[pin];
	if (io->s.select & 1)
		entry = (u64)value << 32 | (u32)entry;
	else
		entry = (entry & ~IOAPIC_WRITABLE_LOW) |
			(value & IOAPIC_WRITABLE_LOW);
	entry = entry_clean(entry);
	io->s.entry[pin] = entry;
	if (entry_is_level(entry))
		ioapic_send_level(io, pin);
	else
		io->delayed &= ~BIT(pin);
}

u32 ioapic_read(struct ioapic *io, u32 offset)
{
	unsigned long flags;
	u32 value = 0;

	spin_lock_irqsave(&io->lock, flags);
	if (offset == IOAPIC_SELECT)
		value = io->s.select;
	else if (offset == IOAPIC_WINDOW)
		value = ioapic_window_read(io);
	spin_unlock_irqrestore(&io->lock, flags);
	return value;
}

void ioapic_write(struct ioapic *io, u32 offset, u32 value)
{
	unsigned long flags;

	spin_lock_irqsave(&io->lock, flags);
	if (offset == IOAPIC_SELECT)
		io->s.select = (u8)value;
	else if (offset == IOAPIC_WINDOW)
		ioapic_window_write(io, value);
	spin_unlock_irqrestore(&io->lock, flags);
}

/* A level after its EOI. */
static void ioapic_send_again(struct ioapic *io, unsigned int pin)
{
	if (!(io->s.irr & BIT(pin)) || (io->s.entry[pin] & IOAPIC_MASKED))
		return;
	if (io->eois[pin] < IOAPIC_STORM) {
		io->eois[pin]++;
	} else if (!(io->s.entry[pin] & IOAPIC_REMOTE_IRR)) {
		io->delayed |= BIT(pin);
		irq_env_ioapic_delay(io->vm);
	}
	ioapic_send_level(io, pin);
}

void ioapic_eoi(struct ioapic *io, u8 vector)
{
	unsigned long flags, levels = 0, edges = 0, acked;
	unsigned int pin;

	spin_lock_irqsave(&io->lock, flags);
	for (pin = 0; pin < IRQ_IOAPIC_PINS; pin++) {
		u64 *entry = &io->s.entry[pin];

		if ((u8)*entry != vector || !entry_has_vector(*entry))
			continue;
		if (*entry & IOAPIC_REMOTE_IRR)
			levels |= BIT(pin);
		else if (!entry_is_level(*entry))
			edges |= io->tell & BIT(pin);
		*entry &= ~IOAPIC_REMOTE_IRR;
	}
	spin_unlock_irqrestore(&io->lock, flags);

	acked = levels | edges;
	for_each_set_bit(pin, &acked, IRQ_IOAPIC_PINS)
		irq_env_acked(io->vm, true, pin);
	if (!levels)
		return;

	spin_lock_irqsave(&io->lock, flags);
	/* anything may have changed meanwhile */
	for_each_set_bit(pin, &levels, IRQ_IOAPIC_PINS)
		if (entry_is_level(io->s.entry[pin]))
			ioapic_send_again(io, pin);
	spin_unlock_irqrestore(&io->lock, flags);
}

void ioapic_delayed(struct ioapic *io)
{
	unsigned long flags, pins;
	unsigned int pin;

	spin_lock_irqsave(&io->lock, flags);
	pins = io->delayed;
	io->delayed = 0;
	for_each_set_bit(pin, &pins, IRQ_IOAPIC_PINS)
		ioapic_send_level(io, pin);
	spin_unlock_irqrestore(&io->lock, flags);
}

void ioapic_tell(struct ioapic *io, unsigned int pin, bool on)
{
	unsigned long flags;

	spin_lock_irqsave(&io->lock, flags);
	if (on)
		io->tell |= BIT(pin);
	else if (!(io->line[pin] & BIT(IRQ_SOURCE_RESAMPLE)))
		io->tell &= ~BIT(pin);
	spin_unlock_irqrestore(&io->lock, flags);
}

/* What a reset and a restored state have in common: @lock held. */
static void ioapic_forget(struct ioapic *io)
{
	memset(io->eois, 0, sizeof(io->eois));
	io->delayed = 0;
	memset(&io->s, 0, sizeof(io->s));
	io->s.base = IOAPIC_BASE;
}

void ioapic_reset(struct ioapic *io)
{
	unsigned long flags;
	unsigned int pin;
	u32 irr;

	spin_lock_irqsave(&io->lock, flags);
	irr = io->s.irr;
	ioapic_forget(io);
	io->s.irr = irr;
	for (pin = 0; pin < IRQ_IOAPIC_PINS; pin++)
		io->s.entry[pin] = IOAPIC_MASKED;
	spin_unlock_irqrestore(&io->lock, flags);
}

struct ioapic *ioapic_create(struct irq_vm *vm)
{
	struct ioapic *io = kzalloc(sizeof(*io), GFP_KERNEL_ACCOUNT);

	if (!io)
		return NULL;
	io->vm = vm;
	spin_lock_init(&io->lock);
	ioapic_reset(io);
	return io;
}

void ioapic_save(struct ioapic *io, struct ioapic_state *s)
{
	unsigned long flags;
	unsigned int pin;

	spin_lock_irqsave(&io->lock, flags);
	*s = io->s;
	spin_unlock_irqrestore(&io->lock, flags);
	for (pin = 0; pin < IRQ_IOAPIC_PINS; pin++)
		if (!entry_is_level(s->entry[pin]))
			s->irr &= ~BIT(pin);
}

void ioapic_restore(struct ioapic *io, const struct ioapic_state *s)
{
	unsigned long flags;
	unsigned int pin;

	spin_lock_irqsave(&io->lock, flags);
	ioapic_forget(io);
	io->s.select = (u8)s->select;
	io->s.id = s->id & IOAPIC_ID_MAX;
	io->s.irr = s->irr & IOAPIC_ALL;
	for (pin = 0; pin < IRQ_IOAPIC_PINS; pin++) {
		io->s.entry[pin] = entry_clean(s->entry[pin]);
		/* asserted already: no edge, but a level */
		if (io->line[pin])
			io->s.irr |= BIT(pin);
		if (entry_is_level(io->s.entry[pin]))
			ioapic_send_level(io, pin);
		else if ((s->irr & BIT(pin)) && !(s->entry[pin] & IOAPIC_MASKED))
			ioapic_send(io, pin);
	}
	spin_unlock_irqrestore(&io->lock, flags);
}
