/* SPDX-License-Identifier: GPL-2.0-only */
/* Wait queues with functions; whoever runs one holds the queue's lock. */
#ifndef SHIM_LINUX_WAIT_H
#define SHIM_LINUX_WAIT_H

#include <sys/epoll.h>
#include <linux/kernel.h>

typedef struct wait_queue_entry wait_queue_entry_t;
typedef int (*wait_queue_func_t)(wait_queue_entry_t *wait, unsigned int mode,
				 int flags, void *key);

struct wait_queue_entry {
	wait_queue_func_t func;
	wait_queue_entry_t *next;
	bool queued;
};

/* @locked: by this thread, which is the only one. */
typedef struct {
	wait_queue_entry_t *first;
	bool locked;
} wait_queue_head_t;

#define init_waitqueue_head(q)	(*(q) = (wait_queue_head_t){ 0 })
#define wake_up(q)		((void)(q))

/* Whoever waits calls the test, which lets others go on. */
SHIM_WEAK void (*shim_wait_round)(void);

#define wait_event_cmd(q, cond, cmd1, cmd2) do {			\
	while (!(cond)) {						\
		cmd1;							\
		shim_wait_round();					\
		cmd2;							\
	}								\
} while (0)

#define init_waitqueue_func_entry(w, fn) ((void)((w)->func = (fn)))

/* A spinning lock with interrupts off. */
static inline void shim_wait_lock(wait_queue_head_t *q)
{
	shim_assert(!q->locked);
	q->locked = true;
	shim_self.atomic++;
}

static inline void shim_wait_unlock(wait_queue_head_t *q)
{
	q->locked = false;
	shim_self.atomic--;
}

/* A function may not take its entry off; the first one that takes it ends the round. */
static inline void shim_wake(wait_queue_head_t *q, unsigned long events)
{
	for (wait_queue_entry_t *w = q->first; w; w = w->next)
		if (w->func(w, 0, 0, (void *)events))
			break;
}

static inline void shim_wait_del(wait_queue_head_t *q, wait_queue_entry_t *wait)
{
	wait_queue_entry_t **w = &q->first;

	shim_assert(q->locked);
	while (*w && *w != wait)
		w = &(*w)->next;
	shim_assert(*w == wait && wait->queued);
	*w = wait->next;
	wait->queued = false;
}

static inline void add_wait_queue_priority(wait_queue_head_t *q, wait_queue_entry_t *wait)
{
	shim_wait_lock(q);
	wait->next = q->first;
	q->first = wait;
	wait->queued = true;
	shim_wait_unlock(q);
}

#endif
