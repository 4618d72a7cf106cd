// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VFIO device: files of VFIO groups (6.12: of devices, too) whose devices the VM has.
 * It holds them, and tells the architecture whether some DMA does not see what is in
 * caches.  It gives no VM to VFIO: drivers that ask for one want Linux's own struct kvm.
 *
 * VFIO's functions are looked up when they are needed, so that kvm.ko loads without it.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "compat/kernel.h"
#include "core/arch.h"
#include "core/vfio.h"
#include "core/vm.h"

/**
 * struct vfio_dev - the device
 * @kvm: (c) its VM, which it keeps
 * @lock: protects what follows
 * @files: struct vfio_entry
 */
struct vfio_dev {
	struct kvm *kvm;
	struct mutex lock;
	struct list_head files;
};

/**
 * struct vfio_entry - a file that userspace has added
 * @link: in the device's list
 * @file: the file, which it keeps, and that keeps VFIO loaded
 * @coherent: DMA of its devices sees what is in caches, as the IOMMU makes sure
 */
struct vfio_entry {
	struct list_head link;
	struct file *file;
	bool coherent;
};

/* ------------------------------------------------------------------------ */
/* What VFIO says of a file. */

static bool file_is_vfios(struct file *file)
{
	typeof(&vfio_file_is_valid) is_valid = symbol_get(vfio_file_is_valid);
	bool yes;

	if (!is_valid)
		return false;
	yes = is_valid(file);
	symbol_put(vfio_file_is_valid);
	return yes;
}

static bool file_is_coherent(struct file *file)
{
	typeof(&vfio_file_enforced_coherent) is_coherent =
		symbol_get(vfio_file_enforced_coherent);
	bool yes;

	if (!is_coherent)
		return false;
	yes = is_coherent(file);
	symbol_put(vfio_file_enforced_coherent);
	return yes;
}

/* ------------------------------------------------------------------------ */
/* Files come and go; lock held. */

static struct vfio_entry *entry_find(struct vfio_dev *dev, const struct file *file)
{
	struct vfio_entry *e;

	list_for_each_entry(e, &dev->files, link)
		if (e->file == file)
			return e;
	return NULL;
}

static int coherence_changed(struct vfio_dev *dev)
{
	struct vfio_entry *e;
	bool all = true;

	list_for_each_entry(e, &dev->files, link)
		all &= e->coherent;
	return arch_dma_coherent(dev->kvm, all);
}

static void entry_drop(struct vfio_entry *e)
{
	list_del(&e->link);
	fput(e->file);
	kfree(e);
}

static long entry_add(struct vfio_dev *dev, struct file *file)
{
	struct vfio_entry *e;
	int err;

	if (!file_is_vfios(file))
		return -EINVAL;
	if (entry_find(dev, file))
		return -EEXIST;
	e = kzalloc(sizeof(*e), GFP_KERNEL_ACCOUNT);
	if (!e)
		return -ENOMEM;
	e->file = get_file(file);
	e->coherent = file_is_coherent(file);
	list_add_tail(&e->link, &dev->files);
	err = coherence_changed(dev);
	if (err)
		entry_drop(e);
	return err;
}

static long entry_remove(struct vfio_dev *dev, const struct file *file)
{
	struct vfio_entry *e = entry_find(dev, file);

	if (!e)
		return -ENOENT;
	entry_drop(e);
	/* Fewer of them is what every processor can do. */
	coherence_changed(dev);
	return 0;
}

/* ------------------------------------------------------------------------ */
/* The descriptor. */

static bool attr_exists(const struct kvm_device_attr *attr)
{
	return attr->group == KVM_DEV_VFIO_GROUP &&
	       (attr->attr == KVM_DEV_VFIO_GROUP_ADD || attr->attr == KVM_DEV_VFIO_GROUP_DEL);
}

static long attr_set(struct vfio_dev *dev, const struct kvm_device_attr *attr)
{
	struct file *file;
	long err;
	s32 fd;

	if (!attr_exists(attr))
		return -ENXIO;
	if (get_user(fd, (s32 __user *)attr->addr))
		return -EFAULT;
	file = fget(fd);
	if (!file)
		return -EBADF;
	mutex_lock(&dev->lock);
	err = attr->attr == KVM_DEV_VFIO_GROUP_ADD ? entry_add(dev, file) :
						    entry_remove(dev, file);
	mutex_unlock(&dev->lock);
	fput(file);
	return err;
}

static long vm_device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vfio_dev *dev = file->private_data;
	struct kvm_device_attr attr;

	if (dev->kvm->mm != current->mm)
		return -EIO;
	if (cmd != KVM_SET_DEVICE_ATTR && cmd != KVM_GET_DEVICE_ATTR &&
	    cmd != KVM_HAS_DEVICE_ATTR)
		return -ENOTTY;
	if (copy_from_user(&attr, (void __user *)arg, sizeof(attr)))
		return -EFAULT;
	if (cmd == KVM_GET_DEVICE_ATTR)
		return -EPERM;
	if (cmd == KVM_HAS_DEVICE_ATTR)
		return attr_exists(&attr) ? 0 : -ENXIO;
	return attr_set(dev, &attr);
}

static int vm_device_release(struct inode *inode, struct file *file)
{
	struct vfio_dev *dev = file->private_data;
	struct vfio_entry *e, *next;
	struct kvm *kvm = dev->kvm;

	list_for_each_entry_safe(e, next, &dev->files, link)
		entry_drop(e);
	coherence_changed(dev);
	/* Under no lock of the VM's, whose holders may wait for userspace: docs/locking.md. */
	smp_store_release(&kvm->vfio, NULL);
	kfree(dev);
	vm_put(kvm);
	return 0;
}

static struct file_operations vm_device_fops = {
	.release = vm_device_release,
	.unlocked_ioctl = vm_device_ioctl,
	.llseek = noop_llseek,
};

void vm_device_set_owner(struct module *owner)
{
	vm_device_fops.owner = owner;
}

/* ------------------------------------------------------------------------ */
/* Creation. */

static int vfio_create(struct kvm *kvm, struct new_fd *fd)
{
	struct vfio_dev *dev;
	int err;

	dev = kzalloc(sizeof(*dev), GFP_KERNEL_ACCOUNT);
	if (!dev)
		return -ENOMEM;
	dev->kvm = kvm;
	mutex_init(&dev->lock);
	INIT_LIST_HEAD(&dev->files);
	/* Pairs with the release in vm_device_release(): the one before is over. */
	if (cmpxchg(&kvm->vfio, NULL, dev)) {
		kfree(dev);
		return -EBUSY;
	}
	err = fd_reserve(fd, "kvm-vfio", &vm_device_fops, dev, O_RDWR);
	if (err) {
		smp_store_release(&kvm->vfio, NULL);
		kfree(dev);
		return err;
	}
	vm_get(kvm);
	return 0;
}

int vm_device_create(struct kvm *kvm, struct kvm_create_device *args)
{
	struct new_fd fd;
	int err;

	if (args->type != KVM_DEV_TYPE_VFIO)
		return -ENODEV;
	if (args->flags & KVM_CREATE_DEVICE_TEST)
		return 0;
	err = vfio_create(kvm, &fd);
	if (err)
		return err;
	args->fd = fd.nr;
	fd_publish(&fd);
	return 0;
}
