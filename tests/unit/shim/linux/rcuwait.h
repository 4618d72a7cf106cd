/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's protocol in the kernel's order.  What it stands on, current,
 * set_current_state(), schedule() and wake_up_process(), a test that sleeps supplies.
 */
#ifndef SHIM_LINUX_RCUWAIT_H
#define SHIM_LINUX_RCUWAIT_H

#include <linux/rcupdate.h>
#include <linux/sched.h>

struct rcuwait {
	struct task_struct *task;
};

#define rcuwait_init(w)		((void)((w)->task = NULL))
#define rcuwait_active(w)	(!!rcu_access_pointer((w)->task))

#define rcuwait_wake_up(w) do {						\
	struct task_struct *task_;					\
									\
	smp_mb();							\
	task_ = rcu_dereference_raw((w)->task);				\
	if (task_)							\
		wake_up_process(task_);					\
} while (0)

#define rcuwait_wait_event(w, condition, state) do {			\
	rcu_assign_pointer((w)->task, current);				\
	for (;;) {							\
		set_current_state(state);				\
		if (condition)						\
			break;						\
		if (signal_pending_state(state, current))		\
			break;						\
		schedule();						\
	}								\
	rcu_assign_pointer((w)->task, NULL);				\
	__set_current_state(TASK_RUNNING);				\
} while (0)

#endif
