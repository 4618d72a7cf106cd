// SPDX-License-Identifier: GPL-2.0-only
/*
 * emul_exec() against the processor that runs the test: loads of segment
 * registers, looks at descriptors, and far transfers that stay at level 3, in
 * 64-bit mode.  The descriptors are those of Linux' GDT, which are known, and
 * of an LDT that the test has made.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <asm/ldt.h>
#include <cmocka.h>

#include "emul_random.h"
#include "emul_trap.h"

#define CASES		200000
#define DATA		USER_DATA
#define DATA_SIZE	USER_SIZE
#define GDT		0x1000ULL	/* of the emulator only */
#define LDT		0x2000ULL
#define ENTRIES		48
#define FLAGS		0x204cd5ULL	/* ID, NT, arithmetic */
#define FAR_FLAGS	0x200cd5ULL	/* NT makes IRET fault: less often */

static u64 gdt[16], ldt[ENTRIES];
static struct x86_seg segments[8];

static void cb_segment(struct emul_ctx *ctx, enum x86_seg_nr seg,
		       struct x86_seg *out)
{
	*out = segments[seg];
}

static void cb_segment_set(struct emul_ctx *ctx, enum x86_seg_nr seg,
			   const struct x86_seg *in)
{
	segments[seg] = *in;
}

static void cb_table(struct emul_ctx *ctx, bool idt, struct x86_table *out)
{
	*out = (struct x86_table){ GDT, sizeof(gdt) - 1 };
}

static enum emul_result cb_read(struct emul_ctx *ctx, u64 la, void *buf,
				unsigned int len)
{
	if (ctx->implicit && la - GDT < sizeof(gdt))
		memcpy(buf, (u8 *)gdt + (la - GDT), len);
	else if (ctx->implicit && la - LDT < sizeof(ldt))
		memcpy(buf, (u8 *)ldt + (la - LDT), len);
	else
		return user_read(ctx, la, buf, len);
	return EMUL_OK;
}

static void cb_shadow(struct emul_ctx *ctx)
{
}

/* Linux sets all accessed bits itself. */
static const struct emul_ops ops = {
	.has = user_has,
	.segment = cb_segment, .segment_set = cb_segment_set,
	.table = cb_table, .read = cb_read, .write = user_write,
	.probe = user_probe, .shadow = cb_shadow,
};

static u64 descriptor(u32 base, u32 limit, u32 attr)
{
	return (u64)(base & 0xff000000) << 32 | (u64)(attr & 0xf0ff) << 40 |
	       (u64)(limit & 0xf0000) << 32 | (u64)(base & 0xffffff) << 16 |
	       (limit & 0xffff);
}

/* asm/segment.h of Linux: what each entry is for has been so for long. */
static void make_gdt(void)
{
	gdt[1] = descriptor(0, 0xfffff, 0xc09b);
	gdt[2] = descriptor(0, 0xfffff, 0xa09b);
	gdt[3] = descriptor(0, 0xfffff, 0xc093);
	gdt[4] = descriptor(0, 0xfffff, 0xc0fb);
	gdt[5] = descriptor(0, 0xfffff, 0xc0f3);
	gdt[6] = descriptor(0, 0xfffff, 0xa0fb);
}

/* modify_ldt(2): what a program may have, all of level 3. */
static bool make_ldt(void)
{
	unsigned int i, attr;

	for (i = 0; i < ENTRIES; i++) {
		struct user_desc d = {
			.entry_number = i, .base_addr = random64(),
			.limit = random64() & 0xfffff,
			.seg_32bit = below(2), .contents = below(4),
			.read_exec_only = below(2), .limit_in_pages = below(2),
			.seg_not_present = !below(4), .useable = below(2),
		};

		if (d.contents == 3)
			d.seg_not_present = 1;
		if (below(2))
			d.base_addr = 0;
		attr = 0x71 | d.contents << 2 | !d.read_exec_only << 1 |
		       !d.seg_not_present << 7 | d.useable << 12 |
		       d.seg_32bit << 14 | d.limit_in_pages << 15;
		ldt[i] = descriptor(d.base_addr, d.limit, attr);
		if (syscall(SYS_modify_ldt, 0x11, &d, sizeof(d)))
			return false;
	}
	return true;
}

static u16 choose_selector(bool code)
{
	switch (below(8)) {
	case 0:
		return below(4);
	case 1:
		return 128 + below(0xff00);
	case 2 ... 3:
		return (1 + below(6)) << 3 | below(4);
	case 4:
		return code ? 0x33 : 0x2b;
	case 5:
		return code ? 0x23 : 0x2b;
	default:
		return below(ENTRIES + 2) << 3 | 4 | (below(4) ? 3 : below(4));
	}
}

static u64 choose_target(void)
{
	switch (below(8)) {
	case 0:
		return random64();
	case 1:
		return below(0x20000);
	case 2:
		return (1ULL << (user_la57 ? 56 : 47)) - 8 + below(16);
	default:
		return TRAP_PAGES + below(TRAP_SIZE);
	}
}

enum {
	MOV_TO, MOV_FROM, POP_GS, PUSH_SEG, LOAD_FAR, LOOK_REG, LOOK_MEM,
	VERIFY, JUMP, CALL, RETURN, RETURN_N, IRET, KINDS
};

struct test {
	unsigned int kind, len, size;
	u8 code[16];
};

/* At RSI, where pointers are; at RSP, where frames are. */
static void put(u64 *at, u64 val, unsigned int size)
{
	memcpy(&user_copy[*at - DATA], &val, size);
	*at += size;
}

static void put_frame(struct test *t, const struct trap_state *s)
{
	u64 at = s->gpr[GPR_RSP], size = t->size, flags = random64() & ~0x40100ULL;

	put(&at, choose_target(), size);
	put(&at, choose_selector(true), size);
	if (t->kind != IRET)
		return;
	put(&at, flags, size);
	put(&at, random64(), size);
	put(&at, choose_selector(false), size);
}

static void put_pointer(struct test *t, const struct trap_state *s)
{
	u64 at = s->gpr[GPR_RSI];

	put(&at, choose_target(), user_amd && t->size == 8 ? 4 : t->size);
	put(&at, choose_selector(true), 2);
}

/* Opcodes with [RSI], or with R11, RBX as operand; REX.B goes with R11. */
static const struct {
	u8 n, bytes[4], rex;
} codes[KINDS][4] = {
	[MOV_TO] = { { 2, "\x8e\xc3", 1 }, { 2, "\x8e\xdb", 1 },
		     { 2, "\x8e\xeb", 1 }, { 2, "\x8e\x16", 0 } },
	[MOV_FROM] = { { 2, "\x8c\xcb", 1 }, { 2, "\x8c\xd3", 1 },
		       { 2, "\x8c\x0e", 0 }, { 2, "\x8c\x16", 0 } },
	[POP_GS] = { { 2, "\x0f\xa9", 0 }, { 2, "\x0f\xa9", 0 },
		     { 2, "\x0f\xa9", 0 }, { 2, "\x0f\xa9", 0 } },
	[PUSH_SEG] = { { 2, "\x0f\xa8", 0 }, { 2, "\x0f\xa8", 0 },
		       { 2, "\x0f\xa0", 0 }, { 2, "\x0f\xa0", 0 } },
	[LOAD_FAR] = { { 3, "\x0f\xb2\x1e", 0 }, { 3, "\x0f\xb5\x1e", 0 },
		       { 3, "\x0f\xb2\x1e", 0 }, { 3, "\x0f\xb5\x1e", 0 } },
	[LOOK_REG] = { { 3, "\x0f\x02\xd3", 1 }, { 3, "\x0f\x03\xd3", 1 },
		       { 3, "\x0f\x02\xd3", 1 }, { 3, "\x0f\x03\xd3", 1 } },
	[LOOK_MEM] = { { 3, "\x0f\x02\x16", 0 }, { 3, "\x0f\x03\x16", 0 },
		       { 3, "\x0f\x02\x16", 0 }, { 3, "\x0f\x03\x16", 0 } },
	[VERIFY] = { { 3, "\x0f\x00\xe3", 1 }, { 3, "\x0f\x00\xeb", 1 },
		     { 3, "\x0f\x00\x26", 0 }, { 3, "\x0f\x00\x2e", 0 } },
	[JUMP] = { { 2, "\xff\x2e", 0 }, { 2, "\xff\x2e", 0 },
		   { 2, "\xff\x2e", 0 }, { 2, "\xff\x2e", 0 } },
	[CALL] = { { 2, "\xff\x1e", 0 }, { 2, "\xff\x1e", 0 },
		   { 2, "\xff\x1e", 0 }, { 2, "\xff\x1e", 0 } },
	[RETURN] = { { 1, "\xcb", 0 }, { 1, "\xcb", 0 }, { 1, "\xcb", 0 },
		     { 1, "\xcb", 0 } },
	[RETURN_N] = { { 3, "\xca\x18\x00", 0 }, { 3, "\xca\x88\x00", 0 },
		       { 3, "\xca\x00\x00", 0 }, { 3, "\xca\x02\x00", 0 } },
	[IRET] = { { 1, "\xcf", 0 }, { 1, "\xcf", 0 }, { 1, "\xcf", 0 },
		   { 1, "\xcf", 0 } },
};

static void make_code(struct test *t, struct trap_state *s)
{
	unsigned int n = below(4);
	u8 rex = 0, *p = t->code;
	u64 at = s->gpr[GPR_RSI];

	t->kind = below(KINDS);
	t->size = 4;
	if (!below(4)) {
		*p++ = 0x66;
		t->size = 2;
	}
	if (below(2))
		rex = 0x40 | (codes[t->kind][n].rex & below(2)) |
		      (below(2) ? 8 : 0);
	if (rex)
		*p++ = rex;
	if (rex & 8)
		t->size = 8;
	memcpy(p, codes[t->kind][n].bytes, 4);
	t->len = p - t->code + codes[t->kind][n].n;
	s->gpr[rex & 1 ? GPR_R11 : GPR_RBX] = (random64() & ~0xffffULL) |
				     choose_selector(false);
	put(&at, choose_selector(false), 2);
	at = s->gpr[GPR_RSP];
	put(&at, choose_selector(false), 8);
	if (t->kind == LOAD_FAR || t->kind == JUMP || t->kind == CALL)
		put_pointer(t, s);
	if (t->kind >= RETURN)
		put_frame(t, s);
}

static void fail_case(const char *what, const struct test *t,
		      const struct trap_state *s)
{
	unsigned int i;

	print_error("%s (before, processor, emulator):", what);
	for (i = 0; i < t->len; i++)
		print_error(" %02x", t->code[i]);
	print_error("\nvector %d/%d error %x/%x at %llx, flags %llx: %llx/%llx, "
		    "rip %llx/%llx\n", s[1].vector, s[2].vector, s[1].error,
		    s[2].error, s[1].address, s[0].flags, s[1].flags, s[2].flags, s[1].rip,
		    s[2].rip);
	print_error("cs %x/%x ss %x/%x ds %x/%x es %x/%x gs %x/%x\n",
		    s[1].cs, s[2].cs, s[1].ss, s[2].ss, s[1].ds, s[2].ds,
		    s[1].es, s[2].es, s[1].gs, s[2].gs);
	for (i = 0; i < 16; i++)
		print_error("r%-2u %016llx: %016llx/%016llx\n", i,
			    s[0].gpr[i], s[1].gpr[i], s[2].gpr[i]);
	for (i = 0; i < 48; i++)
		print_error("%02x%s", user_copy[s[0].gpr[GPR_RSP] - DATA + i],
			    i % 8 == 7 ? "\n" : " ");
	fail();
}

static void reset_segments(void)
{
	unsigned int i;

	memset(segments, 0, sizeof(segments));
	for (i = 0; i < 6; i++)
		segments[i].attr = i == SEG_CS ? 0xafb : i == SEG_SS ?
				   0xcf3 : 0;
	segments[SEG_CS].selector = 0x33;
	segments[SEG_SS].selector = 0x2b;
	segments[SEG_LDTR] = (struct x86_seg){
		.base = LDT, .limit = sizeof(ldt) - 1,
		.attr = SEG_P | 2,
	};
}

static enum emul_result emul_run(const struct test *t, struct trap_state *s)
{
	struct emul_ctx ctx = {
		.ops = &ops, .mode = EMUL_64, .protected = true,
		.la57 = user_la57, .long_mode = true, .amd = user_amd,
		.cpl = 3, .gpr = s->gpr, .rip = TRAP_CODE,
		.rflags = s->flags,
	};
	enum emul_result ret;

	reset_segments();
	assert_int_equal(emul_decode(&ctx.insn, EMUL_64, user_amd, t->code, 15),
			 t->len);
	ret = emul_exec(&ctx);
	s->rip = ctx.rip;
	s->flags = ctx.rflags;
	s->vector = ret == EMUL_FAULT ? ctx.fault.vector : -1;
	s->error = ctx.fault.error;
	s->cs = segments[SEG_CS].selector;
	s->ss = segments[SEG_SS].selector;
	s->ds = segments[SEG_DS].selector;
	s->es = segments[SEG_ES].selector;
	s->gs = segments[SEG_GS].selector;
	return ret;
}

/* A null selector may lose its RPL on the way to the signal handler. */
static bool same(u16 a, u16 b)
{
	return a == b || (a < 4 && b < 4);
}

static unsigned long ended[33], kinds[KINDS];

static void compare(const struct test *t, struct trap_state *s)
{
	/* Linux loses the upper half when it goes back to a 16-bit stack. */
	if (s[1].cs != 0x33)
		s[1].gpr[GPR_RSP] = (u32)s[1].gpr[GPR_RSP];
	if (s[1].vector != s[2].vector ||
	    (s[1].vector >= 0 && s[1].error != s[2].error))
		fail_case("fault", t, s);
	if (s[1].rip != s[2].rip)
		fail_case("RIP", t, s);
	if (memcmp(s[1].gpr, s[2].gpr, sizeof(s[1].gpr)))
		fail_case("registers", t, s);
	if ((s[1].flags ^ s[2].flags) & FLAGS)
		fail_case("flags", t, s);
	if (s[1].cs != s[2].cs || s[1].ss != s[2].ss ||
	    !same(s[1].ds, s[2].ds) || !same(s[1].es, s[2].es) ||
	    !same(s[1].gs, s[2].gs))
		fail_case("segments", t, s);
	/* A CALL that faults may have pushed, below the stack pointer. */
	if (s[1].vector >= 0)
		memcpy((void *)(s[1].gpr[GPR_RSP] - 16),
		       &user_copy[s[1].gpr[GPR_RSP] - 16 - DATA], 16);
	if (memcmp((void *)DATA, user_copy, DATA_SIZE))
		fail_case("memory", t, s);
	ended[s[1].vector < 0 ? 32 : s[1].vector]++;
	kinds[t->kind] += s[1].vector < 0;
}

static bool run_case(void)
{
	struct trap_state s[3] = { 0 };
	struct test t = { 0 };
	unsigned int i;

	for (i = 0; i < 16; i++)
		s[0].gpr[i] = random64();
	s[0].gpr[GPR_RSP] = DATA + 256 + below(DATA_SIZE / 2 - 512);
	s[0].gpr[GPR_RSI] = DATA + DATA_SIZE / 2 + below(DATA_SIZE / 2 - 256);
	make_code(&t, &s[0]);
	s[0].flags = 0x202 | (random64() & (below(8) ? FAR_FLAGS : FLAGS));
	memcpy((void *)DATA, user_copy, DATA_SIZE);
	s[1] = s[2] = s[0];
	if (emul_run(&t, &s[2]) == EMUL_UNKNOWN)
		fail_case("not emulated", &t, s);
	if (s[2].vector < 0 && s[2].rip - TRAP_CODE < t.len)
		return false;
	trap_run(t.code, t.len, &s[1]);
	compare(&t, s);
	return true;
}

static void test_random(void **unused)
{
	unsigned int done = 0, i;

	make_gdt();
	if (!make_ldt())
		skip();
	/* Here, not in setup(): cmocka installs its own handlers before. */
	trap_init();
	while (done < CASES)
		done += run_case();
	print_message("%u cases: %lu executed, %lu #NP, %lu #SS, %lu #GP\n",
		      done, ended[32], ended[11], ended[12], ended[13]);
	assert_true(ended[11] && ended[12] && ended[13]);
	for (i = 0; i < KINDS; i++)
		assert_true(kinds[i] > CASES / KINDS / 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, user_setup, NULL);
}
