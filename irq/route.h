/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GSI to where it leads: pins of PIC and IOAPIC, a message, or a source of Hyper-V's SynIC.
 *
 * A table is built off-line, published once under irq_vm.lock, and freed after a grace
 * period of RCU; the last one is from kvmalloc(), for irq_vm_destroy().
 */
#ifndef LAMINA_IRQ_ROUTE_H
#define LAMINA_IRQ_ROUTE_H

#include "irq/types.h"

struct irq_vm;

enum irq_route_kind {
	IRQ_ROUTE_PIC,
	IRQ_ROUTE_IOAPIC,
	IRQ_ROUTE_MSI,
	IRQ_ROUTE_SINT,
};

/* A GSI may lead to a pin of each PIC and one of the IOAPIC; or to one of the rest. */
#define IRQ_GSI_MAX		4096

/**
 * struct irq_msi - a message as a device writes it
 * @address: SDM vol. 3, 11.11.1, but that bits 31:20 do not count: QEMU leaves them out
 *	(KVM_SIGNAL_MSI, when a device writes to the page); the upper half has bits 31:8
 *	of an extended destination where irq_vm.ids_32bit is set, and its bits 7:0 must be
 *	0 then; else it does not count (api.rst 4.52, KVM_SET_GSI_ROUTING)
 * @data: 11.11.2
 */
struct irq_msi {
	u64 address;
	u32 data;
};

/**
 * struct irq_route - where a GSI leads
 * @gsi: below IRQ_GSI_MAX
 * @kind: enum irq_route_kind
 * @pin: of the PICs (0 to 15) or the IOAPIC; IRQ_ROUTE_SINT: the source, 0 to 15
 * @vcpu: IRQ_ROUTE_SINT: the virtual processor, by its index
 * @msi: IRQ_ROUTE_MSI
 */
struct irq_route {
	u32 gsi;
	u8 kind;
	u8 pin;
	u32 vcpu;
	struct irq_msi msi;
};

/**
 * irq_routes_set - replace the table
 * @vm: the VM; its lock is held, may sleep
 * @route: routes
 * @n: how many
 *
 * Return: 0; -EINVAL: out of range, a second route to one chip or beside a message or a
 * source for a GSI, a pin of a controller that is not there, a message with bits 39:32 of its
 * address where these must be 0 (@address); -ENOMEM.  Nothing has changed then.
 */
int irq_routes_set(struct irq_vm *vm, const struct irq_route *route,
		   unsigned int n);

/** irq_routes_drop - there is no table any more; the VM's lock is held */
void irq_routes_drop(struct irq_vm *vm);

/** irq_routes_bytes - how large the table is; under no lock */
size_t irq_routes_bytes(const struct irq_vm *vm);

/**
 * irq_level_routed - has a GSI a message that is level-triggered, with this vector?
 * @vm: the VM
 * @gsis: GSIs below this one are asked
 * @vector: of an interrupt that has ended
 */
bool irq_level_routed(struct irq_vm *vm, u32 gsis, u8 vector);

/**
 * irq_routes_default - what KVM_CREATE_IRQCHIP sets up: GSI n to pin n
 * @vm: the VM; its lock is held, may sleep
 *
 * GSIs 0 to 15 to both controllers, 16 to 23 to the IOAPIC.  (That the ACPI tables name
 * GSI 2 for the PIT is userspace's affair: it sets routes of its own.)
 *
 * Return: 0, or -ENOMEM.
 */
int irq_routes_default(struct irq_vm *vm);

/**
 * irq_line - a source drives a GSI
 * @vm: the VM
 * @gsi: the GSI
 * @source: who
 * @level: high or low; a message goes out when it is high
 *
 * Any context.
 *
 * Return: the sum of what those say whom it leads to; IRQ_REFUSED where none took it, or
 * it leads nowhere.
 */
int irq_line(struct irq_vm *vm, u32 gsi, enum irq_source source, bool level);

/** irq_pulse - irq_line(), high and low; returns what it does when it is high */
int irq_pulse(struct irq_vm *vm, u32 gsi, enum irq_source source);

/**
 * irq_msi - send a message as a device would
 * @vm: the VM
 * @msi: the message
 *
 * Any context.
 *
 * Return: as irq_deliver(); IRQ_REFUSED: as irq_msi_decode().
 */
int irq_msi(struct irq_vm *vm, const struct irq_msi *msi);

/**
 * irq_msi_decode - the message in the controllers' words
 * @vm: the VM
 * @msi: the message
 * @msg: result
 *
 * Bit 14 of the data does not count: an I/O APIC in userspace may send a level without
 * it, and a level that is not asserted is no interrupt's message since the P6.  Delivery
 * mode 110, which a device has no use for, is userspace's start-up IPI.
 *
 * Return: false: bits 39:32 of an address that must be 0, or the reserved delivery mode
 * 011.
 */
bool irq_msi_decode(const struct irq_vm *vm, const struct irq_msi *msi,
		    struct irq_msg *msg);

/**
 * irq_gsi_of_pin - the GSI that leads to a pin
 * @vm: the VM; any context
 * @ioapic: an IOAPIC's pin, else one of the PICs'
 * @pin: the pin
 *
 * Return: the GSI, the lowest where several lead there; -1: none.
 */
int irq_gsi_of_pin(struct irq_vm *vm, bool ioapic, unsigned int pin);

/**
 * irq_gsi_of_sint - the GSI that leads to a source of Hyper-V's SynIC
 * @vm: the VM; any context
 * @vcpu: the virtual processor's index
 * @sint: the source
 *
 * Return: the GSI, the lowest where several lead there; -1: none.
 */
int irq_gsi_of_sint(struct irq_vm *vm, u32 vcpu, u8 sint);

#endif
