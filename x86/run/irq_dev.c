// SPDX-License-Identifier: GPL-2.0-only
/* The IOAPIC, the PICs and the PIT on the VM's buses. */
#include <linux/string.h>

#include "irq/ioapic.h"
#include "irq/pic.h"
#include "irq/pit.h"
#include "x86/run/irqchip.h"

static struct irq_vm *irq_of_dev(struct kvm_vcpu *vcpu)
{
	return &to_x86_vm(vcpu->kvm)->irq;
}

/* They belong to the irqchip, which goes after the buses. */
static void dev_destroy(struct bus_dev *dev)
{
}

/* Registers have 32 bits; wider accesses read zeroes behind them (82093AA, 3.1). */
static int ioapic_dev_read(struct kvm_vcpu *vcpu, struct bus_dev *dev,
			   gpa_t addr, unsigned int len, void *val)
{
	u32 reg = ioapic_read(irq_of_dev(vcpu)->ioapic, addr - IOAPIC_BASE);

	memset(val, 0, len);
	memcpy(val, &reg, min_t(unsigned int, len, sizeof(reg)));
	return 0;
}

static int ioapic_dev_write(struct kvm_vcpu *vcpu, struct bus_dev *dev,
			    gpa_t addr, unsigned int len, const void *val)
{
	u32 reg = 0;

	memcpy(&reg, val, min_t(unsigned int, len, sizeof(reg)));
	ioapic_write(irq_of_dev(vcpu)->ioapic, addr - IOAPIC_BASE, reg);
	return 0;
}

static const struct bus_dev_ops ioapic_dev_ops = {
	.read = ioapic_dev_read,
	.write = ioapic_dev_write,
	.destroy = dev_destroy,
};

/* Ports of 8 bits: a wider access is one to each. */
static int pic_dev_read(struct kvm_vcpu *vcpu, struct bus_dev *dev, gpa_t addr,
			unsigned int len, void *val)
{
	u8 *byte = val;
	unsigned int i;

	for (i = 0; i < len; i++)
		byte[i] = pic_read(irq_of_dev(vcpu)->pic, addr + i);
	return 0;
}

static int pic_dev_write(struct kvm_vcpu *vcpu, struct bus_dev *dev,
			 gpa_t addr, unsigned int len, const void *val)
{
	const u8 *byte = val;
	unsigned int i;

	for (i = 0; i < len; i++)
		pic_write(irq_of_dev(vcpu)->pic, addr + i, byte[i]);
	return 0;
}

static const struct bus_dev_ops pic_dev_ops = {
	.read = pic_dev_read,
	.write = pic_dev_write,
	.destroy = dev_destroy,
};

/* Pairs with the release in pit_make(). */
static struct pit *pit_of_dev(struct kvm_vcpu *vcpu)
{
	return smp_load_acquire(&irq_of_dev(vcpu)->pit);
}

static int pit_dev_read(struct kvm_vcpu *vcpu, struct bus_dev *dev, gpa_t addr,
			unsigned int len, void *val)
{
	struct pit *pit = pit_of_dev(vcpu);
	u8 *byte = val;
	unsigned int i;

	if (!pit)
		return -EOPNOTSUPP;
	for (i = 0; i < len; i++)
		byte[i] = pit_read(pit, addr + i);
	return 0;
}

static int pit_dev_write(struct kvm_vcpu *vcpu, struct bus_dev *dev,
			 gpa_t addr, unsigned int len, const void *val)
{
	struct pit *pit = pit_of_dev(vcpu);
	const u8 *byte = val;
	unsigned int i;

	if (!pit)
		return -EOPNOTSUPP;
	for (i = 0; i < len; i++)
		pit_write(pit, addr + i, byte[i]);
	return 0;
}

static const struct bus_dev_ops pit_dev_ops = {
	.read = pit_dev_read,
	.write = pit_dev_write,
	.destroy = dev_destroy,
};

static const struct dev_place {
	enum bus_kind bus;
	gpa_t addr;
	unsigned int len;
	const struct bus_dev_ops *ops;
} places[IRQCHIP_DEVS] = {
	[DEV_IOAPIC]		= { BUS_MMIO, IOAPIC_BASE, IOAPIC_SIZE, &ioapic_dev_ops },
	[DEV_PIC_PRIMARY]	= { BUS_PIO, 0x20, 2, &pic_dev_ops },
	[DEV_PIC_SECONDARY]	= { BUS_PIO, 0xa0, 2, &pic_dev_ops },
	[DEV_PIC_ELCR]		= { BUS_PIO, 0x4d0, 2, &pic_dev_ops },
	[DEV_PIT]		= { BUS_PIO, 0x40, 4, &pit_dev_ops },
	[DEV_SPEAKER]		= { BUS_PIO, 0x61, 1, &pit_dev_ops },
};

static int devs_add(struct x86_vm *vm, enum irqchip_dev first,
		    enum irqchip_dev last)
{
	struct bus_dev *dev = vm->irqchip->dev;
	int i, err = 0;

	mutex_lock(&vm->kvm.slots_lock);
	for (i = first; !err && i <= last; i++) {
		dev[i].ops = places[i].ops;
		err = bus_add(&vm->kvm, places[i].bus, places[i].addr,
			      places[i].len, &dev[i]);
	}
	for (i--; err && --i >= (int)first;)
		bus_remove(&vm->kvm, places[i].bus, &dev[i]);
	mutex_unlock(&vm->kvm.slots_lock);
	return err;
}

int irqchip_devs_add(struct x86_vm *vm)
{
	return devs_add(vm, DEV_IOAPIC, DEV_PIC_ELCR);
}

int irqchip_pit_add(struct x86_vm *vm, bool speaker)
{
	return devs_add(vm, DEV_PIT, speaker ? DEV_SPEAKER : DEV_PIT);
}
