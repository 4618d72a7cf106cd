// SPDX-License-Identifier: GPL-2.0-only
/* Userspace's view of the PIT (api.rst 4.70 to 4.72, 4.84). */
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "core/vm.h"
#include "irq/pit.h"
#include "x86/run/irqchip.h"

/* The library's states are userspace's structures. */
static_assert(sizeof(struct pit_state) == sizeof(struct kvm_pit_state2));
static_assert(sizeof(struct pit_counter) ==
	      sizeof(struct kvm_pit_channel_state));
static_assert(PIT_STATE_HPET_LEGACY == KVM_PIT_FLAGS_HPET_LEGACY);
static_assert(PIT_STATE_SPEAKER == KVM_PIT_FLAGS_SPEAKER_DATA_ON);

static struct pit *pit_of(void *obj)
{
	/* Pairs with the release in pit_make(). */
	return smp_load_acquire(&to_x86_vm(obj)->irq.pit);
}

/* kvm->lock held. */
static long pit_make(struct x86_vm *vm, bool speaker)
{
	struct pit *pit;
	long err;

	if (vm->irq.pit)
		return -EEXIST;
	if (vm->irq.chips != IRQ_CHIPS_FULL)
		return -ENOENT;
	pit = pit_create(&vm->irq);
	if (!pit)
		return -ENOMEM;
	err = irqchip_pit_add(vm, speaker);
	if (err) {
		kfree(pit);
		return err;
	}
	/* Until now its ports have let accesses pass: pit_of_dev(). */
	smp_store_release(&vm->irq.pit, pit);
	irqchip_pit_came(vm);
	return 0;
}

long pit_ioctl_create(void *obj, void *data, unsigned long arg)
{
	const struct kvm_pit_config *config = data;
	struct x86_vm *vm = to_x86_vm(obj);
	long err;

	mutex_lock(&vm->kvm.lock);
	err = pit_make(vm, config->flags & KVM_PIT_SPEAKER_DUMMY);
	mutex_unlock(&vm->kvm.lock);
	return err;
}

long pit_ioctl_create_old(void *obj, void *data, unsigned long arg)
{
	struct kvm_pit_config config = { .flags = KVM_PIT_SPEAKER_DUMMY };

	return pit_ioctl_create(obj, &config, arg);
}

long pit_ioctl_get(void *obj, void *data, unsigned long arg)
{
	struct pit *pit = pit_of(obj);

	if (!pit)
		return -ENXIO;
	pit_save(pit, data);
	return 0;
}

long pit_ioctl_set(void *obj, void *data, unsigned long arg)
{
	struct pit *pit = pit_of(obj);

	if (!pit)
		return -ENXIO;
	pit_restore(pit, data);
	return 0;
}

/* The older structure is the new one without what follows the counters. */
long pit_ioctl_get_old(void *obj, void *data, unsigned long arg)
{
	struct pit_state s;
	long err = pit_ioctl_get(obj, &s, arg);

	if (!err)
		memcpy(data, s.counter, sizeof(s.counter));
	return err;
}

long pit_ioctl_set_old(void *obj, void *data, unsigned long arg)
{
	struct pit_state s = { };

	memcpy(s.counter, data, sizeof(s.counter));
	return pit_ioctl_set(obj, &s, arg);
}

long pit_ioctl_reinject(void *obj, void *data, unsigned long arg)
{
	struct kvm_reinject_control control;
	struct pit *pit = pit_of(obj);

	if (copy_from_user(&control, (void __user *)arg, sizeof(control)))
		return -EFAULT;
	if (!pit)
		return -ENXIO;
	pit_reinject_set(pit, control.pit_reinject);
	return 0;
}
