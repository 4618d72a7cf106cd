/* SPDX-License-Identifier: GPL-2.0-only */
/* Stubs that vanish: accounting, warnings, zones. */
#ifndef SHIM_LINUX_GFP_H
#define SHIM_LINUX_GFP_H

#include <linux/types.h>
#include <linux/kernel.h>
#include "../shim_alloc.h"

#define __GFP_ZERO		1u
#define __GFP_DIRECT_RECLAIM	2u
#define __GFP_ACCOUNT		0u
#define __GFP_NOWARN		0u
#define __GFP_NORETRY		0u
#define GFP_ATOMIC		0u
#define GFP_NOWAIT		0u
#define GFP_KERNEL		__GFP_DIRECT_RECLAIM
#define GFP_KERNEL_ACCOUNT	GFP_KERNEL

/* Pages by themselves, for those who include slab.h too. */
#define get_zeroed_page(gfp)	((unsigned long)kzalloc(4096, gfp))
#define free_page(addr)		kfree((void *)(addr))
#define virt_to_page(p)		((struct page *)(p))

static inline void might_alloc(gfp_t gfp)
{
	if (gfp & __GFP_DIRECT_RECLAIM)
		might_sleep();
}

#endif
