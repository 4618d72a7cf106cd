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
#define SHIM_LOW_SIZE	(1ul << 20)	/* the last part of it is below */
#define SHIM_LOW	(SHIM_ARENA_SIZE - SHIM_LOW_SIZE)
#define SHIM_LOW_PHYS	0xfed00000ul

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

/* Where in the arena an address is; SHIM_ARENA_SIZE: nowhere. */
static inline unsigned long shim_arena_offset(phys_addr_t pa)
{
	if (pa - SHIM_LOW_PHYS < SHIM_LOW_SIZE)
		return SHIM_LOW + (pa - SHIM_LOW_PHYS);
	if (pa - SHIM_ARENA_PHYS < SHIM_LOW)
		return pa - SHIM_ARENA_PHYS;
	return SHIM_ARENA_SIZE;
}

static inline phys_addr_t virt_to_phys(const volatile void *p)
{
	unsigned long off = (const volatile char *)p - shim_arena();

	shim_assert(off < SHIM_ARENA_SIZE);
	return off < SHIM_LOW ? SHIM_ARENA_PHYS + off :
				SHIM_LOW_PHYS + (off - SHIM_LOW);
}

static inline void *phys_to_virt(phys_addr_t pa)
{
	shim_assert(shim_arena_offset(pa) < SHIM_ARENA_SIZE);
	return shim_arena() + shim_arena_offset(pa);
}

#define __pa(p)	virt_to_phys((void *)(p))
#define __va(pa) phys_to_virt(pa)

#endif
