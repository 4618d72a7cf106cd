// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coalesced I/O: writes to a zone go to a ring that userspace empties when it
 * likes.  The ring's page is shared with it, so nothing in it is believed.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core/coalesced.h"
#include "core/iobus.h"

/**
 * struct coalesced_zone - a coalesced range
 * @dev: its place on the bus
 * @kvm: (c) whose ring
 * @link: in kvm->coalesced_zones
 * @z: (c) what userspace said
 */
struct coalesced_zone {
	struct bus_dev dev;
	struct kvm *kvm;
	struct hlist_node link;
	struct kvm_coalesced_mmio_zone z;
};

static enum bus_kind zone_bus(const struct kvm_coalesced_mmio_zone *z)
{
	return z->pio ? BUS_PIO : BUS_MMIO;
}

static int zone_write(struct kvm_vcpu *vcpu, struct bus_dev *dev, gpa_t addr,
		      unsigned int len, const void *val)
{
	struct coalesced_zone *zone = container_of(dev, struct coalesced_zone, dev);
	/* Made before the zone was published on its bus. */
	struct kvm_coalesced_mmio_ring *ring = zone->kvm->coalesced;
	struct kvm_coalesced_mmio *slot;
	u32 last, next;
	int err = -EOPNOTSUPP;

	spin_lock(&zone->kvm->coalesced_lock);
	last = READ_ONCE(ring->last);
	next = (last + 1) % KVM_COALESCED_MMIO_MAX;
	/* Full, or userspace wrote nonsense: it gets the exit itself. */
	if (last < KVM_COALESCED_MMIO_MAX && next != READ_ONCE(ring->first)) {
		slot = &ring->coalesced_mmio[last];
		slot->phys_addr = addr;
		slot->len = len;
		slot->pio = zone->z.pio;
		memcpy(slot->data, val, min_t(u32, len, sizeof(slot->data)));
		/* The entry before the index: userspace reads them so. */
		smp_store_release(&ring->last, next);
		err = 0;
	}
	spin_unlock(&zone->kvm->coalesced_lock);
	return err;
}

static void zone_destroy(struct bus_dev *dev)
{
	kfree(container_of(dev, struct coalesced_zone, dev));
}

static const struct bus_dev_ops zone_ops = {
	.write = zone_write,
	.destroy = zone_destroy,
};

struct page *coalesced_page(struct kvm *kvm)
{
	void *ring = READ_ONCE(kvm->coalesced), *new;

	if (!ring) {
		new = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
		if (!new)
			return NULL;
		/* No lock: a page fault asks, with mmap_lock held. */
		ring = cmpxchg(&kvm->coalesced, NULL, new);
		if (ring)
			free_page((unsigned long)new);
		else
			ring = new;
	}
	return virt_to_page(ring);
}

static int zone_check(const struct kvm_coalesced_mmio_zone *z)
{
	u64 max = z->pio ? 1ull << 16 : ~0ull;

	if (z->pio > 1 || !z->size)
		return -EINVAL;
	if (z->size > max || z->addr > max - z->size)
		return -EINVAL;
	return 0;
}

static bool zones_full(struct kvm *kvm)
{
	struct coalesced_zone *zone;
	unsigned int n = 0;

	hlist_for_each_entry(zone, &kvm->coalesced_zones, link)
		n++;
	return n >= COALESCED_ZONES_MAX;
}

int coalesced_register(struct kvm *kvm,
		       const struct kvm_coalesced_mmio_zone *z)
{
	struct coalesced_zone *zone;
	int err;

	err = zone_check(z);
	if (err)
		return err;
	if (!coalesced_page(kvm))
		return -ENOMEM;
	zone = kzalloc(sizeof(*zone), GFP_KERNEL_ACCOUNT);
	if (!zone)
		return -ENOMEM;
	zone->dev.ops = &zone_ops;
	zone->kvm = kvm;
	zone->z = *z;

	mutex_lock(&kvm->slots_lock);
	err = -ENOSPC;
	if (!zones_full(kvm))
		err = bus_add(kvm, zone_bus(z), z->addr, z->size, &zone->dev);
	if (!err)
		hlist_add_head(&zone->link, &kvm->coalesced_zones);
	mutex_unlock(&kvm->slots_lock);
	if (err)
		kfree(zone);
	return err;
}

int coalesced_unregister(struct kvm *kvm,
			 const struct kvm_coalesced_mmio_zone *z)
{
	struct coalesced_zone *zone;
	struct hlist_node *next;
	int err;

	err = zone_check(z);
	if (err)
		return err;
	mutex_lock(&kvm->slots_lock);
	hlist_for_each_entry_safe(zone, next, &kvm->coalesced_zones, link) {
		if (zone->z.pio != z->pio || zone->z.addr < z->addr ||
		    zone->z.addr + zone->z.size > z->addr + z->size)
			continue;
		bus_remove(kvm, zone_bus(z), &zone->dev);
		hlist_del(&zone->link);
		kfree(zone);
	}
	mutex_unlock(&kvm->slots_lock);
	return 0;
}
