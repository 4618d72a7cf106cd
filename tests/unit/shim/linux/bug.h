/* SPDX-License-Identifier: GPL-2.0-only */
/* A warning is a failure: the test ends with file and line. */
#ifndef SHIM_LINUX_BUG_H
#define SHIM_LINUX_BUG_H

#include "../shim.h"
#include <linux/build_bug.h>

#define WARN(c, fmt, ...) ({						\
	bool warn_c_ = !!(c);						\
	if (warn_c_)							\
		shim_die("WARN(%s) " fmt, #c, ##__VA_ARGS__);		\
	warn_c_;							\
})
#define WARN_ON(c)		WARN(c, "%s", "")
#define WARN_ON_ONCE(c)		WARN_ON(c)
#define WARN_ONCE(c, ...)	WARN(c, __VA_ARGS__)
#define BUG_ON(c)		((void)WARN_ON(c))
#define BUG()			shim_die("BUG")

#endif
