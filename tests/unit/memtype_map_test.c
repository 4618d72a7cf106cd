// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory types of the guest's choice, on a TDP tree, case by case: which type a leaf has,
 * how large it may be, what is prefetched, and how the types change.  Numbers: SDM vol. 3,
 * table 12-8, and 8 for IPAT (table 29-6); the model looks at every leaf as well.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/tdp_world.h"

enum { UC = 0, WC = 1, WT = 4, WB = 6, IPAT = 8 };

#define PAGE_OF(n)	(BIG + (n) * LEVEL_GFNS(LEVEL_2M))

static int type_of(gfn_t gfn)
{
	struct map_entry m;

	return map_look(cpu, gfn, &m) ? m.type : -1;
}

static void types_set(const struct env_types *types)
{
	world_types_set(&vm, true, types);
	assert_int_equal(world_enter(cpu), 0);
}

/* All of one type. */
static void type_set(u8 type)
{
	const struct env_types t = { .type = { [ENV_TYPES - 1] = type } };

	types_set(&t);
}

/* From a frame on another type. */
static void edge_set(gfn_t edge, u8 below, u8 above)
{
	struct env_types t = { };

	for (int i = 0; i < ENV_TYPES - 1; i++)
		t.edge[i] = edge;
	t.type[0] = below;
	t.type[ENV_TYPES - 1] = above;
	types_set(&t);
}

static void types_off(void)
{
	const struct env_types none = { };

	world_types_set(&vm, false, &none);
	assert_int_equal(world_enter(cpu), 0);
}

static void is(gfn_t gfn, int level, int type)
{
	assert_int_equal(fault(gfn, 0), MMU_FIXED);
	assert_int_equal(level_of(gfn), level);
	assert_int_equal(type_of(gfn), type);
}

/* As long as the guest has no say its memory is write-back, whatever its PAT says. */
static void test_none(void **state)
{
	is(BASE, LEVEL_4K, WB | IPAT);
	is(BIG, LEVEL_2M, WB | IPAT);
}

static void test_each(void **state)
{
	static const u8 types[] = { UC, WC, WT, 5, WB, UC | IPAT, WB | IPAT };

	for (size_t i = 0; i < sizeof(types); i++) {
		type_set(types[i]);
		/* Nothing is left of the type before. */
		assert_int_equal(type_of(BASE), -1);
		assert_int_equal(type_of(BIG), -1);
		is(BASE, LEVEL_4K, types[i]);
		is(BIG, LEVEL_2M, types[i]);
	}
	types_off();
	assert_int_equal(type_of(BIG), -1);
	is(BIG, LEVEL_2M, WB | IPAT);
}

/* A leaf does not span two types; pages of one type stay large. */
static void test_level(void **state)
{
	edge_set(PAGE_OF(1) + 3, WB, UC);
	is(BIG, LEVEL_2M, WB);
	is(PAGE_OF(1), LEVEL_4K, WB);
	is(PAGE_OF(1) + 2, LEVEL_4K, WB);
	is(PAGE_OF(1) + 3, LEVEL_4K, UC);
	is(PAGE_OF(1) + 511, LEVEL_4K, UC);
	is(PAGE_OF(2), LEVEL_2M, UC);
	/* When the edge goes, so do the small pages. */
	edge_set(PAGE_OF(1), WB, UC);
	is(PAGE_OF(1), LEVEL_2M, UC);
	is(PAGE_OF(2) - 1, LEVEL_2M, UC);
}

static void test_giant(void **state)
{
	host_make(&vm.host, 0, 3, PRESENT);
	world_slot_add(&vm, 0, 2, HOLE, 1 << 18, 0, 0);
	type_set(WB);
	is(HOLE, LEVEL_1G, WB);
	edge_set(HOLE + 512 * 7, WC, WB);
	is(HOLE, LEVEL_2M, WC);
	is(HOLE + 512 * 7, LEVEL_2M, WB);
	edge_set(HOLE + 512 * 7 + 1, WC, WB);
	is(HOLE, LEVEL_2M, WC);
	is(HOLE + 512 * 7, LEVEL_4K, WC);
	is(HOLE + 512 * 7 + 1, LEVEL_4K, WB);
}

/* Frames around are of the same type, or are not mapped ahead. */
static void test_prefetch(void **state)
{
	type_set(WT);
	is(BASE + 20, LEVEL_4K, WT);
	assert_int_equal(mapped(LEVEL_4K), 16);
	assert_int_equal(type_of(BASE + 16), WT);
	assert_int_equal(type_of(BASE + 31), WT);
	edge_set(BASE + 22, WT, WB);
	is(BASE + 20, LEVEL_4K, WT);
	assert_int_equal(type_of(BASE + 19), -1);
	assert_int_equal(type_of(BASE + 22), -1);
	/* A device's frame has a type of its own, and RAM beside it the guest's. */
	world_slot_add(&vm, 0, 2, HOLE, 16, 0, 0);
	for (int i = 0; i < 16; i++)
		host_make(&vm.host, i, 1, PRESENT | (i == 5 ? HOST_RAW : 0));
	type_set(WT);
	is(HOLE + 5, LEVEL_4K, UC);
	is(HOLE + 6, LEVEL_4K, WT);
	types_off();
	is(HOLE + 5, LEVEL_4K, UC);
	is(HOLE + 6, LEVEL_4K, WB | IPAT);
}

/* The log splits a large leaf into pieces of its type; a fetch does, too. */
static void test_pieces(void **state)
{
	type_set(WT);
	assert_int_equal(fault(BIG, PF_WRITE), MMU_FIXED);
	assert_int_equal(level_of(BIG), LEVEL_2M);
	world_log_on(&vm, 0, 1, false);
	assert_int_equal(level_of(BIG + 7), LEVEL_4K);
	assert_int_equal(type_of(BIG + 7), WT);
	assert_int_equal(fault(BIG + 7, PF_WRITE), MMU_FIXED);
	assert_int_equal(type_of(BIG + 7), WT);
	world_log_off(&vm, 0, 1, true);
	is(BIG, LEVEL_2M, WT);
	world_nx_set(&vm, true);
	assert_int_equal(world_enter(cpu), 0);
	assert_int_equal(fault(BIG + 7, PF_FETCH), MMU_FIXED);
	assert_int_equal(level_of(BIG + 7), LEVEL_4K);
	assert_int_equal(type_of(BIG + 8), WT);
}

/*
 * What another vCPU has mapped by its own registers stays; where such a leaf is in the way
 * of a right, it goes first, and TLBs forget it.
 */
static void test_another_type(void **state)
{
	const struct env_types t = { .type = { [ENV_TYPES - 1] = WB } };

	type_set(UC);
	host_change(&vm.host, HOST, HOST + 1, HOST_WRITE, 0);
	is(BASE, LEVEL_4K, UC);
	host_change(&vm.host, HOST, HOST + 1, 0, HOST_WRITE);
	vm.types = t;
	assert_int_equal(fault(BASE, 0), MMU_FIXED);
	assert_int_equal(type_of(BASE), UC);
	vm.flushes = 0;
	assert_int_equal(fault(BASE, PF_WRITE), MMU_RETRY);
	assert_int_equal(type_of(BASE), -1);
	assert_int_equal(vm.flushes, 1);
	assert_int_equal(fault(BASE, PF_WRITE), MMU_FIXED);
	assert_int_equal(type_of(BASE), WB);
	type_set(WB);
}

/* What is as it was costs nothing, and so does a change that concerns nobody. */
static void test_same(void **state)
{
	is(BIG, LEVEL_2M, WB | IPAT);
	assert_false(mmu_memtypes_changed(&vm.mmu));
	assert_false(mmu_memtypes_set(&vm.mmu, false));
	assert_true(mmu_root_is_current(&cpu->v));
	type_set(WB);
	is(BIG, LEVEL_2M, WB);
	assert_false(mmu_memtypes_set(&vm.mmu, true));
	assert_true(mmu_root_is_current(&cpu->v));
	assert_true(mmu_memtypes_changed(&vm.mmu));
	assert_false(mmu_root_is_current(&cpu->v));
	assert_int_equal(world_enter(cpu), 0);
}

/* Elsewhere there is no place for them: not in NPT, nor in shadow tables. */
static void test_elsewhere(void **state)
{
	is(BASE, LEVEL_4K, 0);
	assert_false(mmu_memtypes_set(&vm.mmu, true));
	assert_false(mmu_memtypes_changed(&vm.mmu));
	assert_true(mmu_root_is_current(&cpu->v));
}

static int start_bare(void **state)
{
	static const struct mmu_caps none = {
		MMU_SECOND_NONE, 4, LEVEL_1G, true, false, 48, 0, false
	};

	world_start(&vm, &none);
	return 0;
}

static int stop_bare(void **state)
{
	world_stop(&vm);
	return 0;
}

static void test_shadow(void **state)
{
	assert_false(mmu_memtypes_set(&vm.mmu, true));
}

static struct env_types next;
static bool next_on;
static int gaps;

/* The page has been looked up, or its size or type has: the types change. */
static void types_change(void)
{
	if (gaps-- != 0)
		return;
	env_gap_hook = NULL;
	world_types_set(&vm, next_on, &next);
}

/* A fault in whose gap number @at they change.  Return: false: it has no such gap. */
static bool race(bool on, int at)
{
	enum mmu_result r;

	gaps = at;
	next_on = on;
	env_gap_hook = types_change;
	r = fault(BIG, 0);
	if (env_gap_hook) {
		env_gap_hook = NULL;
		return false;
	}
	assert_int_equal(r, MMU_RETRY);
	assert_int_equal(mapped(LEVEL_2M), 0);
	assert_int_equal(world_enter(cpu), 0);
	is(BIG, LEVEL_2M, on ? WC : WB | IPAT);
	return true;
}

/* Whoever has decided by the old ones maps nothing. */
static void test_race(void **state)
{
	/* The page has two gaps, its level one; its type and that of its table one each. */
	static const int gaps_of[] = { 5, 5, 3 };
	enum { CHANGE, GO, COME } kind;
	int at;

	next.type[ENV_TYPES - 1] = WC;
	for (kind = CHANGE; kind <= COME; kind++) {
		at = 0;
		do {
			types_off();
			if (kind != COME)
				type_set(WT);
		} while (race(kind != GO, at) && ++at);
		assert_int_equal(at, gaps_of[kind]);
	}
}

static int start_ad(void **state) { return start_as("ept4-ad-1g"); }

#define CASE_AD(name) cmocka_unit_test_setup_teardown(name, start_ad, stop)
#define CASE_BOTH(name) CASE_AD(name), CASE_EPT(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_BOTH(test_none),
		CASE_BOTH(test_each),
		CASE_BOTH(test_level),
		CASE_BOTH(test_giant),
		CASE_BOTH(test_prefetch),
		CASE_BOTH(test_pieces),
		CASE_PML(test_pieces),
		CASE_BOTH(test_another_type),
		CASE_BOTH(test_same),
		CASE_BOTH(test_race),
		CASE(test_elsewhere),
		cmocka_unit_test_setup_teardown(test_shadow, start_bare, stop_bare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
