/* SPDX-License-Identifier: GPL-2.0-only */
/* Create, find, reference and destroy VMs and vCPUs. */
#ifndef LAMINA_CORE_VM_H
#define LAMINA_CORE_VM_H

#include "core/kvm.h"

struct file_operations;
struct module;

/*
 * The VMs that userspace can reach, and whose vCPUs are there, from the oldest on;
 * @vm_list_lock.
 */
extern struct list_head vm_list;
extern struct mutex vm_list_lock;

/**
 * vm_create - KVM_CREATE_VM
 * @type: machine type; 0 is the only one
 *
 * Runs arch_vm_steps.
 *
 * Return: the new file descriptor; -EINVAL, -ENOMEM, -EMFILE, or what a step
 * returned, with nothing left behind.
 */
long vm_create(unsigned long type);

/** vm_get - take a reference to @kvm, which the caller has already */
void vm_get(struct kvm *kvm);

/**
 * vm_put - drop a reference; the last one destroys the VM
 * @kvm: the VM; may sleep
 */
void vm_put(struct kvm *kvm);

/**
 * vcpu_create - KVM_CREATE_VCPU
 * @kvm: the VM
 * @id: userspace's id
 *
 * Runs arch_vcpu_steps under kvm->lock.
 *
 * Return: the new file descriptor; -EINVAL for an id or a number of vCPUs over
 * the limit; -EEXIST; or what a step returned.
 */
long vcpu_create(struct kvm *kvm, u32 id);

/**
 * vcpu_get - published vCPU by index
 * @kvm: the VM
 * @i: index, from 0
 *
 * Return: the vCPU, complete, or NULL.  It lives as long as the VM.
 */
struct kvm_vcpu *vcpu_get(struct kvm *kvm, int i);

/**
 * vcpu_by_id - published vCPU by id
 * @kvm: the VM
 * @id: userspace's id
 */
struct kvm_vcpu *vcpu_by_id(struct kvm *kvm, u32 id);

/**
 * fd_reserve - a descriptor for a new object, which nobody sees yet
 * @fd: result
 * @name: of its inode
 * @fops: what it does
 * @obj: its file's private_data
 * @flags: O_RDWR or O_RDONLY
 *
 * Return: 0, -EMFILE, -ENFILE, -ENOMEM.
 */
int fd_reserve(struct new_fd *fd, const char *name,
	       const struct file_operations *fops, void *obj, int flags);

/**
 * fd_give_back - the object is not created after all; nothing if it was published
 * @fd: the descriptor
 */
void fd_give_back(struct new_fd *fd);

/**
 * fd_publish - userspace has the descriptor, and may close it at once
 * @fd: the descriptor
 */
void fd_publish(struct new_fd *fd);

/**
 * vm_set_owner - the module that open descriptors keep loaded
 * @owner: the vendor's module; it keeps kvm.ko loaded in turn
 */
void vm_set_owner(struct module *owner);

/** vcpu_set_owner - the same for vCPU descriptors */
void vcpu_set_owner(struct module *owner);

/** module_step_chardev_up - /dev/kvm appears */
int module_step_chardev_up(void *unused);
/** module_step_chardev_down - /dev/kvm goes */
void module_step_chardev_down(void *unused);

/** dev_set_owner - the same for /dev/kvm; before module_step_chardev_up() */
void dev_set_owner(struct module *owner);

/* All published vCPUs of a VM; no lock needed. */
#define vcpu_for_each(i, vcpu, kvm) \
	for ((i) = 0; ((vcpu) = vcpu_get(kvm, i)) != NULL; (i)++)

/* Creation steps of the core, in the order of use: x86/run/lifecycle.c. */
/** vm_step_mm_up - reference to userspace's address space */
int vm_step_mm_up(void *kvm);
/** vm_step_mm_down - drop it */
void vm_step_mm_down(void *kvm);
/** vm_step_locks_up - locks, SRCU, the vCPU index */
int vm_step_locks_up(void *kvm);
/** vm_step_vcpus_down - destroy the vCPUs; nobody reaches them any more */
void vm_step_vcpus_down(void *kvm);
/** vm_step_locks_down - free what they hold */
void vm_step_locks_down(void *kvm);
/** vm_step_fd_up - reserve a descriptor and its file */
int vm_step_fd_up(void *kvm);
/** vm_step_fd_down - give them back unless they were published */
void vm_step_fd_down(void *kvm);
/** vm_step_publish_up - statistics and userspace find the VM; the last step */
int vm_step_publish_up(void *kvm);
/**
 * vm_step_publish_down - nobody finds the VM any more; what reaches its vCPUs goes, but
 * for the notifier
 */
void vm_step_publish_down(void *kvm);

/** vcpu_step_limits_up - -EINVAL, -EEXIST; reserve the index; kvm->lock held */
int vcpu_step_limits_up(void *vcpu);
/** vcpu_step_limits_down - free the index */
void vcpu_step_limits_down(void *vcpu);
/** vcpu_step_run_up - what KVM_RUN needs: the mutex, the shared page, the halt's state */
int vcpu_step_run_up(void *vcpu);
/** vcpu_step_run_down - free them */
void vcpu_step_run_down(void *vcpu);
/** vcpu_step_fd_up - reserve a descriptor and its file */
int vcpu_step_fd_up(void *vcpu);
/** vcpu_step_fd_down - give them back unless they were published */
void vcpu_step_fd_down(void *vcpu);
/**
 * vcpu_step_publish_up - lookups find it, the descriptor works; the last step
 */
int vcpu_step_publish_up(void *vcpu);

#endif
