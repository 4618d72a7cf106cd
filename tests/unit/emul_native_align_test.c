// SPDX-License-Identifier: GPL-2.0-only
/* Alignment checks, as the processor that runs the test has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "emul_cases.h"
#include "emul_random.h"

#define CASES	100000

/* Stores that are not canonical either have #AC or #GP: processors do as they like. */
static bool shape_checked(struct native_case *c)
{
	c->before.flags |= CASES_AC;
	return c->target < 1ULL << 46;
}

/* Flags are other tests'. */
#define CHECKED(m, f, l, g, fl) FORM(m, f, l, g, fl, .shape = shape_checked, \
				     .undefined = CASES_FLAGS)

static const struct native_form forms[] = {
	CHECKED(0, 0x88, 0x8b, 0, P66), CHECKED(0, 0x00, 0x03, 0, P66 | LOCK),
	CHECKED(0, 0x38, 0x3b, 0, P66), CHECKED(0, 0xc6, 0xc7, 1, P66),
	CHECKED(0, 0x80, 0x83, 1, P66), CHECKED(1, 0xb6, 0xb7, 0, P66),
	CHECKED(1, 0xc0, 0xc1, 0, P66), CHECKED(1, 0x90, 0x9f, 0, 0),
	CHECKED(0, 0x63, 0x63, 0, 0), CHECKED(1, 0xaf, 0xaf, 0, 0),
	CHECKED(1, 0xbc, 0xbc, 0, F3), CHECKED(2, 0xf0, 0xf1, 0, P66 | MEM),
	CHECKED(1, 0xc3, 0xc3, 0, MEM), CHECKED(0, 0xa0, 0xa3, 0, NO_MODRM | MOFFS),
	CHECKED(0, 0xaa, 0xab, 0, NO_MODRM), CHECKED(0, 0xac, 0xad, 0, NO_MODRM),
};

static void test_random(void **unused)
{
	cases_run(forms, sizeof(forms) / sizeof(*forms), CASES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, cases_setup, NULL);
}
