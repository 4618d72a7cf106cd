/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_LOCKDEP_H
#define SHIM_LINUX_LOCKDEP_H

#include "../shim_lock.h"

#define lockdep_is_held(l)		(shim_lock_find(l) >= 0)
#define lockdep_assert_held(l)		shim_assert(lockdep_is_held(l))
#define lockdep_assert_not_held(l)	shim_assert(!lockdep_is_held(l))
#define lockdep_assert_held_write(l)	shim_assert(shim_held_write(l))
#define lockdep_assert_held_read(l)	shim_assert(shim_held_read(l))

#endif
