// SPDX-License-Identifier: GPL-2.0-only
#include "tests/model/vmrun.h"

static int bit(uint64_t value, int n)
{
	return value >> n & 1;
}

uint64_t vmrun_field(const uint8_t *vmcb, int at, int bytes)
{
	uint64_t value = 0;
	int i;

	for (i = bytes - 1; i >= 0; i--)
		value = value << 8 | vmcb[at + i];
	return value;
}

/* Bits from @n on. */
static bool any_above(uint64_t value, int n)
{
	int i;

	for (i = n; i < 64; i++)
		if (bit(value, i))
			return true;
	return false;
}

/* The last byte of a table of @pages, from the page that @base names. */
static bool table_fits(uint64_t base, int pages, int phys_bits)
{
	uint64_t page = base >> 12;
	int i;

	for (i = 0; i < pages; i++)
		if (any_above(page + i, phys_bits - 12))
			return false;
	return true;
}

static bool type_ok(uint8_t type)
{
	static const uint8_t types[] = { 0, 1, 4, 5, 6, 7 };
	unsigned int t;

	for (t = 0; t < sizeof(types); t++)
		if (type == types[t])
			return true;
	return false;
}

static bool pat_ok(uint64_t pat)
{
	unsigned int i;

	for (i = 0; i < 8; i++, pat >>= 8)
		if (!type_ok(pat & 255))
			return false;
	return true;
}

static uint32_t events(uint32_t inj, bool code64)
{
	int type = inj / 256 % 8, vector = inj % 256;
	uint32_t wrong = 0;

	if (!bit(inj, 31))
		return 0;
	if (type == 1 || type == 5 || type == 6 || type == 7)
		wrong |= 1u << WRONG_EVENT_TYPE;
	if (type == 3 && (vector >= 32 || vector == 2))
		wrong |= 1u << WRONG_EVENT_VECTOR;
	if (type == 3 && vector == 5 && code64)
		wrong |= 1u << WRONG_EVENT_BOUND;
	return wrong;
}

static uint32_t nested_paging(const uint8_t *v, const struct vmrun_cpu *cpu)
{
	uint32_t wrong = 0;

	if (!bit(v[AT_NP], 0))
		return 0;
	if (!cpu->has_np)
		wrong |= 1u << WRONG_NO_NP;
	if (!cpu->host_pg)
		wrong |= 1u << WRONG_NP_HOST;
	if (any_above(vmrun_field(v, AT_NCR3, 8), cpu->phys_bits))
		wrong |= 1u << WRONG_NCR3;
	if (!pat_ok(vmrun_field(v, AT_PAT, 8)))
		wrong |= 1u << WRONG_PAT;
	return wrong;
}

uint32_t vmrun_wrongs(const uint8_t *v, const struct vmrun_cpu *cpu)
{
	uint64_t efer = vmrun_field(v, AT_EFER, 8), cr0 = vmrun_field(v, AT_CR0, 8);
	uint64_t cr4 = vmrun_field(v, AT_CR4, 8);
	bool lme = bit(efer, 8), lma = bit(efer, 10), pg = bit(cr0, 31);
	bool pae = bit(cr4, 5), pe = bit(cr0, 0);
	bool l = bit(vmrun_field(v, AT_CS_ATTR, 2), 9);
	bool d = bit(vmrun_field(v, AT_CS_ATTR, 2), 10);
	uint32_t w = 0;

	w |= !bit(efer, 12) << WRONG_SVME;
	w |= (!bit(cr0, 30) && bit(cr0, 29)) << WRONG_NW;
	w |= any_above(cr0, 32) << WRONG_CR0;
	if (lme && pg)
		w |= any_above(vmrun_field(v, AT_CR3, 8), cpu->phys_bits) << WRONG_CR3;
	w |= ((cr4 | cpu->cr4) != cpu->cr4) << WRONG_CR4;
	w |= any_above(vmrun_field(v, AT_DR6, 8), 32) << WRONG_DR6;
	w |= any_above(vmrun_field(v, AT_DR7, 8), 32) << WRONG_DR7;
	/* LME and LMA have a rule of their own. */
	w |= ((efer | cpu->efer | 0x500) != (cpu->efer | 0x500)) << WRONG_EFER;
	w |= (!cpu->has_long && (lme || lma)) << WRONG_NO_LONG;
	w |= (lme && pg && !pae) << WRONG_PAE;
	w |= (lme && pg && !pe) << WRONG_PE;
	w |= (lme && pg && pae && l && d) << WRONG_CS;
	w |= !bit(v[AT_INTERCEPT4], 0) << WRONG_VMRUN;
	w |= !table_fits(vmrun_field(v, AT_IOPM, 8), 3, cpu->phys_bits) << WRONG_IOPM;
	w |= !table_fits(vmrun_field(v, AT_MSRPM, 8), 2, cpu->phys_bits) << WRONG_MSRPM;
	w |= (vmrun_field(v, AT_ASID, 4) == 0) << WRONG_ASID;
	w |= events(vmrun_field(v, AT_EVENTINJ, 4), lme && pg && l);
	return w | nested_paging(v, cpu);
}
