// SPDX-License-Identifier: GPL-2.0-only
/*
 * emul_exec() takes effect as a whole: whichever callback fails, registers,
 * flags and memory are what they were, and doing it again gives what would
 * have come of it without the failure.  Locked instructions see what others
 * write meanwhile.  And when vector registers may be used.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <stdio.h>
#include <cmocka.h>

#include "emul/emul.h"
#include "emul_hex.h"

#define MEMORY	0x1000

struct machine {
	u64 gpr[16];
	u64 rip, rflags;
	u64 xmm[16][2];
	u8 memory[MEMORY];
};

static struct machine now;
static struct emul_ctx ctx;
static u64 cr0, cr4, xcr0;

/* The @fail_at th callback that can fail does so, @fail_with. */
static unsigned int calls, fail_at, reads, writes, exchanges;
static enum emul_result fail_with;
static bool meddle;	/* someone writes after each read */

static u32 base;	/* of all segments */

/* The page below 4 GiB is there too, it is the same one. */
static u8 *locate(u64 la, unsigned int len)
{
	if (la >= 0xfffff000)
		la -= 0xfffff000;
	assert_true(la + len <= MEMORY);
	return &now.memory[la];
}

static enum emul_result cb_fails(void)
{
	calls++;
	if (calls != fail_at)
		return EMUL_OK;
	ctx.fault = (struct emul_fault){ 14, true, 2, 0x1234 };
	return fail_with;
}

static void cb_segment(struct emul_ctx *c, enum x86_seg_nr seg,
		       struct x86_seg *out)
{
	*out = (struct x86_seg){
		.base = base, .limit = 0xffffffff,
		.attr = SEG_P | SEG_S | SEG_DB | 3,
	};
}

static enum emul_result cb_read(struct emul_ctx *c, u64 la, void *buf,
				unsigned int len)
{
	u8 *p = locate(la, len);

	memcpy(buf, p, len);
	if (meddle)
		++*p;
	reads++;
	return cb_fails();
}

static enum emul_result cb_write(struct emul_ctx *c, u64 la, const void *buf,
				 unsigned int len)
{
	u8 *p = locate(la, len);
	/* The second part of a write has been probed. */
	enum emul_result ret = base && !la ? EMUL_OK : cb_fails();

	if (ret == EMUL_OK)
		memcpy(p, buf, len);
	writes++;
	return ret;
}

static enum emul_result cb_probe(struct emul_ctx *c, u64 la, unsigned int len,
				 bool write)
{
	locate(la, len);
	return cb_fails();
}

static enum emul_result cb_cmpxchg(struct emul_ctx *c, u64 la, const void *old,
				   const void *new, unsigned int len)
{
	u8 *p = locate(la, len);
	enum emul_result ret = cb_fails();

	exchanges++;
	if (ret != EMUL_OK)
		return ret;
	if (memcmp(p, old, len))
		return EMUL_RETRY;
	memcpy(p, new, len);
	return EMUL_OK;
}

static enum emul_result cb_in(struct emul_ctx *c, u16 port, void *buf, unsigned int size)
{
	memcpy(buf, "\x55\x66\x77\x88", size);
	return cb_fails();
}

static void cb_vector(struct emul_ctx *c, unsigned int nr, void *buf,
		      unsigned int len)
{
	memcpy(buf, now.xmm[nr], len);
}

static void cb_vector_set(struct emul_ctx *c, unsigned int nr,
			  const void *buf, unsigned int len)
{
	memcpy(now.xmm[nr], buf, len);
}

static enum emul_result cb_reg(struct emul_ctx *c, enum emul_regs set, u32 nr,
			       u64 *val)
{
	assert_true(set == EMUL_CR || set == EMUL_XCR);
	*val = set == EMUL_XCR ? xcr0 : nr ? cr4 : cr0;
	return cb_fails();
}

static bool cb_has(struct emul_ctx *c, enum emul_feature feature)
{
	return true;
}

static const struct emul_ops ops = {
	.has = cb_has,
	.segment = cb_segment, .read = cb_read, .write = cb_write,
	.probe = cb_probe, .exchange = cb_cmpxchg, .in = cb_in, .vector = cb_vector,
	.vector_set = cb_vector_set, .reg = cb_reg,
};

static int reset(void **unused)
{
	unsigned int i;

	memset(&now, 0, sizeof(now));
	for (i = 0; i < MEMORY; i++)
		now.memory[i] = i * 11 + (i >> 8);
	for (i = 0; i < 16; i++) {
		now.gpr[i] = 0x1111111111111111ULL * i;
		now.xmm[i][0] = 0x0123456789abcdefULL * (i + 1);
		now.xmm[i][1] = 0xfedcba9876543210ULL * (i + 1);
	}
	now.gpr[GPR_RBX] = 0x400;
	now.gpr[GPR_RDI] = 0x400;
	now.gpr[GPR_RSI] = 0x300;
	now.gpr[GPR_RCX] = 0x203;
	now.gpr[GPR_RDX] = 1;
	now.rip = 0x100;
	now.rflags = 0x8d7;
	cr0 = 0x80050033;
	cr4 = 0x40620;
	xcr0 = 7;
	base = 0;
	calls = fail_at = reads = writes = exchanges = 0;
	meddle = false;
	return 0;
}

static enum emul_result run(enum emul_mode mode, const char *hex)
{
	enum emul_result ret;
	u8 bytes[16];
	unsigned int n = hex_bytes(hex, bytes);

	ctx = (struct emul_ctx){
		.ops = &ops, .mode = mode, .protected = true, .gpr = now.gpr,
		.rip = now.rip, .rflags = now.rflags,
	};
	calls = 0;
	assert_int_equal(emul_decode(&ctx.insn, mode, true, bytes, n), n);
	ret = emul_exec(&ctx);
	now.rip = ctx.rip;
	now.rflags = ctx.rflags;
	return ret;
}

/* All with [BX] or [EDI]; 64-bit mode has most of them, too. */
static const char *const locked[] = {
	"f0 00 07", "f0 01 07", "f0 09 07", "f0 11 07", "f0 19 07", "f0 21 07",
	"f0 29 07", "f0 31 07", "f0 80 07 05", "f0 83 2f 01", "f0 fe 07",
	"f0 ff 0f", "f0 f6 17", "f0 f7 1f", "f0 0f ab 07", "f0 0f b3 07",
	"f0 0f bb 07", "f0 0f ba 2f 03", "f0 0f ba 37 03", "f0 0f ba 3f 03",
	"f0 0f c0 07", "f0 0f c1 07", "f0 0f b0 0f", "f0 0f b1 0f",
	"f0 0f c7 0f", "0f b0 0f", "0f b1 0f", "0f c7 0f", "86 07", "87 07",
	"f0 87 17",
};

static const char *const unlocked[] = {
	"88 07", "89 07", "8a 07", "8b 07", "c6 07 05", "0f b6 07", "0f bf 07",
	"0f c3 07", "00 07", "01 07", "03 07", "13 07", "3b 07", "39 07",
	"80 07 05", "83 3f 05", "84 07", "85 07", "f6 07 01", "f7 17",
	"f7 1f", "fe 07", "ff 0f", "a4", "a5", "a6", "a7", "aa", "ab", "ac",
	"ad", "ae", "af", "f3 a5", "f3 a7", "f2 af", "c0 07 03", "d1 0f",
	"d3 17", "d3 1f", "d3 27", "d2 2f", "d3 3f", "0f a4 07 03", "0f ad 07",
	"0f a3 07", "0f ab 07", "0f ba 27 03", "0f ba 2f 03", "0f bc 07",
	"0f bd 07", "f3 0f bc 07", "f3 0f bd 07", "f3 0f b8 07",
	"f2 0f 38 f1 07", "0f 38 f0 07", "0f 38 f1 07", "69 07 34 12 00 00",
	"6b 07 12", "0f af 07", "f7 27", "f7 2f", "f6 27", "f7 37", "0f c1 07",
	"0f 44 07", "0f 45 07", "0f 94 07", "d7", "0f ae 3f",
	"0f 10 07", "0f 11 07", "f3 0f 10 07", "f2 0f 11 07", "0f 28 07",
	"0f 29 07", "0f 12 07", "0f 13 07", "0f 16 07", "66 0f 6e 07",
	"66 0f 7e 07", "66 0f 6f 07", "f3 0f 7f 07", "f3 0f 7e 07",
	"66 0f d6 07", "66 0f e7 07", "f2 0f f0 07", "66 0f 38 2a 07",
};

static u32 at_base;

/* Fail at each callback in turn; true when there was none to fail. */
static bool fail_once(enum emul_mode mode, const char *hex, unsigned int at,
		      enum emul_result with)
{
	struct machine before, after;
	enum emul_result ret;

	reset(NULL);
	base = at_base;
	before = now;
	assert_int_equal(run(mode, hex), EMUL_OK);
	after = now;

	now = before;
	fail_at = at;
	fail_with = with;
	ret = run(mode, hex);
	if (ret == EMUL_OK)
		return true;
	if (ret != with)
		fail_msg("%s in mode %u: %u, not %u", hex, mode, ret, with);
	if (memcmp(&now, &before, sizeof(now)))
		fail_msg("%s in mode %u, call %u: changed", hex, mode, at);
	/* Again, as after userspace has answered. */
	fail_at = 0;
	assert_int_equal(emul_exec(&ctx), EMUL_OK);
	now.rip = ctx.rip;
	now.rflags = ctx.rflags;
	if (memcmp(&now, &after, sizeof(now)))
		fail_msg("%s in mode %u, call %u: other result", hex, mode, at);
	return false;
}

static void fail_each(const char *hex)
{
	static const enum emul_result with[] = {
		EMUL_FAULT, EMUL_USER, EMUL_RETRY,
	};
	enum emul_mode mode;
	unsigned int i, at;

	/* An immediate of four bytes is for 32-bit operands. */
	for (mode = !strncmp(hex, "69", 2); mode <= EMUL_64; mode++)
		for (i = 0; i < 3; i++) {
			for (at = 1; !fail_once(mode, hex, at, with[i]); at++)
				;
			if (at == 1)
				fail_msg("%s accesses nothing", hex);
		}
}

static void test_failures(void **unused)
{
	unsigned int i;

	for (i = 0; i < sizeof(locked) / sizeof(*locked); i++)
		fail_each(locked[i]);
	for (i = 0; i < sizeof(unlocked) / sizeof(*unlocked); i++)
		fail_each(unlocked[i]);
	/* Nine bytes and REX: 64-bit mode only. */
	for (i = 1; !fail_once(EMUL_64, "f0 48 0f c7 0f", i, EMUL_USER); i++)
		;
	assert_true(i > 2);
}

/* Operands around the end of 4 GiB. */
static void test_wrap(void **unused)
{
	static const char *const hex[] = {
		"01 07", "89 07", "8b 07", "f0 01 07", "87 07", "0f 10 07",
		"0f 11 07", "a5", "6d", "f0 0f c7 0f", "66 0f d6 07", "d1 07",
	};
	static const u8 bytes[] = { 0x11, 0x22, 0x33, 0x44 };
	static const u8 port[] = { 0x55, 0x66, 0x77, 0x88 };
	unsigned int i, at;

	at_base = 0xfffffffe - 0x400;
	for (i = 0; i < sizeof(hex) / sizeof(*hex); i++) {
		for (at = 1; !fail_once(EMUL_32, hex[i], at, EMUL_FAULT); at++)
			;
		assert_true(at > 2);
	}
	at_base = 0;
	reset(NULL);
	base = 0xfffffffe - 0x400;
	now.gpr[GPR_RAX] = 0x44332211;
	assert_int_equal(run(EMUL_32, "89 07"), EMUL_OK);
	assert_memory_equal(&now.memory[MEMORY - 2], bytes, 2);
	assert_memory_equal(now.memory, bytes + 2, 2);
	assert_int_equal(run(EMUL_32, "8b 0f"), EMUL_OK);
	assert_true(now.gpr[GPR_RCX] == 0x44332211);
	assert_int_equal(run(EMUL_32, "6d"), EMUL_OK);
	assert_memory_equal(&now.memory[MEMORY - 2], port, 2);
	assert_memory_equal(now.memory, port + 2, 2);
}

/* Someone else writes between the read and the write. */
static void test_locked(void **unused)
{
	struct machine before;
	unsigned int i;

	for (i = 0; i < sizeof(locked) / sizeof(*locked); i++) {
		reset(NULL);
		before = now;
		meddle = true;
		if (run(EMUL_32, locked[i]) != EMUL_RETRY)
			fail_msg("%s is not atomic", locked[i]);
		before.memory[0x400]++;
		assert_memory_equal(&now, &before, sizeof(now));
		meddle = false;
		assert_int_equal(run(EMUL_32, locked[i]), EMUL_OK);
		assert_int_equal(exchanges, 2);
		assert_int_equal(writes, 0);
	}
	for (i = 0; i < sizeof(unlocked) / sizeof(*unlocked); i++) {
		reset(NULL);
		meddle = true;
		if (run(EMUL_32, unlocked[i]) != EMUL_OK)
			fail_msg("%s fails", unlocked[i]);
		assert_int_equal(exchanges, 0);
	}
}

/* A device is not read by an instruction that may not write to it. */
static void test_read_in_vain(void **unused)
{
	static const char *const hex[] = {
		"00 07", "f7 17", "ff 0f", "c1 07 03", "0f a4 07 03",
		"0f ab 07", "0f c1 07",
	};
	unsigned int i;

	for (i = 0; i < sizeof(locked) / sizeof(*locked); i++) {
		reset(NULL);
		fail_at = 1;
		fail_with = EMUL_FAULT;
		assert_int_equal(run(EMUL_32, locked[i]), EMUL_FAULT);
		assert_int_equal(reads, 0);
	}
	for (i = 0; i < sizeof(hex) / sizeof(*hex); i++) {
		reset(NULL);
		fail_at = 1;
		fail_with = EMUL_FAULT;
		assert_int_equal(run(EMUL_32, hex[i]), EMUL_FAULT);
		assert_int_equal(reads, 0);
	}
}

struct usable_case {
	u64 cr0, cr4, xcr0;
	int vector;
};

static void check_usable(const struct usable_case *c, const char *hex)
{
	struct machine before;
	int vector = c->vector;

	if (vector < 0 && strstr(hex, "43"))
		vector = 13;	/* misaligned */
	reset(NULL);
	before = now;
	cr0 = c->cr0;
	cr4 = c->cr4;
	xcr0 = c->xcr0;
	if (run(EMUL_32, hex) != (vector < 0 ? EMUL_OK : EMUL_FAULT))
		fail_msg("%s, CR0 %llx, CR4 %llx", hex, c->cr0, c->cr4);
	if (vector < 0)
		return;
	assert_int_equal(ctx.fault.vector, vector);
	assert_int_equal(ctx.fault.has_error, vector == 13);
	assert_memory_equal(&now, &before, sizeof(now));
}

/*
 * APM vol. 2, 11.2.1, and SDM vol. 2, table 2-23: CR0.EM is bit 2, TS 3;
 * CR4.OSFXSR is bit 9, OSXSAVE 18; XCR0.SSE and AVX are bits 1 and 2.
 */
static void test_usable(void **unused)
{
	static const struct usable_case legacy[] = {
		{ 0x80050033, 0x200, 0, -1 }, { 0x80050033, 0x40000, 7, 6 },
		{ 0x80050037, 0x200, 7, 6 }, { 0x8005003b, 0x200, 7, 7 },
		{ 0x8005003f, 0x200, 7, 6 }, { 0x8005003b, 0, 7, 6 },
	};
	static const char *const legacy_hex[] = {
		"0f 10 07", "0f 29 07", "66 0f 6e c1", "f3 0f 10 c1",
		"0f 28 43 01", "66 0f 7f 43 01", "f2 0f f0 07",
	};
	static const struct usable_case vex[] = {
		{ 0x80050033, 0x40000, 7, -1 }, { 0x80050037, 0x40000, 6, -1 },
		{ 0x80050033, 0x200, 7, 6 }, { 0x80050033, 0x40200, 3, 6 },
		{ 0x80050033, 0x40200, 5, 6 }, { 0x8005003b, 0x40200, 7, 7 },
		{ 0x8005003b, 0x40200, 3, 6 },
	};
	static const char *const vex_hex[] = {
		"c5 f8 10 07", "c5 f8 28 43 01", "c5 f9 6e c1", "c5 fa 10 c1",
	};
	unsigned int i, j;

	for (i = 0; i < sizeof(legacy) / sizeof(*legacy); i++)
		for (j = 0; j < sizeof(legacy_hex) / sizeof(*legacy_hex); j++)
			check_usable(&legacy[i], legacy_hex[j]);
	for (i = 0; i < sizeof(vex) / sizeof(*vex); i++)
		for (j = 0; j < sizeof(vex_hex) / sizeof(*vex_hex); j++)
			check_usable(&vex[i], vex_hex[j]);
	/* MOVNTI has nothing to do with vector registers. */
	assert_int_equal(run(EMUL_32, "0f c3 07"), EMUL_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_failures, reset),
		cmocka_unit_test_setup(test_wrap, reset),
		cmocka_unit_test_setup(test_locked, reset),
		cmocka_unit_test_setup(test_read_in_vain, reset),
		cmocka_unit_test_setup(test_usable, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
