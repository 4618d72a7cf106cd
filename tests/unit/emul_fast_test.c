// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYSCALL, SYSRET, SYSENTER, SYSEXIT: the expected values come from the pages
 * of the manuals named at each test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "emul_try.h"

enum { UD = 6, GP = 13 };

static int reset(void **unused)
{
	machine_reset();
	return 0;
}

static void wide(unsigned int cpl)
{
	now.cpl = cpl;
	ctx.mode = EMUL_64;
	ctx.long_mode = true;
}

static void set_msrs(void)
{
	now.msr[0].nr = 0xc0000080;
	now.msr[1].nr = 0xc0000081;
	now.msr[1].val = 0x0023001012345678;
	now.msr[2].nr = 0xc0000082;
	now.msr[2].val = 0xffff800000001000;
	now.msr[3].nr = 0xc0000083;
	now.msr[3].val = 0x2000;
	now.msr[4].nr = 0xc0000084;
	now.msr[4].val = 0x500;
}

/* SYSCALL and SYSRET: APM vol. 2, 6.1.1; APM vol. 3. */
static void test_syscall(void **unused)
{
	set_msrs();
	wide(3);
	faults("0f 05", UD, 0);
	faults("0f 07", UD, 0);
	now.msr[0].val = 1;
	now.rflags = 0x10746;
	ok("0f 05");
	assert_true(now.rip == 0xffff800000001000 && now.cpl == 0);
	assert_true(now.gpr[GPR_RCX] == 0x102 && now.gpr[11] == 0x746 &&
		    now.rflags == 0x246);
	assert_true(now.seg[SEG_CS].selector == 0x10 &&
		    now.seg[SEG_CS].attr == 0xa9b &&
		    now.seg[SEG_SS].selector == 0x18 &&
		    now.seg[SEG_SS].attr == 0xc93);
	now.gpr[11] = ~0ULL;
	now.gpr[GPR_RCX] = 0x123456789a;
	ok("48 0f 07");
	assert_true(now.rip == 0x123456789a && now.cpl == 3 &&
		    now.rflags == 0x3c7fd7);
	assert_true(now.seg[SEG_CS].selector == 0x33 &&
		    now.seg[SEG_CS].attr == 0xafb &&
		    now.seg[SEG_SS].selector == 0x2b &&
		    now.seg[SEG_SS].attr == 0xc93);
	faults("48 0f 07", GP, 0);
	/* AMD goes there; the fetch faults, at level 3. */
	now.cpl = 0;
	now.gpr[GPR_RCX] = 1ULL << 50;
	ok("48 0f 07");
	assert_true(now.rip == 1ULL << 50 && now.cpl == 3);
	now.gpr[GPR_RCX] = 0x123456789a;
	now.cpl = 0;
	ok("0f 07");
	assert_true(now.rip == 0x3456789a && now.seg[SEG_CS].attr == 0xcfb &&
		    now.seg[SEG_CS].selector == 0x23);
}

/* Compatibility mode, then none; Intel has neither. */
static void test_syscall_32(void **unused)
{
	set_msrs();
	now.msr[0].val = 1;
	wide(0);
	ctx.mode = EMUL_32;
	ok("0f 05");
	assert_true(now.rip == 0x2000 && now.seg[SEG_CS].attr == 0xa9b);
	ctx.long_mode = false;
	now.rflags = 0x746;
	ok("0f 05");
	assert_true(now.rip == 0x12345678 && now.seg[SEG_CS].attr == 0xc9b &&
		    now.rflags == 0x546);
	now.gpr[GPR_RCX] = 0x77;
	ok("0f 07");
	assert_true(now.rip == 0x77 && now.rflags == 0x746);
	ctx.amd = false;
	faults("0f 05", UD, 0);
	wide(0);
	ok("48 0f 07");
	assert_true(now.seg[SEG_SS].attr == 0xcf3);
	now.cpl = 0;
	now.gpr[GPR_RCX] = 1ULL << 50;
	faults("48 0f 07", GP, 0);
}

/* SDM vol. 2, SYSENTER and SYSEXIT. */
static void test_sysenter(void **unused)
{
	now.msr[0].nr = 0x174;
	now.msr[1].nr = 0x175;
	now.msr[1].val = 0x1122334400002000;
	now.msr[2].nr = 0x176;
	now.msr[2].val = 0x1122334400003000;
	now.cpl = 3;
	now.msr[0].val = 3;
	faults("0f 34", GP, 0);
	now.msr[0].val = 0x13;
	ok("0f 34");
	assert_true(now.rip == 0x3000 && now.gpr[GPR_RSP] == 0x2000 &&
		    now.cpl == 0 && now.rflags == 2);
	assert_true(now.seg[SEG_CS].selector == 0x10 &&
		    now.seg[SEG_CS].attr == 0xc9b &&
		    now.seg[SEG_SS].selector == 0x18);
	now.gpr[GPR_RCX] = 0x4000;
	now.gpr[GPR_RDX] = 0x5000;
	ok("0f 35");
	assert_true(now.rip == 0x5000 && now.gpr[GPR_RSP] == 0x4000 &&
		    now.cpl == 3 && now.seg[SEG_CS].selector == 0x23 &&
		    now.seg[SEG_CS].attr == 0xcfb &&
		    now.seg[SEG_SS].selector == 0x2b);
	faults("0f 35", GP, 0);
	wide(3);
	faults("0f 34", UD, 0);
	ctx.amd = false;
	ok("0f 34");
	assert_true(now.rip == 0x1122334400003000 &&
		    now.seg[SEG_CS].attr == 0xa9b);
	ok("48 0f 35");
	assert_true(now.seg[SEG_CS].selector == 0x33 &&
		    now.seg[SEG_CS].attr == 0xafb);
	ctx.mode = EMUL_16;
	ctx.protected = false;
	now.cpl = 0;
	faults("0f 34", GP, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_syscall, reset),
		cmocka_unit_test_setup(test_syscall_32, reset),
		cmocka_unit_test_setup(test_sysenter, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
