// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads of segment registers and looks at descriptors, against the model in
 * tests/model/segload.c: every combination of type, DPL, P, RPL, CPL, table,
 * limit and mode, with random bases, limits and other bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "emul_machine.h"
#include "emul_random.h"
#include "tests/model/segload.h"

#define GDT	0x1000
#define LDT	0x2000
#define STACK	0x3000
#define DATA	0x4000
#define INDEX	5

#define FLAT	(SEG_P | SEG_S | SEG_DB | 3)
#define ZF	0x40

static struct machine before;
static unsigned long outcomes[16], plain;

/* The ways to load @seg, or to look. */
struct way {
	const char *bytes;
	u8 len;
	u8 seg;
	enum segload_what what;
	bool memory;	/* the selector is in memory, at DS:SI */
	bool popped;
	bool narrow;	/* not in 64-bit mode */
	bool shadow;
};

static const struct way ways[] = {
	{ "\x8e\xc0", 2, SEG_ES, LOAD_DATA, 0, 0, 0, 0 },
	{ "\x8e\xd8", 2, SEG_DS, LOAD_DATA, 0, 0, 0, 0 },
	{ "\x8e\xe0", 2, SEG_FS, LOAD_DATA, 0, 0, 0, 0 },
	{ "\x8e\xe8", 2, SEG_GS, LOAD_DATA, 0, 0, 0, 0 },
	{ "\x8e\xd0", 2, SEG_SS, LOAD_SS, 0, 0, 0, 1 },
	{ "\x8e\x16", 2, SEG_SS, LOAD_SS, 1, 0, 0, 1 },
	{ "\x8e\x06", 2, SEG_ES, LOAD_DATA, 1, 0, 0, 0 },
	{ "\x07", 1, SEG_ES, LOAD_DATA, 0, 1, 1, 0 },
	{ "\x1f", 1, SEG_DS, LOAD_DATA, 0, 1, 1, 0 },
	{ "\x17", 1, SEG_SS, LOAD_SS, 0, 1, 1, 1 },
	{ "\x0f\xa1", 2, SEG_FS, LOAD_DATA, 0, 1, 0, 0 },
	{ "\x0f\xa9", 2, SEG_GS, LOAD_DATA, 0, 1, 0, 0 },
	{ "\xc4\x5e\xfc", 3, SEG_ES, LOAD_DATA, 1, 0, 1, 0 },
	{ "\xc5\x5e\xfc", 3, SEG_DS, LOAD_DATA, 1, 0, 1, 0 },
	{ "\x0f\xb2\x5e\xfc", 4, SEG_SS, LOAD_SS, 1, 0, 0, 0 },
	{ "\x0f\xb4\x5e\xfc", 4, SEG_FS, LOAD_DATA, 1, 0, 0, 0 },
	{ "\x0f\xb5\x5e\xfc", 4, SEG_GS, LOAD_DATA, 1, 0, 0, 0 },
	{ "\x0f\x00\xd0", 3, SEG_LDTR, LOAD_LDTR, 0, 0, 0, 0 },
	{ "\x0f\x00\x16", 3, SEG_LDTR, LOAD_LDTR, 1, 0, 0, 0 },
	{ "\x0f\x00\xd8", 3, SEG_TR, LOAD_TR, 0, 0, 0, 0 },
	{ "\x0f\x00\x1e", 3, SEG_TR, LOAD_TR, 1, 0, 0, 0 },
	{ "\x0f\x00\xe0", 3, 0, LOOK_VERR, 0, 0, 0, 0 },
	{ "\x0f\x00\xe8", 3, 0, LOOK_VERW, 0, 0, 0, 0 },
	{ "\x0f\x02\xd8", 3, 0, LOOK_LAR, 0, 0, 0, 0 },
	{ "\x0f\x02\x1e", 3, 0, LOOK_LAR, 1, 0, 0, 0 },
	{ "\x0f\x03\xd8", 3, 0, LOOK_LSL, 0, 0, 0, 0 },
	{ "\x0f\x03\x1e", 3, 0, LOOK_LSL, 1, 0, 0, 0 },
};

enum setting { LEGACY, COMPAT, WIDE, SETTINGS };

static void place(u64 la, const void *p, unsigned int len)
{
	memcpy(&now.memory[la], p, len);
}

/* A machine in which nothing else than the load can go wrong. */
static void prepare(const struct segload_in *in, const struct way *way)
{
	unsigned int table = in->selector & 4 ? LDT : GDT;
	unsigned int limit = INDEX * 8 + (in->second ? 15 : 7) - !in->inside;
	unsigned int i;

	memset(&now, 0, sizeof(now));
	for (i = 0; i < 6; i++)
		now.seg[i] = (struct x86_seg){
			.limit = 0xffffffff, .selector = 0x100 * i,
			.attr = FLAT | in->cpl << 5,
		};
	for (i = 0; i < 16; i++)
		now.gpr[i] = 0x1111111111111111ULL * i;
	now.seg[SEG_LDTR] = (struct x86_seg){
		.base = LDT, .limit = limit, .attr = SEG_P | 2,
	};
	now.table[0] = (struct x86_table){ GDT, limit };
	place(table + INDEX * 8, &in->low, 16);
	now.gpr[GPR_RSP] = STACK;
	now.gpr[GPR_RSI] = DATA;
	now.gpr[GPR_RAX] = 0xdead0000 | in->selector;
	place(DATA, &in->selector, 2);
	place(DATA - 4, "\x78\x56\x34\x12", 4);
	place(STACK, &in->selector, 2);
	now.rip = 0x100;
	now.rflags = 2 | (random64() & 0x8d5);
	now.cpl = in->cpl;
}

static void fail_case(const char *what, const struct way *way,
		      const struct segload_in *in)
{
	unsigned int i;

	print_error("%s:", what);
	for (i = 0; i < way->len; i++)
		print_error(" %02x", (u8)way->bytes[i]);
	print_error(" selector %x inside %d %d cpl %u, %08x %08x %08x %08x, "
		    "long %d %d\n", in->selector, in->inside, in->second,
		    in->cpl, in->low, in->high, in->upper, in->top,
		    in->long_mode, in->mode64);
	fail();
}

/* What a successful load has changed, done to the state before. */
static void expect_load(const struct segload_in *in, const struct way *way,
			const struct segload_out *out)
{
	struct x86_seg *seg = &before.seg[way->seg];
	unsigned int table = in->selector & 4 ? LDT : GDT;

	*seg = (struct x86_seg){ .selector = in->selector };
	if (out->null && in->what == LOAD_SS)
		seg->attr = in->cpl << 5;
	if (!out->null) {
		seg->base = out->base;
		seg->limit = out->limit;
		seg->attr = out->attr;
		memcpy(&before.memory[table + INDEX * 8 + 4], &out->high, 4);
	}
	if (way->popped)
		before.gpr[GPR_RSP] += in->mode64 ? 8 : 4;
	if ((u8)way->bytes[way->len - 1] == 0xfc)
		before.gpr[GPR_RBX] = 0x12345678;
	before.shadow = way->shadow;
}

static void expect_look(const struct segload_out *out)
{
	before.rflags &= ~(u64)ZF;
	if (!out->zf)
		return;
	before.rflags |= ZF;
}

static void compare(const struct segload_in *in, const struct way *way,
		    enum emul_result ret)
{
	struct segload_out out;

	segload_model(in, &out);
	if (out.vector < 0) {
		if (ret != EMUL_OK)
			fail_case("not executed", way, in);
		before.rip += way->len;
		if (in->what < LOOK_LAR)
			expect_load(in, way, &out);
		else
			expect_look(&out);
		if (out.zf && (in->what == LOOK_LAR || in->what == LOOK_LSL))
			before.gpr[GPR_RBX] = out.result;
		plain++;
	} else {
		if (ret != EMUL_FAULT || ctx.fault.vector != out.vector ||
		    ctx.fault.error != out.error || !ctx.fault.has_error)
			fail_case("fault", way, in);
		outcomes[out.vector]++;
	}
	if (memcmp(&before, &now, sizeof(now)))
		fail_case("state", way, in);
}

static void run_case(const struct way *way, struct segload_in *in,
		     enum setting setting)
{
	enum emul_result ret;

	in->what = way->what;
	in->long_mode = setting != LEGACY;
	in->mode64 = setting == WIDE;
	if (in->mode64 && way->narrow)
		return;
	ctx = (struct emul_ctx){
		.mode = in->mode64 ? EMUL_64 : EMUL_32, .protected = true,
		.long_mode = in->long_mode, .amd = true,
	};
	prepare(in, way);
	before = now;
	ret = machine_run((const u8 *)way->bytes, way->len);
	compare(in, way, ret);
}

/* All that the low byte of the attributes, RPL, CPL and the tables can be. */
static void random_rest(struct segload_in *in, unsigned int bits)
{
	in->cpl = bits & 3;
	in->selector = (random64() & 4) | (bits >> 2 & 3) | INDEX << 3;
	if (!below(24))
		in->selector = bits >> 2 & 3;
	in->inside = below(8);
	in->second = in->inside && below(8);
	in->low = random64();
	in->high = (random64() & 0xffff00ff) | (bits >> 4) << 8;
	in->upper = below(4) ? below(0x8000) : random64();
	if (!below(4))
		in->upper |= 0xffff8000;
	in->top = below(8) ? 0xffffe0ff & random64() : random64();
}

static void test_model(void **unused)
{
	struct segload_in in;
	unsigned int way, bits, n;

	for (way = 0; way < sizeof(ways) / sizeof(*ways); way++)
		for (bits = 0; bits < 0x1000; bits++)
			for (n = 0; n < SETTINGS * 2; n++) {
				random_rest(&in, bits);
				run_case(&ways[way], &in, n % SETTINGS);
			}
	print_message("%lu executed, %lu #NP, %lu #SS, %lu #GP\n", plain,
		      outcomes[11], outcomes[12], outcomes[13]);
	assert_true(plain && outcomes[11] && outcomes[12] && outcomes[13]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
