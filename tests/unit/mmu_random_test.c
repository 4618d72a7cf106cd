// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random programs against the MMU, compared with the model after each
 * operation.  From the project root:
 *
 *	gcc -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
 *	    -Wall -Wextra -Werror -Wno-unused-parameter -DLAMINA_MMU_CHECK \
 *	    -Itests/unit/shim -I. tests/unit/mmu_random_test.c \
 *	    tests/unit/{env,env_mem,world,enter,guest,mmu_access,mmu_ops,mmu_play}.c \
 *	    tests/model/{map,frame,host}.c mmu/?*.c -lcmocka -lpthread
 *
 * SEED=n and OPS=n in the environment choose the program and its length;
 * CONFIG=name one kind of hardware.  A failure prints what to set.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <signal.h>
#include <cmocka.h>

#include <linux/errno.h>
#include <linux/string.h>
#include <linux/kernel.h>

#include "mmu/config.h"
#include "tests/unit/mmu_configs.h"
#include "tests/unit/mmu_ops.h"

static unsigned long long seed = 1;
static long total_ops = 2000000;
static const char *only;
static struct env_vm vm;
static long op_nr;
static const char *where = "";

static void say_where(void)
{
	fprintf(stderr, "SEED=%llu CONFIG=%s: operation %ld\n", seed, where, op_nr);
}

static unsigned int rnd(unsigned int n)
{
	return shim_random() % n;
}

/* ------------------------------------------------------------------------ */

/* Of 1000; the rest are accesses.  @big: followed by a check of all tables. */
static const struct {
	void (*fn)(struct env_vm *vm);
	int odds;
	bool big;
} ops[] = {
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
	{ ops_vcpu, 4, false },
	{ ops_switch, 6, false },
	{ ops_trim, 4, false },
};

static void one_op(struct env_vm *vm)
{
	int n = rnd(1000);
	bool big = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		n -= ops[i].odds;
		if (n < 0)
			break;
	}
	if (i < ARRAY_SIZE(ops)) {
		ops[i].fn(vm);
		big = ops[i].big;
	} else {
		ops_vcpu_access(vm);
	}
	/* All tables when they are few, or now and then. */
	world_check(vm, !rnd(big ? 1 + env_tables / 16 : 64 + env_tables * 4));
}

enum segment { PLAIN, CROWDED, SHORT_OF_MEMORY, BOTH, SEGMENTS };

/* Now and then no memory at all: 1 of this many allocations fails. */
static void short_of_memory(void)
{
	static const unsigned int odds[] = { 1, 3, 12, 12, 50, 200 };

	shim_fail_odds = odds[rnd(ARRAY_SIZE(odds))];
}

static void run(const struct mmu_test_config *c, enum segment seg, long n)
{
	where = c->name;
	world_start(&vm, &c->caps);
	ops_host_setup(&vm);
	for (int i = 0; i < 3; i++)
		world_vcpu_add(&vm, i);
	for (int i = 0; i < 12; i++)
		ops_slot_add(&vm);
	if (seg != PLAIN)
		vm.eintr_odds = 50;
	if (seg == CROWDED || seg == BOTH)
		ops_play_start(&vm, 15);
	for (op_nr = 0; op_nr < n; op_nr++) {
		if (seg == SHORT_OF_MEMORY || seg == BOTH)
			short_of_memory();
		one_op(&vm);
	}
	ops_play_stop();
	shim_fail_odds = 0;
	world_check(&vm, true);
	printf("%-12s segment %d: %ld operations, %ld tables, ",
	       c->name, seg, n, env_tables);
	printf("%ld flushes (%ld needless), %ld played\n",
	       vm.flushes, vm.needless, ops_played);
	ops_played = 0;
	world_stop(&vm);
}

static void test_random(void **state)
{
	size_t n = ARRAY_SIZE(mmu_test_configs);

	for (size_t i = 0; i < n * SEGMENTS; i++) {
		const struct mmu_test_config *c = &mmu_test_configs[i / SEGMENTS];

		if (only && strcmp(only, c->name))
			continue;
		shim_self.rng = seed * 1000003 + i * 2 + 1;
		run(c, i % SEGMENTS, total_ops / (only ? SEGMENTS : n * SEGMENTS));
	}
}

/* ------------------------------------------------------------------------ */
/* Every allocation of a fixed program fails once. */

static void program(const struct mmu_test_config *c)
{
	world_start(&vm, &c->caps);
	ops_host_setup(&vm);
	for (int i = 0; i < 3; i++)
		world_vcpu_add(&vm, i);
	for (int i = 0; i < 12; i++)
		ops_slot_add(&vm);
}

static void test_each_allocation(void **state)
{
	const struct mmu_test_config *c;
	long fails = 0;

	for (size_t i = 0; i < ARRAY_SIZE(mmu_test_configs); i++) {
		bool reached = true;

		c = &mmu_test_configs[i];
		where = c->name;
		for (long n = 1; reached && n < 4000; n++) {
			shim_self.rng = seed * 1000003 + i * 2 + 1;
			program(c);
			shim_fail_at = shim_allocs + n;
			for (op_nr = 0; op_nr < 200; op_nr++)
				one_op(&vm);
			reached = shim_allocs >= shim_fail_at;
			fails += reached;
			shim_fail_at = 0;
			world_check(&vm, true);
			world_stop(&vm);
		}
	}
	printf("%ld allocations failed once\n", fails);
	assert_true(fails > 100);
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
		assert_null(mmu_config_get());
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
		MMU_SECOND_NONE, 5, LEVEL_1G, true, false, 48, 0
	};

	for (size_t i = 0; i < ARRAY_SIZE(mmu_test_configs); i++)
		setup_fails(&mmu_test_configs[i].caps);
	setup_fails(&none);
}

static void on_abort(int sig)
{
	say_where();
	_Exit(134);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_setup_fails),
		cmocka_unit_test(test_each_allocation),
		cmocka_unit_test(test_random),
	};

	if (getenv("SEED"))
		seed = strtoull(getenv("SEED"), NULL, 0);
	if (getenv("OPS"))
		total_ops = strtol(getenv("OPS"), NULL, 0);
	only = getenv("CONFIG");
	shim_seed = seed;
	signal(SIGABRT, on_abort);
	printf("SEED=%llu OPS=%ld\n", seed, total_ops);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
