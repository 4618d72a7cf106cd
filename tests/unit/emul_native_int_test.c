// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shifts, bits, multiplication, exchanges, conditions and what else works on
 * integers, as the processor that runs the test has them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "emul_cases.h"
#include "emul_random.h"

#define CASES	1500000

#define CF	CASES_CF
#define PF	CASES_PF
#define AF	CASES_AF
#define ZF	CASES_ZF
#define SF	CASES_SF
#define OF	CASES_OF
#define BITS	(OF | SF | ZF | AF | PF)	/* undefined after BT */
#define MULS	(SF | ZF | AF | PF)		/* after MUL */

static unsigned int shift_count(const struct native_case *c)
{
	const u8 *p = c->code;
	unsigned int count = c->before.gpr[GPR_RCX];

	/* The opcode is right before ModRM, an immediate is the last byte. */
	while (*p != 0xc0 && *p != 0xc1 && (*p & 0xfc) != 0xd0 && *p != 0x0f)
		p++;
	if (*p == 0x0f)
		count = p[1] & 1 ? count : c->code[c->len - 1];
	else if (*p < 0xd0)
		count = c->code[c->len - 1];
	else if (*p < 0xd2)
		count = 1;
	return count & (c->size == 8 ? 63 : 31);
}

static bool shape_rotate(struct native_case *c)
{
	if (shift_count(c) > 1)
		c->undefined = OF;
	return true;
}

/* The random bytes seldom have a count of 0 or 1. */
static bool shape_shift(struct native_case *c)
{
	unsigned int count;

	if (below(4) == 0 && cases_reg_free(c, GPR_RCX))
		c->before.gpr[GPR_RCX] = below(4) * 32 + below(2);
	count = shift_count(c);
	if (!count)
		return true;
	c->undefined = AF;
	if (count > 1)
		c->undefined |= OF;
	if (count >= 8 * c->size && !(c->modrm & 0x10 && c->modrm & 0x08))
		c->undefined |= CF;
	return true;
}

/* With more than 16 bits all is undefined. */
static bool shape_double(struct native_case *c)
{
	unsigned int count = shift_count(c);

	if (!count)
		return true;
	c->undefined = count > 1 ? AF | OF : AF;
	return count <= 8 * c->size;
}

/* Bit offsets that stay near, in both directions. */
static bool shape_bit(struct native_case *c)
{
	unsigned int reg = c->modrm >> 3 & 7, i;
	s64 offset = (s64)below(4000) - 2000;

	if (!c->memory)
		return true;
	for (i = 0; i < 16; i += 8) {
		if (!cases_reg_free(c, reg + i))
			return false;
		c->before.gpr[reg + i] = c->size == 2 ?
			(c->before.gpr[reg + i] & ~0xffffULL) |
			(offset & 0xffff) : c->size == 4 ?
			(random64() << 32 | (u32)offset) : (u64)offset;
	}
	return true;
}

/* What a register keeps of its upper half is not the same everywhere. */
static bool shape_scan(struct native_case *c)
{
	unsigned int i;
	u64 zero = 0;

	if (below(8) == 0 && c->memory)
		cases_data_set(c->target, &zero, c->size);
	if (c->size == 4)
		for (i = 0; i < 16; i++)
			if (cases_reg_free(c, i))
				c->before.gpr[i] = (u32)c->before.gpr[i];
	return true;
}

static bool shape_count(struct native_case *c)
{
	u64 val = random64() >> below(64);

	if (below(2))
		val <<= below(64);
	if (c->memory)
		cases_data_set(c->target, &val, c->size);
	return true;
}

/* A dividend whose upper half is small, so that the quotient may fit. */
static bool shape_divide(struct native_case *c)
{
	u64 small = random64() >> (8 * (8 - c->size) + below(8 * c->size));

	if (below(2))
		small = ~small;
	if (below(8) == 0)
		small = -(u64)below(2);
	if (c->size == 1 && cases_reg_free(c, GPR_RAX))
		c->before.gpr[GPR_RAX] = (c->before.gpr[GPR_RAX] & ~0xff00ULL) |
				    (small & 0xff) << 8;
	else if (cases_reg_free(c, GPR_RDX))
		c->before.gpr[GPR_RDX] = small;
	return true;
}

/* Now and then the accumulator is what is compared with. */
static bool shape_cmpxchg(struct native_case *c)
{
	if (below(2))
		return true;
	if (c->memory)
		cases_data_set(c->target, &c->before.gpr[GPR_RAX], c->size);
	else if (below(2))
		c->before.gpr[c->modrm & 7] = c->before.gpr[GPR_RAX];
	else
		c->before.gpr[8 + (c->modrm & 7)] = c->before.gpr[GPR_RAX];
	return true;
}

static bool shape_cmpxchg_wide(struct native_case *c)
{
	unsigned int half = c->size / 2;

	if (below(2))
		return true;
	cases_data_set(c->target, &c->before.gpr[GPR_RAX], half);
	cases_data_set(c->target + half, &c->before.gpr[GPR_RDX], half);
	return true;
}

static bool shape_translate(struct native_case *c)
{
	u64 at = USER_DATA - 200 + below(USER_SIZE + 200);

	c->before.gpr[GPR_RBX] = at - cases_segment_base(c);
	return c->before.gpr[GPR_RBX] < 1ULL << 31;
}

static bool shape_no_16(struct native_case *c)
{
	return c->size != 2;
}

static const struct native_form forms[] = {
	FORM(0, 0xc0, 0xc1, 0x0f, P66, .shape = shape_rotate),
	FORM(0, 0xd0, 0xd3, 0x0f, P66, .shape = shape_rotate),
	FORM(0, 0xc0, 0xc1, 0xf0, P66, .shape = shape_shift),
	FORM(0, 0xd0, 0xd3, 0xf0, P66, .shape = shape_shift),
	FORM(1, 0xa4, 0xa5, 0, P66, .shape = shape_double),
	FORM(1, 0xac, 0xad, 0, P66, .shape = shape_double),

	FORM(1, 0xa3, 0xa3, 0, P66, .undefined = BITS, .shape = shape_bit),
	FORM(1, 0xab, 0xab, 0, P66 | LOCK, .undefined = BITS,
	     .shape = shape_bit),
	FORM(1, 0xb3, 0xb3, 0, P66 | LOCK, .undefined = BITS,
	     .shape = shape_bit),
	FORM(1, 0xbb, 0xbb, 0, P66 | LOCK, .undefined = BITS,
	     .shape = shape_bit),
	FORM(1, 0xba, 0xba, 0x10, P66, .undefined = BITS),
	FORM(1, 0xba, 0xba, 0xe0, P66 | LOCK, .undefined = BITS),
	FORM(1, 0xbc, 0xbd, 0, P66, .undefined = CF | OF | SF | AF | PF,
	     .shape = shape_scan),
	FORM(1, 0xbc, 0xbd, 0, P66 | F3, .undefined = OF | SF | AF | PF,
	     .shape = shape_count),
	FORM(1, 0xb8, 0xb8, 0, P66 | F3, .shape = shape_count),
	FORM(2, 0xf0, 0xf1, 0, P66 | F2),

	FORM(0, 0x69, 0x69, 0, P66, .undefined = MULS),
	FORM(0, 0x6b, 0x6b, 0, P66, .undefined = MULS),
	FORM(1, 0xaf, 0xaf, 0, P66, .undefined = MULS, .shape = shape_count),
	FORM(0, 0xf6, 0xf7, 0x30, P66, .undefined = MULS, .shape = shape_count),
	FORM(0, 0xf6, 0xf7, 0xc0, P66, .undefined = BITS | CF,
	     .shape = shape_divide),

	FORM(0, 0x86, 0x87, 0, P66 | LOCK | LOCKED),
	FORM(0, 0x90, 0x97, 0, P66 | NO_MODRM),
	FORM(1, 0xc0, 0xc1, 0, P66 | LOCK),
	FORM(1, 0xb0, 0xb1, 0, P66 | LOCK, .shape = shape_cmpxchg),
	FORM(1, 0xc7, 0xc7, 0x02, LOCK | MEM,
	     .shape = shape_cmpxchg_wide),
	FORM(1, 0xc8, 0xcf, 0, P66 | NO_MODRM, .shape = shape_no_16),

	FORM(1, 0x40, 0x4f, 0, P66),
	FORM(1, 0x90, 0x9f, 0, P66),
	FORM(0, 0x98, 0x99, 0, P66 | NO_MODRM),
	FORM(0, 0x9e, 0x9f, 0, P66 | NO_MODRM),
	FORM(0, 0xd7, 0xd7, 0, NO_MODRM, .shape = shape_translate),
	FORM(0, 0xf5, 0xf5, 0, P66 | NO_MODRM),
	FORM(0, 0xf8, 0xf9, 0, P66 | NO_MODRM),
	FORM(0, 0xfc, 0xfd, 0, P66 | NO_MODRM),

	FORM(0, 0x90, 0x90, 0, F3 | NO_MODRM),
	FORM(1, 0x0d, 0x0d, 0, P66 | MEM),
	FORM(1, 0x18, 0x18, 0x0f, P66 | MEM),
	FORM(1, 0x1f, 0x1f, 0x01, P66),
	FORM(1, 0xae, 0xae, 0xe0, REG),
	FORM(1, 0xae, 0xae, 0x80, MEM),
};

static void test_random(void **unused)
{
	cases_run(forms, sizeof(forms) / sizeof(*forms), CASES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, cases_setup, NULL);
}
