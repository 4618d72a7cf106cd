// SPDX-License-Identifier: GPL-2.0-only
/* A VM's controllers as a whole: their life, and the way of a message to LAPICs. */
#include <linux/err.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "irq/apic_map.h"
#include "irq/ioapic.h"
#include "irq/irq.h"
#include "irq/lapic_priv.h"
#include "irq/pic.h"
#include "irq/pit.h"
#include "irq/route.h"

void irq_vm_init(struct irq_vm *vm)
{
	mutex_init(&vm->lock);
	INIT_LIST_HEAD(&vm->lapics);
}

/* The map went with the first LAPIC that did. */
void irq_vm_destroy(struct irq_vm *vm)
{
	kfree(vm->pit);
	kfree(vm->ioapic);
	kfree(vm->pic);
	kvfree(rcu_dereference_protected(vm->routes, true));
}

/* Any mixing will do; it spreads the vectors of few vCPUs, too (apic_map_test). */
static u32 irq_hash(u32 id, u8 vector)
{
	u32 x = (id + 1) * 0x9e3779b1u ^ vector * 0x85ebca6bu;

	x = (x ^ x >> 15) * 0xc2b2ae35u;
	return x ^ x >> 16;
}

/* Lowest priority: is @a to have it rather than @b? */
static bool irq_prefers(const struct irq_vm *vm, const struct lapic *a,
			const struct lapic *b, u8 vector)
{
	u8 ppr_a, ppr_b;

	if (!b)
		return true;
	if (vm->by_priority) {
		ppr_a = lapic_ppr(a);
		ppr_b = lapic_ppr(b);
		if (ppr_a != ppr_b)
			return ppr_a < ppr_b;
	}
	return irq_hash(a->id, vector) > irq_hash(b->id, vector);
}

/* May it be chosen? */
static bool irq_is_candidate(const struct lapic *a)
{
	return lapic_is_enabled(a) && lapic_is_on(a);
}

static bool irq_is_lowest(const struct irq_msg *msg)
{
	return msg->mode == IRQ_LOWEST || (msg->lowest && msg->mode == IRQ_FIXED);
}

static int irq_deliver_targets(const struct irq_vm *vm, const struct irq_msg *msg,
			       const struct apic_targets *t)
{
	struct lapic *best = NULL;
	int sum = IRQ_REFUSED;
	unsigned int i;

	if (!irq_is_lowest(msg)) {
		for (i = 0; i < t->n; i++)
			sum = irq_sum(sum, lapic_accept(t->lapic[i], msg));
		return sum;
	}
	for (i = 0; i < t->n; i++)
		if (irq_is_candidate(t->lapic[i]) &&
		    irq_prefers(vm, t->lapic[i], best, msg->vector))
			best = t->lapic[i];
	return best ? lapic_accept(best, msg) : IRQ_REFUSED;
}

static bool irq_is_for(const struct lapic *a, const struct lapic *src,
		       const struct irq_msg *msg)
{
	if (msg->shorthand == IRQ_OTHERS)
		return a != src;
	return msg->shorthand == IRQ_ALL || lapic_matches(a, msg);
}

/* Broadcasts, and what the map does not tell. */
static noinline int irq_deliver_asking(const struct irq_vm *vm,
				       const struct lapic *src,
				       const struct irq_msg *msg)
{
	bool lowest = irq_is_lowest(msg);
	struct lapic *a, *best = NULL;
	int sum = IRQ_REFUSED;

	list_for_each_entry_rcu(a, &vm->lapics, link) {
		if (!irq_is_for(a, src, msg))
			continue;
		if (!lowest)
			sum = irq_sum(sum, lapic_accept(a, msg));
		else if (irq_is_candidate(a) && irq_prefers(vm, a, best, msg->vector))
			best = a;
	}
	return best ? lapic_accept(best, msg) : sum;
}

static noinline int irq_deliver_many(const struct irq_vm *vm, const struct lapic *src,
				     const struct irq_msg *msg)
{
	struct apic_targets t __uninitialized;

	if (msg->shorthand == IRQ_DEST && apic_map_find(vm, msg, &t))
		return irq_deliver_targets(vm, msg, &t);
	return irq_deliver_asking(vm, src, msg);
}

/* Nearly every message is for one LAPIC, by its id.  NULL: it is not, or not sure. */
static struct lapic *irq_single(const struct irq_vm *vm, const struct irq_msg *msg)
{
	const struct apic_map *map = rcu_dereference(vm->map);
	struct lapic *a;

	if (msg->shorthand != IRQ_DEST || msg->logical || irq_is_lowest(msg) || !map ||
	    msg->dest >= map->n || msg->dest == APIC_BROADCAST)
		return NULL;
	a = map->phys[msg->dest];
	return IS_ERR(a) ? NULL : a;
}

int irq_deliver(struct irq_vm *vm, struct lapic *src, const struct irq_msg *msg)
{
	struct lapic *a;
	int sum;

	if (msg->shorthand == IRQ_SELF)
		return src ? lapic_accept(src, msg) : IRQ_REFUSED;
	rcu_read_lock();
	a = irq_single(vm, msg);
	sum = likely(a) ? lapic_accept(a, msg) : irq_deliver_many(vm, src, msg);
	rcu_read_unlock();
	return sum;
}
