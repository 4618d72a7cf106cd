// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/yield.c: whom a spinning vCPU yields to, in which order, and when it gives up,
 * against a scheduler that the test plays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <linux/errno.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "core/vcpu_map.h"
#include "core/vm.h"
#include "core/yield.h"

#define VCPUS	8

static struct kvm kvm;
static struct kvm_vcpu vcpus[VCPUS];
static struct task_struct task[VCPUS];
static int answer[VCPUS];
static int asked[4 * VCPUS], nasked;
static int caller;

int yield_to(struct task_struct *t, bool preempt)
{
	int i = t - task;

	/* It schedules. */
	might_sleep();
	assert_int_equal(t->refs, 1);
	assert_true(preempt);
	assert_int_equal(t->on_rq, 1);
	assert_true(vcpus[caller].spinning);
	asked[nasked++] = i;
	return answer[i];
}

static void up(int n)
{
	memset(&kvm, 0, sizeof(kvm));
	memset(vcpus, 0, sizeof(vcpus));
	memset(task, 0, sizeof(task));
	memset(answer, 0, sizeof(answer));
	xa_init_flags(&kvm.vcpus, XA_FLAGS_ACCOUNT);
	for (int i = 0; i < n; i++) {
		vcpus[i].kvm = &kvm;
		vcpus[i].id = i;
		vcpus[i].idx = i;
		assert_int_equal(vcpu_map_reserve(&vcpus[i]), 0);
		vcpu_map_publish(&vcpus[i]);
	}
}

static void down(void)
{
	while (kvm.nr_vcpus)
		vcpu_map_drop(&vcpus[--kvm.nr_vcpus]);
	assert_int_equal(shim_live, 0);
}

static void waits_for_cpu(int i, int what)
{
	task[i].on_rq = 1;
	vcpus[i].off_cpu = &task[i];
	answer[i] = what;
}

static bool yield(int i)
{
	bool yielded;

	nasked = 0;
	caller = i;
	yielded = vcpu_yield_to_other(&vcpus[i]);
	assert_false(vcpus[i].spinning);
	for (int j = 0; j < VCPUS; j++)
		assert_int_equal(task[j].refs, 0);
	return yielded;
}

static void alone(void **state)
{
	up(1);
	waits_for_cpu(0, 1);
	assert_false(yield(0));
	assert_int_equal(nasked, 0);
	down();
}

/* Running, asleep, spinning, or itself: none of them is asked. */
static void who_is_not_asked(void **state)
{
	up(5);
	waits_for_cpu(1, 1);
	task[1].on_rq = 0;
	waits_for_cpu(2, 1);
	vcpus[2].spinning = true;
	waits_for_cpu(3, 1);
	assert_false(yield(3));
	assert_int_equal(nasked, 0);
	assert_true(yield(0));
	assert_int_equal(nasked, 1);
	assert_int_equal(asked[0], 3);
	down();
}

/* Everybody gets a turn, whoever asks. */
static void round_robin(void **state)
{
	up(VCPUS);
	for (int i = 0; i < VCPUS; i++)
		waits_for_cpu(i, 1);
	for (int i = 1; i < 3 * VCPUS; i++) {
		if (i % VCPUS == VCPUS - 1) {
			/* its own turn passes to the next one */
			assert_true(yield(VCPUS - 1));
			assert_int_equal(asked[0], 0);
			i++;
			continue;
		}
		assert_true(yield(VCPUS - 1));
		assert_int_equal(asked[0], i % VCPUS);
	}
	down();
}

/* One that does not want it any more is no reason to stop; no use on three CPUs is. */
static void refusals(void **state)
{
	up(VCPUS);
	for (int i = 1; i < VCPUS; i++)
		waits_for_cpu(i, i < VCPUS - 1 ? 0 : 1);
	assert_true(yield(0));
	assert_int_equal(nasked, VCPUS - 1);
	assert_int_equal(kvm.yielded_to, VCPUS - 1);
	for (int i = 1; i < VCPUS; i++)
		answer[i] = -ESRCH;
	assert_false(yield(0));
	assert_int_equal(nasked, 3);
	down();
}

static void directed(void **state)
{
	up(3);
	caller = 0;
	vcpus[0].spinning = true;
	nasked = 0;
	assert_int_equal(vcpu_yield_to(&vcpus[1]), 0);
	waits_for_cpu(1, 1);
	assert_int_equal(vcpu_yield_to(&vcpus[1]), 1);
	answer[1] = -ESRCH;
	assert_int_equal(vcpu_yield_to(&vcpus[1]), -ESRCH);
	assert_int_equal(nasked, 2);
	assert_int_equal(task[1].refs, 0);
	down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alone),
		cmocka_unit_test(who_is_not_asked),
		cmocka_unit_test(round_robin),
		cmocka_unit_test(refusals),
		cmocka_unit_test(directed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
