// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves, arithmetic, logic and string instructions, as the processor that runs
 * the test has them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "emul_cases.h"
#include "emul_random.h"

#define CASES		1000000
#define AF		CASES_AF

/* Processors differ in which of two bad operands they see first. */
static bool shape_compare(struct native_case *c)
{
	u64 good = USER_DATA + 64 + below(USER_SIZE - 128);

	if (below(2))
		c->before.gpr[GPR_RDI] = good;
	else
		c->before.gpr[GPR_RSI] = good - cases_segment_base(c);
	return true;
}

static bool shape_scan(struct native_case *c)
{
	if (below(2))
		c->before.gpr[GPR_RAX] = 0;
	return true;
}

static const struct native_form forms[] = {
	FORM(0, 0x88, 0x8b, 0, P66 | REP),
	FORM(0, 0x88, 0x8b, 0, P66),
	FORM(0, 0x8d, 0x8d, 0, P66 | MEM),
	FORM(0, 0xa0, 0xa3, 0, P66 | NO_MODRM | MOFFS),
	FORM(0, 0xb0, 0xbf, 0, P66 | NO_MODRM),
	FORM(0, 0xc6, 0xc7, 0x01, P66),
	FORM(0, 0x63, 0x63, 0, 0),
	FORM(1, 0xb6, 0xb7, 0, P66),
	FORM(1, 0xbe, 0xbf, 0, P66),
	FORM(0, 0xa4, 0xa5, 0, P66 | REP | NO_MODRM),
	FORM(0, 0xa6, 0xa7, 0, P66 | REP | NO_MODRM, .shape = shape_compare),
	FORM(0, 0xaa, 0xad, 0, P66 | REP | NO_MODRM),
	FORM(0, 0xae, 0xaf, 0, P66 | REP | NO_MODRM, .shape = shape_scan),
	FORM(2, 0xf0, 0xf1, 0, P66 | MEM),
	FORM(1, 0xc3, 0xc3, 0, MEM),
	FORM(0, 0x00, 0x01, 0, P66 | LOCK),
	FORM(0, 0x02, 0x03, 0, P66),
	FORM(0, 0x04, 0x05, 0, P66 | NO_MODRM),
	FORM(0, 0x08, 0x09, 0, P66 | LOCK, .undefined = AF),
	FORM(0, 0x0a, 0x0b, 0, P66, .undefined = AF),
	FORM(0, 0x0c, 0x0d, 0, P66 | NO_MODRM, .undefined = AF),
	FORM(0, 0x10, 0x11, 0, P66 | LOCK),
	FORM(0, 0x12, 0x13, 0, P66),
	FORM(0, 0x14, 0x15, 0, P66 | NO_MODRM),
	FORM(0, 0x18, 0x19, 0, P66 | LOCK),
	FORM(0, 0x1a, 0x1b, 0, P66),
	FORM(0, 0x1c, 0x1d, 0, P66 | NO_MODRM),
	FORM(0, 0x20, 0x21, 0, P66 | LOCK, .undefined = AF),
	FORM(0, 0x22, 0x23, 0, P66, .undefined = AF),
	FORM(0, 0x24, 0x25, 0, P66 | NO_MODRM, .undefined = AF),
	FORM(0, 0x28, 0x29, 0, P66 | LOCK),
	FORM(0, 0x2a, 0x2b, 0, P66),
	FORM(0, 0x2c, 0x2d, 0, P66 | NO_MODRM),
	FORM(0, 0x30, 0x31, 0, P66 | LOCK, .undefined = AF),
	FORM(0, 0x32, 0x33, 0, P66, .undefined = AF),
	FORM(0, 0x34, 0x35, 0, P66 | NO_MODRM, .undefined = AF),
	FORM(0, 0x38, 0x3b, 0, P66),
	FORM(0, 0x3c, 0x3d, 0, P66 | NO_MODRM),
	/* /0, /2, /3, /5, /7 and then /1, /4, /6: AF is undefined. */
	FORM(0, 0x80, 0x81, 0xad, P66 | LOCK),
	FORM(0, 0x80, 0x81, 0x52, P66 | LOCK, .undefined = AF),
	FORM(0, 0x83, 0x83, 0xad, P66 | LOCK),
	FORM(0, 0x83, 0x83, 0x52, P66 | LOCK, .undefined = AF),
	FORM(0, 0x84, 0x85, 0, P66, .undefined = AF),
	FORM(0, 0xa8, 0xa9, 0, P66 | NO_MODRM, .undefined = AF),
	FORM(0, 0xf6, 0xf7, 0x03, P66, .undefined = AF),
	FORM(0, 0xf6, 0xf7, 0x0c, P66 | LOCK),
	FORM(0, 0xfe, 0xff, 0x03, P66 | LOCK),
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
