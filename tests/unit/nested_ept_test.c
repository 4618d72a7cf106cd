// SPDX-License-Identifier: GPL-2.0-only
/* L1's EPT as a context, case by case; and what never changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "tests/unit/nested_world.h"

/* ------------------------------------------------------------------------ */
/* SDM 27.2.1.1: the EPTP. */

static void eptp(void **state)
{
	u64 root = TABLE(4);
	int n;

	assert_int_equal(ept_mode(root | EPTP4, CAPS), 0);
	assert_ptr_equal(mem.vcpu.ctx[MMU_CTX_SECOND].walk.fmt, &pt_format_ept4);
	assert_int_equal(ept_mode(root | EPTP5, CAPS), 0);
	assert_ptr_equal(mem.vcpu.ctx[MMU_CTX_SECOND].walk.fmt, &pt_format_ept5);
	/* Memory type 0 and 6 only, and each only if the CPU has it. */
	for (n = 0; n < 8; n++)
		assert_int_equal(ept_mode(root | 0x18 | n, CAPS),
				 n == 0 || n == 6 ? 0 : -EINVAL);
	assert_int_equal(ept_mode(root | 0x18, CAPS & ~0x100ull), -EINVAL);
	assert_int_equal(ept_mode(root | 0x1e, CAPS & ~0x4000ull), -EINVAL);
	/* One less than 4 or 5 levels. */
	for (n = 0; n < 8; n++)
		assert_int_equal(ept_mode(root | 6 | n << 3, CAPS),
				 n == 3 || n == 4 ? 0 : -EINVAL);
	assert_int_equal(ept_mode(root | EPTP4, CAPS & ~0x40ull), -EINVAL);
	assert_int_equal(ept_mode(root | EPTP5, CAPS & ~0x80ull), -EINVAL);
	/* Our own tables have to be as deep. */
	gmem_machine(&mem, 4);
	assert_int_equal(ept_mode(root | EPTP5, CAPS), -EINVAL);
	assert_int_equal(ept_mode(root | EPTP4, CAPS), 0);
	gmem_machine(&mem, 5);
	/* Bit 6. */
	assert_int_equal(ept_mode(root | EPTP4AD, CAPS), 0);
	assert_int_equal(ept_mode(root | EPTP4AD, CAPS & ~0x200000ull), -EINVAL);
	/* Reserved: 11:7 and from the address width up. */
	for (n = 7; n < 12; n++)
		assert_int_equal(ept_mode(root | EPTP4 | 1ull << n, CAPS),
				 -EINVAL);
	for (n = 12; n < 64; n++)
		assert_int_equal(ept_mode(EPTP4 | 1ull << n, CAPS),
				 n < 40 ? 0 : -EINVAL);
}

/* One that is refused changes nothing. */
static void eptp_refused(void **state)
{
	const struct mmu_ctx before = mem.vcpu.ctx[MMU_CTX_SECOND];

	assert_int_equal(mmu_nested_ept(&mem.vcpu, EPTP5 | 0x80, CAPS, 46),
			 -EINVAL);
	assert_memory_equal(&before, &mem.vcpu.ctx[MMU_CTX_SECOND],
			    sizeof(before));
}

static void ept_4level(void **state)
{
	second_sizes(0xb7);
	assert_false(res.misconfig);
	assert_int_equal(ept_mode(TABLE(4) | EPTP4, CAPS & ~0x20000ull), 0);
	second_faults(0x40123456, 0, 0xd);
	assert_true(res.misconfig);
}

static void ept_5level(void **state)
{
	put(TABLE(5), 1, TABLE(4) | 7);
	assert_int_equal(ept_mode(TABLE(5) | EPTP5, CAPS), 0);
	second_is(1ull << 48 | GPA, 0, L1_GPA);
	second_faults(GPA, 0, 4);
	second_faults(1ull << 57, 0, 4);
}

/* SDM 29.3.3.1 and 29.3.3.2: bits 2:0 of a leaf. */
static void ept_rights(void **state)
{
	/* By entry: misconfigured, or the accesses that go well: R, W, X. */
	static const struct { u8 bits; bool bad, r, w, x; } rows[] = {
		{ 1, false, true, false, false },
		{ 2, true, false, false, false },
		{ 3, false, true, true, false },
		{ 4, false, false, false, true },
		{ 5, false, true, false, true },
		{ 6, true, false, false, false },
		{ 7, false, true, true, true },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		put(TABLE(1), 5, 0x15030 | rows[i].bits);
		assert_int_equal(walk(MMU_CTX_SECOND, GPA, 0) == GWALK_OK,
				 rows[i].r);
		assert_int_equal(res.misconfig, rows[i].bad);
		assert_int_equal(walk(MMU_CTX_SECOND, GPA, PF_WRITE) == GWALK_OK,
				 rows[i].w);
		assert_int_equal(walk(MMU_CTX_SECOND, GPA, PF_FETCH) == GWALK_OK,
				 rows[i].x);
		assert_int_equal(res.misconfig, rows[i].bad);
		if (!rows[i].bad)
			assert_int_equal(res.rights, rows[i].bits | ACC_U);
	}
	/* Execute-only: only where the CPU has it, at each level. */
	put(TABLE(1), 5, 0x15034);
	second_is(GPA, PF_FETCH, L1_GPA);
	second_faults(GPA, 0, 5);
	assert_int_equal(res.rights, ACC_X | ACC_U);
	assert_int_equal(ept_mode(TABLE(4) | EPTP4, CAPS & ~1ull), 0);
	second_faults(GPA, PF_FETCH, 0x1d);
	assert_true(res.misconfig);
}

static void ept_misconfig(void **state)
{
	int n;

	/* SDM 29.3.3.1: memory types 2, 3 and 7. */
	for (n = 0; n < 8; n++) {
		put(TABLE(1), 5, 0x15007 | n << 3);
		walk(MMU_CTX_SECOND, GPA, 0);
		assert_int_equal(res.misconfig, n == 2 || n == 3 || n == 7);
	}
	put(TABLE(1), 5, 1ull << 40 | 0x15037);
	second_faults(GPA, PF_WRITE, 0xf);
	assert_true(res.misconfig);
	/* Bits 63:52 and 11:8 of a leaf, in any combination. */
	put(TABLE(1), 5, 0xfff0000000015f37);
	second_is(GPA, 0, L1_GPA);
	/* Reserved in an entry that points to a table: 6:3, 7 at level 4. */
	for (n = 3; n < 8; n++) {
		put(TABLE(4), 0, TABLE(3) | 7 | 1 << n);
		second_faults(GPA, 0, 0xd);
		assert_true(res.misconfig);
		assert_int_equal(res.level, 4);
	}
	/* Absent: no misconfiguration whatever else is in it. */
	put(TABLE(4), 0, ~7ull);
	second_faults(GPA, 0, 4);
	assert_false(res.misconfig);
}

/* SDM 29.3.5: bits 8 and 9; nothing is written while they are off. */
static void ept_accessed_dirty(void **state)
{
	put(L2_AT + L2(1), 4, 0x5067);
	put(L2_AT + L2(2), 3, L2(1) | 0x27);
	put(L2_AT + L2(3), 2, L2(2) | 0x27);
	put(L2_AT + L2(4), 1, L2(3) | 0x27);
	gmem_mark(&mem);
	assert_int_equal(walk(MMU_CTX_L2, VA, PF_WRITE), GWALK_OK);
	assert_int_equal(mem.writes, 0);
	assert_int_equal(ept_mode(TABLE(4) | EPTP4AD, CAPS), 0);
	assert_int_equal(walk(MMU_CTX_L2, VA, 0), GWALK_OK);
	/* A table's page counts as written. */
	assert_true(get(TABLE(1), 4) == 0x14337);
	assert_true(get(TABLE(1), 5) == 0x15137);
	assert_true(get(TABLE(4), 0) == (TABLE(3) | 0x107));
	assert_int_equal(walk(MMU_CTX_L2, VA, PF_WRITE), GWALK_OK);
	assert_true(get(TABLE(1), 5) == 0x15337);
}

/* SDM 29.3.6: who logs is told once for each leaf, by the address, and may refuse. */
static u64 logged;
static int logs;
static bool log_full;

static bool second_dirty(struct mmu_vcpu *vcpu, gpa_t gpa)
{
	assert_ptr_equal(vcpu, &mem.vcpu);
	if (log_full)
		return false;
	logged = gpa;
	logs++;
	return true;
}

static void ept_dirty_log(void **state)
{
	static const struct mmu_ctx_ops ops = {
		.root_get = second_root, .fault = second_fault, .dirty = second_dirty,
	};

	mmu_nested_init(&mem.vcpu, &l2_ops, &ops);
	logs = 0;
	log_full = false;
	/* Without dirty bits nothing is told. */
	assert_int_equal(ept_mode(TABLE(4) | EPTP4, CAPS), 0);
	assert_int_equal(walk(MMU_CTX_SECOND, GPA, PF_WRITE), GWALK_OK);
	assert_int_equal(logs, 0);
	assert_int_equal(ept_mode(TABLE(4) | EPTP4AD, CAPS), 0);
	assert_int_equal(walk(MMU_CTX_SECOND, GPA, 0), GWALK_OK);
	assert_int_equal(logs, 0);
	/* Full: not dirty, and the walk comes again. */
	log_full = true;
	assert_int_equal(walk(MMU_CTX_SECOND, GPA, PF_WRITE), GWALK_RETRY);
	assert_int_equal(get(TABLE(1), 5) & 0x300, 0x100);
	log_full = false;
	assert_int_equal(walk(MMU_CTX_SECOND, GPA, PF_WRITE), GWALK_OK);
	assert_int_equal(get(TABLE(1), 5) & 0x300, 0x300);
	assert_int_equal(logs, 1);
	assert_true(logged == GPA);
	assert_int_equal(walk(MMU_CTX_SECOND, GPA, PF_WRITE), GWALK_OK);
	assert_int_equal(logs, 1);
}

/*
 * All that SDM table 29-7 wants to know: the access, bits 5:3, linear address
 * valid, and whether it is its translation or a table's.
 */
static void sink_ept(void **state)
{
	put(TABLE(1), 5, 0x15034);
	next_faults(0, 0x100000005, GPA);
	mmu_nested_fault(&mem.vcpu, VA, &res);
	assert_true((sunk.rights & 7) == 4);
	assert_true(sunk.error & PF_GUEST_FINAL);
	put(TABLE(1), 2, 0x12031);
	put(L2_AT + L2(2), 3, L2(1) | 7);
	/* The table is read, then its accessed bit is to be written. */
	next_faults(0, 0x200000007, L2(2) + 24);
	mmu_nested_fault(&mem.vcpu, VA, &res);
	assert_true((sunk.rights & 7) == 1);
	assert_true(sunk.error & PF_GUEST_TABLE);
	/* An entry on the way is absent: nothing is granted. */
	put(TABLE(2), 0, 0);
	next_faults(PF_WRITE, 0x200000004, L2(4) + 8);
	mmu_nested_fault(&mem.vcpu, VA, &res);
	assert_int_equal(sunk.rights, 0);
	put(TABLE(2), 0, TABLE(1) | 2);
	next_faults(0, 0x20000000d, L2(4) + 8);
	mmu_nested_fault(&mem.vcpu, VA, &res);
	assert_true(sunk.misconfig);
	assert_int_equal(sinks, 4);
}

/* ------------------------------------------------------------------------ */
/* R5: what is constant stays so; here the processor itself sees to it. */

static void switch_often(const struct mmu_ctx_ops *page)
{
	const struct mmu_cpu pae = cpu_of(PAE, NXE);
	const struct mmu_cpu word = cpu_of(PAE, LONG | NXE);
	int i;

	for (i = 0; i < 100; i++) {
		ept(NULL);
		mmu_nested_init(&mem.vcpu, &page[0], &page[1]);
		assert_int_equal(walk(MMU_CTX_L2, VA, PF_WRITE), GWALK_OK);
		assert_int_equal(mmu_nested_npt(&mem.vcpu, &pae), 0);
		mmu_ctx_update(&mem.vcpu, MMU_CTX_L2, &pae);
		walk(MMU_CTX_L2, VA, PF_WRITE);
		assert_int_equal(mmu_nested_npt(&mem.vcpu, &word), 0);
		mmu_ctx_update(&mem.vcpu, MMU_CTX_L2, &word);
		walk(MMU_CTX_L2, VA, PF_WRITE);
		ept_mode(EPTP4, 0);
		ept_mode(TABLE(5) | EPTP5, CAPS);
		assert_ptr_equal(mem.vcpu.ctx[MMU_CTX_L2].ops, &page[0]);
		assert_ptr_equal(mem.vcpu.ctx[MMU_CTX_SECOND].ops, &page[1]);
	}
}

static void constants(void **state)
{
	struct mmu_ctx_ops *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(page != MAP_FAILED);
	page[0] = l2_ops;
	page[1] = second_ops;
	assert_int_equal(mprotect(page, 4096, PROT_READ), 0);
	switch_often(page);
	munmap(page, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(eptp, start),
		CASE(eptp_refused, ept),
		CASE(ept_4level, ept),
		CASE(ept_5level, ept),
		CASE(ept_rights, ept),
		CASE(ept_misconfig, ept),
		CASE(ept_accessed_dirty, ept),
		CASE(ept_dirty_log, ept),
		CASE(sink_ept, ept),
		CASE(constants, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
