// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions that move FPU state: faults, and formats of other modes than that of
 * a program of 64 bits, as the manuals have them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "emul_try.h"

#define AT	0x1000	/* the operand */

static u64 get(unsigned int at, unsigned int n)
{
	u64 val = 0;

	memcpy(&val, &now.memory[at], n);
	return val;
}

static void put(unsigned int at, u64 val, unsigned int n)
{
	memcpy(&now.memory[at], &val, n);
}

static int setup(void **unused)
{
	machine_reset();
	now.gpr[GPR_RDI] = AT;
	now.cr[0] = X86_CR0_PE | X86_CR0_NE;
	now.cr[4] = X86_CR4_OSFXSR | X86_CR4_OSXSAVE;
	now.xcr[0] = 7;
	now.gpr[GPR_RAX] = ~0u;
	now.fpu.fcw = 0x37f;
	now.fpu.fsw = 2 << 11;
	now.fpu.ftw = 0x0c;
	now.fpu.fop = 0x123;
	now.fpu.fip = 0x12345678;
	now.fpu.fdp = 0x9abcdef0;
	now.fpu.mxcsr = 0x1f80;
	now.fpu.mxcsr_mask = 0xffff;
	now.fpu.xstate_bv = 7;
	return 0;
}

static const char *const x87[] = {
	"d9 3f", "d9 2f", "dd 3f", "d9 37", "d9 27", "dd 37", "dd 27", "db e2",
	"db e3", "df e0",
};
static const char *const fxsr[] = { "0f ae 07", "0f ae 0f" };
static const char *const sse[] = { "0f ae 17", "0f ae 1f" };
static const char *const xsave[] = {
	"0f ae 27", "0f ae 2f", "0f ae 37", "0f c7 27",
};

#define EACH(list, vector)						\
	do {								\
		unsigned int n_;					\
									\
		for (n_ = 0; n_ < sizeof(list) / sizeof(*(list)); n_++)	\
			faults((list)[n_], vector, 0);			\
	} while (0)

/* SDM vol. 2, each instruction's page. */
static void test_not_available(void **unused)
{
	now.cr[0] |= X86_CR0_TS;
	EACH(x87, X86_TRAP_NM);
	EACH(fxsr, X86_TRAP_NM);
	EACH(sse, X86_TRAP_NM);
	EACH(xsave, X86_TRAP_NM);
	now.cr[0] ^= X86_CR0_TS | X86_CR0_EM;
	EACH(x87, X86_TRAP_NM);
	EACH(fxsr, X86_TRAP_NM);
	EACH(sse, X86_TRAP_UD);
	/* MMX: SDM vol. 3, 13.1 */
	faults("0f 6f 06", X86_TRAP_UD, 0);
	now.cr[0] &= ~X86_CR0_EM;
	now.cr[4] = 0;
	EACH(sse, X86_TRAP_UD);
	EACH(xsave, X86_TRAP_UD);
	now.cr[4] = X86_CR4_OSXSAVE;
	faults("f0 0f ae 07", X86_TRAP_UD, 0);
	faults("f0 0f ae 27", X86_TRAP_UD, 0);
}

/* Waiting instructions report what is pending; with CR0.NE clear by other means. */
static void test_pending(void **unused)
{
	now.fpu.fcw = 0x37e;
	now.fpu.fsw |= 0x8081;
	faults("d9 2f", X86_TRAP_MF, 0);
	faults("d9 27", X86_TRAP_MF, 0);
	faults("dd 27", X86_TRAP_MF, 0);
	ok("d9 3f");
	ok("dd 3f");
	assert_int_equal(get(AT, 2), 0x9081);
	now.cr[0] &= ~X86_CR0_NE;
	assert_int_equal(run("d9 2f"), EMUL_UNKNOWN);
	ok("db e2");
	assert_int_equal(now.fpu.fsw, 0x1000);
	assert_int_equal(now.fpu.fcw, 0x37e);
	/* Unmasked while it waits: ES and B, at once (SDM vol. 1, 8.1.3.3). */
	now.fpu.fsw = 1;
	now.fpu.fcw = 0x37f;
	now.cr[0] |= X86_CR0_NE;
	put(AT, 0x37e, 2);
	ok("d9 2f");
	assert_int_equal(now.fpu.fsw, 0x8081);
	faults("d9 2f", X86_TRAP_MF, 0);
}

static void test_alignment(void **unused)
{
	now.gpr[GPR_RDI] = AT + 8;
	EACH(fxsr, X86_TRAP_GP);
	EACH(xsave, X86_TRAP_GP);
	ok("d9 37");
	ok("0f ae 1f");
	now.gpr[GPR_RDI] = AT + 16;
	ok("0f ae 07");
	EACH(xsave, X86_TRAP_GP);
}

static void test_mxcsr(void **unused)
{
	put(AT, 0x1f80 | 1 << 16, 4);
	faults("0f ae 17", X86_TRAP_GP, 0);
	put(AT + 24, 0x1f80 | 1 << 16, 4);
	faults("0f ae 0f", X86_TRAP_GP, 0);
	faults("0f ae 2f", X86_TRAP_GP, 0);
	/* A mask of 0: DAZ, bit 6, is reserved (SDM vol. 1, 11.6.6). */
	now.fpu.mxcsr_mask = 0;
	put(AT, 0x1fc0, 4);
	faults("0f ae 17", X86_TRAP_GP, 0);
	put(AT, 0x1fbf, 4);
	ok("0f ae 17");
	assert_int_equal(now.fpu.mxcsr, 0x1fbf);
}

/* SDM vol. 1, 13.8 and 13.12. */
static void test_header(void **unused)
{
	put(AT + 512, 8, 8);		/* not in XCR0 */
	faults("0f ae 2f", X86_TRAP_GP, 0);
	put(AT + 512, 7, 8);
	put(AT + 520, 1, 8);
	faults("0f ae 2f", X86_TRAP_GP, 0);
	put(AT + 520, 0, 8);
	put(AT + 528, 1, 8);
	faults("0f ae 2f", X86_TRAP_GP, 0);
	put(AT + 528, 0, 8);
	put(AT + 536, 1, 8);		/* not looked at */
	ok("0f ae 2f");
	put(AT + 520, 1ULL << 63 | 7, 8);
	faults("0f ae 2f", X86_TRAP_GP, 0);
	put(AT + 536, 0, 8);
	ok("0f ae 2f");
	put(AT + 520, 1ULL << 63 | 3, 8);	/* less than XSTATE_BV */
	faults("0f ae 2f", X86_TRAP_GP, 0);
	put(AT + 520, 1ULL << 63 | 15, 8);
	faults("0f ae 2f", X86_TRAP_GP, 0);
}

/* SDM vol. 1, figures 8-9 to 8-12: FCW at 0, then units of 2 or 4 bytes. */
static void test_environment(void **unused)
{
	ok("d9 37");
	assert_true(get(AT, 8) == 0xffff1000ffff037f);
	/* R2 is ST0: zero, as R3; the others are empty. */
	assert_true(get(AT + 8, 8) == 0x12345678ffffff5f);
	assert_true(get(AT + 16, 8) == 0x9abcdef001230000);
	assert_true(get(AT + 24, 8) == 0x00000000ffff0000);
	ok("66 d9 37");
	assert_true(get(AT, 8) == 0x5678ff5f1000037f);
	assert_true(get(AT + 8, 6) == 0x0000def00000);
	/* Real mode: linear pointers and the opcode. */
	ctx.protected = false;
	ok("d9 37");
	assert_true(get(AT + 8, 8) == 0xffff5678ffffff5f);
	assert_true(get(AT + 16, 8) == 0xffffdef001234123);
	assert_true(get(AT + 24, 4) == 0x09abc000);
	now.fpu.fip = now.fpu.fdp = now.fpu.fop = 0;
	ok("d9 27");
	assert_true(now.fpu.fip == 0x12345678 && now.fpu.fdp == 0x9abcdef0);
	assert_int_equal(now.fpu.fop, 0x123);
	ok("66 d9 37");
	assert_true(get(AT + 6, 8) == 0xc000def041235678);
	ok("66 d9 27");
	assert_true(now.fpu.fip == 0x45678 && now.fpu.fdp == 0xcdef0);
}

/* Eight registers outside 64-bit mode: the rest of memory and of them stays. */
static void test_half(void **unused)
{
	memset(now.fpu.xmm, 0x5a, sizeof(now.fpu.xmm));
	memset(&now.memory[AT], 0x11, 0x400);
	ok("0f ae 07");
	assert_true(get(AT + 160 + 127, 1) == 0x5a);
	assert_true(get(AT + 160 + 128, 8) == 0x1111111111111111);
	ok("0f ae 0f");
	put(AT + 512, 0, 8);
	put(AT + 520, 0, 8);
	put(AT + 528, 0, 8);
	ok("0f ae 2f");
	assert_true(!now.fpu.xmm[7][15] && now.fpu.xmm[8][0] == 0x5a);
	assert_true(now.fpu.fcw == 0x37f && !now.fpu.ftw);
}

/* AMD: EFER.FFXSR, of level 0 in 64-bit mode (APM vol. 2, 11.4.4). */
static void test_fast(void **unused)
{
	ctx.mode = EMUL_64;
	ctx.long_mode = true;
	now.msr[0].nr = MSR_EFER;
	now.msr[0].val = EFER_FFXSR;
	memset(now.fpu.xmm, 0x5a, sizeof(now.fpu.xmm));
	ok("0f ae 07");
	assert_true(get(AT + 24, 4) == 0x1f80 && !get(AT + 160, 8));
	now.cpl = 3;
	ok("0f ae 07");
	assert_true(get(AT + 160, 1) == 0x5a && get(AT + 415, 1) == 0x5a);
	/* Without REX.W pointers have 32 bits. */
	now.fpu.fip = 0x123456789abc;
	ok("0f ae 07");
	assert_true(get(AT + 8, 8) == 0x56789abc);
	ok("48 0f ae 07");
	assert_true(get(AT + 8, 8) == 0x123456789abc);
}

static void each_failure(const char *hex)
{
	unsigned int n = 1;

	fail_with = EMUL_USER;
	for (fail_after = n; run(hex) != EMUL_OK; fail_after = ++n)
		assert_memory_equal(&before, &now, sizeof(now));
}

/* What cannot be written whole is not written; nor is it loaded by half. */
static void test_whole(void **unused)
{
	static const char *const all[] = {
		"d9 37", "dd 37", "0f ae 07", "0f ae 27", "0f c7 27", "d9 27",
		"dd 27", "0f ae 0f", "0f ae 2f",
	};
	unsigned int i;

	put(AT + 24, 0x1f80, 4);
	put(AT + 512, 7, 8);
	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		each_failure(all[i]);
	/* The end of the segment, behind a piece that could be written. */
	fail_after = 0;
	memset(&now.memory[AT], 0x11, 1024);
	now.seg[SEG_DS].limit = AT + 100;
	faults("dd 37", X86_TRAP_GP, 0);
	now.seg[SEG_DS].limit = AT + 510;
	faults("0f ae 07", X86_TRAP_GP, 0);
	now.seg[SEG_DS].limit = AT + 600;
	faults("0f ae 27", X86_TRAP_GP, 0);
	faults("0f c7 27", X86_TRAP_GP, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_not_available, setup),
		cmocka_unit_test_setup(test_pending, setup),
		cmocka_unit_test_setup(test_alignment, setup),
		cmocka_unit_test_setup(test_mxcsr, setup),
		cmocka_unit_test_setup(test_header, setup),
		cmocka_unit_test_setup(test_environment, setup),
		cmocka_unit_test_setup(test_half, setup),
		cmocka_unit_test_setup(test_fast, setup),
		cmocka_unit_test_setup(test_whole, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
