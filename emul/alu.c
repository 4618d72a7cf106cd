// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>
#include <linux/bits.h>

#include "emul/alu.h"

void alu_result(struct alu *alu, u64 val)
{
	unsigned int parity = val & 0xff;

	parity ^= parity >> 4;
	parity ^= parity >> 2;
	parity ^= parity >> 1;
	alu_flag(alu, X86_EFLAGS_PF, !(parity & 1));
	alu_flag(alu, X86_EFLAGS_ZF, !(val & operand_mask(alu->size)));
	alu_flag(alu, X86_EFLAGS_SF, alu_top(alu, val));
}

/*
 * Carries out of each bit, from the operands and the result: bit 3 is AF, the
 * top bit CF, the two top bits unlike OF.
 */
static void alu_carries(struct alu *alu, u64 carries)
{
	bool out = alu_top(alu, carries), in = alu_top(alu, carries << 1);

	alu_flag(alu, X86_EFLAGS_AF, carries & 8);
	alu_flag(alu, X86_EFLAGS_CF, out);
	alu_flag(alu, X86_EFLAGS_OF, out != in);
}

static u64 alu_add(struct alu *alu, u64 a, u64 b, bool carry)
{
	u64 val = a + b + carry;

	alu_result(alu, val);
	alu_carries(alu, (a & b) | ((a | b) & ~val));
	return val;
}

static u64 alu_sub(struct alu *alu, u64 a, u64 b, bool borrow)
{
	u64 val = a - b - borrow;

	alu_result(alu, val);
	alu_carries(alu, (~a & b) | ((~a | b) & val));
	return val;
}

static u64 alu_logic(struct alu *alu, u64 val)
{
	alu_flag(alu, X86_EFLAGS_CF | X86_EFLAGS_OF | X86_EFLAGS_AF, false);
	alu_result(alu, val);
	return val;
}

u64 alu_compute(struct alu *alu, enum alu_op op, u64 a, u64 b)
{
	bool carry = alu->flags & X86_EFLAGS_CF;

	switch (op) {
	case ALU_ADD:
		return alu_add(alu, a, b, false);
	case ALU_ADC:
		return alu_add(alu, a, b, carry);
	case ALU_SUB:
	case ALU_CMP:
		return alu_sub(alu, a, b, false);
	case ALU_SBB:
		return alu_sub(alu, a, b, carry);
	case ALU_OR:
		return alu_logic(alu, a | b);
	case ALU_AND:
		return alu_logic(alu, a & b);
	default:
		return alu_logic(alu, a ^ b);
	}
}

static u64 shift_left(struct alu *alu, u64 val, bool in)
{
	bool out = alu_top(alu, val);

	alu_flag(alu, X86_EFLAGS_CF, out);
	val = val << 1 | in;
	alu_flag(alu, X86_EFLAGS_OF, alu_top(alu, val) != out);
	return val;
}

/* OF tells whether the sign has changed. */
static u64 shift_right(struct alu *alu, u64 val, bool in)
{
	bool top = alu_top(alu, val);

	alu_flag(alu, X86_EFLAGS_CF, val & 1);
	val = (val & operand_mask(alu->size)) >> 1 |
	      (u64)in << (8 * alu->size - 1);
	alu_flag(alu, X86_EFLAGS_OF, in != top);
	return val;
}

/* One bit of what alu_shift() does. */
static u64 shift_once(struct alu *alu, unsigned int n, u64 val)
{
	bool carry = alu->flags & X86_EFLAGS_CF;

	switch (n) {
	case 0:	/* ROL */
		return shift_left(alu, val, alu_top(alu, val));
	case 1:	/* ROR */
		return shift_right(alu, val, val & 1);
	case 2:	/* RCL */
		return shift_left(alu, val, carry);
	case 3:	/* RCR */
		return shift_right(alu, val, carry);
	case 5:	/* SHR */
		return shift_right(alu, val, false);
	case 7:	/* SAR */
		return shift_right(alu, val, alu_top(alu, val));
	default: /* SHL; SAL is the same */
		return shift_left(alu, val, false);
	}
}

static unsigned int shift_count(const struct alu *alu, unsigned int count)
{
	return count & (alu->size == 8 ? 63 : 31);
}

u64 alu_shift(struct alu *alu, unsigned int n, u64 val, unsigned int count)
{
	unsigned int left = shift_count(alu, count), i;

	for (i = 0; i < left; i++)
		val = shift_once(alu, n, val);
	if (left && n >= 4) {
		alu_flag(alu, X86_EFLAGS_AF, false);
		alu_result(alu, val);
	}
	return val;
}

u64 alu_double_shift(struct alu *alu, bool right, u64 val, u64 fill,
		     unsigned int count)
{
	unsigned int left = shift_count(alu, count), i;

	for (i = 0; i < left; i++)
		if (right) {
			val = shift_right(alu, val, fill & 1);
			fill >>= 1;
		} else {
			val = shift_left(alu, val, alu_top(alu, fill));
			fill <<= 1;
		}
	if (left) {
		alu_flag(alu, X86_EFLAGS_AF, false);
		alu_result(alu, val);
	}
	return val;
}

bool alu_condition(u64 flags, unsigned int cc)
{
	bool less = !(flags & X86_EFLAGS_SF) != !(flags & X86_EFLAGS_OF), met;

	switch (cc >> 1) {
	case 0:
		met = flags & X86_EFLAGS_OF;
		break;
	case 1:
		met = flags & X86_EFLAGS_CF;
		break;
	case 2:
		met = flags & X86_EFLAGS_ZF;
		break;
	case 3:
		met = flags & (X86_EFLAGS_CF | X86_EFLAGS_ZF);
		break;
	case 4:
		met = flags & X86_EFLAGS_SF;
		break;
	case 5:
		met = flags & X86_EFLAGS_PF;
		break;
	case 6:
		met = less;
		break;
	default:
		met = less || flags & X86_EFLAGS_ZF;
	}
	return met != (cc & 1);
}

/* Halves of 32 bits: there is no wider type everywhere. */
static struct alu_pair multiply_64(u64 a, u64 b)
{
	u64 a0 = (u32)a, a1 = a >> 32, b0 = (u32)b, b1 = b >> 32;
	u64 mid = a1 * b0 + (a0 * b0 >> 32);
	u64 mid2 = a0 * b1 + (u32)mid;
	struct alu_pair p = { a * b, a1 * b1 + (mid >> 32) + (mid2 >> 32) };

	return p;
}

struct alu_pair alu_multiply(u64 a, u64 b, unsigned int size)
{
	struct alu_pair p = { a * b, 0 };

	if (size == 8)
		return multiply_64(a, b);
	p.high = p.low >> 8 * size & operand_mask(size);
	p.low &= operand_mask(size);
	return p;
}
