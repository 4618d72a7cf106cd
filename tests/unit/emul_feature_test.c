// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the guest's processor lacks is #UD, and nothing else is: which CPUID bit an
 * instruction has is the manuals' (SDM vol. 2, each instruction's table).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "emul_try.h"

#define UD 6

static const struct {
	const char *hex;
	enum emul_feature feature;
} rows[] = {
	{ "0f 10 06", EMUL_SSE }, { "f3 0f 11 06", EMUL_SSE },
	{ "66 0f 28 06", EMUL_SSE2 }, { "f2 0f 10 06", EMUL_SSE2 },
	{ "f3 0f 7e 06", EMUL_SSE2 }, { "f3 0f 6f 06", EMUL_SSE2 },
	{ "0f 6f 06", EMUL_MMX }, { "0f e7 06", EMUL_SSE },
	{ "0f c3 06", EMUL_SSE2 }, { "f2 0f f0 06", EMUL_SSE3 },
	{ "66 0f 38 2a 06", EMUL_SSE41 }, { "f2 0f 38 f1 06", EMUL_SSE42 },
	{ "c5 f8 10 06", EMUL_AVX }, { "c4 e2 79 2a 06", EMUL_AVX },
	{ "c4 e2 7d 2a 06", EMUL_AVX2 }, { "0f 38 f0 06", EMUL_MOVBE },
	{ "f3 0f b8 06", EMUL_POPCNT }, { "c4 e2 78 f2 06", EMUL_BMI1 },
	{ "c4 e2 78 f3 0e", EMUL_BMI1 }, { "c4 e2 78 f7 06", EMUL_BMI1 },
	{ "c4 e2 79 f7 06", EMUL_BMI2 }, { "c4 e2 78 f5 06", EMUL_BMI2 },
	{ "c4 e2 7b f6 06", EMUL_BMI2 }, { "c4 e3 7b f0 06 01", EMUL_BMI2 },
	{ "66 0f 38 f6 06", EMUL_ADX }, { "f3 0f 38 f6 06", EMUL_ADX },
	{ "0f 01 f9", EMUL_RDTSCP }, { "f3 0f c7 f8", EMUL_RDPID },
	{ "0f 01 ca", EMUL_SMAP }, { "66 0f 38 82 06", EMUL_INVPCID },
	{ "0f ae 3e", EMUL_CLFLUSH }, { "66 0f ae 3e", EMUL_CLFLUSHOPT },
	{ "66 0f ae 36", EMUL_CLWB },
};

static int reset(void **unused)
{
	machine_reset();
	missing = 0;
	now.gpr[GPR_RSI] = 0x1000;
	now.cr[4] = 0x40600;
	now.xcr[0] = 7;
	now.msr[0].nr = 0xc0000103;
	now.msr[1].nr = 0x10;
	return 0;
}

static void test_missing(void **unused)
{
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		reset(NULL);
		missing = ~(1ULL << rows[i].feature);
		ok(rows[i].hex);
		reset(NULL);
		missing = 1ULL << rows[i].feature;
		faults(rows[i].hex, UD, 0);
	}
}

/* They are checked as a load (SDM vol. 2), which a device would see: none is made. */
static void test_flush(void **unused)
{
	static const char *const hex[] = { "0f ae 3e", "66 0f ae 3e", "66 0f ae 36" };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		reset(NULL);
		privilege_reads[0] = 0;
		ok(hex[i]);
		assert_int_equal(privilege_reads[0], 0);
		fail_after = 1;
		fail_with = EMUL_FAULT;
		faults(hex[i], 14, 2);
		/* 32-bit code has segments. */
		now.seg[SEG_DS].limit = 0xfff;
		faults(hex[i], 13, 0);
	}
}

/* CMPXCHG16B is CMPXCHG8B without REX.W. */
static void test_cx16(void **unused)
{
	ctx.mode = EMUL_64;
	ctx.long_mode = true;
	missing = 1ULL << EMUL_CX16;
	ok("0f c7 0e");
	faults("48 0f c7 0e", UD, 0);
	missing = 0;
	ok("48 0f c7 0e");
}

/* Without them they are BSF and BSR, prefix or not. */
static void test_zeros(void **unused)
{
	now.gpr[GPR_RCX] = 0x10;
	missing = 1ULL << EMUL_BMI1;
	ok("f3 0f bc c1");
	assert_int_equal(now.gpr[GPR_RAX], 4);
	ok("f3 0f bd c1");
	assert_int_equal(now.gpr[GPR_RAX], 27);
	missing = 1ULL << EMUL_LZCNT;
	ok("f3 0f bd c1");
	assert_int_equal(now.gpr[GPR_RAX], 4);
	now.gpr[GPR_RCX] = 0;
	ok("f3 0f bc c1");
	assert_int_equal(now.gpr[GPR_RAX], 32);
	/* BSR leaves it alone. */
	ok("f3 0f bd c1");
	assert_int_equal(now.gpr[GPR_RAX], 32);
}

/* An exception of before: #MF, which has no error code (SDM vol. 3, table 6-1). */
static void test_mf(void **unused)
{
	now.cr[0] = 0x21;
	now.fpu.fsw = 0x8081;
	now.fpu.fcw = 0x340;
	faults("d9 2e", 16, 0);
	assert_false(ctx.fault.has_error);
	faults("0f 6f 06", 16, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_missing, reset),
		cmocka_unit_test_setup(test_flush, reset),
		cmocka_unit_test_setup(test_cx16, reset),
		cmocka_unit_test_setup(test_zeros, reset),
		cmocka_unit_test_setup(test_mf, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
