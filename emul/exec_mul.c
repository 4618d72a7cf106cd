// SPDX-License-Identifier: GPL-2.0-only
/*
 * Multiplication and division.  A product or a dividend is a pair of halves of
 * the operand size: AH:AL for bytes, DX:AX and wider otherwise.
 */
#include <linux/types.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"

enum { AX, CX, DX };

struct pair {
	u64 low, high;
};

static struct pair pair_get(const struct emul_ctx *ctx, unsigned int size)
{
	struct pair p = { operand_reg_get(ctx, AX, size), 0 };

	p.high = size == 1 ? ctx->gpr[AX] >> 8 & 0xff :
			     operand_reg_get(ctx, DX, size);
	return p;
}

static void pair_set(struct emul_ctx *ctx, unsigned int size, struct pair p)
{
	if (size == 1) {
		operand_reg_set(ctx, AX, 2, p.high << 8 | (p.low & 0xff));
		return;
	}
	operand_reg_set(ctx, AX, size, p.low);
	operand_reg_set(ctx, DX, size, p.high);
}

/* Halves of 32 bits: there is no wider type everywhere. */
static struct pair multiply_64(u64 a, u64 b)
{
	u64 a0 = (u32)a, a1 = a >> 32, b0 = (u32)b, b1 = b >> 32;
	u64 mid = a1 * b0 + (a0 * b0 >> 32);
	u64 mid2 = a0 * b1 + (u32)mid;
	struct pair p = { a * b, a1 * b1 + (mid >> 32) + (mid2 >> 32) };

	return p;
}

static struct pair multiply(u64 a, u64 b, unsigned int size)
{
	struct pair p = { a * b, 0 };

	if (size == 8)
		return multiply_64(a, b);
	p.high = p.low >> 8 * size & operand_mask(size);
	p.low &= operand_mask(size);
	return p;
}

/* A negative factor has been taken for 2^n more than it is. */
static struct pair multiply_signed(u64 a, u64 b, const struct alu *alu)
{
	struct pair p = multiply(a, b, alu->size);

	if (alu_top(alu, a))
		p.high -= b;
	if (alu_top(alu, b))
		p.high -= a;
	p.high &= operand_mask(alu->size);
	return p;
}

/* CF and OF: is the upper half more than the extension of the lower one? */
static void multiply_flags(struct alu *alu, struct pair p, bool sign)
{
	u64 upper = 0;

	if (sign && alu_top(alu, p.low))
		upper = operand_mask(alu->size);
	alu_flag(alu, RFLAGS_CF | RFLAGS_OF, p.high != upper);
}

static enum emul_result mul_ax(struct emul_ctx *ctx, bool sign)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	u64 a = operand_reg_get(ctx, AX, alu.size), b;
	enum emul_result ret;
	struct pair p;

	ret = operand_rm_get(ctx, alu.size, &b);
	if (ret != EMUL_OK)
		return ret;
	p = sign ? multiply_signed(a, b, &alu) : multiply(a, b, alu.size);
	multiply_flags(&alu, p, sign);
	pair_set(ctx, alu.size, p);
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

/* IMUL with two and three operands: @a is the one that is not ModRM.rm. */
static enum emul_result mul_reg(struct emul_ctx *ctx, u64 a)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	enum emul_result ret;
	struct pair p;
	u64 b;

	ret = operand_rm_get(ctx, alu.size, &b);
	if (ret != EMUL_OK)
		return ret;
	p = multiply_signed(a & operand_mask(alu.size), b, &alu);
	multiply_flags(&alu, p, true);
	operand_reg_set(ctx, operand_reg(&ctx->insn), alu.size, p.low);
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

/* Quotient in @low, remainder in @high; the quotient must fit. */
static struct pair divide(struct pair p, u64 by, unsigned int size)
{
	struct pair out = { 0, p.high };
	unsigned int i;
	bool carry;

	for (i = 8 * size; i--; ) {
		carry = out.high >> 63;
		out.high = out.high << 1 | (p.low >> i & 1);
		out.low <<= 1;
		if (carry || out.high >= by) {
			out.high -= by;
			out.low |= 1;
		}
	}
	return out;
}

static struct pair negate(struct pair p, unsigned int size)
{
	u64 mask = operand_mask(size);

	p.low = -p.low & mask;
	p.high = ((p.low ? 0 : 1) + ~p.high) & mask;
	return p;
}

static enum emul_result div_ax(struct emul_ctx *ctx)
{
	unsigned int size = ctx->insn.op_size;
	struct pair p = pair_get(ctx, size);
	enum emul_result ret;
	u64 by;

	ret = operand_rm_get(ctx, size, &by);
	if (ret != EMUL_OK)
		return ret;
	if (p.high >= by)
		return exec_fault(ctx, VECTOR_DE, 0);
	pair_set(ctx, size, divide(p, by, size));
	return exec_next(ctx);
}

/* Truncates towards 0; the remainder has the dividend's sign. */
static enum emul_result idiv_ax(struct emul_ctx *ctx)
{
	struct alu alu = { ctx->insn.op_size, 0 };
	struct pair p = pair_get(ctx, alu.size);
	u64 mask = operand_mask(alu.size), by, limit;
	bool minus = alu_top(&alu, p.high), differ;
	enum emul_result ret;

	ret = operand_rm_get(ctx, alu.size, &by);
	if (ret != EMUL_OK)
		return ret;
	differ = minus != alu_top(&alu, by);
	if (alu_top(&alu, by))
		by = -by & mask;
	if (minus)
		p = negate(p, alu.size);
	if (p.high >= by)
		return exec_fault(ctx, VECTOR_DE, 0);
	p = divide(p, by, alu.size);
	limit = (mask >> 1) + differ;
	if (p.low > limit)
		return exec_fault(ctx, VECTOR_DE, 0);
	if (differ)
		p.low = -p.low;
	if (minus)
		p.high = -p.high;
	pair_set(ctx, alu.size, p);
	return exec_next(ctx);
}

static enum emul_result mul_group_3(struct emul_ctx *ctx)
{
	switch (operand_digit(&ctx->insn)) {
	case 4:
		return mul_ax(ctx, false);
	case 5:
		return mul_ax(ctx, true);
	case 6:
		return div_ax(ctx);
	case 7:
		return idiv_ax(ctx);
	default:
		return EMUL_UNKNOWN;
	}
}

enum emul_result exec_mul(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;

	switch (exec_key(insn)) {
	case 0x069:
	case 0x06b:
		return mul_reg(ctx, insn->imm);
	case 0x0f6 ... 0x0f7:
		return mul_group_3(ctx);
	case 0x1af:
		return mul_reg(ctx, operand_reg_get(ctx, operand_reg(insn),
						    insn->op_size));
	default:
		return EMUL_UNKNOWN;
	}
}
