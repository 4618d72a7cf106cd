/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_MUTEX_H
#define SHIM_LINUX_MUTEX_H

#include <pthread.h>
#include <linux/kernel.h>

struct mutex {
	pthread_mutex_t m;
};

#define DEFINE_MUTEX(n)		struct mutex n = { PTHREAD_MUTEX_INITIALIZER }
#define mutex_init(l)		((void)pthread_mutex_init(&(l)->m, NULL))
#define mutex_lock(l)		(might_sleep(), (void)pthread_mutex_lock(&(l)->m))
#define mutex_unlock(l)		((void)pthread_mutex_unlock(&(l)->m))

#endif
