/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory types by the memory-type range registers (SDM vol. 3, 12.11; APM vol. 2, 7.7).
 *
 * Nothing of the kernel is needed here, so that tests/unit can try it.
 */
#ifndef LAMINA_X86_VCPU_MEMTYPE_H
#define LAMINA_X86_VCPU_MEMTYPE_H

#include <linux/bits.h>
#include <linux/types.h>

#define MTRR_VARIABLE	8	/* ranges: a base and a mask each */

/* IA32_MTRR_DEF_TYPE: fixed ranges enabled, all enabled (SDM vol. 3, 12.11.2.1). */
#define MTRR_DEF_FIXED	BIT_ULL(10)
#define MTRR_DEF_ENABLE	BIT_ULL(11)

/* IA32_MTRR_PHYSMASKn: the range is valid (SDM vol. 3, 12.11.2.3). */
#define MTRR_MASK_VALID	BIT_ULL(11)

/**
 * struct mtrr_state - a processor's registers
 * @def: IA32_MTRR_DEF_TYPE
 * @fixed: one for pieces of 64 KiB, two for 16 KiB, eight for 4 KiB
 * @variable: IA32_MTRR_PHYSBASE and IA32_MTRR_PHYSMASK of each range
 *
 * Types are ones that exist, and no bit of an address is one that the guest has not.
 */
struct mtrr_state {
	u64 def;
	u64 fixed[11];
	u64 variable[2 * MTRR_VARIABLE];
};

/* A block that may have more than one type. */
#define MEMTYPE_MIXED	(-1)

/**
 * memtype_of - the memory type of a block of frames
 * @m: the registers
 * @gfn: first frame, a multiple of @n
 * @n: how many frames, a power of two
 *
 * A range that has a part of the block is not looked at more closely than this: does its
 * type make a difference?  So a block whose parts have the same type for different reasons
 * is mixed, too.  A single frame never is.
 *
 * Return: MTRR_TYPE_*, or MEMTYPE_MIXED.
 */
int memtype_of(const struct mtrr_state *m, u64 gfn, u64 n);

#endif
