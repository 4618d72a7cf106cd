// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO, as far as a VM's VFIO device asks it, for machines without an IOMMU: an open
 * /dev/vfio-fake is a group of devices whose DMA looks into caches if the file may only be
 * read, and does not if it may be written.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/vfio.h>

#include "compat/kernel.h"

static const struct file_operations fake_fops = {
	.owner = THIS_MODULE,
};

bool vfio_file_is_valid(struct file *file)
{
	return file->f_op == &fake_fops;
}
EXPORT_SYMBOL_GPL(vfio_file_is_valid);

bool vfio_file_enforced_coherent(struct file *file)
{
	return !(file->f_mode & FMODE_WRITE);
}
EXPORT_SYMBOL_GPL(vfio_file_enforced_coherent);

/* The kernel's own KVM wants it. */
void vfio_file_set_kvm(struct file *file, struct kvm *kvm)
{
}
EXPORT_SYMBOL_GPL(vfio_file_set_kvm);

static struct miscdevice fake = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vfio-fake",
	.fops = &fake_fops,
};
module_misc_device(fake);

MODULE_DESCRIPTION("Lamina's tests: groups without devices");
MODULE_LICENSE("GPL");
