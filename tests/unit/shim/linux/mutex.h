/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_MUTEX_H
#define SHIM_LINUX_MUTEX_H

#include <pthread.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>

struct mutex {
	pthread_mutex_t m;
};

#define DEFINE_MUTEX(n)		struct mutex n = { PTHREAD_MUTEX_INITIALIZER }
#define mutex_init(l)		((void)pthread_mutex_init(&(l)->m, NULL))

static inline void mutex_lock(struct mutex *l)
{
	might_sleep();
	shim_assert(shim_lock_find(l) < 0);
	pthread_mutex_lock(&l->m);
	shim_lock_got(l, true);
}

static inline void mutex_unlock(struct mutex *l)
{
	shim_lock_leave(l, true);
	pthread_mutex_unlock(&l->m);
}

#endif
