// SPDX-License-Identifier: GPL-2.0-only
/* Two operations on shadow tables, interleaved in every way (interleave.h). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/interleave.h"
#include "tests/unit/shadow_cases.h"

/*
 *	0	a page			0x5000	the leaf table, to be written
 *	0x1000	one not used yet	0x6000	the directory above it
 *	0x2000	the same, read-only	0x200000	a large page
 */
static struct env_vcpu *cpus[2];

#define PTE(n)	((DATA + (n)) << 12 | P | W | U | A | D)

/* mmu_play.c's own choices are not made here. */
void ops_access(struct env_vcpu *v)
{
}

void ops_hardware(struct env_vm *vm)
{
}

static enum shadow_end go(int i, u64 va, bool write)
{
	const struct model_access a = { .write = write };

	if (cpus[i]->busy)
		return SHADOW_GAVE_UP;
	return shadow_access(cpus[i], va, &a, NULL);
}

static void put(int i, u64 va, u64 value)
{
	const struct model_access a = { .write = true };

	if (!cpus[i]->busy)
		shadow_access(cpus[i], va, &a,
			      &(struct paging_store){ 8, value });
}

static void migrate(struct env_vm *vm, u64 page)
{
	if (!world_change_begin(vm, page, page + 1, false))
		return;
	host_migrate(&vm->host, page, page + 1);
	world_change_end(vm, page, page + 1);
}

/* ------------------------------------------------------------------------ */
/* States to start from. */

static void state_cold(void)
{
}

static void state_mapped(void)
{
	for (int i = 0; i < 2; i++) {
		go(i, 0, true);
		go(i, 0x200000, true);
	}
}

static void state_unsync(void)
{
	state_mapped();
	put(0, 0x5000, PTE(7));
	go(1, 0x5000, true);
}

/* The next fault is one for the fast stage. */
static void state_dropped(void)
{
	state_mapped();
	guest_set(T1, 0, PTE(7));
}

static void state_dropped_unsync(void)
{
	state_unsync();
	migrate(&vm, HOST + DATA);
}

static const struct interleave_state states[] = {
	{ "cold", state_cold },
	{ "mapped", state_mapped },
	{ "unsync", state_unsync },
	{ "dropped", state_dropped },
	{ "dropped unsync", state_dropped_unsync },
};

/* ------------------------------------------------------------------------ */
/* First ones by vCPU 0 or another thread, second ones by vCPU 1. */

static void read_0(struct env_vm *vm)
{
	go(0, 0, false);
}

static void write_1(struct env_vm *vm)
{
	go(0, 0x1000, true);
}

static void store_pte(struct env_vm *vm)
{
	put(0, 0x5000, PTE(2));
}

static void store_pde(struct env_vm *vm)
{
	put(0, 0x6000, T1 << 12 | P | U | A);
}

static void invlpg_0(struct env_vm *vm)
{
	shadow_invlpg(cpus[0], 0);
}

static void cr3_0(struct env_vm *vm)
{
	shadow_cr3(cpus[0], T4 << 12);
	go(0, 0, false);
}

static void wp_0(struct env_vm *vm)
{
	struct model_paging g = cpus[0]->cpu->guest;

	g.wp ^= 1;
	shadow_mode(cpus[0], &g, T4 << 12, false);
	go(0, 0x2000, true);
}

static void migrate_page(struct env_vm *vm)
{
	migrate(vm, HOST + DATA);
}

static void migrate_table(struct env_vm *vm)
{
	migrate(vm, HOST + T1);
}

static void fork_all(struct env_vm *vm)
{
	if (!world_change_begin(vm, HOST, HOST + 128, true))
		return;
	host_change(&vm->host, HOST, HOST + 128, HOST_WRITE, 0);
	world_change_end(vm, HOST, HOST + 128);
}

static void zap_all(struct env_vm *vm)
{
	world_zap_all(vm, NULL);
}

static void log_on_off(struct env_vm *vm)
{
	world_log_on(vm, 0, 0, false);
	world_log_take(vm->slot[0][0], 0, 1024, NULL);
	world_log_off(vm, 0, 0, true);
}

static void slot_again(struct env_vm *vm)
{
	world_slot_del(vm, 0, 0);
	world_slot_add(vm, 0, 0, 0, 1024, HOST, 0);
}

static void age(struct env_vm *vm)
{
	mmu_age(&vm->mmu, 0, 0, 1024);
}

static void hardware(struct env_vm *vm)
{
	static const u64 vas[] = { 0, 0x1000, 0x200000, 0x2000 };
	u64 error;

	for (int i = 0; i < 8; i++)
		if (!cpus[i % 2]->busy)
			paging_access(cpus[i % 2], vas[i / 2],
				      &(struct model_access){ .write = i & 4 },
				      NULL, &error);
}

/* Into the table that may be unsync, while the MMU is at it. */
static void hardware_store(struct env_vm *vm)
{
	u64 error;

	paging_access(cpus[1], 0x5000, &(struct model_access){ .write = true },
		      &(struct paging_store){ 8, PTE(3) }, &error);
	hardware(vm);
}

static void other_read(struct env_vm *vm)
{
	go(1, 0, false);
	go(1, 0x1000, false);
}

static void other_write(struct env_vm *vm)
{
	go(1, 0x1000, true);
	go(1, 0x200000, true);
}

static void other_pte(struct env_vm *vm)
{
	put(1, 0x5000, PTE(4));
	put(1, 0x5008, 0);
}

static void other_pte_flush(struct env_vm *vm)
{
	put(1, 0x5000, PTE(8));
	shadow_cr3(cpus[1], T4 << 12);
	go(1, 0, false);
}

/* By emulation, so that who shadows the table is told. */
static void other_emulate(struct env_vm *vm)
{
	if (!cpus[1]->busy)
		shadow_emulate(cpus[1], T1 << 12, &(struct paging_store){ 8, PTE(9) });
}

static void other_pde(struct env_vm *vm)
{
	put(1, 0x6000, 0);
	put(1, 0x6000, T1 << 12 | P | W | U);
}

static void other_flush(struct env_vm *vm)
{
	shadow_cr3(cpus[1], T4 << 12);
	go(1, 0, false);
}

static void other_invlpg(struct env_vm *vm)
{
	shadow_invlpg(cpus[1], 0);
	go(1, 0, false);
}

static const struct interleave_op firsts[] = {
	{ "read", read_0, PLAY_ANYTHING },
	{ "write", write_1, PLAY_ANYTHING },
	{ "store-pte", store_pte, PLAY_ANYTHING },
	{ "store-pde", store_pde, PLAY_ANYTHING },
	{ "invlpg", invlpg_0, PLAY_ANYTHING },
	{ "cr3", cr3_0, PLAY_ANYTHING },
	{ "wp", wp_0, PLAY_ANYTHING },
	{ "migrate", migrate_page, PLAY_ANYTHING },
	{ "migrate-table", migrate_table, PLAY_ANYTHING },
	{ "fork", fork_all, PLAY_ANYTHING },
	{ "zap-all", zap_all, PLAY_ANYTHING },
	{ "log", log_on_off, PLAY_ANYTHING },
	{ "slot-again", slot_again, PLAY_ANYTHING },
	{ "age", age, PLAY_ANYTHING },
};

static const struct interleave_op seconds[] = {
	{ "hardware", hardware, PLAY_HARDWARE },
	{ "hardware-store", hardware_store, PLAY_HARDWARE },
	{ "read", other_read, PLAY_ANYTHING },
	{ "write", other_write, PLAY_ANYTHING },
	{ "store-pte", other_pte, PLAY_ANYTHING },
	{ "store-pte-flush", other_pte_flush, PLAY_ANYTHING },
	{ "emulate-pte", other_emulate, PLAY_ANYTHING },
	{ "store-pde", other_pde, PLAY_ANYTHING },
	{ "flush", other_flush, PLAY_ANYTHING },
	{ "invlpg", other_invlpg, PLAY_ANYTHING },
	{ "migrate", migrate_page, PLAY_ANYTHING },
	{ "migrate-table", migrate_table, PLAY_ANYTHING },
	{ "zap-all", zap_all, PLAY_ANYTHING },
};

/* ------------------------------------------------------------------------ */

static bool alike;

static void make(void)
{
	struct model_paging g = long_mode;

	world_make(128);
	cpus[0] = cpu;
	cpus[1] = shadow_vcpu_add(&vm, 1);
	tables_make();
	poke(T2, 1, BIG << 12 | PS | P | W | U);
	poke(T1, 0, PTE(0));
	poke(T1, 1, (DATA + 1) << 12 | P | W | U);
	poke(T1, 2, (DATA + 1) << 12 | P);
	poke(T1, 5, T1 << 12 | P | W | U | A | D);
	poke(T1, 6, T2 << 12 | P | W | U | A | D);
	addresses(cpus[1], 0, 0x200000);
	assert_true(shadow_mode(cpus[0], &g, T4 << 12, true));
	g.wp = alike;
	assert_true(shadow_mode(cpus[1], &g, T4 << 12, true));
}

static void settle(void)
{
	shadow_check(&vm, true);
	for (int i = 0; i < 4; i++)
		go(i % 2, i < 2 ? 0 : 0x1000, false);
	shadow_check(&vm, true);
	for (int i = 0; i < 2; i++) {
		shadow_cr3(cpus[i], T4 << 12);
		go(i, 0, true);
		go(i, 0x2000, true);
	}
	shadow_check(&vm, true);
	shadow_stop(&vm);
}

static void run(bool same, int fail)
{
	static const struct interleave il = {
		.vm = &vm, .make = make, .settle = settle,
		.every = 64, .part = 6, INTERLEAVE_TABLES
	};

	alike = same;
	interleave_all(&il, same ? "alike" : "other roles", fail);
}

static void test_alike(void **state)
{
	run(true, 0);
}

/* Roles that differ: each has pages of its own for the same tables. */
static void test_other_roles(void **state)
{
	run(false, 0);
}

static void test_short_of_memory(void **state)
{
	run(false, 1);
	run(true, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alike),
		cmocka_unit_test(test_other_roles),
		cmocka_unit_test(test_short_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
