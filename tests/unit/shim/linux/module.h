/* SPDX-License-Identifier: GPL-2.0-only */
/* References are counted. */
#ifndef SHIM_LINUX_MODULE_H
#define SHIM_LINUX_MODULE_H

#include <linux/bug.h>

struct module {
	int refs;
};

static inline void __module_get(struct module *m)
{
	m->refs++;
}

static inline void module_put(struct module *m)
{
	BUG_ON(m->refs-- <= 0);
}

#endif
