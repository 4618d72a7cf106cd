// SPDX-License-Identifier: GPL-2.0-only
#include <asm/mtrr.h>

#include "x86/vcpu/memtype.h"

#define FRAME_SHIFT	12

/* Fixed ranges end at 1 MiB; pieces of 16 KiB and 4 KiB begin at these frames. */
#define FIXED_16K	0x80
#define FIXED_4K	0xc0
#define FIXED_END	0x100

/* Which of the 88 pieces, eight to a register (SDM vol. 3, table 12-9). */
static u8 fixed_type(const struct mtrr_state *m, u64 gfn)
{
	unsigned int piece;

	if (gfn < FIXED_16K)
		piece = gfn >> 4;
	else if (gfn < FIXED_4K)
		piece = 8 + ((gfn - FIXED_16K) >> 2);
	else
		piece = 24 + (gfn - FIXED_4K);
	return m->fixed[piece / 8] >> piece % 8 * 8;
}

/* Types that change nothing where a range of this type is (SDM vol. 3, 12.11.4.1). */
static u8 absorbed_by(u8 type)
{
	if (type == MTRR_TYPE_UNCACHABLE)
		return 0xff;
	if (type == MTRR_TYPE_WRTHROUGH)
		return BIT(MTRR_TYPE_WRTHROUGH) | BIT(MTRR_TYPE_WRBACK);
	return BIT(type);
}

/* Other overlaps are undefined: then what no device and no processor can be wrong about. */
static u8 overlap_type(u8 a, u8 b)
{
	if (absorbed_by(a) & BIT(b))
		return a;
	return absorbed_by(b) & BIT(a) ? b : MTRR_TYPE_UNCACHABLE;
}

/*
 * Bits of the mask within the block divide it: what matches the rest has a part of it.
 * overlap_type() does not depend on the order, so it is enough that each part alone makes no
 * difference to what the whole block has.
 */
static int variable_type(const struct mtrr_state *m, u64 gfn, u64 n)
{
	u64 addr = gfn << FRAME_SHIFT, block = (n << FRAME_SHIFT) - 1;
	u64 base, mask, frames = ~((1ull << FRAME_SHIFT) - 1);
	u8 parts = 0, type = m->def;
	bool whole = false;
	int i;

	for (i = 0; i < MTRR_VARIABLE; i++) {
		base = m->variable[2 * i];
		mask = m->variable[2 * i + 1];
		if (!(mask & MTRR_MASK_VALID) || ((addr ^ base) & mask & ~block))
			continue;
		if (mask & block & frames) {
			parts |= BIT((u8)base);
			continue;
		}
		type = whole ? overlap_type(type, base) : base;
		whole = true;
	}
	return parts & ~(whole ? absorbed_by(type) : BIT(type)) ? MEMTYPE_MIXED : type;
}

int memtype_of(const struct mtrr_state *m, u64 gfn, u64 n)
{
	if (!(m->def & MTRR_DEF_ENABLE))
		return MTRR_TYPE_UNCACHABLE;
	if (gfn < FIXED_END && (m->def & MTRR_DEF_FIXED))
		return n == 1 ? fixed_type(m, gfn) : MEMTYPE_MIXED;
	return variable_type(m, gfn, n);
}
