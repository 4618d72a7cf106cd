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

#include <linux/kernel.h>

#include "mmu/shadow.h"
#include "tests/model/paging_hw.h"
#include "tests/unit/shadow_world.h"

#define PRESENT	(HOST_MAPPED | HOST_VMA_W | HOST_PRESENT | HOST_WRITE)
#define HOST	(1ull << 18)
#define BIG	0x40000ull	/* gfn: 2 MiB pages */
#define ROM	0x80000ull
#define HIGH	0x100000ull	/* above 4 GiB */
#define HOLE	0xf0000ull

#define P	1ull
#define W	2ull
#define U	4ull
#define A	0x20ull
#define D	0x40ull
#define PS	0x80ull
#define NX	(1ull << 63)
#define KEY(n)	((u64)(n) << 59)

/* Frames with tables, by level; and one with data. */
#define T5	15
#define T4	16
#define T3	17
#define T2	18
#define T1	19
#define DATA	64ull

static struct env_vm vm;
static struct env_vcpu *cpu;

static const struct mmu_caps caps = {
	MMU_SECOND_NONE, 4, LEVEL_1G, true, false, 48, 0
};

static const struct model_paging long_mode = {
	.mode = MODEL_4LEVEL, .wp = true, .nxe = true, .gib_pages = true,
	.pse36 = true, .amd = true, .maxphyaddr = 40,
};

/* ------------------------------------------------------------------------ */

static void poke(u64 gfn, unsigned int i, u64 entry)
{
	shadow_mem_set(cpu, (gfn << 12) + 8 * i, 8, entry);
}

static void poke_short(u64 gfn, unsigned int i, u32 entry)
{
	shadow_mem_set(cpu, (gfn << 12) + 4 * i, 4, entry);
}

static u64 peek(u64 gfn, unsigned int i)
{
	return shadow_mem_get(cpu, (gfn << 12) + 8 * i, 8);
}

/* A guest's write by emulation. */
static void guest_set(u64 gfn, unsigned int i, u64 entry)
{
	assert_true(shadow_emulate(cpu, (gfn << 12) + 8 * i,
				   &(struct paging_store){ 8, entry }));
}

/* The addresses of a case: the pages from @base on, and those from @more on. */
static void addresses(struct env_vcpu *v, u64 base, u64 more)
{
	for (int i = 0; i < PAGING_VAS; i++)
		v->cpu->va[i].va = i < 16 ? base + i * 4096ull :
					    more + (i - 16) * 4096ull;
	past_forget(v);
}

static void mode(const struct model_paging *g, u64 root)
{
	assert_true(shadow_mode(cpu, g, root << 12, true));
}

/* Tables for address 0 with four levels, all rights. */
static void tables_make(void)
{
	poke(T4, 0, T3 << 12 | P | W | U);
	poke(T3, 0, T2 << 12 | P | W | U);
	poke(T2, 0, T1 << 12 | P | W | U);
	addresses(cpu, 0, 0x200000);
}

#define USER	1
#define WRITE	2
#define FETCH	4
#define AC	8

static enum shadow_end touch(u64 va, int how)
{
	const struct model_access a = {
		.user = how & USER, .write = how & WRITE, .fetch = how & FETCH,
		.ac = how & AC,
	};

	return shadow_access(cpu, va, &a, NULL);
}

static enum shadow_end touch_key(u64 va, int how, u32 pkru)
{
	const struct model_access a = {
		.user = how & USER, .write = how & WRITE, .pkru = pkru,
	};

	return shadow_access(cpu, va, &a, NULL);
}

static enum shadow_end store(u64 va, unsigned int size, u64 value)
{
	const struct model_access a = { .write = true };

	return shadow_access(cpu, va, &a, &(struct paging_store){ size, value });
}

/* What the tables have for an address; rights 0: nothing. */
static struct model_result leaf(u64 va)
{
	struct model_result r;

	hw_look(cpu, va, &r);
	return r;
}

static u64 frame(u64 va)
{
	struct model_result r = leaf(va);
	gfn_t gfn = 0;

	assert_true(r.rights);
	assert_true(hw_leaf_gfn(&vm, 0, r.gpa, &gfn));
	return gfn;
}

static int start(void **state)
{
	shadow_start(&vm, &caps);
	for (int i = 0; i < 2048; i++)
		host_make(&vm.host, HOST + i, 1, PRESENT);
	for (int i = 0; i < 4; i++)
		host_make(&vm.host, HOST + 2048 + i * 512, 2, PRESENT);
	world_slot_add(&vm, 0, 0, 0, 1024, HOST, 0);
	world_slot_add(&vm, 0, 1, ROM, 64, HOST + 1024, MMU_SLOT_READONLY);
	world_slot_add(&vm, 0, 2, HIGH, 512, HOST + 1536, 0);
	world_slot_add(&vm, 0, 3, BIG, 2048, HOST + 2048, 0);
	cpu = shadow_vcpu_add(&vm, 0);
	memset(shadow_emulated, 0, sizeof(shadow_emulated));
	return 0;
}

static int stop(void **state)
{
	shadow_check(&vm, true);
	shadow_stop(&vm);
	return 0;
}

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

static void test_large(void **state)
{
	tables_make();
	poke(T2, 0, BIG << 12 | PS | P | W | U);
	poke(T2, 1, 0ull << 12 | PS | P | W | U);
	poke(T3, 1, BIG << 12 | PS | P | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0x3000, WRITE), SHADOW_DONE);
	assert_int_equal(leaf(0x3000).level, 2);
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

/* Below a large page too, when only a supervisor may write it. */
static void test_dirty_large_wp(void **state)
{
	struct model_paging g = long_mode;

	g.wp = false;
	tables_make();
	poke(T2, 0, PS | P | U);
	mode(&g, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(peek(T2, 0) & D, D);
	guest_set(T2, 0, PS | P | U | A);
	shadow_invlpg(cpu, 0);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(peek(T2, 0) & D, 0);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(peek(T2, 0) & D, D);
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

/* ------------------------------------------------------------------------ */
/* Tables that change. */

static unsigned int unsync_pages(void)
{
	return vm.mmu.shadow->nr_unsync;
}

/* The leaf table is mapped at 0x5000, so that the guest writes it itself. */
static void unsync_make(void)
{
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U | A | D);
	poke(T1, 5, T1 << 12 | P | W | U | A | D);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(unsync_pages(), 0);
	assert_int_equal(store(0x5000, 8, (DATA + 1) << 12 | P | W | U | A | D),
			 SHADOW_DONE);
	assert_int_equal(unsync_pages(), 1);
	/* Nothing was flushed: the old translation may stay. */
	assert_int_equal(frame(0), DATA);
	assert_int_equal(store(0x5008, 8, DATA << 12 | P | W | U | A | D),
			 SHADOW_DONE);
}

static void test_unsync_invlpg(void **state)
{
	unsync_make();
	shadow_invlpg(cpu, 0);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(frame(0), DATA + 1);
	assert_int_equal(unsync_pages(), 1);
	assert_int_equal(shadow_emulated[BECAUSE_SHADOWED], 0);
}

static void test_unsync_cr3(void **state)
{
	unsync_make();
	assert_true(shadow_cr3(cpu, T4 << 12));
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(frame(0), DATA + 1);
	assert_int_equal(unsync_pages(), 0);
	/* Protected again: the next write is noticed. */
	assert_false(leaf(0x5000).rights & ACC_W);
}

/* Another vCPU of another mode has the frame for a table, too. */
static void test_unsync_other_vcpu(void **state)
{
	struct env_vcpu *first = cpu;
	struct model_paging g = long_mode;

	unsync_make();
	cpu = shadow_vcpu_add(&vm, 1);
	g.wp = false;
	addresses(cpu, 0, 0x200000);
	mode(&g, T4);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(frame(0), DATA + 1);
	cpu = first;
	shadow_check(&vm, true);
}

/*
 * What is linked anew joins addresses that never had what an unsync table below
 * still says.
 */
static void test_unsync_linked(void **state)
{
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U | A | D);
	poke(T1, 5, T1 << 12 | P | W | U | A | D);
	/* A second way to the same directory, not used yet. */
	poke(T4, 1, T3 << 12 | P | W | U);
	addresses(cpu, 0, 1ull << 39);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(store(0x5000, 8, (DATA + 1) << 12 | P | W | U | A | D),
			 SHADOW_DONE);
	shadow_invlpg(cpu, 1ull << 39);
	assert_int_equal(touch((1ull << 39) + 0x5000, 0), SHADOW_DONE);
	assert_int_equal(touch(1ull << 39, 0), SHADOW_DONE);
	assert_int_equal(frame(1ull << 39), DATA + 1);
}

/* Upper tables are never unsync: the guest writes them by emulation. */
static void test_upper_emulated(void **state)
{
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U | A | D);
	poke(T1, 5, T2 << 12 | P | W | U | A | D);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(store(0x5000, 8, 0), SHADOW_EMULATED);
	assert_int_equal(shadow_emulated[BECAUSE_SHADOWED], 1);
	/* At once, without a flush by the guest: what is absent is not cached. */
	assert_int_equal(leaf(0).rights, 0);
	assert_int_equal(touch(0, 0), SHADOW_FAULTED);
}

/* Written again and again it is data, and written without us. */
static void test_becomes_data(void **state)
{
	int n;

	tables_make();
	poke(T2, 1, 20ull << 12 | P | W | U);
	poke(20, 0, T1 << 12 | P | W | U | A | D);
	poke(T1, 5, T2 << 12 | P | W | U | A | D);
	mode(&long_mode, T4);
	assert_int_equal(touch(0x5000, 0), SHADOW_DONE);
	/* Out of use: its entry goes, then it is written. */
	assert_int_equal(touch(0x200000, 0), SHADOW_DONE);
	guest_set(T2, 1, 0);
	for (n = 0; n < 8; n++)
		assert_true(shadow_emulate(cpu, 20 << 12 | n * 8,
					   &(struct paging_store){ 8, 0 }));
	assert_false(track_has_table(vm.mmu.shadow, 0, 20, 1));
}

/* A write that no entry's is ends the table at once. */
static void test_odd_write(void **state)
{
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U | A | D);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_true(track_has_table(vm.mmu.shadow, 0, T1, 1));
	assert_true(shadow_emulate(cpu, (T1 << 12) + 3,
				   &(struct paging_store){ 1, 0 }));
	assert_false(track_has_table(vm.mmu.shadow, 0, T1, 1));
	assert_int_equal(touch(0, 0), SHADOW_DONE);
}

/* ------------------------------------------------------------------------ */
/* Slots. */

static void test_readonly(void **state)
{
	tables_make();
	poke(T1, 0, ROM << 12 | P | W | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, USER), SHADOW_DONE);
	assert_int_equal(touch(0, WRITE), SHADOW_EMULATED);
	assert_int_equal(shadow_emulated[BECAUSE_READONLY], 1);
	assert_int_equal(peek(T1, 0) & D, D);
	assert_false(leaf(0).rights & ACC_W);
}

static void test_mmio(void **state)
{
	tables_make();
	poke(T1, 0, HOLE << 12 | P | W | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, 0), SHADOW_EMULATED);
	assert_int_equal(touch(0, WRITE), SHADOW_EMULATED);
	assert_int_equal(touch(0, USER | FETCH), SHADOW_EMULATED);
	assert_int_equal(shadow_emulated[BECAUSE_NO_SLOT], 3);
	/* Until there is memory. */
	world_slot_add(&vm, 0, 4, HOLE, 1, HOST + 1200, 0);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	world_slot_del(&vm, 0, 4);
	assert_int_equal(leaf(0).rights, 0);
	assert_int_equal(touch(0, 0), SHADOW_EMULATED);
}

static void test_table_nowhere(void **state)
{
	tables_make();
	poke(T2, 0, HOLE << 12 | P | W | U);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, 0), SHADOW_EMULATED);
	assert_int_equal(shadow_emulated[BECAUSE_TABLE_NOWHERE], 1);
}

/* The client takes the memory that a table is in: what it said goes. */
static void test_table_unmapped(void **state)
{
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U | A | D);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_true(world_mm_lock(&vm));
	world_notify_begin(&vm, HOST + T1, HOST + T1 + 1, false);
	host_change(&vm.host, HOST + T1, HOST + T1 + 1, HOST_PRESENT, 0);
	world_notify_end(&vm, HOST + T1, HOST + T1 + 1);
	world_mm_unlock(&vm);
	assert_int_equal(leaf(0).rights, 0);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_off), CASE(test_rights), CASE(test_upper_rights),
		CASE(test_wp_clear), CASE(test_wp_clear_smap),
		CASE(test_smap_smep), CASE(test_keys), CASE(test_pse36),
		CASE(test_quadrants), CASE(test_pae_pdptes),
		CASE(test_five_levels), CASE(test_large),
		CASE(test_accessed_dirty), CASE(test_dirty_large_wp),
		CASE(test_rom_table), CASE(test_unsync_invlpg),
		CASE(test_unsync_cr3), CASE(test_unsync_other_vcpu),
		CASE(test_unsync_linked), CASE(test_upper_emulated),
		CASE(test_becomes_data), CASE(test_odd_write),
		CASE(test_readonly), CASE(test_mmio), CASE(test_table_nowhere),
		CASE(test_table_unmapped),
	};

	shim_seed = 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
