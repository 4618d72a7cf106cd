/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RCU over one readers' lock: callbacks run when nobody reads, at a moment the
 * generator picks.  A section that cannot be preempted reads as well.
 */
#ifndef SHIM_RCU_H
#define SHIM_RCU_H

#include <pthread.h>
#include <linux/types.h>
#include "shim.h"

SHIM_WEAK pthread_rwlock_t shim_rcu_lock = PTHREAD_RWLOCK_INITIALIZER;
SHIM_WEAK struct rcu_head *shim_rcu_queue;
SHIM_WEAK __thread int shim_nested;	/* above 0: playing another thread */

/* Take the queue first: what joins it later waits for the next time. */
static inline void shim_rcu_run(void)
{
	struct rcu_head *h, *next;

	shim_assert(!shim_self.reader && !shim_nested);
	h = __atomic_exchange_n(&shim_rcu_queue, NULL, __ATOMIC_ACQ_REL);
	pthread_rwlock_wrlock(&shim_rcu_lock);
	pthread_rwlock_unlock(&shim_rcu_lock);
	shim_self.atomic++;	/* callbacks run in a soft interrupt */
	for (; h; h = next) {
		next = h->next;
		h->func(h);
	}
	shim_self.atomic--;
}

static inline void shim_rcu_enter(void)
{
	if (!shim_self.reader++)
		pthread_rwlock_rdlock(&shim_rcu_lock);
}

static inline void shim_rcu_leave(void)
{
	shim_assert(shim_self.reader > 0);
	if (--shim_self.reader)
		return;
	pthread_rwlock_unlock(&shim_rcu_lock);
	if (!shim_nested && !shim_self.atomic &&
	    __atomic_load_n(&shim_rcu_queue, __ATOMIC_RELAXED) &&
	    shim_random() % 2)
		shim_rcu_run();
}

#endif
