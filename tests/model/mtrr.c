// SPDX-License-Identifier: GPL-2.0-only
#include "tests/model/mtrr.h"

enum { UC = 0, WT = 4, WB = 6 };

/* 12.11.2.3: AddressWithinRange AND PhysMask = PhysBase AND PhysMask */
bool mtrr_model_match(const struct mtrr_model *m, int i, uint64_t addr)
{
	return m->range[i].v &&
	       (addr & m->range[i].mask) == (m->range[i].base & m->range[i].mask);
}

/* 12.11.4.1, step by step. */
static uint8_t variable(const struct mtrr_model *m, uint64_t addr)
{
	bool any = false, same = true, uc = false, only_wt_wb = true;
	uint8_t first = 0;

	for (int i = 0; i < MTRR_MODEL_RANGES; i++) {
		uint8_t type = m->range[i].type;

		if (!mtrr_model_match(m, i, addr))
			continue;
		if (!any)
			first = type;
		any = true;
		same &= type == first;
		uc |= type == UC;
		only_wt_wb &= type == WT || type == WB;
	}
	if (!any)
		return m->type;
	/* One, or all of the same type. */
	if (same)
		return first;
	if (uc)
		return UC;
	if (only_wt_wb)
		return WT;
	return MTRR_MODEL_UNDEFINED;
}

uint8_t mtrr_model_type(const struct mtrr_model *m, uint64_t addr)
{
	if (!m->e)
		return UC;
	if (m->fe && addr < 0x80000)
		return m->fix64k[addr / 0x10000];
	if (m->fe && addr < 0xc0000)
		return m->fix16k[(addr - 0x80000) / 0x4000];
	if (m->fe && addr < 0x100000)
		return m->fix4k[(addr - 0xc0000) / 0x1000];
	return variable(m, addr);
}
