// SPDX-License-Identifier: GPL-2.0-only
/*
 * L2 on shadow pages of L1's second-level tables, case by case.  L1's entries are
 * written as numbers: NPT P 1, W 2, U 4, A 0x20, D 0x40, PS 0x80; EPT R 1, W 2, X 4,
 * write-back 0x30, PS 0x80, A 0x100, D 0x200.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include <linux/kernel.h>

#include "tests/unit/mmu_configs.h"
#include "tests/unit/nested_l2.h"

#define TABLE(level)	(l2_table(0, level, 0) << 12)
#define DATA(i)		((u64)(L2_SMALL + (i)) << 12)
#define W		PF_WRITE
#define X		PF_FETCH

static struct l2 *const l2 = &l2_world.l2[0], *const other = &l2_world.l2[1];

static const struct mmu_caps *caps_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(mmu_test_configs); i++)
		if (!strcmp(mmu_test_configs[i].name, name))
			return &mmu_test_configs[i].caps;
	abort();
}

/* Address 0 to 2 at frames of DATA, by a table at each level. */
static void path(enum model_mode mode, u64 leaf)
{
	static const int levels_of[] = { 0, 2, 3, 4, 5, 4, 5 };
	int size = mode == MODEL_32 ? 4 : 8, level, i;
	u64 bits;

	for (level = levels_of[mode]; level > 1; level--) {
		bits = mode == MODEL_PAE && level == 3 ? 1 : 7;
		l2_mem_set(TABLE(level), size, TABLE(level - 1) | bits);
	}
	for (i = 0; i < 3; i++)
		l2_mem_set(TABLE(1) + i * size, size, DATA(i) | leaf);
}

static void begin(const char *hw, enum model_mode mode, u64 leaf)
{
	l2_start(caps_of(hw), mode);
	path(mode, leaf);
	l2_enter(l2, 0);
}

static int stop(void **state)
{
	l2_stop();
	return 0;
}

static void rights_are(int i, int level, u32 rights)
{
	u32 now = 0;

	assert_int_equal(l2_mapped(l2, i, &now), level);
	assert_int_equal(now, rights);
}

static long faults(void)
{
	long n = 0;

	for (int i = 0; i <= MMU_ERROR; i++)
		n += l2->faults[i];
	return n;
}

/* ------------------------------------------------------------------------ */

/* Every format on every hardware that has it. */
static void formats(void **state)
{
	static const struct { const char *hw; enum model_mode mode; } rows[] = {
		{ "npt4-1g", MODEL_32 }, { "npt4-1g", MODEL_PAE },
		{ "npt4-1g", MODEL_4LEVEL }, { "npt5-1g", MODEL_32 },
		{ "npt5-1g", MODEL_PAE }, { "npt5-1g", MODEL_4LEVEL },
		{ "npt5-1g", MODEL_5LEVEL }, { "npt4-2m-enc", MODEL_PAE },
		{ "ept4-ad-1g", MODEL_EPT4 }, { "ept4-1g", MODEL_EPT4 },
		{ "ept5-2m", MODEL_EPT4 }, { "ept5-2m", MODEL_EPT5 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool ept = rows[i].mode >= MODEL_EPT4;

		begin(rows[i].hw, rows[i].mode, ept ? 0x37 : 7);
		assert_int_equal(l2_access(l2, 0, 0), L2_DONE);
		assert_int_equal(l2_access(l2, 0, W), L2_DONE);
		assert_int_equal(l2_access(l2, 1, W), L2_DONE);
		assert_int_equal(l2_access(l2, 2, X), L2_DONE);
		rights_are(0, LEVEL_4K, ACC_ALL);
		/* Another table than address 0's: absent. */
		assert_int_equal(l2_access(l2, 3, W), L2_FAULTED);
		assert_true(l2->sunk.error == (0x100000000 | 6));
		l2_stop();
	}
}

/* The dirty bit is L1's to be set: the first write has to be seen. */
static void dirty_bit(void **state)
{
	begin("npt4-1g", MODEL_4LEVEL, 7);
	assert_int_equal(l2_access(l2, 0, 0), L2_DONE);
	assert_true(l2_mem_get(TABLE(1), 8) == (DATA(0) | 0x27));
	rights_are(0, LEVEL_4K, ACC_ALL & ~ACC_W);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	assert_true(l2_mem_get(TABLE(1), 8) == (DATA(0) | 0x67));
	rights_are(0, LEVEL_4K, ACC_ALL);
}

static void ept_dirty_bit(void **state)
{
	begin("ept4-1g", MODEL_EPT4, 0x37);
	assert_int_equal(l2_access(l2, 0, 0), L2_DONE);
	assert_true(l2_mem_get(TABLE(1), 8) == (DATA(0) | 0x137));
	rights_are(0, LEVEL_4K, ACC_ALL & ~ACC_W);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	assert_true(l2_mem_get(TABLE(1), 8) == (DATA(0) | 0x337));
}

/* Space 2: the same tables, bit 6 of the EPTP clear: writable at once. */
static void ept_no_dirty_bit(void **state)
{
	long n;

	begin("ept4-1g", MODEL_EPT4, 0x37);
	l2_enter(l2, 2);
	assert_int_equal(l2_access(l2, 0, 0), L2_DONE);
	rights_are(0, LEVEL_4K, ACC_ALL);
	n = faults();
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	assert_int_equal(faults(), n);
	assert_true(l2_mem_get(TABLE(1), 8) == (DATA(0) | 0x37));
	assert_true(l2_mem_get(TABLE(4), 8) == (TABLE(3) | 7));
	/* Not with them on. */
	l2_enter(l2, 0);
	assert_int_equal(l2_access(l2, 0, 0), L2_DONE);
	rights_are(0, LEVEL_4K, ACC_ALL & ~ACC_W);
}

static void exec_only(void **state)
{
	begin("ept4-1g", MODEL_EPT4, 0x34);
	assert_int_equal(l2_access(l2, 0, X), L2_DONE);
	rights_are(0, LEVEL_4K, ACC_X | ACC_U);
	assert_int_equal(l2_access(l2, 0, 0), L2_FAULTED);
	assert_true(l2->sunk.error == 0x100000005);
	assert_int_equal(l2->sunk.rights, ACC_X | ACC_U);
	assert_int_equal(l2_access(l2, 0, W), L2_FAULTED);
	assert_true(l2->sunk.error == 0x100000007);
	l2_stop();
	/* A CPU without: misconfigured. */
	begin("ept5-2m", MODEL_EPT4, 0x34);
	assert_int_equal(l2_access(l2, 0, X), L2_FAULTED);
	assert_true(l2->sunk.misconfig);
}

/* Rights of all levels together; no user bit is no right at all. */
static void npt_rights(void **state)
{
	begin("npt4-1g", MODEL_4LEVEL, 0x67);
	l2_mem_set(TABLE(1), 8, DATA(0) | 0x65);
	l2_mem_set(TABLE(1) + 8, 8, 1ull << 63 | DATA(1) | 0x67);
	l2_mem_set(TABLE(1) + 16, 8, DATA(2) | 0x63);
	assert_int_equal(l2_access(l2, 0, X), L2_DONE);
	assert_int_equal(l2_access(l2, 0, W), L2_FAULTED);
	assert_true(l2->sunk.error == 0x100000007);
	assert_int_equal(l2_access(l2, 1, W), L2_DONE);
	assert_int_equal(l2_access(l2, 1, X), L2_FAULTED);
	assert_true(l2->sunk.error == 0x100000015);
	assert_int_equal(l2_access(l2, 2, 0), L2_FAULTED);
	assert_true(l2->sunk.error == 0x100000005);
	/* Without hEFER.NXE (space 2) bit 63 is reserved. */
	l2_enter(l2, 2);
	assert_int_equal(l2_access(l2, 1, 0), L2_FAULTED);
	assert_true(l2->sunk.error == 0x10000000d);
}

/* Keys in L1's entries say nothing, on hardware whose entries have them too. */
static void npt_keys(void **state)
{
	u32 rights;

	begin("npt4-1g", MODEL_4LEVEL, 0x7800000000000067);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	/* Address 1 is the first one's neighbour. */
	assert_int_equal(l2_mapped(l2, 1, &rights), LEVEL_4K);
	assert_true(!(l2_leaf(l2, 0) >> 59 & 15));
	assert_true(!(l2_leaf(l2, 1) >> 59 & 15));
	/* Nor are they a reason to drop what is read again. */
	l2_l1_write(l2, TABLE(1) + 16, 8, DATA(1) | 0x67);
	l2_flush(l2);
	l2_enter(l2, 0);
	rights_are(0, LEVEL_4K, ACC_ALL);
}

/* ------------------------------------------------------------------------ */
/* L1 writes its tables. */

/* One that leads to tables is protected, and its change is seen at once. */
static void upper_written(void **state)
{
	begin("npt4-1g", MODEL_4LEVEL, 0x67);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	l2_l1_write(l2, TABLE(2), 8, 0);
	assert_int_equal(l2_world.emulated, 1);
	l2_enter(l2, 0);
	rights_are(0, 0, 0);
	assert_int_equal(l2_access(l2, 0, W), L2_FAULTED);
	l2_l1_write(l2, TABLE(2), 8, TABLE(1) | 7);
	l2_enter(l2, 0);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
}

/* A leaf table is written straight, and read again when L1 flushes. */
static void leaf_written(void **state)
{
	begin("npt4-1g", MODEL_4LEVEL, 0x67);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	l2_l1_write(l2, TABLE(1), 8, DATA(9) | 0x67);
	l2_l1_write(l2, TABLE(1) + 8, 8, DATA(8) | 0x67);
	assert_int_equal(l2_world.emulated, 0);
	l2_enter(l2, 0);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	l2_flush(l2);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	rights_are(0, LEVEL_4K, ACC_ALL);
	/* And protected again, as the next write shows. */
	l2_l1_write(l2, TABLE(1), 8, 0);
	assert_int_equal(l2_world.unsynced, 3);
	l2_flush(l2);
	l2_enter(l2, 0);
	assert_int_equal(l2_access(l2, 0, W), L2_FAULTED);
}

/* L1 had them mapped for writing, in a large page or a small one. */
static void written_before(void **state)
{
	begin("npt4-1g", MODEL_4LEVEL, 0x67);
	l2_l1_write(l2, TABLE(2), 8, TABLE(1) | 7);
	l2_l1_write(l2, (L2_BIG << 12) + 0x1008, 8, DATA(3) | 0x67);
	assert_int_equal(l2_world.emulated + l2_world.unsynced, 0);
	l2_l1_write(l2, TABLE(3), 8, L2_BIG << 12 | 7);
	l2_l1_write(l2, L2_BIG << 12, 8, ((L2_BIG + 1) << 12) | 7);
	l2_enter(l2, 0);
	assert_int_equal(l2_access(l2, 1, W), L2_DONE);
	l2_l1_write(l2, L2_BIG << 12, 8, 0);
	assert_int_equal(l2_world.emulated, 1);
	l2_enter(l2, 0);
	rights_are(1, 0, 0);
}

/* L2 can reach one of L1's tables: the same rules. */
static void l2_writes_table(void **state)
{
	begin("npt4-1g", MODEL_4LEVEL, 0x67);
	l2_mem_set(TABLE(1), 8, TABLE(2) | 0x67);
	l2_mem_set(TABLE(1) + 8, 8, TABLE(1) | 0x67);
	assert_int_equal(l2_access(l2, 0, 0), L2_DONE);
	rights_are(0, LEVEL_4K, ACC_ALL & ~ACC_W);
	assert_int_equal(l2_access(l2, 0, W), L2_EMULATED);
	assert_int_equal(l2_access(l2, 1, W), L2_DONE);
}

/* PDPTEs are in memory, and no registers: a new one is seen at once. */
static void pdptes(void **state)
{
	begin("npt4-1g", MODEL_PAE, 0x67);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	l2_mem_set(TABLE(3) + 24, 8, TABLE(2) | 1);
	l2_enter(l2, 0);
	/* Index 3 at level 3. */
	assert_int_equal(l2_access(l2, 6, W), L2_DONE);
	l2_mem_set(TABLE(3) + 24, 8, 0);
	l2_flush(l2);
	assert_int_equal(l2_access(l2, 6, W), L2_FAULTED);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
}

/* ------------------------------------------------------------------------ */
/* Sizes. */

static void large_pages(void **state)
{
	begin("npt4-1g", MODEL_4LEVEL, 0x67);
	l2_mem_set(TABLE(2), 8, (L2_BIG << 12) | 0xe7);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	rights_are(0, LEVEL_2M, ACC_ALL);
	/* The host's pages are small. */
	l2_mem_set(TABLE(2) + 8, 8, 0x200000 | 0xe7);
	assert_int_equal(l2_access(l2, 3, W), L2_DONE);
	rights_are(3, LEVEL_4K, ACC_ALL);
	l2_stop();
	begin("npt5-1g", MODEL_32, 0x67);
	l2_mem_set(TABLE(2), 4, (u32)(L2_BIG << 12) | 0xe7);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	rights_are(0, LEVEL_2M, ACC_ALL);
	l2_stop();
	begin("ept4-1g", MODEL_EPT4, 0x37);
	l2_mem_set(TABLE(3), 8, (L2_BIG << 12) | 0x3b7);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	rights_are(0, LEVEL_2M, ACC_ALL);
}

/* ------------------------------------------------------------------------ */
/* Going to and fro. */

/* EPT's memory type, and 8 for IPAT (SDM vol. 3, table 29-6). */
static int type_of(int i)
{
	return l2_leaf(l2, i) >> 3 & 15;
}

static void type_set(gfn_t edge, u8 below, u8 above)
{
	struct env_types t = { .type = { [0] = below, [ENV_TYPES - 1] = above } };

	for (int i = 0; i < ENV_TYPES - 1; i++)
		t.edge[i] = edge;
	l2_leave(l2);
	world_types_set(&l2_world.vm, true, &t);
	l2_enter(l2, 0);
}

/* L2's leaves have the types of L1's memory, and nothing is mapped ahead. */
static void types(void **state)
{
	u32 rights;

	begin("ept4-ad-1g", MODEL_EPT4, 0x337);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	assert_int_equal(type_of(0), 0xe);
	assert_int_equal(l2_mapped(l2, 1, &rights), LEVEL_4K);
	type_set(DATA(1) >> 12, 4, 6);
	assert_int_equal(l2_mapped(l2, 0, &rights), 0);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	assert_int_equal(type_of(0), 4);
	assert_int_equal(l2_mapped(l2, 1, &rights), 0);
	assert_int_equal(l2_access(l2, 1, W), L2_DONE);
	assert_int_equal(type_of(1), 6);
	/* A large page of L1's that is of two types, and of one. */
	l2_l1_write(l2, TABLE(2), 8, (L2_BIG << 12) | 0x3b7);
	l2_flush(l2);
	l2_enter(l2, 0);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	rights_are(0, LEVEL_2M, ACC_ALL);
	assert_int_equal(type_of(0), 6);
	type_set(L2_BIG + 1, 0, 1);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	rights_are(0, LEVEL_4K, ACC_ALL);
	assert_int_equal(type_of(0), 0);
	assert_int_equal(l2_access(l2, 1, W), L2_DONE);
	assert_int_equal(type_of(1), 1);
}

static void switches(void **state)
{
	hpa_t root;
	long n;

	begin("npt4-1g", MODEL_4LEVEL, 0x67);
	l2_mem_set(l2_table(1, 4, 0) << 12, 8, TABLE(3) | 7);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	root = l2->root;
	n = faults();
	l2_leave(l2);
	assert_true(world_access(l2->v, DATA(5), 0));
	assert_true(l2->v->root != root);
	l2_enter(l2, 0);
	/* The root is there, and so is all below it. */
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	assert_true(l2->root == root);
	assert_int_equal(faults(), n);
	/* Another nCR3, and back: pages are found again. */
	l2_enter(l2, 1);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	assert_true(l2->root != root);
	n = faults();
	l2_enter(l2, 0);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	assert_int_equal(faults(), n);
	/* Another vCPU's L1 uses the same tables. */
	l2_enter(other, 0);
	assert_int_equal(l2_access(other, 0, W), L2_DONE);
	assert_true(other->root == root);
}

/* In any order, with and without roots. */
static void orders(void **state)
{
	struct mmu_vcpu *v;

	l2_start(caps_of("npt4-1g"), MODEL_4LEVEL);
	v = &l2->v->v;
	path(MODEL_4LEVEL, 0x67);
	mmu_nested_leave(v);
	mmu_nested_flush(v);
	assert_true(world_access(l2->v, DATA(5), 0));
	mmu_nested_flush(v);
	l2_enter(l2, 0);
	mmu_nested_flush(v);
	mmu_nested_enter(v);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	mmu_nested_enter(v);
	assert_true(mmu_root_is_current(v));
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	mmu_nested_flush(v);
	assert_false(mmu_root_is_current(v));
	mmu_nested_leave(v);
	mmu_nested_leave(v);
	assert_true(mmu_root_is_current(v));
	l2->inside = false;
	/* Never loads a root. */
	l2_enter(other, 0);
	l2_leave(other);
	l2_enter(other, 1);
}

/* A format with fewer levels, and back. */
static void mode_changes(void **state)
{
	begin("npt5-1g", MODEL_5LEVEL, 0x67);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	l2_world.second[1] = l2_world.second[0];
	l2_world.second[1].mode = MODEL_PAE;
	l2_world.second[1].root = l2_table(1, 3, 0) << 12;
	l2_mem_set(l2_table(1, 3, 0) << 12, 8, TABLE(2) | 1);
	l2_enter(l2, 1);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	l2_world.second[1].mode = MODEL_4LEVEL;
	l2_world.second[1].root = TABLE(4);
	l2_enter(l2, 1);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	l2_enter(l2, 0);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
}

/* No memory at any point: an error, and all goes on afterwards. */
static void no_memory(void **state)
{
	int n;

	for (n = 1; n < 40; n++) {
		begin("npt5-1g", MODEL_PAE, 0x67);
		shim_fail_at = shim_allocs + n;
		l2_access(l2, 0, W);
		shim_fail_at = 0;
		assert_int_equal(l2_access(l2, 0, W), L2_DONE);
		l2_stop();
	}
	begin("npt5-1g", MODEL_PAE, 0x67);
}

/* Destroyed while L2 runs, and while it waits. */
static void destroyed(void **state)
{
	begin("npt4-1g", MODEL_4LEVEL, 0x67);
	assert_int_equal(l2_access(l2, 0, W), L2_DONE);
	l2_leave(l2);
	assert_true(world_access(l2->v, DATA(5), W));
	l2_enter(other, 0);
	assert_int_equal(l2_access(other, 0, W), L2_DONE);
}

/* ------------------------------------------------------------------------ */

/* R5: what is constant is const, and nothing writes which one it is. */
static void constants(void **state)
{
	const struct mmu_ctx_ops *ops[MMU_CTX_KINDS];
	const struct mmu_mode *mode;
	int i, kind;

	begin("npt4-1g", MODEL_4LEVEL, 0x67);
	for (kind = 0; kind < MMU_CTX_KINDS; kind++)
		ops[kind] = l2->v->v.ctx[kind].ops;
	mode = l2->v->v.mode;
	l2_leave(l2);
	assert_ptr_not_equal(mode, l2->v->v.mode);
	for (i = 0; i < 20; i++) {
		l2_enter(l2, i % 3);
		assert_ptr_equal(l2->v->v.mode, mode);
		l2_access(l2, 0, W);
		if (i % 4 == 0)
			l2_flush(l2);
		l2_leave(l2);
		for (kind = 0; kind < MMU_CTX_KINDS; kind++)
			assert_ptr_equal(ops[kind], l2->v->v.ctx[kind].ops);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, stop)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats),
		CASE(dirty_bit),
		CASE(ept_dirty_bit),
		CASE(ept_no_dirty_bit),
		CASE(exec_only),
		CASE(npt_rights),
		CASE(npt_keys),
		CASE(upper_written),
		CASE(leaf_written),
		CASE(written_before),
		CASE(l2_writes_table),
		CASE(pdptes),
		CASE(large_pages),
		CASE(types),
		CASE(switches),
		CASE(orders),
		CASE(mode_changes),
		CASE(no_memory),
		CASE(destroyed),
		CASE(constants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
