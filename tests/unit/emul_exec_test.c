// SPDX-License-Identifier: GPL-2.0-only
/*
 * emul_exec() in 16- and 32-bit modes, where the expected values come from the
 * manuals: addresses, segment checks, faults; and what holds in every mode
 * about callbacks and about instructions that are not executed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "emul/emul.h"
#include "emul_hex.h"

#define DATA_RW		(SEG_P | SEG_S | 3)
#define DATA_RO		(SEG_P | SEG_S | 1)
#define DATA_DOWN	(SEG_P | SEG_S | 7)
#define CODE_RX		(SEG_P | SEG_S | 0xb)
#define CODE_X		(SEG_P | SEG_S | 9)
#define X86_EFLAGS_VM	0x20000
#define X86_EFLAGS_RF	0x10000
#define X86_EFLAGS_DF	0x400

/* Linear addresses wrap at 1 MiB here, so that 4 GiB - 1 has a place too. */
#define MEMORY		0x100000

static u8 memory[MEMORY];
static struct x86_seg segments[6];
static u64 gpr[16];
static struct emul_ctx ctx;

/* What the callbacks saw. */
static u64 read_la, write_la;
static unsigned int calls, read_len, write_len;
static enum emul_result answer;

static void cb_segment(struct emul_ctx *c, enum x86_seg_nr seg,
		       struct x86_seg *out)
{
	*out = segments[seg];
}

static enum emul_result cb_read(struct emul_ctx *c, u64 la, void *buf,
				unsigned int len)
{
	read_la = la;
	read_len = len;
	calls++;
	memcpy(buf, &memory[la % MEMORY], len);
	return answer;
}

static enum emul_result cb_write(struct emul_ctx *c, u64 la,
				 const void *buf, unsigned int len)
{
	write_la = la;
	write_len = len;
	calls++;
	if (answer == EMUL_OK)
		memcpy(&memory[la % MEMORY], buf, len);
	return answer;
}

static enum emul_result cb_probe(struct emul_ctx *c, u64 la, unsigned int len,
				 bool write)
{
	return EMUL_OK;
}

static enum emul_result cb_cmpxchg(struct emul_ctx *c, u64 la,
				   const void *old, const void *new,
				   unsigned int len)
{
	assert_memory_equal(old, &memory[la % MEMORY], len);
	return cb_write(c, la, new, len);
}

static bool cb_has(struct emul_ctx *c, enum emul_feature feature)
{
	return true;
}

static const struct emul_ops ops = {
	.has = cb_has,
	.segment = cb_segment, .read = cb_read, .write = cb_write,
	.probe = cb_probe, .exchange = cb_cmpxchg,
};

/* Flat-limit segments with a base that tells which one it was. */
static int reset(void **unused)
{
	unsigned int i;

	for (i = 0; i < 6; i++)
		segments[i] = (struct x86_seg){
			.base = 0x10000 * (i + 1), .limit = 0xffffffff,
			.attr = DATA_RW | SEG_DB,
		};
	segments[SEG_CS].attr = CODE_RX;
	for (i = 0; i < MEMORY; i++)
		memory[i] = i * 7 + (i >> 8);
	memset(gpr, 0, sizeof(gpr));
	ctx = (struct emul_ctx){
		.ops = &ops, .mode = EMUL_32, .protected = true, .gpr = gpr,
		.rip = 0x100, .rflags = 2,
	};
	calls = 0;
	read_la = write_la = ~0ULL;
	answer = EMUL_OK;
	return 0;
}

static enum emul_result run(const char *hex)
{
	u8 bytes[16];
	unsigned int n = hex_bytes(hex, bytes);

	assert_int_equal(emul_decode(&ctx.insn, ctx.mode, ctx.amd, bytes, n), n);
	return emul_exec(&ctx);
}

static void expect_fault(const char *hex, u8 vector, bool has_error)
{
	u64 before[16];

	memcpy(before, gpr, sizeof(before));
	calls = 0;
	assert_int_equal(run(hex), EMUL_FAULT);
	assert_int_equal(ctx.fault.vector, vector);
	assert_int_equal(ctx.fault.has_error, has_error);
	assert_int_equal(ctx.fault.error, 0);
	assert_int_equal(ctx.rip, 0x100);
	assert_int_equal(calls, 0);
	assert_memory_equal(gpr, before, sizeof(before));
}

struct address_case {
	const char *hex;
	enum emul_mode mode;
	u64 la;
};

/* BX 1000, BP 2000, SI 300, DI 40, SP 5; ES at 10000, CS at 20000 and so on. */
static const struct address_case addresses[] = {
	/* SDM vol. 2, table 2-1. */
	{ "8a 00", EMUL_16, 0x41300 },
	{ "8a 01", EMUL_16, 0x41040 },
	{ "8a 02", EMUL_16, 0x32300 },
	{ "8a 03", EMUL_16, 0x32040 },
	{ "8a 04", EMUL_16, 0x40300 },
	{ "8a 05", EMUL_16, 0x40040 },
	{ "8a 06 34 12", EMUL_16, 0x41234 },
	{ "8a 07", EMUL_16, 0x41000 },
	{ "8a 40 ff", EMUL_16, 0x412ff },
	{ "8a 43 10", EMUL_16, 0x32050 },
	{ "8a 46 fe", EMUL_16, 0x31ffe },
	{ "8a 87 00 f0", EMUL_16, 0x40000 },	/* 1000 + F000 wraps */
	{ "8a 86 00 f0", EMUL_16, 0x31000 },
	{ "67 8a 07", EMUL_32, 0x41000 },
	/* SDM vol. 2, tables 2-2 and 2-3. */
	{ "8a 03", EMUL_32, 0x41000 },
	{ "8a 05 78 06 00 00", EMUL_32, 0x40678 },
	{ "8a 45 00", EMUL_32, 0x32000 },
	{ "8a 04 24", EMUL_32, 0x30005 },
	{ "8a 04 64", EMUL_32, 0x30005 },	/* index 4: none */
	{ "8a 04 b3", EMUL_32, 0x41c00 },
	{ "8a 04 fd 00 10 00 00", EMUL_32, 0x41200 },
	{ "8a 44 dd 01", EMUL_32, 0x3a001 },
	{ "8a 83 00 f0 ff ff", EMUL_32, 0x40000 },
	{ "67 8a 03", EMUL_16, 0x41000 },
	{ "67 8a 45 04", EMUL_16, 0x32004 },
	/* Overrides, offsets. */
	{ "26 8a 07", EMUL_16, 0x11000 },
	{ "2e 8a 46 00", EMUL_16, 0x22000 },
	{ "36 8a 03", EMUL_32, 0x31000 },
	{ "3e 8a 45 00", EMUL_32, 0x42000 },
	{ "64 8a 03", EMUL_32, 0x51000 },
	{ "65 64 26 65 8a 03", EMUL_32, 0x61000 },
	{ "a0 34 12", EMUL_16, 0x41234 },
	{ "a0 34 12 00 00", EMUL_32, 0x41234 },
	{ "67 36 a0 34 12", EMUL_32, 0x31234 },
};

static void test_addresses(void **unused)
{
	unsigned int i;

	for (i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		const struct address_case *c = &addresses[i];

		reset(NULL);
		ctx.mode = c->mode;
		gpr[GPR_RBX] = 0x1000;
		gpr[GPR_RBP] = 0x2000;
		gpr[GPR_RSI] = 0x300;
		gpr[GPR_RDI] = 0x40;
		gpr[GPR_RSP] = 5;
		assert_int_equal(run(c->hex), EMUL_OK);
		if (read_la != c->la || read_len != 1)
			fail_msg("%s: %llx, not %llx", c->hex, read_la, c->la);
		assert_int_equal(gpr[GPR_RAX] & 0xff, memory[c->la]);
		assert_int_equal(ctx.rip, 0x100 + ctx.insn.len);
	}
}

/* Upper halves of registers are not part of an address. */
static void test_address_width(void **unused)
{
	ctx.mode = EMUL_16;
	gpr[GPR_RBX] = 0xdead1000;
	gpr[GPR_RSI] = 0xbeeff123;
	assert_int_equal(run("8a 00"), EMUL_OK);
	assert_int_equal(read_la, 0x40123);

	/* Linear addresses have 32 bits outside 64-bit mode. */
	ctx.mode = EMUL_32;
	segments[SEG_DS].base = 0xfffffff0;
	gpr[GPR_RBX] = 0x20;
	assert_int_equal(run("8b 03"), EMUL_OK);
	assert_int_equal(read_la, 0x10);
	gpr[GPR_RBX] = 0xe;
	calls = 0;
	assert_int_equal(run("8b 03"), EMUL_OK);
	assert_int_equal(calls, 2);
	assert_int_equal(read_la, 0);
	assert_int_equal(read_len, 2);
	assert_int_equal(gpr[GPR_RAX], memory[MEMORY - 2] | memory[MEMORY - 1] << 8 |
			 memory[0] << 16 | (u32)memory[1] << 24);
	gpr[GPR_RAX] = 0x44332211;
	assert_int_equal(run("89 03"), EMUL_OK);
	assert_int_equal(memory[MEMORY - 1], 0x22);
	assert_int_equal(memory[0], 0x33);
}

/* SDM vol. 3, 5.3. */
static void test_limits(void **unused)
{
	segments[SEG_DS].limit = segments[SEG_SS].limit = 0xfff;
	gpr[GPR_RBX] = gpr[GPR_RBP] = 0xffc;
	assert_int_equal(run("8b 03"), EMUL_OK);
	ctx.rip = 0x100;
	gpr[GPR_RBX] = gpr[GPR_RBP] = 0xffd;
	expect_fault("8b 03", 13, true);
	expect_fault("89 03", 13, true);
	expect_fault("87 03", 13, true);
	expect_fault("8b 45 00", 12, true);
	expect_fault("36 8b 03", 12, true);
	gpr[GPR_RBX] = 0xffffffff;
	expect_fault("8b 03", 13, true);

	/* Expand-down: what is above the limit, up to 64 KiB or 4 GiB. */
	segments[SEG_DS].attr = DATA_DOWN;
	gpr[GPR_RBX] = 0xfff;
	expect_fault("8b 03", 13, true);
	gpr[GPR_RBX] = 0xfffd;
	expect_fault("8b 03", 13, true);
	gpr[GPR_RBX] = 0x1000;
	assert_int_equal(run("8b 03"), EMUL_OK);
	gpr[GPR_RBX] = 0xfffc;
	assert_int_equal(run("8b 03"), EMUL_OK);
	segments[SEG_DS].attr |= SEG_DB;
	gpr[GPR_RBX] = 0xfffd;
	assert_int_equal(run("8b 03"), EMUL_OK);
}

/* SDM vol. 3, 5.5 and table 3-1. */
static void test_types(void **unused)
{
	segments[SEG_DS].attr = DATA_RO;
	expect_fault("88 03", 13, true);
	expect_fault("86 03", 13, true);
	expect_fault("00 03", 13, true);
	assert_int_equal(run("8a 03"), EMUL_OK);
	assert_int_equal(run("38 03"), EMUL_OK);
	ctx.rip = 0x100;
	expect_fault("2e 88 03", 13, true);
	assert_int_equal(run("2e 8a 03"), EMUL_OK);
	ctx.rip = 0x100;
	segments[SEG_CS].attr = CODE_X;
	expect_fault("2e 8a 03", 13, true);
	segments[SEG_DS].attr = 0;	/* a null selector was loaded */
	expect_fault("8a 03", 13, true);
	segments[SEG_SS].attr &= ~SEG_P;
	expect_fault("36 8a 03", 12, true);
	/* The destination of a string instruction is in ES, always. */
	segments[SEG_ES].attr = DATA_RO;
	expect_fault("64 aa", 13, true);
}

/* Limits only; no error code, but in virtual-8086 mode there is one. */
static void test_real(void **unused)
{
	unsigned int i;

	ctx.mode = EMUL_16;
	ctx.protected = false;
	for (i = 0; i < 6; i++) {
		segments[i].limit = 0xffff;
		segments[i].attr = CODE_X;
	}
	gpr[GPR_RBX] = gpr[GPR_RBP] = 0xffff;
	assert_int_equal(run("88 07"), EMUL_OK);
	assert_int_equal(write_la, 0x4ffff);
	ctx.rip = 0x100;
	expect_fault("8b 07", 13, false);
	expect_fault("8b 46 00", 12, false);
	ctx.rflags |= X86_EFLAGS_VM;
	expect_fault("8b 07", 13, true);
	/* An expand-down type left over from protected mode means nothing. */
	segments[SEG_DS].attr = DATA_DOWN;
	gpr[GPR_RBX] = 8;
	assert_int_equal(run("8b 07"), EMUL_OK);
}

static void test_registers(void **unused)
{
	gpr[GPR_RAX] = 0x1111111111111111;
	gpr[GPR_RBX] = 0x2222222222222222;
	assert_int_equal(run("8a e3"), EMUL_OK);	/* MOV AH, BL */
	assert_true(gpr[GPR_RAX] == 0x1111111111112211);
	assert_int_equal(run("66 89 d8"), EMUL_OK);	/* MOV AX, BX */
	assert_true(gpr[GPR_RAX] == 0x1111111111112222);
	assert_int_equal(run("89 d8"), EMUL_OK);
	assert_true(gpr[GPR_RAX] == 0x22222222);
	gpr[GPR_RBX] = 0x8081;
	assert_int_equal(run("0f be c7"), EMUL_OK);	/* MOVSX EAX, BH */
	assert_true(gpr[GPR_RAX] == 0xffffff80);
	assert_int_equal(run("66 0f b6 c3"), EMUL_OK);	/* MOVZX AX, BL */
	assert_true(gpr[GPR_RAX] == 0xffff0081);

	ctx.mode = EMUL_64;
	gpr[GPR_RAX] = ~0ULL;
	gpr[GPR_RBX] = 0x123;
	assert_int_equal(run("66 63 03"), EMUL_OK);	/* MOVSXD AX, [RBX] */
	assert_int_equal(read_len, 4);
	assert_true(gpr[GPR_RAX] == (~0xffffULL | memory[0x123] |
				memory[0x124] << 8));

	ctx.mode = EMUL_32;
	ctx.rip = 0xfffffffe;
	ctx.rflags |= X86_EFLAGS_RF;
	assert_int_equal(run("89 d8"), EMUL_OK);
	assert_true(ctx.rip == 0);
	assert_int_equal(ctx.rflags & X86_EFLAGS_RF, 0);
	ctx.mode = EMUL_16;
	ctx.rip = 0xffff;
	assert_int_equal(run("90"), EMUL_OK);
	assert_true(ctx.rip == 0x10000);
}

/* The address size says how wide the count and the indexes are. */
static void test_strings(void **unused)
{
	ctx.mode = EMUL_16;
	gpr[GPR_RCX] = 0xabcd0002;
	gpr[GPR_RSI] = 0x1234fffe;
	gpr[GPR_RDI] = 0x56780010;
	assert_int_equal(run("f3 a5"), EMUL_OK);	/* REP MOVSW */
	assert_int_equal(ctx.rip, 0x100);
	assert_int_equal(read_la, 0x4fffe);
	assert_int_equal(write_la, 0x10010);
	assert_true(gpr[GPR_RSI] == 0x12340000 && gpr[GPR_RDI] == 0x56780012);
	assert_true(gpr[GPR_RCX] == 0xabcd0001);
	assert_int_equal(run("f3 a5"), EMUL_OK);
	assert_int_equal(ctx.rip, 0x102);
	assert_true(gpr[GPR_RCX] == 0xabcd0000);
	assert_memory_equal(&memory[0x10010], &memory[0x4fffe], 2);
	assert_memory_equal(&memory[0x10012], &memory[0x40000], 2);
	calls = 0;
	assert_int_equal(run("f2 aa"), EMUL_OK);	/* count 0: nothing */
	assert_int_equal(calls, 0);
	assert_int_equal(ctx.rip, 0x104);

	ctx.rflags |= X86_EFLAGS_DF;
	gpr[GPR_RSI] = 2;
	assert_int_equal(run("67 2e 66 ad"), EMUL_OK);	/* LODSD CS:[ESI] */
	assert_int_equal(read_la, 0x20002);
	assert_int_equal(read_len, 4);
	assert_true(gpr[GPR_RSI] == 0xfffffffe);
	assert_memory_equal(&gpr[GPR_RAX], &memory[0x20002], 4);
}

/* An access that is not finished leaves all as it was, to be done again. */
static void test_user(void **unused)
{
	u64 before[16];

	gpr[GPR_RCX] = 3;
	gpr[GPR_RAX] = 0x12345678;
	gpr[GPR_RBX] = 0x500;
	memcpy(before, gpr, sizeof(before));
	answer = EMUL_USER;
	assert_int_equal(run("f3 a5"), EMUL_USER);
	assert_int_equal(run("87 03"), EMUL_USER);
	assert_int_equal(run("01 03"), EMUL_USER);
	assert_int_equal(run("0f b7 03"), EMUL_USER);
	assert_memory_equal(gpr, before, sizeof(before));
	assert_int_equal(ctx.rip, 0x100);
	assert_int_equal(ctx.rflags, 2);
	answer = EMUL_OK;
	assert_int_equal(emul_exec(&ctx), EMUL_OK);
	assert_int_equal(read_la, 0x40500);
	assert_int_equal(ctx.rip, 0x103);
}

static void test_unknown(void **unused)
{
	static const char *const hex[] = {
		"f1", "c5 f8 58 03", "0f 38 f0 c0", "d8 03",
		"0f 58 c1", "0f c7 f0", "0f 01 c1",
	};
	unsigned int i;

	for (i = 0; i < sizeof(hex) / sizeof(*hex); i++) {
		if (run(hex[i]) != EMUL_UNKNOWN)
			fail_msg("%s is executed", hex[i]);
		assert_int_equal(calls, 0);
		assert_int_equal(ctx.rip, 0x100);
	}
}

/* SDM vol. 2, LOCK; its list of instructions.  UD2, UD1, UD0. */
static void test_invalid(void **unused)
{
	static const char *const bad[] = {
		"f0 88 03", "f0 00 c3", "f0 02 03", "f0 83 3b 01", "f0 a4",
		"f0 8b 03", "f0 f6 03 01", "f0 0f a3 03", "f0 0f ba 23 01",
		"f0 0f ba e8 01", "f0 d1 03", "f0 f7 23", "f0 90",
		"f0 0f 40 03", "f0 0f c8", "f0 0f b1 c3", "f0 04 01",
		"f0 40", "f0 85 03", "f0 0f c3 03", "f0 0f af 03",
	};
	static const char *const good[] = {
		"f0 00 03", "f0 ff 03", "f0 86 03", "f0 11 03", "f0 83 2b 01",
		"f0 f7 13", "f0 f6 1b", "f0 0f ab 03", "f0 0f ba 33 01",
		"f0 0f bb 03", "f0 0f b1 13", "f0 0f c1 03", "f0 0f c7 0b",
	};
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		expect_fault(bad[i], 6, false);
	expect_fault("0f 0b", 6, false);
	expect_fault("0f b9 03", 6, false);
	expect_fault("0f ff c0", 6, false);
	gpr[GPR_RBX] = 0x40;
	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (run(good[i]) != EMUL_OK)
			fail_msg("%s", good[i]);
}

/* SDM vol. 1, 3.3.7.1: 48 or 57 bits, no limits, no types. */
static void test_canonical(void **unused)
{
	ctx.mode = EMUL_64;
	memset(segments, 0, sizeof(segments));
	gpr[GPR_RBX] = gpr[GPR_RBP] = 0x00007ffffffffffc;
	assert_int_equal(run("8b 03"), EMUL_OK);
	ctx.rip = 0x100;
	gpr[GPR_RBX] = gpr[GPR_RBP] = 0x00007ffffffffffd;
	expect_fault("8b 03", 13, true);
	expect_fault("8b 45 00", 12, true);
	expect_fault("2e 8b 45 00", 12, true);
	expect_fault("64 8b 45 00", 13, true);
	gpr[GPR_RBX] = 0xffff800000000000;
	assert_int_equal(run("8b 03"), EMUL_OK);
	ctx.la57 = true;
	gpr[GPR_RBX] = 0x00fffffffffffff8;
	assert_int_equal(run("48 8b 03"), EMUL_OK);
	ctx.rip = 0x100;
	gpr[GPR_RBX] = 0x0100000000000000;
	expect_fault("8b 03", 13, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_addresses, reset),
		cmocka_unit_test_setup(test_address_width, reset),
		cmocka_unit_test_setup(test_limits, reset),
		cmocka_unit_test_setup(test_types, reset),
		cmocka_unit_test_setup(test_real, reset),
		cmocka_unit_test_setup(test_registers, reset),
		cmocka_unit_test_setup(test_strings, reset),
		cmocka_unit_test_setup(test_user, reset),
		cmocka_unit_test_setup(test_unknown, reset),
		cmocka_unit_test_setup(test_invalid, reset),
		cmocka_unit_test_setup(test_canonical, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
