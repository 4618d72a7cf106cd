// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O buses.
 *
 * Ranges may overlap, and an access goes to the one that begins nearest below
 * it first; of two that begin together, to the shorter one first.  So an
 * eventfd inside a coalesced zone wins over the zone.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "core/iobus.h"

/**
 * struct bus_range - a device's place on a bus
 * @start: first address
 * @len: how many; 0: exactly @start, accessed by any size
 * @alone: none before it in the array reaches as far as @start
 * @last: largest last address of this range and all before it in the array
 * @dev: the device; NULL: a hole, where memory for a shorter bus was short
 */
struct bus_range {
	gpa_t start;
	unsigned int len;
	bool alone;
	gpa_t last;
	struct bus_dev *dev;
};

/**
 * struct bus - the devices of a bus, sorted by ascending start and, among
 *              equal ones, descending length; constant once published, but
 *              for a device that becomes a hole
 * @n: how many
 * @range: their places
 */
struct bus {
	unsigned int n;
	struct bus_range range[];
};

static struct bus *bus_get(struct kvm *kvm, enum bus_kind kind)
{
	return srcu_dereference_check(kvm->buses[kind], &kvm->srcu,
				      lockdep_is_held(&kvm->slots_lock));
}

/* ------------------------------------------------------------------------ */
/* Accesses. */

/* @r starts at @addr or below. */
static bool range_covers(const struct bus_range *r, gpa_t addr,
			 unsigned int len)
{
	gpa_t offset = addr - r->start;

	return r->len ? len <= r->len && offset <= r->len - len : !offset;
}

/* The end of the ranges that start at @addr or below. */
static __always_inline const struct bus_range *bus_search(const struct bus *bus, gpa_t addr)
{
	const struct bus_range *r = bus->range;
	unsigned int n = bus->n, half;

	while (n) {
		half = n / 2;
		if (r[half].start <= addr) {
			r += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return r;
}

/*
 * The next device to be offered an access, going down from @at, where the next but one
 * is looked for; NULL: nowhere.
 */
static __always_inline struct bus_dev *bus_next(const struct bus_range **at,
						gpa_t addr, unsigned int len)
{
	const struct bus_range *r = *at;
	struct bus_dev *dev = NULL;

	while (r && !dev) {
		if (range_covers(r, addr, len))
			dev = READ_ONCE(r->dev);
		/* The first one is alone, too. */
		r = r->alone || r[-1].last < addr ? NULL : r - 1;
	}
	*at = r;
	return dev;
}

/* One after the other, as long as none takes it. */
static noinline int bus_offer(struct kvm_vcpu *vcpu, const struct bus_range *r,
			      gpa_t addr, unsigned int len, const void *val)
{
	struct bus_dev *dev;

	while ((dev = bus_next(&r, addr, len)))
		if (!dev->ops->write(vcpu, dev, addr, len, val))
			return 0;
	return -EOPNOTSUPP;
}

/* Calls come last: nearly every write is to one device that is alone, or to none. */
int bus_write(struct kvm_vcpu *vcpu, enum bus_kind kind, gpa_t addr,
	      unsigned int len, const void *val)
{
	const struct bus *bus = bus_get(vcpu->kvm, kind);
	const struct bus_range *r;
	struct bus_dev *dev;

	if (!bus)
		return -EOPNOTSUPP;
	r = bus_search(bus, addr);
	if (r == bus->range)
		return -EOPNOTSUPP;
	r--;
	if (!r->alone || !range_covers(r, addr, len))
		return bus_offer(vcpu, r, addr, len, val);
	dev = READ_ONCE(r->dev);
	return dev ? dev->ops->write(vcpu, dev, addr, len, val) : -EOPNOTSUPP;
}

int bus_read(struct kvm_vcpu *vcpu, enum bus_kind kind, gpa_t addr,
	     unsigned int len, void *val)
{
	const struct bus *bus = bus_get(vcpu->kvm, kind);
	const struct bus_range *r;
	struct bus_dev *dev;

	if (!bus)
		return -EOPNOTSUPP;
	r = bus_search(bus, addr);
	r = r == bus->range ? NULL : r - 1;
	while ((dev = bus_next(&r, addr, len)))
		if (dev->ops->read && !dev->ops->read(vcpu, dev, addr, len, val))
			return 0;
	return -EOPNOTSUPP;
}

/* ------------------------------------------------------------------------ */
/* Changes. */

static gpa_t range_last(const struct bus_range *r)
{
	return r->start + (r->len ? r->len - 1 : 0);
}

static bool range_before(const struct bus_range *a, const struct bus_range *b)
{
	return a->start < b->start ||
	       (a->start == b->start && a->len > b->len);
}

/* A copy of a bus without @del and with @add, either of which may be NULL. */
static struct bus *bus_make(const struct bus *cur, const struct bus_dev *del,
			    const struct bus_range *add)
{
	unsigned int n = cur ? cur->n : 0, i, to = 0;
	const struct bus_range *r;
	gpa_t last = 0;
	struct bus *bus;

	bus = kvmalloc(struct_size(bus, range, n + 1), GFP_KERNEL_ACCOUNT);
	if (!bus)
		return NULL;
	for (i = 0; i < n; i++) {
		r = &cur->range[i];
		if (add && range_before(add, r)) {
			bus->range[to++] = *add;
			add = NULL;
		}
		if (r->dev && r->dev != del)
			bus->range[to++] = *r;
	}
	if (add)
		bus->range[to++] = *add;
	bus->n = to;
	for (i = 0; i < to; i++) {
		bus->range[i].alone = !i || last < bus->range[i].start;
		last = max(last, range_last(&bus->range[i]));
		bus->range[i].last = last;
	}
	return bus;
}

/* Publish: @bus takes the place of @old, which may be the same. */
static void bus_publish(struct kvm *kvm, enum bus_kind kind, struct bus *bus)
{
	struct bus *old = bus_get(kvm, kind);

	rcu_assign_pointer(kvm->buses[kind], bus);
	/*
	 * Only vCPUs read.  Pairs with the barrier in srcu_read_lock(): a vCPU
	 * that is published after this look finds the new bus.
	 */
	smp_mb();
	if (READ_ONCE(kvm->nr_vcpus))
		synchronize_srcu_expedited(&kvm->srcu);
	if (old != bus)
		kvfree(old);
}

int bus_add(struct kvm *kvm, enum bus_kind kind, gpa_t addr, unsigned int len,
	    struct bus_dev *dev)
{
	struct bus_range add = { .start = addr, .len = len, .dev = dev };
	struct bus *cur = bus_get(kvm, kind), *bus;

	if (cur && cur->n >= BUS_DEVS_MAX)
		return -ENOSPC;
	bus = bus_make(cur, NULL, &add);
	if (!bus)
		return -ENOMEM;
	bus_publish(kvm, kind, bus);
	return 0;
}

void bus_remove(struct kvm *kvm, enum bus_kind kind, struct bus_dev *dev)
{
	struct bus *cur = bus_get(kvm, kind), *bus;
	unsigned int i;

	bus = bus_make(cur, dev, NULL);
	if (!bus) {
		for (i = 0; i < cur->n; i++)
			if (cur->range[i].dev == dev)
				WRITE_ONCE(cur->range[i].dev, NULL);
		bus = cur;
	} else if (!bus->n) {
		kvfree(bus);
		bus = NULL;
	}
	bus_publish(kvm, kind, bus);
}

int vm_step_buses_up(void *obj)
{
	struct kvm *kvm = obj;

	spin_lock_init(&kvm->coalesced_lock);
	return 0;
}

/* No vCPU is left. */
void vm_step_buses_down(void *obj)
{
	struct kvm *kvm = obj;
	struct bus_dev *dev;
	struct bus *bus;
	unsigned int i;
	enum bus_kind kind;

	for (kind = 0; kind < BUS_KINDS; kind++) {
		bus = rcu_dereference_protected(kvm->buses[kind], true);
		if (!bus)
			continue;
		for (i = 0; i < bus->n; i++) {
			dev = bus->range[i].dev;
			if (dev && dev->ops->destroy)
				dev->ops->destroy(dev);
		}
		kvfree(bus);
	}
	if (kvm->coalesced)
		free_page((unsigned long)kvm->coalesced);
}
