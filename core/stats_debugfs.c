// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs kvm/: a file for each statistic, the sum over all VMs.  Of a histogram it
 * shows the first bucket, as tools expect a number.
 *
 * There are no directories of single VMs: making them costs more than all the rest of
 * a VM's creation.  KVM_GET_STATS_FD shows the same for one VM and one vCPU.
 */
#include <linux/debugfs.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/spinlock.h>

#include "core/stats.h"
#include "core/vm.h"

/* The VMs whose vCPUs are there; @vm_list_lock. */
static LIST_HEAD(vm_list);
static DEFINE_SPINLOCK(vm_list_lock);
static struct dentry *stats_dir;

void stats_vm_enlist(struct kvm *kvm)
{
	spin_lock(&vm_list_lock);
	list_add(&kvm->link, &vm_list);
	spin_unlock(&vm_list_lock);
}

void stats_vm_delist(struct kvm *kvm)
{
	spin_lock(&vm_list_lock);
	list_del(&kvm->link);
	spin_unlock(&vm_list_lock);
}

static int sum_vms(void *desc, u64 *sum)
{
	struct kvm *kvm;

	*sum = 0;
	spin_lock(&vm_list_lock);
	list_for_each_entry(kvm, &vm_list, link)
		*sum += stat_value(desc, kvm, NULL, 0);
	spin_unlock(&vm_list_lock);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(vm_fops, sum_vms, NULL, "%llu\n");

static int sum_vcpus(void *desc, u64 *sum)
{
	struct kvm_vcpu *vcpu;
	struct kvm *kvm;
	int i;

	*sum = 0;
	spin_lock(&vm_list_lock);
	list_for_each_entry(kvm, &vm_list, link)
		vcpu_for_each(i, vcpu, kvm)
			*sum += stat_value(desc, kvm, vcpu, 0);
	spin_unlock(&vm_list_lock);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(vcpu_fops, sum_vcpus, NULL, "%llu\n");

static void stats_files(enum stat_owner owner, const struct file_operations *fops)
{
	const struct stat_desc *s;
	unsigned int n;

	for (s = stat_table(owner, &n); n; n--, s++)
		debugfs_create_file_unsafe(s->name, 0444, stats_dir, (void *)s, fops);
}

/* Whoever cannot have them goes without. */
int module_step_stats_up(void *unused)
{
	stats_dir = debugfs_create_dir("kvm", NULL);
	stats_files(STAT_VM, &vm_fops);
	stats_files(STAT_VCPU, &vcpu_fops);
	return 0;
}

void module_step_stats_down(void *unused)
{
	debugfs_remove_recursive(stats_dir);
}
