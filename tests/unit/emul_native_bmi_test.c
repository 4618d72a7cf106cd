// SPDX-License-Identifier: GPL-2.0-only
/* BMI, ADX and MOVBE, as the processor that runs the test has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "emul_cases.h"
#include "emul_random.h"

#define CASES	200000

#define PF	CASES_PF
#define AF	CASES_AF
#define SF	CASES_SF

static bool shape_count(struct native_case *c)
{
	u64 val = random64() >> below(64);

	if (below(2))
		val <<= below(64);
	if (c->memory)
		cases_data_set(c->target, &val, c->size);
	return true;
}

/* Numbers of bits, in whatever register says them. */
static bool shape_field(struct native_case *c)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		if (cases_reg_free(c, i) && below(2))
			c->before.gpr[i] = below(70) | below(70) << 8;
	return true;
}

/* BMI and ADX; SF, AF and PF as the manual leaves them. */
static const struct native_form bmi_forms[] = {
	FORM(2, 0xf2, 0xf2, 0, VEX, .undefined = AF | PF, .shape = shape_count),
	FORM(2, 0xf3, 0xf3, 0x0e, VEX, .undefined = AF | PF,
	     .shape = shape_count),
	FORM(2, 0xf5, 0xf5, 0, VEX, .undefined = AF | PF, .shape = shape_field),
	FORM(2, 0xf5, 0xf5, 0, VEX | F3),
	FORM(2, 0xf5, 0xf5, 0, VEX | F2),
	FORM(2, 0xf6, 0xf6, 0, VEX | F2),
	FORM(2, 0xf6, 0xf6, 0, M66),
	FORM(2, 0xf6, 0xf6, 0, F3),
	FORM(2, 0xf7, 0xf7, 0, VEX, .undefined = SF | AF | PF,
	     .shape = shape_field),
	FORM(2, 0xf7, 0xf7, 0, VEX | M66),
	FORM(2, 0xf7, 0xf7, 0, VEX | F3),
	FORM(2, 0xf7, 0xf7, 0, VEX | F2),
	FORM(3, 0xf0, 0xf0, 0, VEX | F2),
	FORM(2, 0xf0, 0xf1, 0, P66 | MEM),
};

static void test_bmi(void **unused)
{
	__builtin_cpu_init();
	if (!native_avx || !__builtin_cpu_supports("bmi2"))
		skip();
	cases_run(bmi_forms, sizeof(bmi_forms) / sizeof(*bmi_forms), CASES);
}

/* Capstone does not know these: L, vvvv or the prefix not as it must be. */
static void test_invalid(void **unused)
{
	static const u8 invalid[][6] = {
		{ 0xc4, 0xe2, 0x7c, 0xf2, 0xc1 }, { 0xc4, 0xe2, 0x79, 0xf2, 0xc1 },
		{ 0xc4, 0xe2, 0x7c, 0xf3, 0xc9 }, { 0xc4, 0xe2, 0x7a, 0xf3, 0xc9 },
		{ 0xc4, 0xe2, 0x79, 0xf5, 0xc1 }, { 0xc4, 0xe2, 0x7f, 0xf5, 0xc1 },
		{ 0xc4, 0xe2, 0x78, 0xf6, 0xc1 }, { 0xc4, 0xe2, 0x7a, 0xf6, 0xc1 },
		{ 0xc4, 0xe2, 0x7c, 0xf7, 0xc1 }, { 0xc4, 0xe3, 0x7f, 0xf0, 0xc1, 1 },
		{ 0xc4, 0xe3, 0x73, 0xf0, 0xc1, 1 }, { 0xc4, 0xe3, 0x7a, 0xf0, 0xc1, 1 },
	};
	unsigned int i;

	__builtin_cpu_init();
	if (!native_avx || !__builtin_cpu_supports("bmi2"))
		skip();
	for (i = 0; i < sizeof(invalid) / sizeof(*invalid); i++)
		assert_false(cases_one(invalid[i], invalid[i][1] == 0xe3 ? 6 : 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bmi),
		cmocka_unit_test(test_invalid),
	};

	return cmocka_run_group_tests(tests, cases_setup, NULL);
}
