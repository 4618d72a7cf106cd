// SPDX-License-Identifier: GPL-2.0-only
/*
 * emul_exec() in 32- and 16-bit code against the processor that runs the test.
 * Which flags are undefined after which count is emul_native_int_test's: here
 * those of shifts are not compared.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "emul_compat.h"
#include "emul_random.h"

#define CASES	600000

#define CF	0x001
#define PF	0x004
#define AF	0x010
#define ZF	0x040
#define SF	0x080
#define OF	0x800
#define FLAGS	0xcd5	/* and DF */
#define BITS	(OF | SF | ZF | AF | PF)
#define MULS	(SF | ZF | AF | PF)

enum {
	REP = 1, F3 = 2, REG = 4, NO_MODRM = 8, MOFFS = 16, STRING = 32,
	NO66 = 64, MEM = 128,
};

struct form {
	u8 map, first, last;
	u8 groups;	/* bit n: /n; 0: ModRM.reg is a register */
	unsigned int flags, undefined;
};

static const struct form forms[] = {
	{ 0, 0x00, 0x03, 0, 0, 0 }, { 0, 0x04, 0x05, 0, NO_MODRM, 0 },
	{ 0, 0x08, 0x0b, 0, 0, AF }, { 0, 0x0c, 0x0d, 0, NO_MODRM, AF },
	{ 0, 0x10, 0x13, 0, 0, 0 }, { 0, 0x14, 0x15, 0, NO_MODRM, 0 },
	{ 0, 0x18, 0x1b, 0, 0, 0 }, { 0, 0x1c, 0x1d, 0, NO_MODRM, 0 },
	{ 0, 0x20, 0x23, 0, 0, AF }, { 0, 0x24, 0x25, 0, NO_MODRM, AF },
	{ 0, 0x27, 0x27, 0, NO_MODRM, OF }, { 0, 0x28, 0x2b, 0, 0, 0 },
	{ 0, 0x2f, 0x2f, 0, NO_MODRM, OF }, { 0, 0x30, 0x33, 0, 0, AF },
	{ 0, 0x37, 0x37, 0, NO_MODRM, OF | SF | ZF | PF },
	{ 0, 0x38, 0x3b, 0, 0, 0 },
	{ 0, 0x3f, 0x3f, 0, NO_MODRM, OF | SF | ZF | PF },
	{ 0, 0x40, 0x4f, 0, NO_MODRM, 0 },
	{ 0, 0x62, 0x62, 0, MEM, 0 },
	{ 0, 0x69, 0x69, 0, 0, MULS }, { 0, 0x6b, 0x6b, 0, 0, MULS },
	{ 0, 0x80, 0x83, 0, 0, AF }, { 0, 0x84, 0x85, 0, 0, AF },
	{ 0, 0x86, 0x8b, 0, 0, 0 }, { 0, 0x8d, 0x8d, 0, MEM, 0 },
	{ 0, 0x90, 0x99, 0, NO_MODRM, 0 }, { 0, 0x9e, 0x9f, 0, NO_MODRM, 0 },
	{ 0, 0xa0, 0xa3, 0, NO_MODRM | MOFFS, 0 },
	{ 0, 0xa4, 0xa7, 0, NO_MODRM | STRING | REP, 0 },
	{ 0, 0xa8, 0xa9, 0, NO_MODRM, AF },
	{ 0, 0xaa, 0xaf, 0, NO_MODRM | STRING | REP, 0 },
	{ 0, 0xb0, 0xbf, 0, NO_MODRM, 0 },
	{ 0, 0xc0, 0xc1, 0, 0, AF | OF | CF }, { 0, 0xd0, 0xd1, 0, 0, AF },
	{ 0, 0xd2, 0xd3, 0, 0, AF | OF | CF }, { 0, 0xc6, 0xc7, 1, 0, 0 },
	{ 0, 0xd4, 0xd5, 0, NO_MODRM, OF | AF | CF },
	{ 0, 0xd6, 0xd6, 0, NO_MODRM, 0 }, { 0, 0xd7, 0xd7, 0, NO_MODRM, 0 },
	{ 0, 0xf5, 0xf5, 0, NO_MODRM, 0 }, { 0, 0xf8, 0xf9, 0, NO_MODRM, 0 },
	{ 0, 0xfc, 0xfd, 0, NO_MODRM, 0 },
	{ 0, 0xf6, 0xf7, 0x0f, 0, AF }, { 0, 0xf6, 0xf7, 0x30, 0, MULS },
	{ 0, 0xf6, 0xf7, 0xc0, 0, BITS | CF }, { 0, 0xfe, 0xff, 3, 0, 0 },
	{ 1, 0x40, 0x4f, 0, 0, 0 }, { 1, 0x90, 0x9f, 0, 0, 0 },
	{ 1, 0xa3, 0xa3, 0, REG, BITS }, { 1, 0xab, 0xab, 0, REG, BITS },
	{ 1, 0xb3, 0xb3, 0, REG, BITS }, { 1, 0xbb, 0xbb, 0, REG, BITS },
	{ 1, 0xba, 0xba, 0xf0, 0, BITS }, { 1, 0xaf, 0xaf, 0, 0, MULS },
	{ 1, 0xb0, 0xb1, 0, 0, 0 }, { 1, 0xb6, 0xb7, 0, 0, 0 },
	{ 1, 0xb8, 0xb8, 0, F3, 0 }, { 1, 0xbe, 0xbf, 0, 0, 0 },
	{ 1, 0xbc, 0xbd, 0, 0, (BITS & ~ZF) | CF }, { 1, 0xc0, 0xc1, 0, 0, 0 },
	{ 1, 0xc3, 0xc3, 0, MEM | NO66, 0 }, { 1, 0xc7, 0xc7, 2, MEM, 0 },
};

struct compat_case {
	const struct form *form;
	bool wide;		/* 32-bit code */
	bool a32;		/* 32-bit addresses */
	u8 code[16];
	unsigned int modrm;	/* its index in code */
	struct emul_insn insn;
	struct compat_state before;
};

static bool wide_code;

static void cb_segment(struct emul_ctx *ctx, enum x86_seg_nr seg,
		       struct x86_seg *out)
{
	bool small = !wide_code && (seg == SEG_DS || seg == SEG_ES);

	*out = (struct x86_seg){
		.base = small ? COMPAT_DATA : 0,
		.limit = small ? COMPAT_SIZE - 1 : 0xffffffff,
		.attr = SEG_P | SEG_S | 3 |
			(small ? 0 : SEG_DB),
	};
}

static u8 vectors[8][32];

static void cb_vector(struct emul_ctx *ctx, unsigned int nr, void *buf,
		      unsigned int len)
{
	memcpy(buf, vectors[nr], len);
}

static void cb_vector_set(struct emul_ctx *ctx, unsigned int nr,
			  const void *buf, unsigned int len)
{
	memcpy(vectors[nr], buf, len);
}

static const struct emul_ops ops = {
	.has = user_has,
	.segment = cb_segment,
	.read = user_read, .write = user_write, .probe = user_probe,
	.exchange = user_cmpxchg, .reg = user_reg,
	.vector = cb_vector, .vector_set = cb_vector_set,
};

static void make_code(struct compat_case *c)
{
	const struct form *form = c->form;
	u8 *p = c->code;
	unsigned int i;

	for (i = 0; i < 16; i++)
		c->code[i] = random64() >> 40;
	c->a32 = c->wide;
	if (!(form->flags & NO66) && below(3) == 0)
		*p++ = 0x66;
	if (below(4) == 0) {
		*p++ = 0x67;
		c->a32 = !c->wide;
	}
	if (below(4) == 0)
		*p++ = below(2) ? 0x26 : 0x3e;
	/* Without memory it is #UD in every case. */
	if (form->flags & (NO_MODRM | REG) && below(16) == 0)
		*p++ = 0xf0;
	else if (form->flags & F3)
		*p++ = 0xf3;
	else if (form->flags & REP && below(2))
		*p++ = 0xf2 + below(2);
	if (form->map)
		*p++ = 0x0f;
	*p++ = form->first + below(form->last - form->first + 1);
	c->modrm = p - c->code;
	if (form->flags & NO_MODRM)
		return;
	if (form->groups) {
		do
			i = below(8);
		while (!(form->groups >> i & 1));
		*p = (*p & 0xc7) | i << 3;
	}
	if (form->flags & REG)
		*p |= 0xc0;
	else if (*p >= 0xc0 && form->flags & MEM)
		*p -= 0x40 * (1 + below(3));
}

static void put32(u8 *p, u32 val)
{
	memcpy(p, &val, sizeof(val));
}

/* 32-bit addresses reach everything: they must be within data, or nearly. */
static bool steer_wide(struct compat_case *c)
{
	u32 at = (c->wide ? COMPAT_DATA : 0) - 8 + below(COMPAT_SIZE + 16);
	u8 *p = &c->code[c->modrm];
	unsigned int rm = *p & 7;
	u32 *gpr = c->before.gpr;

	if (c->form->flags & STRING) {
		/* Processors differ in which of two bad ones they see first. */
		gpr[GPR_RSI] = gpr[GPR_RDI] = (c->wide ? COMPAT_DATA : 0) + 256;
		gpr[below(2) ? GPR_RSI : GPR_RDI] = at;
	} else if (c->form->flags & MOFFS) {
		put32(p, at);
	} else if (c->form->flags & NO_MODRM) {
		gpr[GPR_RBX] = at;	/* XLAT */
	} else if (*p < 0xc0) {
		/* SIB and SS:EBP are the 64-bit test's. */
		if (rm == 4 || (rm == 5 && *p >= 0x40))
			return false;
		if (rm == 5)
			put32(p + 1, at);
		else if (*p >= 0x80)
			put32(p + 1, 0);
		if (rm != 5)
			gpr[rm] = at;
	}
	return true;
}

static bool steer_narrow(struct compat_case *c)
{
	unsigned int i;

	/* There is nothing below 64 KiB to compare. */
	if (c->wide && (c->code[c->modrm - 1] & 0xfe) == 0xa6)
		return false;
	/* Mostly within the limit, alone or added. */
	for (i = GPR_RBX; i < 8; i++)
		c->before.gpr[i] = (c->before.gpr[i] & 0xffff0000) |
				   below(COMPAT_SIZE / 2 + 4);
	if (c->code[c->modrm] >= 0x40 && below(4))
		c->code[c->modrm + 2] = 0;
	if (c->form->flags & MOFFS && below(4))
		c->code[c->modrm + 1] &= 0x1f;
	return true;
}

static bool choose_case(struct compat_case *c)
{
	unsigned int i;

	memset(c, 0, sizeof(*c));
	c->form = &forms[below(sizeof(forms) / sizeof(*forms))];
	c->wide = below(2);
	make_code(c);
	for (i = 0; i < 8; i++)
		c->before.gpr[i] = random64();
	if (below(2))
		c->before.gpr[GPR_RDX] &= 0xf;	/* quotients that fit */
	c->before.flags = 0x202 | (random64() & FLAGS);
	if (!(c->a32 ? steer_wide(c) : steer_narrow(c)))
		return false;
	if (c->form->flags & REP)
		c->before.gpr[GPR_RCX] = c->a32 ? below(5) :
			(c->before.gpr[GPR_RCX] & 0xffff0000) | below(5);
	return emul_decode(&c->insn, c->wide ? EMUL_32 : EMUL_16, user_amd, c->code,
			   15) > 0;
}

static bool emul_run(const struct compat_case *c, struct compat_state *state)
{
	struct emul_ctx ctx = {
		.ops = &ops, .mode = c->wide ? EMUL_32 : EMUL_16,
		.protected = true, .long_mode = true, .amd = user_amd, .cpl = 3,
		.rip = 0x100,
		.rflags = state->flags, .insn = c->insn,
	};
	enum emul_result ret = EMUL_OK;
	u64 gpr[16] = { 0 };
	unsigned int i;

	for (i = 0; i < 8; i++)
		gpr[i] = state->gpr[i];
	ctx.gpr = gpr;
	wide_code = c->wide;
	while (ret == EMUL_OK && ctx.rip == 0x100)
		ret = emul_exec(&ctx);
	if (ret != EMUL_OK && ret != EMUL_FAULT)
		return false;
	if (ctx.rip != 0x100U + (ret == EMUL_OK ? c->insn.len : 0))
		return false;
	for (i = 0; i < 8; i++)
		state->gpr[i] = gpr[i];
	state->flags = ctx.rflags;
	state->vector = ret == EMUL_FAULT ? ctx.fault.vector : -1;
	state->address = ctx.fault.address;
	return true;
}

static void fail_case(const char *what, const struct compat_case *c,
		      const struct compat_state *cpu,
		      const struct compat_state *emul)
{
	unsigned int i;

	print_error("%s, %u bits:", what, c->wide ? 32 : 16);
	for (i = 0; i < c->insn.len; i++)
		print_error(" %02x", c->code[i]);
	print_error("\nvector %d/%d at %x/%x, flags %x: %x/%x\n", cpu->vector,
		    emul->vector, cpu->address, emul->address,
		    c->before.flags, cpu->flags, emul->flags);
	for (i = 0; i < 8; i++)
		print_error("r%u %08x: %08x/%08x\n", i, c->before.gpr[i],
			    cpu->gpr[i], emul->gpr[i]);
	fail();
}

static unsigned long ended[33];	/* cases by vector, the last one: none */

static void run_case(const struct compat_case *c)
{
	struct compat_state cpu = c->before, emul = c->before;
	unsigned int flags = FLAGS & ~c->form->undefined;

	compat_run(c->wide, c->code, c->insn.len, &cpu);
	if (!emul_run(c, &emul))
		fail_case("not emulated", c, &cpu, &emul);
	if (cpu.vector != emul.vector ||
	    (cpu.vector == 14 && cpu.address != emul.address))
		fail_case("fault", c, &cpu, &emul);
	if (cpu.vector >= 0)
		flags = FLAGS;
	if (memcmp(cpu.gpr, emul.gpr, sizeof(cpu.gpr)))
		fail_case("registers", c, &cpu, &emul);
	if (((cpu.flags ^ emul.flags) & flags) &&
	    !(cpu.vector >= 0 && cpu.flags == c->before.flags &&
	      user_rep_compares(c->code, c->insn.len)))
		fail_case("flags", c, &cpu, &emul);
	if (memcmp((void *)(u64)COMPAT_DATA, user_copy, COMPAT_SIZE))
		fail_case("memory", c, &cpu, &emul);
	ended[cpu.vector < 0 ? 32 : cpu.vector]++;
}

static void fill_memory(void)
{
	bool sparse = below(3) == 0;
	unsigned int i;

	for (i = 0; i < COMPAT_SIZE; i++)
		user_copy[i] = sparse ? below(16) == 0 : random64() >> 32;
	memcpy((void *)(u64)COMPAT_DATA, user_copy, COMPAT_SIZE);
}

static void test_random(void **unused)
{
	struct compat_case c;
	unsigned int done = 0;

	if (!compat_init()) {
		print_message("no segments of 16 and 32 bits here\n");
		skip();
	}
	while (done < CASES) {
		if (done % 16384 == 0)
			fill_memory();
		if (!choose_case(&c))
			continue;
		run_case(&c);
		done++;
	}
	print_message("%u cases: %lu executed, %lu #DE, %lu #BR, %lu #UD, "
		      "%lu #GP, %lu #PF\n", done, ended[32], ended[0],
		      ended[5], ended[6], ended[13], ended[14]);
	assert_true(ended[32] > CASES / 2 && ended[0] && ended[5] &&
		    ended[6] && ended[13] && ended[14]);
}

/*
 * Bit 3 of VEX.vvvv is no part of a register's number here: UBSan finds one too
 * high.  Where there is no register it must be set as the others.
 */
static void test_vex_reg(void **unused)
{
	static const u8 code[][5] = {
		{ 0xc4, 0xe1, 0x78, 0x10, 0xc1 },	/* VMOVUPS */
		{ 0xc4, 0xe1, 0x38, 0x10, 0xc1 },	/* bit 3: #UD */
		{ 0xc4, 0xe1, 0x70, 0x10, 0xc1 },	/* bit 0: #UD */
		{ 0xc4, 0xe1, 0x32, 0x10, 0xc1 },	/* VMOVSS, bits 3 and 0 */
	};
	struct compat_case c = { .form = &forms[0] };
	unsigned int i;

	if (!__builtin_cpu_supports("avx") || !compat_init())
		skip();
	for (i = 0; i < 8; i++) {
		c.wide = i & 1;
		c.before.flags = 0x202;
		memcpy(c.code, code[i / 2], 5);
		assert_int_equal(emul_decode(&c.insn, c.wide ? EMUL_32 :
					     EMUL_16, user_amd, c.code, 15), 5);
		run_case(&c);
	}
}

/* VEX.W makes no operand longer here: the last four bytes of memory, and SF of them. */
static void test_vex_w(void **unused)
{
	static const u8 code[][5] = {
		{ 0xc4, 0xe1, 0xf9, 0x6e, 0x06 },	/* VMOVD, from memory */
		{ 0xc4, 0xe2, 0xf0, 0xf2, 0x06 },	/* ANDN, from memory */
		{ 0xc4, 0xe2, 0xf0, 0xf2, 0xc7 },	/* ANDN, of registers */
	};
	static const struct form andn = { .undefined = AF | PF };
	struct compat_case c = { .form = &andn, .wide = true };
	unsigned int i;

	if (!__builtin_cpu_supports("avx") || !__builtin_cpu_supports("bmi") ||
	    !compat_init())
		skip();
	fill_memory();
	for (i = 0; i < sizeof(code) / sizeof(*code); i++) {
		c.before.flags = 0x202;
		c.before.gpr[GPR_RSI] = COMPAT_DATA + COMPAT_SIZE - 4;
		c.before.gpr[GPR_RDI] = 0x80000000;
		memcpy(c.code, code[i], 5);
		assert_int_equal(emul_decode(&c.insn, EMUL_32, user_amd, c.code, 15),
				 5);
		run_case(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_vex_reg),
		cmocka_unit_test(test_vex_w),
	};

	return cmocka_run_group_tests(tests, user_setup, NULL);
}
