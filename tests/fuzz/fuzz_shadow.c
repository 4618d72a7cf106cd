// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes are guests on shadow tables: modes, writes of their tables, accesses,
 * flushes, and what the host does meanwhile.  The first two bytes choose the size
 * of pages, whether others are at work, and whether memory is short.
 */
#include <linux/kernel.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/mmu_configs.h"
#include "tests/unit/shadow_ops.h"

#define OPS_MAX		300

#define CROWDED		1
#define SHORT		2
#define INTERRUPTED	4

static struct env_vm vm;

static void guest(struct env_vm *vm)
{
	struct env_vcpu *v = vm->vcpu[shim_random() % ENV_VCPUS];

	if (v)
		shadow_ops_guest(v);
}

static void vcpu(struct env_vm *vm)
{
	int i = shim_random() % ENV_VCPUS;

	if (vm->vcpu[i])
		shadow_vcpu_del(vm, i);
	else
		shadow_ops_mode(shadow_vcpu_add(vm, i));
}

static void limit(struct env_vm *vm)
{
	mmu_page_limit_set(&vm->mmu, 64 + shim_random() % 1000);
}

static void (*const ops[])(struct env_vm *vm) = {
	guest, guest, guest, guest, guest, guest, guest, guest,
	ops_host_notified, ops_host_quiet, ops_age, ops_young, ops_log_take,
	ops_log_on, ops_log_off, shadow_ops_slot, ops_zap_all, vcpu, limit,
};

static void program(unsigned int how)
{
	int i;

	if (how & INTERRUPTED) {
		vm.eintr_odds = 50;
		env_peek_odds = 20;
	}
	if (how & CROWDED)
		ops_play_start(&vm, 60);
	for (i = 0; i < OPS_MAX && shim_input_left; i++) {
		if (how & SHORT)
			shim_fail_odds = 1 + shim_random() % 32;
		ops[shim_random() % ARRAY_SIZE(ops)](&vm);
		shadow_check(&vm, i % 8 == 0);
	}
	ops_play_stop();
	shim_fail_odds = 0;
	env_peek_odds = 0;
	shadow_check(&vm, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mmu_test_config *c;

	if (size < 2)
		return 0;
	shim_self.rng = 1;
	c = &shadow_test_configs[data[0] % ARRAY_SIZE(shadow_test_configs)];
	shadow_start(&vm, &c->caps);
	world_nx_set(&vm, c->nx);
	shadow_ops_setup(&vm);
	for (int i = 0; i < 3; i++)
		shadow_ops_mode(shadow_vcpu_add(&vm, i));
	shim_input = data + 2;
	shim_input_left = (size - 2) & ~1ul;
	program(data[1]);
	shim_input_left = 0;
	shadow_stop(&vm);
	return 0;
}
