// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shadow paging, rule by rule: what an access comes to, and what the processor has
 * for it then.  The world's own checks (shadow_world.h) run beside each step.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/shadow_cases.h"

/* ------------------------------------------------------------------------ */
/* Rights. */

static void test_off(void **state)
{
	addresses(cpu, 0, 0x40000000);
	assert_int_equal(touch(0x1000, WRITE), SHADOW_DONE);
	assert_int_equal(touch(0x1000, USER | WRITE), SHADOW_DONE);
	assert_int_equal(frame(0x1000), 1);
	assert_int_equal(touch(0x40001000, FETCH), SHADOW_DONE);
	assert_int_equal(leaf(0x40001000).level, 2);
	assert_int_equal(frame(0x40001000), BIG + 1);
}

static void test_rights(void **state)
{
	tables_make();
	poke(T1, 0, DATA << 12 | P | U);
	poke(T1, 1, (DATA + 1) << 12 | P | W);
	poke(T1, 2, (DATA + 2) << 12 | P | W | U | NX);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, USER), SHADOW_DONE);
	assert_int_equal(touch(0, WRITE), SHADOW_FAULTED);
	assert_int_equal(touch(0x1000, USER), SHADOW_FAULTED);
	assert_int_equal(touch(0x1000, WRITE), SHADOW_DONE);
	assert_int_equal(touch(0x2000, FETCH), SHADOW_FAULTED);
	assert_int_equal(touch(0x2000, USER | WRITE), SHADOW_DONE);
	assert_int_equal(touch(0x3000, 0), SHADOW_FAULTED);
}

/* The upper entries' rights count, for each way to the same table. */
static void test_upper_rights(void **state)
{
	tables_make();
	poke(T2, 1, T1 << 12 | P | U);
	poke(T1, 0, DATA << 12 | P | W | U | A | D);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(touch(0x200000, WRITE), SHADOW_FAULTED);
	assert_int_equal(touch(0x200000, 0), SHADOW_DONE);
	assert_int_equal(frame(0x200000), DATA);
	assert_false(leaf(0x200000).rights & ACC_W);
	assert_true(leaf(0).rights & ACC_W);
}

static void test_wp_clear(void **state)
{
	struct model_paging g = long_mode;

	g.wp = false;
	g.smep = true;
	tables_make();
	poke(T1, 0, DATA << 12 | P | U);
	poke(T1, 1, (DATA + 1) << 12 | P);
	mode(&g, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	/* A supervisor's page for the time being, and still no code for it. */
	assert_int_equal(leaf(0).rights, ACC_R | ACC_W);
	assert_int_equal(touch(0, FETCH), SHADOW_FAULTED);
	assert_int_equal(touch(0, USER), SHADOW_DONE);
	assert_int_equal(leaf(0).rights, ACC_R | ACC_U | ACC_X);
	assert_int_equal(touch(0, USER | WRITE), SHADOW_FAULTED);
	assert_int_equal(touch(0, USER | FETCH), SHADOW_DONE);
	assert_int_equal(touch(0x1000, WRITE), SHADOW_DONE);
	assert_int_equal(touch(0x1000, FETCH), SHADOW_DONE);
	g.wp = true;
	assert_true(shadow_mode(cpu, &g, T4 << 12, false));
	assert_int_equal(touch(0, WRITE), SHADOW_FAULTED);
	assert_int_equal(touch(0x1000, WRITE), SHADOW_FAULTED);
}

/* The page of a supervisor that it would be is not what SMAP sees. */
static void test_wp_clear_smap(void **state)
{
	struct model_paging g = long_mode;

	g.wp = false;
	g.smap = true;
	tables_make();
	poke(T1, 0, DATA << 12 | P | U);
	mode(&g, T4);
	assert_int_equal(touch(0, WRITE | AC), SHADOW_EMULATED);
	assert_int_equal(shadow_emulated[BECAUSE_WP], 1);
	assert_int_equal(touch(0, WRITE), SHADOW_FAULTED);
	assert_int_equal(touch(0, 0), SHADOW_FAULTED);
	assert_int_equal(touch(0, AC), SHADOW_DONE);
}

static void test_smap_smep(void **state)
{
	struct model_paging g = long_mode;

	g.smap = true;
	g.smep = true;
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U);
	mode(&g, T4);
	assert_int_equal(touch(0, USER | FETCH), SHADOW_DONE);
	assert_int_equal(touch(0, FETCH), SHADOW_FAULTED);
	assert_int_equal(touch(0, 0), SHADOW_FAULTED);
	assert_int_equal(touch(0, WRITE | AC), SHADOW_DONE);
	assert_int_equal(shadow_access(cpu, 0, &(struct model_access){
			 .implicit = true, .ac = true }, NULL), SHADOW_FAULTED);
}

static void test_keys(void **state)
{
	const u32 no_access = 1u << 2 * 3, no_write = 2u << 2 * 3;
	struct model_paging g = long_mode;

	g.pke = true;
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U | KEY(3));
	mode(&g, T4);
	assert_int_equal(touch_key(0, WRITE, 0), SHADOW_DONE);
	assert_int_equal(touch_key(0, USER, no_access), SHADOW_FAULTED);
	assert_int_equal(touch_key(0, USER, no_write), SHADOW_DONE);
	assert_int_equal(touch_key(0, WRITE, no_write), SHADOW_FAULTED);
	/* "Write disable" binds a supervisor only with CR0.WP. */
	g.wp = false;
	assert_true(shadow_mode(cpu, &g, T4 << 12, false));
	assert_int_equal(touch_key(0, WRITE, no_write), SHADOW_EMULATED);
	assert_int_equal(shadow_emulated[BECAUSE_WP], 1);
	assert_int_equal(touch_key(0, WRITE | USER, no_write), SHADOW_FAULTED);
	/* Where the tables are shadowed already, too. */
	assert_int_equal(touch_key(0, 0, 0), SHADOW_DONE);
	poke(T1, 9, DATA << 12 | P | W | U | A | D | KEY(3));
	cpu->cpu->va[0].va = 0x9000;
	past_update(cpu);
	assert_int_equal(touch_key(0x9000, WRITE, no_write), SHADOW_EMULATED);
	assert_int_equal(shadow_emulated[BECAUSE_WP], 2);
}

/* ------------------------------------------------------------------------ */
/* Formats. */

static void test_pse36(void **state)
{
	struct model_paging g = long_mode;

	g.mode = MODEL_32;
	g.pse = true;
	addresses(cpu, 0x400000, 0x800000);
	poke_short(T2, 1, (HIGH >> 20) << 13 | PS | P | W | U);
	poke_short(T2, 2, PS | P | W | U | 1 << 21);
	mode(&g, T2);
	assert_int_equal(touch(0x403000, WRITE), SHADOW_DONE);
	assert_int_equal(frame(0x403000), HIGH + 3);
	/* Beyond 40 bits it is reserved. */
	assert_int_equal(touch(0x800000, 0), SHADOW_FAULTED);
	/* Without CR4.PSE bit 7 means nothing: a table at frame 2. */
	poke_short(2, 3, DATA << 12 | P | W | U);
	g.pse = false;
	mode(&g, T2);
	assert_int_equal(touch(0x403000, 0), SHADOW_DONE);
	assert_int_equal(frame(0x403000), DATA);
}

/* 1024 entries in two pages of 512, and in four. */
static void test_quadrants(void **state)
{
	struct model_paging g = long_mode;

	g.mode = MODEL_32;
	addresses(cpu, 0, 0x200000);
	poke_short(T2, 0, T1 << 12 | P | W | U);
	poke_short(T2, 768, T1 << 12 | P | W | U);
	poke_short(T1, 3, DATA << 12 | P | W | U);
	poke_short(T1, 512 + 3, (DATA + 1) << 12 | P | W | U);
	mode(&g, T2);
	assert_int_equal(touch(0x3000, 0), SHADOW_DONE);
	assert_int_equal(touch(0x203000, 0), SHADOW_DONE);
	assert_int_equal(frame(0x3000), DATA);
	assert_int_equal(frame(0x203000), DATA + 1);
	cpu->cpu->va[0].va = 0xc0003000;
	past_update(cpu);
	assert_int_equal(touch(0xc0003000, 0), SHADOW_DONE);
	assert_int_equal(frame(0xc0003000), DATA);
	/* An entry of the second half: the first half's page is left alone. */
	assert_true(shadow_emulate(cpu, (T1 << 12) + 4 * (512 + 3),
				   &(struct paging_store){ 4, 0 }));
	assert_int_equal(leaf(0x203000).rights, 0);
	assert_int_equal(frame(0x3000), DATA);
	/* A directory's entry is two of ours. */
	assert_true(shadow_emulate(cpu, T2 << 12, &(struct paging_store){ 4, 0 }));
	assert_int_equal(leaf(0x3000).rights, 0);
	assert_int_equal(frame(0xc0003000), DATA);
}

static void test_pae_pdptes(void **state)
{
	struct model_paging g = long_mode;

	g.mode = MODEL_PAE;
	addresses(cpu, 0, 0x40000000);
	poke(T3, 0, T2 << 12 | P);
	poke(T2, 0, T1 << 12 | P | W | U);
	poke(T1, 0, DATA << 12 | P | W | U);
	poke(20, 0, T1 << 12 | P | W | U);
	mode(&g, T3);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	/* They count when they are loaded (SDM vol. 3, 4.4.1). */
	poke(T3, 0, 0);
	poke(T3, 1, 20ull << 12 | P);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(touch(0x40000000, 0), SHADOW_FAULTED);
	shadow_invlpg(cpu, 0);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_true(shadow_cr3(cpu, T3 << 12));
	assert_int_equal(touch(0, 0), SHADOW_FAULTED);
	assert_int_equal(touch(0x40000000, 0), SHADOW_DONE);
	assert_int_equal(frame(0x40000000), DATA);
}

static void test_five_levels(void **state)
{
	struct model_paging g = long_mode;

	g.mode = MODEL_5LEVEL;
	tables_make();
	poke(T5, 0, T4 << 12 | P | W | U);
	poke(T5, 1, T4 << 12 | P);
	poke(T1, 0, DATA << 12 | P | W | U);
	addresses(cpu, 0, 1ull << 48);
	mode(&g, T5);
	assert_int_equal(touch(0, USER | WRITE), SHADOW_DONE);
	assert_int_equal(touch(1ull << 48, USER), SHADOW_FAULTED);
	assert_int_equal(touch(1ull << 48, 0), SHADOW_DONE);
	assert_int_equal(frame(1ull << 48), DATA);
	g.mode = MODEL_4LEVEL;
	addresses(cpu, 0, 0x200000);
	mode(&g, T4);
	assert_int_equal(touch(0, USER | WRITE), SHADOW_DONE);
}

/* What is reserved, which userspace says, changes: nothing that was made is right. */
static void test_other_width(void **state)
{
	struct model_paging g = long_mode;

	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_true(shadow_mode(cpu, &g, T4 << 12, false));
	assert_true(mmu_root_is_current(&cpu->v));
	g.maxphyaddr = 36;
	assert_true(shadow_mode(cpu, &g, T4 << 12, false));
	assert_false(mmu_root_is_current(&cpu->v));
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
}

/* A region's first frame and its last one, and neither those before nor behind. */
static void test_regions(void **state)
{
	struct mmu_shadow *s;

	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	s = vm.mmu.shadow;
	for (gfn_t gfn = T4 - 1; gfn <= T1 + 1; gfn++)
		assert_int_equal(tracked_any(&s->tracked, gfn, 1),
				 gfn >= T4 && gfn <= T1);
	assert_false(tracked_any(&s->tracked, 0, T4));
	assert_true(tracked_any(&s->tracked, 0, T4 + 1));
	assert_true(tracked_any(&s->tracked, T1, 2));
	assert_false(tracked_any(&s->tracked, T1 + 1, 2));
}

/* Into SMM and out of it: another address space. */
static void other_space(void)
{
	cpu->out = true;
	cpu->v.as_id ^= 1;
	past_forget(cpu);
	mmu_guest_flush(&cpu->v);
	map_flush_vcpu(cpu);
}

static void test_smm(void **state)
{
	u64 hpa;

	/* The tables are the same there; what they lead to is not. */
	world_slot_add(&vm, 1, 0, 0, 64, HOST, 0);
	world_slot_add(&vm, 1, 1, 64, 64, HOST + 512, 0);
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	hpa = leaf(0).gpa;
	other_space();
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_not_equal(leaf(0).gpa, hpa);
	/* Each has its tables. */
	assert_true(tracked_any(vm.mmu.tracked, T1, 1));
	other_space();
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(leaf(0).gpa, hpa);
	mmu_invalidate_begin(&vm.mmu, DATA, DATA + 1);
	mmu_zap(&vm.mmu, 1, DATA, DATA + 1, true);
	mmu_invalidate_end(&vm.mmu);
	assert_int_equal(leaf(0).gpa, hpa);
}

/* A table in SMM's own memory, written there. */
static void test_smm_written(void **state)
{
	world_slot_add(&vm, 1, 0, 0, 128, HOST + 512, 0);
	other_space();
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	guest_set(T1, 0, 0);
	assert_int_equal(leaf(0).rights, 0);
	assert_int_equal(touch(0, WRITE), SHADOW_FAULTED);
}

/* ------------------------------------------------------------------------ */
/* Accessed and dirty bits. */

static void test_accessed_dirty(void **state)
{
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_true(peek(T4, 0) & A);
	assert_true(peek(T2, 0) & A);
	assert_int_equal(peek(T1, 0) & (A | D), A);
	assert_false(leaf(0).rights & ACC_W);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(peek(T1, 0) & (A | D), A | D);
	assert_false(peek(T2, 0) & D);
	assert_true(leaf(0).rights & ACC_W);
	/* Cleared again: the next write sets it again. */
	guest_set(T1, 0, DATA << 12 | P | W | U | A);
	shadow_invlpg(cpu, 0);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(peek(T1, 0) & D, 0);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(peek(T1, 0) & D, D);
	guest_set(T1, 0, DATA << 12 | P | W | U);
	shadow_invlpg(cpu, 0);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(peek(T1, 0) & (A | D), A);
}

/* A table in ROM: its bits cannot be set, and the access is made all the same. */
static void test_rom_table(void **state)
{
	tables_make();
	poke(T2, 0, ROM << 12 | P | W | U);
	poke(ROM, 0, DATA << 12 | P | W | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(peek(ROM, 0), DATA << 12 | P | W | U);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_off),
		CASE(test_rights),
		CASE(test_upper_rights),
		CASE(test_wp_clear),
		CASE(test_wp_clear_smap),
		CASE(test_smap_smep),
		CASE(test_keys),
		CASE(test_pse36),
		CASE(test_quadrants),
		CASE(test_pae_pdptes),
		CASE(test_five_levels),
		CASE(test_other_width),
		CASE(test_regions),
		CASE(test_smm),
		CASE(test_smm_written),
		CASE(test_accessed_dirty),
		CASE(test_rom_table),
	};

	shim_seed = 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
