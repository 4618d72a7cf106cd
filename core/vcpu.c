// SPDX-License-Identifier: GPL-2.0-only
/* A vCPU's life: build, lock, reserve the index, publish once. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "core/arch.h"
#include "core/block.h"
#include "core/coalesced.h"
#include "core/dirty_ring.h"
#include "core/load.h"
#include "core/trace.h"
#include "core/vcpu_map.h"
#include "core/vm.h"

/* ------------------------------------------------------------------------ */
/* Load and put. */

static void vcpu_sched_in(struct preempt_notifier *pn, int cpu)
{
	struct kvm_vcpu *vcpu = container_of(pn, struct kvm_vcpu, preempt);

	RCU_INIT_POINTER(vcpu->off_cpu, NULL);
	WRITE_ONCE(vcpu->cpu, cpu);
	arch_vcpu_load(vcpu, cpu);
}

static void vcpu_sched_out(struct preempt_notifier *pn,
			   struct task_struct *next)
{
	struct kvm_vcpu *vcpu = container_of(pn, struct kvm_vcpu, preempt);

	rcu_assign_pointer(vcpu->off_cpu, current);
	arch_vcpu_put(vcpu);
}

static struct preempt_ops vcpu_preempt_ops = {
	.sched_in = vcpu_sched_in,
	.sched_out = vcpu_sched_out,
};

/* ------------------------------------------------------------------------ */
/* The descriptor. */

static long vcpu_run(struct kvm_vcpu *vcpu, unsigned long arg)
{
	long ret;

	if (arg)
		return -EINVAL;
	if (mutex_lock_killable(&vcpu->mutex))
		return -EINTR;
	ret = arch_vcpu_run(vcpu);
	if (trace_kvm_userspace_exit_enabled())
		trace_kvm_userspace_exit(vcpu->run->exit_reason, ret);
	mutex_unlock(&vcpu->mutex);
	return ret;
}

/* Every ioctl but KVM_RUN; apart from it for its larger frame. */
static noinline long vcpu_ioctl_table(struct kvm_vcpu *vcpu, unsigned int cmd,
				      unsigned long arg)
{
	const struct ioctl_desc *d;
	long ret;

	d = ioctl_find(arch_vcpu_ioctls, core_vcpu_ioctls, cmd);
	if (!d)
		return -EINVAL;
	if (mutex_lock_killable(&vcpu->mutex))
		return -EINTR;
	if (!(d->flags & IOCTL_UNLOADED)) {
		vcpu_load(vcpu);
		arch_vcpu_ioctl(vcpu);
	}
	ret = ioctl_call(d, vcpu, arg);
	if (!(d->flags & IOCTL_UNLOADED))
		vcpu_put(vcpu);
	mutex_unlock(&vcpu->mutex);
	return ret;
}

static long vcpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct kvm_vcpu *vcpu = file->private_data;

	if (vcpu->kvm->mm != current->mm)
		return -EIO;
	if (cmd == KVM_RUN)
		return vcpu_run(vcpu, arg);
	return vcpu_ioctl_table(vcpu, cmd, arg);
}

/*
 * Data of port I/O are in the run page, but there are VMMs that take the page of their own,
 * which the header promises, for granted, and write one behind where the data begin.
 * Nobody reads it, so the mapping is all that has it.
 */
static vm_fault_t port_page_fault(struct vm_fault *vmf)
{
	vmf->page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	return vmf->page ? 0 : VM_FAULT_OOM;
}

/* The pages of a vCPU's mapping are where the header says. */
static vm_fault_t vcpu_fault(struct vm_fault *vmf)
{
	struct kvm_vcpu *vcpu = vmf->vma->vm_file->private_data;
	struct page *page;

	if (vmf->pgoff == KVM_PIO_PAGE_OFFSET)
		return port_page_fault(vmf);
	if (!vmf->pgoff)
		page = virt_to_page(vcpu->run);
	else if (vmf->pgoff == KVM_COALESCED_MMIO_PAGE_OFFSET)
		page = coalesced_page(vcpu->kvm);
	else
		page = dirty_ring_page(vcpu, vmf->pgoff);
	if (!page)
		return VM_FAULT_SIGBUS;
	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct vcpu_vm_ops = {
	.fault = vcpu_fault,
};

static int vcpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &vcpu_vm_ops;
	return dirty_ring_mmap(file->private_data, vma);
}

static int vcpu_release(struct inode *inode, struct file *file)
{
	struct kvm_vcpu *vcpu = file->private_data;

	if (vcpu)
		vm_put(vcpu->kvm);
	return 0;
}

static struct file_operations vcpu_fops = {
	.release = vcpu_release,
	.unlocked_ioctl = vcpu_ioctl,
	.mmap = vcpu_mmap,
	.llseek = noop_llseek,
};

void vcpu_set_owner(struct module *owner)
{
	vcpu_fops.owner = owner;
}

/* ------------------------------------------------------------------------ */
/* Creation. */

/* kvm->lock makes index and id ours until the vCPU is published or given up. */
int vcpu_step_limits_up(void *obj)
{
	struct kvm_vcpu *vcpu = obj;
	struct kvm *kvm = vcpu->kvm;

	if (kvm->nr_vcpus >= VCPUS_MAX)
		return -EINVAL;
	if (kvm->vcpu_ids && vcpu->id >= kvm->vcpu_ids)
		return -EINVAL;
	if (vcpu_by_id(kvm, vcpu->id))
		return -EEXIST;
	vcpu->idx = kvm->nr_vcpus;
	return vcpu_map_reserve(vcpu);
}

void vcpu_step_limits_down(void *obj)
{
	vcpu_map_drop(obj);
}

int vcpu_step_run_up(void *obj)
{
	struct kvm_vcpu *vcpu = obj;

	mutex_init(&vcpu->mutex);
	preempt_notifier_init(&vcpu->preempt, &vcpu_preempt_ops);
	vcpu->cpu = -1;
	vcpu->run = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vcpu->run)
		return -ENOMEM;
	if (vcpu_halt_make(vcpu)) {
		free_page((unsigned long)vcpu->run);
		return -ENOMEM;
	}
	return 0;
}

void vcpu_step_run_down(void *obj)
{
	struct kvm_vcpu *vcpu = obj;

	if (vcpu->halt)
		kfree(vcpu->halt);
	free_page((unsigned long)vcpu->run);
}

int vcpu_step_fd_up(void *obj)
{
	struct kvm_vcpu *vcpu = obj;
	char name[8 + 1 + 10 + 1];

	snprintf(name, sizeof(name), "kvm-vcpu:%u", vcpu->id);
	return fd_reserve(&vcpu->fd, name, &vcpu_fops, vcpu, O_RDWR);
}

void vcpu_step_fd_down(void *obj)
{
	struct kvm_vcpu *vcpu = obj;

	fd_give_back(&vcpu->fd);
}

/* Nothing may fail from here on. */
int vcpu_step_publish_up(void *obj)
{
	struct kvm_vcpu *vcpu = obj;

#ifdef LAMINA_TEST
	/* As for the VM: what is published cannot be taken back. */
	if (*arch_vcpu_steps.fail == (int)arch_vcpu_steps.n - 1)
		return -EIO;
#endif
	vm_get(vcpu->kvm);
	vcpu_map_publish(vcpu);
	fd_publish(&vcpu->fd);
	return 0;
}

long vcpu_create(struct kvm *kvm, u32 id)
{
	struct kvm_vcpu *vcpu;
	long ret;

	if (id >= VCPU_IDS_MAX)
		return -EINVAL;
	vcpu = kvzalloc(arch_vcpu_size(), GFP_KERNEL_ACCOUNT);
	if (!vcpu)
		return -ENOMEM;
	vcpu->kvm = kvm;
	vcpu->id = id;
	mutex_lock(&kvm->lock);
	ret = steps_up(&arch_vcpu_steps, vcpu);
	if (!ret)
		ret = vcpu->fd.nr;
	else
		kvfree(vcpu);
	mutex_unlock(&kvm->lock);
	return ret;
}

/* Last one first; the count goes down before the vCPU does. */
void vm_step_vcpus_down(void *obj)
{
	struct kvm *kvm = obj;
	struct kvm_vcpu *vcpu;

	while (kvm->nr_vcpus) {
		vcpu = xa_load(&kvm->vcpus, kvm->nr_vcpus - 1);
		WRITE_ONCE(kvm->nr_vcpus, kvm->nr_vcpus - 1);
		steps_down(&arch_vcpu_steps, arch_vcpu_steps.n, vcpu);
		kvfree(vcpu);
	}
}
