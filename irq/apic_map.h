/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Destination to LAPICs, in constant time.
 *
 * Built off-line under irq_vm.lock whenever an id, a mode or the list changes, and
 * published once, for readers under RCU.  LAPICs in different modes may be there at
 * the same time: each is in the tables of its own mode, and a message with 8 bits of
 * destination is looked up in all of them.
 */
#ifndef LAMINA_IRQ_APIC_MAP_H
#define LAMINA_IRQ_APIC_MAP_H

#include <linux/rcupdate.h>

#include "irq/types.h"

struct irq_vm;
struct lapic;

#define APIC_FLAT_BITS		8	/* LDR bits in the flat model */
#define APIC_CLUSTERS		15	/* xAPIC clusters 0 to 14; 15 is broadcast */
#define APIC_CLUSTER_BITS	4
#define APIC_TARGETS_MAX	32	/* that one logical destination names */

/**
 * struct apic_map - see above
 * @rcu: first
 * @n: entries of @phys
 * @flat: by LDR bit, LAPICs in the flat model
 * @cluster: by cluster and LDR bit, LAPICs in the cluster model
 * @xapic: by 8-bit xAPIC id; two LAPICs with one id: NULL here, and @twins is set
 * @twins: some LAPICs share an id, an LDR bit or a cluster's place: who sends asks each
 *         LAPIC (lapic_matches())
 * @x2apic: some are in x2APIC mode
 * @phys: by x2APIC id: LAPICs that are enabled, in whatever mode
 */
struct apic_map {
	struct rcu_head rcu;
	u32 n;
	bool twins;
	bool x2apic;
	struct lapic *flat[APIC_FLAT_BITS];
	struct lapic *cluster[APIC_CLUSTERS][APIC_CLUSTER_BITS];
	struct lapic **xapic;
	struct lapic *phys[];
};

/**
 * struct apic_targets - whom a message is for
 * @n: how many of @lapic
 */
struct apic_targets {
	unsigned int n;
	struct lapic *lapic[APIC_TARGETS_MAX];
};

/**
 * apic_map_update - build and publish the map anew
 * @vm: the VM; its lock is held, may sleep
 *
 * Without memory there is no map until the next change: slower, not wrong.
 */
void apic_map_update(struct irq_vm *vm);

/**
 * apic_map_find - LAPICs that a destination names
 * @vm: the VM; RCU read side
 * @msg: shorthand IRQ_DEST, and no broadcast
 * @t: result
 *
 * Return: false: there is no map, or it does not tell: ask each LAPIC.
 */
bool apic_map_find(const struct irq_vm *vm, const struct irq_msg *msg,
		   struct apic_targets *t);

/**
 * apic_is_broadcast - is a destination everybody?
 * @vm: the VM
 * @msg: the message
 */
bool apic_is_broadcast(const struct irq_vm *vm, const struct irq_msg *msg);

#endif
