// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page-table formats against the manuals' tables, written here as masks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mmu/base/fmt.h"

/* Bits of a width of 40 that do not fit: 51:40. */
#define HIGH40	0x000fff0000000000ull
#define NX	0x8000000000000000ull

/*
 * One kind of entry: @base is a valid one, @reserved says which bits, set one
 * at a time in it, make it break the rules.  Bits that turn it into another
 * kind (present, page size) are in @skip and left alone.
 */
struct kind {
	const char *name;
	const struct pt_format *fmt;
	struct pt_features feat;
	int level;
	u64 base;
	u64 skip;
	u64 reserved;
};

#define LONG(...) { .maxphyaddr = 40, .nx = true, .gib_pages = true, __VA_ARGS__ }

static const struct kind kinds[] = {
	/* SDM table 4-4: bits 21:(M-19), M at most 40; without PSE-36 M is 32. */
	{ "32-bit PDE, 4 MiB, PSE-36, width 40", &pt_format_2level,
	  { .maxphyaddr = 40, .pse = true, .pse36 = true }, 2,
	  0x83, 0, 0x200000 },
	{ "32-bit PDE, 4 MiB, PSE-36, width 52", &pt_format_2level,
	  { .maxphyaddr = 52, .pse = true, .pse36 = true }, 2,
	  0x83, 0, 0x200000 },
	{ "32-bit PDE, 4 MiB, PSE-36, width 36", &pt_format_2level,
	  { .maxphyaddr = 36, .pse = true, .pse36 = true }, 2,
	  0x83, 0, 0x3e0000 },
	{ "32-bit PDE, 4 MiB, no PSE-36", &pt_format_2level,
	  { .maxphyaddr = 40, .pse = true }, 2, 0x83, 0, 0x3fe000 },
	{ "32-bit PDE, CR4.PSE off", &pt_format_2level,
	  { .maxphyaddr = 40 }, 2, 0x83, 0, 0 },
	{ "32-bit PDE, table", &pt_format_2level,
	  { .maxphyaddr = 40, .pse = true }, 2, 0x1003, 0x80, 0 },
	{ "32-bit PTE", &pt_format_2level,
	  { .maxphyaddr = 32, .pse = true }, 1, 0x1003, 0, 0 },
	/* Table 4-8: 2:1, 8:5, 63:M. */
	{ "PAE PDPTE", &pt_format_pae, LONG(), 3,
	  0x1001, 0, 0xffffff00000001e6 },
	{ "PAE PDPTE, width 52", &pt_format_pae,
	  { .maxphyaddr = 52 }, 3, 0x1001, 0, 0xfff00000000001e6 },
	/* Tables 4-9 to 4-11: 62:M; 20:13 of a large page; 63 without NXE. */
	{ "PAE PDE, 2 MiB", &pt_format_pae, LONG(), 2,
	  0x200083, 0, 0x7fffff00001fe000 },
	{ "PAE PDE, table", &pt_format_pae, LONG(), 2,
	  0x1003, 0x80, 0x7fffff0000000000 },
	{ "PAE PTE, NXE off", &pt_format_pae, { .maxphyaddr = 36 }, 1,
	  0x1003, 0, 0xfffffff000000000 },
	/* Tables 4-14 to 4-20: 51:M; 63 without NXE; PS in the upper two. */
	{ "PML5E", &pt_format_5level, LONG(), 5, 0x1003, 0, HIGH40 | 0x80 },
	{ "PML4E", &pt_format_4level, LONG(), 4, 0x1003, 0, HIGH40 | 0x80 },
	{ "PML4E, width 52, NXE off", &pt_format_4level,
	  { .maxphyaddr = 52 }, 4, 0x1003, 0, NX | 0x80 },
	{ "PML4E, AMD", &pt_format_4level, LONG(.amd = true), 4,
	  0x1003, 0, HIGH40 | 0x180 },
	{ "PDPTE, table", &pt_format_4level, LONG(), 3,
	  0x1003, 0x80, HIGH40 },
	{ "PDPTE, table, AMD", &pt_format_4level, LONG(.amd = true), 3,
	  0x1003, 0x80, HIGH40 | 0x100 },
	{ "PDPTE, 1 GiB", &pt_format_4level, LONG(.amd = true), 3,
	  0x40000083, 0, HIGH40 | 0x3fffe000 },
	{ "PDPTE, no 1 GiB pages", &pt_format_5level,
	  { .maxphyaddr = 40, .nx = true }, 3, 0x1003, 0, HIGH40 | 0x80 },
	{ "PDE, 2 MiB", &pt_format_4level, LONG(), 2,
	  0x200083, 0, HIGH40 | 0x1fe000 },
	{ "PDE, table, AMD", &pt_format_4level, LONG(.amd = true), 2,
	  0x1003, 0x80, HIGH40 },
	{ "PTE", &pt_format_4level, LONG(.amd = true), 1, 0x1003, 0, HIGH40 },
	{ "PTE, NXE off", &pt_format_4level, { .maxphyaddr = 40 }, 1,
	  0x1003, 0, HIGH40 | NX },
	/* SDM 29.3.2: table entries 7:3 or 6:3, large pages' low address bits. */
	{ "EPT PML5E", &pt_format_ept5, LONG(), 5, 0x1007, 7, HIGH40 | 0xf8 },
	{ "EPT PML4E", &pt_format_ept4, LONG(), 4, 0x1007, 7, HIGH40 | 0xf8 },
	{ "EPT PDPTE, table", &pt_format_ept4, LONG(), 3,
	  0x1007, 0x87, HIGH40 | 0x78 },
	{ "EPT PDPTE, 1 GiB, WB", &pt_format_ept4, LONG(), 3,
	  0x400000b7, 0x3f, HIGH40 | 0x3ffff000 },
	{ "EPT PDE, table", &pt_format_ept4, LONG(), 2,
	  0x1007, 0x87, HIGH40 | 0x78 },
	{ "EPT PDE, 2 MiB, WB", &pt_format_ept4, LONG(), 2,
	  0x2000b7, 0x3f, HIGH40 | 0x1ff000 },
	{ "EPT PTE, WB", &pt_format_ept4, LONG(), 1, 0x1037, 0x3f, HIGH40 },
};

static void check_bits(const struct kind *k, const struct pt_rsvd *r)
{
	int n;

	for (n = 0; n < 8 * k->fmt->entry_size; n++) {
		u64 bit = 1ull << n;

		if (bit & k->skip)
			continue;
		if (pt_rsvd_bad(r, k->fmt, k->base | bit, k->level) !=
		    !!(bit & k->reserved))
			fail_msg("%s: bit %d", k->name, n);
	}
}

static void reserved_bits(void **state)
{
	const struct kind *k;
	struct pt_rsvd r;

	for (k = kinds; k < kinds + sizeof(kinds) / sizeof(*kinds); k++) {
		pt_rsvd_init(&r, k->fmt, &k->feat);
		if (pt_rsvd_bad(&r, k->fmt, k->base, k->level))
			fail_msg("%s: its base is bad", k->name);
		check_bits(k, &r);
	}
}

/* A large page that is not supported: the size bit itself is reserved. */
static void page_size_reserved(void **state)
{
	const struct pt_features feat = { .maxphyaddr = 48, .nx = true };
	struct pt_rsvd r;

	pt_rsvd_init(&r, &pt_format_4level, &feat);
	assert_true(pt_rsvd_bad(&r, &pt_format_4level, 0x40000083, 3));
	assert_false(pt_rsvd_bad(&r, &pt_format_4level, 0x40000083, 2));
	pt_rsvd_init(&r, &pt_format_ept4, &feat);
	assert_true(pt_rsvd_bad(&r, &pt_format_ept4, 0x400000b7, 3));
	assert_false(pt_rsvd_bad(&r, &pt_format_ept4, 0x400000b7, 2));
}

/* CR4.PSE off: bit 7 of a PDE is ignored, and so no leaf either. */
static void pse_off(void **state)
{
	struct pt_features feat = { .maxphyaddr = 40, .pse36 = true };
	struct pt_rsvd r;

	pt_rsvd_init(&r, &pt_format_2level, &feat);
	assert_false(pt_is_large(&r, &pt_format_2level, 0x83, 2));
	assert_false(pt_rsvd_bad(&r, &pt_format_2level, 0x203083, 2));
	feat.pse = true;
	pt_rsvd_init(&r, &pt_format_2level, &feat);
	assert_true(pt_is_large(&r, &pt_format_2level, 0x83, 2));
	assert_true(pt_rsvd_bad(&r, &pt_format_2level, 0x203083, 2));
}

/* SDM 29.3.3.1: the eight values of bits 2:0, with and without execute-only. */
static void ept_low_bits(void **state)
{
	static const bool bad[2][8] = {
		{ [2] = true, [4] = true, [6] = true },
		{ [2] = true, [6] = true },
	};
	struct pt_rsvd r;
	int xo, low, level;

	for (xo = 0; xo < 2; xo++) {
		const struct pt_features feat = {
			.maxphyaddr = 40, .gib_pages = true, .exec_only = xo
		};

		pt_rsvd_init(&r, &pt_format_ept5, &feat);
		for (low = 1; low < 8; low++)
			for (level = 1; level <= 5; level++)
				assert_int_equal(pt_rsvd_bad(&r, &pt_format_ept5,
							     low, level),
						 bad[xo][low]);
	}
}

/* UC 0, WC 1, WT 4, WP 5, WB 6; 2, 3 and 7 are reserved: leaves only. */
static void ept_memory_types(void **state)
{
	static const bool bad[8] = { [2] = true, [3] = true, [7] = true };
	const struct pt_features feat = { .maxphyaddr = 40, .gib_pages = true };
	const struct pt_format *fmt = &pt_format_ept4;
	struct pt_rsvd r;
	u64 type;

	pt_rsvd_init(&r, fmt, &feat);
	for (type = 0; type < 8; type++) {
		assert_int_equal(pt_rsvd_bad(&r, fmt, type << 3 | 7, 1), bad[type]);
		assert_int_equal(pt_rsvd_bad(&r, fmt, type << 3 | 0x87, 2),
				 bad[type]);
		assert_int_equal(pt_rsvd_bad(&r, fmt, type << 3 | 0x87, 3),
				 bad[type]);
	}
}

/* Every width: exactly the bits from it to 51 are reserved. */
static void address_widths(void **state)
{
	struct pt_features feat = { .nx = true, .gib_pages = true };
	struct pt_rsvd r;
	int n;

	for (feat.maxphyaddr = 32; feat.maxphyaddr <= 52; feat.maxphyaddr++) {
		pt_rsvd_init(&r, &pt_format_4level, &feat);
		for (n = 12; n < 52; n++)
			assert_int_equal(pt_rsvd_bad(&r, &pt_format_4level,
						     1ull << n | 1, 1),
					 n >= feat.maxphyaddr);
		pt_rsvd_init(&r, &pt_format_ept4, &feat);
		for (n = 12; n < 52; n++)
			assert_int_equal(pt_rsvd_bad(&r, &pt_format_ept4,
						     1ull << n | 7, 1),
					 n >= feat.maxphyaddr);
	}
}

/* Numbers by hand: 0x12345678 is PDE 0x48, PTE 0x345 in a 2-level table. */
static void indexes(void **state)
{
	const u64 va = 0xffff923456789abc;

	assert_int_equal(pt_index(&pt_format_2level, 0x12345678, 2), 0x48);
	assert_int_equal(pt_index(&pt_format_2level, 0x12345678, 1), 0x345);
	assert_int_equal(pt_index(&pt_format_pae, 0xc0a01000, 3), 3);
	assert_int_equal(pt_index(&pt_format_pae, 0xc0a01000, 2), 5);
	assert_int_equal(pt_index(&pt_format_pae, 0xc0a01000, 1), 1);
	assert_int_equal(pt_index(&pt_format_4level, va, 4), 0x124);
	assert_int_equal(pt_index(&pt_format_4level, va, 3), 0xd1);
	assert_int_equal(pt_index(&pt_format_ept4, va, 2), 0xb3);
	assert_int_equal(pt_index(&pt_format_5level, va, 1), 0x189);
	assert_int_equal(pt_index(&pt_format_5level, va, 5), 0x1ff);
	assert_int_equal(pt_index(&pt_format_ept5, 0x00ab000000000000, 5), 0xab);
}

static bool is_leaf(const struct pt_format *fmt, u64 entry, int level)
{
	const struct pt_rsvd r = { .large_levels = fmt->large_levels };

	return level == LEVEL_4K || pt_is_large(&r, fmt, entry, level);
}

static void leaves(void **state)
{
	assert_true(is_leaf(&pt_format_4level, 1, 1));
	assert_true(is_leaf(&pt_format_4level, 0x81, 2));
	assert_true(is_leaf(&pt_format_4level, 0x81, 3));
	assert_false(is_leaf(&pt_format_4level, 0x81, 4));
	assert_false(is_leaf(&pt_format_4level, 0x01, 2));
	assert_true(is_leaf(&pt_format_2level, 0x81, 2));
	assert_false(is_leaf(&pt_format_pae, 0x81, 3));
	assert_true(is_leaf(&pt_format_ept4, 0x87, 3));
	assert_false(is_leaf(&pt_format_ept5, 0x87, 5));
}

static void rights(void **state)
{
	const u32 u = ACC_U;

	assert_int_equal(pt_rights(&pt_format_4level, 1, 1), ACC_R | ACC_X);
	assert_int_equal(pt_rights(&pt_format_4level, 7, 4), ACC_ALL);
	assert_int_equal(pt_rights(&pt_format_4level, NX | 3, 1), ACC_R | ACC_W);
	assert_int_equal(pt_rights(&pt_format_5level, NX | 5, 5), ACC_R | u);
	assert_int_equal(pt_rights(&pt_format_2level, 5, 2), ACC_R | ACC_X | u);
	assert_int_equal(pt_rights(&pt_format_pae, 1, 3), ACC_ALL);
	assert_int_equal(pt_rights(&pt_format_pae, 1, 2), ACC_R | ACC_X);
	assert_int_equal(pt_rights(&pt_format_ept4, 0, 4), u);
	assert_int_equal(pt_rights(&pt_format_ept4, 1, 3), u | ACC_R);
	assert_int_equal(pt_rights(&pt_format_ept4, 3, 2), u | ACC_R | ACC_W);
	assert_int_equal(pt_rights(&pt_format_ept4, 4, 1), u | ACC_X);
	assert_int_equal(pt_rights(&pt_format_ept5, 7, 5), ACC_ALL);
}

static void leaf_addresses(void **state)
{
	/* 4 MiB at 0xab12c00000: bits 39:32 (0xab) in 20:13. */
	assert_true(pt_leaf_addr(&pt_format_2level, 0x12d561e7, 2) ==
		    0xab12c00000);
	assert_true(pt_leaf_addr(&pt_format_2level, 0xfffff067, 1) == 0xfffff000);
	assert_true(pt_leaf_addr(&pt_format_pae, NX | 0xfffe010e3, 2) ==
		    0xfffe00000);
	assert_true(pt_leaf_addr(&pt_format_4level, 0xfffffffffffff0e7, 1) ==
		    0xffffffffff000);
	assert_true(pt_leaf_addr(&pt_format_4level, 0xfff00000400010e7, 3) ==
		    0x40000000);
	assert_true(pt_leaf_addr(&pt_format_ept4, 0x80000000002003b7, 2) ==
		    0x200000);
	assert_true(pt_leaf_addr(&pt_format_ept5, 0xc00003b7, 3) == 0xc0000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reserved_bits),
		cmocka_unit_test(page_size_reserved),
		cmocka_unit_test(pse_off),
		cmocka_unit_test(ept_low_bits),
		cmocka_unit_test(ept_memory_types),
		cmocka_unit_test(address_widths),
		cmocka_unit_test(indexes),
		cmocka_unit_test(leaves),
		cmocka_unit_test(rights),
		cmocka_unit_test(leaf_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
