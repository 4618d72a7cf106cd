/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_PREEMPT_H
#define SHIM_LINUX_PREEMPT_H

#include "../shim_rcu.h"

#define preempt_disable() (shim_rcu_enter(), (void)shim_self.atomic++)
#define preempt_enable() (shim_self.atomic--, shim_rcu_leave())

struct preempt_notifier {
	void *unused;
};

/* No interrupts. */
#define in_task()	true

#endif
