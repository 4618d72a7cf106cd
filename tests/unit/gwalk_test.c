// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walker, case by case.  Error codes are written as the manuals' numbers:
 * P 1, W 2, U 4, RSVD 8, I/D 0x10, PK 0x20.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "mmu/guest/gwalk.h"
#include "tests/unit/gmem.h"

#define NX	0x8000000000000000ull

/* The guest's tables, by level: root of 4 levels at 0x4000 and so on. */
#define TABLE(level)	((level) * 0x1000ull)
/* L1's nested tables. */
#define NESTED(level)	(0x8000 + (level) * 0x1000ull)

/* Indexes 1, 2, 3, 4 from level 4 down, offset 0x567. */
#define VA		0x8080604567ull

static struct gmem mem;
static struct gwalk_ctx guest, nested;
static struct perm_regs regs;
static struct gwalk_result res;

static enum gwalk_status walk(u64 va, u64 pf)
{
	const struct gwalk_access access = { .pf = pf, .regs = regs };

	return gwalk(gmem_vcpu(&mem), &guest, va, &access, &res);
}

static void fault_is(u64 va, u64 access, u64 error)
{
	assert_int_equal(walk(va, access), GWALK_FAULT);
	assert_true(res.error == error);
	assert_true(res.fault_addr == va);
}

static void next_fault_is(u64 access, u64 error, u64 addr)
{
	assert_int_equal(walk(VA, access), GWALK_NEXT);
	assert_true(res.error == error);
	assert_true(res.fault_addr == addr);
}

static void put(u64 table, int index, u64 entry)
{
	gmem_set(&mem, table + index * 8, 8, entry);
}

static u64 entry_at(int level)
{
	static const int index[] = { 0, 4, 3, 2, 1, 0 };

	return gmem_get(&mem, TABLE(level) + index[level] * 8, 8);
}

static void guest_init(struct gwalk_ctx *ctx, const struct pt_format *fmt,
		       struct perm_bits bits, struct pt_features feat)
{
	*ctx = (struct gwalk_ctx){ .fmt = fmt, .set_ad = true };
	pt_rsvd_init(&ctx->rsvd, fmt, &feat);
	perm_init(&ctx->perm, &bits);
}

/* Four levels, all rights, VA at 0xabcde567; no A or D bits yet. */
static int four_levels(void **state)
{
	memset(&mem, 0, sizeof(mem));
	regs = (struct perm_regs){ .ac = false };
	guest_init(&guest, &pt_format_4level,
		   (struct perm_bits){ .wp = true, .nx = true },
		   (struct pt_features){ .maxphyaddr = 40, .nx = true,
					 .gib_pages = true });
	guest.root = TABLE(4);
	put(TABLE(4), 1, TABLE(3) | 7);
	put(TABLE(3), 2, TABLE(2) | 7);
	put(TABLE(2), 3, TABLE(1) | 7);
	put(TABLE(1), 4, 0xabcde000 | 7);
	return 0;
}

/* The same through nested tables that map the first 2 MiB and the page. */
static void nest(const struct pt_format *fmt, u64 rights)
{
	int i;

	guest_init(&nested, fmt, (struct perm_bits){ .nx = true, .second = true },
		   (struct pt_features){ .maxphyaddr = 40, .nx = true,
					 .gib_pages = true });
	nested.root = NESTED(4);
	guest.next = &nested;
	put(NESTED(4), 0, NESTED(3) | rights);
	put(NESTED(3), 0, NESTED(2) | rights);
	put(NESTED(3), 2, NESTED(5) | rights);
	put(NESTED(2), 0, NESTED(1) | rights);
	for (i = 0; i < 8; i++)
		put(NESTED(1), i, i * 0x1000 | rights);
	/* 0xabcde000 is in the gigabyte 2, at 2 MiB page 0x15e, page 0xde. */
	put(NESTED(5), 0x15e, NESTED(6) | rights);
	put(NESTED(6), 0xde, 0x77777000 | rights);
}

static int npt(void **state)
{
	four_levels(state);
	nest(&pt_format_4level, 7);
	return 0;
}

static int ept(void **state)
{
	four_levels(state);
	nest(&pt_format_ept4, 7);
	nested.set_ad = false;
	return 0;
}

static void set_leaf(u64 entry)
{
	put(TABLE(1), 4, entry);
}

static void paging_off(void **state)
{
	guest.fmt = NULL;
	assert_int_equal(walk(0xfee00123, PF_WRITE), GWALK_OK);
	assert_true(res.gpa == 0xfee00123);
	assert_int_equal(res.rights, ACC_ALL);
	assert_int_equal(res.level, LEVEL_1G);
}

static void translates(void **state)
{
	set_leaf(0x30000000abcde007);
	assert_int_equal(walk(VA, PF_USER), GWALK_OK);
	assert_true(res.gpa == 0xabcde567);
	assert_int_equal(res.rights, ACC_ALL);
	assert_int_equal(res.level, LEVEL_4K);
	assert_int_equal(res.pkey, 6);
	assert_true(res.error == 0);
	assert_true(res.step[4].gpa == TABLE(4) + 8);
	assert_true(res.step[1].gpa == TABLE(1) + 32);
	assert_true(res.step[1].entry == 0x30000000abcde027);
}

static void large_pages(void **state)
{
	put(TABLE(2), 3, 0xffbcc00087);
	assert_int_equal(walk(VA, PF_WRITE), GWALK_OK);
	assert_true(res.gpa == 0xffbcc04567);
	assert_int_equal(res.level, LEVEL_2M);
	assert_true(entry_at(2) == 0xffbcc000e7);
	put(TABLE(3), 2, 0x8040000087);
	assert_int_equal(walk(VA, PF_WRITE), GWALK_OK);
	assert_true(res.gpa == 0x8040604567);
	assert_int_equal(res.level, LEVEL_1G);
	assert_true(entry_at(3) == 0x80400000e7);
}

static void not_present(void **state)
{
	int level;

	for (level = 4; level >= 1; level--) {
		four_levels(state);
		put(TABLE(level), 5 - level, 0xabcd006);
		fault_is(VA, 0, 0);
		assert_int_equal(res.level, level);
		assert_int_equal(res.rights, 0);
		fault_is(VA, PF_WRITE, 2);
		fault_is(VA, PF_USER, 4);
		fault_is(VA, PF_USER | PF_WRITE, 6);
		fault_is(VA, PF_USER | PF_FETCH, 0x14);
		fault_is(VA, PF_IMPLICIT, 0);
	}
}

static void forbidden(void **state)
{
	set_leaf(0xabcde003);
	fault_is(VA, PF_USER, 5);
	fault_is(VA, PF_USER | PF_WRITE, 7);
	assert_int_equal(res.rights, ACC_R | ACC_W | ACC_X);
	set_leaf(0xabcde005);
	fault_is(VA, PF_WRITE, 3);
	fault_is(VA, PF_USER | PF_WRITE, 7);
	set_leaf(NX | 0xabcde007);
	fault_is(VA, PF_FETCH, 0x11);
	fault_is(VA, PF_USER | PF_FETCH, 0x15);
	assert_int_equal(walk(VA, PF_USER), GWALK_OK);
	/* An upper level forbids just as well. */
	set_leaf(0xabcde007);
	put(TABLE(3), 2, TABLE(2) | 5);
	fault_is(VA, PF_USER | PF_WRITE, 7);
	assert_int_equal(res.level, LEVEL_4K);
}

static void reserved_first(void **state)
{
	/* Bits that are reserved, in an entry that forbids the access too. */
	set_leaf(0x0000010000000001);
	fault_is(VA, PF_USER | PF_WRITE, 0xf);
	put(TABLE(4), 1, TABLE(3) | 0x81);
	fault_is(VA, PF_USER | PF_FETCH, 0x1d);
	assert_int_equal(res.level, 4);
	assert_false(res.misconfig);
	/* An absent entry above comes first. */
	put(TABLE(4), 1, 0x80);
	fault_is(VA, PF_USER, 4);
}

/* SDM 4.7: I/D needs NXE or SMEP. */
static void fetch_bit(void **state)
{
	perm_init(&guest.perm, &(struct perm_bits){ .wp = true });
	set_leaf(0);
	fault_is(VA, PF_FETCH, 0);
	fault_is(VA, PF_FETCH | PF_USER, 4);
	perm_init(&guest.perm, &(struct perm_bits){ .smep = true });
	fault_is(VA, PF_FETCH, 0x10);
	set_leaf(0xabcde007);
	fault_is(VA, PF_FETCH, 0x11);
}

static void smap_and_keys(void **state)
{
	perm_init(&guest.perm, &(struct perm_bits){ .smap = true, .pke = true });
	fault_is(VA, 0, 1);
	fault_is(VA, PF_WRITE, 3);
	regs.ac = true;
	assert_int_equal(walk(VA, PF_WRITE), GWALK_OK);
	fault_is(VA, PF_IMPLICIT, 1);
	set_leaf(0x78000000abcde007);
	regs.pkru = 0x40000000;
	fault_is(VA, PF_USER, 0x25);
	regs.pkru = 0x80000000;
	fault_is(VA, PF_USER | PF_WRITE, 0x27);
	assert_int_equal(walk(VA, PF_WRITE), GWALK_OK);
}

/* SDM 4.8. */
static void accessed_dirty(void **state)
{
	int level;

	set_leaf(0xabcde005);
	gmem_mark(&mem);
	fault_is(VA, PF_USER | PF_WRITE, 7);
	assert_int_equal(mem.writes, 0);
	assert_int_equal(walk(VA, PF_USER), GWALK_OK);
	for (level = 1; level <= 4; level++)
		assert_true((entry_at(level) & 0x60) == 0x20);
	set_leaf(0xabcde007);
	assert_int_equal(walk(VA, PF_USER | PF_WRITE), GWALK_OK);
	assert_true(entry_at(1) == 0xabcde067);
	for (level = 2; level <= 4; level++)
		assert_true((entry_at(level) & 0x60) == 0x20);
	gmem_mark(&mem);
	assert_int_equal(walk(VA, PF_USER | PF_WRITE), GWALK_OK);
	assert_int_equal(mem.writes, 0);
}

static void accessed_dirty_off(void **state)
{
	guest.set_ad = false;
	gmem_mark(&mem);
	assert_int_equal(walk(VA, PF_USER | PF_WRITE), GWALK_OK);
	assert_int_equal(mem.writes, 0);
	assert_true(res.step[1].entry == 0xabcde007);
}

/* Another CPU changes the entry of each level in turn. */
static void entry_changes(void **state)
{
	int level;

	for (level = 4; level >= 1; level--) {
		four_levels(state);
		mem.lose = 5 - level;
		assert_int_equal(walk(VA, PF_WRITE), GWALK_RETRY);
		assert_true(entry_at(level) == 0);
		fault_is(VA, PF_WRITE, 2);
	}
}

/* Page tables in ROM: the bits cannot be set and that is no fault. */
static void read_only_memory(void **state)
{
	mem.readonly = 1ull << 1;
	assert_int_equal(walk(VA, PF_WRITE), GWALK_OK);
	assert_true(res.gpa == 0xabcde567);
	assert_true(entry_at(1) == 0xabcde007);
	assert_true(res.step[1].entry == 0xabcde007);
	assert_true(res.step[2].entry == (TABLE(1) | 0x27));
}

static void no_memory(void **state)
{
	put(TABLE(3), 2, 0x5555555007);
	assert_int_equal(walk(VA, 0), GWALK_ABORT);
	guest.root = 0x40000;
	assert_int_equal(walk(VA, 0), GWALK_ABORT);
}

static void five_levels(void **state)
{
	guest.fmt = &pt_format_5level;
	guest.root = TABLE(5);
	put(TABLE(5), 0x1ab, TABLE(4) | 7);
	assert_int_equal(walk(0xffab008080604567, PF_USER), GWALK_OK);
	assert_true(res.gpa == 0xabcde567);
	assert_true(res.step[5].gpa == TABLE(5) + 0x1ab * 8);
}

/* SDM 4.3: va 0xc0504567 is PDE 0x301, PTE 0x104. */
static void two_levels(void **state)
{
	struct pt_features feat = { .maxphyaddr = 40, .pse36 = true };

	guest_init(&guest, &pt_format_2level, (struct perm_bits){ .wp = true },
		   feat);
	guest.root = TABLE(2);
	gmem_set(&mem, TABLE(2) + 0x301 * 4, 4, TABLE(1) | 0x87);
	gmem_set(&mem, TABLE(1) + 0x104 * 4, 4, 0xfffee007);
	/* CR4.PSE is off: bit 7 means nothing. */
	assert_int_equal(walk(0xc0504567, PF_USER | PF_WRITE), GWALK_OK);
	assert_true(res.gpa == 0xfffee567);
	assert_true(gmem_get(&mem, TABLE(1) + 0x104 * 4, 8) == 0xfffee067);
	assert_true(gmem_get(&mem, TABLE(2) + 0x301 * 4, 8) == (TABLE(1) | 0xa7));
	feat.pse = true;
	pt_rsvd_init(&guest.rsvd, guest.fmt, &feat);
	gmem_set(&mem, TABLE(2) + 0x301 * 4, 4, 0x5a9fe087);
	assert_int_equal(walk(0xc0504567, PF_USER | PF_WRITE), GWALK_OK);
	assert_true(res.gpa == 0xff5a904567);
	assert_int_equal(res.level, 2);
	gmem_set(&mem, TABLE(2) + 0x301 * 4, 4, 0x5aa00087);
	fault_is(0xc0504567, PF_USER | PF_FETCH, 0xd);
}

static void pae(void **state)
{
	guest_init(&guest, &pt_format_pae,
		   (struct perm_bits){ .wp = true, .nx = true },
		   (struct pt_features){ .maxphyaddr = 40, .nx = true });
	guest.pdptr[3] = TABLE(2) | 1;
	put(TABLE(2), 3, TABLE(1) | 7);
	assert_int_equal(walk(0xc0604567, PF_USER | PF_WRITE), GWALK_OK);
	assert_true(res.gpa == 0xabcde567);
	assert_int_equal(res.rights, ACC_ALL);
	assert_true(res.step[3].gpa == 0);
	assert_true(res.step[3].entry == (TABLE(2) | 1));
	assert_true(guest.pdptr[3] == (TABLE(2) | 1));
	fault_is(0x80604567, PF_USER, 4);
	assert_int_equal(res.level, 3);
}

static void nested_translates(void **state)
{
	assert_int_equal(walk(VA, PF_USER), GWALK_OK);
	assert_true(res.gpa == 0x77777567);
	assert_int_equal(res.level, LEVEL_4K);
	assert_true(res.step[1].gpa == TABLE(1) + 32);
	/* Tables of the guest are written, in the nested tables' eyes. */
	assert_true(gmem_get(&mem, NESTED(1) + 4 * 8, 8) == (TABLE(4) | 0x67));
	assert_true(gmem_get(&mem, NESTED(6) + 0xde * 8, 8) == 0x77777027);
	assert_int_equal(walk(VA, PF_USER | PF_WRITE), GWALK_OK);
	assert_true(gmem_get(&mem, NESTED(6) + 0xde * 8, 8) == 0x77777067);
}

/* The smaller of both pages counts. */
static void nested_level(void **state)
{
	put(TABLE(3), 2, 0x80000087);
	put(NESTED(3), 2, 0x40000087);
	assert_int_equal(walk(VA, PF_USER), GWALK_OK);
	assert_true(res.gpa == 0x40604567);
	assert_int_equal(res.level, LEVEL_1G);
	put(NESTED(3), 2, NESTED(5) | 7);
	put(NESTED(5), 3, 0x600087);
	assert_int_equal(walk(VA, PF_USER), GWALK_OK);
	assert_true(res.gpa == 0x604567);
	assert_int_equal(res.level, LEVEL_2M);
	guest.fmt = NULL;
	assert_int_equal(walk(0x80604567, 0), GWALK_OK);
	assert_int_equal(res.level, LEVEL_2M);
}

/* APM 15.25.6; bit 32 the final address, 33 a table, which is written. */
static void npt_faults(void **state)
{
	put(NESTED(6), 0xde, 0);
	next_fault_is(0, 0x100000004, 0xabcde567);
	next_fault_is(PF_WRITE, 0x100000006, 0xabcde567);
	next_fault_is(PF_FETCH, 0x100000014, 0xabcde567);
	put(NESTED(6), 0xde, 0x77777005);
	assert_int_equal(walk(VA, 0), GWALK_OK);
	next_fault_is(PF_WRITE, 0x100000007, 0xabcde567);
	/* Supervisor pages of a nested table are nobody's. */
	put(NESTED(6), 0xde, 0x77777003);
	next_fault_is(0, 0x100000005, 0xabcde567);
	put(NESTED(6), 0xde, NX | 0x77777007);
	next_fault_is(PF_FETCH, 0x100000015, 0xabcde567);
	put(NESTED(6), 0xde, 0x0000ff0077777007);
	next_fault_is(0, 0x10000000d, 0xabcde567);
	assert_false(res.misconfig);
}

static void npt_table_faults(void **state)
{
	put(NESTED(1), 2, TABLE(2) | 5);
	next_fault_is(0, 0x200000007, TABLE(2) + 3 * 8);
	next_fault_is(PF_FETCH, 0x200000007, TABLE(2) + 3 * 8);
	assert_int_equal(res.rights, ACC_R | ACC_X | ACC_U);
	put(NESTED(1), 4, 0);
	next_fault_is(0, 0x200000006, TABLE(4) + 8);
	put(NESTED(4), 0, NESTED(3) | 0x87);
	next_fault_is(0, 0x20000000f, TABLE(4) + 8);
	assert_int_equal(res.level, 4);
}

/* A guest address beyond what the nested tables translate. */
static void nested_reach(void **state)
{
	guest.fmt = NULL;
	assert_int_equal(walk(0x1000000001000, 0), GWALK_NEXT);
	assert_true(res.error == 0x100000004);
	assert_int_equal(res.level, 4);
	assert_true(res.fault_addr == 0x1000000001000);
}

static void nested_no_memory(void **state)
{
	put(NESTED(1), 3, 0x5555555007);
	assert_int_equal(walk(VA, 0), GWALK_ABORT);
}

/* The nested tables' entry of the guest's root changes: nothing is decided. */
static void nested_entry_changes(void **state)
{
	mem.lose = 1;
	assert_int_equal(walk(VA, 0), GWALK_RETRY);
}

/* Three dimensions are as good as two: the middle one's fault is passed on. */
static void nested_in_nested(void **state)
{
	static struct gwalk_ctx third;

	third = nested;
	third.root = 0x10000;
	nested.next = &third;
	put(0x10000, 0, 0x11000 | 7);
	put(0x11000, 0, 0x87);
	next_fault_is(0, 0x100000004, 0xabcde567);
	put(0x11000, 1, 0x40000087);
	assert_int_equal(walk(VA, 0), GWALK_OK);
	assert_true(res.gpa == 0x77777567);
	put(0x11000, 0, 0x85);
	next_fault_is(0, 0x200000007, TABLE(4) + 8);
}

/* SDM 29.3.3.2: without EPT A/D bits a guest table is read, then written. */
static void ept_tables(void **state)
{
	put(NESTED(1), 2, TABLE(2) | 5);
	put(TABLE(2), 3, TABLE(1) | 0x27);
	assert_int_equal(walk(VA, 0), GWALK_OK);
	put(TABLE(2), 3, TABLE(1) | 7);
	next_fault_is(0, 0x200000007, TABLE(2) + 3 * 8);
	assert_int_equal(res.rights, ACC_R | ACC_X | ACC_U);
	/* The root's table has no entry above that tells its address. */
	put(NESTED(1), 2, TABLE(2) | 7);
	put(NESTED(1), 4, TABLE(4) | 5);
	put(TABLE(4), 1, TABLE(3) | 7);
	next_fault_is(0, 0x200000007, TABLE(4) + 8);
	/* With them each read of a table counts as a write. */
	put(TABLE(4), 1, TABLE(3) | 0x27);
	assert_int_equal(walk(VA, 0), GWALK_OK);
	nested.set_ad = true;
	next_fault_is(0, 0x200000007, TABLE(4) + 8);
	put(NESTED(1), 4, TABLE(4) | 7);
	assert_int_equal(walk(VA, 0), GWALK_OK);
	assert_true(gmem_get(&mem, NESTED(1) + 4 * 8, 8) == (TABLE(4) | 0x307));
	assert_true(gmem_get(&mem, NESTED(6) + 0xde * 8, 8) == 0x77777107);
	assert_true(gmem_get(&mem, NESTED(2), 8) == (NESTED(1) | 0x107));
}

static void ept_misconfig(void **state)
{
	put(NESTED(6), 0xde, 0x77777002);
	next_fault_is(0, 0x10000000d, 0xabcde567);
	assert_true(res.misconfig);
	put(NESTED(6), 0xde, 0x77777004);
	next_fault_is(PF_FETCH, 0x10000001d, 0xabcde567);
	assert_true(res.misconfig);
	put(NESTED(6), 0xde, 0x77777017);
	next_fault_is(0, 0x10000000d, 0xabcde567);
	assert_true(res.misconfig);
	put(NESTED(6), 0xde, 0x77777003);
	next_fault_is(PF_FETCH, 0x100000015, 0xabcde567);
	assert_false(res.misconfig);
	assert_int_equal(res.rights, ACC_R | ACC_W | ACC_U);
	put(NESTED(3), 0, NESTED(2) | 0x0f);
	next_fault_is(0, 0x20000000d, TABLE(4) + 8);
	assert_true(res.misconfig);
	assert_int_equal(res.level, 3);
}

int main(void)
{
#define CASE(name, setup) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		CASE(paging_off, four_levels),
		CASE(translates, four_levels),
		CASE(large_pages, four_levels),
		CASE(not_present, four_levels),
		CASE(forbidden, four_levels),
		CASE(reserved_first, four_levels),
		CASE(fetch_bit, four_levels),
		CASE(smap_and_keys, four_levels),
		CASE(accessed_dirty, four_levels),
		CASE(accessed_dirty_off, four_levels),
		CASE(entry_changes, four_levels),
		CASE(read_only_memory, four_levels),
		CASE(no_memory, four_levels),
		CASE(five_levels, four_levels),
		CASE(two_levels, four_levels),
		CASE(pae, four_levels),
		CASE(nested_translates, npt),
		CASE(nested_level, npt),
		CASE(npt_faults, npt),
		CASE(npt_table_faults, npt),
		CASE(nested_reach, npt),
		CASE(nested_no_memory, npt),
		CASE(nested_entry_changes, npt),
		CASE(nested_in_nested, npt),
		CASE(ept_tables, ept),
		CASE(ept_misconfig, ept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
