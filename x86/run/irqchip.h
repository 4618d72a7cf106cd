/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM's interrupt controllers in the kernel: creation, their places on the buses, and
 * the ioctls for them (api.rst 4.24 to 4.28, 4.52, 4.71, 4.72).
 */
#ifndef LAMINA_X86_RUN_IRQCHIP_H
#define LAMINA_X86_RUN_IRQCHIP_H

#include <linux/hrtimer.h>
#include <linux/workqueue.h>

#include "core/iobus.h"
#include "x86/vcpu/x86.h"

/* Places on the buses. */
enum irqchip_dev {
	DEV_IOAPIC,
	DEV_PIC_PRIMARY,
	DEV_PIC_SECONDARY,
	DEV_PIC_ELCR,
	DEV_PIT,
	DEV_SPEAKER,
	IRQCHIP_DEVS
};

/**
 * struct irqchip - what a VM with controllers in the kernel has beside them
 * @irq: (c) the VM's
 * @dev: places on the buses
 * @pit_timer: the PIT's
 * @ioapic_work: the IOAPIC's delay
 * @access: page of run/apic_access.c, or NULL; @access_ready: all vCPUs know of it;
 *	@access_off: for ever
 * @bus_ns: irq_env_bus_ns(); written under kvm->lock
 * @user_pins: IRQ_CHIPS_SPLIT: GSIs below it have messages of userspace's IOAPICs
 */
struct irqchip {
	struct irq_vm *irq;
	struct bus_dev dev[IRQCHIP_DEVS];
	struct hrtimer pit_timer;
	struct delayed_work ioapic_work;
	struct page *access;
	bool access_ready;
	bool access_off;
	u16 user_pins;
	u32 bus_ns;
};

/** irqchip_of - what belongs to a VM's controllers; they are in the kernel */
static inline struct irqchip *irqchip_of(struct irq_vm *irq)
{
	return container_of(irq, struct x86_vm, irq)->irqchip;
}

/** vm_step_irqchip_up - no controllers yet */
int vm_step_irqchip_up(void *kvm);
/** vm_step_irqchip_down - free what was created; no vCPU is left */
void vm_step_irqchip_down(void *kvm);

/**
 * irqchip_user_waits - does userspace's IOAPIC wait for the EOI of a vector?
 * @v: own thread
 * @vector: the vector
 */
bool irqchip_user_waits(struct x86_vcpu *v, u8 vector);

/** irqchip_split - KVM_CAP_SPLIT_IRQCHIP: LAPICs only; -EEXIST, -EINVAL, -ENOMEM */
long irqchip_split(struct x86_vm *vm, const struct kvm_enable_cap *cap);

/** irqchip_x2apic_api - KVM_CAP_X2APIC_API (api.rst 7.12); -EINVAL */
long irqchip_x2apic_api(struct x86_vm *vm, const struct kvm_enable_cap *cap);

/**
 * irqchip_bus_cycle - KVM_CAP_X86_APIC_BUS_CYCLES_NS (api.rst 7.36): the rate of timers
 *
 * -ENXIO without LAPICs in the kernel; -EINVAL: no such rate, or there is a vCPU.
 */
long irqchip_bus_cycle(struct x86_vm *vm, const struct kvm_enable_cap *cap);

/* VM ioctls; each -ENXIO or -ENOENT where its controller is not in the kernel. */
/** irqchip_ioctl_create - KVM_CREATE_IRQCHIP; -EEXIST, -EINVAL after vCPUs, -ENOMEM */
long irqchip_ioctl_create(void *kvm, void *data, unsigned long arg);
/** irqchip_ioctl_get - KVM_GET_IRQCHIP */
long irqchip_ioctl_get(void *kvm, void *data, unsigned long arg);
/** irqchip_ioctl_set - KVM_SET_IRQCHIP */
long irqchip_ioctl_set(void *kvm, void *data, unsigned long arg);
/** irqchip_ioctl_line - KVM_IRQ_LINE, KVM_IRQ_LINE_STATUS */
long irqchip_ioctl_line(void *kvm, void *data, unsigned long arg);
/** irqchip_ioctl_msi - KVM_SIGNAL_MSI; takes userspace's pointer */
long irqchip_ioctl_msi(void *kvm, void *data, unsigned long arg);
/** irqchip_ioctl_routing - KVM_SET_GSI_ROUTING; takes userspace's pointer */
long irqchip_ioctl_routing(void *kvm, void *data, unsigned long arg);
/** irqchip_ioctl_boot_cpu - KVM_SET_BOOT_CPU_ID; -EBUSY after a vCPU */
long irqchip_ioctl_boot_cpu(void *kvm, void *data, unsigned long arg);

/* The PIT: x86/run/pit_ioctl.c. */
/** pit_ioctl_create - KVM_CREATE_PIT2; -EEXIST, -ENOENT without an irqchip, -ENOMEM */
long pit_ioctl_create(void *kvm, void *data, unsigned long arg);
/** pit_ioctl_create_old - KVM_CREATE_PIT: with the speaker */
long pit_ioctl_create_old(void *kvm, void *data, unsigned long arg);
/** pit_ioctl_get - KVM_GET_PIT2 */
long pit_ioctl_get(void *kvm, void *data, unsigned long arg);
/** pit_ioctl_set - KVM_SET_PIT2 */
long pit_ioctl_set(void *kvm, void *data, unsigned long arg);
/** pit_ioctl_get_old - KVM_GET_PIT */
long pit_ioctl_get_old(void *kvm, void *data, unsigned long arg);
/** pit_ioctl_set_old - KVM_SET_PIT */
long pit_ioctl_set_old(void *kvm, void *data, unsigned long arg);
/** pit_ioctl_reinject - KVM_REINJECT_CONTROL */
long pit_ioctl_reinject(void *kvm, void *data, unsigned long arg);

/** irqchip_pit_came - the PIT is there; kvm->lock held */
void irqchip_pit_came(struct x86_vm *vm);

/** irqchip_devs_add - the IOAPIC and the PICs on the buses */
int irqchip_devs_add(struct x86_vm *vm);
/** irqchip_pit_add - the PIT's ports */
int irqchip_pit_add(struct x86_vm *vm, bool speaker);

#endif
