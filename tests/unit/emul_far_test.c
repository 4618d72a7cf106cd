// SPDX-License-Identifier: GPL-2.0-only
/*
 * Far transfers against the model in tests/model/transfer.c: every combination
 * of type, DPL, P, RPL, CPL and mode, through gates and without.  What is
 * pushed, popped and loaded is checked value by value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "emul_machine.h"
#include "emul_random.h"
#include "tests/model/transfer.h"

#define GDT	0x1000
#define IDT	0x2000
#define STACK	0x3000
#define DATA	0x4000
#define TSS	0x5000
#define INNER(cpl) (0x7000 + 0x200 * (cpl))	/* stack of the TSS */
#define OUTER	0x6800				/* stack to return to */
#define TARGET	0x432
#define VECTOR	0x21

#define CODE_INDEX 5
#define GATE_INDEX 6	/* 7 too */
#define DATA_INDEX 8	/* to 11: data of each level */
#define DATA_SELECTOR(cpl) ((DATA_INDEX + (cpl)) << 3 | (cpl))
#define OLD_CS	0x77

enum setting { LEGACY, COMPAT, WIDE, SETTINGS };

static struct machine before;
static unsigned long outcomes[16], plain, inner, outer;
static unsigned int size, len;	/* of operands; of the instruction */

static void put(u64 la, u64 val, unsigned int n)
{
	memcpy(&now.memory[la], &val, n);
}

static u64 get(const struct machine *m, u64 la, unsigned int n)
{
	u64 val = 0;

	memcpy(&val, &m->memory[la], n);
	return val;
}

static void put_descriptor(unsigned int index, u32 low, u32 high)
{
	put(GDT + 8 * index, low | (u64)high << 32, 8);
}

/* A gate to TARGET in the code segment, wherever it is. */
static void put_gate(u64 la, const struct transfer_in *in)
{
	put(la, TARGET | (u32)in->selector << 16 | (u64)in->gate << 32, 8);
	if (in->long_mode)
		put(la + 8, 0, 8);
}

static void prepare_tss(bool long_mode)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		put(TSS + 4 + 8 * i, INNER(i), long_mode ? 8 : 4);
		if (!long_mode)
			put(TSS + 8 + 8 * i, DATA_SELECTOR(i), 2);
	}
}

static void prepare(const struct transfer_in *in, enum setting setting)
{
	unsigned int i;

	memset(&now, 0, sizeof(now));
	for (i = 0; i < 6; i++)
		now.seg[i] = (struct x86_seg){
			.limit = 0xffffffff, .selector = DATA_SELECTOR(in->cpl),
			.attr = 0xc93 | in->cpl << 5,
		};
	now.seg[SEG_CS].selector = OLD_CS;
	now.seg[SEG_CS].attr = setting == WIDE ? 0xa9b : 0xc9b;
	now.seg[SEG_TR] = (struct x86_seg){
		.base = TSS, .limit = 0x67, .attr = SEG_P | 11,
		.selector = 0x48,
	};
	now.table[0] = (struct x86_table){
		GDT, 8 * (in->inside ? DATA_INDEX + 4 : CODE_INDEX) - 1,
	};
	now.table[1] = (struct x86_table){ IDT, 0x7ff };
	put_descriptor(CODE_INDEX, 0xffff, in->code);
	for (i = 0; i < 4; i++)
		put_descriptor(DATA_INDEX + i, 0xffff, 0xcf9300 | i << 13);
	prepare_tss(in->long_mode);
	now.gpr[GPR_RSP] = STACK;
	now.gpr[GPR_RSI] = DATA;
	now.rip = 0x100;
	now.rflags = 0x202 | (random64() & 0x4cd5 & ~0x4000ULL);
	now.cpl = in->cpl;
}

/* Where the instruction finds its target; @return: the instruction. */
static const u8 *prepare_kind(const struct transfer_in *in, enum setting s)
{
	static const u8 jmp[] = { 0xff, 0x2e }, call[] = { 0xff, 0x1e };
	static const u8 ret[] = { 0xca, 0x10, 0 }, iret[] = { 0xcf };
	static const u8 iretq[] = { 0x48, 0xcf }, n[] = { 0xcd, VECTOR };
	u64 frame[] = {
		TARGET, in->selector, 0x240 ^ now.rflags, OUTER,
		DATA_SELECTOR(in->selector & 3),
	};
	unsigned int i;

	size = 4;
	len = 2;
	if (in->kind == TRANSFER_INT) {
		put_gate(IDT + VECTOR * (in->long_mode ? 16 : 8), in);
		return n;
	}
	if (in->kind < TRANSFER_RET) {
		if (in->by_gate)
			put_gate(GDT + 8 * GATE_INDEX, in);
		put(DATA, TARGET, 4);
		put(DATA + 4, in->by_gate ? in->gate_selector : in->selector, 2);
		return in->kind == TRANSFER_JMP ? jmp : call;
	}
	if (in->kind == TRANSFER_IRET) {
		size = s == WIDE ? 8 : 4;
		len = s == WIDE ? 2 : 1;
		for (i = 0; i < 5; i++)
			put(STACK + i * size, frame[i], size);
		return s == WIDE ? iretq : iret;
	}
	len = 3;
	put(STACK, frame[0], 4);
	put(STACK + 4, frame[1], 4);
	put(STACK + 0x18, OUTER, 4);
	put(STACK + 0x1c, frame[4], 4);
	return ret;
}

static void fail_case(const char *what, const struct transfer_in *in,
		      enum setting s)
{
	print_error("%s: kind %u setting %u cpl %u gate %d %x %08x selector %x "
		    "inside %d code %08x: vector %u error %x\n", what,
		    in->kind, s, in->cpl, in->by_gate, in->gate_selector,
		    in->gate, in->selector, in->inside, in->code,
		    ctx.fault.vector, ctx.fault.error);
	fail();
}

/* The values that were pushed, from the top of the stack on. */
static bool pushed(const struct transfer_in *in,
		   const struct transfer_out *out, u64 top)
{
	bool stack = out->cpl < in->cpl ||
		     (in->kind == TRANSFER_INT && in->long_mode);
	unsigned int n = in->by_gate ? out->size : size, i = 0;
	u64 at = now.gpr[GPR_RSP], flags = before.rflags;
	u64 want[5] = { before.rip + len, OLD_CS };

	i = 2;
	if (in->kind == TRANSFER_INT)
		want[i++] = flags;
	if (stack) {
		want[i++] = STACK;
		want[i++] = DATA_SELECTOR(in->cpl);
	}
	if (at != top - i * n)
		return false;
	while (i--)
		if (get(&now, at + i * n, n) !=
		    (n == 2 ? (u16)want[i] : want[i]))
			return false;
	return true;
}

/* SS after the level changed inwards: null in long mode. */
static bool inner_stack(const struct transfer_in *in,
			const struct transfer_out *out)
{
	u16 want = in->long_mode ? out->cpl : DATA_SELECTOR(out->cpl);

	return now.seg[SEG_SS].selector == want &&
	       (now.seg[SEG_SS].attr >> 5 & 3u) == out->cpl;
}

static bool segments_kept(void)
{
	unsigned int i;

	for (i = 0; i < 6; i++)
		if (i != SEG_CS && i != SEG_SS &&
		    memcmp(&now.seg[i], &before.seg[i], sizeof(now.seg[i])))
			return false;
	return true;
}

static bool entered(const struct transfer_in *in,
		    const struct transfer_out *out)
{
	bool deeper = out->cpl < in->cpl;
	u64 top = deeper ? INNER(out->cpl) : STACK;

	inner += deeper;
	if (!segments_kept() || (deeper && !inner_stack(in, out)))
		return false;
	if (!deeper && memcmp(&now.seg[SEG_SS], &before.seg[SEG_SS],
			      sizeof(now.seg[0])))
		return false;
	if (in->kind == TRANSFER_JMP)
		return now.gpr[GPR_RSP] == STACK;
	if (in->kind == TRANSFER_INT &&
	    now.rflags != (before.rflags & ~(out->clears_if ? 0x200 : 0)))
		return false;
	return pushed(in, out, top);
}

/* RETF released 16 bytes, on both stacks. */
static bool returned(const struct transfer_in *in,
		     const struct transfer_out *out, enum setting s)
{
	bool far = in->kind == TRANSFER_RET, up = out->cpl > in->cpl;
	u64 sp = STACK + (far ? 8 + 16 : 3 * size), flags = before.rflags;
	bool popped = up || (!far && s == WIDE);

	outer += up;
	if (popped)
		sp = OUTER + (far ? 16 : 0);
	if (!far)
		flags ^= in->cpl ? 0x40 : 0x240;
	if (now.gpr[GPR_RSP] != sp || now.rflags != flags)
		return false;
	if (now.seg[SEG_SS].selector != DATA_SELECTOR(out->cpl))
		return false;
	if (!up)
		return segments_kept();
	/* Their DPL was the old level. */
	return !now.seg[SEG_DS].attr && !now.seg[SEG_GS].attr &&
	       !now.seg[SEG_ES].selector && !now.seg[SEG_FS].selector;
}

static bool code_loaded(const struct transfer_in *in,
			const struct transfer_out *out)
{
	u16 attr = (in->code >> 8 & 0xff) | (in->code >> 12 & 0xf00) | 1;

	return now.rip == TARGET && now.cpl == out->cpl &&
	       now.seg[SEG_CS].selector == ((in->selector & ~3) | out->cpl) &&
	       now.seg[SEG_CS].attr == attr &&
	       get(&now, GDT + 8 * CODE_INDEX + 5, 1) == (attr & 0xff);
}

static void compare(const struct transfer_in *in, enum setting s,
		    enum emul_result ret)
{
	struct transfer_out out;

	transfer_model(in, &out);
	/* That is emul_task_test's. */
	if (out.task)
		return;
	if (out.vector >= 0) {
		if (ret != EMUL_FAULT || ctx.fault.vector != out.vector ||
		    ctx.fault.error != out.error || !ctx.fault.has_error)
			fail_case("fault", in, s);
		if (memcmp(&now, &before, sizeof(now)))
			fail_case("changed", in, s);
		outcomes[out.vector]++;
		return;
	}
	if (ret != EMUL_OK)
		fail_case("not executed", in, s);
	if (!code_loaded(in, &out))
		fail_case("CS", in, s);
	if (in->kind == TRANSFER_RET || in->kind == TRANSFER_IRET ?
	    !returned(in, &out, s) : !entered(in, &out))
		fail_case("state", in, s);
	plain++;
}

static void run_case(struct transfer_in *in, enum setting s)
{
	const u8 *bytes;

	in->long_mode = s != LEGACY;
	ctx = (struct emul_ctx){
		.mode = s == WIDE ? EMUL_64 : EMUL_32, .protected = true,
		.long_mode = in->long_mode, .amd = true,
	};
	prepare(in, s);
	bytes = prepare_kind(in, s);
	before = now;
	compare(in, s, machine_run(bytes, len));
}

/* @bits: CPL, RPL, and the low byte of the code's attributes. */
static void random_case(struct transfer_in *in, unsigned int bits)
{
	unsigned int dpl = below(4);

	in->cpl = bits & 3;
	in->selector = CODE_INDEX << 3 | (bits >> 2 & 3);
	in->inside = below(32);
	if (!below(32))
		in->selector &= 3;
	in->code = (bits >> 4) << 8 | 0x0f0000 | below(16) << 20;
	if (below(4))
		in->code = (in->code & ~0x600000u) | 0x200000u << below(2);
	in->by_gate = in->kind == TRANSFER_INT ||
		      (in->kind < TRANSFER_RET && below(2));
	/* A system descriptor would be looked at as a gate. */
	if (in->kind < TRANSFER_RET && !in->by_gate)
		in->code |= 0x1000;
	/* With its limit before the gate there would be no gate either. */
	if (in->by_gate && in->kind != TRANSFER_INT)
		in->inside = true;
	in->gate_selector = GATE_INDEX << 3 | below(4);
	if (in->kind == TRANSFER_INT)
		in->gate_selector = VECTOR * 8 + 2;
	in->gate = (below(8) ? 0x8000 : 0) | dpl << 13 | below(32) << 8;
	if (below(8))
		in->gate = (in->gate & ~0x1f00u) |
			   (in->kind == TRANSFER_INT ? 14 + below(2) : 12) << 8;
	if (below(2))
		in->gate |= 0x6000;
	/* With S set it would be no gate, but a segment. */
	if (in->kind != TRANSFER_INT)
		in->gate &= ~0x1000u;
}

static void test_model(void **unused)
{
	struct transfer_in in;
	unsigned int bits, n;

	for (bits = 0; bits < 0x1000; bits++)
		for (n = 0; n < 5 * SETTINGS * 10; n++) {
			in.kind = n % 5;
			random_case(&in, bits);
			run_case(&in, n / 5 % SETTINGS);
		}
	print_message("%lu executed (%lu inwards, %lu outwards), %lu #NP, "
		      "%lu #GP\n", plain, inner, outer, outcomes[11],
		      outcomes[13]);
	assert_true(inner > 1000 && outer > 1000 && outcomes[11] > 1000);
}

/* IRETQ from level 0 to 3: data goes, conforming code and bases of null FS and GS stay. */
static void outward_segments(bool amd)
{
	struct transfer_in in = {
		.kind = TRANSFER_IRET, .long_mode = true, .inside = true,
		.selector = CODE_INDEX << 3 | 3, .code = 0xaffb00,
	};
	const u8 *bytes;

	ctx = (struct emul_ctx){ .mode = EMUL_64, .protected = true,
				 .long_mode = true, .amd = amd };
	prepare(&in, WIDE);
	now.seg[SEG_DS].attr = 0xc9f;
	now.seg[SEG_FS] = (struct x86_seg){ .base = 0x7f0012345678 };
	now.seg[SEG_GS] = (struct x86_seg){
		.base = 0x7f0087654321, .selector = 3,
	};
	bytes = prepare_kind(&in, WIDE);
	before = now;
	assert_int_equal(machine_run(bytes, len), EMUL_OK);
	assert_int_equal(now.cpl, 3);
	assert_int_equal(now.seg[SEG_ES].selector, 0);
	assert_int_equal(now.seg[SEG_ES].attr, 0);
	assert_memory_equal(&now.seg[SEG_DS], &before.seg[SEG_DS],
			    sizeof(now.seg[0]));
	assert_int_equal(now.seg[SEG_FS].base, 0x7f0012345678);
	assert_int_equal(now.seg[SEG_GS].base, 0x7f0087654321);
	assert_int_equal(now.seg[SEG_GS].selector, amd ? 3 : 0);
}

static void test_outward_segments(void **unused)
{
	outward_segments(true);
	outward_segments(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outward_segments),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
