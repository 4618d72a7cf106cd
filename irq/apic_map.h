/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Destination to LAPICs, in constant time (SDM vol. 3, 11.6.2 and 11.12.10).
 *
 * Built off-line under irq_vm.lock whenever an id, a mode or the list changes, and
 * published once, for readers under RCU.  LAPICs in different modes may be there at
 * the same time.  A physical destination is a number, of 8 or 32 bits, that is
 * compared with what apic_physical_id() says.
 */
#ifndef LAMINA_IRQ_APIC_MAP_H
#define LAMINA_IRQ_APIC_MAP_H

#include <linux/rcupdate.h>

#include "irq/types.h"

struct irq_vm;
struct lapic;

#define APIC_FLAT_BITS		8	/* LDR bits in the flat model */
#define APIC_CLUSTERS		16
#define APIC_CLUSTER_BITS	4
#define APIC_X2_CLUSTER		16	/* LAPICs of an x2APIC cluster */
#define APIC_BROADCAST		0xffu	/* as a destination of 8 bits */
#define APIC_TARGETS_MAX	32	/* that one destination names, and a few more */

/**
 * struct apic_map - see above
 * @rcu: first
 * @n: entries of @phys
 * @xapic: some are in xAPIC mode
 * @flat: by LDR bit, LAPICs in the flat model
 * @cluster: by cluster and LDR bit, LAPICs in the cluster model
 * @phys: by physical id
 *
 * LAPICs that are disabled are not there.  An entry that several would have says so,
 * and who sends to it asks each LAPIC (lapic_matches()).
 */
struct apic_map {
	struct rcu_head rcu;
	u32 n;
	bool xapic;
	struct lapic *flat[APIC_FLAT_BITS];
	struct lapic *cluster[APIC_CLUSTERS][APIC_CLUSTER_BITS];
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
 * apic_physical_id - the id by which a LAPIC is addressed
 * @a: the LAPIC
 *
 * In x2APIC mode the vCPU's id, else the xAPIC id.  A vCPU whose id has more than
 * eight bits has no xAPIC id of its own: it answers to its whole id in this mode, too,
 * so that INIT and SIPI from an x2APIC reach it, and it is nobody's twin.
 */
u32 apic_physical_id(const struct lapic *a);

/**
 * apic_map_update - build and publish the map anew
 * @vm: the VM; its lock is held, may sleep
 *
 * Without memory there is no map until the next change: slower, not wrong.
 */
void apic_map_update(struct irq_vm *vm);

/**
 * apic_by_id - the LAPIC that has a physical id
 * @vm: the VM; RCU read side
 * @id: apic_physical_id(); no number is a broadcast
 *
 * Return: one of those that have it; NULL: none that is enabled.
 */
struct lapic *apic_by_id(const struct irq_vm *vm, u32 id);

/** apic_map_drop - no map from now on; @vm's lock is held */
void apic_map_drop(struct irq_vm *vm);

/**
 * apic_map_find - LAPICs that a destination names
 * @vm: the VM; RCU read side
 * @msg: shorthand IRQ_DEST
 * @t: result
 *
 * Return: false: a broadcast, or there is no map, or it does not tell: ask each LAPIC.
 */
bool apic_map_find(const struct irq_vm *vm, const struct irq_msg *msg,
		   struct apic_targets *t);

#endif
