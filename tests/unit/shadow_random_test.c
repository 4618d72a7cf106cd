// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random guests on shadow tables, compared with the model after each operation.
 * From the project root: make -f tests/Makefile build/unit/shadow_random_test
 *
 * SEED=n and OPS=n in the environment choose the program and its length;
 * CONFIG=name one kind of hardware; TRACE=n tells what happens from operation n on.
 * A failure prints what to set.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <signal.h>
#include <cmocka.h>

#include <linux/string.h>
#include <linux/kernel.h>

#include "tests/unit/shadow_ops.h"

static unsigned long long seed = 1;
static long total_ops = 400000;
static const char *only;
static struct env_vm vm;
static long op_nr;
static const char *where = "";
static int segment;
static long trace_at = -1;

static const struct config {
	const char *name;
	struct mmu_caps caps;
} configs[] = {
	{ "1g", { MMU_SECOND_NONE, 4, LEVEL_1G, true, false, 48, 0 } },
	{ "2m-enc", { MMU_SECOND_NONE, 4, LEVEL_2M, true, false, 48, 1ull << 47 } },
	{ "4k-52", { MMU_SECOND_NONE, 4, LEVEL_4K, true, false, 52, 0 } },
};

static void say_where(void)
{
	fprintf(stderr, "SEED=%llu CONFIG=%s: segment %d, operation %ld\n", seed,
		where, segment, op_nr);
}

static unsigned int rnd(unsigned int n)
{
	return shim_random() % n;
}

/* ------------------------------------------------------------------------ */

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

/* Of 1000; the rest are the guest's.  @big: followed by a check of all tables. */
static const struct {
	void (*fn)(struct env_vm *vm);
	int odds;
	bool big;
} ops[] = {
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
	{ op_vcpu, 1, false },
	{ op_limit, 1, true },
};

static void one_op(struct env_vm *vm)
{
	struct env_vcpu *v;
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
		v = vm->vcpu[rnd(ENV_VCPUS)];
		if (v)
			shadow_ops_guest(v);
	}
	shadow_check(vm, !rnd(big ? 2 : 16));
}

enum segment { PLAIN, CROWDED, SHORT_OF_MEMORY, BOTH, SEGMENTS };

/* Now and then no memory at all: 1 of this many allocations fails. */
static void short_of_memory(void)
{
	static const unsigned int odds[] = { 1, 3, 12, 12, 50, 200 };

	shim_fail_odds = odds[rnd(ARRAY_SIZE(odds))];
}

static void start(const struct config *c)
{
	where = c->name;
	shadow_start(&vm, &c->caps);
	shadow_ops_setup(&vm);
	for (int i = 0; i < 3; i++)
		shadow_ops_mode(shadow_vcpu_add(&vm, i));
}

static void report(const struct config *c, long n)
{
	printf("%-8s segment %d: %ld operations, %ld accesses, %ld tables, ",
	       c->name, segment, n, shadow_done, env_tables);
	printf("%ld flushes (%ld needless), %ld played\n", vm.flushes,
	       vm.needless, ops_played);
	printf("    retry %ld fixed %ld user %ld inject %ld error %ld emulate %ld:",
	       shadow_count[MMU_RETRY], shadow_count[MMU_FIXED],
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
	ops_played = 0;
}

static void run(const struct config *c, enum segment seg, long n)
{
	segment = seg;
	start(c);
	if (seg != PLAIN) {
		vm.eintr_odds = 50;
		env_peek_odds = 20;
	}
	if (seg == CROWDED || seg == BOTH)
		ops_play_start(&vm, 60);
	for (op_nr = 0; op_nr < n; op_nr++) {
		if (seg == SHORT_OF_MEMORY || seg == BOTH)
			short_of_memory();
		shadow_trace = trace_at >= 0 && op_nr >= trace_at;
		trace("operation %ld\n", op_nr);
		one_op(&vm);
	}
	ops_play_stop();
	shim_fail_odds = 0;
	env_peek_odds = 0;
	shadow_check(&vm, true);
	report(c, n);
	shadow_stop(&vm);
}

static void test_random(void **state)
{
	size_t n = ARRAY_SIZE(configs);

	for (size_t i = 0; i < n * SEGMENTS; i++) {
		const struct config *c = &configs[i / SEGMENTS];

		if (only && strcmp(only, c->name))
			continue;
		shim_self.rng = seed * 1000003 + i * 2 + 1;
		run(c, i % SEGMENTS, total_ops / (only ? SEGMENTS : n * SEGMENTS));
	}
}

/* Every allocation of a fixed program fails once. */
static void test_each_allocation(void **state)
{
	const struct config *c = &configs[0];
	bool reached = true;
	long fails = 0;

	for (long n = 1; reached && n < 4000; n++) {
		shim_self.rng = seed * 1000003 + 77;
		start(c);
		shim_fail_at = shim_allocs + n;
		for (op_nr = 0; op_nr < 250; op_nr++)
			one_op(&vm);
		reached = shim_allocs >= shim_fail_at;
		fails += reached;
		shim_fail_at = 0;
		shadow_check(&vm, true);
		shadow_stop(&vm);
	}
	printf("%ld allocations failed once\n", fails);
	assert_true(fails > 100);
}

static void on_abort(int sig)
{
	say_where();
	_Exit(134);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_allocation),
		cmocka_unit_test(test_random),
	};

	if (getenv("SEED"))
		seed = strtoull(getenv("SEED"), NULL, 0);
	if (getenv("OPS"))
		total_ops = strtol(getenv("OPS"), NULL, 0);
	if (getenv("TRACE"))
		trace_at = strtol(getenv("TRACE"), NULL, 0);
	only = getenv("CONFIG");
	shim_seed = seed;
	signal(SIGABRT, on_abort);
	printf("SEED=%llu OPS=%ld\n", seed, total_ops);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
