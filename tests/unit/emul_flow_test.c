// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stack, transfers and interrupts where userspace does not get: 16-bit and
 * 32-bit code, real and virtual-8086 mode, other privilege levels.  The
 * expected values come from the pages of the manuals named at each test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "emul_try.h"

#define GDT	0x1000
#define IDT	0x2000
#define STACK	0x3000
#define TSS	0x5000
#define TOP	0x7000
#define VM	0x20000
#define NT	0x4000
#define IOPL	0x3000

enum { BR = 5, UD = 6, TS = 10, NP = 11, SS = 12, GP = 13 };

/* Selectors. */
enum {
	CODE0 = 0x08, CODE0_64 = 0x10, DATA0 = 0x18, CODE3 = 0x20,
	CODE3_64 = 0x28, DATA3 = 0x30, GATE = 0x58, TASK = 0x68, OTHER = 0x70,
};

static void put(u64 la, u64 val, unsigned int n)
{
	memcpy(&now.memory[la], &val, n);
}

static u64 get(u64 la, unsigned int n)
{
	u64 val = 0;

	memcpy(&val, &now.memory[la], n);
	return val;
}

static int reset(void **unused)
{
	static const u64 gdt[] = {
		0, 0xcf9b000000ffff, 0xaf9b000000ffff, 0xcf93000000ffff,
		0xcffb000000ffff, 0xaffb000000ffff, 0xcff3000000ffff,
	};
	unsigned int i;

	machine_reset();
	now.seg[SEG_CS].attr = 0xc9b;
	now.seg[SEG_CS].selector = CODE0;
	now.seg[SEG_TR] = (struct x86_seg){
		.base = TSS, .limit = 0x67, .attr = SEG_P | 11,
		.selector = 0x48,
	};
	now.table[0] = (struct x86_table){ GDT, 0x7f };
	now.table[1] = (struct x86_table){ IDT, 0x7ff };
	memcpy(&now.memory[GDT], gdt, sizeof(gdt));
	for (i = 0; i < 8; i++)
		now.gpr[i] = 0x1010101 * (i + 1);
	now.gpr[GPR_RSP] = STACK;
	return 0;
}

static void set_level(unsigned int cpl)
{
	unsigned int i;

	now.cpl = cpl;
	for (i = 0; i < 6; i++) {
		now.seg[i].attr = (now.seg[i].attr & ~0x60) | cpl << 5;
		now.seg[i].selector = cpl ? DATA3 | cpl : DATA0;
	}
	now.seg[SEG_CS].selector = cpl ? CODE3 | cpl : CODE0;
}

static void wide(unsigned int cpl)
{
	set_level(cpl);
	ctx.mode = EMUL_64;
	ctx.long_mode = true;
	now.seg[SEG_CS].attr = 0xa9b | cpl << 5;
	now.seg[SEG_CS].selector = cpl ? CODE3_64 | cpl : CODE0_64;
}

static void real(void)
{
	unsigned int i;

	for (i = 0; i < 6; i++)
		now.seg[i] = (struct x86_seg){
			.limit = 0xffff, .attr = 0x93, .base = i * 0x10,
			.selector = i,
		};
	ctx.mode = EMUL_16;
	ctx.protected = false;
}

static void virtual86(unsigned int iopl)
{
	real();
	now.rflags |= VM | iopl << 12;
	now.cpl = 3;
}

/* SS.B says how wide the stack pointer is, the prefix how wide the value. */
static void test_stack_size(void **unused)
{
	ok("66 50");
	assert_true(now.gpr[GPR_RSP] == STACK - 2);
	assert_true(get(STACK - 2, 2) == 0x0101);
	now.seg[SEG_SS].attr &= ~SEG_DB;
	now.gpr[GPR_RSP] = 0xffffffff00010002ULL;
	ok("50");
	assert_true(now.gpr[GPR_RSP] == 0xffffffff0001fffeULL);
	assert_true(get(0x7ffe, 2) == 0x0101 && get(0, 2) == 0x0101);
	now.gpr[GPR_RSP] = 0xffffffffffffffffULL;
	now.seg[SEG_SS].limit = 0xffff;
	faults("58", SS, 0);
	now.seg[SEG_SS].attr |= SEG_DB;
	now.gpr[GPR_RSP] = 0xffffffff00001002ULL;
	ok("50");
	assert_true(now.gpr[GPR_RSP] == 0xffe);
	now.seg[SEG_SS].limit = 0xffc;
	faults("50", 0xc, 0);
}

/* SDM vol. 2, PUSHA and POPA: what is pushed for SP is the old one. */
static void test_all(void **unused)
{
	unsigned int i;

	ok("60");
	assert_true(now.gpr[GPR_RSP] == STACK - 32);
	for (i = 0; i < 8; i++)
		assert_true(get(STACK - 4 - 4 * i, 4) == before.gpr[i]);
	memset(now.gpr, 0xff, 64);
	now.gpr[GPR_RSP] = STACK - 32;
	ok("61");
	for (i = 0; i < 8; i++)
		assert_true(now.gpr[i] == (i == GPR_RSP ? STACK :
					   0x1010101 * (i + 1)));
	ok("66 60");
	assert_true(now.gpr[GPR_RSP] == STACK - 16);
	assert_true(get(STACK - 10, 2) == STACK);
	now.gpr[GPR_RAX] = ~0ULL;
	ok("66 61");
	assert_true(now.gpr[GPR_RAX] == 0xffffffffffff0101ULL);
}

/* SDM vol. 2, ENTER and LEAVE, with 16-bit operands on a 32-bit stack. */
static void test_enter(void **unused)
{
	now.gpr[GPR_RBP] = 0x12342010;
	put(0x200e, 0xaaaa, 2);
	put(0x200c, 0xbbbb, 2);
	now.seg[SEG_SS].attr &= ~SEG_DB;
	ok("66 c8 06 00 23");
	assert_true(get(STACK - 2, 2) == 0x2010);
	assert_true(get(STACK - 4, 2) == 0xaaaa);
	assert_true(get(STACK - 6, 2) == 0xbbbb);
	assert_true(get(STACK - 8, 2) == STACK - 2);
	assert_true(now.gpr[GPR_RBP] == 0x12340000 + STACK - 2);
	assert_true(now.gpr[GPR_RSP] == STACK - 8 - 6);
	ok("66 c9");
	assert_true(now.gpr[GPR_RSP] == STACK && now.gpr[GPR_RBP] == 0x12342010);
	now.seg[SEG_SS].limit = STACK;
	now.gpr[GPR_RSP] = 2;
	faults("c8 10 00 00", SS, 0);
}

/* Targets: masked by the operand size, then checked against the limit. */
static void test_near(void **unused)
{
	now.seg[SEG_CS].limit = 0x8fff;
	now.rip = 0x8ff0;
	ok("eb 0d");
	assert_true(now.rip == 0x8fff);
	now.rip = 0x8ff0;
	faults("eb 0e", GP, 0);
	now.rflags |= 0x40;
	faults("74 0e", GP, 0);
}

static void test_near_16(void **unused)
{
	now.rip = 0x12345;
	ok("66 eb f0");
	assert_true(now.rip == 0x2338);
	ok("66 e8 00 10");
	assert_true(now.rip == 0x333c && get(STACK - 2, 2) == 0x233c);
	ok("66 c3");
	assert_true(now.rip == 0x233c && now.gpr[GPR_RSP] == STACK);
	put(STACK, 0x40, 4);
	ok("c2 06 00");
	assert_true(now.rip == 0x40 && now.gpr[GPR_RSP] == STACK + 10);
	now.rflags &= ~0x40ULL;
	ok("66 74 10");		/* not taken: not cut either */
	assert_true(now.rip == 0x43);
	now.gpr[GPR_RCX] = 0x10000;
	ok("67 e3 10");
	assert_true(now.rip == 0x56);
	now.gpr[GPR_RCX] = 0x20001;
	ok("67 e2 10");
	assert_true(now.rip == 0x59 && now.gpr[GPR_RCX] == 0x20000);
	now.seg[SEG_CS].limit = 0x60;
	faults("e2 10", GP, 0);
}

/* SDM vol. 2, A.2.5: Intel ignores 66 on a near branch in 64-bit mode. */
static void test_vendor(void **unused)
{
	wide(0);
	now.rip = 0x123400;
	ok("66 eb 10");
	assert_true(now.rip == 0x3413);
	ctx.amd = false;
	now.rip = 0x123400;
	ok("66 eb 10");
	assert_true(now.rip == 0x123413);
	now.gpr[GPR_RBX] = 0x555555555555;
	ok("66 ff d3");
	assert_true(now.rip == 0x555555555555 && now.gpr[GPR_RSP] == STACK - 8);
	ok("66 c3");
	assert_true(now.rip == 0x123416 && now.gpr[GPR_RSP] == STACK);
	now.rip = 0x123400;
	ok("66 e9 10 00 01 00");
	assert_true(now.rip == 0x133416);
}

/*
 * PAUSE with REX.B, which to AMD's processors is XCHG; BOUND below the lower limit, where
 * Intel's do not read the upper one (what the processors do: emul_native_test and
 * emul_compat_test compare).
 */
static void test_vendor_more(void **unused)
{
	wide(0);
	now.gpr[GPR_RAX] = 9;
	now.gpr[8] = 5;
	ctx.amd = false;
	ok("f3 41 90");
	assert_true(now.gpr[GPR_RAX] == 9 && now.gpr[8] == 5);
	ctx.amd = true;
	ok("f3 41 90");
	assert_true(now.gpr[GPR_RAX] == 5 && now.gpr[8] == 9);
	reset(NULL);
	now.gpr[GPR_RAX] = 1;
	now.gpr[GPR_RCX] = 0x100;
	put(0x100, 2, 4);
	now.seg[SEG_DS].limit = 0x103;
	faults("62 01", GP, 0);
	ctx.amd = false;
	faults("62 01", BR, 0);
}

/* SDM vol. 2, PUSH: a selector of 32 bits leaves the upper half; APM vol. 3: it becomes 0. */
static void test_vendor_push(void **unused)
{
	reset(NULL);
	now.seg[SEG_ES].selector = 0x1234;
	put(now.gpr[GPR_RSP] - 4, 0xaaaaaaaa, 4);
	ctx.amd = false;
	ok("06");
	assert_true(now.gpr[GPR_RSP] == STACK - 4);
	assert_int_equal(get(STACK - 4, 4), 0xaaaa1234);
	now.gpr[GPR_RSP] = STACK;
	ctx.amd = true;
	ok("06");
	assert_int_equal(get(STACK - 4, 4), 0x1234);
}

/* SDM vol. 3, 20.1.4 and 20.1.5; vol. 2, CALL, RET, IRET. */
static void test_real(void **unused)
{
	real();
	now.seg[SEG_CS].selector = 0x77;
	now.rflags = 0x40302 | IOPL;
	now.table[1] = (struct x86_table){ IDT, 4 * 0x21 + 3 };
	put(IDT + 4 * 0x21, 0x03450432, 4);
	ok("cd 21");
	assert_true(now.rip == 0x432 && now.seg[SEG_CS].selector == 0x345 &&
		    now.seg[SEG_CS].base == 0x3450 &&
		    now.seg[SEG_CS].limit == 0xffff);
	assert_true(now.gpr[GPR_RSP] == STACK - 6 && now.rflags == (2 | IOPL));
	assert_true(get(STACK + 0x20 - 6, 6) == (0x3302ULL << 32 | 0x770102));
	faults("cd 22", GP, 0);
	assert_false(ctx.fault.has_error);
	ok("cf");
	assert_true(now.rip == 0x102 && now.seg[SEG_CS].selector == 0x77 &&
		    now.rflags == 0x3302 && now.gpr[GPR_RSP] == STACK);
	ok("9a 34 12 00 20");
	assert_true(now.rip == 0x1234 && now.seg[SEG_CS].base == 0x20000);
	assert_true(get(STACK + 0x20 - 4, 4) == 0x770107);
	ok("ca 04 00");
	assert_true(now.rip == 0x107 && now.gpr[GPR_RSP] == STACK + 4);
	ok("66 ea 34 12 00 00 00 20");
	assert_true(now.rip == 0x1234);
	faults("66 ea 34 12 01 00 00 20", GP, 0);
	/* No overflow, no interrupt; else the entry is at 16. */
	now.rip = 0x500;
	ok("ce");
	assert_true(now.rip == 0x501);
	put(IDT + 16, 0x03450666, 4);
	now.rflags |= 0x800;
	ok("ce");
	assert_true(now.rip == 0x666);
	put(IDT + 12, 0x03450777, 4);
	ok("cc");
	assert_true(now.rip == 0x777);
}

/* SDM vol. 3, 20.2 and 20.3. */
static void test_virtual(void **unused)
{
	u64 frame[] = {
		0x432, 0x345, 0x23202, 0x1234, 0x10, 0x11, 0x12, 0x13, 0x14,
	};
	unsigned int i;

	virtual86(2);
	faults("cd 21", GP, 0);
	faults("cf", GP, 0);
	virtual86(3);
	put(IDT + 8 * 0x21, 0x432 | CODE0 << 16 | 0xee00ULL << 32, 8);
	put(TSS + 4, TOP, 4);
	put(TSS + 8, DATA0, 2);
	now.seg[SEG_CS].selector = 0x77;
	ok("cd 21");
	assert_true(now.cpl == 0 && now.rip == 0x432 &&
		    now.seg[SEG_CS].selector == CODE0 &&
		    now.seg[SEG_SS].selector == DATA0);
	assert_true(now.gpr[GPR_RSP] == TOP - 36 && now.rflags == (2 | IOPL));
	assert_true(get(TOP - 36, 4) == 0x102 && get(TOP - 32, 4) == 0x77);
	assert_true(get(TOP - 28, 4) == (0x202 | VM | IOPL));
	assert_true(get(TOP - 24, 4) == STACK && get(TOP - 20, 4) == SEG_SS);
	assert_true(get(TOP - 16, 4) == SEG_ES && get(TOP - 4, 4) == SEG_GS);
	assert_true(!now.seg[SEG_DS].attr && !now.seg[SEG_FS].selector);

	/* And back. */
	ctx.mode = EMUL_32;
	ctx.protected = true;
	for (i = 0; i < 9; i++)
		put(TOP - 36 + 4 * i, frame[i], 4);
	ok("cf");
	assert_true(now.cpl == 3 && now.rip == 0x432 &&
		    now.rflags == 0x23202 && now.gpr[GPR_RSP] == 0x1234);
	for (i = 0; i < 6; i++)
		assert_true(now.seg[i].base == now.seg[i].selector * 16ULL &&
			    now.seg[i].limit == 0xffff &&
			    now.seg[i].attr == 0xf3);
	assert_true(now.seg[SEG_CS].selector == 0x345 &&
		    now.seg[SEG_SS].selector == 0x10 &&
		    now.seg[SEG_ES].selector == 0x11 &&
		    now.seg[SEG_GS].selector == 0x14);
	/* The handler must be at level 0. */
	virtual86(3);
	put(IDT + 8 * 0x21, 0x432 | CODE3 << 16 | 0xee00ULL << 32, 8);
	faults("cd 21", GP, CODE3);
}

/* Parameters of a call gate: SDM vol. 3, 5.8.5. */
static void test_call_gate(void **unused)
{
	set_level(3);
	put(GDT + GATE, 0x432 | CODE0 << 16 | 0xec02ULL << 32, 8);
	put(TSS + 4, TOP, 4);
	put(TSS + 8, DATA0, 2);
	put(STACK, 0xaaaa, 4);
	put(STACK + 4, 0xbbbb, 4);
	ok("9a 00 00 00 00 5b 00");
	assert_true(now.cpl == 0 && now.gpr[GPR_RSP] == TOP - 24);
	assert_true(get(TOP - 24, 4) == 0x107);
	assert_true(get(TOP - 20, 4) == (CODE3 | 3));
	assert_true(get(TOP - 16, 4) == 0xaaaa && get(TOP - 12, 4) == 0xbbbb);
	assert_true(get(TOP - 8, 4) == STACK);
	assert_true(get(TOP - 4, 4) == (DATA3 | 3));
	ok("ca 08 00");
	assert_true(now.cpl == 3 && now.gpr[GPR_RSP] == STACK + 8 &&
		    now.rip == 0x107 &&
		    now.seg[SEG_CS].selector == (CODE3 | 3));
}

/*
 * Offsets in gates of 16, 32 and 64 bits: SDM vol. 3, 5.8.3, 5.8.3.1 and 6.11;
 * those of 16 bits have nothing above, whatever is there.
 */
static void test_gate_offset(void **unused)
{
	static const char *const jump = "ea 00 00 00 00 58 00";
	u64 raw = 0x1234000000005678 | CODE0 << 16;

	put(GDT + GATE, raw | 0x8c00ULL << 32, 8);
	ok(jump);
	assert_true(now.rip == 0x12345678);
	put(GDT + GATE, raw | 0x8400ULL << 32, 8);
	ok(jump);
	assert_true(now.rip == 0x5678);
	put(IDT + 8 * 0x21, raw | 0x8e00ULL << 32, 8);
	ok("cd 21");
	assert_true(now.rip == 0x12345678);
	put(IDT + 8 * 0x21, raw | 0x8600ULL << 32, 8);
	ok("cd 21");
	assert_true(now.rip == 0x5678);
	/* Compatibility mode. */
	ctx.long_mode = true;
	raw ^= (CODE0 ^ CODE0_64) << 16;
	put(GDT + GATE, raw | 0x8c00ULL << 32, 8);
	put(GDT + GATE + 8, 0x7fff, 8);
	ok(jump);
	assert_true(now.rip == 0x7fff12345678);
}

/* What may be wrong with a stack in the TSS: SDM vol. 2, CALL and INT n. */
static void test_tss(void **unused)
{
	static const char *const hex = "cd 21";

	set_level(3);
	put(IDT + 8 * 0x21, 0x432 | CODE0 << 16 | 0xee00ULL << 32, 8);
	put(TSS + 4, TOP, 4);
	faults(hex, TS, 0);
	put(TSS + 8, DATA3 | 3, 2);
	faults(hex, TS, DATA3);
	put(TSS + 8, DATA0 | 1, 2);
	faults(hex, TS, DATA0);
	put(TSS + 8, CODE0, 2);
	faults(hex, TS, CODE0);
	put(TSS + 8, 0x80, 2);
	faults(hex, TS, 0x80);
	put(TSS + 8, DATA0, 2);
	put(GDT + DATA0 + 5, 0x13, 1);
	faults(hex, SS, DATA0);
	/* Present, but too small for 20 bytes. */
	put(GDT + DATA0, 0x00409300000070ff, 8);
	put(TSS + 4, 0x7100 + 12, 4);
	faults(hex, SS, DATA0);
	put(TSS + 4, 0x7100, 4);
	ok(hex);
	set_level(3);
	now.seg[SEG_TR].limit = 8;
	faults(hex, TS, 0x48);
	now.seg[SEG_TR].limit = 9;
	ok(hex);
	/* A 16-bit TSS. */
	set_level(3);
	now.seg[SEG_TR].attr = SEG_P | 3;
	now.seg[SEG_TR].limit = 5;
	put(TSS + 2, 0x6000 | DATA0 << 16, 4);
	ok(hex);
	assert_true(now.gpr[GPR_RSP] == 0x6000 - 20);
}

/* Long mode: APM vol. 2, 8.9. */
static void test_long(void **unused)
{
	put(IDT + 16 * 0x21, 0x432 | CODE0_64 << 16 | 0xee02ULL << 32, 8);
	put(IDT + 16 * 0x21 + 8, 0x8000, 8);
	put(TSS + 4, TOP, 8);
	put(TSS + 0x24 + 8, TOP - 0x400 + 7, 8);
	now.gpr[GPR_RSP] = STACK + 5;
	wide(0);
	faults("cd 21", GP, 0);		/* not canonical */
	put(IDT + 16 * 0x21 + 8, 0x7fff, 8);
	ok("cd 21");
	assert_true(now.rip == 0x7fff00000432 && now.cpl == 0);
	assert_true(now.gpr[GPR_RSP] == TOP - 0x400 - 40);
	assert_true(get(now.gpr[GPR_RSP] + 24, 8) == STACK + 5);
	assert_true(get(now.gpr[GPR_RSP] + 32, 8) == DATA0);
	assert_true(now.seg[SEG_SS].selector == DATA0);
	/* Without a stack of its own: aligned. */
	put(IDT + 16 * 0x21 + 4, 0, 1);
	now.gpr[GPR_RSP] = STACK + 5;
	now.rip = 0x100;
	ok("cd 21");
	assert_true(now.gpr[GPR_RSP] == STACK - 40);
	wide(3);
	ok("cd 21");
	assert_true(now.gpr[GPR_RSP] == TOP - 40 && now.cpl == 0 &&
		    now.seg[SEG_SS].selector == 0 &&
		    now.seg[SEG_SS].attr == 0);
	wide(3);
	put(TSS + 4, 1ULL << 50, 8);
	faults("cd 21", SS, 0);
	faults("cd ff", GP, 0xff * 8 + 2);
	wide(0);
	now.rflags |= NT;
	faults("48 cf", GP, 0);
}

/* From compatibility mode: the handler's stack is a 64-bit one. */
static void test_compat(void **unused)
{
	put(IDT + 16 * 0x21, 0x432 | CODE0_64 << 16 | 0xee00ULL << 32, 8);
	put(IDT + 16 * 0x21 + 8, 0x1234, 8);
	put(TSS + 4, 0x123400000000 + TOP, 8);
	set_level(3);
	ctx.long_mode = true;
	now.seg[SEG_SS].limit = 0;
	ok("cd 21");
	assert_true(now.rip == 0x123400000432 && now.cpl == 0 &&
		    now.gpr[GPR_RSP] == 0x123400000000 + TOP - 40);
	assert_true(ctx.mode == EMUL_32 && !ctx.stack);
	put(TSS + 4, 1ULL << 47, 8);
	put(IDT + 16 * 0x21 + 8, 0x8000, 8);
	set_level(3);
	faults("cd 21", GP, 0);
	assert_true(ctx.mode == EMUL_32);
}

/* SDM vol. 2, IRET: what the old level lets the flags be. */
static void test_iret_flags(void **unused)
{
	put(STACK, 0x432, 4);
	put(STACK + 4, CODE0, 4);
	put(STACK + 8, ~(VM | NT), 4);
	now.rflags = 2;
	ok("cf");
	assert_true(now.rflags == 0x3d3fd7);
	now.gpr[GPR_RSP] = STACK;
	now.rflags = 0x180002;
	put(STACK + 8, 0, 4);
	ok("cf");
	assert_true(now.rflags == 2);
	/* 16 bits change no upper half; level 3 neither IF nor IOPL. */
	put(STACK, 0x432 | CODE3 << 16 | 3 << 16, 4);
	put(STACK + 4, 0x37ff, 2);
	set_level(3);
	now.gpr[GPR_RSP] = STACK;
	now.rflags = 0x180002;
	ok("66 cf");
	assert_true(now.rflags == 0x1805d7 && now.rip == 0x432);
	put(STACK, 0x432, 4);
	put(STACK + 4, CODE3 | 3, 4);
	put(STACK + 8, 0x1a3202, 4);
	now.gpr[GPR_RSP] = STACK;
	now.rflags = 2;
	ok("cf");
	assert_true(now.rflags == 2);
}

/* Task switches are emul_task_test's; long mode has none. */
static void test_unknown(void **unused)
{
	assert_int_equal(run("f1"), EMUL_UNKNOWN);
	assert_memory_equal(&before, &now, sizeof(now));
	put(GDT + TASK, 0x850000000000, 8);
	put(GDT + OTHER, 0x890000000000, 8);
	ctx.long_mode = true;
	faults("ea 00 00 00 00 68 00", GP, TASK);
	faults("ea 00 00 00 00 70 00", GP, OTHER);
	now.rflags |= NT;
	faults("cf", GP, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_stack_size, reset),
		cmocka_unit_test_setup(test_all, reset),
		cmocka_unit_test_setup(test_enter, reset),
		cmocka_unit_test_setup(test_near, reset),
		cmocka_unit_test_setup(test_near_16, reset),
		cmocka_unit_test_setup(test_vendor, reset),
		cmocka_unit_test_setup(test_vendor_more, reset),
		cmocka_unit_test_setup(test_vendor_push, reset),
		cmocka_unit_test_setup(test_real, reset),
		cmocka_unit_test_setup(test_virtual, reset),
		cmocka_unit_test_setup(test_call_gate, reset),
		cmocka_unit_test_setup(test_gate_offset, reset),
		cmocka_unit_test_setup(test_tss, reset),
		cmocka_unit_test_setup(test_long, reset),
		cmocka_unit_test_setup(test_compat, reset),
		cmocka_unit_test_setup(test_iret_flags, reset),
		cmocka_unit_test_setup(test_unknown, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
