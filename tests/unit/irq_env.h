/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world of a VM's interrupt controllers: time that the test moves, timers that
 * expire when it does, and a note of all that the controllers tell.
 */
#ifndef UNIT_IRQ_ENV_H
#define UNIT_IRQ_ENV_H

#include "irq/irq.h"
#include "irq/lapic_hw.h"
#include "irq/lapic_irq.h"

#define IRQ_CPUS	8
#define IRQ_MIN_PERIOD	200000u	/* what irq_env_min_period() says at first */

/**
 * struct irq_cpu - a vCPU as its LAPIC sees it
 * @a: the LAPIC
 * @armed: its timer is, for @when
 * @tsc_khz: of the guest's TSC; @tsc_offset: its value at time 0
 * @notified: how often irq_env_notify() was called; @nmis, @smis: likewise
 * @eois: by vector, how often irq_env_eoi() was
 */
struct irq_cpu {
	struct lapic a;
	bool armed;
	u64 when;
	u64 tsc_khz;
	u64 tsc_offset;
	long notified;
	long nmis;
	long smis;
	long eois[256];
};

/**
 * struct irq_world - a VM
 * @share: the next LAPIC is one whose page a processor may get: lapic_hw.h
 * @hold: timers do not expire though their time has come
 * @min_period: irq_env_min_period(); @bus_ns: irq_env_bus_ns()
 * @arms: how often a timer was armed; @cancels: likewise
 */
struct irq_world {
	struct irq_vm vm;
	struct irq_cpu cpu[IRQ_CPUS];
	int n;
	u64 now;
	bool share;
	bool hold;
	u64 min_period;
	u32 bus_ns;
	long arms;
	long cancels;
};

extern struct irq_world irq_world;

/* At each call of the environment, if set: a step as those of the shim. */
extern void (*irq_env_step)(void);

/* A VM without vCPUs; all that the last one had must be gone. */
void irq_world_start(void);

/* A vCPU with all features, or NULL: no memory. */
struct irq_cpu *irq_cpu_add(u32 id);

/* The VM goes away; no allocation may be left. */
void irq_world_stop(void);

/* Time goes on to @now: timers expire in their order, each at its time. */
void irq_time_to(u64 now);

static inline void irq_time(u64 ns)
{
	irq_time_to(irq_world.now + ns);
}

/* The one timer of a vCPU expires, as if on another CPU. */
void irq_cpu_expire(struct irq_cpu *c);

#endif
