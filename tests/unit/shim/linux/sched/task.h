/* SPDX-License-Identifier: GPL-2.0-only */
/* A thread that may be waiting for a CPU; who yields to it is the test's. */
#ifndef SHIM_LINUX_SCHED_TASK_H
#define SHIM_LINUX_SCHED_TASK_H

#include <linux/kernel.h>

struct task_struct {
	int on_rq;
	int refs;
};

#define get_task_struct(t)	((void)(t)->refs++)
#define put_task_struct(t)	(shim_assert((t)->refs > 0), (void)(t)->refs--)

int yield_to(struct task_struct *t, bool preempt);

#endif
