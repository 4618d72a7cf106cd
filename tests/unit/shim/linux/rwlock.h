/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_RWLOCK_H
#define SHIM_LINUX_RWLOCK_H

#include <pthread.h>
#include <linux/lockdep.h>
#include <linux/sched.h>

typedef struct { pthread_rwlock_t rw; } rwlock_t;

#define __RW_LOCK_UNLOCKED(n)	{ PTHREAD_RWLOCK_INITIALIZER }
#define DEFINE_RWLOCK(n)	rwlock_t n = __RW_LOCK_UNLOCKED(n)

/* As the kernel's: a writer that waits keeps new readers out. */
static inline void rwlock_init(rwlock_t *l)
{
	pthread_rwlockattr_t a;

	pthread_rwlockattr_init(&a);
	pthread_rwlockattr_setkind_np(&a, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&l->rw, &a);
}

/* What was seen before may be different by now. */
#define SHIM_RW(name, real, is_write)					\
static inline void name##_lock(rwlock_t *l)				\
{									\
	shim_step();							\
	shim_lock_enter(l);						\
	pthread_rwlock_##real##lock(&l->rw);				\
	shim_lock_got(l, is_write);					\
}									\
static inline void name##_unlock(rwlock_t *l)				\
{									\
	shim_lock_leave(l, is_write);					\
	pthread_rwlock_unlock(&l->rw);					\
	shim_lock_left();						\
}									\
/* Only this one lock may be held, and no read section: it sleeps. */	\
static inline int cond_resched_rwlock_##name(rwlock_t *l)		\
{									\
	shim_assert(shim_self.atomic == 1 && !shim_self.rcu);		\
	shim_assert(shim_lock_find(l) == 0);				\
	shim_assert(shim_self.held[0].write == is_write);		\
	if (!need_resched())						\
		return 0;						\
	name##_unlock(l);						\
	if (shim_yield_hook)						\
		shim_yield_hook();					\
	name##_lock(l);							\
	return 1;							\
}

SHIM_RW(read, rd, false)
SHIM_RW(write, wr, true)

static inline int rwlock_needbreak(rwlock_t *l)
{
	return need_resched();
}

#endif
