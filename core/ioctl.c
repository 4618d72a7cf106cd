// SPDX-License-Identifier: GPL-2.0-only
/* ioctl dispatch: find, copy in, call, copy out. */
#include <linux/errno.h>
#include <linux/ioctl.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core/ioctl.h"

/* Structures up to this size are copied to the stack. */
#define IOCTL_STACK_BYTES 512

static const struct ioctl_desc *table_find(const struct ioctl_desc *d,
					   unsigned int cmd)
{
	for (; d->cmd; d++)
		if (d->cmd == cmd)
			return d;
	return NULL;
}

const struct ioctl_desc *ioctl_find(const struct ioctl_desc *first,
				    const struct ioctl_desc *second,
				    unsigned int cmd)
{
	/* A running guest has userspace call it. */
	if (second->cmd == cmd)
		return second;
	return table_find(first, cmd) ?: table_find(second, cmd);
}

static bool copies_in(const struct ioctl_desc *d)
{
	return (d->flags & IOCTL_SETTER) || (_IOC_DIR(d->cmd) & _IOC_WRITE);
}

static bool copies_out(const struct ioctl_desc *d)
{
	return !(d->flags & IOCTL_SETTER) && (_IOC_DIR(d->cmd) & _IOC_READ);
}

/* @data is zero where nothing is copied in. */
static __always_inline long call_copied(const struct ioctl_desc *d, void *obj,
					unsigned long arg, void *data)
{
	unsigned int size = _IOC_SIZE(d->cmd);
	void __user *user = (void __user *)arg;
	long ret;

	if (copies_in(d) && copy_from_user(data, user, size))
		return -EFAULT;
	ret = d->fn(obj, data, arg);
	if (ret >= 0 && copies_out(d) && copy_to_user(user, data, size))
		return -EFAULT;
	return ret;
}

long ioctl_call_copied(const struct ioctl_desc *d, void *obj, unsigned long arg)
{
	u64 stack[IOCTL_STACK_BYTES / sizeof(u64)] __uninitialized;
	unsigned int size = _IOC_SIZE(d->cmd);
	void *heap;
	long ret;

	if (size <= sizeof(stack)) {
		if (!copies_in(d))
			memset(stack, 0, size);
		return call_copied(d, obj, arg, stack);
	}
	heap = kmalloc(size, GFP_KERNEL_ACCOUNT | (copies_in(d) ? 0 : __GFP_ZERO));
	if (!heap)
		return -ENOMEM;
	ret = call_copied(d, obj, arg, heap);
	kfree(heap);
	return ret;
}
