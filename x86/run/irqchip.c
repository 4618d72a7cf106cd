// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "core/arch.h"
#include "core/trace.h"
#include "core/vm.h"
#include "irq/ioapic.h"
#include "irq/lapic.h"
#include "irq/pic.h"
#include "irq/pit.h"
#include "irq/route.h"
#include "x86/run/apic_access.h"
#include "x86/run/irqchip.h"
#include "x86/vcpu/vendor.h"

static bool vector_hashing = true;
module_param(vector_hashing, bool, 0444);
MODULE_PARM_DESC(vector_hashing,
		 "lowest priority: the vCPU that the vector hashes to, not the least busy one");

/* The library's states are userspace's structures. */
static_assert(sizeof(struct ioapic_state) == sizeof(struct kvm_ioapic_state));
static_assert(offsetof(struct ioapic_state, entry) ==
	      offsetof(struct kvm_ioapic_state, redirtbl));
static_assert(sizeof(struct pic_state) == sizeof(struct kvm_pic_state));
static_assert(offsetof(struct pic_state, elcr_mask) ==
	      offsetof(struct kvm_pic_state, elcr_mask));

static enum irq_chips irqchip_kind(const struct x86_vm *vm)
{
	return smp_load_acquire(&vm->irq.chips);
}

static void ioapic_delay_over(struct work_struct *work)
{
	struct irqchip *chip = container_of(to_delayed_work(work),
					    struct irqchip, ioapic_work);

	ioapic_delayed(chip->irq->ioapic);
}

static enum hrtimer_restart pit_timer_expired(struct hrtimer *timer)
{
	struct irqchip *chip = container_of(timer, struct irqchip, pit_timer);

	pit_expired(chip->irq->pit);
	return HRTIMER_NORESTART;
}

/* ------------------------------------------------------------------------ */
/* Life. */

int vm_step_irqchip_up(void *obj)
{
	struct irq_vm *irq = &to_x86_vm(obj)->irq;

	irq_vm_init(irq);
	irq->by_priority = !vector_hashing;
	return 0;
}

void vm_step_irqchip_down(void *obj)
{
	struct x86_vm *vm = to_x86_vm(obj);

	if (!vm->irqchip && !rcu_access_pointer(vm->irq.routes))
		return;
	irq_vm_destroy(&vm->irq);
	if (vm->irqchip)
		apic_access_free(vm->irqchip);
	kfree(vm->irqchip);
}

void arch_irq_stop(struct kvm *kvm)
{
	struct irqchip *chip = to_x86_vm(kvm)->irqchip;

	if (!chip)
		return;
	hrtimer_cancel(&chip->pit_timer);
	cancel_delayed_work_sync(&chip->ioapic_work);
}

/* kvm->lock held. */
static struct irqchip *irqchip_alloc(struct x86_vm *vm)
{
	struct irqchip *chip = kzalloc(sizeof(*chip), GFP_KERNEL_ACCOUNT);

	if (!chip)
		return NULL;
	chip->irq = &vm->irq;
	chip->bus_ns = 1;
	INIT_DELAYED_WORK(&chip->ioapic_work, ioapic_delay_over);
	hrtimer_init(&chip->pit_timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	chip->pit_timer.function = pit_timer_expired;
	return chip;
}

/* Nobody has looked into any of it but the routes: statistics do, at any time. */
static void irqchip_undo(struct x86_vm *vm)
{
	mutex_lock(&vm->irq.lock);
	irq_routes_drop(&vm->irq);
	mutex_unlock(&vm->irq.lock);
	kfree(vm->irq.ioapic);
	kfree(vm->irq.pic);
	vm->irq.ioapic = NULL;
	vm->irq.pic = NULL;
	kfree(vm->irqchip);
	vm->irqchip = NULL;
}

static long irqchip_make(struct x86_vm *vm)
{
	long err = -ENOMEM;

	vm->irqchip = irqchip_alloc(vm);
	vm->irq.pic = pic_create(&vm->irq);
	vm->irq.ioapic = ioapic_create(&vm->irq);
	if (vm->irqchip && vm->irq.pic && vm->irq.ioapic) {
		mutex_lock(&vm->irq.lock);
		err = irq_routes_default(&vm->irq);
		mutex_unlock(&vm->irq.lock);
	}
	if (!err)
		err = irqchip_devs_add(vm);
	if (err)
		irqchip_undo(vm);
	else
		/* Whoever reads it finds the rest: irqchip_kind(). */
		smp_store_release(&vm->irq.chips, IRQ_CHIPS_FULL);
	return err;
}

/* Before any vCPU, and once: a vCPU has a LAPIC from its creation, or never. */
static long irqchip_refused(const struct x86_vm *vm, long late)
{
	if (vm->irq.chips != IRQ_CHIPS_NONE)
		return -EEXIST;
	return vm->kvm.nr_vcpus ? late : 0;
}

long irqchip_ioctl_create(void *obj, void *data, unsigned long arg)
{
	struct x86_vm *vm = to_x86_vm(obj);
	long err;

	mutex_lock(&vm->kvm.lock);
	err = irqchip_refused(vm, -EINVAL);
	if (!err)
		err = irqchip_make(vm);
	mutex_unlock(&vm->kvm.lock);
	return err;
}

long irqchip_split(struct x86_vm *vm, const struct kvm_enable_cap *cap)
{
	u64 pins = cap->args[0];
	long err;

	if (pins > IRQ_GSI_MAX)
		return -EINVAL;
	mutex_lock(&vm->kvm.lock);
	err = irqchip_refused(vm, -EEXIST);
	if (!err) {
		vm->irqchip = irqchip_alloc(vm);
		err = vm->irqchip ? 0 : -ENOMEM;
	}
	if (!err) {
		vm->irqchip->user_pins = pins;
		smp_store_release(&vm->irq.chips, IRQ_CHIPS_SPLIT);
	}
	mutex_unlock(&vm->kvm.lock);
	return err;
}

long irqchip_x2apic_api(struct x86_vm *vm, const struct kvm_enable_cap *cap)
{
	u64 flags = cap->args[0];

	if (flags & ~(u64)(KVM_X2APIC_API_USE_32BIT_IDS |
			   KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK))
		return -EINVAL;
	mutex_lock(&vm->irq.lock);
	if (flags & KVM_X2APIC_API_USE_32BIT_IDS)
		WRITE_ONCE(vm->irq.ids_32bit, true);
	if (flags & KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK)
		WRITE_ONCE(vm->irq.no_x2apic_quirk, true);
	mutex_unlock(&vm->irq.lock);
	return 0;
}

long irqchip_bus_cycle(struct x86_vm *vm, const struct kvm_enable_cap *cap)
{
	u64 ns = cap->args[0];
	long err = 0;

	if (!ns || ns > LAPIC_BUS_NS_MAX)
		return -EINVAL;
	mutex_lock(&vm->kvm.lock);
	if (vm->irq.chips == IRQ_CHIPS_NONE)
		err = -ENXIO;
	else if (vm->kvm.nr_vcpus)
		err = -EINVAL;
	else
		vm->irqchip->bus_ns = ns;
	mutex_unlock(&vm->kvm.lock);
	return err;
}

long irqchip_ioctl_boot_cpu(void *obj, void *data, unsigned long arg)
{
	struct x86_vm *vm = to_x86_vm(obj);
	long err = -EBUSY;

	mutex_lock(&vm->kvm.lock);
	if (arg >= (vm->kvm.vcpu_ids ?: VCPU_IDS_MAX)) {
		err = -EINVAL;
	} else if (!vm->kvm.nr_vcpus) {
		vm->irq.bsp_id = arg;
		err = 0;
	}
	mutex_unlock(&vm->kvm.lock);
	return err;
}

u32 arch_boot_vcpu(struct kvm *kvm)
{
	return to_x86_vm(kvm)->irq.bsp_id;
}

bool irqchip_user_waits(struct x86_vcpu *v, u8 vector)
{
	struct irq_vm *irq = &to_x86_vm(v->vcpu.kvm)->irq;

	return irq->chips == IRQ_CHIPS_SPLIT &&
	       irq_level_routed(irq, irqchip_of(irq)->user_pins, vector);
}

/* ------------------------------------------------------------------------ */
/* State. */

long irqchip_ioctl_get(void *obj, void *data, unsigned long arg)
{
	struct x86_vm *vm = to_x86_vm(obj);
	struct kvm_irqchip *c = data;

	if (irqchip_kind(vm) != IRQ_CHIPS_FULL)
		return -ENXIO;
	switch (c->chip_id) {
	case KVM_IRQCHIP_PIC_MASTER:
	case KVM_IRQCHIP_PIC_SLAVE:
		pic_save(vm->irq.pic, c->chip_id == KVM_IRQCHIP_PIC_SLAVE,
			 (struct pic_state *)&c->chip.pic);
		return 0;
	case KVM_IRQCHIP_IOAPIC:
		ioapic_save(vm->irq.ioapic,
			    (struct ioapic_state *)&c->chip.ioapic);
		return 0;
	default:
		return -EINVAL;
	}
}

long irqchip_ioctl_set(void *obj, void *data, unsigned long arg)
{
	struct x86_vm *vm = to_x86_vm(obj);
	const struct kvm_irqchip *c = data;

	if (irqchip_kind(vm) != IRQ_CHIPS_FULL)
		return -ENXIO;
	switch (c->chip_id) {
	case KVM_IRQCHIP_PIC_MASTER:
	case KVM_IRQCHIP_PIC_SLAVE:
		pic_restore(vm->irq.pic, c->chip_id == KVM_IRQCHIP_PIC_SLAVE,
			    (const struct pic_state *)&c->chip.pic);
		return 0;
	case KVM_IRQCHIP_IOAPIC:
		ioapic_restore(vm->irq.ioapic,
			       (const struct ioapic_state *)&c->chip.ioapic);
		return 0;
	default:
		return -EINVAL;
	}
}

/* ------------------------------------------------------------------------ */
/* Interrupts from userspace. */

long irqchip_ioctl_line(void *obj, void *data, unsigned long arg)
{
	struct x86_vm *vm = to_x86_vm(obj);
	struct kvm_irq_level *line = data;

	if (irqchip_kind(vm) == IRQ_CHIPS_NONE)
		return -ENXIO;
	trace_kvm_set_irq(line->irq, line->level, IRQ_SOURCE_USER);
	line->status = irq_line(&vm->irq, line->irq, IRQ_SOURCE_USER,
				line->level);
	return 0;
}

long irqchip_ioctl_msi(void *obj, void *data, unsigned long arg)
{
	const struct kvm_msi __user *m = (const void __user *)arg;
	struct x86_vm *vm = to_x86_vm(obj);
	struct irq_msi msi;
	u32 low, high, flags;
	int taken;

	if (!user_access_begin(m, sizeof(*m)))
		return -EFAULT;
	unsafe_get_user(low, &m->address_lo, fault);
	unsafe_get_user(high, &m->address_hi, fault);
	unsafe_get_user(msi.data, &m->data, fault);
	unsafe_get_user(flags, &m->flags, fault);
	user_access_end();
	msi.address = low | (u64)high << 32;
	if (irqchip_kind(vm) == IRQ_CHIPS_NONE || flags)
		return -EINVAL;
	taken = irq_msi(&vm->irq, &msi);
	/* One that is pending already is delivered with that (api.rst 4.71: 0 is blocked). */
	return taken == IRQ_REFUSED ? 0 : max(taken, 1);
fault:
	user_access_end();
	return -EFAULT;
}

void arch_irq_line(struct kvm *kvm, u32 gsi, enum irq_source source, bool level)
{
	trace_kvm_set_irq(gsi, level, source);
	irq_line(&to_x86_vm(kvm)->irq, gsi, source, level);
}

void arch_irq_pulse(struct kvm *kvm, u32 gsi)
{
	trace_kvm_set_irq(gsi, 1, IRQ_SOURCE_USER);
	irq_pulse(&to_x86_vm(kvm)->irq, gsi, IRQ_SOURCE_USER);
}

enum irq_chips arch_irq_chips(struct kvm *kvm)
{
	return irqchip_kind(to_x86_vm(kvm));
}

/* ------------------------------------------------------------------------ */
/* Routes. */

static int route_parse(const struct kvm_irq_routing_entry *e,
		       struct irq_route *r)
{
	*r = (struct irq_route){ .gsi = e->gsi };
	if (e->flags)
		return -EINVAL;
	switch (e->type) {
	case KVM_IRQ_ROUTING_IRQCHIP:
		r->kind = e->u.irqchip.irqchip == KVM_IRQCHIP_IOAPIC ?
			  IRQ_ROUTE_IOAPIC : IRQ_ROUTE_PIC;
		r->pin = min_t(u32, e->u.irqchip.pin, U8_MAX);
		if (e->u.irqchip.irqchip == KVM_IRQCHIP_PIC_SLAVE)
			r->pin += 8;
		return e->u.irqchip.irqchip > KVM_IRQCHIP_IOAPIC ||
		       (r->kind == IRQ_ROUTE_PIC && e->u.irqchip.pin > 7) ?
		       -EINVAL : 0;
	case KVM_IRQ_ROUTING_MSI:
		r->kind = IRQ_ROUTE_MSI;
		r->msi.address = e->u.msi.address_lo |
				 (u64)e->u.msi.address_hi << 32;
		r->msi.data = e->u.msi.data;
		return 0;
	case KVM_IRQ_ROUTING_HV_SINT:
		r->kind = IRQ_ROUTE_SINT;
		r->vcpu = e->u.hv_sint.vcpu;
		r->pin = min_t(u32, e->u.hv_sint.sint, U8_MAX);
		return 0;
	default:
		return -EINVAL;
	}
}

/* GSI 0, the PIT's, is told of its EOI where that matters. */
static void routes_tell(struct x86_vm *vm)
{
	unsigned int pin;

	for (pin = 0; vm->irq.ioapic && pin < IRQ_IOAPIC_PINS; pin++)
		ioapic_tell(vm->irq.ioapic, pin, READ_ONCE(vm->irq.pit) &&
			    !irq_gsi_of_pin(&vm->irq, true, pin));
}

static long routes_set(struct x86_vm *vm,
		       const struct kvm_irq_routing_entry *entry, u32 n)
{
	struct irq_route *route;
	u32 i;
	long err = 0;

	route = kvcalloc(n ?: 1, sizeof(*route), GFP_KERNEL_ACCOUNT);
	if (!route)
		return -ENOMEM;
	for (i = 0; i < n && !err; i++)
		err = route_parse(&entry[i], &route[i]);
	if (!err) {
		mutex_lock(&vm->irq.lock);
		err = irq_routes_set(&vm->irq, route, n);
		routes_tell(vm);
		mutex_unlock(&vm->irq.lock);
	}
	kvfree(route);
	return err;
}

long irqchip_ioctl_routing(void *obj, void *data, unsigned long arg)
{
	struct kvm_irq_routing __user *user = (void __user *)arg;
	struct x86_vm *vm = to_x86_vm(obj);
	struct kvm_irq_routing_entry *entry;
	struct kvm_irq_routing head;
	long err;

	if (copy_from_user(&head, user, sizeof(head)))
		return -EFAULT;
	if (irqchip_kind(vm) == IRQ_CHIPS_NONE || head.flags ||
	    head.nr > IRQ_GSI_MAX)
		return -EINVAL;
	entry = vmemdup_user(user->entries, array_size(head.nr, sizeof(*entry)));
	if (IS_ERR(entry))
		return PTR_ERR(entry);
	err = routes_set(vm, entry, head.nr);
	kvfree(entry);
	return err;
}

/* The PIT came: it is told of EOIs as the routes say. */
void irqchip_pit_came(struct x86_vm *vm)
{
	mutex_lock(&vm->irq.lock);
	routes_tell(vm);
	mutex_unlock(&vm->irq.lock);
}
