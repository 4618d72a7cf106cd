// SPDX-License-Identifier: GPL-2.0-only
#include "tests/model/apic_page.h"

struct range {
	unsigned int first, last;
};

/* 30.4.2 */
static const struct range readable[] = {
	{ 0x020, 0x023 },	/* local APIC ID */
	{ 0x030, 0x033 },	/* local APIC version */
	{ 0x080, 0x083 },	/* task priority */
	{ 0x0b0, 0x0b3 },	/* end of interrupt */
	{ 0x0d0, 0x0d3 },	/* logical destination */
	{ 0x0e0, 0x0e3 },	/* destination format */
	{ 0x0f0, 0x0f3 },	/* spurious-interrupt vector */
	/* in-service */
	{ 0x100, 0x103 }, { 0x110, 0x113 }, { 0x120, 0x123 }, { 0x130, 0x133 },
	{ 0x140, 0x143 }, { 0x150, 0x153 }, { 0x160, 0x163 }, { 0x170, 0x173 },
	/* trigger mode */
	{ 0x180, 0x183 }, { 0x190, 0x193 }, { 0x1a0, 0x1a3 }, { 0x1b0, 0x1b3 },
	{ 0x1c0, 0x1c3 }, { 0x1d0, 0x1d3 }, { 0x1e0, 0x1e3 }, { 0x1f0, 0x1f3 },
	/* interrupt request */
	{ 0x200, 0x203 }, { 0x210, 0x213 }, { 0x220, 0x223 }, { 0x230, 0x233 },
	{ 0x240, 0x243 }, { 0x250, 0x253 }, { 0x260, 0x263 }, { 0x270, 0x273 },
	{ 0x280, 0x283 },	/* error status */
	{ 0x300, 0x303 }, { 0x310, 0x313 },	/* interrupt command */
	/* LVT entries */
	{ 0x320, 0x323 }, { 0x330, 0x333 }, { 0x340, 0x343 }, { 0x350, 0x353 },
	{ 0x360, 0x363 }, { 0x370, 0x373 },
	{ 0x380, 0x383 },	/* initial count */
	{ 0x3e0, 0x3e3 },	/* divide configuration */
};

/* 30.4.3.1 */
static const struct range writable[] = {
	{ 0x020, 0x023 },	/* local APIC ID */
	{ 0x080, 0x083 },	/* task priority */
	{ 0x0b0, 0x0b3 },	/* end of interrupt */
	{ 0x0d0, 0x0d3 },	/* logical destination */
	{ 0x0e0, 0x0e3 },	/* destination format */
	{ 0x0f0, 0x0f3 },	/* spurious-interrupt vector */
	{ 0x280, 0x283 },	/* error status */
	{ 0x300, 0x303 }, { 0x310, 0x313 },	/* interrupt command */
	/* LVT entries */
	{ 0x320, 0x323 }, { 0x330, 0x333 }, { 0x340, 0x343 }, { 0x350, 0x353 },
	{ 0x360, 0x363 }, { 0x370, 0x373 },
	{ 0x380, 0x383 },	/* initial count */
	{ 0x3e0, 0x3e3 },	/* divide configuration */
};

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static bool is_within(const struct range *r, unsigned int n, unsigned int first,
		      unsigned int last)
{
	for (; n; n--, r++)
		if (first >= r->first && last <= r->last)
			return true;
	return false;
}

/* More than 32 bits; bits 3:2 are 0 of the address and of the highest byte's. */
static bool shape_exits(unsigned int offset, unsigned int len)
{
	unsigned int last = offset + len - 1;

	return len > 4 || (offset & 0xc) || (last & 0xc) || offset / 16 != last / 16;
}

static bool is_virtual(const struct page_controls *c, const struct range *r, unsigned int n,
		       unsigned int offset, unsigned int len)
{
	if (!c->tpr_shadow || shape_exits(offset, len))
		return false;
	if (c->register_virtualization)
		return is_within(r, n, offset, offset + len - 1);
	return offset == 0x80;
}

bool apic_page_read_is_virtual(const struct page_controls *c, unsigned int offset,
			       unsigned int len)
{
	return is_virtual(c, readable, COUNT(readable), offset, len);
}

bool apic_page_write_is_virtual(const struct page_controls *c, unsigned int offset,
				unsigned int len)
{
	if (c->tpr_shadow && !c->register_virtualization && c->interrupt_delivery)
		return !shape_exits(offset, len) &&
		       (offset == 0x80 || offset == 0xb0 || offset == 0x300);
	return is_virtual(c, writable, COUNT(writable), offset, len);
}

static unsigned int bits(uint32_t value, int high, int low)
{
	return value >> low & ((1ull << (high - low + 1)) - 1);
}

/* 30.4.3.2: all of that is true of VICR_LO. */
static bool is_self_ipi(uint32_t icr)
{
	return bits(icr, 31, 20) == 0 && bits(icr, 17, 16) == 0 && bits(icr, 13, 13) == 0 &&
	       bits(icr, 19, 18) == 1 &&	/* destination shorthand: self */
	       bits(icr, 15, 15) == 0 &&	/* trigger mode: edge */
	       bits(icr, 12, 12) == 0 &&	/* delivery status: not pending */
	       bits(icr, 10, 8) == 0 &&		/* delivery mode: fixed */
	       bits(icr, 7, 4) != 0;		/* the upper half of the vector */
}

enum page_effect apic_page_effect(const struct page_controls *c, unsigned int offset,
				  uint32_t icr)
{
	switch (offset) {
	case 0x80:
		return EFFECT_TPR;
	case 0xb0:
		return c->interrupt_delivery ? EFFECT_EOI : EFFECT_WRITE_EXIT;
	case 0x300:
		return c->interrupt_delivery && is_self_ipi(icr) ? EFFECT_SELF_IPI :
								   EFFECT_WRITE_EXIT;
	case 0x310: case 0x311: case 0x312: case 0x313:
		return EFFECT_ICR_HIGH;
	default:
		return EFFECT_WRITE_EXIT;
	}
}
