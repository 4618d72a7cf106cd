// SPDX-License-Identifier: GPL-2.0-only
/*
 * x86/vcpu/predictor.h against a list of all who have trained a CPU since its predictors
 * forgot: a barrier comes exactly where one of them is not to be met.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rnd.h"
#include "x86/vcpu/predictor.h"

#define ROUNDS	200000
#define VCPUS	4
#define CPUS	2

static struct cpu {
	u64 last;
	bool trained[VCPUS][2];
} cpus[CPUS];

/* The other level of the same vCPU, if L1 cares; another vCPU always. */
static bool foreign(int vcpu, bool l2, bool ibrs, int other, bool other_l2)
{
	if (vcpu != other)
		return true;
	return ibrs && !l2 && other_l2;
}

static bool wanted(const struct cpu *c, int vcpu, bool l2, bool ibrs)
{
	int i;

	for (i = 0; i < VCPUS * 2; i++)
		if (c->trained[i / 2][i % 2] && foreign(vcpu, l2, ibrs, i / 2, i % 2))
			return true;
	return false;
}

static void enter(struct cpu *c, int vcpu, bool l2, bool ibrs)
{
	bool first = !c->last, want = wanted(c, vcpu, l2, ibrs);
	bool got = predictor_enter(&c->last, (vcpu + 1) * PREDICTOR_LEVELS, l2 && ibrs);

	/* Who ran on a CPU before it was turned on is not known. */
	assert_int_equal(got, want || first);
	if (got)
		memset(c->trained, 0, sizeof(c->trained));
	c->trained[vcpu][l2] = true;
}

/* Half of the guests have IBRS. */
static void random_entries(void **unused)
{
	int i, vcpu;

	for (i = 0; i < ROUNDS; i++) {
		vcpu = rnd() % VCPUS;
		enter(&cpus[rnd() % CPUS], vcpu, rnd() % 2, vcpu % 2);
	}
}

/* By hand: a round trip of L2, with and without. */
static void known(void **unused)
{
	u64 last = 0;

	assert_true(predictor_enter(&last, 4, false));
	assert_false(predictor_enter(&last, 4, true));
	assert_false(predictor_enter(&last, 4, true));
	assert_true(predictor_enter(&last, 4, false));
	assert_false(predictor_enter(&last, 4, false));
	assert_true(predictor_enter(&last, 2, true));
	assert_true(predictor_enter(&last, 4, true));
	last = 0;
	assert_true(predictor_enter(&last, 4, false));
	assert_false(predictor_enter(&last, 4, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known),
		cmocka_unit_test(random_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
