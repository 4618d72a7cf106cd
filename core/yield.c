// SPDX-License-Identifier: GPL-2.0-only
/* Directed yield: told in yield.h. */
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "core/vm.h"
#include "core/yield.h"

/* CPUs found with nothing else to run until it is given up. */
#define YIELD_TRIES	3

/* The vCPU's thread with a reference, if it waits for a CPU. */
static struct task_struct *yield_target(struct kvm_vcpu *vcpu)
{
	struct task_struct *task;

	rcu_read_lock();
	task = rcu_dereference(vcpu->off_cpu);
	if (task && READ_ONCE(task->on_rq))
		get_task_struct(task);
	else
		task = NULL;
	rcu_read_unlock();
	return task;
}

int vcpu_yield_to(struct kvm_vcpu *vcpu)
{
	struct task_struct *task = yield_target(vcpu);
	int ret;

	if (!task)
		return 0;
	ret = yield_to(task, true);
	put_task_struct(task);
	return ret;
}

static bool yield_to_next(struct kvm_vcpu *vcpu)
{
	struct kvm *kvm = vcpu->kvm;
	int n = READ_ONCE(kvm->nr_vcpus), first = READ_ONCE(kvm->yielded_to);
	int tries = YIELD_TRIES, i, idx, ret;
	struct kvm_vcpu *other;

	for (i = 1; i <= n && tries; i++) {
		idx = (first + i) % n;
		other = vcpu_get(kvm, idx);
		if (other == vcpu || READ_ONCE(other->spinning))
			continue;
		ret = vcpu_yield_to(other);
		if (ret > 0) {
			WRITE_ONCE(kvm->yielded_to, idx);
			return true;
		}
		if (ret < 0)
			tries--;
	}
	return false;
}

bool vcpu_yield_to_other(struct kvm_vcpu *vcpu)
{
	bool yielded;

	WRITE_ONCE(vcpu->spinning, true);
	yielded = yield_to_next(vcpu);
	WRITE_ONCE(vcpu->spinning, false);
	return yielded;
}
