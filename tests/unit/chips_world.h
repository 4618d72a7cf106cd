/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world of IOAPIC, PICs and PIT: their irq_env_*(), irq_deliver(), a clock, and a log
 * of what they told.
 */
#ifndef UNIT_CHIPS_WORLD_H
#define UNIT_CHIPS_WORLD_H

#include <linux/kernel.h>

#include "irq/ioapic.h"
#include "irq/irq.h"
#include "irq/pic.h"
#include "irq/pit.h"
#include "irq/route.h"

enum chips_told {
	CHIPS_MESSAGE,		/* chips_pack() */
	CHIPS_ACKED,		/* pin, of an IOAPIC + 100 */
	CHIPS_OUTPUT,		/* high */
	CHIPS_DELAY, CHIPS_SINT,
};

#define CHIPS_LOG	4096

struct chips_log {
	unsigned int n;
	struct { enum chips_told what; u64 arg; } at[CHIPS_LOG];
};

/**
 * struct chips_world - one for the program
 * @vm: a VM with all controllers
 * @now: irq_env_now()
 * @min_period: irq_env_min_period()
 * @result: what irq_deliver() says
 * @pit_when: when the PIT's timer expires; 0: it does not
 * @delay: ioapic_delayed() is due
 * @log: what was told since it was cleared
 * @acked: called by irq_env_acked(); may be NULL
 */
struct chips_world {
	struct irq_vm vm;
	u64 now;
	u64 min_period;
	int result;
	u64 pit_when;
	bool delay;
	struct chips_log log;
	void (*acked)(bool ioapic, unsigned int pin);
};

extern struct chips_world chips;

/* A VM as after KVM_CREATE_IRQCHIP and CREATE_PIT2, at 1 s. */
void chips_start(void);

/* Nothing may be left. */
void chips_stop(void);

/* Time passes, and the PIT's timer expires when it must; @late: only at the end. */
void chips_time(u64 ns, bool late);

/* The same for ticks of the PIT's clock. */
void chips_ticks(u64 n);

void chips_tell(struct chips_log *log, enum chips_told what, u64 arg);
u64 chips_pack(const struct irq_msg *msg);

/* How often something was told; the last message. */
unsigned int chips_count(enum chips_told what);
struct irq_msg chips_message(void);

/* One of what was told, in words. */
void chips_print(const struct chips_log *log);

#endif
