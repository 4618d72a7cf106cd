/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address types and access bits that every part of the MMU shares.
 *
 * Levels count from the leaf: 1 maps 4 KiB, 2 maps 2 MiB, 3 maps 1 GiB; the
 * root of a 4-level tree is level 4.  No level is 0.
 */
#ifndef LAMINA_MMU_BASE_TYPES_H
#define LAMINA_MMU_BASE_TYPES_H

#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/types.h>

/* The same types as linux/kvm_types.h; C11 allows the repetition. */
typedef unsigned long gva_t;	/* guest virtual address */
typedef u64 gpa_t;		/* guest physical address */
typedef u64 gfn_t;		/* guest frame number: gpa >> 12 */
typedef unsigned long hva_t;	/* address in userspace's address space */
typedef u64 hpa_t;		/* host physical address */
typedef u64 kvm_pfn_t;		/* host frame number */

#define MMU_PAGE_SHIFT	12
#define MMU_PAGE_SIZE	(1ul << MMU_PAGE_SHIFT)

#define LEVEL_4K	1
#define LEVEL_2M	2
#define LEVEL_1G	3
#define LEVEL_MAX	5

/* Eight-byte entries: 9 index bits a level. */
#define PT_INDEX_BITS	9
#define PT_ENTRIES	(1u << PT_INDEX_BITS)

/* Frames that one entry of a 64-bit table covers at a level. */
#define LEVEL_GFNS(level)	(1ull << (((level) - 1) * PT_INDEX_BITS))
#define LEVEL_MASK(level)	(~(LEVEL_GFNS(level) - 1))

/* Rights that a page-table entry, or a walk, grants. */
#define ACC_R	1u
#define ACC_W	2u
#define ACC_X	4u
#define ACC_U	8u	/* user pages; always set where the format has no such bit */
#define ACC_ALL	(ACC_R | ACC_W | ACC_X | ACC_U)

/*
 * An access, and a page fault's error code (SDM vol. 3, 4.7; APM vol. 2,
 * 8.4.2 and, for the bits from 32 up, 15.25.6).
 */
#define PF_PRESENT	(1ull << 0)
#define PF_WRITE	(1ull << 1)
#define PF_USER		(1ull << 2)
#define PF_RSVD		(1ull << 3)
#define PF_FETCH	(1ull << 4)
#define PF_PK		(1ull << 5)
#define PF_GUEST_FINAL	(1ull << 32)	/* the guest's final address */
#define PF_GUEST_TABLE	(1ull << 33)	/* while walking the guest's tables */
#define PF_IMPLICIT	(1ull << 48)	/* ours: an implicit supervisor access */

#endif
