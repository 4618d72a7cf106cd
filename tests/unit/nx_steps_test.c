// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fetches from large pages that may not be executed, their recovery and changes of the rule,
 * interleaved in every way with each other and with what else changes a TDP tree.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/string.h>

#include "tests/unit/interleave.h"
#include "tests/unit/mmu_configs.h"

#define PRESENT	(HOST_MAPPED | HOST_VMA_W | HOST_PRESENT | HOST_WRITE)
#define BASE	(1ull << 18)
#define HOST	(1ull << 18)
#define NPAGES	1024ull
#define GPA(n)	((BASE + (n)) << 12)

static struct env_vm vm;
static struct env_vcpu *cpu[2];

/* One of these at a time. */
static bool recovers, changes;

/* ------------------------------------------------------------------------ */

static void state_large(void)
{
	world_access(cpu[0], GPA(0), PF_WRITE);
	world_access(cpu[1], GPA(600), 0);
}

static void state_split(void)
{
	state_large();
	world_access(cpu[0], GPA(0), PF_FETCH);
	world_access(cpu[1], GPA(600), PF_FETCH);
}

static void state_empty(void)
{
	world_access(cpu[1], GPA(600), PF_FETCH);
}

static void state_free(void)
{
	world_nx_set(&vm, false);
	state_large();
	world_access(cpu[0], GPA(0), PF_FETCH);
}

static const struct interleave_state states[] = {
	{ "large", state_large },
	{ "split", state_split },
	{ "empty", state_empty },
	{ "free", state_free },
};

/* ------------------------------------------------------------------------ */

static void fetch_5(struct env_vm *vm)
{
	world_access(cpu[0], GPA(5), PF_FETCH);
}

static void read_40(struct env_vm *vm)
{
	world_access(cpu[0], GPA(40), 0);
}

static void recover(struct env_vm *vm)
{
	if (recovers)
		return;
	recovers = true;
	env_srcu_lock(vm);
	mmu_nx_recover(&vm->mmu, 2);
	env_srcu_unlock(vm);
	recovers = false;
}

static void change(struct env_vm *vm)
{
	if (changes)
		return;
	changes = true;
	world_nx_set(vm, !vm->nx);
	changes = false;
}

static void log_on(struct env_vm *vm)
{
	world_log_on(vm, 0, 0, false);
}

static void migrate(struct env_vm *vm)
{
	if (!world_change_begin(vm, HOST, HOST + 512, true))
		return;
	host_make(&vm->host, HOST, 2, PRESENT);
	world_change_end(vm, HOST, HOST + 512);
}

static void hardware(struct env_vm *vm)
{
	u64 error;

	map_access(cpu[1], GPA(6), PF_FETCH, &error);
	map_access(cpu[0], GPA(600), PF_WRITE, &error);
}

/* Without a new root: that would need the lock for write. */
static void other(gpa_t gpa, u64 access)
{
	if (!cpu[1]->out && mmu_root_is_current(&cpu[1]->v))
		world_access(cpu[1], gpa, access);
}

static void other_fetch(struct env_vm *vm)
{
	other(GPA(6), PF_FETCH);
}

static void other_write(struct env_vm *vm)
{
	other(GPA(5), PF_WRITE);
}

static const struct interleave_op firsts[] = {
	{ "fetch", fetch_5, PLAY_ANYTHING },
	{ "read", read_40, PLAY_ANYTHING },
	{ "recover", recover, PLAY_ANYTHING },
	{ "change", change, PLAY_ANYTHING },
	{ "log-on", log_on, PLAY_ANYTHING },
	{ "migrate", migrate, PLAY_ANYTHING },
};

static const struct interleave_op seconds[] = {
	{ "hardware", hardware, PLAY_HARDWARE },
	{ "fetch", other_fetch, PLAY_READERS },
	{ "write", other_write, PLAY_READERS },
	{ "recover", recover, PLAY_READERS },
	{ "change", change, PLAY_ANYTHING },
	{ "migrate", migrate, PLAY_ANYTHING },
};

/* ------------------------------------------------------------------------ */

static const struct mmu_test_config *config;

static void make(void)
{
	world_start(&vm, &config->caps);
	world_nx_set(&vm, true);
	for (u64 p = HOST; p < HOST + NPAGES; p += 512)
		host_make(&vm.host, p, 2, PRESENT);
	world_slot_add(&vm, 0, 0, BASE, NPAGES, HOST, 0);
	for (int i = 0; i < 2; i++)
		cpu[i] = world_vcpu_add(&vm, i);
}

static void settle(void)
{
	world_check(&vm, true);
	world_access(cpu[0], GPA(5), PF_FETCH);
	world_access(cpu[1], GPA(600), PF_FETCH);
	world_check(&vm, true);
	recover(&vm);
	world_check(&vm, true);
	world_stop(&vm);
}

static void run(const char *name, int fail)
{
	static const struct interleave il = {
		.vm = &vm, .make = make, .settle = settle,
		.every = 96, .part = 8, INTERLEAVE_TABLES
	};

	for (size_t i = 0; i < ARRAY_SIZE(mmu_test_configs); i++)
		if (!strcmp(mmu_test_configs[i].name, name))
			config = &mmu_test_configs[i];
	interleave_all(&il, name, fail);
}

static void test_ept(void **state)
{
	run("ept4-nx", 0);
}

static void test_npt(void **state)
{
	run("npt4-nx", 0);
}

static void test_short_of_memory(void **state)
{
	for (int fail = 1; fail <= 3; fail++)
		run("ept4-nx", fail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ept),
		cmocka_unit_test(test_npt),
		cmocka_unit_test(test_short_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
