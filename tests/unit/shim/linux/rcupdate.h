/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_RCUPDATE_H
#define SHIM_LINUX_RCUPDATE_H

#include <linux/kernel.h>
#include <linux/slab.h>
#include <asm/barrier.h>
#include "../shim_rcu.h"

#define rcu_read_lock()		(shim_rcu_enter(), (void)shim_self.rcu++)
#define rcu_read_lock_held()	(shim_self.rcu > 0)
#define rcu_read_unlock() do {						\
	shim_assert(shim_self.rcu > 0);					\
	shim_self.rcu--;						\
	shim_rcu_leave();						\
} while (0)

#define rcu_read_lock_sched()	rcu_read_lock()
#define rcu_read_unlock_sched()	rcu_read_unlock()

#define RCU_LOCKDEP_WARN(c, s)	WARN(c, s)
#define rcu_dereference_check(p, c) ({					\
	shim_assert(shim_self.rcu || (c));				\
	READ_ONCE(p);							\
})
#define rcu_dereference(p)		rcu_dereference_check(p, false)
#define rcu_dereference_raw(p)		READ_ONCE(p)
#define rcu_dereference_protected(p, c)	(shim_assert(c), (p))
#define rcu_access_pointer(p)		READ_ONCE(p)
#define rcu_assign_pointer(p, v)	smp_store_release(&(p), v)
#define RCU_INIT_POINTER(p, v)		smp_store_release(&(p), v)

static inline void call_rcu(struct rcu_head *h, void (*fn)(struct rcu_head *))
{
	h->func = fn;
	h->next = __atomic_load_n(&shim_rcu_queue, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&shim_rcu_queue, &h->next, h, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		;
}

static inline void synchronize_rcu(void)
{
	might_sleep();
	shim_rcu_run();
}

/* Callbacks may queue callbacks. */
static inline void rcu_barrier(void)
{
	do {
		synchronize_rcu();
	} while (__atomic_load_n(&shim_rcu_queue, __ATOMIC_RELAXED));
}

/* The rcu_head must be the object's first member here. */
#define kfree_rcu(p, member) do {					\
	shim_assert((void *)&(p)->member == (void *)(p));		\
	call_rcu(&(p)->member, shim_kfree_head);			\
} while (0)

#define kvfree_rcu(p, member)	kfree_rcu(p, member)

#endif
