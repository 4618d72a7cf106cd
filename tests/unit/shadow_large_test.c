// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shadow paging: large pages of the guest's, in large ones of the host's or in pieces.
 * The world's own checks (shadow_world.h) run beside each step.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/shadow_cases.h"

static void test_sizes(void **state)
{
	tables_make();
	poke(T2, 0, BIG << 12 | PS | P | W | U);
	poke(T2, 1, 0ull << 12 | PS | P | W | U);
	poke(T3, 1, BIG << 12 | PS | P | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0x3000, WRITE), SHADOW_DONE);
	assert_int_equal(leaf(0x3000).level, 2);
	assert_int_equal(frame(0x3000), BIG + 3);
	shadow_invlpg(cpu, 0x3000);
	assert_int_equal(frame(0x3000), BIG + 3);
	/* Small host pages, and the guest's tables among them. */
	assert_int_equal(touch(0x201000, WRITE), SHADOW_DONE);
	assert_int_equal(leaf(0x201000).level, 1);
	assert_int_equal(frame(0x201000), 1);
	cpu->cpu->va[0].va = 0x40001000;
	past_update(cpu);
	assert_int_equal(touch(0x40001000, 0), SHADOW_DONE);
	assert_int_equal(frame(0x40001000), BIG + 1);
	assert_false(leaf(0x40001000).rights & ACC_W);
}

/* The same frames in small pages of the host's, by large ones with other keys. */
static void test_keys(void **state)
{
	struct model_paging g = long_mode;

	g.pke = true;
	tables_make();
	poke(T2, 0, PS | P | W | U | KEY(1));
	poke(T2, 1, PS | P | W | U | KEY(2));
	mode(&g, T4);
	assert_int_equal(touch(0x3000, WRITE), SHADOW_DONE);
	assert_int_equal(touch(0x203000, WRITE), SHADOW_DONE);
	assert_int_equal(leaf(0x3000).pkey, 1);
	assert_int_equal(leaf(0x203000).pkey, 2);
	assert_int_equal(touch_key(0x203000, USER, 1u << 2 * 1), SHADOW_DONE);
	assert_int_equal(touch_key(0x203000, USER, 1u << 2 * 2), SHADOW_FAULTED);
}

/* A page that may be written once D is set, and one that may not, are not shared. */
static void test_dirty(void **state)
{
	tables_make();
	poke(T2, 0, PS | P | W | U);
	poke(T2, 1, PS | P | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0x3000, 0), SHADOW_DONE);
	assert_int_equal(touch(0x203000, 0), SHADOW_DONE);
	assert_int_equal(touch(0x3000, WRITE), SHADOW_DONE);
	assert_false(leaf(0x203000).rights & ACC_W);
	assert_int_equal(touch(0x203000, WRITE), SHADOW_FAULTED);
}

/* A large page over a table that is shadowed: in small ones. */
static void test_over_table(void **state)
{
	tables_make();
	poke(T2, 0, BIG << 12 | PS | P | W | U);
	poke(T2, 1, (BIG + 7) << 12 | P | W | U);
	poke(BIG + 7, 0, DATA << 12 | P | W | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0x200000, 0), SHADOW_DONE);
	assert_int_equal(touch(0x3000, WRITE), SHADOW_DONE);
	assert_int_equal(leaf(0x3000).level, 1);
	assert_true(leaf(0x3000).rights & ACC_W);
	assert_false(leaf(0x7000).rights & ACC_W);
}

/* ... of which nobody knew before this very access. */
static void test_over_own(void **state)
{
	tables_make();
	poke(T3, 0, (BIG + 7) << 12 | P | W | U);
	poke(BIG + 7, 0, BIG << 12 | PS | P | W | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0x3000, WRITE), SHADOW_DONE);
	assert_int_equal(leaf(0x3000).level, 1);
	assert_false(leaf(0x7000).rights & ACC_W);
	assert_int_equal(store(0x7008, 8, 0), SHADOW_EMULATED);
}

/* The dirty bit, when only a supervisor may write it. */
static void test_dirty_wp(void **state)
{
	struct model_paging g = long_mode;

	g.wp = false;
	tables_make();
	poke(T2, 0, PS | P | U);
	mode(&g, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(touch(0x1000, WRITE), SHADOW_DONE);
	assert_int_equal(peek(T2, 0) & D, D);
	guest_set(T2, 0, PS | P | U | A);
	shadow_invlpg(cpu, 0);
	shadow_invlpg(cpu, 0x1000);
	/* Linked again by one of its pages: the other is not what it was. */
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(peek(T2, 0) & D, 0);
	assert_int_equal(touch(0x1000, WRITE), SHADOW_DONE);
	assert_int_equal(peek(T2, 0) & D, D);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_sizes),
		CASE(test_keys),
		CASE(test_dirty),
		CASE(test_over_table),
		CASE(test_over_own),
		CASE(test_dirty_wp),
	};

	shim_seed = 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
