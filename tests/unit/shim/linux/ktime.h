/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock is the test's. */
#ifndef SHIM_LINUX_KTIME_H
#define SHIM_LINUX_KTIME_H

#include <linux/types.h>

u64 ktime_get_ns(void);

#endif
