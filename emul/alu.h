/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Integer arithmetic and the flags it leaves.  Pure: values in, values out.
 */
#ifndef LAMINA_EMUL_ALU_H
#define LAMINA_EMUL_ALU_H

#include <linux/types.h>

#include <asm/processor-flags.h>

#include "emul/operand.h"

#define ALU_FLAGS	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | \
			 X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_OF)

/* Numbered as in opcode bits 5:3 and in the reg field of group 1. */
enum alu_op {
	ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP,
};

/**
 * struct alu - one operation
 * @size: of the operands, in bytes (1, 2, 4, 8)
 * @flags: RFLAGS before, then after
 */
struct alu {
	unsigned int size;
	u64 flags;
};

/**
 * alu_flag - set or clear flags
 * @alu: the operation
 * @mask: the flags
 * @set: to which value
 */
static inline void alu_flag(struct alu *alu, u64 mask, bool set)
{
	alu->flags = set ? alu->flags | mask : alu->flags & ~mask;
}

/**
 * alu_top - the sign bit of a value
 * @alu: the operation
 * @val: the value
 */
static inline bool alu_top(const struct alu *alu, u64 val)
{
	return val >> (8 * alu->size - 1) & 1;
}

/**
 * alu_signed - sign extend a value to 64 bits
 * @val: the value
 * @size: in bytes (1, 2, 4, 8)
 */
static inline u64 alu_signed(u64 val, unsigned int size)
{
	unsigned int shift = 64 - 8 * size;

	return (u64)((s64)(val << shift) >> shift);
}

/**
 * alu_result - SF, ZF and PF as a result tells them
 * @alu: the operation; other flags stay
 * @val: the result; bits beyond the size are ignored
 */
void alu_result(struct alu *alu, u64 val);

/**
 * alu_compute - the eight arithmetic and logical operations
 * @alu: the operation
 * @op: which one; CMP computes what SUB does
 * @a: first operand
 * @b: second operand; no bits beyond the size in either
 *
 * AF, which AND, OR and XOR leave undefined, is 0 after them.
 *
 * Return: the result; bits beyond the size mean nothing.
 */
u64 alu_compute(struct alu *alu, enum alu_op op, u64 a, u64 b);

/**
 * alu_shift - rotates and shifts
 * @alu: the operation
 * @n: 0 to 7: ROL, ROR, RCL, RCR, SHL, SHR, SAL, SAR, as in the reg field of
 *	group 2
 * @val: the value
 * @count: number of bits; only the low five, or six for 64 bits, count
 *
 * OF is computed as for a count of 1, whatever the count; AF of a shift is 0.
 *
 * Return: the result.
 */
u64 alu_shift(struct alu *alu, unsigned int n, u64 val, unsigned int count);

/**
 * alu_double_shift - SHLD and SHRD
 * @alu: the operation
 * @right: SHRD
 * @val: the value
 * @fill: where the bits come from
 * @count: as for alu_shift(); undefined results when more than the size
 *
 * Return: the result.
 */
u64 alu_double_shift(struct alu *alu, bool right, u64 val, u64 fill,
		     unsigned int count);

/* Two halves of the operand size. */
struct alu_pair {
	u64 low, high;
};

/**
 * alu_multiply - the product of two unsigned numbers
 * @a: first one
 * @b: second one; no bits beyond the size in either
 * @size: in bytes (1, 2, 4, 8)
 */
struct alu_pair alu_multiply(u64 a, u64 b, unsigned int size);

/**
 * alu_condition - is a condition met?
 * @flags: RFLAGS
 * @cc: the condition, as in the low four bits of an opcode
 *
 * SDM vol. 1, appendix B; APM vol. 3, 1.2.7.
 */
bool alu_condition(u64 flags, unsigned int cc);

/** alu_is_met - is the condition met that the opcode's low four bits name? */
static inline bool alu_is_met(const struct emul_ctx *ctx)
{
	return alu_condition(ctx->rflags, ctx->insn.opcode & 15);
}

#endif
