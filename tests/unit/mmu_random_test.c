// SPDX-License-Identifier: GPL-2.0-only
/* Random programs on TDP trees, compared with the model (random_run.h). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/errno.h>
#include <linux/kernel.h>

#include "mmu/base/config.h"
#include "tests/unit/random_run.h"

static struct env_vm vm;

static const struct random_op ops[] = {
	{ ops_host_notified, 60, false },
	{ ops_host_quiet, 40, false },
	{ ops_age, 20, false },
	{ ops_young, 6, false },
	{ ops_log_take, 20, true },
	{ ops_log_on, 8, true },
	{ ops_log_off, 8, true },
	{ ops_slot_add, 8, false },
	{ ops_slot_del, 3, true },
	{ ops_slot_move, 2, true },
	{ ops_zap_all, 2, true },
	{ ops_nx_set, 1, true },
	{ ops_types_set, 2, true },
	{ ops_nx_recover, 12, true },
	{ ops_vcpu, 4, false },
	{ ops_switch, 6, false },
	{ ops_trim, 4, false },
};

static void start(const struct mmu_caps *caps)
{
	world_start(&vm, caps);
	ops_host_setup(&vm);
	for (int i = 0; i < 3; i++)
		world_vcpu_add(&vm, i);
	for (int i = 0; i < 12; i++)
		ops_slot_add(&vm);
}

/* All tables when they are few, or now and then. */
static unsigned int one_in(bool big)
{
	return big ? 1 + env_tables / 16 : 64 + env_tables * 4;
}

static const struct random_program program = {
	.vm = &vm,
	.configs = mmu_test_configs, .nconfigs = ARRAY_SIZE(mmu_test_configs),
	.ops = ops, .nops = ARRAY_SIZE(ops), .other = ops_vcpu_access,
	.start = start, .check = world_check, .one_in = one_in,
	.stop = world_stop, .play_odds = 15,
};

static void test_random(void **state)
{
	random_all(&program);
}

static void test_each_allocation(void **state)
{
	assert_true(random_each_allocation(&program, program.nconfigs, 1, 200) > 100);
}

static void setup_fails(const struct mmu_caps *caps)
{
	long n = 1;
	int r;

	for (;; n++) {
		mmu_setup_reset();
		shim_fail_at = shim_allocs + n;
		r = mmu_setup(caps);
		if (!r)
			break;
		assert_int_equal(r, -ENOMEM);
		assert_int_equal(shim_live, 0);
		assert_null(config_get());
	}
	shim_fail_at = 0;
	/* Three caches can fail. */
	assert_int_equal(n, 4);
	mmu_teardown();
	assert_int_equal(shim_live, 0);
}

static void test_setup_fails(void **state)
{
	static const struct mmu_caps none = {
		MMU_SECOND_NONE, 5, LEVEL_1G, true, false, 48, 0, false
	};

	for (size_t i = 0; i < ARRAY_SIZE(mmu_test_configs); i++)
		setup_fails(&mmu_test_configs[i].caps);
	setup_fails(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_setup_fails),
		cmocka_unit_test(test_each_allocation),
		cmocka_unit_test(test_random),
	};

	random_setup(2000000);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
