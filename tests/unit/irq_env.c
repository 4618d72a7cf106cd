// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/string.h>

#include "irq/irq_env.h"
#include "tests/unit/irq_env.h"

struct irq_world irq_world;
void (*irq_env_step)(void);

static struct irq_cpu *cpu_of(struct lapic *a)
{
	return container_of(a, struct irq_cpu, a);
}

static void step(void)
{
	if (irq_env_step)
		irq_env_step();
}

u64 irq_env_now(void)
{
	step();
	return irq_world.now;
}

void irq_env_notify(struct lapic *a)
{
	step();
	cpu_of(a)->notified++;
}

void irq_env_nmi(struct lapic *a)
{
	cpu_of(a)->nmis++;
	step();
}

void irq_env_smi(struct lapic *a)
{
	cpu_of(a)->smis++;
	step();
}

void irq_env_timer_arm(struct lapic *a, u64 when)
{
	step();
	cpu_of(a)->armed = true;
	cpu_of(a)->when = when;
	irq_world.arms++;
}

void irq_env_timer_cancel(struct lapic *a)
{
	step();
	cpu_of(a)->armed = false;
	irq_world.cancels++;
	step();
}

static u64 scale(u64 n, u64 mul, u64 div)
{
	unsigned __int128 x = (unsigned __int128)n * mul / div;

	return x > U64_MAX ? U64_MAX : x;
}

u64 irq_env_guest_tsc(struct lapic *a)
{
	struct irq_cpu *c = cpu_of(a);

	step();
	return c->tsc_offset + scale(irq_world.now, c->tsc_khz, 1000000);
}

u64 irq_env_tsc_to_ns(struct lapic *a, u64 ticks)
{
	return scale(ticks, 1000000, cpu_of(a)->tsc_khz);
}

u64 irq_env_min_period(void)
{
	return irq_world.min_period;
}

u32 irq_env_bus_ns(struct irq_vm *vm)
{
	return irq_world.bus_ns;
}

void irq_env_eoi(struct lapic *a, u8 vector)
{
	cpu_of(a)->eois[vector]++;
	step();
}

void irq_world_start(void)
{
	shim_assert(!shim_live);
	memset(&irq_world, 0, sizeof(irq_world));
	irq_world.min_period = IRQ_MIN_PERIOD;
	irq_world.bus_ns = 1;
	irq_world.now = 1;
	irq_vm_init(&irq_world.vm);
}

struct irq_cpu *irq_cpu_add(u32 id)
{
	const struct lapic_features all = {
		.x2apic = true, .tsc_deadline = true, .eoi_suppress = true,
		.maxphyaddr = 40,
	};
	struct irq_cpu *c = &irq_world.cpu[irq_world.n];

	shim_assert(irq_world.n < IRQ_CPUS);
	memset(c, 0, sizeof(*c));
	c->tsc_khz = 1000000;
	if (lapic_create(&c->a, &irq_world.vm, id))
		return NULL;
	lapic_features_set(&c->a, &all);
	if (irq_world.share)
		lapic_hw_share(&c->a);
	irq_world.n++;
	lapic_publish(&c->a);
	return c;
}

void irq_world_stop(void)
{
	for (int i = 0; i < irq_world.n; i++) {
		lapic_destroy(&irq_world.cpu[i].a);
		shim_assert(!irq_world.cpu[i].armed);
	}
	irq_vm_destroy(&irq_world.vm);
	rcu_barrier();
	shim_assert(!shim_live);
}

void irq_cpu_expire(struct irq_cpu *c)
{
	if (!c->armed || c->when > irq_world.now)
		return;
	c->armed = false;
	shim_self.atomic++;	/* a hard interrupt */
	lapic_timer_expired(&c->a);
	shim_self.atomic--;
}

/* The timer that expires next, up to a time. */
static struct irq_cpu *first(u64 until)
{
	struct irq_cpu *next = NULL;

	for (int i = 0; i < irq_world.n; i++) {
		struct irq_cpu *c = &irq_world.cpu[i];

		if (c->armed && c->when <= until && (!next || c->when < next->when))
			next = c;
	}
	return next;
}

void irq_time_to(u64 now)
{
	struct irq_cpu *c;

	while (!irq_world.hold && (c = first(now)) != NULL) {
		irq_world.now = max(irq_world.now, c->when);
		irq_cpu_expire(c);
	}
	irq_world.now = now;
}
