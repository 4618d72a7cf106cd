// SPDX-License-Identifier: GPL-2.0-only
/* L1's NPT as a context, and L2's tables below it, case by case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/nested_world.h"

/* ------------------------------------------------------------------------ */
/* APM 15.25.3: the nested tables are in the mode that L1 is in. */

static void npt_off(void **state)
{
	struct mmu_cpu cpu = cpu_of(PAE, LONG);
	const struct mmu_ctx before = mem.vcpu.ctx[MMU_CTX_SECOND];

	cpu.cr0 = 0x11;
	assert_int_equal(mmu_nested_npt(&mem.vcpu, &cpu), -EINVAL);
	assert_memory_equal(&before, &mem.vcpu.ctx[MMU_CTX_SECOND],
			    sizeof(before));
}

/* Our own tables have to be as deep; outside of long mode LA57 means nothing. */
static void npt_levels(void **state)
{
	struct mmu_cpu cpu = cpu_of(PAE | LA57, LONG);

	gmem_machine(&mem, 4);
	assert_int_equal(mmu_nested_npt(&mem.vcpu, &cpu), -EINVAL);
	npt_mode(TABLE(4), PAE, LONG);
	npt_mode(TABLE(3), PAE | LA57, 0);
}

static void npt_4level(void **state)
{
	second_tables(7);
	npt_mode(TABLE(4) | 0x18, PAE, LONG);
	second_sizes(0x87);
}

static void npt_5level(void **state)
{
	second_tables(7);
	put(TABLE(5), 1, TABLE(4) | 7);
	npt_mode(TABLE(5), PAE | LA57, LONG);
	second_is(1ull << 48 | GPA, 0, L1_GPA);
	second_faults(GPA, PF_WRITE, 6);
	assert_int_equal(res.level, 5);
	second_faults(1ull << 57, 0, 4);
}

/* APM 5.2.3, 15.25.10: PDPTEs are read from memory, their low bits reserved. */
static void npt_pae(void **state)
{
	put(TABLE(3) + 0x20, 1, TABLE(2) | 1);
	put(TABLE(2), 0, TABLE(1) | 7);
	put(TABLE(1), 5, 0x15000 | 7);
	npt_mode(TABLE(3) | 0x20, PAE, NXE);
	second_is(0x40000000 | GPA, PF_WRITE, L1_GPA);
	assert_true(get(TABLE(3) + 0x20, 1) == (TABLE(2) | 1));
	assert_true(get(TABLE(1), 5) == 0x15067);
	assert_true(res.step[3].gpa == TABLE(3) + 0x28);
	/* The registers are not there: a change counts at once. */
	put(TABLE(3) + 0x20, 1, 0);
	second_faults(0x40000000 | GPA, 0, 4);
	assert_int_equal(res.level, 3);
	put(TABLE(3) + 0x20, 1, TABLE(2) | 7);
	second_faults(0x40000000 | GPA, 0, 0xd);
	put(TABLE(3) + 0x20, 1, TABLE(2) | 1);
	put(TABLE(2), 1, 0x40600000 | 0x87);
	second_is(0x40212345, 0, 0x40612345);
	put(TABLE(1), 5, NX | 0x15007);
	second_faults(0x40000000 | GPA, PF_FETCH, 0x15);
	second_faults(1ull << 32, 0, 4);
	put(TABLE(3) + 0x20, 1, 0xfffff000 | 1);
	assert_int_equal(walk(MMU_CTX_SECOND, 0x40000000, 0), GWALK_ABORT);
}

static void npt_2level(void **state)
{
	put32(TABLE(2), 1, TABLE(1) | 7);
	put32(TABLE(1), 5, 0x15000 | 7);
	npt_mode(TABLE(2) | 0xf00000018, 0, NXE);
	second_is(0x400000 | GPA, PF_WRITE, L1_GPA);
	second_is(0x400000 | GPA, PF_FETCH, L1_GPA);
	/* Without CR4.PSE bit 7 of a PDE is ignored. */
	put32(TABLE(2), 1, TABLE(1) | 0x87);
	second_is(0x400000 | GPA, 0, L1_GPA);
	npt_mode(TABLE(2), PSE, 0);
	put32(TABLE(2), 1, 0x00c00000 | 0x87 | 0x9a << 13);
	second_is(0x412345, 0, 0x9a00c12345);
	second_faults(0x800000, 0, 4);
	second_faults(1ull << 32, 0, 4);
}

/* APM 15.25.5: user accesses all; no WP, SMEP, SMAP, no protection keys. */
static void npt_rights(void **state)
{
	struct mmu_cpu cpu = cpu_of(PAE | 0x700000, LONG | NXE);

	second_tables(7);
	ncr3 = TABLE(4);
	/* Key 15 of an entry, and PKRU that forbids it. */
	put(TABLE(1), 5, 0x78000000000150e7);
	assert_int_equal(mmu_nested_npt(&mem.vcpu, &cpu), 0);
	regs.pkru = ~0u;
	second_is(GPA, 0, L1_GPA);
	second_is(GPA, PF_FETCH, L1_GPA);
	/* CR0.WP is off and the page read-only: it counts nevertheless. */
	put(TABLE(1), 5, 0x15005);
	second_faults(GPA, PF_WRITE, 7);
	assert_int_equal(res.rights, ACC_R | ACC_X | ACC_U);
	/* A supervisor's page. */
	put(TABLE(1), 5, 0x15003);
	second_faults(GPA, 0, 5);
	put(TABLE(1), 5, 0x15007);
	put(TABLE(3), 0, TABLE(2) | 3);
	second_faults(GPA, PF_WRITE, 7);
}

/* NX by hEFER.NXE; without it bit 63 is reserved.  I/D is always told. */
static void npt_nx(void **state)
{
	second_tables(7);
	put(TABLE(1), 5, NX | 0x15007);
	npt_mode(TABLE(4), PAE, LONG | NXE);
	second_is(GPA, PF_WRITE, L1_GPA);
	second_faults(GPA, PF_FETCH, 0x15);
	npt_mode(TABLE(4), PAE, LONG);
	second_faults(GPA, 0, 0xd);
	second_faults(GPA, PF_FETCH, 0x1d);
}

/* By L1's CPU: address bits from 40 up; 1 GiB pages; bit 8 of a PDPE. */
static void npt_reserved(void **state)
{
	struct mmu_cpu cpu = cpu_of(PAE, LONG | NXE);

	second_tables(7);
	npt_mode(TABLE(4), PAE, LONG | NXE);
	put(TABLE(1), 5, 1ull << 40 | 0x15007);
	second_faults(GPA, PF_WRITE, 0xf);
	assert_false(res.misconfig);
	put(TABLE(1), 5, 1ull << 39 | 0x15007);
	second_is(GPA, 0, 1ull << 39 | L1_GPA);
	put(TABLE(3), 0, TABLE(2) | 0x107);
	second_faults(GPA, 0, 0xd);
	put(TABLE(3), 0, 0x87);
	second_is(GPA, 0, GPA);
	cpu.feat.gib_pages = false;
	assert_int_equal(mmu_nested_npt(&mem.vcpu, &cpu), 0);
	second_faults(GPA, 0, 0xd);
	assert_int_equal(res.level, 3);
}

/* APM 15.25.6: table walks are writes: dirty in the leaves of L2's tables. */
static void npt_accessed_dirty(void **state)
{
	int level;

	assert_int_equal(walk(MMU_CTX_L2, VA, 0), GWALK_OK);
	for (level = 1; level <= 4; level++)
		assert_true(get(TABLE(1), level) ==
			    (L2_AT + L2(level)) + 0x67);
	assert_true(get(TABLE(1), 5) == 0x15027);
	assert_true(get(TABLE(2), 0) == (TABLE(1) | 0x27));
	assert_true(get(L2_AT + L2(1), 4) == 0x5027);
	assert_int_equal(walk(MMU_CTX_L2, VA, PF_WRITE), GWALK_OK);
	assert_true(get(TABLE(1), 5) == 0x15067);
	assert_true(get(L2_AT + L2(1), 4) == 0x5067);
}

/* ------------------------------------------------------------------------ */
/* L2's own tables. */

static void two_dimensions(void **state)
{
	assert_int_equal(walk(MMU_CTX_L2, VA, PF_WRITE), GWALK_OK);
	assert_true(res.gpa == L1_GPA);
	assert_true(res.step[1].gpa == L2_AT + L2(1) + 32);
	/* Each register is read when it is needed. */
	cr3 = L2(6);
	put(L2_AT + L2(6), 1, L2(3) | 7);
	put(L2_AT + L2(4), 1, 0);
	assert_int_equal(walk(MMU_CTX_L2, VA, 0), GWALK_OK);
	ncr3 = (ncr3 & 0xfff) | TABLE(5);
	assert_int_equal(walk(MMU_CTX_L2, VA, 0), GWALK_NEXT);
	put(TABLE(5), 0, TABLE(3) | 7);
	assert_int_equal(walk(MMU_CTX_L2, VA, 0), GWALK_OK);
}

/* L2's paging is off: its addresses are physical ones. */
static void l2_paging_off(void **state)
{
	struct mmu_cpu cpu = cpu_of(0, 0);

	cpu.cr0 = 0x11;
	mmu_ctx_update(&mem.vcpu, MMU_CTX_L2, &cpu);
	assert_int_equal(walk(MMU_CTX_L2, GPA, PF_WRITE), GWALK_OK);
	assert_true(res.gpa == L1_GPA);
	assert_int_equal(walk(MMU_CTX_L2, 0x10000, 0), GWALK_NEXT);
	assert_true(res.error == 0x100000004);
}

/* APM 15.25.10: L2's PDPTEs are read by the nested tables as well. */
static void l2_pae(void **state)
{
	const struct mmu_cpu cpu = cpu_of(PAE, 0);

	mmu_ctx_update(&mem.vcpu, MMU_CTX_L2, &cpu);
	cr3 = L2(3) | 0x40;
	/* Low reserved bits are the processor's affair; high ones are not. */
	put(L2_AT + L2(3) + 0x40, 1, L2(2) | 0x21);
	put(L2_AT + L2(2), 3, L2(1) | 7);
	assert_int_equal(walk(MMU_CTX_L2, 0x40604567, PF_WRITE), GWALK_OK);
	assert_true(res.gpa == L1_GPA);
	put(TABLE(1), 3, 0);
	assert_int_equal(walk(MMU_CTX_L2, 0x40604567, 0), GWALK_NEXT);
	assert_true(res.error == 0x200000006);
	assert_true(res.fault_addr == L2(3) + 0x48);
	put(TABLE(1), 3, 0x13007);
	put(L2_AT + L2(3) + 0x40, 1, 1ull << 40 | L2(2) | 1);
	assert_int_equal(walk(MMU_CTX_L2, 0x40604567, PF_USER), GWALK_FAULT);
	assert_true(res.error == 0xd);
}

/* L2's own faults come first, and are L2's. */
static void l2_faults(void **state)
{
	put(L2_AT + L2(1), 4, 0x5005);
	assert_int_equal(walk(MMU_CTX_L2, VA, PF_USER | PF_WRITE), GWALK_FAULT);
	assert_true(res.error == 7);
	assert_true(res.fault_addr == VA);
	put(TABLE(1), 1, 0);
	next_faults(PF_USER | PF_WRITE, 0x200000006, L2(1) + 32);
}

/* What was read of L1's tables is not remembered, so nothing is repeated. */
static void not_repeated(void **state)
{
	const struct gwalk_access access = { };
	const struct mmu_cpu cpu = cpu_of(PAE, LONG);
	gpa_t gpa;

	/* L1's own walks are. */
	mem.vcpu.ctx[MMU_CTX_GUEST].ops = &l2_ops;
	mmu_ctx_update(&mem.vcpu, MMU_CTX_GUEST, &cpu);
	assert_int_equal(mmu_translate(&mem.vcpu, MMU_CTX_L2, VA, &access, &res), GWALK_OK);
	assert_int_equal(mem.vcpu.last[0].n, 0);
	assert_false(mmu_translate_again(&mem.vcpu, L2_AT, VA, &access, &gpa));
}

static void npt_faults(void **state)
{
	put(TABLE(1), 5, 0);
	next_faults(0, 0x100000004, GPA);
	next_faults(PF_WRITE | PF_USER, 0x100000006, GPA);
	next_faults(PF_FETCH, 0x100000014, GPA);
	put(TABLE(1), 5, 0x15005);
	next_faults(PF_WRITE, 0x100000007, GPA);
	put(TABLE(1), 3, 0x13005);
	next_faults(0, 0x200000007, L2(3) + 16);
	next_faults(PF_FETCH, 0x200000007, L2(3) + 16);
	put(TABLE(1), 3, 1ull << 51 | 0x13005);
	next_faults(0, 0x20000000f, L2(3) + 16);
}

/* ------------------------------------------------------------------------ */
/* The sink. */

static void sink_npt(void **state)
{
	put(TABLE(1), 5, 0x15005);
	next_faults(PF_WRITE, 0x100000007, GPA);
	mmu_nested_fault(&mem.vcpu, VA, &res);
	assert_int_equal(sinks, 1);
	assert_int_equal(injected, 0);
	assert_true(sunk.addr == GPA);
	assert_true(sunk.error == 0x100000007);
	assert_true(sunk.rights == (ACC_R | ACC_X | ACC_U));
	assert_false(sunk.misconfig);
	assert_true(sunk.has_la && sunk.la == VA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(npt_off, npt),
		CASE(npt_levels, start),
		CASE(npt_4level, start),
		CASE(npt_5level, start),
		CASE(npt_pae, start),
		CASE(npt_2level, start),
		CASE(npt_rights, start),
		CASE(npt_nx, start),
		CASE(npt_reserved, start),
		CASE(npt_accessed_dirty, npt),
		CASE(two_dimensions, npt),
		CASE(two_dimensions, ept),
		CASE(l2_paging_off, npt),
		CASE(l2_pae, npt),
		CASE(l2_faults, npt),
		CASE(not_repeated, npt),
		CASE(npt_faults, npt),
		CASE(sink_npt, npt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
