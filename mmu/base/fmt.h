/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page-table formats as data.
 *
 * A const struct pt_format says all there is to know about the bits of one
 * kind of table, guest's or host's; the walker (gwalk.c) and the SPTE code
 * (spte.c) are written once.  What depends on the CPU model or on control
 * registers (address width, NX enabled, 1 GiB pages) is in struct pt_rsvd,
 * computed when those change.
 */
#ifndef LAMINA_MMU_BASE_FMT_H
#define LAMINA_MMU_BASE_FMT_H

#include "mmu/base/types.h"

/**
 * struct pt_format - one kind of page table
 * @name: for messages
 * @levels: level of the root: 2 (2-level), 3 (PAE), 4 or 5
 * @entry_size: 4 or 8 bytes
 * @shift: first address bit translated at each level (index 1..5)
 * @index_bits: number of address bits translated at each level
 * @large_levels: bit n set: an entry at level n may be a leaf by its @large bit
 * @present: an entry is present when any of these bits is set
 * @read: grants ACC_R; 0: every present entry does
 * @write: grants ACC_W
 * @user: grants ACC_U; 0: every present entry does
 * @exec: grants ACC_X; 0: @nx decides
 * @nx: takes ACC_X away; 0: @exec decides
 * @accessed: accessed bit, 0 if the format has none
 * @dirty: dirty bit, 0 if the format has none
 * @large: makes an entry above level 1 a leaf
 * @global: global bit, 0 if none
 * @addr: address bits before the CPU's address width is applied
 * @pkey: protection key field, 0 if none
 * @rights_mask: levels (bit n) whose entries carry rights; PAE's PDPTEs do not
 */
struct pt_format {
	const char *name;
	u8 levels;
	u8 entry_size;
	u8 shift[LEVEL_MAX + 1];
	u8 index_bits[LEVEL_MAX + 1];
	u8 large_levels;
	u64 present;
	u64 read;
	u64 write;
	u64 user;
	u64 exec;
	u64 nx;
	u64 accessed;
	u64 dirty;
	u64 large;
	u64 global;
	u64 addr;
	u64 pkey;
	u8 rights_mask;
};

extern const struct pt_format pt_format_2level;	/* SDM vol. 3, 4.3 */
extern const struct pt_format pt_format_pae;	/* 4.4 */
extern const struct pt_format pt_format_4level;	/* 4.5; NPT too (APM 15.25.5) */
extern const struct pt_format pt_format_5level;
extern const struct pt_format pt_format_ept4;	/* SDM vol. 3, 29.3.2 */
extern const struct pt_format pt_format_ept5;

/**
 * struct pt_features - what decides which bits are reserved
 * @maxphyaddr: guest physical address width, 32 to 52
 * @nx: EFER.NXE
 * @gib_pages: 1 GiB pages are supported (for the format at hand)
 * @pse: CR4.PSE (2-level tables only)
 * @pse36: PSE-36 is supported (2-level tables only)
 * @amd: the guest's CPU is AMD's: bit 8 of a table entry at level 3 and up is
 *       reserved
 * @exec_only: EPT: entries that allow only execution are valid
 * @ad: EPT: accessed and dirty bits are on
 */
struct pt_features {
	u8 maxphyaddr;
	bool nx;
	bool gib_pages;
	bool pse;
	bool pse36;
	bool amd;
	bool exec_only;
	bool ad;
};

/**
 * struct pt_rsvd - bits that must be zero in a present entry
 * @mask: [0] in a table entry or a level 1 leaf, [1] in a large leaf, by level
 * @large_levels: the format's, none where CR4.PSE makes the bit ignored
 * @bad_low: EPT: bit n set: the value n of bits 2:0 is a misconfiguration
 * @bad_memtype: EPT: bit n set: memory type n (bits 5:3) of a leaf is one
 */
struct pt_rsvd {
	u64 mask[2][LEVEL_MAX + 1];
	u8 large_levels;
	u8 bad_low;
	u8 bad_memtype;
};

/**
 * pt_rsvd_init - compute the reserved bits of a format
 * @r: result
 * @fmt: the format
 * @feat: what the CPU and the control registers allow
 *
 * Sources: SDM vol. 3, tables 4-4 to 4-20 and 29.3.3.1; APM vol. 2, 5.3 to 5.5.
 */
void pt_rsvd_init(struct pt_rsvd *r, const struct pt_format *fmt,
		  const struct pt_features *feat);

/**
 * pt_index - index of an address in a table
 * @fmt: the format
 * @addr: virtual address (or gpa, for a second-level table)
 * @level: the table's level
 */
static inline unsigned int pt_index(const struct pt_format *fmt, u64 addr,
				    int level)
{
	return (addr >> fmt->shift[level]) & ((1u << fmt->index_bits[level]) - 1);
}

/**
 * pt_is_large - is a present entry a leaf above level 1, as the CPU is set up?
 * @r: from pt_rsvd_init()
 * @fmt: the format
 * @entry: the entry
 * @level: its level
 */
static inline bool pt_is_large(const struct pt_rsvd *r,
			       const struct pt_format *fmt, u64 entry,
			       int level)
{
	return (r->large_levels & (1u << level)) && (entry & fmt->large);
}

/**
 * pt_rsvd_bad - does a present entry break the format's rules?
 * @r: from pt_rsvd_init()
 * @fmt: the format
 * @entry: the entry as read
 * @level: its level
 */
static inline bool pt_rsvd_bad(const struct pt_rsvd *r,
			       const struct pt_format *fmt, u64 entry,
			       int level)
{
	bool large = pt_is_large(r, fmt, entry, level);

	if (entry & r->mask[large][level])
		return true;
	if (!fmt->exec)
		return false;
	/* In a table entry the memory type is reserved, so it is 0 here. */
	return (r->bad_low >> (entry & 7) |
		r->bad_memtype >> (entry >> 3 & 7)) & 1;
}

/**
 * pt_rights - rights that one present entry grants
 * @fmt: the format
 * @entry: the entry
 * @level: its level
 *
 * Return: a mask of ACC_*.  A walk grants the AND of its entries' rights.
 */
static inline u32 pt_rights(const struct pt_format *fmt, u64 entry, int level)
{
	u32 rights = 0;

	if (!(fmt->rights_mask & (1u << level)))
		return ACC_ALL;
	if (!fmt->read || (entry & fmt->read))
		rights |= ACC_R;
	if (entry & fmt->write)
		rights |= ACC_W;
	if (!fmt->user || (entry & fmt->user))
		rights |= ACC_U;
	if (fmt->exec ? !!(entry & fmt->exec) : !(entry & fmt->nx))
		rights |= ACC_X;
	return rights;
}

/**
 * pt_pkey - the protection key of a leaf
 * @fmt: the format
 * @entry: the leaf
 */
static inline u32 pt_pkey(const struct pt_format *fmt, u64 entry)
{
	return fmt->pkey ? (entry & fmt->pkey) >> __builtin_ctzll(fmt->pkey) : 0;
}

/**
 * pt_leaf_addr - address that a leaf maps, without the offset in the page
 * @fmt: the format
 * @entry: the leaf
 * @level: its level
 *
 * Knows PSE-36: bits 20:13 of a 4 MiB page are address bits 39:32.
 */
u64 pt_leaf_addr(const struct pt_format *fmt, u64 entry, int level);

#endif
