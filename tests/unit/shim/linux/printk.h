/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_PRINTK_H
#define SHIM_LINUX_PRINTK_H

#include <stdio.h>

#define printk(...)			((void)fprintf(stderr, __VA_ARGS__))
#define pr_err(...)			printk(__VA_ARGS__)
#define pr_warn(...)			printk(__VA_ARGS__)
#define pr_info(...)			printk(__VA_ARGS__)
#define pr_err_ratelimited(...)		printk(__VA_ARGS__)
#define pr_warn_ratelimited(...)	printk(__VA_ARGS__)
#define pr_err_once(...)		printk(__VA_ARGS__)
#define pr_warn_once(...)		printk(__VA_ARGS__)
#define pr_debug(...)			((void)0)

#endif
