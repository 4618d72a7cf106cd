/* SPDX-License-Identifier: GPL-2.0-only */
/* A parameter is a variable. */
#ifndef SHIM_LINUX_MODULEPARAM_H
#define SHIM_LINUX_MODULEPARAM_H

#include <linux/build_bug.h>

#define module_param(name, type, mode)	static_assert(sizeof(name))
#define MODULE_PARM_DESC(name, text)	static_assert(sizeof(name))

#endif
