/* SPDX-License-Identifier: GPL-2.0-only */
/* Up to 64 CPUs in a word. */
#ifndef SHIM_LINUX_CPUMASK_H
#define SHIM_LINUX_CPUMASK_H

#define SHIM_CPUS	4

struct cpumask {
	unsigned long bits;
};

#define cpumask_clear(m)	((void)((m)->bits = 0))
#define cpumask_set_cpu(c, m)	((void)((m)->bits |= 1ul << (c)))
#define cpumask_empty(m)	(!(m)->bits)
#define cpumask_size()		sizeof(struct cpumask)

#endif
