/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * emul_exec() against the processor that runs the test: random instructions of
 * given forms, with random registers, in 64-bit mode.
 */
#ifndef TESTS_UNIT_EMUL_CASES_H
#define TESTS_UNIT_EMUL_CASES_H

#include <capstone/capstone.h>

#include "emul_native.h"
#include "emul_user.h"

#define CASES_CF	0x001ULL
#define CASES_PF	0x004ULL
#define CASES_AF	0x010ULL
#define CASES_ZF	0x040ULL
#define CASES_SF	0x080ULL
#define CASES_DF	0x400ULL
#define CASES_OF	0x800ULL
#define CASES_AC	0x40000ULL	/* no case has it, but those that set it */
#define CASES_FLAGS	0xcd5ULL	/* all of them */

enum {
	P66 = 0x01,	/* 66 may be in front */
	REP = 0x02,	/* F2 or F3 may */
	F3 = 0x04,	/* F3 is, or VEX.pp says so */
	F2 = 0x08,
	M66 = 0x10,
	LOCK = 0x20,	/* LOCK may be in front */
	LOCKED = 0x40,	/* LOCK is implied: aligned operands only */
	MEM = 0x80,	/* no register form */
	REG = 0x100,	/* no memory form */
	NO_MODRM = 0x200,
	MOFFS = 0x400,
	VEX = 0x800,	/* the VEX form */
};

struct native_case;

/*
 * Opcodes @first to @last of @map.  @groups: bit n, /n is one of them; 0:
 * ModRM.reg is a register.  @undefined: the flags that the manuals leave
 * undefined.  @shape: may change the case before it is run, once its memory
 * operand has been chosen; false: take another one.
 */
struct native_form {
	u8 map, first, last, groups;
	unsigned int flags;
	u64 undefined;
	bool (*shape)(struct native_case *c);
};

#define FORM(m, f, l, g, fl, ...) \
	{ .map = (m), .first = (f), .last = (l), .groups = (g), \
	  .flags = (fl), ##__VA_ARGS__ }

/* @target: linear address of the last memory operand, 0 without. */
struct native_case {
	const struct native_form *form;
	u8 code[16];
	unsigned int len;
	unsigned int size;	/* of the first operand, in bytes */
	bool memory;
	u8 modrm;
	u64 target;
	u64 undefined;
	struct native_state before;
};

/* A random instruction of a form; the tail is random, immediate included. */
void cases_make_code(struct native_case *c);

/* Reads or writes data in both copies; false when it is not within. */
bool cases_data_get(u64 la, void *buf, unsigned int len);
bool cases_data_set(u64 la, const void *buf, unsigned int len);

/* Is register @reg no part of an address? */
bool cases_reg_free(const struct native_case *c, unsigned int reg);

/* Base of the segment of an operand that allows an override. */
u64 cases_segment_base(const struct native_case *c);

/* Runs @cases cases of the @n forms. */
void cases_run(const struct native_form *forms, unsigned int n,
	       unsigned int cases);

/* Runs one instruction without memory operand; false when it faults. */
bool cases_one(const u8 *code, unsigned int len);

/* For cmocka. */
int cases_setup(void **unused);

#endif
