/* SPDX-License-Identifier: GPL-2.0-only */
/* The type, for structs that hold one. */
#ifndef SHIM_LINUX_RCUWAIT_H
#define SHIM_LINUX_RCUWAIT_H

#include <linux/rcupdate.h>

struct rcuwait {
	void *unused;
};

#endif
