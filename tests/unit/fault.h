/* SPDX-License-Identifier: GPL-2.0-only */
/* A fault as the stack has it: what mmu_fault_init() leaves alone is anything. */
#ifndef UNIT_FAULT_H
#define UNIT_FAULT_H

#include <linux/string.h>

#include "mmu/mmu.h"

/* No bool has this value: the sanitizer tells who reads one. */
static inline struct mmu_fault fault_of(u64 addr, u64 error)
{
	struct mmu_fault f;

	memset(&f, 0xa5, sizeof(f));
	mmu_fault_init(&f, addr, error);
	return f;
}

#endif
