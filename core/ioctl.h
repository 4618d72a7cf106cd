/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioctl dispatch over const tables.
 *
 * A handler never touches user memory for its argument: the dispatcher copies
 * _IOC_SIZE(cmd) bytes in (for _IOW), and out again (for _IOR) when the handler
 * returned 0 or more.  A command with a variable-length tail, or that is called for each
 * interrupt, says IOCTL_RAW and gets the user pointer itself.
 */
#ifndef LAMINA_CORE_IOCTL_H
#define LAMINA_CORE_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct kvm;

/* The handler wants the argument as it is, not a copy of what it points at. */
#define IOCTL_RAW	(1u << 0)
/* vCPU: the handler needs no loaded vCPU state, only the mutex. */
#define IOCTL_UNLOADED	(1u << 1)

/*
 * A setter whose number says _IOR, by an old mistake: the structure is copied in, and not
 * out.
 */
#define IOCTL_SETTER	(1u << 2)

/**
 * struct ioctl_desc - one ioctl
 * @cmd: full command number; 0 ends a table
 * @flags: IOCTL_*
 * @fn: handler; @obj is NULL, struct kvm or struct kvm_vcpu; @data points to the
 *      copied structure (NULL when the command has none); @arg is the argument
 */
struct ioctl_desc {
	unsigned int cmd;
	u32 flags;
	long (*fn)(void *obj, void *data, unsigned long arg);
};

extern const struct ioctl_desc core_dev_ioctls[];	/* core/ioctl_dev.c */
extern const struct ioctl_desc core_vm_ioctls[];	/* core/ioctl_vm.c */
extern const struct ioctl_desc core_vcpu_ioctls[];	/* core/ioctl_vcpu.c */

/**
 * core_check_extension - KVM_CHECK_EXTENSION on /dev/kvm and on a VM (core/ioctl_dev.c)
 * @kvm: the VM or NULL
 * @ext: KVM_CAP_*
 *
 * Return: the capability's value, 0 when it is not there.
 */
long core_check_extension(struct kvm *kvm, unsigned long ext);

/**
 * ioctl_find - look a command up in two tables
 * @first: looked through first
 * @second: then this one; but its first entry is found at once
 * @cmd: full command number
 *
 * Return: the entry or NULL.
 */
const struct ioctl_desc *ioctl_find(const struct ioctl_desc *first,
				    const struct ioctl_desc *second,
				    unsigned int cmd);

/** ioctl_call_copied - ioctl_call() where the argument is copied */
long ioctl_call_copied(const struct ioctl_desc *d, void *obj, unsigned long arg);

/**
 * ioctl_call - copy the argument in, call the handler, copy the result out
 * @d: the entry
 * @obj: handed to the handler
 * @arg: argument of the system call
 *
 * Return: what the handler returned, or -EFAULT, -ENOMEM.
 */
static inline long ioctl_call(const struct ioctl_desc *d, void *obj, unsigned long arg)
{
	if ((d->flags & IOCTL_RAW) || !_IOC_SIZE(d->cmd))
		return d->fn(obj, NULL, arg);
	return ioctl_call_copied(d, obj, arg);
}

#endif
