// SPDX-License-Identifier: GPL-2.0-only
/* L2's tables, of pages and of the processor's; L1's nested page table. */
#include "l1.h"

/* By these names in block.c and code.c, too. */
#define PTE_ALL		(PTE_P | PTE_W | PTE_U)
#define GATES		256

uint64_t npt_table[512] __attribute__((aligned(4096)));
static uint64_t npt_root[512] __attribute__((aligned(4096)));
static uint64_t npt_dirs[512] __attribute__((aligned(4096)));
static uint64_t npt_dir[512] __attribute__((aligned(4096)));

static const uint64_t gdt[] = {
	0,
	0x00af9b000000ffff,		/* 08: 64-bit code */
	0x00cf93000000ffff,		/* 10: data */
	0x00cf9b000000ffff,		/* 18: 32-bit code */
	0x00affb000000ffff,		/* 20: 64-bit code of CPL 3 */
	0x00cff3000000ffff,		/* 28: data of CPL 3 */
	0x00008b0000000067 | (uint64_t)(AT(P_GDT) + 0x800) << 16, 0,	/* 30: TSS */
};

/*
 * AND of RFLAGS on the stack, VMMCALL, IRET; RIP says which vector it was.  Of the flags RF
 * goes: with a fault it is pushed (APM vol. 2, 8.2), but not by the lab's processor.
 */
static void handlers_make(void)
{
	unsigned int i;
	uint8_t *p;

	for (i = 0; i < GATES; i++) {
		p = page_u8(P_HANDLERS) + i * HANDLER_BYTES;
		*p++ = 0x81;
		*p++ = 0x64;
		*p++ = 0x24;
		*p++ = frame_flags(i);
		*(uint32_t *)p = ~RFLAGS_RF;
		p += 4;
		*p++ = 0x0f;
		*p++ = 0x01;
		*p++ = 0xd9;
		*p++ = is_long() ? 0x48 : 0x90;
		*p++ = 0xcf;
	}
}

static void gates_make(void)
{
	uint32_t *gate = page_u32(P_IDT);
	unsigned int i;

	for (i = 0; i < GATES; i++) {
		uint32_t to = AT(P_HANDLERS) + i * HANDLER_BYTES;
		uint32_t flags = 0x8e00 | (i & 1 ? 3 << 13 : 0) | (i & 2 ? 0x100 : 0);

		*gate++ = (is_long() ? 0x08 : 0x18) << 16 | (to & 0xffff);
		*gate++ = (to & 0xffff0000) | flags;
		if (!is_long())
			continue;
		*gate++ = 0;
		*gate++ = 0;
	}
}

static void descriptors_make(void)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		page_u64(P_GDT)[i] = i < sizeof(gdt) / 8 ? gdt[i] : 0;
	/* RSP0 of a 64-bit TSS. */
	*(uint32_t *)(page_u8(P_GDT) + 0x804) = AT(P_KSTACK) + PAGE;
	gates_make();
	handlers_make();
}

/* Of a page as L2's tables have it; what L2 needs itself is there nearly always. */
static uint64_t page_flags(unsigned int page)
{
	uint64_t user = prog.kind == LONG3 ? PTE_U : 0, flags;

	switch (page) {
	case P_CODE:
		return PTE_P | user | (one_in(2) ? PTE_A : 0);
	case P_STACK:
		return one_in(30) ? PTE_P | user : PTE_P | PTE_W | user;
	case P_DATA ... P_SPARE:
		flags = one_in(8) ? 0 : PTE_P;
		flags |= one_in(5) ? 0 : PTE_W;
		flags |= one_in(5) ? PTE_U ^ user : user;
		return flags | (below(4) ? 0 : PTE_A) | (below(8) ? 0 : PTE_A | PTE_D);
	default:
		return PTE_P | PTE_W;
	}
}

static void pages_make(void)
{
	unsigned int i;

	for (i = 0; i < P_COUNT; i++) {
		uint64_t flags = page_flags(i);

		page_u64(P_TABLE)[i] = AT(i) | flags;
		page_u32(P_TABLE32)[i] = AT(i) | flags;
		if (i >= P_DATA && i <= P_SPARE && one_in(6))
			page_u64(P_TABLE)[i] |= PTE_NX;
	}
	page_u64(P_ROOT)[1] = 0;
	page_u64(P_DIRS)[0] = AT(P_DIR) | PTE_ALL;
	page_u64(P_DIR)[4] = AT(P_TABLE) | PTE_ALL;
	if (is_long())
		page_u64(P_ROOT)[0] = AT(P_DIRS) | PTE_ALL;
	else if (prog.kind == PAE)
		page_u64(P_ROOT)[0] = AT(P_DIR) | PTE_P;
	else
		page_u64(P_ROOT)[0] = 0;
	if (prog.kind == LEGACY)
		page_u64(P_ROOT)[1] = AT(P_TABLE32) | PTE_ALL;
}

/* What no program changes. */
void tables_prepare(void)
{
	unsigned int page, i;

	for (page = 0; page < P_COUNT; page++)
		for (i = 0; i < 512; i++)
			page_u64(page)[i] = 0;
}

void tables_make(void)
{
	descriptors_make();
	pages_make();
}

/* ---- L1's nested page table ---- */

static uint64_t npt_page(unsigned int page)
{
	return AT(page) | PTE_ALL;
}

void npt_prepare(void)
{
	npt_root[0] = (uintptr_t)npt_dirs | PTE_ALL;
	npt_dirs[0] = (uintptr_t)npt_dir | PTE_ALL;
	npt_dir[4] = (uintptr_t)npt_table | PTE_ALL;
}

void npt_change(void)
{
	unsigned int page = below(P_COUNT);
	uint64_t entry = npt_page(page);

	switch (below(6)) {
	case 0:
		entry = 0;
		break;
	case 1:
		entry &= ~PTE_W;
		break;
	case 2:
		entry &= ~PTE_U;
		break;
	case 3:
		entry |= PTE_NX;
		break;
	case 4:
		/* Data elsewhere: two addresses of one page, or one that nobody has. */
		page = P_DATA + below(P_DATA_LAST - P_DATA + 1);
		entry = npt_page(one_in(2) ? P_SPARE : P_DATA + below(P_DATA_LAST - P_DATA + 1));
		break;
	case 5:
		entry |= PTE_A | PTE_D;
		break;
	}
	npt_table[page] = entry;
	l2.tlb = 1;
}

void npt_make(void)
{
	unsigned int i;

	npt_dirs[0] = (uintptr_t)npt_dirs[0] & ~PTE_A;
	for (i = 0; i < P_COUNT; i++)
		npt_table[i] = npt_page(i);
	for (i = below(4); i > 1; i--)
		npt_change();
	l2.np = prog.npt;
	l2.ncr3 = prog.npt ? (uintptr_t)npt_root : 0;
}

void npt_mend(uint64_t gpa)
{
	if (gpa - ARENA < P_COUNT * PAGE)
		npt_table[(gpa - ARENA) / PAGE] = npt_page((gpa - ARENA) / PAGE);
	l2.tlb = 1;
}
