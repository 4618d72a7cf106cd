// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task switches against the model in tests/model/task.c: every source, through gates
 * and without, 16- and 32-bit TSSs in any order, whatever the descriptors are.  What
 * is saved and loaded is checked value by value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "emul/task.h"
#include "emul_machine.h"
#include "emul_random.h"
#include "tests/model/task.h"

#define CASES	600000

#define GDT	0x1000
#define IDT	0x2000
#define STACK	0x2f00
#define DATA	0x3800
#define OLD	0x4000	/* TSSs */
#define NEW	0x5000
#define VECTOR	0x21
#define CR3	0x7654000
#define ERROR	0xabcd1234

#define NT	0x4000u
#define RF	0x10000u
#define VM	0x20000u
#define TS	8
#define PG	0x80000000u

/* Entries of the GDT; then segments in their order. */
enum { NEW_INDEX = 3, GATE_INDEX, OLD_INDEX, SEG_INDEX = 8, ENTRIES = 16 };
#define BEYOND	0x100	/* a selector that the GDT does not have */

static struct machine before;
static unsigned long refused[KINDS], done[KINDS], trapped[KINDS], asked[KINDS];
static bool old_wide, has_error;
static u32 eip;

static void put(u64 la, u64 val, unsigned int n)
{
	memcpy(&now.memory[la], &val, n);
}

static u32 get(const struct machine *m, u64 la, unsigned int n)
{
	u32 val = 0;

	memcpy(&val, &m->memory[la], n);
	return val;
}

static void put_descriptor(unsigned int index, u32 low, u32 high)
{
	put(GDT + 8 * index, low | (u64)high << 32, 8);
}

/* Mostly what is right, so that later checks are reached. */
static u32 high_of(unsigned int type, unsigned int dpl)
{
	if (!below(24))
		type = below(32);
	if (!below(24))
		dpl = below(4);
	return type << 8 | dpl << 13 | (below(24) ? 0x8000 : 0);
}

static void random_segment(struct task_segment *s, unsigned int index,
			   unsigned int type, unsigned int dpl)
{
	s->inside = below(32);
	s->selector = (s->inside ? index << 3 : BEYOND) | (below(24) ? dpl : below(4));
	s->high = high_of(type, dpl);
}

static void random_segments(struct task_in *in)
{
	unsigned int cpl = below(4), i;
	struct task_segment *s;

	for (i = 0; i < TASK_SEGS; i++) {
		s = &in->seg[i];
		if (i == TASK_CS)
			random_segment(s, SEG_INDEX + i, 24 + below(8), cpl);
		else if (i == TASK_LDT)
			random_segment(s, SEG_INDEX + i, 2, 0);
		else if (i == TASK_SS)
			random_segment(s, SEG_INDEX + i, 18 + below(2), cpl);
		else
			random_segment(s, SEG_INDEX + i, 16 + below(4), cpl);
		if (!below(i == TASK_CS || i == TASK_SS ? 32 : 3)) {
			s->selector = below(4);
			s->inside = true;
		}
	}
	if (!below(32))
		in->seg[TASK_LDT].selector |= 4;
}

static void random_case(struct task_in *in)
{
	unsigned int busy;

	*in = (struct task_in){
		.kind = below(KINDS), .cpl = below(4), .by_gate = below(2),
		.wide = below(3), .eip_fits = below(16), .trap = !below(8),
		.eflags = random64() & (below(8) ? ~(u64)VM : ~0ULL),
	};
	in->by_gate = in->by_gate || in->kind == KIND_INT;
	busy = in->kind == KIND_IRET ? 2 : 0;
	random_segment(&in->tss, NEW_INDEX, (in->wide ? 9 : 1) | busy, 3);
	/* Its width is what it is, and a direct target that is none is no TSS. */
	in->tss.high = (in->tss.high & ~0x1800u) | (in->wide ? 0x800 : 0);
	if (!in->by_gate && in->kind <= KIND_CALL)
		in->tss.high = (in->tss.high & ~0x700u) | 0x100;
	if (!below(32))
		in->tss.selector |= 4;
	if (in->tss.selector & 4 || (!in->by_gate && in->kind <= KIND_CALL))
		in->tss.inside = !(in->tss.selector & 4);
	if (in->tss.inside && !(in->tss.selector & 4))
		in->tss.selector = NEW_INDEX << 3 | (in->tss.selector & 3);
	in->limit = below(8) ? 0x67 + below(64) : below(0x70);
	random_segment(&in->gate, GATE_INDEX, 5, 3);
	in->gate.high = (in->gate.high & ~0x1f00u) | 0x500;
	in->gate.inside = true;
	in->gate.selector = GATE_INDEX << 3 | (in->gate.selector & 3);
	if (in->kind == KIND_INT)
		in->gate.selector = VECTOR * 8 + 2;
	random_segments(in);
	old_wide = below(3);
}

static u32 reg_value(unsigned int i)
{
	return 0x11111111u * (i + 1);
}

/* EIP, EFLAGS and registers of the new task. */
static void prepare_tss(const struct task_in *in)
{
	unsigned int unit = in->wide ? 4 : 2, at = NEW + (in->wide ? 0x20 : 0xe), i;

	put_descriptor(NEW_INDEX, NEW << 16 | in->limit, in->tss.high);
	put(NEW, 0x5a5a, 2);
	eip = in->eip_fits ? 0x123 : in->wide ? 0x12345 : 0x2345;
	put(at, eip, unit);
	put(at + unit, in->eflags, unit);
	for (i = 0; i < 8; i++)
		put(at + (2 + i) * unit, i == GPR_RSP ? STACK : reg_value(i), unit);
	for (i = 0; i < (in->wide ? 6 : 4); i++)
		put(at + (10 + i) * unit, in->seg[i].selector, 2);
	put(NEW + (in->wide ? 0x60 : 0x2a), in->seg[TASK_LDT].selector, 2);
	if (in->wide) {
		put(NEW + 0x1c, CR3, 4);
		put(NEW + 0x64, in->trap, 2);
	}
}

static void prepare(const struct task_in *in)
{
	unsigned int i;

	memset(&now, 0, sizeof(now));
	for (i = 0; i < 6; i++)
		now.seg[i] = (struct x86_seg){
			.limit = 0xffffffff, .attr = 0xc93 | in->cpl << 5,
			.selector = 0x71 + 8 * i,
		};
	now.seg[SEG_TR] = (struct x86_seg){
		.base = OLD, .limit = 0x67, .selector = OLD_INDEX << 3,
		.attr = SEG_P | (old_wide ? 11 : 3),
	};
	put_descriptor(OLD_INDEX, OLD << 16 | 0x67, old_wide ? 0x8b00 : 0x8300);
	put(OLD, in->tss.selector, 2);
	now.table[0] = (struct x86_table){ GDT, 8 * ENTRIES - 1 };
	/* The same entries: a TSS is not taken from there. */
	now.seg[SEG_LDTR] = (struct x86_seg){
		.base = GDT, .limit = 8 * ENTRIES - 1, .attr = SEG_P | 2,
	};
	now.table[1] = (struct x86_table){ IDT, 0x7ff };
	for (i = 0; i < TASK_SEGS; i++)
		put_descriptor(SEG_INDEX + i, 0xfff, in->seg[i].high |
			       (i == TASK_CS ? 0 : 0xf0000));
	/* No selector leads there, though code could be. */
	put_descriptor(0, 0xfff, in->seg[TASK_CS].high);
	put(GDT + 8 * GATE_INDEX, (u32)in->tss.selector << 16 |
	    (u64)in->gate.high << 32, 8);
	put(IDT + 8 * VECTOR, (u32)in->tss.selector << 16 |
	    (u64)in->gate.high << 32, 8);
	prepare_tss(in);
	put(DATA, 0x999, 4);
	put(DATA + 4, in->by_gate ? in->gate.selector : in->tss.selector, 2);
	for (i = 0; i < 8; i++)
		now.gpr[i] = 0xa0a0a000 + i;
	now.gpr[GPR_RSI] = DATA;
	now.cr[0] = 1 | (below(2) ? PG : 0);
	now.dr[7] = 0x7ff;
	now.rip = 0x100;
	now.rflags = 0x202 | (random64() & 0x3cd5) |
		     (in->kind == KIND_IRET ? NT : 0);
	now.cpl = in->cpl;
}

/* What the processor does when an exception's gate is a task gate. */
static enum emul_result run_event(const struct task_in *in)
{
	struct emul_task t = {
		.source = TASK_INT, .selector = in->tss.selector,
		.external = true, .resume = true, .has_error = has_error,
		.error = ERROR, .after = now.rip,
	};
	enum emul_result ret;

	ctx.ops = &machine_ops;
	ctx.gpr = now.gpr;
	ctx.rip = now.rip;
	ctx.rflags = now.rflags;
	ctx.cpl = now.cpl;
	ret = task_switch(&ctx, &t);
	now.rip = ctx.rip;
	now.rflags = ctx.rflags;
	now.cpl = ctx.cpl;
	return ret == EMUL_JUMP ? EMUL_OK : ret;
}

static const u8 codes[KINDS][2] = {
	{ 0xff, 0x2e }, { 0xff, 0x1e }, { 0xcf }, { 0xcd, VECTOR },
};

static unsigned int code_len(const struct task_in *in)
{
	return in->kind == KIND_EVENT ? 0 : in->kind == KIND_IRET ? 1 : 2;
}

static bool nests(const struct task_in *in)
{
	return in->kind != KIND_JMP && in->kind != KIND_IRET;
}

/* The old task's registers in its TSS, and who is busy. */
static bool saved(const struct task_in *in)
{
	unsigned int unit = old_wide ? 4 : 2, at = OLD + (old_wide ? 0x20 : 0xe);
	u32 mask = old_wide ? ~0u : 0xffff, flags = before.rflags, i;
	u32 type = get(&now, GDT + 8 * OLD_INDEX + 5, 1);

	if (in->kind == KIND_IRET)
		flags &= ~NT;
	if (in->kind == KIND_EVENT)
		flags |= RF;
	if (get(&now, at, unit) != 0x100 + code_len(in) ||
	    get(&now, at + unit, unit) != (flags & mask))
		return false;
	for (i = 0; i < 8; i++)
		if (get(&now, at + (2 + i) * unit, unit) !=
		    ((u32)before.gpr[i] & mask))
			return false;
	for (i = 0; i < (old_wide ? 6 : 4); i++)
		if (get(&now, at + (10 + i) * unit, unit) !=
		    before.seg[i].selector)
			return false;
	if (get(&now, NEW, 2) != (nests(in) ? OLD_INDEX << 3 : 0x5a5a))
		return false;
	return !(type & 2) == !nests(in) &&
	       get(&now, GDT + 8 * NEW_INDEX + 5, 1) & 2;
}

/* What needs no descriptor. */
static bool loaded_registers(const struct task_in *in, const struct task_out *out,
			     u64 sp)
{
	u32 mask = in->wide ? ~0u : 0xffff, i;
	u32 flags = (in->eflags & mask & 0x3f7fd7) | 2 | (nests(in) ? NT : 0);

	/* RF is the new task's for its first instruction. */
	if (now.rip != eip || now.rflags != flags || now.cpl != out->cpl)
		return false;
	for (i = 0; i < 8; i++)
		if (now.gpr[i] != (i == GPR_RSP ? sp : (reg_value(i) & mask)))
			return false;
	if (now.cr[0] != (before.cr[0] | TS) || now.dr[7] != 0x6aa)
		return false;
	if (now.cr[3] != (in->wide && before.cr[0] & PG ? CR3 : 0))
		return false;
	return now.seg[SEG_TR].base == NEW &&
	       now.seg[SEG_TR].limit == in->limit &&
	       now.seg[SEG_TR].selector == in->tss.selector &&
	       (now.seg[SEG_TR].attr & 0x9f) == (0x82 | (in->wide ? 9 : 1));
}

static bool loaded_segments(const struct task_in *in, const struct task_out *out)
{
	bool virtual = in->wide && in->eflags & VM;
	const struct x86_seg *got;
	const struct task_segment *s;
	unsigned int i, base, attr;

	for (i = 0; i < TASK_SEGS; i++) {
		got = &now.seg[i];
		s = &in->seg[i];
		if (got->selector != (in->wide || i < TASK_FS || i == TASK_LDT ?
				      s->selector : 0))
			return false;
		base = virtual && i < TASK_LDT ? s->selector << 4 : 0;
		attr = !out->loaded[i] ? 0 : virtual && i < TASK_LDT ? 0xf3 :
		       (s->high >> 8 & 0xff) | (i < TASK_LDT ? 1 : 0);
		if (got->attr != attr || got->base != (attr ? base : 0))
			return false;
	}
	return true;
}

/* The error code is on the new stack, as wide as the task. */
static u64 pushed_sp(const struct task_in *in, const struct task_out *out)
{
	bool pushed = in->kind == KIND_EVENT && has_error && out->loaded[TASK_SS] &&
		      (out->vector < 10 || !in->eip_fits);
	unsigned int i;

	for (i = 0; i < TASK_SEGS && pushed; i++)
		pushed = out->loaded[i] || in->seg[i].selector < 4 ||
			 (!in->wide && (i == TASK_FS || i == TASK_GS));
	return pushed ? STACK - (in->wide ? 4 : 2) : STACK;
}

static bool pushed(const struct task_in *in, u64 sp)
{
	unsigned int n = STACK - sp;

	return !n || get(&now, (now.seg[SEG_SS].base + sp) % MEMORY, n) ==
		     (n == 4 ? ERROR : ERROR & 0xffff);
}

static void fail_case(const char *what, const struct task_in *in,
		      const struct task_out *out, enum emul_result ret)
{
	unsigned int i;

	for (i = 0; i < TASK_SEGS; i++)
		print_error("%x:%d:%x:%d ", in->seg[i].selector,
			    in->seg[i].inside, in->seg[i].high, out->loaded[i]);
	fail_msg("%s: kind %u cpl %u gate %d %x %x tss %x %x limit %x wide %d %d "
		 "flags %x: %d vector %u error %x not %d %x", what, in->kind,
		 in->cpl, in->by_gate, in->gate.selector, in->gate.high,
		 in->tss.selector, in->tss.high, in->limit, in->wide, old_wide,
		 in->eflags, ret, ctx.fault.vector, ctx.fault.error,
		 out->vector, out->error);
}

/* It is asked once, when all that table 7-1 checks is right, and nothing changes. */
static void taken(const struct task_in *in, const struct task_out *out,
		  enum emul_result ret)
{
	static const u8 sources[] = {
		[KIND_JMP] = TASK_JMP, [KIND_CALL] = TASK_CALL, [KIND_INT] = TASK_INT,
		[KIND_IRET] = TASK_IRET, [KIND_EVENT] = TASK_INT,
	};

	if (tasks_asked != out->switched || ret != (out->switched ? EMUL_RETRY : EMUL_FAULT))
		fail_case("asked", in, out, ret);
	if (!out->switched)
		return;
	asked[in->kind]++;
	if (task_asked.source != sources[in->kind] ||
	    task_asked.selector != in->tss.selector ||
	    (in->kind == KIND_INT && task_asked.vector != VECTOR))
		fail_case("what is asked", in, out, ret);
	if (memcmp(&now, &before, sizeof(now)))
		fail_case("taken, and changed", in, out, ret);
}

static void compare(const struct task_in *in, enum emul_result ret)
{
	struct task_out out;
	u64 sp;

	task_model(in, &out);
	if (tasks_taken) {
		taken(in, &out, ret);
		return;
	}
	if (ret != (out.vector < 0 ? EMUL_OK : out.switched ? EMUL_TRAP : EMUL_FAULT))
		fail_case("result", in, &out, ret);
	if (out.vector >= 0 && (ctx.fault.vector != out.vector ||
				ctx.fault.error != out.error))
		fail_case("fault", in, &out, ret);
	if (!out.switched) {
		refused[in->kind]++;
		if (memcmp(&now, &before, sizeof(now)))
			fail_case("changed", in, &out, ret);
		return;
	}
	(out.vector < 0 ? done : trapped)[in->kind]++;
	sp = pushed_sp(in, &out);
	if (!saved(in))
		fail_case("saved", in, &out, ret);
	if (!loaded_registers(in, &out, sp))
		fail_case("registers", in, &out, ret);
	if (!loaded_segments(in, &out))
		fail_case("segments", in, &out, ret);
	if (!pushed(in, sp))
		fail_case("error code", in, &out, ret);
	if (out.vector == 1 && ctx.fault.address != 0x8000)
		fail_case("DR6", in, &out, ret);
}

static void test_model(void **unused)
{
	struct task_in in;
	unsigned int i;

	for (i = 0; i < CASES; i++) {
		random_case(&in);
		/* A stack that grows down from its limit has no room for it. */
		has_error = below(2) && !(in.seg[TASK_SS].high & 0x400);
		prepare(&in);
		before = now;
		tasks_taken = !below(8);
		tasks_asked = 0;
		ctx = (struct emul_ctx){
			.mode = EMUL_32, .protected = true, .amd = below(2),
		};
		compare(&in, in.kind == KIND_EVENT ? run_event(&in) :
			machine_run(codes[in.kind], code_len(&in)));
	}
	for (i = 0; i < KINDS; i++) {
		print_message("kind %u: %lu refused, %lu done, %lu with a fault\n",
			      i, refused[i], done[i], trapped[i]);
		assert_true(refused[i] > 1000 && done[i] > 1000 &&
			    trapped[i] > 1000 && asked[i] > 1000);
	}
	tasks_taken = false;
}

/* The callback @after fails: nothing changes, or the switch is done, with a fault. */
static bool callback_fails(enum task_kind kind, unsigned int after)
{
	struct task_in in = {
		.kind = kind, .wide = true, .eflags = 2, .eip_fits = true,
		.limit = 0x67, .by_gate = kind == KIND_INT,
		.tss = { NEW_INDEX << 3, true,
			 kind == KIND_IRET ? 0x8b00 : 0x8900 },
		.gate.high = 0xe500,
		.seg[TASK_CS] = { (SEG_INDEX + 1) << 3, true, 0x9b00 },
		.seg[TASK_SS] = { (SEG_INDEX + 2) << 3, true, 0x9300 },
	};
	enum emul_result ret;

	prepare(&in);
	before = now;
	ctx = (struct emul_ctx){ .mode = EMUL_32, .protected = true };
	fail_after = after;
	ret = machine_run(codes[kind], code_len(&in));
	fail_after = 0;
	if (ret == EMUL_OK || ret == EMUL_TRAP)
		return ret == EMUL_TRAP;
	assert_int_equal(ret, fail_with);
	/* But for the busy bits, which come first: they are probed, and may be contended. */
	if (fail_with != EMUL_FAULT)
		memcpy(now.memory + GDT, before.memory + GDT, 0x100);
	assert_memory_equal(&now, &before, sizeof(now));
	return false;
}

static void test_callbacks(void **unused)
{
	unsigned int i, n = 0;

	for (fail_with = EMUL_FAULT; fail_with < EMUL_JUMP; fail_with++)
		for (i = 0; i < 160; i++)
			n += callback_fails(i % 4, 1 + i / 4);
	assert_true(n > 20);
}

/* A task that returns to itself goes on where it left. */
static void test_itself(void **unused)
{
	struct task_in in = {
		.kind = KIND_IRET, .wide = true, .eflags = 2, .limit = 0x67,
		.tss = { OLD_INDEX << 3, true, 0x8b00 },
		.seg[TASK_CS] = { (SEG_INDEX + 1) << 3, true, 0x9b00 },
	};

	old_wide = true;
	prepare(&in);
	now.gpr[GPR_RAX] = 0x1234567;
	now.seg[SEG_CS].selector = (SEG_INDEX + 1) << 3;
	now.seg[SEG_SS].selector = 0;
	ctx = (struct emul_ctx){ .mode = EMUL_32, .protected = true };
	assert_int_equal(machine_run((const u8 *)"\xcf", 1), EMUL_TRAP);
	assert_int_equal(now.gpr[GPR_RAX], 0x1234567);
	assert_int_equal(now.rip, 0x101);
	assert_int_equal(now.rflags & NT, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_callbacks),
		cmocka_unit_test(test_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
