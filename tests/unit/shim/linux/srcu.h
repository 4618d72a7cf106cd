/* SPDX-License-Identifier: GPL-2.0-only */
/* Readers are what the test plays; a wait for them calls the test. */
#ifndef SHIM_LINUX_SRCU_H
#define SHIM_LINUX_SRCU_H

#include <linux/lockdep.h>
#include <linux/rcupdate.h>

struct srcu_struct {
	int unused;
};

SHIM_WEAK void (*shim_srcu_wait)(void);

static inline void synchronize_srcu_expedited(struct srcu_struct *s)
{
	might_sleep();
	if (shim_srcu_wait)
		shim_srcu_wait();
}

#define synchronize_srcu(s)	synchronize_srcu_expedited(s)
#define srcu_dereference_check(p, s, c)	((void)(c), READ_ONCE(p))
#define srcu_dereference(p, s)	READ_ONCE(p)

#endif
