/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small world for hand-written cases about shadow paging: one vCPU, four slots.
 * Included by the test programs after cmocka.
 */
#ifndef UNIT_SHADOW_CASES_H
#define UNIT_SHADOW_CASES_H

#include <linux/kernel.h>

#include "mmu/shadow/page.h"
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
	MMU_SECOND_NONE, 4, LEVEL_1G, true, false, 48, 0, false
};

static const struct model_paging long_mode = {
	.mode = MODEL_4LEVEL, .wp = true, .nxe = true, .gib_pages = true,
	.pse36 = true, .amd = true, .maxphyaddr = 40,
};

/* ------------------------------------------------------------------------ */

static inline void poke(u64 gfn, unsigned int i, u64 entry)
{
	shadow_mem_set(cpu, (gfn << 12) + 8 * i, 8, entry);
}

static inline void poke_short(u64 gfn, unsigned int i, u32 entry)
{
	shadow_mem_set(cpu, (gfn << 12) + 4 * i, 4, entry);
}

static inline u64 peek(u64 gfn, unsigned int i)
{
	return shadow_mem_get(cpu, (gfn << 12) + 8 * i, 8);
}

/* A guest's write by emulation. */
static inline void guest_set(u64 gfn, unsigned int i, u64 entry)
{
	assert_true(shadow_emulate(cpu, (gfn << 12) + 8 * i,
				   &(struct paging_store){ 8, entry }));
}

/* The addresses of a case: the pages from @base on, and those from @more on. */
static inline void addresses(struct env_vcpu *v, u64 base, u64 more)
{
	for (int i = 0; i < PAGING_VAS; i++)
		v->cpu->va[i].va = i < 16 ? base + i * 4096ull :
					    more + (i - 16) * 4096ull;
	past_forget(v);
}

static inline void mode(const struct model_paging *g, u64 root)
{
	assert_true(shadow_mode(cpu, g, root << 12, true));
}

/* Tables for address 0 with four levels, all rights. */
static inline void tables_make(void)
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

static inline enum shadow_end touch(u64 va, int how)
{
	const struct model_access a = {
		.user = how & USER, .write = how & WRITE, .fetch = how & FETCH,
		.ac = how & AC,
	};

	return shadow_access(cpu, va, &a, NULL);
}

static inline enum shadow_end touch_key(u64 va, int how, u32 pkru)
{
	const struct model_access a = {
		.user = how & USER, .write = how & WRITE, .pkru = pkru,
	};

	return shadow_access(cpu, va, &a, NULL);
}

static inline enum shadow_end store(u64 va, unsigned int size, u64 value)
{
	const struct model_access a = { .write = true };

	return shadow_access(cpu, va, &a, &(struct paging_store){ size, value });
}

/* What the tables have for an address; rights 0: nothing. */
static inline struct model_result leaf(u64 va)
{
	struct model_result r;

	hw_look(cpu, va, &r);
	return r;
}

static inline u64 frame(u64 va)
{
	struct model_result r = leaf(va);
	gfn_t gfn = 0;

	assert_true(r.rights);
	assert_true(hw_leaf_gfn(&vm, 0, r.gpa, &gfn));
	return gfn;
}

/* @small: how many 4 KiB pages userspace has there. */
static inline void world_make(int small)
{
	shadow_start(&vm, &caps);
	world_host_fill(&vm, HOST, small);
	world_slot_add(&vm, 0, 0, 0, 1024, HOST, 0);
	world_slot_add(&vm, 0, 1, ROM, 64, HOST + 1024, MMU_SLOT_READONLY);
	world_slot_add(&vm, 0, 2, HIGH, 512, HOST + 1536, 0);
	world_slot_add(&vm, 0, 3, BIG, 2048, HOST + 2048, 0);
	cpu = shadow_vcpu_add(&vm, 0);
	memset(shadow_emulated, 0, sizeof(shadow_emulated));
}

static inline int start(void **state)
{
	world_make(2048);
	return 0;
}

static inline int stop(void **state)
{
	shadow_check(&vm, true);
	shadow_stop(&vm);
	return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

#endif
