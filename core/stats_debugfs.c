// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs kvm/: a file for each statistic, the sum over all VMs; and the same for each
 * VM in a directory <pid>-<fd>, the sum over its vCPUs.  Of a histogram it shows the
 * first bucket, as tools expect a number.
 *
 * To make a directory costs more than all the rest of a VM's creation, so a VM gets one
 * when it has lived for a while, by a work: nobody is charged for its memory, so only so
 * many VMs have one.  KVM_GET_STATS_FD shows the same from the beginning.
 */
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "core/stats.h"
#include "core/vm.h"

/* How long a VM lives at least until somebody may want to look at it, in ms; at most twice that. */
#define DIR_DELAY	2000

/* How many directories there are at most; each is 68 files, some 60 KiB. */
#define DIRS_MAX	1024

static struct dentry *stats_dir;

/*
 * How many there are; and the oldest VM that has not had its turn, as have none that came
 * later, or NULL.  @vm_list_lock.
 */
static unsigned int dirs_n;
static struct kvm *dirs_next;

static u64 vm_sum(const struct stat_desc *s, struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	u64 sum = 0;
	int i;

	if (s->place < AT_VCPU)
		return stat_value(s, kvm, NULL, 0);
	vcpu_for_each(i, vcpu, kvm)
		sum += stat_value(s, kvm, vcpu, 0);
	return sum;
}

/* ------------------------------------------------------------------------ */
/* All VMs. */

static int sum_vms(void *desc, u64 *sum)
{
	struct kvm *kvm;

	*sum = 0;
	mutex_lock(&vm_list_lock);
	list_for_each_entry(kvm, &vm_list, link)
		*sum += vm_sum(desc, kvm);
	mutex_unlock(&vm_list_lock);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(all_fops, sum_vms, NULL, "%llu\n");

/* ------------------------------------------------------------------------ */
/* One VM: the file has its descriptor, the directory its VM. */

static ssize_t vm_stat_read(struct file *file, char __user *buf, size_t len,
			    loff_t *pos)
{
	const struct stat_desc *s = file_inode(file)->i_private;
	const struct dentry *dir = file->f_path.dentry->d_parent;
	char text[24];
	int n;

	n = scnprintf(text, sizeof(text), "%llu\n",
		      vm_sum(s, d_inode(dir)->i_private));
	return simple_read_from_buffer(buf, len, pos, text, n);
}

/* debugfs keeps a file that is read from being removed. */
static const struct file_operations vm_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = vm_stat_read,
	.llseek = default_llseek,
};

static void stats_files(enum stat_owner owner, struct dentry *dir,
			const struct file_operations *fops)
{
	const struct stat_desc *s;
	unsigned int n;

	for (s = stat_table(owner, &n); n; n--, s++)
		debugfs_create_file(s->name, 0444, dir, (void *)s, fops);
}

/* A VM that is not gone yet may have had the same number: then this one has none, too. */
static void vm_dir_make(struct kvm *kvm)
{
	struct dentry *dir;
	char name[24];

	if (dirs_n == DIRS_MAX)
		return;
	snprintf(name, sizeof(name), "%d-%d", kvm->stats_pid, kvm->fd.nr);
	dir = debugfs_lookup(name, stats_dir);
	if (dir) {
		dput(dir);
		dir = ERR_PTR(-EEXIST);
	} else {
		dir = debugfs_create_dir(name, stats_dir);
	}
	kvm->stats_dir = dir;
	if (IS_ERR(dir))
		return;
	dirs_n++;
	d_inode(dir)->i_private = kvm;
	stats_files(STAT_VM, dir, &vm_fops);
	stats_files(STAT_VCPU, dir, &vm_fops);
}

static struct kvm *vm_after(struct kvm *kvm)
{
	return list_is_last(&kvm->link, &vm_list) ? NULL : list_next_entry(kvm, link);
}

/* Return: false: all that were due have had their turn. */
static bool vm_dir_next(void)
{
	struct kvm *kvm;
	bool due;

	mutex_lock(&vm_list_lock);
	kvm = dirs_next;
	due = kvm && kvm->stats_due;
	if (due) {
		dirs_next = vm_after(kvm);
		vm_dir_make(kvm);
	}
	mutex_unlock(&vm_list_lock);
	return due;
}

/* Return: true: there are some that came meanwhile; the next time they are due. */
static bool vm_dirs_plan(void)
{
	struct kvm *kvm;
	bool found;

	mutex_lock(&vm_list_lock);
	found = dirs_next;
	for (kvm = dirs_next; kvm; kvm = vm_after(kvm))
		kvm->stats_due = true;
	mutex_unlock(&vm_list_lock);
	return found;
}

static void dirs_make(struct work_struct *work)
{
	while (vm_dir_next())
		cond_resched();
	if (vm_dirs_plan())
		schedule_delayed_work(to_delayed_work(work), msecs_to_jiffies(DIR_DELAY));
}
static DECLARE_DELAYED_WORK(dirs_work, dirs_make);

/* If the work is on its way already, it would come too early for this one. */
void stats_vm_up(struct kvm *kvm)
{
	kvm->stats_pid = task_pid_nr(current);
	if (!dirs_next)
		dirs_next = kvm;
	kvm->stats_due = !delayed_work_pending(&dirs_work) &&
			 schedule_delayed_work(&dirs_work, msecs_to_jiffies(DIR_DELAY));
}

void stats_vm_leave(struct kvm *kvm)
{
	if (dirs_next == kvm)
		dirs_next = vm_after(kvm);
	if (!IS_ERR_OR_NULL(kvm->stats_dir))
		dirs_n--;
}

void stats_vm_down(struct kvm *kvm)
{
	if (!IS_ERR_OR_NULL(kvm->stats_dir))
		debugfs_remove(kvm->stats_dir);
}

/* Whoever cannot have them goes without. */
int module_step_stats_up(void *unused)
{
	stats_dir = debugfs_create_dir("kvm", NULL);
	stats_files(STAT_VM, stats_dir, &all_fops);
	stats_files(STAT_VCPU, stats_dir, &all_fops);
	return 0;
}

void module_step_stats_down(void *unused)
{
	cancel_delayed_work_sync(&dirs_work);
	debugfs_remove(stats_dir);
}
