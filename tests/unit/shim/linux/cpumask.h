/* SPDX-License-Identifier: GPL-2.0-only */
/* Up to 64 CPUs in a word. */
#ifndef SHIM_LINUX_CPUMASK_H
#define SHIM_LINUX_CPUMASK_H

#include <linux/slab.h>

#define SHIM_CPUS	4

struct cpumask {
	unsigned long bits;
};

typedef struct cpumask *cpumask_var_t;

#define cpumask_clear(m)	((void)((m)->bits = 0))
#define cpumask_set_cpu(c, m)	((void)((m)->bits |= 1ul << (c)))
#define cpumask_empty(m)	(!(m)->bits)
#define for_each_possible_cpu(c) for ((c) = 0; (c) < SHIM_CPUS; (c)++)
#define cpu_to_node(c)		0

static inline bool zalloc_cpumask_var_node(cpumask_var_t *m, gfp_t gfp, int node)
{
	*m = kzalloc(sizeof(**m), gfp);
	return *m;
}

static inline void free_cpumask_var(cpumask_var_t m)
{
	kfree(m);
}

#endif
