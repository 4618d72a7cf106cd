// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes are operations on a world with second-level tables: whatever the unit
 * tests draw at random is drawn from the input.  Its first bytes choose the
 * hardware, whether others are at work, and whether memory is short.
 */
#include <linux/kernel.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/mmu_configs.h"
#include "tests/unit/mmu_ops.h"

#define OPS_MAX		400

#define CROWDED		1
#define SHORT		2
#define INTERRUPTED	4

static struct env_vm vm;

static void (*const ops[])(struct env_vm *vm) = {
	ops_vcpu_access, ops_vcpu_access, ops_vcpu_access, ops_vcpu_access,
	ops_host_notified, ops_host_quiet, ops_age, ops_young, ops_log_take,
	ops_log_on, ops_log_off, ops_slot_add, ops_slot_del, ops_slot_move,
	ops_zap_all, ops_vcpu, ops_switch, ops_trim, ops_nx_set, ops_nx_recover, ops_types_set,
};

static void program(unsigned int how)
{
	int i;

	if (how & INTERRUPTED)
		vm.eintr_odds = 50;
	if (how & CROWDED)
		ops_play_start(&vm, 15);
	for (i = 0; i < OPS_MAX && shim_input_left; i++) {
		if (how & SHORT)
			shim_fail_odds = 1 + shim_random() % 32;
		ops[shim_random() % ARRAY_SIZE(ops)](&vm);
		world_check(&vm, i % 8 == 0);
	}
	ops_play_stop();
	shim_fail_odds = 0;
	world_check(&vm, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mmu_test_config *c;

	if (size < 2)
		return 0;
	shim_self.rng = 1;
	c = &mmu_test_configs[data[0] % ARRAY_SIZE(mmu_test_configs)];
	world_start(&vm, &c->caps);
	world_nx_set(&vm, c->nx);
	ops_host_setup(&vm);
	for (int i = 0; i < 3; i++)
		world_vcpu_add(&vm, i);
	for (int i = 0; i < 12; i++)
		ops_slot_add(&vm);
	shim_input = data + 2;
	shim_input_left = (size - 2) & ~1ul;
	program(data[1]);
	shim_input_left = 0;
	world_stop(&vm);
	return 0;
}
