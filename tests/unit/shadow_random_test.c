// SPDX-License-Identifier: GPL-2.0-only
/* Random guests on shadow tables, compared with the model (random_run.h). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/string.h>
#include <linux/kernel.h>

#include "tests/unit/random_run.h"
#include "tests/unit/shadow_ops.h"

static struct env_vm vm;

static unsigned int rnd(unsigned int n)
{
	return shim_random() % n;
}

static void op_vcpu(struct env_vm *vm)
{
	int i = rnd(ENV_VCPUS);

	if (vm->vcpu[i] && !rnd(4))
		shadow_vcpu_del(vm, i);
	else if (!vm->vcpu[i])
		shadow_ops_mode(shadow_vcpu_add(vm, i));
}

static void op_limit(struct env_vm *vm)
{
	mmu_page_limit_set(&vm->mmu, rnd(3) ? 64 + rnd(100) : 1000);
}

static const struct random_op ops[] = {
	{ ops_host_notified, 12, false },
	{ ops_host_quiet, 10, false },
	{ shadow_ops_repair, 10, false },
	{ ops_age, 6, false },
	{ ops_young, 3, false },
	{ ops_log_take, 10, true },
	{ ops_log_on, 2, true },
	{ ops_log_off, 3, true },
	{ shadow_ops_slot, 8, true },
	{ ops_zap_all, 1, true },
	{ ops_nx_set, 1, true },
	{ op_vcpu, 1, false },
	{ op_limit, 1, true },
};

static void op_guest(struct env_vm *vm)
{
	struct env_vcpu *v = vm->vcpu[rnd(ENV_VCPUS)];

	if (v)
		shadow_ops_guest(v);
}

static unsigned int one_in(bool big)
{
	return big ? 2 : 16;
}

static void start(const struct mmu_caps *caps)
{
	shadow_start(&vm, caps);
	shadow_ops_setup(&vm);
	for (int i = 0; i < 3; i++)
		shadow_ops_mode(shadow_vcpu_add(&vm, i));
}

static void report(void)
{
	printf("    %ld accesses; retry %ld fixed %ld user %ld inject %ld error %ld emulate %ld:",
	       shadow_done, shadow_count[MMU_RETRY], shadow_count[MMU_FIXED],
	       shadow_count[MMU_USER], shadow_count[MMU_INJECT],
	       shadow_count[MMU_ERROR], shadow_count[MMU_EMULATE]);
	printf(" no table %ld, no page %ld, read-only %ld, shadowed %ld, CR0.WP %ld\n",
	       shadow_emulated[BECAUSE_TABLE_NOWHERE],
	       shadow_emulated[BECAUSE_NO_SLOT],
	       shadow_emulated[BECAUSE_READONLY],
	       shadow_emulated[BECAUSE_SHADOWED], shadow_emulated[BECAUSE_WP]);
	memset(shadow_count, 0, sizeof(shadow_count));
	memset(shadow_emulated, 0, sizeof(shadow_emulated));
	shadow_done = 0;
}

static const struct random_program program = {
	.vm = &vm,
	.configs = shadow_test_configs,
	.nconfigs = ARRAY_SIZE(shadow_test_configs),
	.ops = ops, .nops = ARRAY_SIZE(ops), .other = op_guest,
	.start = start, .check = shadow_check, .one_in = one_in,
	.report = report, .stop = shadow_stop, .play_odds = 60,
};

static void test_random(void **state)
{
	random_all(&program);
}

static void test_each_allocation(void **state)
{
	assert_true(random_each_allocation(&program, 1, 77, 250) > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_allocation),
		cmocka_unit_test(test_random),
	};

	random_setup(1000000);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
