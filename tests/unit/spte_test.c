// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host page-table entries, bit by bit.  Expected values are written out from
 * the manuals: NPT, APM vol. 2, 5.4.1 and 15.25.5; shadow tables, 5.2.3 and 5.3;
 * EPT, SDM vol. 3, 29.3.2.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/errno.h>

#include "mmu/base/cache.c"
#include "mmu/base/config.c"
#include "mmu/base/spte.c"
#include "mmu/setup.c"
#include "mmu/shadow/cache.c"
#include "mmu/shadow/rmap.c"

#define NPT_P	0x001ull
#define NPT_W	0x002ull
#define NPT_U	0x004ull
#define NPT_A	0x020ull
#define NPT_D	0x040ull
#define NPT_PS	0x080ull
#define X86_NX	0x8000000000000000ull
#define EPT_R	0x001ull
#define EPT_X	0x004ull
#define EPT_RX	0x005ull
#define EPT_W	0x002ull
#define EPT_WB	0x030ull	/* type 6 in bits 5:3 */
#define EPT_PAT	0x040ull	/* ignore the guest's PAT */
#define EPT_PS	0x080ull
#define EPT_A	0x100ull
#define EPT_D	0x200ull

/* What neither format looks at: 11, and 58:52. */
#define IGNORED	(0x800ull | 0x7full << 52)

static const struct mmu_caps npt = {
	MMU_SECOND_NPT, 4, LEVEL_1G, true, false, 48, 0, false
};
static const struct mmu_caps ept = {
	MMU_SECOND_EPT, 4, LEVEL_1G, true, true, 46, 0, false
};

static const struct mmu_caps none = {
	MMU_SECOND_NONE, 4, LEVEL_1G, true, false, 43, 0, false
};

/* No reserve is filled here. */
void *mmu_env_table_alloc(bool wait)
{
	return NULL;
}

void mmu_env_table_free(void *table)
{
}

static const struct mmu_config *config_of(const struct mmu_caps *caps)
{
	mmu_teardown();
	assert_int_equal(shim_live, 0);
	assert_int_equal(mmu_setup(caps), 0);
	return config_get();
}

static size_t desc_size(void)
{
	return desc_cache->size;
}

static u64 hw(u64 spte)
{
	return spte & ~IGNORED;
}

static void test_setup(void **state)
{
	static const struct mmu_caps bad[] = {
		{ MMU_SECOND_NPT, 3, LEVEL_1G, true, false, 48, 0, false },
		{ MMU_SECOND_NPT, 6, LEVEL_1G, true, false, 48, 0, false },
		{ MMU_SECOND_NPT, 4, 0, true, false, 48, 0, false },
		{ MMU_SECOND_NPT, 4, 4, true, false, 48, 0, false },
		{ MMU_SECOND_NPT, 4, LEVEL_1G, true, false, 31, 0, false },
		{ MMU_SECOND_NPT, 4, LEVEL_1G, true, false, 53, 0, false },
		{ MMU_SECOND_NPT, 4, LEVEL_1G, false, false, 48, 0, false },
		{ MMU_SECOND_NPT, 4, LEVEL_1G, true, true, 48, 0, false },
		{ MMU_SECOND_NPT, 4, LEVEL_1G, true, false, 48, 1ull << 63, false },
		{ MMU_SECOND_EPT, 4, LEVEL_1G, false, true, 48, 0, true },
		{ MMU_SECOND_NONE, 4, LEVEL_1G, true, false, 48, 0, true },
		{ MMU_SECOND_NONE, 3, LEVEL_1G, true, false, 48, 0, false },
		{ MMU_SECOND_NONE, 4, LEVEL_1G, false, false, 48, 0, false },
		{ MMU_SECOND_NONE, 4, LEVEL_1G, true, true, 48, 0, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		mmu_setup_reset();
		assert_int_equal(mmu_setup(&bad[i]), -EINVAL);
		assert_null(config_get());
	}
	config_of(&npt);
	/* A second vendor must not build on the masks of the first. */
	assert_int_equal(mmu_setup(&ept), -EIO);
	mmu_teardown();
	assert_null(config_get());
	assert_int_equal(mmu_setup(&ept), 0);
	mmu_teardown();
}

/* Which descriptors, and which frames: by what the hardware translates. */
static void test_kinds_of_setup(void **state)
{
	const struct mmu_config *c = config_of(&none);
	struct mmu_caps five = none;

	assert_int_equal(desc_size(), 128);
	assert_int_equal(c->levels, 4);
	assert_ptr_equal(c->fmt, &pt_format_4level);
	/* 43 bits of host addresses, whatever a guest's linear ones are. */
	assert_true(c->end == 0x80000000);
	five.levels = 5;
	c = config_of(&five);
	assert_int_equal(c->levels, 5);
	assert_ptr_equal(c->fmt, &pt_format_5level);
	assert_true(mmu_max_gfn() == 0x7fffffff);
	/* Guest-physical addresses have the tables' width (15.25.3). */
	c = config_of(&npt);
	assert_int_equal(desc_size(), 32);
	assert_true(c->end == 0x1000000000);
	c = config_of(&ept);
	assert_int_equal(desc_size(), 32);
	mmu_teardown();
	assert_int_equal(shim_live, 0);
}

static void test_npt_leaf(void **state)
{
	const struct mmu_config *c = config_of(&npt);

	assert_true(hw(spte_leaf(c, 1, 0x12345, 0)) ==
		    (0x12345000 | NPT_P | NPT_U));
	assert_true(hw(spte_leaf(c, 1, 0x12345, LEAF_WRITE)) ==
		    (0x12345000 | NPT_P | NPT_U | NPT_W));
	assert_true(hw(spte_leaf(c, 1, 0xfffffffff, LEAF_ACCESSED | LEAF_DIRTY)) ==
		    (0xfffffffff000 | NPT_P | NPT_U | NPT_A | NPT_D));
	/* Rounded down to 2 MiB, and to 1 GiB. */
	assert_true(hw(spte_leaf(c, 2, 0x12345, 0)) ==
		    (0x12200000 | NPT_P | NPT_U | NPT_PS));
	assert_true(hw(spte_leaf(c, 3, 0x7654321, 0)) ==
		    (0x7640000000 | NPT_P | NPT_U | NPT_PS));
}

static void test_ept_leaf(void **state)
{
	const struct mmu_config *c = config_of(&ept);
	struct mmu_caps no_ad = ept;

	assert_true(hw(spte_leaf(c, 1, 0x12345, LEAF_WRITE | LEAF_ACCESSED)) ==
		    (0x12345000 | EPT_RX | EPT_W | EPT_WB | EPT_PAT | EPT_A));
	assert_true(hw(spte_leaf(c, 2, 0x12345, LEAF_DIRTY)) ==
		    (0x12200000 | EPT_RX | EPT_WB | EPT_PAT | EPT_PS | EPT_D));
	/* SDM vol. 3, table 29-7: bits 5:3 0 is uncached, and bit 6 lets PAT speak. */
	assert_true(hw(spte_typed(c, spte_leaf(c, 1, 0x12345, LEAF_WRITE), 0)) ==
		    (0x12345000 | EPT_RX | EPT_W));
	no_ad.ad = false;
	c = config_of(&no_ad);
	assert_true(hw(spte_leaf(c, 1, 1, LEAF_ACCESSED | LEAF_DIRTY)) ==
		    (0x1000 | EPT_RX | EPT_WB | EPT_PAT));
}

/* All rights by hand: P W U A D PS NX, and the key in 62:59. */
static void test_shadow_leaf(void **state)
{
	const struct mmu_config *c = config_of(&none);
	const u64 all = NPT_P | NPT_A, pa = 0x12345000;

	assert_true(hw(spte_shadow_leaf(c, 1, 0x12345, ACC_R, 0)) ==
		    (pa | all | X86_NX));
	assert_true(hw(spte_shadow_leaf(c, 1, 0x12345, ACC_R | ACC_X, 0)) ==
		    (pa | all));
	assert_true(hw(spte_shadow_leaf(c, 1, 0x12345, ACC_R | ACC_U, 0)) ==
		    (pa | all | NPT_U | X86_NX));
	assert_true(hw(spte_shadow_leaf(c, 1, 0x12345, ACC_R | ACC_W, 0)) ==
		    (pa | all | NPT_W | NPT_D | X86_NX));
	assert_true(hw(spte_shadow_leaf(c, 1, 0x12345, ACC_ALL, 0)) ==
		    (pa | all | NPT_W | NPT_D | NPT_U));
	/* ACC_R says nothing. */
	assert_true(spte_shadow_leaf(c, 1, 1, ACC_X, 0) ==
		    spte_shadow_leaf(c, 1, 1, ACC_X | ACC_R, 0));
	assert_true(hw(spte_shadow_leaf(c, 2, 0x12345, ACC_ALL, 0)) ==
		    (0x12200000 | all | NPT_W | NPT_D | NPT_U | NPT_PS));
	assert_true(hw(spte_shadow_leaf(c, 3, 0x7654321, ACC_X, 0)) ==
		    (0x7640000000 | all | NPT_PS));
	/* The highest frame of 43 bits, each key; 58:52 are PAE's reserved bits. */
	for (u64 key = 0; key < 16; key++)
		assert_true(spte_shadow_leaf(c, 1, 0x7fffffff, ACC_ALL, key) ==
			    (0x7fffffff000 | all | NPT_W | NPT_D | NPT_U |
			     SPTE_PRESENT | key << 59));
	assert_true(spte_leaf_pfn(c, spte_shadow_leaf(c, 2, 0x12345, 0, 15), 2) ==
		    0x12200);
	assert_true(spte_is_leaf(c, spte_shadow_leaf(c, 2, 1, 0, 15), 2));
	assert_true(spte_is_present(spte_shadow_leaf(c, 1, 0, 0, 0)));
	assert_false(spte_is_mmio(c, spte_shadow_leaf(c, 1, 0x7fffffff, 0, 15)));
}

static void test_shadow_leaf_ept(void **state)
{
	const struct mmu_config *c = config_of(&ept);
	const u64 all = 0x12345000 | EPT_WB | EPT_PAT | EPT_A;

	assert_true(hw(spte_shadow_leaf(c, 1, 0x12345, ACC_R | ACC_U, 0)) ==
		    (all | EPT_R));
	assert_true(hw(spte_shadow_leaf(c, 1, 0x12345, ACC_X | ACC_U, 0)) ==
		    (all | EPT_X));
	assert_true(hw(spte_shadow_leaf(c, 1, 0x12345, ACC_R | ACC_W, 0)) ==
		    (all | EPT_R | EPT_W | EPT_D));
	assert_true(hw(spte_shadow_leaf(c, 2, 0x12345, ACC_ALL, 0)) ==
		    (0x12200000 | EPT_WB | EPT_PAT | EPT_A | EPT_PS | EPT_RX |
		     EPT_W | EPT_D));
}

static void test_tables(void **state)
{
	u64 *page = (u64 *)(shim_arena() + 5 * 4096);
	u64 pa = SHIM_ARENA_PHYS + 5 * 4096, spte;
	const struct mmu_config *c = config_of(&npt);

	spte = spte_table(c, page);
	assert_true(hw(spte) == (pa | NPT_P | NPT_W | NPT_U | NPT_A));
	assert_ptr_equal(spte_table_of(c, spte), page);
	assert_true(spte_is_table(c, spte, 2) && spte_is_table(c, spte, 4));
	/* The same bits at level 1 are a leaf. */
	assert_false(spte_is_table(c, spte, 1));
	c = config_of(&ept);
	/* A and memory type bits 6:3 of a table are reserved, but for A. */
	assert_true(hw(spte_table(c, page)) == (pa | EPT_RX | EPT_W | EPT_A));
}

static void test_encryption(void **state)
{
	struct mmu_caps caps = npt;
	const struct mmu_config *c;
	u64 spte;

	caps.enc_mask = 1ull << 47;
	caps.maxphyaddr = 48;
	caps.second = MMU_SECOND_NONE;
	c = config_of(&caps);
	assert_true(hw(spte_shadow_leaf(c, 1, 0x777, ACC_X, 0)) ==
		    (1ull << 47 | 0x777000 | NPT_P | NPT_A));
	caps.second = MMU_SECOND_NPT;
	c = config_of(&caps);
	spte = spte_leaf(c, 1, 0x777, 0);
	assert_true(hw(spte) == (1ull << 47 | 0x777000 | NPT_P | NPT_U));
	assert_true(spte_leaf_pfn(c, spte, 1) == 0x777);
	assert_true(spte_table(c, shim_arena() + 4096) & 1ull << 47);
	/* Devices are outside of what is encrypted. */
	assert_true(hw(spte_typed(c, spte, 0)) == (0x777000 | NPT_P | NPT_U));
}

static void test_pieces(void **state)
{
	const struct mmu_config *c = config_of(&npt);
	u32 how = LEAF_WRITE | LEAF_ACCESSED | LEAF_HOST_WRITABLE;
	u64 spte = spte_leaf(c, 2, 0x12200, how);

	for (unsigned int i = 0; i < 512; i++)
		assert_true(spte_piece(c, spte, 2, i) ==
			    spte_leaf(c, 1, 0x12200 + i, how));
	spte = spte_leaf(c, 3, 0x7640000, how);
	for (unsigned int i = 0; i < 512; i++)
		assert_true(spte_piece(c, spte, 3, i) ==
			    spte_leaf(c, 2, 0x7640000 + i * 512, how));
}

/* Entries of no kind pass for one of another. */
static void kinds_differ(const struct mmu_caps *caps)
{
	const struct mmu_config *c = config_of(caps);
	const u64 unlinked[] = { SPTE_FROZEN, SPTE_REMOVED };
	u64 leaf = spte_leaf(c, 1, c->addr >> 12, LEAF_WRITE);
	u64 present = caps->second == MMU_SECOND_EPT ? 7 : 1;

	for (int i = 0; i < 2; i++) {
		assert_false(unlinked[i] & present);
		assert_false(spte_is_present(unlinked[i]));
		assert_false(spte_is_free(c, unlinked[i]));
		assert_false(spte_is_table(c, unlinked[i], 2));
	}
	assert_true(SPTE_FROZEN != SPTE_REMOVED);
	assert_true(spte_is_free(c, 0));
	assert_true(spte_is_present(leaf));
	assert_false(spte_is_free(c, leaf));
	assert_false(spte_is_mmio(c, leaf));
}

static void test_kinds(void **state)
{
	struct mmu_caps full = npt;

	full.maxphyaddr = 52;
	kinds_differ(&npt);
	kinds_differ(&none);
	kinds_differ(&full);
	kinds_differ(&ept);
}

static void mmio_is_legal(const struct mmu_config *c, u64 gen, u64 other)
{
	u64 spte = spte_mmio(c, gen);

	assert_true(spte_is_mmio(c, spte));
	assert_false(spte_is_present(spte));
	assert_true(spte_is_free(c, spte));
	assert_true(spte_is_mmio_of(c, spte, gen));
	assert_false(spte_is_mmio_of(c, spte, other));
}

static void mmio_reserved(enum mmu_second_level second)
{
	struct mmu_caps caps = npt;
	const struct mmu_config *c;

	caps.second = second;
	c = config_of(&caps);
	/* Present, with a bit in 51:48 set: that and no other way is reserved. */
	for (u64 gen = 0; gen < 3000; gen++) {
		mmio_is_legal(c, gen, gen + 1);
		assert_true(spte_mmio(c, gen) & NPT_P);
		assert_true(spte_mmio(c, gen) & 0xfull << 48);
	}
	/* The encryption bit is not reserved, though above the width. */
	caps.maxphyaddr = 51;
	caps.enc_mask = 1ull << 51;
	assert_true(config_of(&caps)->mmio_mask == 0);
	caps.enc_mask = 0;
	assert_true(spte_mmio(config_of(&caps), 0) & 1ull << 51);
	caps.maxphyaddr = 52;
	c = config_of(&caps);
	assert_true(c->mmio_mask == 0);
	assert_false(spte_is_mmio(c, 0));
	assert_false(spte_is_mmio(c, spte_leaf(c, 1, c->addr >> 12, 0)));
}

static void test_mmio_npt(void **state)
{
	mmio_reserved(MMU_SECOND_NPT);
}

/* Nothing caches MMIO in shadow tables. */
static void test_mmio_shadow(void **state)
{
	struct mmu_caps caps = { MMU_SECOND_NONE, 4, LEVEL_1G, true, false, 43, 0, false };

	assert_true(config_of(&caps)->mmio_mask == 0);
}

static void test_mmio_ept(void **state)
{
	const struct mmu_config *c = config_of(&ept);

	/* 110 in bits 2:0 is a misconfiguration (29.3.3.1). */
	for (u64 gen = 0; gen < 3000; gen++) {
		mmio_is_legal(c, gen, gen + 1);
		assert_int_equal(spte_mmio(c, gen) & 7, 6);
	}
	/* No address where there may be RAM. */
	assert_true((spte_mmio(c, 0) & 0x3ffffffff000) == 0x3ffffffff000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_setup),
		cmocka_unit_test(test_kinds_of_setup),
		cmocka_unit_test(test_npt_leaf),
		cmocka_unit_test(test_ept_leaf),
		cmocka_unit_test(test_shadow_leaf),
		cmocka_unit_test(test_shadow_leaf_ept),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_encryption),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_mmio_npt),
		cmocka_unit_test(test_mmio_shadow),
		cmocka_unit_test(test_mmio_ept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
