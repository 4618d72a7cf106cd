/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An I/O APIC from the 82093AA data sheet, pin by pin, each register taken apart into
 * what it means.  What the data sheet leaves open is as irq/ioapic.h says.
 */
#ifndef MODEL_IOAPIC_H
#define MODEL_IOAPIC_H

#include "irq/types.h"

/* What it asks of its world. */
struct model_ioapic_ops {
	int (*send)(const struct irq_msg *msg);
	void (*acked)(unsigned int pin);
	void (*delay)(void);
};

struct model_pin {
	bool by[IRQ_SOURCES];	/* who asserts it */
	bool high;
	bool masked, level, active_low, logical;
	bool remote_irr;
	bool waits;		/* a storm's next message */
	bool told;
	unsigned int vector, mode, dest;
	unsigned long eois;
};

struct model_ioapic {
	const struct model_ioapic_ops *ops;
	unsigned int select, id;
	struct model_pin pin[24];
};

void model_ioapic_init(struct model_ioapic *m, const struct model_ioapic_ops *ops);
void model_ioapic_reset(struct model_ioapic *m);
int model_ioapic_line(struct model_ioapic *m, unsigned int pin, unsigned int source,
		      bool on);
u32 model_ioapic_read(struct model_ioapic *m, u32 offset);
void model_ioapic_write(struct model_ioapic *m, u32 offset, u32 value);
void model_ioapic_eoi(struct model_ioapic *m, unsigned int vector);
void model_ioapic_time(struct model_ioapic *m);

/* A saved state: 64 bits of each entry, and the pins that count as asserted. */
u64 model_ioapic_entry(const struct model_ioapic *m, unsigned int pin);
bool model_ioapic_saves_pin(const struct model_ioapic *m, unsigned int pin);
void model_ioapic_restore_pin(struct model_ioapic *m, unsigned int pin, u64 entry,
			      bool asserted);

#endif
