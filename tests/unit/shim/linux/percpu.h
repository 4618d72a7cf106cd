/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_PERCPU_H
#define SHIM_LINUX_PERCPU_H

#include <linux/cpumask.h>
#include <linux/slab.h>
#include <linux/smp.h>

/* An array; who has it is told by smp_processor_id(). */
#define __percpu
#define __alloc_percpu(size, align)	calloc(SHIM_CPUS, size)
#define free_percpu(p)			free(p)
#define this_cpu_ptr(p)			(&(p)[smp_processor_id()])

#endif
