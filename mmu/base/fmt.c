// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page-table formats, and which bits of their entries are reserved.
 *
 * SDM: vol. 3, tables 4-4 to 4-20 and section 29.3.  APM: vol. 2, 5.2 to 5.4.
 */
#include <linux/build_bug.h>
#include <linux/string.h>

#include "mmu/base/fmt.h"

#define ON(level)	(1u << (level))

/* x86: SDM 4.3 to 4.5; the same positions in every format. */
#define X86_P		BIT_ULL(0)
#define X86_W		BIT_ULL(1)
#define X86_U		BIT_ULL(2)
#define X86_A		BIT_ULL(5)
#define X86_D		BIT_ULL(6)
#define X86_PS		BIT_ULL(7)
#define X86_G		BIT_ULL(8)
#define X86_PKEY	GENMASK_ULL(62, 59)
#define X86_NX		BIT_ULL(63)
#define X86_FLAGS	(X86_P | X86_W | X86_U | X86_A | X86_D | X86_PS | X86_G)

/* EPT: SDM 29.3.2. */
#define EPT_R		BIT_ULL(0)
#define EPT_W		BIT_ULL(1)
#define EPT_X		BIT_ULL(2)
#define EPT_PS		BIT_ULL(7)
#define EPT_A		BIT_ULL(8)
#define EPT_D		BIT_ULL(9)
#define EPT_FLAGS	(EPT_R | EPT_W | EPT_X | EPT_PS | EPT_A | EPT_D)

#define ADDR_32		GENMASK_ULL(31, 12)
#define ADDR_64		GENMASK_ULL(51, 12)

#define BITS_32		10
#define BITS_PAE_ROOT	2

/* A level translates the bits next to those of the level below it. */
#define SHIFTS(bits) {							\
	0, MMU_PAGE_SHIFT, MMU_PAGE_SHIFT + (bits),			\
	MMU_PAGE_SHIFT + 2 * (bits), MMU_PAGE_SHIFT + 3 * (bits),	\
	MMU_PAGE_SHIFT + 4 * (bits)					\
}

/* Width of the addresses that a format translates, and its tables' size. */
#define WIDTH(levels, bits, root_bits) \
	(MMU_PAGE_SHIFT + ((levels) - 1) * (bits) + (root_bits))
#define FORMAT_FITS(levels, bits, root_bits, size, width)		\
	static_assert(WIDTH(levels, bits, root_bits) == (width) &&	\
		      ((size) << (bits)) == MMU_PAGE_SIZE &&		\
		      (levels) <= LEVEL_MAX, "levels, bits and sizes disagree")

FORMAT_FITS(2, BITS_32, BITS_32, sizeof(u32), 32);
FORMAT_FITS(3, PT_INDEX_BITS, BITS_PAE_ROOT, sizeof(u64), 32);
FORMAT_FITS(4, PT_INDEX_BITS, PT_INDEX_BITS, sizeof(u64), 48);
FORMAT_FITS(5, PT_INDEX_BITS, PT_INDEX_BITS, sizeof(u64), 57);
static_assert(!(X86_FLAGS & ADDR_32), "flags in the address");
static_assert(!((X86_FLAGS | X86_PKEY | X86_NX) & ADDR_64),
	      "flags in the address");
static_assert(!(EPT_FLAGS & ADDR_64), "flags in the address");

/* What every x86 format has. */
#define X86_BITS							\
	.present = X86_P,						\
	.write = X86_W,							\
	.user = X86_U,							\
	.accessed = X86_A,						\
	.dirty = X86_D,							\
	.large = X86_PS,						\
	.global = X86_G

const struct pt_format pt_format_2level = {
	.name = "2-level",
	.levels = 2,
	.entry_size = sizeof(u32),
	.shift = SHIFTS(BITS_32),
	.index_bits = { 0, BITS_32, BITS_32 },
	.large_levels = ON(2),
	X86_BITS,
	.addr = ADDR_32,
	.rights_mask = ON(1) | ON(2),
};

const struct pt_format pt_format_pae = {
	.name = "PAE",
	.levels = 3,
	.entry_size = sizeof(u64),
	.shift = SHIFTS(PT_INDEX_BITS),
	.index_bits = { 0, PT_INDEX_BITS, PT_INDEX_BITS, BITS_PAE_ROOT },
	.large_levels = ON(LEVEL_2M),
	X86_BITS,
	.nx = X86_NX,
	.addr = ADDR_64,
	.rights_mask = ON(1) | ON(2),
};

#define LONG_FORMAT							\
	.entry_size = sizeof(u64),					\
	.shift = SHIFTS(PT_INDEX_BITS),					\
	.index_bits = { 0, PT_INDEX_BITS, PT_INDEX_BITS, PT_INDEX_BITS,	\
			PT_INDEX_BITS, PT_INDEX_BITS },			\
	.large_levels = ON(LEVEL_2M) | ON(LEVEL_1G),			\
	.addr = ADDR_64,						\
	.rights_mask = ON(1) | ON(2) | ON(3) | ON(4) | ON(5)

#define LONG_X86							\
	LONG_FORMAT,							\
	X86_BITS,							\
	.nx = X86_NX,							\
	.pkey = X86_PKEY

#define LONG_EPT							\
	LONG_FORMAT,							\
	.present = EPT_R | EPT_W | EPT_X,				\
	.read = EPT_R,							\
	.write = EPT_W,							\
	.exec = EPT_X,							\
	.accessed = EPT_A,						\
	.dirty = EPT_D,							\
	.large = EPT_PS

const struct pt_format pt_format_4level = {
	.name = "4-level", .levels = 4, LONG_X86
};

const struct pt_format pt_format_5level = {
	.name = "5-level", .levels = 5, LONG_X86
};

const struct pt_format pt_format_ept4 = {
	.name = "EPT, 4 levels", .levels = 4, LONG_EPT
};

const struct pt_format pt_format_ept5 = {
	.name = "EPT, 5 levels", .levels = 5, LONG_EPT
};

/* Bits @high to @from, none when @from is above. */
static u64 bits_from(unsigned int from, unsigned int high)
{
	return from > high ? 0 : GENMASK_ULL(high, from);
}

/* Table 4-4: of a 4 MiB page only bits 21:13, as far as PSE-36 leaves them. */
static void rsvd_init_2level(struct pt_rsvd *r, const struct pt_features *feat)
{
	unsigned int width = feat->pse36 ? min_t(u8, feat->maxphyaddr, 40) : 32;

	if (!feat->pse)
		r->large_levels = 0;
	r->mask[1][2] = bits_from(width - 19, 21);
}

/* Tables 4-8 (PDPTE) to 4-11; APM 5.2.3: there too bits 62:52 must be zero. */
static void rsvd_init_pae(struct pt_rsvd *r, const struct pt_features *feat)
{
	u64 high = bits_from(feat->maxphyaddr, 62);

	if (!feat->nx)
		high |= X86_NX;
	r->mask[0][1] = high;
	r->mask[0][2] = high;
	r->mask[1][2] = high | GENMASK_ULL(20, 13);
	r->mask[0][3] = high | X86_NX | GENMASK_ULL(2, 1) | GENMASK_ULL(8, 5);
}

/* Tables 4-14 to 4-20; APM 5.3. */
static void rsvd_init_long(struct pt_rsvd *r, const struct pt_features *feat)
{
	u64 high = bits_from(feat->maxphyaddr, 51);
	u64 upper;

	if (!feat->nx)
		high |= X86_NX;
	/* APM: the PDPE's and the higher entries' bit 8 must be zero. */
	upper = high | (feat->amd ? X86_G : 0);
	r->mask[0][1] = high;
	r->mask[0][2] = high;
	r->mask[1][2] = high | GENMASK_ULL(20, 13);
	r->mask[0][3] = upper;
	r->mask[1][3] = high | GENMASK_ULL(29, 13);
	if (!feat->gib_pages)
		r->mask[1][3] |= X86_PS;
	r->mask[0][4] = upper | X86_PS;
	r->mask[0][5] = upper | X86_PS;
}

/* SDM 29.3.3.1, with the tables of 29.3.2 for the reserved bits. */
static void rsvd_init_ept(struct pt_rsvd *r, const struct pt_features *feat)
{
	u64 high = bits_from(feat->maxphyaddr, 51);
	u64 table = high | GENMASK_ULL(6, 3);

	r->mask[0][1] = high;
	r->mask[0][2] = table;
	r->mask[1][2] = high | GENMASK_ULL(20, 12);
	r->mask[0][3] = table;
	r->mask[1][3] = high | GENMASK_ULL(29, 12);
	if (!feat->gib_pages)
		r->mask[1][3] |= EPT_PS;
	r->mask[0][4] = table | EPT_PS;
	r->mask[0][5] = table | EPT_PS;

	r->bad_low = ON(EPT_W) | ON(EPT_W | EPT_X);
	if (!feat->exec_only)
		r->bad_low |= ON(EPT_X);
	r->bad_memtype = ON(2) | ON(3) | ON(7);
}

void pt_rsvd_init(struct pt_rsvd *r, const struct pt_format *fmt,
		  const struct pt_features *feat)
{
	memset(r, 0, sizeof(*r));
	r->large_levels = fmt->large_levels;
	if (fmt->exec)
		rsvd_init_ept(r, feat);
	else if (fmt->levels == 2)
		rsvd_init_2level(r, feat);
	else if (fmt->levels == 3)
		rsvd_init_pae(r, feat);
	else
		rsvd_init_long(r, feat);
}

u64 pt_leaf_addr(const struct pt_format *fmt, u64 entry, int level)
{
	u64 addr = entry & fmt->addr & (~0ull << fmt->shift[level]);

	/* Table 4-4: the only leaf of a 2-level table that is above level 1. */
	if (fmt->levels == 2 && level == LEVEL_2M)
		addr |= (entry & GENMASK_ULL(20, 13)) << 19;
	return addr;
}
