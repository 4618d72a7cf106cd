/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_VMALLOC_H
#define SHIM_LINUX_VMALLOC_H

#include <linux/slab.h>

#define __vmalloc(n, gfp)	kmalloc(n, gfp)
#define vfree(p)		kfree(p)
#define vmalloc_to_page(p)	((struct page *)(p))

#endif
