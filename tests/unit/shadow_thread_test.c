// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real threads on one guest's tables: vCPUs whose faults look for their place with the
 * lock shared, while others write entries, so that pages go, take pages away, switch the log, zap
 * all. Every page can be mapped at any time, and leaves and reverse maps agree at the end.
 * tests/tsan has it run once more, with -fsanitize=thread.
 *
 * SEED=n and MS=milliseconds a round in the environment.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

#include <linux/kernel.h>
#include <linux/string.h>

#include "mmu/check.h"
#include "mmu/mmu_stat.h"
#include "tests/unit/shadow_case.h"

#define VCPUS	3
#define PAGES	64	/* of each of the areas */
#define AREAS	4	/* each with a leaf table of its own, to the same frames */
#define AREA(n)	(VA + (n) * SIZE_2M)

static unsigned long long seed = 1;
static unsigned int round_ms = 400;
static gfn_t tables[AREAS];
static int stop_now;

struct worker {
	pthread_t thread;
	unsigned long long rng;
	struct env_vcpu *vcpu;
	void (*step)(struct worker *w);
	long ops;
};

static unsigned int rnd(unsigned int n)
{
	return shim_random() % n;
}

static void vcpu_step(struct worker *w)
{
	u64 va = AREA(rnd(AREAS)) + PAGE(rnd(PAGES));
	struct mmu_fault f = { .addr = va, .error = rnd(2) ? PF_WRITE : 0 };
	struct env_vcpu *v = w->vcpu;
	enum mmu_result r = MMU_RETRY;
	hpa_t root;

	switch (rnd(64)) {
	case 0:
		mmu_guest_flush(&v->v);
		break;
	case 1:
		mmu_vcpu_trim(&v->v);
		break;
	}
	env_srcu_lock(&vm);
	if (mmu_root_load(&v->v, &root) < 0)
		shim_die("no root");
	r = mmu_fault(&v->v, &f);
	if (rnd(8) == 0 && mmu_root_is_current(&v->v))
		mmu_guest_invlpg(&v->v, va);
	env_srcu_unlock(&vm);
	if (r != MMU_FIXED && r != MMU_RETRY)
		shim_die("va %llx error %llx: %d", va, f.error, r);
}

/* Entries that are written and say the same: often enough, and the table is none any more. */
static void write_step(struct worker *w)
{
	gfn_t table = tables[rnd(AREAS)] - rnd(2);

	for (int i = rnd(8); i; i--)
		mmu_guest_written(&w->vcpu->v, (table << 12) + 8 * rnd(PAGES), 8);
	usleep(rnd(100));
}

static void zap_step(struct worker *w)
{
	gfn_t gfn = DATA + rnd(PAGES);

	env_srcu_lock(&vm);
	zap(gfn, gfn + 1 + rnd(8), true);
	env_srcu_unlock(&vm);
	usleep(rnd(200));
}

static void slot_step(struct worker *w)
{
	switch (rnd(8)) {
	case 0:
		mmu_zap_all(&vm.mmu);
		break;
	case 1:
		if (vm.slot[0][0]->dirty)
			world_log_off(&vm, 0, 0, true);
		else
			world_log_on(&vm, 0, 0, false);
		break;
	default:
		mmu_wrprot_slot(&vm.mmu, &vm.slot[0][0]->s);
	}
	usleep(rnd(1000));
}

static void *work(void *arg)
{
	struct worker *w = arg;

	memset(&shim_self, 0, sizeof(shim_self));
	shim_self.rng = w->rng;
	for (; !__atomic_load_n(&stop_now, __ATOMIC_RELAXED); w->ops++)
		w->step(w);
	return NULL;
}

static void guest_make(struct worker *w)
{
	for (int i = 0; i < VCPUS; i++) {
		if (i)
			cpu = world_vcpu_add(&vm, i);
		w[i].vcpu = cpu;
		w[i].step = vcpu_step;
		env_srcu_lock(&vm);
		guest_mode(CR0_PG | CR0_WP);
		env_srcu_unlock(&vm);
	}
	for (int i = 0; i < AREAS; i++)
		for (int n = 0; n < PAGES; n++)
			tables[i] = guest_map(AREA(i) + PAGE(n), DATA + n, 1, RW);
	/* write_step() takes the directory for the frame in front. */
	for (int i = 1; i < AREAS; i++)
		assert_int_equal(tables[i], tables[0] + i);
}

static void test_threads(void **state)
{
	struct worker w[VCPUS + 3] = { };
	int n = VCPUS;

	guest_make(w);
	w[n].vcpu = w[0].vcpu;
	w[n++].step = write_step;
	w[n++].step = zap_step;
	w[n++].step = slot_step;
	__atomic_store_n(&stop_now, 0, __ATOMIC_RELAXED);
	for (int i = 0; i < n; i++) {
		w[i].rng = seed * 104729 + i * 2 + 1;
		pthread_create(&w[i].thread, NULL, work, &w[i]);
	}
	usleep(round_ms * 1000);
	__atomic_store_n(&stop_now, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < n; i++)
		pthread_join(w[i].thread, NULL);
	mmu_check(&vm.mmu);
	assert_true(mmu_stat(&vm.mmu, MMU_STAT_FLOODED));
	printf("faults %ld %ld %ld, writes %ld, zaps %ld, slots %ld\n", w[0].ops,
	       w[1].ops, w[2].ops, w[3].ops, w[4].ops, w[5].ops);
	if (vm.slot[0][0]->dirty)
		world_log_off(&vm, 0, 0, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_threads),
	};

	if (getenv("SEED"))
		seed = strtoull(getenv("SEED"), NULL, 0);
	if (getenv("MS"))
		round_ms = strtoul(getenv("MS"), NULL, 0);
	printf("SEED=%llu MS=%u\n", seed, round_ms);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
