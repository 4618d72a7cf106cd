/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_OVERFLOW_H
#define SHIM_LINUX_OVERFLOW_H

#include <linux/types.h>

#define struct_size(p, member, n)					\
	(sizeof(*(p)) + (size_t)(n) * sizeof((p)->member[0]))

#endif
