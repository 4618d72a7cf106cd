// SPDX-License-Identifier: GPL-2.0-only
/*
 * An instruction takes effect as a whole: whichever callback fails, and how,
 * nothing has changed; and an instruction that waited for userspace and was
 * executed again ends as if it had not waited.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "emul_hex.h"
#include "emul_machine.h"

#define GDT	0x1000
#define IDT	0x2000
#define STACK	0x3000
#define DATA	0x4000
#define TSS	0x5000
#define TOP	0x7000

/* The descriptors, by selector. */
enum {
	CODE0 = 0x08, CODE0_64 = 0x10, DATA0 = 0x18, CODE3 = 0x20,
	CODE3_64 = 0x28, DATA3 = 0x30, FREE_TSS = 0x38, AN_LDT = 0x48,
	GATE = 0x58,
};

static struct machine start, whole;

static void put(u64 la, u64 val, unsigned int n)
{
	memcpy(&now.memory[la], &val, n);
}

static void put_tables(bool long_mode)
{
	static const u64 gdt[] = {
		0, 0xcf9a000000ffff, 0xaf9a000000ffff, 0xcf92000000ffff,
		0xcffa000000ffff, 0xaffa000000ffff, 0xcff2000000ffff,
		0x000089000000ffff, 0, 0x000082000000ffff, 0,
		0, 0,
	};
	unsigned int i, code = long_mode ? CODE0_64 : CODE0;

	memcpy(&now.memory[GDT], gdt, sizeof(gdt));
	put(GDT + GATE, 0x432 | code << 16 | 0xec02ULL << 32, 8);
	for (i = 0; i < 0x100; i++)
		put(IDT + i * (long_mode ? 16 : 8),
		    0x432 | code << 16 | 0xee00ULL << 32, 8);
	put(TSS + 4, TOP, 8);
	if (!long_mode)
		put(TSS + 8, DATA0, 2);
	put(TSS + 0x66, 0x68, 2);
}

/* Everything in place for any instruction of the table below. */
static void prepare(enum emul_mode mode, unsigned int cpl)
{
	static const u32 msrs[] = {
		0x10, 0x174, 0x175, 0x176, 0xc0000080, 0xc0000081, 0xc0000082,
		0xc0000083, 0xc0000084, 0xc0000102, 0xc0000103,
	};
	unsigned int i;

	memset(&now, 0, sizeof(now));
	for (i = 0; i < 6; i++)
		now.seg[i] = (struct x86_seg){
			.limit = 0xffffffff, .attr = 0xc93 | cpl << 5,
			.selector = cpl ? DATA3 | 3 : DATA0,
		};
	now.seg[SEG_CS].attr = (mode == EMUL_64 ? 0xa9b : 0xc9b) | cpl << 5;
	now.seg[SEG_TR] = (struct x86_seg){
		.base = TSS, .limit = 0xff, .attr = SEG_P | 11,
		.selector = FREE_TSS,
	};
	now.table[0] = (struct x86_table){ GDT, 0xff };
	now.table[1] = (struct x86_table){ IDT, 0xfff };
	put_tables(mode == EMUL_64);
	for (i = 0; i < 11; i++) {
		now.msr[i].nr = msrs[i];
		now.msr[i].val = 0x0030001000000011;
	}
	for (i = 0; i < 16; i++)
		now.gpr[i] = 0x0101010101010101ULL * i;
	now.gpr[GPR_RAX] = now.seg[SEG_SS].selector;
	now.gpr[GPR_RCX] = 0x10;
	now.gpr[GPR_RBX] = AN_LDT;
	now.gpr[GPR_RDX] = FREE_TSS;
	now.gpr[GPR_RSI] = now.gpr[GPR_RDI] = DATA;
	now.gpr[GPR_RSP] = STACK;
	now.gpr[GPR_RBP] = STACK + 64;
	now.cr[4] = 0x40000;
	now.rip = 0x100;
	now.rflags = 0xa02;
	now.cpl = cpl;
	ctx = (struct emul_ctx){
		.mode = mode, .protected = true, .amd = true,
		.long_mode = mode == EMUL_64,
	};
}

struct insn {
	const char *hex;
	enum emul_mode mode;
	u8 cpl;
	u16 frame[5];	/* on the stack */
	u16 selector;	/* of the far pointer at DATA */
};

static const struct insn insns[] = {
	{ "50", EMUL_32, 3, { 0 }, 0 },
	{ "ff 36", EMUL_32, 3, { 0 }, 0 },
	{ "8f 06", EMUL_32, 3, { 0 }, 0 },
	{ "8f 44 24 10", EMUL_32, 3, { 0 }, 0 },
	{ "60", EMUL_32, 3, { 0 }, 0 },
	{ "61", EMUL_32, 3, { 0 }, 0 },
	{ "9c", EMUL_32, 3, { 0 }, 0 },
	{ "9d", EMUL_32, 3, { 0x4d7 }, 0 },
	{ "c8 10 00 03", EMUL_64, 3, { 0 }, 0 },
	{ "c9", EMUL_64, 3, { 0 }, 0 },
	{ "ff 16", EMUL_64, 3, { 0 }, 0 },
	{ "ff 26", EMUL_64, 3, { 0 }, 0 },
	{ "e8 10 00 00 00", EMUL_64, 3, { 0 }, 0 },
	{ "c2 08 00", EMUL_64, 3, { 0x432 }, 0 },
	{ "8e c0", EMUL_32, 0, { 0 }, 0 },
	{ "8e d0", EMUL_32, 3, { 0 }, 0 },
	{ "8e 1e", EMUL_32, 3, { 0 }, 0 },
	{ "8c 1e", EMUL_32, 3, { 0 }, 0 },
	{ "1f", EMUL_32, 3, { DATA3 | 3 }, 0 },
	{ "17", EMUL_32, 3, { DATA3 | 3 }, 0 },
	{ "0f a0", EMUL_64, 3, { 0 }, 0 },
	{ "0f a9", EMUL_64, 3, { DATA3 | 3 }, 0 },
	{ "0f b2 36", EMUL_64, 3, { 0 }, DATA3 | 3 },
	{ "c4 36", EMUL_32, 3, { 0 }, DATA3 | 3 },
	{ "0f 00 d3", EMUL_64, 0, { 0 }, 0 },
	{ "0f 00 da", EMUL_64, 0, { 0 }, 0 },
	{ "0f 00 da", EMUL_32, 0, { 0 }, 0 },
	{ "0f 00 06", EMUL_64, 3, { 0 }, 0 },
	{ "0f 00 e0", EMUL_64, 3, { 0 }, 0 },
	{ "0f 02 c0", EMUL_64, 3, { 0 }, 0 },
	{ "0f 03 06", EMUL_64, 3, { 0 }, 0 },
	{ "63 06", EMUL_32, 3, { 0 }, 0 },
	{ "0f 01 06", EMUL_64, 0, { 0 }, 0 },
	{ "0f 01 0e", EMUL_32, 3, { 0 }, 0 },
	{ "0f 01 16", EMUL_64, 0, { 0 }, 0 },
	{ "0f 01 1e", EMUL_32, 0, { 0 }, 0 },
	{ "0f 01 26", EMUL_32, 3, { 0 }, 0 },
	{ "0f 01 36", EMUL_32, 0, { 0 }, 0 },
	{ "0f 01 d0", EMUL_64, 3, { 0 }, 0 },
	{ "0f 01 f8", EMUL_64, 0, { 0 }, 0 },
	{ "0f 01 f9", EMUL_64, 3, { 0 }, 0 },
	{ "0f 06", EMUL_64, 0, { 0 }, 0 },
	{ "0f 20 c0", EMUL_64, 0, { 0 }, 0 },
	{ "0f 22 d8", EMUL_64, 0, { 0 }, 0 },
	{ "0f 21 e0", EMUL_64, 0, { 0 }, 0 },
	{ "0f 23 f8", EMUL_64, 0, { 0 }, 0 },
	{ "0f 30", EMUL_64, 0, { 0 }, 0 },
	{ "0f 32", EMUL_64, 0, { 0 }, 0 },
	{ "0f 31", EMUL_64, 3, { 0 }, 0 },
	{ "ec", EMUL_64, 3, { 0 }, 0 },
	{ "e7 80", EMUL_32, 3, { 0 }, 0 },
	{ "6d", EMUL_64, 3, { 0 }, 0 },
	{ "6e", EMUL_32, 3, { 0 }, 0 },
	{ "0f 05", EMUL_64, 3, { 0 }, 0 },
	{ "48 0f 07", EMUL_64, 0, { 0 }, 0 },
	{ "0f 34", EMUL_32, 3, { 0 }, 0 },
	{ "0f 35", EMUL_32, 0, { 0 }, 0 },
	{ "ff 2e", EMUL_64, 3, { 0 }, CODE3_64 | 3 },
	{ "ff 2e", EMUL_32, 3, { 0 }, CODE3 | 3 },
	{ "ff 1e", EMUL_64, 3, { 0 }, CODE3 | 3 },
	{ "ff 1e", EMUL_64, 3, { 0 }, GATE | 3 },
	{ "ff 1e", EMUL_32, 3, { 0 }, GATE | 3 },
	{ "cb", EMUL_32, 3, { 0x432, CODE3 | 3 }, 0 },
	{ "cb", EMUL_32, 0, { 0x432, CODE3 | 3, STACK, DATA3 | 3 }, 0 },
	{ "cb", EMUL_64, 0, { 0x432, CODE3_64 | 3, STACK, DATA3 | 3 }, 0 },
	{ "cf", EMUL_32, 0, { 0x432, CODE3 | 3, 2, STACK, DATA3 | 3 }, 0 },
	{ "cf", EMUL_64, 0, { 0x432, CODE3_64 | 3, 2, STACK, DATA3 | 3 }, 0 },
	{ "cf", EMUL_64, 0, { 0x432, CODE0_64, 2, STACK, DATA0 }, 0 },
	{ "cd 21", EMUL_32, 3, { 0 }, 0 },
	{ "cd 21", EMUL_32, 0, { 0 }, 0 },
	{ "cd 21", EMUL_64, 3, { 0 }, 0 },
	{ "cc", EMUL_64, 0, { 0 }, 0 },
	{ "ce", EMUL_32, 3, { 0 }, 0 },
};

static enum emul_result run(const char *hex)
{
	u8 bytes[16];
	unsigned int n = hex_bytes(hex, bytes);

	return machine_run(bytes, n);
}

static void set_up(const struct insn *i)
{
	unsigned int k, size = 4;

	prepare(i->mode, i->cpl);
	if (i->mode == EMUL_64 && *i->hex != 'c')
		size = 8;
	if (!strncmp(i->hex, "c2", 2))
		size = 8;
	if (!strcmp(i->hex, "0f 01 d0"))
		now.gpr[GPR_RCX] = 0;
	for (k = 0; k < 5; k++)
		put(STACK + k * size, i->frame[k], size);
	put(DATA, 0x432, 4);
	if (i->selector)
		put(DATA + 4, i->selector, 2);
	else
		put(DATA, i->cpl ? DATA3 | 3 : DATA0, 8);
	start = now;
}

/* Accessed and busy bits are set when all else is known, but in memory. */
static void forget_marks(void)
{
	unsigned int at;

	for (at = GDT + 5; at < GDT + 0x68; at += 8)
		now.memory[at] = start.memory[at];
}

/* @return: false when there is no @nth callback. */
static bool fail_nth(const struct insn *i, unsigned int nth,
		     enum emul_result how)
{
	enum emul_result ret;

	now = start;
	fail_after = nth;
	fail_with = how;
	ret = run(i->hex);
	if (fail_after) {
		fail_after = 0;
		return false;
	}
	forget_marks();
	if (ret != how || memcmp(&now, &start, sizeof(now)))
		fail_msg("%s, mode %u, cpl %u: %d after callback %u", i->hex,
			 i->mode, i->cpl, ret, nth);
	assert_false(ctx.implicit);
	assert_true(ctx.mode == i->mode && ctx.protected && !ctx.stack);
	if (how == EMUL_FAULT)
		assert_true(ctx.fault.vector == 14 &&
			    ctx.fault.address == 0x1234);
	return true;
}

/* Executed again on the same decoded instruction. */
static void replay(const struct insn *i)
{
	enum emul_result ret = emul_exec(&ctx);

	now.rip = ctx.rip;
	now.rflags = ctx.rflags;
	now.cpl = ctx.cpl;
	if (ret != EMUL_OK || memcmp(&now, &whole, sizeof(now)))
		fail_msg("%s, mode %u, cpl %u: %d at last", i->hex, i->mode,
			 i->cpl, ret);
}

/* @return: how many callbacks there are. */
static unsigned int fail_all(const struct insn *i, enum emul_result how)
{
	unsigned int nth;

	for (nth = 1; fail_nth(i, nth, how); nth++)
		if (how == EMUL_USER)
			replay(i);
	return nth - 1;
}

static void test_atomic(void **unused)
{
	static const enum emul_result how[] = {
		EMUL_FAULT, EMUL_RETRY, EMUL_UNKNOWN, EMUL_USER,
	};
	unsigned int i, h, failures = 0;
	const struct insn *insn;

	for (i = 0; i < sizeof(insns) / sizeof(*insns); i++) {
		insn = &insns[i];
		set_up(insn);
		if (run(insn->hex) != EMUL_OK)
			fail_msg("%s, mode %u, cpl %u: vector %u error %x",
				 insn->hex, insn->mode, insn->cpl,
				 ctx.fault.vector, ctx.fault.error);
		assert_true(memcmp(&now, &start, sizeof(now)));
		whole = now;
		for (h = 0; h < 4; h++)
			failures += fail_all(insn, how[h]);
	}
	print_message("%u instructions, %u failures\n", i, failures);
	assert_true(failures > 4 * i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_atomic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
