// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts and exceptions in real mode (SDM vol. 3, 21.1.4): FLAGS, CS and IP are
 * pushed, IF, TF and AC cleared, and the vector table names the handler.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "emul_machine.h"

#define VECTOR	0x21
#define RIP	0x1234
#define CODE	0x0400		/* CS, of base 0x4000 */
#define STACK	0x0100		/* SS */
#define FLAGS	0x00040f02	/* AC, OF, DF, IF, TF */

static void word_put(u64 la, u16 val)
{
	memcpy(&now.memory[la % MEMORY], &val, 2);
}

static u16 word_get(u64 la)
{
	u16 val;

	memcpy(&val, &now.memory[la % MEMORY], 2);
	return val;
}

static void machine_real(void)
{
	memset(&now, 0, sizeof(now));
	memset(&ctx, 0, sizeof(ctx));
	fail_after = 0;
	now.seg[SEG_CS] = (struct x86_seg){
		.base = CODE << 4, .limit = 0xffff, .selector = CODE, .attr = 0x9b };
	now.seg[SEG_SS] = (struct x86_seg){
		.base = STACK << 4, .limit = 0xffff, .selector = STACK, .attr = 0x93 };
	now.table[1] = (struct x86_table){ .base = 0, .limit = 0x3ff };
	now.gpr[GPR_RSP] = 0x0200;
	word_put(VECTOR * 4, 0x0777);
	word_put(VECTOR * 4 + 2, 0x0300);
	ctx.ops = &machine_ops;
	ctx.gpr = now.gpr;
	ctx.mode = EMUL_16;
	ctx.rip = RIP;
	ctx.rflags = FLAGS;
	/* Of the instruction before, which has no say. */
	ctx.insn.len = 7;
}

static void test_delivery(void **unused)
{
	machine_real();
	assert_int_equal(emul_interrupt_real(&ctx, VECTOR), EMUL_OK);
	assert_int_equal(ctx.rip, 0x0777);
	assert_int_equal(now.seg[SEG_CS].selector, 0x0300);
	assert_int_equal(now.seg[SEG_CS].base, 0x3000);
	assert_int_equal(now.gpr[GPR_RSP], 0x0200 - 6);
	assert_int_equal(word_get((STACK << 4) + 0x1fe), FLAGS & 0xffff);
	assert_int_equal(word_get((STACK << 4) + 0x1fc), CODE);
	assert_int_equal(word_get((STACK << 4) + 0x1fa), RIP);
	assert_int_equal(ctx.rflags, FLAGS & ~0x40300);
}

/* IRET takes back what was pushed. */
static void test_return(void **unused)
{
	static const u8 iret[] = { 0xcf };

	machine_real();
	assert_int_equal(emul_interrupt_real(&ctx, VECTOR), EMUL_OK);
	now.rip = ctx.rip;
	now.rflags = ctx.rflags;
	assert_int_equal(machine_run(iret, 1), EMUL_OK);
	assert_int_equal(now.rip, RIP);
	assert_int_equal(now.seg[SEG_CS].base, CODE << 4);
	assert_int_equal(now.gpr[GPR_RSP], 0x0200);
	assert_int_equal(now.rflags, FLAGS & ~0x40000);
}

/* A table that is too short: #GP, which is delivered in the same way. */
static void test_limit(void **unused)
{
	machine_real();
	now.table[1].limit = VECTOR * 4 + 2;
	assert_int_equal(emul_interrupt_real(&ctx, VECTOR), EMUL_FAULT);
	assert_int_equal(ctx.fault.vector, 13);
	assert_int_equal(ctx.rip, RIP);
	assert_int_equal(now.gpr[GPR_RSP], 0x0200);
	assert_int_equal(now.seg[SEG_CS].selector, CODE);
}

/* Nothing has changed when one of its accesses fails. */
static void test_failures(void **unused)
{
	struct machine before;
	unsigned int n;

	for (n = 1; n < 10; n++) {
		machine_real();
		before = now;
		fail_after = n;
		fail_with = EMUL_RETRY;
		if (emul_interrupt_real(&ctx, VECTOR) == EMUL_OK)
			break;
		assert_memory_equal(&before, &now, sizeof(now));
		assert_int_equal(ctx.rip, RIP);
		assert_int_equal(ctx.rflags, FLAGS);
	}
	assert_in_range(n, 2, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delivery),
		cmocka_unit_test(test_return),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
