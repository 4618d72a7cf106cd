// SPDX-License-Identifier: GPL-2.0-only
/* ioeventfd: a guest's write to an address signals an eventfd. */
#include <linux/eventfd.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/kernel.h"
#include "core/eventfd.h"
#include "core/iobus.h"

/**
 * struct ioeventfd - an eventfd on a bus
 * @dev: its place on BUS_PIO or BUS_MMIO
 * @link: in kvm->ioeventfds
 * @ctx: (c) what is signalled
 * @kind: (c) BUS_PIO or BUS_MMIO
 * @addr: (c) address
 * @len: (c) size of the access, 0: any
 * @match: (c) only writes of @value count
 * @value: (c) the value
 */
struct ioeventfd {
	struct bus_dev dev;
	struct hlist_node link;
	struct eventfd_ctx *ctx;
	enum bus_kind kind;
	gpa_t addr;
	u32 len;
	bool match;
	u64 value;
};

/* ------------------------------------------------------------------------ */
/* Devices. */

/* Apart, because a value on the stack is guarded. */
static noinline bool ioeventfd_matches(const struct ioeventfd *e, const void *val)
{
	u64 value = 0;

	/* Little endian: the rest of @value stays 0. */
	memcpy(&value, val, e->len);
	return value == e->value;
}

static int ioeventfd_write(struct kvm_vcpu *vcpu, struct bus_dev *dev,
			   gpa_t addr, unsigned int len, const void *val)
{
	struct ioeventfd *e = container_of(dev, struct ioeventfd, dev);

	if (addr != e->addr || (e->len && len != e->len) ||
	    (e->match && !ioeventfd_matches(e, val)))
		return -EOPNOTSUPP;
	eventfd_signal(e->ctx);
	return 0;
}

static void ioeventfd_free(struct ioeventfd *e)
{
	eventfd_ctx_put(e->ctx);
	kfree(e);
}

static void ioeventfd_destroy(struct bus_dev *dev)
{
	ioeventfd_free(container_of(dev, struct ioeventfd, dev));
}

static const struct bus_dev_ops ioeventfd_ops = {
	.write = ioeventfd_write,
	.destroy = ioeventfd_destroy,
};

/* ------------------------------------------------------------------------ */
/* Assign and deassign; slots_lock held. */

/* Would one write go to both? */
static bool ioeventfd_conflicts(const struct ioeventfd *a,
				const struct ioeventfd *b)
{
	return a->kind == b->kind && a->addr == b->addr &&
	       (!a->len || !b->len || a->len == b->len) &&
	       (!a->match || !b->match || a->value == b->value);
}

/* Takes over @e when 0 is returned. */
static int ioeventfd_assign(struct kvm *kvm, struct ioeventfd *e)
{
	struct ioeventfd *other;
	int err;

	hlist_for_each_entry(other, &kvm->ioeventfds, link)
		if (ioeventfd_conflicts(e, other))
			return -EEXIST;
	err = bus_add(kvm, e->kind, e->addr, e->len, &e->dev);
	if (!err)
		hlist_add_head(&e->link, &kvm->ioeventfds);
	return err;
}

static int ioeventfd_deassign(struct kvm *kvm, const struct ioeventfd *e)
{
	struct ioeventfd *other;

	hlist_for_each_entry(other, &kvm->ioeventfds, link) {
		if (other->ctx != e->ctx || other->kind != e->kind ||
		    other->addr != e->addr || other->len != e->len ||
		    other->match != e->match ||
		    (e->match && other->value != e->value))
			continue;
		bus_remove(kvm, other->kind, &other->dev);
		hlist_del(&other->link);
		ioeventfd_free(other);
		return 0;
	}
	return -ENOENT;
}

static int ioeventfd_check(const struct kvm_ioeventfd *args)
{
	bool pio = args->flags & KVM_IOEVENTFD_FLAG_PIO;
	u64 last;

	if (args->flags & ~(KVM_IOEVENTFD_FLAG_DATAMATCH |
			    KVM_IOEVENTFD_FLAG_PIO |
			    KVM_IOEVENTFD_FLAG_DEASSIGN))
		return -EINVAL;
	if (memchr_inv(args->pad, 0, sizeof(args->pad)))
		return -EINVAL;
	switch (args->len) {
	case 0:
		/* Without a length there is no value to compare. */
		if (args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH)
			return -EINVAL;
		break;
	case 1: case 2: case 4: case 8:
		break;
	default:
		return -EINVAL;
	}
	last = args->addr + (args->len ? args->len - 1 : 0);
	if (last < args->addr || (pio && last > U16_MAX))
		return -EINVAL;
	return 0;
}

int ioeventfd_set(struct kvm *kvm, const struct kvm_ioeventfd *args)
{
	bool deassign = args->flags & KVM_IOEVENTFD_FLAG_DEASSIGN;
	struct ioeventfd *e;
	int err;

	err = ioeventfd_check(args);
	if (err)
		return err;
	e = kzalloc(sizeof(*e), GFP_KERNEL_ACCOUNT);
	if (!e)
		return -ENOMEM;
	e->ctx = eventfd_ctx_fdget(args->fd);
	if (IS_ERR(e->ctx)) {
		err = PTR_ERR(e->ctx);
		kfree(e);
		return err;
	}
	e->dev.ops = &ioeventfd_ops;
	e->kind = args->flags & KVM_IOEVENTFD_FLAG_PIO ? BUS_PIO : BUS_MMIO;
	e->addr = args->addr;
	e->len = args->len;
	e->match = args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH;
	e->value = args->datamatch;

	mutex_lock(&kvm->slots_lock);
	err = deassign ? ioeventfd_deassign(kvm, e) : ioeventfd_assign(kvm, e);
	mutex_unlock(&kvm->slots_lock);
	if (err || deassign)
		ioeventfd_free(e);
	return err;
}
