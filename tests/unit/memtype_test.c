// SPDX-License-Identifier: GPL-2.0-only
/*
 * x86/vcpu/memtype.c against the SDM: cases with numbers from a firmware's tables, and
 * random registers page by page against tests/model/mtrr.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/model/mtrr.h"
#include "tests/unit/rnd.h"
#include "x86/vcpu/memtype.h"

enum { UC = 0, WC = 1, WT = 4, WP = 5, WB = 6, MIXED = -1 };

#define MIB(n)		((u64)(n) << 8)		/* frames */
#define GIB(n)		((u64)(n) << 18)
#define ADDR_BITS	40
#define ADDR_MASK	((1ull << ADDR_BITS) - 0x1000)

/* ---- cases ---- */

static void range(struct mtrr_state *m, int i, u64 gfn, u64 n, u8 type)
{
	m->variable[2 * i] = gfn << 12 | type;
	m->variable[2 * i + 1] = (ADDR_MASK & ~((n << 12) - 1)) | 0x800;
}

static void test_disabled(void **state)
{
	struct mtrr_state m = { .def = 0x400 | WB };

	range(&m, 0, 0, GIB(4), WB);
	memset(m.fixed, WB, sizeof(m.fixed));
	/* E clear: all memory is uncached, whatever else there is. */
	assert_int_equal(memtype_of(&m, 0, 1), UC);
	assert_int_equal(memtype_of(&m, GIB(1), GIB(1)), UC);
	assert_int_equal(memtype_of(&m, GIB(8), 512), UC);
}

/* 3 GiB of memory, a hole for devices with a frame buffer in it, 1 GiB above. */
static void test_firmware(void **state)
{
	struct mtrr_state m = { .def = 0xc00 | WB };

	memset(m.fixed, WB, sizeof(m.fixed));
	m.fixed[2] = 0;				/* 0xa0000 to 0xbffff */
	m.fixed[3] = 0x0505050505050505;	/* 0xc0000 to 0xc7fff */
	range(&m, 0, GIB(3), GIB(1), UC);
	range(&m, 1, GIB(3) + MIB(16), MIB(16), WC);
	assert_int_equal(memtype_of(&m, 0, 1), WB);
	assert_int_equal(memtype_of(&m, 0x9f, 1), WB);
	assert_int_equal(memtype_of(&m, 0xa0, 1), UC);
	assert_int_equal(memtype_of(&m, 0xbf, 1), UC);
	assert_int_equal(memtype_of(&m, 0xc0, 1), WP);
	assert_int_equal(memtype_of(&m, 0xc7, 1), WP);
	assert_int_equal(memtype_of(&m, 0xc8, 1), WB);
	assert_int_equal(memtype_of(&m, 0x100, 1), WB);
	assert_int_equal(memtype_of(&m, 0, 512), MIXED);
	assert_int_equal(memtype_of(&m, 0xa0, 16), MIXED);
	assert_int_equal(memtype_of(&m, 512, 512), WB);
	assert_int_equal(memtype_of(&m, 0, GIB(1)), MIXED);
	assert_int_equal(memtype_of(&m, GIB(1), GIB(1)), WB);
	/* UC wins, and so what is in it makes no difference. */
	assert_int_equal(memtype_of(&m, GIB(3), GIB(1)), UC);
	assert_int_equal(memtype_of(&m, GIB(3) + MIB(16), 1), UC);
	assert_int_equal(memtype_of(&m, GIB(4), GIB(1)), WB);
	/* Without the fixed ranges the first MiB is as the rest. */
	m.def = 0x800 | WB;
	assert_int_equal(memtype_of(&m, 0xa0, 1), WB);
	assert_int_equal(memtype_of(&m, 0, GIB(1)), WB);
}

/* Uncached is what no range covers. */
static void test_ranges(void **state)
{
	struct mtrr_state m = { .def = 0x800 | UC };

	range(&m, 0, 0, GIB(2), WB);
	range(&m, 1, GIB(2), GIB(1), WB);
	range(&m, 2, GIB(3) - MIB(2), MIB(2), WC);
	range(&m, 3, MIB(64), MIB(64), WT);
	assert_int_equal(memtype_of(&m, 0, GIB(1)), MIXED);
	assert_int_equal(memtype_of(&m, MIB(62), 512), WB);
	assert_int_equal(memtype_of(&m, MIB(64), 512), WT);
	assert_int_equal(memtype_of(&m, MIB(126), 512), WT);
	assert_int_equal(memtype_of(&m, MIB(128), 512), WB);
	assert_int_equal(memtype_of(&m, GIB(1), GIB(1)), WB);
	assert_int_equal(memtype_of(&m, GIB(2), GIB(1)), MIXED);
	/* WB and WC: undefined, and uncached here. */
	assert_int_equal(memtype_of(&m, GIB(3) - 1, 1), UC);
	assert_int_equal(memtype_of(&m, GIB(3) - MIB(4), 512), WB);
	assert_int_equal(memtype_of(&m, GIB(3), GIB(1)), UC);
	/* Half by one, half by the other. */
	range(&m, 4, GIB(5), MIB(512), WB);
	range(&m, 5, GIB(5) + MIB(512), MIB(512), WB);
	assert_int_equal(memtype_of(&m, GIB(5), GIB(1)), MIXED);
	assert_int_equal(memtype_of(&m, GIB(5) + MIB(510), 512), WB);
	/* A range that is not valid is none. */
	m.variable[5] &= ~0x800ull;
	assert_int_equal(memtype_of(&m, GIB(2), GIB(1)), WB);
}

/* ---- random ---- */

static const u8 types[] = { UC, WC, WT, WP, WB };

/* Of few kinds, so that ranges often agree. */
static u8 type_any(int kinds)
{
	return types[(kinds >> 8 & 3) + rnd() % (1 + (kinds & 1))];
}

static u64 mask_any(void)
{
	u64 mask = ADDR_MASK & ~0ull << (12 + rnd() % 20);

	switch (rnd() % 4) {
	case 0:
		/* With holes: every other frame, and the like. */
		return mask ^ (1ull << (12 + rnd() % 22));
	case 1:
		return ADDR_MASK & rnd() & rnd();
	default:
		return mask;
	}
}

static void fixed_any(struct mtrr_state *m, struct mtrr_model *model)
{
	uint8_t piece[88];
	int kinds = rnd();

	for (int i = 0; i < 88; i++)
		piece[i] = rnd() % 8 ? type_any(kinds) : types[rnd() % 5];
	memcpy(m->fixed, piece, sizeof(piece));
	memcpy(model->fix64k, piece, 8);
	memcpy(model->fix16k, piece + 8, 16);
	memcpy(model->fix4k, piece + 24, 64);
}

static void state_any(struct mtrr_state *m, struct mtrr_model *model)
{
	int kinds = rnd(), ranges = rnd() % 9;

	memset(m, 0, sizeof(*m));
	memset(model, 0, sizeof(*model));
	model->e = rnd() % 16;
	model->fe = rnd() % 2;
	model->type = type_any(kinds);
	m->def = model->type | (model->fe ? 0x400 : 0) | (model->e ? 0x800 : 0);
	fixed_any(m, model);
	for (int i = 0; i < ranges; i++) {
		u64 base = rnd() % 4 ? (rnd() & 0xffffff) << 12 : 0;

		model->range[i].v = rnd() % 8;
		model->range[i].type = type_any(kinds);
		model->range[i].base = base & ADDR_MASK;
		model->range[i].mask = mask_any();
		m->variable[2 * i] = model->range[i].base | model->range[i].type;
		m->variable[2 * i + 1] = model->range[i].mask |
					 (model->range[i].v ? 0x800 : 0);
	}
}

static u8 page_type(const struct mtrr_model *m, u64 gfn)
{
	u8 type = mtrr_model_type(m, gfn << 12);

	return type == MTRR_MODEL_UNDEFINED ? UC : type;
}

/* How many ranges have a part of a block, and no more? */
static int parts_of(const struct mtrr_model *m, u64 gfn, u64 n)
{
	int parts = 0;

	for (int i = 0; i < MTRR_MODEL_RANGES; i++) {
		u64 hits = 0;

		for (u64 k = 0; k < n; k++)
			hits += mtrr_model_match(m, i, (gfn + k) << 12);
		parts += hits && hits < n;
	}
	return parts;
}

static long mixed, uniform, coarse;

static void block_check(const struct mtrr_state *m, const struct mtrr_model *model,
			u64 gfn, u64 n)
{
	int got = memtype_of(m, gfn, n);
	u8 first = page_type(model, gfn);
	bool same = true;

	for (u64 k = 1; k < n && same; k++)
		same = page_type(model, gfn + k) == first;
	if (got != MIXED) {
		assert_true(same);
		assert_int_equal(got, first);
		uniform++;
	} else if (!same) {
		mixed++;
	} else if (!model->fe || gfn >= 0x100) {
		/* By more than one reason. */
		assert_true(parts_of(model, gfn, n) > 1);
		coarse++;
	}
}

static u64 gfn_any(const struct mtrr_model *m)
{
	switch (rnd() % 4) {
	case 0:
		return rnd() % 0x120;
	case 1:
		return m->range[rnd() % 8].base >> 12;
	default:
		return rnd() & (ADDR_MASK >> 12);
	}
}

static void random_blocks(int shift, int states)
{
	struct mtrr_model model;
	struct mtrr_state m;
	u64 gfn;

	mixed = uniform = coarse = 0;
	for (int i = 0; i < states; i++) {
		state_any(&m, &model);
		for (int k = 0; k < 4; k++) {
			gfn = gfn_any(&model) & ~((1ull << shift) - 1);
			block_check(&m, &model, gfn, 1ull << shift);
		}
	}
	printf("%d frames: %ld of one type, %ld mixed, %ld taken for mixed\n", 1 << shift,
	       uniform, mixed, coarse);
	assert_true(uniform > states / 4);
	/* One that never looks would be right, and of no use. */
	assert_true(coarse * 10 < uniform);
}

static void test_frames(void **state)
{
	random_blocks(0, 300000);
	assert_int_equal(mixed + coarse, 0);
}

static void test_small_blocks(void **state)
{
	random_blocks(4, 60000);
	assert_true(mixed > 1000);
}

static void test_large_blocks(void **state)
{
	random_blocks(9, 6000);
	assert_true(mixed > 100);
}

static void test_giant_blocks(void **state)
{
	random_blocks(18, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disabled),
		cmocka_unit_test(test_firmware),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_small_blocks),
		cmocka_unit_test(test_large_blocks),
		cmocka_unit_test(test_giant_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
