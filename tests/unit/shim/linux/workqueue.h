/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Work is pending until the test runs it, or somebody flushes the queue.  A function
 * may free its work.
 */
#ifndef SHIM_LINUX_WORKQUEUE_H
#define SHIM_LINUX_WORKQUEUE_H

#include <linux/slab.h>

struct work_struct {
	void (*fn)(struct work_struct *work);
	struct work_struct *next;
	bool pending;
};

struct workqueue_struct {
	struct work_struct *first;
};

#define WQ_CPU_INTENSIVE	1
#define WQ_MAX_ACTIVE		512

#define INIT_WORK(w, f)	((void)(*(w) = (struct work_struct){ .fn = (f) }))

static inline struct workqueue_struct *alloc_workqueue(const char *name,
						       unsigned int flags, int max)
{
	return kzalloc(sizeof(struct workqueue_struct), GFP_KERNEL);
}

/* From any context. */
static inline bool queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	if (work->pending)
		return false;
	work->pending = true;
	work->next = wq->first;
	wq->first = work;
	return true;
}

SHIM_WEAK struct workqueue_struct *shim_wq;	/* the only one */

static inline void flush_workqueue(struct workqueue_struct *wq)
{
	struct work_struct *work;

	might_sleep();
	while ((work = wq->first)) {
		wq->first = work->next;
		work->pending = false;
		work->fn(work);
	}
}

static inline bool cancel_work_sync(struct work_struct *work)
{
	struct work_struct **w;

	might_sleep();
	if (!work->pending)
		return false;
	for (w = &shim_wq->first; *w != work; w = &(*w)->next)
		shim_assert(*w);
	*w = work->next;
	work->pending = false;
	return true;
}

static inline void destroy_workqueue(struct workqueue_struct *wq)
{
	flush_workqueue(wq);
	kfree(wq);
}

#endif
