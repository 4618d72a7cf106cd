// SPDX-License-Identifier: GPL-2.0-only
/* Two operations on a TDP tree, interleaved in every way (interleave.h). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/interleave.h"
#include "tests/unit/mmu_configs.h"

#define PRESENT	(HOST_MAPPED | HOST_VMA_W | HOST_PRESENT | HOST_WRITE)
#define BASE	(1ull << 18)
#define HOST	(1ull << 18)
#define NPAGES	1024ull
#define GPA(n)	((BASE + (n)) << 12)

static struct env_vm vm;
static struct env_vcpu *cpu[2];

/* ------------------------------------------------------------------------ */
/* States to start from. */

/* Large mappings. */
static void state_large(void)
{
	world_access(cpu[0], GPA(0), PF_WRITE);
	world_access(cpu[1], GPA(600), 0);
}

/* The log is on, and a few small pages are mapped. */
static void state_logged(void)
{
	world_log_on(&vm, 0, 0, false);
	world_access(cpu[0], GPA(0), PF_WRITE);
	world_access(cpu[1], GPA(6), 0);
	world_access(cpu[1], GPA(600), PF_WRITE);
}

/* The log is on, and there was no memory to split. */
static void state_unsplit(void)
{
	state_large();
	shim_fail_odds = 1;
	world_log_on(&vm, 0, 0, false);
	shim_fail_odds = 0;
}

/* Large mappings and a log whose bits are all set. */
static void state_all_set(void)
{
	state_large();
	world_log_on(&vm, 0, 0, true);
}

/* The log went off, its small tables are still there, with holes. */
static void state_tables(void)
{
	state_logged();
	world_log_off(&vm, 0, 0, false);
}

static const struct interleave_state states[] = {
	{ "large", state_large },
	{ "logged", state_logged },
	{ "unsplit", state_unsplit },
	{ "all-set", state_all_set },
	{ "tables", state_tables },
};

/* ------------------------------------------------------------------------ */
/* Operations: first ones by vCPU 0 or another thread, second ones by vCPU 1. */

static void write_5(struct env_vm *vm)
{
	world_access(cpu[0], GPA(5), PF_WRITE);
}

static void read_40(struct env_vm *vm)
{
	world_access(cpu[0], GPA(40), 0);
}

static void recover(struct env_vm *vm)
{
	if (!vm->slot[0][0]->dirty)
		mmu_recover_slot(&vm->mmu, &vm->slot[0][0]->s);
}

static void take(struct env_vm *vm)
{
	world_log_take(vm->slot[0][0], 0, NPAGES, NULL);
}

static void log_on(struct env_vm *vm)
{
	if (!vm->slot[0][0]->dirty)
		world_log_on(vm, 0, 0, false);
}

static void age(struct env_vm *vm)
{
	mmu_age(&vm->mmu, 0, BASE, BASE + 64);
}

static void migrate(struct env_vm *vm)
{
	if (!world_change_begin(vm, HOST, HOST + 512, true))
		return;
	host_make(&vm->host, HOST, 2, PRESENT);
	world_change_end(vm, HOST, HOST + 512);
}

static void migrate_last(struct env_vm *vm)
{
	if (!world_change_begin(vm, HOST + 512, HOST + 1024, true))
		return;
	host_make(&vm->host, HOST + 512, 2, PRESENT);
	world_change_end(vm, HOST + 512, HOST + 1024);
}

static void migrate_small(struct env_vm *vm)
{
	if (!world_change_begin(vm, HOST, HOST + 512, false))
		return;
	host_migrate(&vm->host, HOST + 5, HOST + 7);
	world_change_end(vm, HOST, HOST + 512);
}

static void zap_all(struct env_vm *vm)
{
	world_zap_all(vm, NULL);
}

static void slot_move(struct env_vm *vm)
{
	world_slot_move(vm, 0, 0, BASE + 4096);
	world_slot_move(vm, 0, 0, BASE);
}

static void hardware(struct env_vm *vm)
{
	u64 error;

	map_access(cpu[1], GPA(5), PF_WRITE, &error);
	map_access(cpu[1], GPA(6), 0, &error);
	map_access(cpu[0], GPA(600), PF_WRITE, &error);
}

/* Without a new root: that would need the lock for write. */
static void other_write(struct env_vm *vm)
{
	if (!cpu[1]->out && mmu_root_is_current(&cpu[1]->v))
		world_access(cpu[1], GPA(5), PF_WRITE);
}

static void other_prefetch(struct env_vm *vm)
{
	if (!cpu[1]->out && mmu_root_is_current(&cpu[1]->v))
		world_access(cpu[1], GPA(7), 0);
}

static const struct interleave_op firsts[] = {
	{ "write", write_5, PLAY_ANYTHING },
	{ "read", read_40, PLAY_ANYTHING },
	{ "recover", recover, PLAY_ANYTHING },
	{ "take", take, PLAY_ANYTHING },
	{ "log-on", log_on, PLAY_ANYTHING },
	{ "age", age, PLAY_ANYTHING },
	{ "migrate", migrate, PLAY_ANYTHING },
	{ "migrate-small", migrate_small, PLAY_ANYTHING },
	{ "zap-all", zap_all, PLAY_ANYTHING },
	{ "slot-move", slot_move, PLAY_ANYTHING },
};

static const struct interleave_op seconds[] = {
	{ "hardware", hardware, PLAY_HARDWARE },
	{ "write", other_write, PLAY_READERS },
	{ "prefetch", other_prefetch, PLAY_READERS },
	{ "recover", recover, PLAY_READERS },
	{ "take", take, PLAY_READERS },
	{ "age", age, PLAY_READERS },
	{ "migrate", migrate, PLAY_ANYTHING },
	{ "migrate-last", migrate_last, PLAY_ANYTHING },
	{ "zap-all", zap_all, PLAY_ANYTHING },
};

/* ------------------------------------------------------------------------ */

static const struct mmu_caps *caps;

static void make(void)
{
	world_start(&vm, caps);
	for (u64 p = HOST; p < HOST + NPAGES; p += 512)
		host_make(&vm.host, p, 2, PRESENT);
	world_slot_add(&vm, 0, 0, BASE, NPAGES, HOST, 0);
	for (int i = 0; i < 2; i++)
		cpu[i] = world_vcpu_add(&vm, i);
}

static void settle(void)
{
	world_check(&vm, true);
	world_access(cpu[0], GPA(5), PF_WRITE);
	world_access(cpu[1], GPA(6), PF_WRITE);
	take(&vm);
	world_check(&vm, true);
	world_stop(&vm);
}

static void run(const struct mmu_test_config *c, int fail)
{
	static const struct interleave il = {
		.vm = &vm, .make = make, .settle = settle,
		.every = 96, .part = 8, INTERLEAVE_TABLES
	};

	caps = &c->caps;
	interleave_all(&il, c->name, fail);
}

static void test_npt(void **state)
{
	run(&mmu_test_configs[0], 0);
}

static void test_ept_without_ad(void **state)
{
	run(&mmu_test_configs[6], 0);
}

static void test_short_of_memory(void **state)
{
	for (int fail = 1; fail <= 3; fail++)
		run(&mmu_test_configs[0], fail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_npt),
		cmocka_unit_test(test_ept_without_ad),
		cmocka_unit_test(test_short_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
