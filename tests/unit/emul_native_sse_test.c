// SPDX-License-Identifier: GPL-2.0-only
/* Moves of vector registers, as the processor that runs the test has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "emul_cases.h"
#include "emul_random.h"

#define CASES	1000000

static const struct native_form forms[] = {
	FORM(1, 0x10, 0x11, 0, 0),
	FORM(1, 0x10, 0x11, 0, M66),
	FORM(1, 0x10, 0x11, 0, F3),
	FORM(1, 0x10, 0x11, 0, F2),
	FORM(1, 0x12, 0x12, 0, 0),
	FORM(1, 0x12, 0x12, 0, M66 | MEM),
	FORM(1, 0x13, 0x13, 0, MEM),
	FORM(1, 0x13, 0x13, 0, M66 | MEM),
	FORM(1, 0x16, 0x16, 0, 0),
	FORM(1, 0x16, 0x16, 0, M66 | MEM),
	FORM(1, 0x17, 0x17, 0, MEM),
	FORM(1, 0x17, 0x17, 0, M66 | MEM),
	FORM(1, 0x28, 0x29, 0, 0),
	FORM(1, 0x28, 0x29, 0, LOCKED),
	FORM(1, 0x28, 0x29, 0, M66 | LOCKED),
	FORM(1, 0x2b, 0x2b, 0, MEM | LOCKED),
	FORM(1, 0x2b, 0x2b, 0, M66 | MEM | LOCKED),
	FORM(1, 0x6e, 0x6e, 0, M66),
	FORM(1, 0x7e, 0x7e, 0, M66),
	FORM(1, 0x6f, 0x6f, 0, M66 | LOCKED),
	FORM(1, 0x7f, 0x7f, 0, M66 | LOCKED),
	FORM(1, 0x6f, 0x6f, 0, M66 | MEM),
	FORM(1, 0x6f, 0x6f, 0, F3),
	FORM(1, 0x7f, 0x7f, 0, F3),
	FORM(1, 0x7e, 0x7e, 0, F3),
	FORM(1, 0xd6, 0xd6, 0, M66),
	FORM(1, 0xe7, 0xe7, 0, M66 | MEM | LOCKED),
	FORM(1, 0xf0, 0xf0, 0, F2 | MEM),
	FORM(2, 0x2a, 0x2a, 0, M66 | MEM | LOCKED),
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
