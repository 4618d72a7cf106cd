/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM's interrupt controllers.
 *
 *	line -> route.c -+-> pic.c -> ExtINT -> irq_env_pic_output()
 *			 |
 *			 +-> ioapic.c -+
 *			 |	       |
 *	MSI -> route.c --+-------------+-> deliver.c -> apic_map.c -> lapic_irq.c
 *				       |			  |
 *	ICR -> lapic_icr.c ------------+	   irq_env_notify() <-+
 *
 * The library knows no KVM struct and no header of x86: what it asks of the world is
 * irq_env.h.  The same files are built for the kernel and, with sanitizers, for
 * userspace.
 *
 * Locks, outermost first: irq_vm.lock (mutex); pit.lock; pic.lock; ioapic.lock.  The
 * three inner ones are spinning and taken with interrupts off, because timers and
 * eventfds bring interrupts from any context.  The way of an interrupt itself, from
 * a message to IRR, takes no lock: RCU keeps map and routes, IRR changes atomically.
 */
#ifndef LAMINA_IRQ_IRQ_H
#define LAMINA_IRQ_IRQ_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>

#include "irq/types.h"

struct apic_map;
struct ioapic;
struct irq_routes;
struct lapic;
struct pic;
struct pit;

/* Which controllers are in the kernel. */
enum irq_chips {
	IRQ_CHIPS_NONE,
	IRQ_CHIPS_SPLIT,	/* LAPICs */
	IRQ_CHIPS_FULL,		/* LAPICs, IOAPIC, PIC pair */
};

/**
 * struct irq_vm - a VM's controllers; embedded in the VM
 * @lock: everything below, for writing
 * @lapics: struct lapic by @link; read under RCU
 * @map: destination to LAPICs; NULL where there is none, or no memory was there for
 *       it: then deliver.c asks each LAPIC
 * @routes: GSI to pins and messages; NULL: none
 * @pic: IRQ_CHIPS_FULL: the pair of 8259A; (c)
 * @ioapic: IRQ_CHIPS_FULL: (c)
 * @pit: the 8254, or NULL; set once
 * @bsp_id: APIC id of the bootstrap processor
 * @chips: enum irq_chips; set once, before the first vCPU
 * @ids_32bit: messages may have 32-bit destinations; a saved LAPIC has a 32-bit id
 *	(api.rst 7.12, KVM_X2APIC_API_USE_32BIT_IDS)
 * @no_x2apic_quirk: 0xff is no broadcast for LAPICs in x2APIC mode (api.rst 7.12,
 *	KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK)
 * @by_priority: lowest priority goes to the lowest one, not by the vector's hash
 */
struct irq_vm {
	struct mutex lock;
	struct list_head lapics;
	struct apic_map __rcu *map;
	struct irq_routes __rcu *routes;
	struct pic *pic;
	struct ioapic *ioapic;
	struct pit *pit;
	u32 bsp_id;
	u8 chips;
	bool ids_32bit;
	bool no_x2apic_quirk;
	bool by_priority;
};

/** irq_vm_init - no controllers yet; allocates nothing.  @vm is zeroed */
void irq_vm_init(struct irq_vm *vm);

/**
 * irq_vm_destroy - free controllers and routes
 * @vm: the VM; no LAPIC is left, no timer runs, nobody looks at it any more
 *
 * PIC, IOAPIC and PIT are from kmalloc(), routes from kvmalloc().
 */
void irq_vm_destroy(struct irq_vm *vm);

/**
 * irq_deliver - send a message to those whom it is for
 * @vm: the VM
 * @src: the LAPIC that sends it, for shorthands; NULL: a device
 * @msg: the message
 *
 * Any context; takes no lock, allocates nothing, in constant time for all destinations
 * but broadcasts and ids that several LAPICs share.
 *
 * Lowest priority goes to one of those that are enabled, by software too: to the one
 * whose processor priority is lowest where @by_priority is set, and among equals, or
 * without it, to the one that vector and vCPU id hash to; so one vector goes to one
 * vCPU as long as the destination is the same.
 *
 * Return: the sum of what lapic_accept() says of each that took it, IRQ_REFUSED when
 * none did.
 */
int irq_deliver(struct irq_vm *vm, struct lapic *src, const struct irq_msg *msg);

#endif
