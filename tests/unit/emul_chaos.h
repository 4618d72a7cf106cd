/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Machines in random states, any of whose callbacks may fail, and what has to be
 * true of an instruction there: one that is not executed has changed nothing,
 * one that is executed leaves a state that can be.  To be included once, after
 * cmocka.h.
 */
#ifndef TESTS_UNIT_EMUL_CHAOS_H
#define TESTS_UNIT_EMUL_CHAOS_H

#include "emul_machine.h"
#include "emul_random.h"

#define GDT		0x1000
#define IDT		0x2000
#define ENTRIES		32

static struct machine before;
static unsigned long ended[EMUL_JUMP], vectors[32];

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

static void random_segment(struct x86_seg *seg)
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
	for (i = 0; i < sizeof(now.fpu); i += 8)
		memcpy((u8 *)&now.fpu + i, &(u64){ number() }, 8);
	if (below(2))
		now.seg[SEG_TR].attr = SEG_P | 11;
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
	fail_with = below(4) ? EMUL_USER + below(3) : EMUL_FAULT;
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
	if (ret == EMUL_OK || ret == EMUL_TRAP) {
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

#endif
