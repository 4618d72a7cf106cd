/* SPDX-License-Identifier: GPL-2.0-only */
/* What a thread has to do before it goes on in the guest. */
#ifndef LAMINA_CORE_THREAD_WORK_H
#define LAMINA_CORE_THREAD_WORK_H

#include <linux/sched.h>

/**
 * thread_has_work - has the thread to do something before it goes on in the guest?
 *
 * need_resched() and signal_pending() in one look, and what the kernel keeps for the
 * thread's return to userspace: CPU-time limits and timers, rseq, memory throttling.
 */
static inline bool thread_has_work(void)
{
	return read_thread_flags() & (_TIF_NEED_RESCHED | _TIF_SIGPENDING |
				      _TIF_NOTIFY_SIGNAL | _TIF_NOTIFY_RESUME);
}

/**
 * thread_work_do - do it, but for signals, which are the caller's
 *
 * May sleep; no SRCU is held.  A signal may come of it.
 */
void thread_work_do(void);

#endif
