/* SPDX-License-Identifier: GPL-2.0-only */
/* User memory is our own; shim_user_fault makes it fault. */
#ifndef SHIM_LINUX_UACCESS_H
#define SHIM_LINUX_UACCESS_H

#include <string.h>
#include <linux/kernel.h>

#define SHIM_TASK_SIZE	0x7ffffffff000ul

SHIM_WEAK bool shim_user_fault;

#define access_ok(p, n)							\
	((n) <= SHIM_TASK_SIZE && (unsigned long)(p) <= SHIM_TASK_SIZE - (n))

static inline unsigned long copy_to_user(void *to, const void *from,
					 unsigned long n)
{
	might_sleep();
	if (shim_user_fault)
		return n;
	memcpy(to, from, n);
	return 0;
}

#define copy_from_user(to, from, n)	copy_to_user(to, from, n)

static inline unsigned long clear_user(void *to, unsigned long n)
{
	might_sleep();
	if (shim_user_fault)
		return n;
	memset(to, 0, n);
	return 0;
}

#endif
