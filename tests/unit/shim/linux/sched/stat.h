/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether anybody else wants the CPU is the test's. */
#ifndef SHIM_LINUX_SCHED_STAT_H
#define SHIM_LINUX_SCHED_STAT_H

#include <linux/sched.h>

bool single_task_running(void);

#endif
