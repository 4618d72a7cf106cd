/* SPDX-License-Identifier: GPL-2.0-only */
/* On which CPU a thread runs, and what interrupts do, is the test's. */
#ifndef SHIM_LINUX_SMP_H
#define SHIM_LINUX_SMP_H

#include <linux/types.h>

struct cpumask;

int smp_processor_id(void);
void smp_send_reschedule(int cpu);
/* Returns when all have answered. */
void smp_call_function_many(const struct cpumask *mask, void (*fn)(void *),
			    void *arg, bool wait);

#define get_cpu()	smp_processor_id()
#define put_cpu()	((void)0)

#endif
