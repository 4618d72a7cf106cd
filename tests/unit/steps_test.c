// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/steps.h: order, and what is undone when step n fails, for every n and
 * every number of steps; the fault of test builds likewise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/steps.h"

#define STEPS	6

/* What happened, in order: 'a' + n when step n was done, 'A' + n when undone. */
struct trace {
	char log[4 * STEPS];
	size_t len;
	int fails;		/* the step that fails by itself, or -1 */
};

static int up(struct trace *t, int n)
{
	if (t->fails == n)
		return -100 - n;
	t->log[t->len++] = 'a' + n;
	return 0;
}

static void down(struct trace *t, int n)
{
	t->log[t->len++] = 'A' + n;
}

#define UP(n)	static int up_##n(void *obj) { return up(obj, n); }
#define DOWN(n)	static void down_##n(void *obj) { down(obj, n); }
UP(0) UP(1) UP(2) UP(3) UP(4) UP(5)
DOWN(0) DOWN(2) DOWN(3) DOWN(5)

/* Steps 1 and 4 have nothing to undo. */
static const struct step step[STEPS] = {
	{ "0", up_0, down_0 }, { "1", up_1, NULL }, { "2", up_2, down_2 },
	{ "3", up_3, down_3 }, { "4", up_4, NULL }, { "5", up_5, down_5 },
};

static int inject = -1;

static struct step_array array(unsigned int n)
{
	return (struct step_array){ "test", step, n, .fail = &inject };
}

/* The log that steps 0 to done - 1 leave, undone from step undone - 1 down. */
static const char *want(int done, int undone)
{
	static char buf[4 * STEPS];
	size_t len = 0;
	int i;

	for (i = 0; i < done; i++)
		buf[len++] = "abcdef"[i];
	for (i = undone - 1; i >= 0; i--)
		if (i != 1 && i != 4)
			buf[len++] = "ABCDEF"[i];
	buf[len] = 0;
	return buf;
}

static void all_succeed(void **state)
{
	unsigned int n;

	for (n = 0; n <= STEPS; n++) {
		struct trace t = { .fails = -1 };
		struct step_array a = array(n);

		assert_int_equal(steps_up(&a, &t), 0);
		assert_string_equal(t.log, want(n, 0));
	}
}

static void each_fails(void **state)
{
	unsigned int n;
	int i;

	for (n = 1; n <= STEPS; n++) {
		for (i = 0; i < (int)n; i++) {
			struct trace t = { .fails = i };
			struct step_array a = array(n);

			assert_int_equal(steps_up(&a, &t), -100 - i);
			assert_string_equal(t.log, want(i, i));
		}
	}
}

/* The fault comes after the step has done its work, which is undone as well. */
static void each_is_made_to_fail(void **state)
{
	for (inject = 0; inject < STEPS; inject++) {
		struct trace t = { .fails = -1 };
		struct step_array a = array(STEPS);

		assert_int_equal(steps_up(&a, &t), -EIO);
		assert_string_equal(t.log, want(inject + 1, inject + 1));
	}
	inject = -1;
}

static void fault_beyond_the_end(void **state)
{
	struct trace t = { .fails = -1 };
	struct step_array a = array(3);

	inject = 3;
	assert_int_equal(steps_up(&a, &t), 0);
	assert_string_equal(t.log, want(3, 0));
	inject = -1;
}

static void without_fault_pointer(void **state)
{
	struct trace t = { .fails = 2 };
	struct step_array a = array(STEPS);

	a.fail = NULL;
	assert_int_equal(steps_up(&a, &t), -102);
	assert_string_equal(t.log, want(2, 2));
}

static void destruction(void **state)
{
	unsigned int n;

	for (n = 0; n <= STEPS; n++) {
		struct trace t = { .fails = -1 };
		struct step_array a = array(n);

		steps_down(&a, n, &t);
		assert_string_equal(t.log, want(0, n));
	}
}

static void nothing(void **state)
{
	assert_int_equal(steps_nothing(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_succeed),
		cmocka_unit_test(each_fails),
		cmocka_unit_test(each_is_made_to_fail),
		cmocka_unit_test(fault_beyond_the_end),
		cmocka_unit_test(without_fault_pointer),
		cmocka_unit_test(destruction),
		cmocka_unit_test(nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
