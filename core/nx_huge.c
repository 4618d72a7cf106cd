// SPDX-License-Identifier: GPL-2.0-only
/* The rule about large pages, and the work that recovers them: nx_huge.h. */
#include <linux/capability.h>
#include <linux/jiffies.h>
#include <linux/math.h>
#include <linux/moduleparam.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "core/nx_huge.h"
#include "core/run_state.h"
#include "core/vm.h"

#define HOUR_MS		(60u * 60 * 1000)

/* The rule; @vm_list_lock. */
static bool nx_huge;

/* The VM that the work is in; @vm_list_lock.  Who waits until it is not: */
static struct kvm *nx_busy;
static DECLARE_WAIT_QUEUE_HEAD(nx_wait);

static unsigned int nx_ratio = 60;
static unsigned int nx_period;

static void nx_work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(nx_work, nx_work_fn);

/* ------------------------------------------------------------------------ */
/* The work. */

/* In jiffies.  By default each page is met after an hour on average. */
static unsigned long nx_delay(unsigned int ratio)
{
	unsigned int ms = READ_ONCE(nx_period) ?: HOUR_MS / ratio;

	return msecs_to_jiffies(max(ms, 1u));
}

static void nx_recover(struct kvm *kvm, unsigned int ratio)
{
	int idx = srcu_read_lock(&kvm->srcu);

	mmu_nx_recover(&kvm->mmu, DIV_ROUND_UP(mmu_nx_splits(&kvm->mmu), ratio));
	srcu_read_unlock(&kvm->srcu, idx);
}

/* Return: is there more to do the next time?  In between others change the list. */
static bool nx_recover_all(unsigned int ratio)
{
	bool more = false;
	struct kvm *kvm;

	mutex_lock(&vm_list_lock);
	list_for_each_entry(kvm, &vm_list, link) {
		if (!mmu_nx_splits(&kvm->mmu))
			continue;
		nx_busy = kvm;
		mutex_unlock(&vm_list_lock);
		nx_recover(kvm, ratio);
		cond_resched();
		mutex_lock(&vm_list_lock);
		nx_busy = NULL;
		wake_up_all(&nx_wait);
		more |= mmu_nx_splits(&kvm->mmu) > 0;
	}
	mutex_unlock(&vm_list_lock);
	return more;
}

static void nx_work_fn(struct work_struct *work)
{
	unsigned int ratio = READ_ONCE(nx_ratio);

	if (ratio && nx_recover_all(ratio))
		queue_delayed_work(system_long_wq, &nx_work, nx_delay(ratio));
}

/* Whoever makes the first one sees the work pending, or queues it. */
void mmu_env_nx_split(struct mmu *mmu)
{
	unsigned int ratio = READ_ONCE(nx_ratio);

	if (ratio)
		queue_delayed_work(system_long_wq, &nx_work, nx_delay(ratio));
}

void module_step_nx_down(void *unused)
{
	cancel_delayed_work_sync(&nx_work);
}

/* ------------------------------------------------------------------------ */
/* VMs. */

void nx_huge_vm_up(struct kvm *kvm)
{
	mmu_nx_huge_set(&kvm->mmu, nx_huge);
}

void nx_huge_vm_down(struct kvm *kvm)
{
	wait_event_cmd(nx_wait, nx_busy != kvm, mutex_unlock(&vm_list_lock),
		       mutex_lock(&vm_list_lock));
}

static void nx_huge_apply(struct kvm *kvm)
{
	mmu_nx_huge_set(&kvm->mmu, nx_huge && !kvm->nx_exempt);
	request_all(kvm, REQ_TLB_FLUSH);
}

void nx_huge_set(bool on)
{
	struct kvm *kvm;

	mutex_lock(&vm_list_lock);
	nx_huge = on;
	list_for_each_entry(kvm, &vm_list, link)
		nx_huge_apply(kvm);
	mutex_unlock(&vm_list_lock);
}

int nx_huge_exempt(struct kvm *kvm)
{
	int err = -EINVAL;

	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	mutex_lock(&kvm->lock);
	if (!kvm->nr_vcpus) {
		mutex_lock(&vm_list_lock);
		kvm->nx_exempt = true;
		nx_huge_apply(kvm);
		mutex_unlock(&vm_list_lock);
		err = 0;
	}
	mutex_unlock(&kvm->lock);
	return err;
}

/* ------------------------------------------------------------------------ */
/* Parameters. */

/* The next time is a new period from now; without VMs there is none. */
static int recovery_set(const char *val, const struct kernel_param *kp)
{
	int err = param_set_uint(val, kp);
	unsigned int ratio = READ_ONCE(nx_ratio);

	if (err)
		return err;
	mutex_lock(&vm_list_lock);
	if (ratio && !list_empty(&vm_list))
		mod_delayed_work(system_long_wq, &nx_work, nx_delay(ratio));
	mutex_unlock(&vm_list_lock);
	return 0;
}

static const struct kernel_param_ops recovery_ops = {
	.set = recovery_set,
	.get = param_get_uint,
};

module_param_cb(nx_huge_pages_recovery_ratio, &recovery_ops, &nx_ratio, 0644);
MODULE_PARM_DESC(nx_huge_pages_recovery_ratio,
		 "of the large pages that fetches have split 1/Nth come back each period; 0: none");
module_param_cb(nx_huge_pages_recovery_period_ms, &recovery_ops, &nx_period, 0644);
MODULE_PARM_DESC(nx_huge_pages_recovery_period_ms,
		 "how long a period is; 0: so that each comes back after an hour");
