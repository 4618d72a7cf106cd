/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host physical addresses of table pages: an arena of fake physical memory,
 * reserved at the start, and its index in the address.
 */
#ifndef SHIM_ASM_IO_H
#define SHIM_ASM_IO_H

#include <sys/mman.h>
#include <linux/types.h>
#include "../shim.h"

#define SHIM_ARENA_SIZE	(64ul << 20)
#define SHIM_ARENA_PHYS	0x1f40000000ul	/* above 4 GiB: high bits count */

SHIM_WEAK char *shim_arena_base;

/* Before main(), and so before any thread; once for all files. */
SHIM_WEAK __attribute__((constructor)) void shim_arena_reserve(void)
{
	if (shim_arena_base)
		return;
	shim_arena_base = mmap(NULL, SHIM_ARENA_SIZE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			       -1, 0);
	shim_assert(shim_arena_base != MAP_FAILED);
}

static inline char *shim_arena(void)
{
	return shim_arena_base;
}

static inline phys_addr_t virt_to_phys(const volatile void *p)
{
	unsigned long off = (const volatile char *)p - shim_arena();

	shim_assert(off < SHIM_ARENA_SIZE);
	return SHIM_ARENA_PHYS + off;
}

static inline void *phys_to_virt(phys_addr_t pa)
{
	shim_assert(pa - SHIM_ARENA_PHYS < SHIM_ARENA_SIZE);
	return shim_arena() + (pa - SHIM_ARENA_PHYS);
}

#define __pa(p)	virt_to_phys((void *)(p))
#define __va(pa) phys_to_virt(pa)

#endif
