/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_SPINLOCK_H
#define SHIM_LINUX_SPINLOCK_H

#include <pthread.h>
#include <linux/lockdep.h>
#include <linux/rwlock.h>

typedef struct { pthread_mutex_t m; } spinlock_t;

#define __SPIN_LOCK_UNLOCKED(n)	{ PTHREAD_MUTEX_INITIALIZER }
#define DEFINE_SPINLOCK(n)	spinlock_t n = __SPIN_LOCK_UNLOCKED(n)
#define spin_lock_init(l)	((void)pthread_mutex_init(&(l)->m, NULL))
#define assert_spin_locked(l)	lockdep_assert_held(l)

static inline void spin_lock(spinlock_t *l)
{
	shim_lock_enter(l);
	pthread_mutex_lock(&l->m);
	shim_lock_got(l, true);
}

static inline bool spin_trylock(spinlock_t *l)
{
	shim_lock_enter(l);
	if (!pthread_mutex_trylock(&l->m)) {
		shim_lock_got(l, true);
		return true;
	}
	shim_lock_left();
	return false;
}

static inline void spin_unlock(spinlock_t *l)
{
	shim_lock_leave(l, true);
	pthread_mutex_unlock(&l->m);
	shim_lock_left();
}

#define spin_lock_irq(l)		spin_lock(l)
#define spin_unlock_irq(l)		spin_unlock(l)
#define spin_lock_bh(l)			spin_lock(l)
#define spin_unlock_bh(l)		spin_unlock(l)
#define spin_lock_irqsave(l, f)		((void)((f) = 0), spin_lock(l))
#define spin_unlock_irqrestore(l, f)	((void)(f), spin_unlock(l))

#endif
