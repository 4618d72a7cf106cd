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

const struct ioctl_desc *ioctl_find(const struct ioctl_desc *core,
				    const struct ioctl_desc *arch,
				    unsigned int cmd)
{
	/* A running guest has userspace call it. */
	if (arch->cmd == cmd)
		return arch;
	return table_find(core, cmd) ?: table_find(arch, cmd);
}

static long call_copied(const struct ioctl_desc *d, void *obj,
			unsigned long arg, void *data)
{
	unsigned int size = _IOC_SIZE(d->cmd);
	void __user *user = (void __user *)arg;
	bool setter = d->flags & IOCTL_SETTER;
	long ret;

	if (!setter && !(_IOC_DIR(d->cmd) & _IOC_WRITE))
		memset(data, 0, size);
	else if (copy_from_user(data, user, size))
		return -EFAULT;
	ret = d->fn(obj, data, arg);
	if (ret >= 0 && !setter && (_IOC_DIR(d->cmd) & _IOC_READ) &&
	    copy_to_user(user, data, size))
		return -EFAULT;
	return ret;
}

long ioctl_call_copied(const struct ioctl_desc *d, void *obj, unsigned long arg)
{
	u64 stack[IOCTL_STACK_BYTES / sizeof(u64)] __uninitialized;
	unsigned int size = _IOC_SIZE(d->cmd);
	void *heap;
	long ret;

	if (size <= sizeof(stack))
		return call_copied(d, obj, arg, stack);
	heap = kmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!heap)
		return -ENOMEM;
	ret = call_copied(d, obj, arg, heap);
	kfree(heap);
	return ret;
}
