// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random bytes as instructions on a machine in a random state, any callback
 * failing: whatever a guest does, an instruction that is not executed has
 * changed nothing, and one that is executed leaves a state that can be.  The
 * sanitizers see the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "emul_machine.h"
#include "emul_random.h"

#define CASES		1000000
#define GDT		0x1000
#define IDT		0x2000
#define ENTRIES		32

static struct machine before;
static unsigned long ended[5], vectors[32];

/* Small numbers are what most things are about. */
static u64 number(void)
{
	switch (below(4)) {
	case 0:
		return random64();
	case 1:
		return below(ENTRIES * 8);
	default:
		return below(MEMORY);
	}
}

/* Anything; or a gate into the GDT; or a flat segment. */
static u64 random_descriptor(void)
{
	u64 dpl = (u64)below(4) << 45, present = (u64)!!below(8) << 47;
	u64 selector = below(ENTRIES) << 3, type = below(16);

	switch (below(3)) {
	case 0:
		return random64();
	case 1:
		if (below(2))
			type = 12 + below(4);
		return number() % 0x10000 | selector << 16 | type << 40 | dpl |
		       present;
	default:
		return 0xf10000000ffffULL | type << 40 | dpl | present |
		       (u64)below(16) << 52;
	}
}

static void random_segment(struct emul_segment *seg)
{
	seg->base = below(2) ? 0 : number();
	seg->limit = below(2) ? 0xffffffff : number();
	seg->selector = number();
	seg->attr = below(4) ? 0xc93 : random64() & 0xfff;
}

static void random_machine(void)
{
	static const u32 msrs[] = {
		0x10, 0x174, 0x175, 0x176, 0xc0000080, 0xc0000081, 0xc0000082,
		0xc0000083, 0xc0000084, 0xc0000102, 0xc0000103,
	};
	unsigned int i;

	for (i = 0; i < MEMORY; i += 8)
		memcpy(&now.memory[i], &(u64){ number() }, 8);
	for (i = 0; i < ENTRIES * 2; i++) {
		memcpy(&now.memory[GDT + 8 * i], &(u64){ random_descriptor() }, 8);
		memcpy(&now.memory[IDT + 8 * i], &(u64){ random_descriptor() }, 8);
	}
	for (i = 0; i < 11; i++) {
		now.msr[i].nr = msrs[i];
		now.msr[i].val = number();
	}
	now.table[0].base = GDT;
	now.table[0].limit = ENTRIES * 8 - 1;
	now.table[1].base = IDT;
	now.table[1].limit = ENTRIES * 16 - 1;
}

static void random_state(void)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		now.gpr[i] = number();
	for (i = 0; i < 8; i++)
		random_segment(&now.seg[i]);
	for (i = 0; i < 16; i++)
		now.cr[i] = below(4) ? 0 : random64();
	if (below(2))
		now.seg[EMUL_TR].attr = EMUL_ATTR_P | 11;
	now.rip = number();
	now.rflags = 2 | (random64() & 0x3f7fd5);
	now.cpl = below(2) ? 0 : below(4);
	now.halted = now.shadow = now.flushed = now.flushed_all = 0;
	ctx = (struct emul_ctx){
		.mode = below(3), .protected = below(8), .amd = below(2),
	};
	if (!ctx.protected && below(2))
		now.cpl = 3;
	else
		now.rflags &= ~0x20000ULL;
	ctx.long_mode = ctx.mode == EMUL_64 || (ctx.protected && below(2));
	if (ctx.mode == EMUL_64) {
		ctx.protected = true;
		now.rflags &= ~0x20000ULL;
	}
	fail_after = below(4) ? 0 : 1 + below(6);
	fail_with = EMUL_FAULT + below(4);
}

/* Half of the instructions are those of the system. */
static unsigned int random_code(u8 *code)
{
	static const u8 one[] = {
		0x06, 0x07, 0x0e, 0x16, 0x17, 0x60, 0x61, 0x63, 0x8c, 0x8e,
		0x8f, 0x9a, 0x9c, 0x9d, 0xc2, 0xc4, 0xc5, 0xc8, 0xc9, 0xca,
		0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xe0, 0xe3, 0xe4, 0xe8, 0xea,
		0xec, 0xef, 0xf4, 0xfa, 0xfb, 0xff, 0x6c, 0x6f,
	};
	static const u8 two[] = {
		0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x08, 0x20, 0x21,
		0x22, 0x23, 0x30, 0x31, 0x32, 0x34, 0x35, 0xa0, 0xa1, 0xa2,
		0xa8, 0xa9, 0xb2, 0xb4, 0xb5,
	};
	unsigned int i, n = 0;
	int len;

	for (i = 0; i < 15; i++)
		code[i] = random64() >> 40;
	if (!below(4))
		code[n++] = 0x66 + below(2);
	if (ctx.mode == EMUL_64 && below(2))
		code[n++] = 0x40 | below(16);
	if (below(2)) {
		code[n++] = one[below(sizeof(one))];
	} else if (below(2)) {
		code[n++] = 0x0f;
		code[n++] = two[below(sizeof(two))];
	}
	len = emul_decode(&ctx.insn, ctx.mode, code, 15);
	return len < 0 ? 0 : len;
}

/* Accessed bits may have been set before something else failed. */
static void forget_marks(void)
{
	unsigned int i;

	for (i = 0; i < MEMORY; i++)
		if (now.memory[i] == (before.memory[i] | 1))
			now.memory[i] = before.memory[i];
}

static void check(const u8 *code, unsigned int len, enum emul_result ret)
{
	unsigned int i;

	ended[ret]++;
	assert_false(ctx.implicit || ctx.stack);
	assert_true(now.cpl < 4);
	if (ret == EMUL_FAULT) {
		assert_true(ctx.fault.vector < 32);
		vectors[ctx.fault.vector]++;
	}
	if (ret == EMUL_OK) {
		assert_true(now.rflags & 2);
		return;
	}
	if (!memcmp(&before, &now, sizeof(now)))
		return;
	forget_marks();
	if (!memcmp(&before, &now, sizeof(now)))
		return;
	for (i = 0; i < len; i++)
		print_error(" %02x", code[i]);
	fail_msg(" mode %u: %d, vector %u, changes something", ctx.mode, ret,
		 ctx.fault.vector);
}

static void test_chaos(void **unused)
{
	unsigned int done = 0, len;
	u8 code[16];

	while (done < CASES) {
		if (done % 64 == 0)
			random_machine();
		random_state();
		len = random_code(code);
		if (!len)
			continue;
		before = now;
		check(code, len, machine_run(code, len));
		done++;
	}
	print_message("%lu executed, %lu faults (%lu #UD, %lu #TS, %lu #NP, "
		      "%lu #SS, %lu #GP), %lu unknown\n", ended[EMUL_OK],
		      ended[EMUL_FAULT], vectors[6], vectors[10], vectors[11],
		      vectors[12], vectors[13], ended[EMUL_UNKNOWN]);
	assert_true(ended[EMUL_OK] > CASES / 8 && vectors[10] && vectors[11]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chaos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
