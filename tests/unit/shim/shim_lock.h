/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a thread holds.  The kernel's rwlock is fair: taking it for reading
 * twice can deadlock with a writer in between, so it is refused here.
 */
#ifndef SHIM_LOCK_H
#define SHIM_LOCK_H

#include "shim_rcu.h"

static inline int shim_lock_find(const void *lock)
{
	for (int i = 0; i < shim_self.nheld; i++)
		if (shim_self.held[i].lock == lock)
			return i;
	return -1;
}

static inline bool shim_held_write(const void *lock)
{
	return shim_lock_find(lock) >= 0 &&
	       shim_self.held[shim_lock_find(lock)].write;
}

static inline bool shim_held_read(const void *lock)
{
	return shim_lock_find(lock) >= 0 && !shim_held_write(lock);
}

static inline void shim_lock_enter(const void *lock)
{
	shim_assert(shim_lock_find(lock) < 0);
	shim_assert(shim_self.nheld < SHIM_HELD);
	shim_self.atomic++;
	shim_rcu_enter();
}

static inline void shim_lock_got(const void *lock, bool write)
{
	shim_self.held[shim_self.nheld].lock = lock;
	shim_self.held[shim_self.nheld++].write = write;
}

static inline void shim_lock_leave(const void *lock, bool write)
{
	int i = shim_lock_find(lock);

	shim_assert(i >= 0 && shim_self.held[i].write == write);
	shim_self.held[i] = shim_self.held[--shim_self.nheld];
}

/* After the real unlock: callbacks may run here. */
static inline void shim_lock_left(void)
{
	shim_self.atomic--;
	shim_rcu_leave();
	if (!shim_self.atomic && shim_unlock_hook)
		shim_unlock_hook();
}

#endif
