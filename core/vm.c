// SPDX-License-Identifier: GPL-2.0-only
/* A VM's life: created by steps, shared by references, destroyed backward. */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "core/arch.h"
#include "core/irqfd.h"
#include "core/nx_huge.h"
#include "core/vm.h"

LIST_HEAD(vm_list);
DEFINE_MUTEX(vm_list_lock);

static int vm_release(struct inode *inode, struct file *file)
{
	struct kvm *kvm = file->private_data;

	if (kvm)
		vm_put(kvm);
	return 0;
}

static long vm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct kvm *kvm = file->private_data;
	const struct ioctl_desc *d;

	if (kvm->mm != current->mm)
		return -EIO;
	d = ioctl_find(core_vm_ioctls, arch_vm_ioctls, cmd);
	return d ? ioctl_call(d, kvm, arg) : -ENOTTY;
}

static struct file_operations vm_fops = {
	.release = vm_release,
	.unlocked_ioctl = vm_ioctl,
	.llseek = noop_llseek,
};

void vm_set_owner(struct module *owner)
{
	vm_fops.owner = owner;
}

int vm_step_mm_up(void *obj)
{
	struct kvm *kvm = obj;

	mmgrab(current->mm);
	kvm->mm = current->mm;
	return 0;
}

void vm_step_mm_down(void *obj)
{
	struct kvm *kvm = obj;

	mmdrop(kvm->mm);
}

int vm_step_locks_up(void *obj)
{
	struct kvm *kvm = obj;

	mutex_init(&kvm->lock);
	mutex_init(&kvm->slots_lock);
	xa_init_flags(&kvm->vcpus, XA_FLAGS_ACCOUNT);
	return init_srcu_struct(&kvm->srcu);
}

void vm_step_locks_down(void *obj)
{
	struct kvm *kvm = obj;

	cleanup_srcu_struct(&kvm->srcu);
	xa_destroy(&kvm->vcpus);
}

int fd_reserve(struct new_fd *fd, const char *name,
	       const struct file_operations *fops, void *obj, int flags)
{
	struct file *file;
	int nr;

	nr = get_unused_fd_flags(O_CLOEXEC);
	if (nr < 0)
		return nr;
	file = anon_inode_getfile(name, fops, obj, flags);
	if (IS_ERR(file)) {
		put_unused_fd(nr);
		return PTR_ERR(file);
	}
	*fd = (struct new_fd){ .nr = nr, .file = file };
	return 0;
}

void fd_give_back(struct new_fd *fd)
{
	if (!fd->file)
		return;
	fd->file->private_data = NULL;
	fput(fd->file);
	put_unused_fd(fd->nr);
}

void fd_publish(struct new_fd *fd)
{
	struct file *file = fd->file;

	fd->file = NULL;
	fd_install(fd->nr, file);
}

int vm_step_fd_up(void *obj)
{
	struct kvm *kvm = obj;

	return fd_reserve(&kvm->fd, "kvm-vm", &vm_fops, kvm, O_RDWR);
}

void vm_step_fd_down(void *obj)
{
	struct kvm *kvm = obj;

	fd_give_back(&kvm->fd);
}

/* Nothing may fail from here on: userspace can use the descriptor at once. */
int vm_step_publish_up(void *obj)
{
	struct kvm *kvm = obj;

#ifdef LAMINA_TEST
	/* A published VM cannot be taken back, so this step fails beforehand. */
	if (*arch_vm_steps.fail == (int)arch_vm_steps.n - 1)
		return -EIO;
#endif
	mutex_lock(&vm_list_lock);
	list_add_tail(&kvm->link, &vm_list);
	stats_vm_up(kvm);
	nx_huge_vm_up(kvm);
	mutex_unlock(&vm_list_lock);
	fd_publish(&kvm->fd);
	return 0;
}

void vm_step_publish_down(void *obj)
{
	struct kvm *kvm = obj;

	mutex_lock(&vm_list_lock);
	nx_huge_vm_down(kvm);
	stats_vm_leave(kvm);
	list_del(&kvm->link);
	mutex_unlock(&vm_list_lock);
	stats_vm_down(kvm);
	if (kvm->irqfds)
		irqfds_destroy(kvm);
	arch_irq_stop(kvm);
}

void vm_get(struct kvm *kvm)
{
	refcount_inc(&kvm->users);
}

void vm_put(struct kvm *kvm)
{
	if (!refcount_dec_and_test(&kvm->users))
		return;
	steps_down(&arch_vm_steps, arch_vm_steps.n, kvm);
	kvfree(kvm);
}

long vm_create(unsigned long type)
{
	struct kvm *kvm;
	long ret;

	if (type)
		return -EINVAL;
	kvm = kvzalloc(arch_vm_size(), GFP_KERNEL_ACCOUNT);
	if (!kvm)
		return -ENOMEM;
	/* One for the descriptor, one for us: userspace may close it at once. */
	refcount_set(&kvm->users, 2);
	ret = steps_up(&arch_vm_steps, kvm);
	if (ret) {
		kvfree(kvm);
		return ret;
	}
	ret = kvm->fd.nr;
	vm_put(kvm);
	return ret;
}
