// SPDX-License-Identifier: GPL-2.0-only
/*
 * emul_exec() against the processor that runs the test: stack instructions and
 * near transfers with random registers, in 64-bit mode.  Each is executed
 * natively and, on a copy of the memory, emulated; registers, flags, RIP,
 * memory and faults must be the same.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "emul_random.h"
#include "emul_trap.h"

#define CASES		400000
#define DATA		USER_DATA
#define DATA_SIZE	USER_SIZE
#define FLAGS		0x204cd5ULL	/* what may differ: ID, NT, arithmetic */

static void cb_segment(struct emul_ctx *ctx, enum x86_seg_nr seg,
		       struct x86_seg *out)
{
	memset(out, 0, sizeof(*out));
}

static const struct emul_ops ops = {
	.has = user_has,
	.segment = cb_segment,
	.read = user_read, .write = user_write, .probe = user_probe,
};

static enum emul_result emul_run(const u8 *code, unsigned int len,
				 struct trap_state *state)
{
	struct emul_ctx ctx = {
		.ops = &ops, .mode = EMUL_64, .protected = true,
		.la57 = user_la57, .long_mode = true, .amd = user_amd,
		.cpl = 3, .gpr = state->gpr, .rip = TRAP_CODE,
		.rflags = state->flags,
	};
	enum emul_result ret;

	assert_int_equal(emul_decode(&ctx.insn, EMUL_64, user_amd, code, 15), len);
	ret = emul_exec(&ctx);
	state->rip = ctx.rip;
	state->flags = ctx.rflags;
	state->vector = ret == EMUL_FAULT ? ctx.fault.vector : -1;
	state->address = ctx.fault.address;
	return ret;
}

enum {
	MODRM = 1,
	IMM8 = 2,
	IMM16 = 4,
	IMMZ = 8,
	NEAR = 16,	/* Intel ignores 66, as the decoder does not */
};

struct form {
	u8 map, first, last;
	u8 group;	/* bits: allowed ModRM.reg */
	unsigned int flags;
};

static const struct form forms[] = {
	{ 0, 0x50, 0x5f, 0, 0 },
	{ 0, 0x68, 0x68, 0, IMMZ },
	{ 0, 0x6a, 0x6a, 0, IMM8 },
	{ 0, 0x8f, 0x8f, 0x01, MODRM },
	{ 0, 0xff, 0xff, 0x40, MODRM },
	{ 0, 0x9c, 0x9d, 0, 0 },
	{ 0, 0xc8, 0xc8, 0, IMM16 | IMM8 },
	{ 0, 0xc9, 0xc9, 0, 0 },
	{ 0, 0x70, 0x7f, 0, IMM8 },
	{ 1, 0x80, 0x8f, 0, IMMZ | NEAR },
	{ 0, 0xc2, 0xc2, 0, IMM16 },
	{ 0, 0xc3, 0xc3, 0, 0 },
	{ 0, 0xe0, 0xe3, 0, IMM8 },
	{ 0, 0xe8, 0xe9, 0, IMMZ | NEAR },
	{ 0, 0xeb, 0xeb, 0, IMM8 },
	{ 0, 0xff, 0xff, 0x14, MODRM },
};

/* Where the stack or an operand shall be: data, its borders, anywhere. */
static u64 choose_address(void)
{
	u64 edge = 1ULL << (user_la57 ? 56 : 47);

	switch (below(40)) {
	case 0:
		return DATA - 12 + below(24);
	case 1:
		return DATA + DATA_SIZE - 12 + below(24);
	case 2:
		return edge - below(12);
	case 3:
		return -edge - below(12);
	case 4:
		return edge + random64() % (edge << 1);
	case 5:
		return DATA + below(DATA_SIZE);
	default:
		return DATA + 300 + below(DATA_SIZE - 600);
	}
}

/* What an indirect jump may find: code that traps, data, the borders. */
static u64 choose_target(void)
{
	u64 edge = 1ULL << (user_la57 ? 56 : 47);

	switch (below(8)) {
	case 0:
		return edge - 12 + below(24);
	case 1:
		return -edge - 12 + below(24);
	case 2:
		return random64();
	case 3:
		return DATA + below(DATA_SIZE);
	default:
		return TRAP_PAGES + below(TRAP_SIZE);
	}
}

static void fill_memory(void)
{
	u64 i, v;

	for (i = 0; i < DATA_SIZE; i += 8) {
		v = choose_target();
		memcpy(user_copy + i, &v, 8);
	}
	memcpy((void *)DATA, user_copy, DATA_SIZE);
}

/* A repeat prefix of LOOPE and LOOPNE is obeyed by some processors. */
static unsigned int put_prefixes(u8 *p, const struct form *form)
{
	unsigned int n = 0;

	if (!below(4))
		p[n++] = 0x66;
	if (!below(6))
		p[n++] = 0x67;
	if (!below(8) && form->first != 0xe0)
		p[n++] = 0xf2 + below(2);
	if (below(2))
		p[n++] = 0x40 | (below(16) & ~2);	/* no index */
	return n;
}

/* A register, or memory at a base with a displacement of a byte. */
static unsigned int put_modrm(u8 *p, const struct form *form, bool rex_b,
			      bool narrow, u64 *gpr)
{
	unsigned int reg, rm = below(8);
	u64 at;

	do
		reg = below(8);
	while (!(form->group >> reg & 1));
	if (!below(4)) {
		*p = 0xc0 | reg << 3 | rm;
		if (rm != GPR_RSP && (reg == 2 || reg == 4))
			gpr[rm + 8 * rex_b] = choose_target();
		return 1;
	}
	p[0] = 0x40 | reg << 3 | rm;
	p[1] = rm == GPR_RSP ? 0x24 : below(32);
	p[2] = below(32);
	/* Not where an address cut to 32 bits would find the test itself. */
	do
		at = choose_address() & ~7ULL;
	while (narrow && at >> 32);
	if (rm != GPR_RSP || rex_b || narrow)
		gpr[rm + 8 * rex_b] = at;
	return rm == GPR_RSP ? 3 : 2;
}

static unsigned int make_code(u8 *code, const struct form *form, u64 *gpr)
{
	unsigned int n, i, z = 4;
	bool rex_b;

	for (i = 0; i < 16; i++)
		code[i] = random64() >> 40;
	n = put_prefixes(code, form);
	rex_b = n && (code[n - 1] & 0xf1) == 0x41;
	if (code[0] == 0x66 && n && !((code[n - 1] & 0xf8) == 0x48))
		z = 2;
	if (form->map)
		code[n++] = 0x0f;
	code[n++] = form->first + below(form->last - form->first + 1);
	if (form->flags & MODRM)
		n += put_modrm(code + n, form, rex_b,
			       memchr(code, 0x67, n), gpr);
	if (form->flags & IMM16) {
		code[n + 1] &= 1;
		n += 2;
	}
	if (form->flags & IMM8)
		n++;
	if (form->flags & IMMZ)
		n += z;
	return n;
}

static void fail_case(const char *what, const u8 *code, unsigned int len,
		      const struct trap_state *s)
{
	unsigned int i;

	print_error("%s (before, processor, emulator):", what);
	for (i = 0; i < len; i++)
		print_error(" %02x", code[i]);
	print_error("\nvector %d/%d at %llx/%llx, flags %llx: %llx/%llx, "
		    "rip %llx/%llx\n", s[1].vector, s[2].vector, s[1].address,
		    s[2].address, s[0].flags, s[1].flags, s[2].flags, s[1].rip,
		    s[2].rip);
	for (i = 0; i < 16; i++)
		print_error("r%-2u %016llx: %016llx/%016llx\n", i,
			    s[0].gpr[i], s[1].gpr[i], s[2].gpr[i]);
	fail();
}

static unsigned long ended[33];	/* cases by vector, the last one: none */
static unsigned long jumped;

/*
 * The processor writes as it goes, also before an ENTER faults; what it has
 * written is below the stack pointer then, where nothing counts.
 */
static void forget_unfinished(const struct trap_state *s)
{
	u64 at;

	for (at = DATA; s->vector >= 0 && at < DATA + DATA_SIZE; at++)
		if (s->gpr[GPR_RSP] - at <= 33 * 8)
			*(u8 *)at = user_copy[at - DATA];
}

static void compare(const u8 *code, unsigned int len,
		    const struct trap_state *s)
{
	if (s[1].vector != s[2].vector ||
	    (s[1].vector == 14 && s[1].address != s[2].address))
		fail_case("fault", code, len, s);
	if (s[1].rip != s[2].rip)
		fail_case("RIP", code, len, s);
	if (memcmp(s[1].gpr, s[2].gpr, sizeof(s[1].gpr)))
		fail_case("registers", code, len, s);
	if ((s[1].flags ^ s[2].flags) & FLAGS)
		fail_case("flags", code, len, s);
	forget_unfinished(&s[1]);
	if (memcmp((void *)DATA, user_copy, DATA_SIZE))
		fail_case("memory", code, len, s);
	ended[s[1].vector < 0 ? 32 : s[1].vector]++;
	jumped += s[1].vector < 0 && s[1].rip != TRAP_CODE + len;
}

/* Popped flags must not trap, nor make the handler fault: no TF, no AC. */
static void clear_popped_flags(u64 at)
{
	u64 v;

	if (at < DATA || at > DATA + DATA_SIZE - 8)
		return;
	memcpy(&v, &user_copy[at - DATA], 8);
	v = (random64() & ~0x40100ULL);
	memcpy(&user_copy[at - DATA], &v, 8);
	memcpy((void *)at, &v, 8);
}

/* Jumps into the instruction itself, and to what Linux emulates. */
static bool endless(u64 rip, unsigned int len)
{
	return rip - TRAP_CODE < len || rip >> 12 == 0xffffffffff600;
}

/* false: not a case, as it would not come to an end. */
static bool run_case(void)
{
	const struct form *form = &forms[below(sizeof(forms) / sizeof(*forms))];
	struct trap_state s[3] = { 0 };
	unsigned int i, len;
	u8 code[16];

	for (i = 0; i < 16; i++)
		s[0].gpr[i] = random64();
	s[0].gpr[GPR_RSP] = choose_address();
	if (below(2))
		s[0].gpr[GPR_RSP] &= ~7ULL;
	s[0].gpr[GPR_RBP] = below(2) ? choose_address() :
				  s[0].gpr[GPR_RSP] - 64 + below(128);
	if (!below(3))
		s[0].gpr[GPR_RCX] = (u64)below(3) << (below(2) ? 0 : 32);
	len = make_code(code, form, s[0].gpr);
	if (form->flags & NEAR && code[0] == 0x66 && !user_amd)
		return false;
	s[0].flags = 0x202 | (random64() & FLAGS);
	if (form->last == 0x9d)
		clear_popped_flags(s[0].gpr[GPR_RSP]);
	s[1] = s[2] = s[0];
	if (emul_run(code, len, &s[2]) == EMUL_UNKNOWN)
		fail_case("not emulated", code, len, s);
	if (s[2].vector < 0 && endless(s[2].rip, len)) {
		memcpy(user_copy, (void *)DATA, DATA_SIZE);
		return false;
	}
	trap_run(code, len, &s[1]);
	compare(code, len, s);
	return true;
}

static void test_random(void **unused)
{
	unsigned int done = 0;

	/* Here, not in setup(): cmocka installs its own handlers before. */
	trap_init();
	while (done < CASES) {
		if (done % 256 == 0)
			fill_memory();
		done += run_case();
	}
	print_message("%u cases: %lu executed (%lu jumps), %lu #SS, %lu #GP, "
		      "%lu #PF\n", done, ended[32], jumped, ended[12],
		      ended[13], ended[14]);
	assert_true(ended[32] > CASES / 2 && jumped > CASES / 8 && ended[12] &&
		    ended[13] && ended[14]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, user_setup, NULL);
}
