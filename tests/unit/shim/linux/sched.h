/* SPDX-License-Identifier: GPL-2.0-only */
/* Yields come at points that the generator picks: 1 of shim_yield_odds. */
#ifndef SHIM_LINUX_SCHED_H
#define SHIM_LINUX_SCHED_H

#include <linux/kernel.h>

#define TASK_RUNNING		0
#define TASK_INTERRUPTIBLE	1

struct task_struct;

static inline bool need_resched(void)
{
	return shim_yield_odds && shim_random() % shim_yield_odds == 0;
}

static inline int cond_resched(void)
{
	might_sleep();
	return need_resched();
}

#define signal_pending(task)	false

/* The flags of current, one look. */
#define _TIF_NEED_RESCHED	1ul
#define _TIF_SIGPENDING		2ul
#define _TIF_NOTIFY_SIGNAL	4ul
#define _TIF_NOTIFY_RESUME	8ul
#define read_thread_flags()						\
	((need_resched() ? _TIF_NEED_RESCHED : 0) |			\
	 (signal_pending(current) ? _TIF_SIGPENDING : 0))
#define current			NULL

#endif
