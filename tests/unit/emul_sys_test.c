// SPDX-License-Identifier: GPL-2.0-only
/*
 * System instructions that userspace cannot execute: the expected values come
 * from the pages of the manuals named at each test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "emul_try.h"

#define CODE	(SEG_P | SEG_S | SEG_DB | SEG_G | 0xb)
#define CODE64	(SEG_P | SEG_S | SEG_L | SEG_G | 0xb)
#define TSS	0x5000
#define STACK	0x3000
#define VM	0x20000
#define IOPL	0x3000

enum { UD = 6, GP = 13, DB = 1 };

static int reset(void **unused)
{
	static const u32 msrs[] = {
		0x10, 0x174, 0x175, 0x176, 0xc0000080, 0xc0000081, 0xc0000082,
		0xc0000083, 0xc0000084, 0xc0000102, 0xc0000103,
	};
	unsigned int i;

	machine_reset();
	for (i = 0; i < 6; i++)
		now.seg[i].selector = 8 * i;
	now.seg[SEG_TR] = (struct x86_seg){
		.base = TSS, .limit = 0x67 + 32, .attr = SEG_P | 0xb,
		.selector = 0x48,
	};
	now.seg[SEG_LDTR].selector = 0x50;
	for (i = 0; i < 11; i++) {
		now.msr[i].nr = msrs[i];
		now.msr[i].val = 0x1000000000ULL * i + i;
	}
	now.cr[0] = 0x80000011;
	now.gpr[GPR_RSP] = STACK;
	return 0;
}

/* A fault whose error code, if it has one, is 0. */
static void refuses(const char *hex, u8 vector)
{
	faults(hex, vector, 0);
	assert_int_equal(ctx.fault.has_error, vector >= 10 &&
			 (ctx.protected || now.rflags & VM));
}

static void wide(void)
{
	ctx.mode = EMUL_64;
	ctx.long_mode = true;
	now.seg[SEG_CS].attr = CODE64;
}

/* Instructions of privilege level 0 (SDM vol. 3, 5.9). */
static void test_privilege(void **unused)
{
	static const char *const hex[] = {
		"0f 20 c0", "0f 22 c0", "0f 21 c0", "0f 23 c0", "0f 06",
		"0f 30", "0f 32", "0f 08", "0f 09", "f4", "0f 01 10",
		"0f 01 18", "0f 01 38", "0f 01 f0", "66 0f 38 82 01", "0f 00 d0", "0f 00 d8",
	};
	unsigned int i;

	for (i = 0; i < sizeof(hex) / sizeof(*hex); i++) {
		reset(NULL);
		now.gpr[GPR_RCX] = 0x10;
		for (now.cpl = 1; now.cpl < 4; now.cpl++)
			refuses(hex[i], GP);
		now.cpl = 0;
		now.gpr[GPR_RAX] = 0;
		if (strcmp(hex[i], "0f 00 d8"))
			ok(hex[i]);
	}
	reset(NULL);
	wide();
	now.cpl = 3;
	refuses("0f 01 f8", GP);
	refuses("44 0f 20 c0", GP);
}

/* SDM vol. 2, MOV to and from control registers; APM vol. 3, MOV CRn. */
static void test_control(void **unused)
{
	now.cr[4] = 0x123456789;
	now.gpr[GPR_RBX] = ~0ULL;
	ok("0f 20 e3");
	assert_true(now.gpr[GPR_RBX] == 0x23456789);
	ok("66 0f 22 d3");
	assert_true(now.cr[2] == 0x23456789);
	/* ModRM.mod means nothing. */
	now.gpr[GPR_RBX] = 0x77;
	ok("0f 22 1b");
	assert_true(now.cr[3] == 0x77);

	wide();
	now.cr[8] = 5;
	ok("44 0f 20 c0");
	assert_int_equal(now.gpr[GPR_RAX], 5);
	ok("41 0f 20 e1");
	assert_true(now.gpr[9] == 0x123456789);
	refuses("44 0f 20 d0", UD);
	refuses("44 0f 22 e0", UD);
	now.cpl = 3;
	refuses("44 0f 20 d0", UD);
	now.cpl = 0;
	now.gpr[GPR_RAX] = 1ULL << 63;
	refuses("0f 22 c0", GP);
	ok("0f 06");
	assert_true(now.cr[0] == 0x80000011);
	now.cr[0] = 0x8000001f;
	ok("0f 06");
	assert_true(now.cr[0] == 0x80000017);
}

/* SDM vol. 3, 17.2.2: DR4 and DR5. */
static void test_debug(void **unused)
{
	now.dr[6] = 0xffff0ff0;
	now.dr[7] = 0x400;
	ok("0f 21 e0");
	assert_true(now.gpr[GPR_RAX] == 0xffff0ff0);
	now.gpr[GPR_RAX] = 0x155;
	ok("0f 23 e8");
	assert_true(now.dr[7] == 0x155);
	now.cr[4] = 8;
	refuses("0f 21 e0", UD);
	refuses("0f 23 e8", UD);
	ok("0f 21 f8");
	assert_true(now.gpr[GPR_RAX] == 0x155);
	wide();
	refuses("44 0f 21 c0", UD);
}

static void test_msr(void **unused)
{
	now.gpr[GPR_RCX] = 0xffffffffc0000102ULL;
	now.gpr[GPR_RAX] = 0xffffffff89abcdefULL;
	now.gpr[GPR_RDX] = 0xffffffff01234567ULL;
	wide();
	ok("0f 30");
	assert_true(now.msr[9].val == 0x0123456789abcdefULL);
	ok("0f 32");
	assert_true(now.gpr[GPR_RAX] == 0x89abcdef && now.gpr[GPR_RDX] == 0x1234567);
	now.gpr[GPR_RCX] = 0x11;
	refuses("0f 32", GP);
	refuses("0f 30", GP);
}

/* CR4.TSD, SDM vol. 2, RDTSC and RDTSCP. */
static void test_tsc(void **unused)
{
	now.msr[0].val = 0x123456789abULL;
	now.msr[10].val = 0xf00000007ULL;
	now.cpl = 3;
	ok("0f 31");
	assert_true(now.gpr[GPR_RAX] == 0x456789ab && now.gpr[GPR_RDX] == 0x123);
	assert_true(now.gpr[GPR_RCX] == 0);
	ok("0f 01 f9");
	assert_true(now.gpr[GPR_RAX] == 0x456789ab && now.gpr[GPR_RCX] == 7);
	now.cr[4] = 4;
	refuses("0f 31", GP);
	refuses("0f 01 f9", GP);
	now.cpl = 0;
	ok("0f 31");
}

/* SDM vol. 2, XGETBV and XSETBV. */
static void test_xcr(void **unused)
{
	refuses("0f 01 d0", UD);
	refuses("0f 01 d1", UD);
	now.cr[4] = 0x40000;
	now.xcr[0] = 0x300000007;
	now.cpl = 3;
	ok("0f 01 d0");
	assert_true(now.gpr[GPR_RAX] == 7 && now.gpr[GPR_RDX] == 3);
	refuses("0f 01 d1", GP);
	now.cpl = 0;
	now.gpr[GPR_RAX] = 5;
	ok("0f 01 d1");
	assert_true(now.xcr[0] == 0x300000005);
	now.gpr[GPR_RCX] = 2;
	refuses("0f 01 d0", GP);
	refuses("0f 01 d1", GP);
	assert_int_equal(run("66 0f 01 d0"), EMUL_UNKNOWN);
}

static void test_cpuid(void **unused)
{
	wide();
	now.gpr[GPR_RAX] = 0x1111111100000007ULL;
	now.gpr[GPR_RCX] = 0x2222222200000001ULL;
	now.gpr[GPR_RBX] = now.gpr[GPR_RDX] = ~0ULL;
	now.cpl = 3;
	ok("0f a2");
	assert_true(now.gpr[GPR_RAX] == 0x107 && now.gpr[GPR_RBX] == 0xb &&
		    now.gpr[GPR_RCX] == 0x201 && now.gpr[GPR_RDX] == 0xd);
}

/* LMSW cannot clear PE; SMSW gives 16 bits to memory (SDM vol. 2). */
static void test_msw(void **unused)
{
	now.gpr[GPR_RAX] = 0xffff000e;
	ok("0f 01 f0");
	assert_true(now.cr[0] == 0x8000001f);
	now.gpr[GPR_RAX] = 0;
	ok("0f 01 f0");
	assert_true(now.cr[0] == 0x80000011);
	now.memory[0x400] = 0x0c;
	now.gpr[GPR_RBX] = 0x400;
	ok("0f 01 33");
	assert_true(now.cr[0] == 0x8000001d);
	ok("0f 01 e1");
	assert_true(now.gpr[GPR_RCX] == 0x8000001d);
	ok("66 0f 01 e2");
	assert_true(now.gpr[GPR_RDX] == 0x1d);
	memset(&now.memory[0x400], 0xee, 4);
	ok("0f 01 23");
	assert_memory_equal(&now.memory[0x400], "\x1d\x00\xee\xee", 4);
}

/* SDM vol. 2, LGDT and SGDT; APM vol. 3. */
static void test_tables(void **unused)
{
	static const u8 image[] = { 0x34, 0x12, 1, 2, 3, 4, 0, 0, 0, 0 };
	static const u8 far[] = { 0x34, 0x12, 1, 2, 3, 4, 5, 0, 0, 0x80 };

	memcpy(&now.memory[0x400], image, sizeof(image));
	now.gpr[GPR_RBX] = 0x400;
	now.gpr[GPR_RSI] = 0x500;
	ok("0f 01 13");
	assert_true(now.table[0].base == 0x04030201 &&
		    now.table[0].limit == 0x1234 && !now.table[1].base);
	ok("66 0f 01 1b");
	assert_true(now.table[1].base == 0x030201);
	memset(&now.memory[0x500], 0xee, 10);
	ok("66 0f 01 06");
	assert_memory_equal(&now.memory[0x500], image, 6);
	assert_int_equal(now.memory[0x506], 0xee);
	ok("0f 01 0e");
	assert_int_equal(now.memory[0x505], 0);

	wide();
	memcpy(&now.memory[0x400], far, sizeof(far));
	refuses("0f 01 13", GP);
	now.memory[0x409] = 0;
	ok("66 0f 01 13");
	assert_true(now.table[0].base == 0x504030201);
	ok("0f 01 06");
	assert_memory_equal(&now.memory[0x500], &now.memory[0x400], 10);
}

/* SDM vol. 3, 2.5, CR4.UMIP. */
static void test_umip(void **unused)
{
	static const char *const hex[] = {
		"0f 01 03", "0f 01 0b", "0f 00 c0", "0f 00 c8", "0f 01 e0",
	};
	unsigned int i;

	for (i = 0; i < 5; i++) {
		reset(NULL);
		now.cpl = 3;
		ok(hex[i]);
		now.cr[4] = 0x800;
		refuses(hex[i], GP);
		now.cpl = 0;
		ok(hex[i]);
	}
	now.gpr[GPR_RAX] = ~0ULL;
	ok("0f 00 c0");
	assert_true(now.gpr[GPR_RAX] == 0x50);
	ok("66 0f 00 c8");
	assert_true(now.gpr[GPR_RAX] == 0x48);
	now.gpr[GPR_RBX] = 0x400;
	memset(&now.memory[0x400], 0xee, 4);
	ok("0f 00 0b");
	assert_memory_equal(&now.memory[0x400], "\x48\x00\xee\xee", 4);
}

/* No descriptors in real and virtual-8086 mode. */
static void test_real(void **unused)
{
	static const char *const hex[] = {
		"0f 00 c0", "0f 00 c8", "0f 00 d0", "0f 00 d8", "0f 00 e0",
		"0f 00 e8", "0f 02 c0", "0f 03 c0", "63 c0",
	};
	unsigned int i;

	ctx.mode = EMUL_16;
	ctx.protected = false;
	for (i = 0; i < sizeof(hex) / sizeof(*hex); i++) {
		now.rflags = 2;
		now.cpl = 0;
		refuses(hex[i], UD);
		now.rflags |= VM;
		now.cpl = 3;
		refuses(hex[i], UD);
	}
	/* MOV Sreg: selector and base only, but in virtual-8086 mode. */
	now.rflags = 2;
	now.cpl = 0;
	now.gpr[GPR_RAX] = 0xabcd;
	now.seg[SEG_ES].limit = 0xfffff;
	ok("8e c0");
	assert_true(now.seg[SEG_ES].base == 0xabcd0 &&
		    now.seg[SEG_ES].limit == 0xfffff &&
		    now.seg[SEG_ES].selector == 0xabcd);
	now.rflags |= VM;
	now.cpl = 3;
	ok("8e c0");
	assert_true(now.seg[SEG_ES].limit == 0xffff &&
		    now.seg[SEG_ES].attr == 0xf3);
}

/* SDM vol. 2, ARPL. */
static void test_arpl(void **unused)
{
	now.gpr[GPR_RAX] = 0x1230;
	now.gpr[GPR_RCX] = 0xff02;
	now.rflags = 2;
	ok("63 c8");
	assert_true(now.gpr[GPR_RAX] == 0x1232 && now.rflags == 0x42);
	ok("63 c8");
	assert_true(now.gpr[GPR_RAX] == 0x1232 && now.rflags == 2);
	now.gpr[GPR_RBX] = 0x400;
	now.memory[0x400] = 0x11;
	ok("63 0b");
	assert_int_equal(now.memory[0x400], 0x12);
}

/* SDM vol. 1, 19.5.2: two bytes of the bitmap, the second may be the last. */
static void test_ports(void **unused)
{
	now.gpr[GPR_RDX] = 0x1234;
	now.gpr[GPR_RAX] = 0x8877665544332211ULL;
	ok("e6 80");
	assert_true(out_port == 0x80 && out_val == 0x11);
	ok("66 ef");
	assert_true(out_port == 0x1234 && out_val == 0x2211);
	ok("ef");
	assert_true(out_val == 0x44332211);
	ok("ec");
	assert_true(in_port == 0x1234 &&
		    now.gpr[GPR_RAX] == 0x8877665544332211ULL);
	now.gpr[GPR_RAX] = ~0ULL;
	ok("66 e5 81");
	assert_true(in_port == 0x81 && now.gpr[GPR_RAX] == 0xffffffffffff2211);
	ok("ed");
	assert_true(now.gpr[GPR_RAX] == 0x44332211);
	wide();
	ok("48 ef");
	assert_true(out_val == 0x44332211);
}

static void test_bitmap(void **unused)
{
	now.cpl = 3;
	now.rflags |= IOPL;
	ok("e4 10");
	now.rflags &= ~(u64)IOPL;
	now.memory[TSS + 0x66] = 0x68;
	implicit_reads = 0;
	ok("e4 10");
	assert_int_equal(implicit_reads, 2);
	now.memory[TSS + 0x68 + 2] = 2;		/* port 11 */
	refuses("e4 11", GP);
	ok("e4 10");
	refuses("66 e5 10", GP);
	refuses("e7 0f", GP);
	ok("e7 12");
	ok("e4 19");
	now.memory[TSS + 0x68 + 3] = 1;		/* port 18 */
	refuses("e5 17", GP);
	ok("e4 17");
	/* The limit. */
	now.seg[SEG_TR].limit = 0x68 + 2;
	refuses("e4 17", GP);
	now.seg[SEG_TR].limit = 0x68 + 3;
	ok("e4 17");
	now.seg[SEG_TR].limit = 0x66;
	refuses("e4 17", GP);
	now.seg[SEG_TR].limit = 0x6b;
	now.seg[SEG_TR].attr = SEG_P | 3;
	refuses("e4 17", GP);

	/* INS and OUTS ask the same; virtual-8086 mode asks always. */
	refuses("6c", GP);
	refuses("6e", GP);
	ctx.protected = false;
	now.rflags |= IOPL | VM;
	refuses("e4 17", GP);
	now.seg[SEG_TR].attr = SEG_P | 11;
	ok("e4 17");
	now.rflags = 2;
	now.cpl = 0;
	now.seg[SEG_TR].attr = 0;
	ok("e4 17");
}

/* SDM vol. 2, CLI, STI and POPF. */
static void test_interrupt_flag(void **unused)
{
	now.cpl = 2;
	refuses("fa", GP);
	refuses("fb", GP);
	now.rflags |= 0x2000;
	ok("fa");
	assert_int_equal(now.rflags, 0x2002);
	ok("fb");
	assert_int_equal(now.rflags, 0x2202);
	assert_int_equal(now.shadow, 1);
	ok("fb");
	assert_int_equal(now.shadow, 1);

	now.memory[STACK + 1] = 0x70;
	ok("9d");
	assert_int_equal(now.rflags, 0x6002);
	now.memory[STACK + 5] = 0x12;
	now.memory[STACK + 6] = 0x3f;	/* not RF, VM, VIF, VIP */
	now.cpl = 0;
	ok("9d");
	assert_int_equal(now.rflags, 0x241202);
	now.gpr[GPR_RSP] = STACK + 4;
	now.rflags = 2;
	ok("66 9d");
	assert_int_equal(now.rflags, 0x1202);

	ctx.protected = false;
	now.rflags = 2 | VM | 0x2000;
	now.cpl = 3;
	refuses("9c", GP);
	refuses("9d", GP);
	refuses("fa", GP);
	now.rflags |= IOPL | 0x10000;
	now.gpr[GPR_RSP] = STACK;
	ok("9c");
	assert_int_equal(now.memory[now.gpr[GPR_RSP] + 2], 0);
	assert_int_equal(now.memory[now.gpr[GPR_RSP] + 1], 0x30);
	now.gpr[GPR_RSP] = STACK + 4;
	ok("9d");
	assert_int_equal(now.rflags, 0x243202 | VM);
}

/* APM vol. 3, RDFSBASE, WRFSBASE, RDPID; SDM vol. 2, CLAC. */
static void test_base(void **unused)
{
	now.cr[4] = 0x10000;
	refuses("f3 0f ae c0", UD);
	wide();
	now.cpl = 3;
	now.seg[SEG_FS].base = 0x7123456789ab;
	now.seg[SEG_GS].base = 0xffff800000000000;
	now.gpr[9] = ~0ULL;
	ok("f3 41 0f ae c1");
	assert_true(now.gpr[9] == 0x456789ab);
	ok("f3 49 0f ae c9");
	assert_true(now.gpr[9] == 0xffff800000000000);
	ok("f3 49 0f ae d1");
	assert_true(now.seg[SEG_FS].base == 0xffff800000000000);
	now.gpr[9] = 0x8000ffffffff;
	ok("f3 41 0f ae d9");
	assert_true(now.seg[SEG_GS].base == 0xffffffff &&
		    now.seg[SEG_GS].limit == 0xffffffff);
	refuses("f3 49 0f ae d9", GP);
	now.cr[4] = 0;
	refuses("f3 49 0f ae c1", UD);
	assert_int_equal(run("f3 0f ae 01"), EMUL_UNKNOWN);

	now.gpr[GPR_RBX] = ~0ULL;
	ok("f3 0f c7 fb");
	assert_true(now.gpr[GPR_RBX] == 10);
	assert_int_equal(run("0f c7 fb"), EMUL_UNKNOWN);
	refuses("0f 01 ca", UD);
	refuses("0f 01 cb", UD);
	now.cpl = 0;
	ok("0f 01 cb");
	assert_int_equal(now.rflags, 0x40202);
	ok("0f 01 ca");
	assert_int_equal(now.rflags, 0x202);
}

/* What of INVPCID is refused, in either mode. */
static void pcid_refuses(const char *hex)
{
	u64 *desc = (u64 *)&now.memory[0x2000];

	now.gpr[GPR_RAX] = 4;
	refuses(hex, GP);
	for (now.gpr[GPR_RAX] = 0; now.gpr[GPR_RAX] < 4; now.gpr[GPR_RAX]++) {
		desc[0] = 0x1000;
		refuses(hex, GP);
		desc[0] = 0x8000000000000000;
		refuses(hex, GP);
	}
	/* A PCID without CR4.PCIDE, and an address that cannot be. */
	for (now.gpr[GPR_RAX] = 0; now.gpr[GPR_RAX] < 2; now.gpr[GPR_RAX]++) {
		desc[0] = 1;
		refuses(hex, GP);
	}
	now.gpr[GPR_RAX] = 0;
	desc[0] = 0;
	desc[1] = 0x800000000000;
	refuses(hex, GP);
	assert_int_equal(now.flushed + now.flushed_all, 0);
}

/* SDM vol. 2, INVPCID. */
static void test_pcid(void **unused)
{
	u64 *desc = (u64 *)&now.memory[0x2000];
	const char *hex = "66 0f 38 82 03";

	now.gpr[GPR_RBX] = 0x2000;
	pcid_refuses(hex);
	desc[1] = 0x7fff12345000;
	ok(hex);
	assert_true(now.flushed == 1 && now.flushed_la == 0x7fff12345000);
	/* All PCIDs: the one in the descriptor, and its address, do not count. */
	desc[0] = 0xfff;
	desc[1] = 0x800000000000;
	for (now.gpr[GPR_RAX] = 2; now.gpr[GPR_RAX] < 4; now.gpr[GPR_RAX]++)
		ok(hex);
	assert_true(now.flushed == 1 && now.flushed_all == 2);
	now.cr[4] = 0x20000;
	now.gpr[GPR_RAX] = 1;
	ok(hex);
	assert_int_equal(now.flushed_all, 3);

	reset(NULL);
	wide();
	now.gpr[GPR_RBX] = 0x2000;
	pcid_refuses(hex);
	/* 64 bits of the type count here, 32 elsewhere. */
	now.gpr[GPR_RAX] = 1ull << 32 | 2;
	refuses(hex, GP);
	ctx.mode = EMUL_32;
	ok(hex);
	assert_int_equal(now.flushed_all, 1);
}

static void test_rest(void **unused)
{
	now.gpr[GPR_RBX] = 0x123456;
	now.seg[SEG_DS].base = 0xfffff000;
	ok("0f 01 3b");
	assert_true(now.flushed == 1 && now.flushed_la == 0x122456);
	ok("f4");
	assert_int_equal(now.halted, 1);
	assert_int_equal(now.rip, 0x104);
	refuses("0f aa", UD);
	refuses("0f 01 f8", UD);
	wide();
	now.gpr[GPR_RBX] = 0x800000000000;
	ok("0f 01 3b");
	assert_int_equal(now.flushed, 1);
	now.seg[SEG_GS].base = 0x1111;
	ok("0f 01 f8");
	assert_true(now.seg[SEG_GS].base == 0x9000000009);
	assert_true(now.msr[9].val == 0x1111);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_privilege, reset),
		cmocka_unit_test_setup(test_control, reset),
		cmocka_unit_test_setup(test_debug, reset),
		cmocka_unit_test_setup(test_msr, reset),
		cmocka_unit_test_setup(test_tsc, reset),
		cmocka_unit_test_setup(test_xcr, reset),
		cmocka_unit_test_setup(test_cpuid, reset),
		cmocka_unit_test_setup(test_msw, reset),
		cmocka_unit_test_setup(test_tables, reset),
		cmocka_unit_test_setup(test_umip, reset),
		cmocka_unit_test_setup(test_real, reset),
		cmocka_unit_test_setup(test_arpl, reset),
		cmocka_unit_test_setup(test_ports, reset),
		cmocka_unit_test_setup(test_bitmap, reset),
		cmocka_unit_test_setup(test_interrupt_flag, reset),
		cmocka_unit_test_setup(test_base, reset),
		cmocka_unit_test_setup(test_pcid, reset),
		cmocka_unit_test_setup(test_rest, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
