// SPDX-License-Identifier: GPL-2.0-only
/*
 * Multiplication and division.  A product or a dividend is a pair of halves of
 * the operand size: AH:AL for bytes, DX:AX and wider otherwise.
 */
#include <linux/types.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/modify.h"
#include "emul/operand.h"
#include "emul/system.h"

static struct alu_pair pair_get(const struct emul_ctx *ctx, unsigned int size)
{
	struct alu_pair p = { operand_reg_get(ctx, GPR_RAX, size), 0 };

	p.high = size == 1 ? ctx->gpr[GPR_RAX] >> 8 & 0xff :
			     operand_reg_get(ctx, GPR_RDX, size);
	return p;
}

static void pair_set(struct emul_ctx *ctx, unsigned int size, struct alu_pair p)
{
	if (size == 1) {
		operand_reg_set(ctx, GPR_RAX, 2, p.high << 8 | (p.low & 0xff));
		return;
	}
	operand_reg_set(ctx, GPR_RAX, size, p.low);
	operand_reg_set(ctx, GPR_RDX, size, p.high);
}

/* A negative factor has been taken for 2^n more than it is. */
static struct alu_pair multiply_signed(u64 a, u64 b, const struct alu *alu)
{
	struct alu_pair p = alu_multiply(a, b, alu->size);

	if (alu_top(alu, a))
		p.high -= b;
	if (alu_top(alu, b))
		p.high -= a;
	p.high &= operand_mask(alu->size);
	return p;
}

/* CF and OF: is the upper half more than the extension of the lower one? */
static void multiply_flags(struct alu *alu, struct alu_pair p, bool sign)
{
	u64 upper = 0;

	if (sign && alu_top(alu, p.low))
		upper = operand_mask(alu->size);
	alu_flag(alu, X86_EFLAGS_CF | X86_EFLAGS_OF, p.high != upper);
}

/** exec_mul - MUL, and IMUL with one operand */
enum emul_result exec_mul(struct emul_ctx *ctx)
{
	bool sign = operand_digit(&ctx->insn) & 1;
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	u64 a = operand_reg_get(ctx, GPR_RAX, alu.size), b;
	enum emul_result ret;
	struct alu_pair p;

	ret = operand_rm_get(ctx, alu.size, &b);
	if (ret != EMUL_OK)
		return ret;
	p = sign ? multiply_signed(a, b, &alu) : alu_multiply(a, b, alu.size);
	multiply_flags(&alu, p, sign);
	pair_set(ctx, alu.size, p);
	ctx->rflags = alu.flags;
	return EMUL_OK;
}

/* 0F AF has two operands, 69 and 6B have an immediate. */
static u64 compute_imul(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	u64 by = ctx->insn.map ? operand_reg_read(ctx) : ctx->insn.imm;
	struct alu_pair p = multiply_signed(by & operand_mask(alu->size), val, alu);

	multiply_flags(alu, p, true);
	return p.low;
}

/** exec_imul - IMUL with two and three operands */
enum emul_result exec_imul(struct emul_ctx *ctx)
{
	return modify_reg(ctx, compute_imul);
}

/* Quotient in @low, remainder in @high; the quotient must fit. */
static struct alu_pair pair_divide(struct alu_pair p, u64 by, unsigned int size)
{
	struct alu_pair out = { 0, p.high };
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

static struct alu_pair pair_negate(struct alu_pair p, unsigned int size)
{
	u64 mask = operand_mask(size);

	p.low = -p.low & mask;
	p.high = ((p.low ? 0 : 1) + ~p.high) & mask;
	return p;
}

/** exec_div - DIV */
enum emul_result exec_div(struct emul_ctx *ctx)
{
	unsigned int size = ctx->insn.op_size;
	struct alu_pair p = pair_get(ctx, size);
	enum emul_result ret;
	u64 by;

	ret = operand_rm_get(ctx, size, &by);
	if (ret != EMUL_OK)
		return ret;
	if (p.high >= by)
		return exec_fault(ctx, X86_TRAP_DE, 0);
	pair_set(ctx, size, pair_divide(p, by, size));
	return EMUL_OK;
}

/** exec_idiv - IDIV: truncates towards 0; the remainder has the dividend's sign */
enum emul_result exec_idiv(struct emul_ctx *ctx)
{
	struct alu alu = { ctx->insn.op_size, 0 };
	struct alu_pair p = pair_get(ctx, alu.size);
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
		p = pair_negate(p, alu.size);
	if (p.high >= by)
		return exec_fault(ctx, X86_TRAP_DE, 0);
	p = pair_divide(p, by, alu.size);
	limit = (mask >> 1) + differ;
	if (p.low > limit)
		return exec_fault(ctx, X86_TRAP_DE, 0);
	if (differ)
		p.low = -p.low;
	if (minus)
		p.high = -p.high;
	pair_set(ctx, alu.size, p);
	return EMUL_OK;
}
