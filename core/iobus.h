/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O buses: who answers a port or an MMIO address in the kernel.
 *
 * A bus is an immutable sorted array of ranges, replaced as a whole; readers
 * are inside kvm->srcu, writers hold kvm->slots_lock.
 */
#ifndef LAMINA_CORE_IOBUS_H
#define LAMINA_CORE_IOBUS_H

#include "core/kvm.h"

struct bus_dev;

/**
 * struct bus_dev_ops - a device's side
 * @read: fill @val; 0 when taken, -EOPNOTSUPP to let the next one try; NULL: never
 * @write: take @val; 0 when taken, -EOPNOTSUPP to let the next one try
 * @destroy: the device is off the bus and no reader is left; NULL: nothing to do
 */
struct bus_dev_ops {
	int (*read)(struct kvm_vcpu *vcpu, struct bus_dev *dev, gpa_t addr,
		    unsigned int len, void *val);
	int (*write)(struct kvm_vcpu *vcpu, struct bus_dev *dev, gpa_t addr,
		     unsigned int len, const void *val);
	void (*destroy)(struct bus_dev *dev);
};

/** struct bus_dev - a device on a bus; embedded in the device's own struct */
struct bus_dev {
	const struct bus_dev_ops *ops;
};

/* Devices on one bus; each ioeventfd is one. A change copies them all: 128 KiB at most. */
#define BUS_DEVS_MAX 4096

/**
 * bus_write - offer a write to the devices of a bus
 * @vcpu: inside kvm->srcu
 * @kind: which bus
 * @addr: port or gpa
 * @len: 1, 2, 4 or 8
 * @val: the value
 *
 * Return: 0 when a device took it, -EOPNOTSUPP when none did.
 */
int bus_write(struct kvm_vcpu *vcpu, enum bus_kind kind, gpa_t addr,
	      unsigned int len, const void *val);

/**
 * bus_read - the same for a read
 * @vcpu: inside kvm->srcu
 * @kind: which bus
 * @addr: port or gpa
 * @len: 1, 2, 4 or 8
 * @val: filled when 0 is returned
 */
int bus_read(struct kvm_vcpu *vcpu, enum bus_kind kind, gpa_t addr,
	     unsigned int len, void *val);

/**
 * bus_add - put a device on a bus
 * @kvm: the VM; slots_lock held
 * @kind: which bus
 * @addr: first address
 * @len: how many; 0: exactly @addr with any access size (wildcard)
 * @dev: the device
 *
 * Return: 0, -ENOSPC when the bus is full, -ENOMEM.
 */
int bus_add(struct kvm *kvm, enum bus_kind kind, gpa_t addr, unsigned int len,
	    struct bus_dev *dev);

/**
 * bus_remove - take a device off a bus and wait for its readers
 * @kvm: the VM; slots_lock held
 * @kind: which bus
 * @dev: the device, which is on that bus; the caller may free it afterwards
 */
void bus_remove(struct kvm *kvm, enum bus_kind kind, struct bus_dev *dev);

/** vm_step_buses_up - VM step: empty buses, no memory needed */
int vm_step_buses_up(void *kvm);
/** vm_step_buses_down - VM step: destroy what is on the buses; no vCPU is left */
void vm_step_buses_down(void *kvm);

#endif
