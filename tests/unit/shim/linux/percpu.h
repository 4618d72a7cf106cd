/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_PERCPU_H
#define SHIM_LINUX_PERCPU_H

#include <linux/cpumask.h>
#include <linux/smp.h>

#define DEFINE_PER_CPU(type, name)	type name[SHIM_CPUS]
#define per_cpu(name, cpu)		((name)[cpu])
#define this_cpu_cpumask_var_ptr(name)	((name)[smp_processor_id()])

#endif
