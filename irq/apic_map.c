// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/lockdep.h>
#include <linux/overflow.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "irq/apic_map.h"
#include "irq/irq.h"
#include "irq/lapic_priv.h"

#define APIC_BROADCAST_WIDE	0xffffffffu	/* 32 bits */

u32 apic_physical_id(const struct lapic *a)
{
	if (lapic_is_x2apic(a) || a->id > 0xff)
		return a->id;
	return lapic_reg(a, APIC_REG_ID) >> LAPIC_ID_SHIFT;
}

/* ---- By the manual's words. */

/* 0xff, in whatever mode the LAPIC is (api.rst 7.7). */
static bool apic_hears_ff(const struct lapic *a)
{
	return !lapic_is_x2apic(a) || !READ_ONCE(a->vm->no_x2apic_quirk);
}

/* SDM vol. 3, 11.6.2.2. */
static bool xapic_is_logical(const struct lapic *a, u32 dest)
{
	u32 ldr = lapic_reg(a, APIC_REG_LDR) >> LAPIC_ID_SHIFT;

	switch (lapic_reg(a, APIC_REG_DFR) >> LAPIC_DFR_SHIFT) {
	case LAPIC_DFR_FLAT:
		return ldr & dest;
	case LAPIC_DFR_CLUSTER:
		return ldr >> 4 == dest >> 4 && ldr & dest & 0xf;
	}
	return false;
}

bool lapic_matches(const struct lapic *a, const struct irq_msg *msg)
{
	if (msg->dest == APIC_BROADCAST_WIDE && msg->wide)
		return true;
	if (msg->dest == APIC_BROADCAST && !msg->wide && apic_hears_ff(a))
		return true;
	if (!msg->logical)
		return msg->dest == apic_physical_id(a);
	if (!lapic_is_x2apic(a))
		return msg->dest <= 0xff && xapic_is_logical(a, msg->dest);
	/* 11.12.10.2 */
	return msg->dest >> 16 == a->id >> 4 && msg->dest & BIT(a->id & 15);
}

/* ---- Building. */

#define APIC_SHARED	((struct lapic *)ERR_PTR(-EEXIST))

static void apic_map_put(struct lapic **entry, struct lapic *a)
{
	*entry = *entry ? APIC_SHARED : a;
}

static void apic_map_put_logical(struct apic_map *map, struct lapic *a)
{
	u32 ldr = lapic_reg(a, APIC_REG_LDR) >> LAPIC_ID_SHIFT;
	u32 model = lapic_reg(a, APIC_REG_DFR) >> LAPIC_DFR_SHIFT;
	int i;

	for (i = 0; model == LAPIC_DFR_FLAT && i < APIC_FLAT_BITS; i++)
		if (ldr & BIT(i))
			apic_map_put(&map->flat[i], a);
	for (i = 0; model == LAPIC_DFR_CLUSTER && i < APIC_CLUSTER_BITS; i++)
		if (ldr & BIT(i))
			apic_map_put(&map->cluster[ldr >> 4][i], a);
}

/* Ids may change meanwhile: who changes one builds the map once more. */
static void apic_map_fill(struct apic_map *map, const struct irq_vm *vm)
{
	struct lapic *a;
	u32 id;

	list_for_each_entry(a, &vm->lapics, link) {
		if (!lapic_is_enabled(a))
			continue;
		id = apic_physical_id(a);
		if (id < map->n)
			apic_map_put(&map->phys[id], a);
		if (!lapic_is_x2apic(a)) {
			map->xapic = true;
			apic_map_put_logical(map, a);
		}
	}
}

static struct apic_map *apic_map_build(const struct irq_vm *vm)
{
	struct apic_map *map;
	struct lapic *a;
	u32 n = 0;

	list_for_each_entry(a, &vm->lapics, link)
		n = max(n, apic_physical_id(a) + 1);
	map = kvzalloc(struct_size(map, phys, n), GFP_KERNEL_ACCOUNT);
	if (!map)
		return NULL;
	map->n = n;
	apic_map_fill(map, vm);
	return map;
}

static void apic_map_publish(struct irq_vm *vm, struct apic_map *map)
{
	struct apic_map *old = rcu_dereference_protected(vm->map,
							 lockdep_is_held(&vm->lock));

	rcu_assign_pointer(vm->map, map);
	if (old)
		kvfree_rcu(old, rcu);
}

void apic_map_update(struct irq_vm *vm)
{
	apic_map_publish(vm, apic_map_build(vm));
}

void apic_map_drop(struct irq_vm *vm)
{
	apic_map_publish(vm, NULL);
}

/* ---- Looking up. */

/* One LAPIC may have several bits of LDR; false: see APIC_SHARED. */
static bool apic_targets_add(struct apic_targets *t, struct lapic *a)
{
	if (!a)
		return true;
	if (a == APIC_SHARED)
		return false;
	for (unsigned int i = 0; i < t->n; i++)
		if (t->lapic[i] == a)
			return true;
	t->lapic[t->n++] = a;
	return true;
}

static bool apic_find_row(struct lapic *const *row, u32 bits,
			  struct apic_targets *t)
{
	for (; bits; bits &= bits - 1)
		if (!apic_targets_add(t, row[__ffs(bits)]))
			return false;
	return true;
}

/* An x2APIC cluster is sixteen ids in a row, those in xAPIC mode left out. */
static bool apic_find_x2apic(const struct apic_map *map, u32 dest,
			     struct apic_targets *t)
{
	u32 first = (dest >> 16) * APIC_X2_CLUSTER, bits = dest & 0xffff;
	struct lapic *a;

	for (; bits; bits &= bits - 1) {
		if (first + __ffs(bits) >= map->n)
			return true;
		a = map->phys[first + __ffs(bits)];
		if (a == APIC_SHARED)
			return false;
		if (a && lapic_is_x2apic(a))
			t->lapic[t->n++] = a;
	}
	return true;
}

static bool apic_find_logical(const struct apic_map *map, u32 dest,
			      struct apic_targets *t)
{
	if (!apic_find_x2apic(map, dest, t))
		return false;
	if (!map->xapic || dest > 0xff)
		return true;
	return apic_find_row(map->flat, dest, t) &&
	       apic_find_row(map->cluster[dest >> 4], dest & 0xf, t);
}

static bool apic_is_broadcast(const struct irq_vm *vm, const struct apic_map *map,
			      const struct irq_msg *msg)
{
	if (msg->wide)
		return msg->dest == APIC_BROADCAST_WIDE;
	return msg->dest == APIC_BROADCAST &&
	       (map->xapic || !READ_ONCE(vm->no_x2apic_quirk));
}

bool apic_map_find(const struct irq_vm *vm, const struct irq_msg *msg,
		   struct apic_targets *t)
{
	const struct apic_map *map = rcu_dereference(vm->map);

	t->n = 0;
	if (unlikely(!map || apic_is_broadcast(vm, map, msg)))
		return false;
	if (msg->logical)
		return apic_find_logical(map, msg->dest, t);
	return msg->dest >= map->n || apic_targets_add(t, map->phys[msg->dest]);
}

struct lapic *apic_by_id(const struct irq_vm *vm, u32 id)
{
	const struct apic_map *map = rcu_dereference(vm->map);
	struct lapic *a;

	if (likely(map && (id >= map->n || map->phys[id] != APIC_SHARED)))
		return id < map->n ? map->phys[id] : NULL;
	list_for_each_entry_rcu(a, &vm->lapics, link)
		if (lapic_is_enabled(a) && apic_physical_id(a) == id)
			return a;
	return NULL;
}
