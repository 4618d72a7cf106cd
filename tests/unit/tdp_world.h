/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small world for hand-written cases about a TDP tree: two slots, one vCPU.
 * Included by the test programs after cmocka.
 */
#ifndef UNIT_TDP_WORLD_H
#define UNIT_TDP_WORLD_H

#include <linux/errno.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "mmu/check.h"
#include "mmu/tdp/tree.h"
#include "mmu/tdp/root.h"
#include "tests/unit/fault.h"
#include "tests/unit/mmu_configs.h"
#include "tests/unit/mmu_ops.h"

#define PRESENT	(HOST_MAPPED | HOST_VMA_W | HOST_PRESENT | HOST_WRITE)
#define BASE	(1ull << 18)	/* slot 0: 4 KiB pages */
#define BIG	(2ull << 18)	/* slot 1: 2 MiB pages */
#define HOLE	(3ull << 18)	/* no slot */
#define HOST	(1ull << 18)

static struct env_vm vm;
static struct env_vcpu *cpu;

static inline void world_make(const struct mmu_test_config *c)
{
	world_start(&vm, &c->caps);
	world_nx_set(&vm, c->nx);
	world_host_fill(&vm, HOST, 1024);
	world_slot_add(&vm, 0, 0, BASE, 1024, HOST, 0);
	world_slot_add(&vm, 0, 1, BIG, 2048, HOST + 2048, 0);
	cpu = world_vcpu_add(&vm, 0);
	assert_int_equal(world_enter(cpu), 0);
}

static inline int start(void **state)
{
	world_make(&mmu_test_configs[0]);
	return 0;
}

static inline int start_as(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(mmu_test_configs); i++)
		if (!strcmp(mmu_test_configs[i].name, name))
			world_make(&mmu_test_configs[i]);
	return 0;
}

static inline int start_ept(void **state) { return start_as("ept4-1g"); }
static inline int start_pml(void **state) { return start_as("ept4-pml"); }
static inline int start_ept_nx(void **state) { return start_as("ept4-nx"); }
static inline int start_npt_nx(void **state) { return start_as("npt4-nx"); }

static inline int stop(void **state)
{
	shim_step_hook = NULL;
	world_check(&vm, true);
	world_stop(&vm);
	return 0;
}

static inline enum mmu_result fault(gfn_t gfn, u64 error)
{
	struct mmu_fault f = fault_of(gfn << 12, error);
	enum mmu_result r;

	env_srcu_lock(&vm);
	r = mmu_fault(&cpu->v, &f);
	env_srcu_unlock(&vm);
	return r;
}

static inline u64 *spte_at(gfn_t gfn, int *level)
{
	u64 spte;

	*level = vm.mmu.config->levels;
	return pt_lookup(vm.mmu.config, cpu->v.root->table, gfn, level, &spte);
}

static inline bool can_write(gfn_t gfn)
{
	struct map_entry m;

	return map_look(cpu, gfn, &m) && m.w;
}

static inline bool can_execute(gfn_t gfn)
{
	struct map_entry m;

	return map_look(cpu, gfn, &m) && m.x;
}

static inline int level_of(gfn_t gfn)
{
	struct map_entry m;

	return map_look(cpu, gfn, &m) ? m.level : 0;
}

static inline long mapped(int level)
{
	return atomic_long_read(&vm.mmu.mapped[level]);
}

static inline void zap(gfn_t start, gfn_t end)
{
	mmu_invalidate_begin(&vm.mmu, start, end);
	mmu_zap(&vm.mmu, 0, start, end, true);
	mmu_invalidate_end(&vm.mmu);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
#define CASE_NX(name) \
	cmocka_unit_test_setup_teardown(name, start_ept_nx, stop), \
	cmocka_unit_test_setup_teardown(name, start_npt_nx, stop)
#define CASE_PML(name) cmocka_unit_test_setup_teardown(name, start_pml, stop)
#define CASE_EPT(name) cmocka_unit_test_setup_teardown(name, start_ept, stop)

#endif
