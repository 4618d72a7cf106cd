// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real threads: vCPUs that access memory while others zap, age, write-protect,
 * split and recover.  Each access and each collected log is compared with the
 * model as it happens, all tables at the end of a round.  tests/tsan has it run once
 * more, with -fsanitize=thread.
 *
 * SEED=n and MS=milliseconds a round in the environment.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <linux/kernel.h>
#include <linux/string.h>

#include "tests/unit/mmu_configs.h"
#include "tests/unit/mmu_ops.h"

static unsigned long long seed = 1;
static unsigned int round_ms = 700;
static struct env_vm vm;
static int stop;

/* Slot changes come one at a time, as under the kernel's slots lock. */
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;

static bool stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

struct worker {
	pthread_t thread;
	unsigned long long rng;
	void (*fn)(struct worker *w);
	struct env_vcpu *vcpu;
	long ops;
};

static void pause_for(unsigned int max_us)
{
	usleep(shim_random() % max_us);
}

static void vcpu_step(struct worker *w)
{
	struct env_vcpu *v = w->vcpu;

	if (shim_random() % 512 == 0) {
		pthread_mutex_lock(&v->tlb_lock);
		v->v.as_id ^= 1;
		__atomic_store_n(&v->out, true, __ATOMIC_RELEASE);
		pthread_mutex_unlock(&v->tlb_lock);
	}
	if (shim_random() % 128 == 0)
		mmu_vcpu_trim(&v->v);
	/* ops_gpa() looks at slots. */
	env_srcu_lock(&vm);
	gpa_t gpa = ops_gpa(&vm, v->v.as_id);
	env_srcu_unlock(&vm);
	world_access(v, gpa, shim_random() % 2 ? PF_WRITE :
			     shim_random() % 2 ? PF_FETCH : 0);
}

static void notifier_step(struct worker *w)
{
	env_srcu_lock(&vm);
	if (shim_random() % 3)
		ops_host_notified(&vm);
	else
		ops_host_quiet(&vm);
	env_srcu_unlock(&vm);
	pause_for(300);
}

static void age_step(struct worker *w)
{
	env_srcu_lock(&vm);
	if (shim_random() % 2)
		ops_age(&vm);
	else
		ops_young(&vm);
	env_srcu_unlock(&vm);
	pause_for(200);
}

/* Splitting comes with the log, recovery with its end. */
static void log_step(struct worker *w)
{
	pthread_mutex_lock(&slots_lock);
	switch (shim_random() % 16) {
	case 0:
		ops_log_on(&vm);
		break;
	case 1:
		ops_log_off(&vm);
		break;
	case 2:
		ops_nx_recover(&vm);
		break;
	default:
		ops_log_take(&vm);
	}
	pthread_mutex_unlock(&slots_lock);
	pause_for(300);
}

static void slot_step(struct worker *w)
{
	pthread_mutex_lock(&slots_lock);
	switch (shim_random() % 8) {
	case 0:
		world_zap_all(&vm, NULL);
		break;
	case 3:
		ops_nx_set(&vm);
		break;
	case 1:
		ops_slot_del(&vm);
		break;
	case 2:
		ops_slot_move(&vm);
		break;
	default:
		ops_slot_add(&vm);
	}
	pthread_mutex_unlock(&slots_lock);
	pause_for(3000);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	memset(&shim_self, 0, sizeof(shim_self));
	shim_self.rng = w->rng;
	while (!stopped()) {
		w->fn(w);
		w->ops++;
	}
	return NULL;
}

/* ------------------------------------------------------------------------ */

static void round_run(const struct mmu_test_config *c, int nr, bool slots)
{
	struct worker w[8] = { 0 };
	int n = 0;

	shim_self.rng = seed * 7919 + nr * 2 + 1;
	world_start(&vm, &c->caps);
	world_nx_set(&vm, c->nx);
	vm.crowded = true;
	ops_host_setup(&vm);
	for (int i = 0; i < 16; i++)
		ops_slot_add(&vm);
	for (; n < 3; n++)
		w[n] = (struct worker){ .fn = vcpu_step,
					.vcpu = world_vcpu_add(&vm, n) };
	w[n++].fn = notifier_step;
	w[n++].fn = age_step;
	w[n++].fn = log_step;
	if (slots)
		w[n++].fn = slot_step;
	__atomic_store_n(&stop, 0, __ATOMIC_RELAXED);
	shim_yield_odds = 16;
	shim_fail_odds = nr % 3 == 2 ? 64 : 0;
	for (int i = 0; i < n; i++) {
		w[i].rng = seed * 104729 + nr * 1009 + i * 2 + 1;
		pthread_create(&w[i].thread, NULL, work, &w[i]);
	}
	usleep(round_ms * 1000);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < n; i++)
		pthread_join(w[i].thread, NULL);
	shim_yield_odds = 0;
	shim_fail_odds = 0;
	world_check(&vm, true);
	printf("%-12s accesses %ld %ld %ld, notifier %ld, aging %ld, log %ld, slots %ld\n",
	       c->name, w[0].ops, w[1].ops, w[2].ops, w[3].ops, w[4].ops,
	       w[5].ops, w[6].ops);
	world_stop(&vm);
}

static void test_fixed_slots(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(mmu_test_configs); i++)
		round_run(&mmu_test_configs[i], i, false);
}

static void test_changing_slots(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(mmu_test_configs); i++)
		round_run(&mmu_test_configs[i], i + 100, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixed_slots),
		cmocka_unit_test(test_changing_slots),
	};

	if (getenv("SEED"))
		seed = strtoull(getenv("SEED"), NULL, 0);
	if (getenv("MS"))
		round_ms = strtoul(getenv("MS"), NULL, 0);
	printf("SEED=%llu MS=%u\n", seed, round_ms);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
