// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>
#include <linux/bits.h>

#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"

#define FLAG_CF	BIT(0)
#define FLAG_PF	BIT(2)
#define FLAG_AF	BIT(4)
#define FLAG_ZF	BIT(6)
#define FLAG_SF	BIT(7)
#define FLAG_OF	BIT(11)
#define FLAG_ALL (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

/* Numbered as in opcode bits 5:3 and in the reg field of group 1. */
enum alu_op {
	ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP,
};

struct alu {
	unsigned int size;
	u64 flags;
};

static bool top_bit(const struct alu *alu, u64 val)
{
	return val >> (8 * alu->size - 1) & 1;
}

/* Flags of @val as SF, ZF and PF tell them, in place of all six. */
static u64 alu_result(struct alu *alu, u64 val)
{
	unsigned int parity = val & 0xff;

	val &= operand_mask(alu->size);
	parity ^= parity >> 4;
	parity ^= parity >> 2;
	parity ^= parity >> 1;
	alu->flags &= ~(u64)FLAG_ALL;
	if (!(parity & 1))
		alu->flags |= FLAG_PF;
	if (!val)
		alu->flags |= FLAG_ZF;
	if (top_bit(alu, val))
		alu->flags |= FLAG_SF;
	return val;
}

/*
 * Carries out of each bit, from the operands and the result: bit 3 is AF, the
 * top bit CF, the two top bits unlike OF.
 */
static void alu_carries(struct alu *alu, u64 carries)
{
	bool out = top_bit(alu, carries), in = top_bit(alu, carries << 1);

	if (carries & 8)
		alu->flags |= FLAG_AF;
	if (out)
		alu->flags |= FLAG_CF;
	if (out != in)
		alu->flags |= FLAG_OF;
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

static u64 alu_compute(struct alu *alu, enum alu_op op, u64 a, u64 b)
{
	bool carry = alu->flags & FLAG_CF;

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
		return alu_result(alu, a | b);
	case ALU_AND:
		return alu_result(alu, a & b);
	default:
		return alu_result(alu, a ^ b);
	}
}

/* Read the ModRM operand; to write it back must be allowed when @write. */
static enum emul_result alu_fetch(struct emul_ctx *ctx, bool write, u64 *val)
{
	unsigned int size = ctx->insn.op_size;
	enum emul_result ret = EMUL_OK;
	u64 la;

	if (write && operand_in_memory(&ctx->insn))
		ret = operand_check(ctx, operand_address(ctx), size, true, &la);
	return ret == EMUL_OK ? operand_rm_get(ctx, size, val) : ret;
}

/* Write the result to the ModRM operand, unless it is for the flags only. */
static enum emul_result alu_finish(struct emul_ctx *ctx, struct alu *alu,
				   u64 val, bool write)
{
	enum emul_result ret = EMUL_OK;

	if (write)
		ret = operand_rm_set(ctx, alu->size, val);
	if (ret != EMUL_OK)
		return ret;
	ctx->rflags = alu->flags;
	return exec_next(ctx);
}

/* The ModRM operand is the destination, @src the other operand. */
static enum emul_result alu_to_rm(struct emul_ctx *ctx, enum alu_op op,
				  u64 src, bool write)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	enum emul_result ret;
	u64 val;

	ret = alu_fetch(ctx, write, &val);
	if (ret != EMUL_OK)
		return ret;
	val = alu_compute(&alu, op, val, src & operand_mask(alu.size));
	return alu_finish(ctx, &alu, val, write);
}

static enum emul_result alu_to_reg(struct emul_ctx *ctx, enum alu_op op)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	unsigned int reg = operand_reg(&ctx->insn);
	enum emul_result ret;
	u64 src, val;

	ret = operand_rm_get(ctx, alu.size, &src);
	if (ret != EMUL_OK)
		return ret;
	val = operand_reg_get(ctx, reg, alu.size);
	val = alu_compute(&alu, op, val, src);
	if (op != ALU_CMP)
		operand_reg_set(ctx, reg, alu.size, val);
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

/* Group 3: TEST, NOT, NEG; the multiplications and divisions are not here. */
static enum emul_result alu_group_3(struct emul_ctx *ctx, unsigned int n)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	enum emul_result ret;
	u64 val;

	if (n < 2)
		return alu_to_rm(ctx, ALU_AND, ctx->insn.imm, false);
	if (n > 3)
		return EMUL_UNKNOWN;
	ret = alu_fetch(ctx, true, &val);
	if (ret != EMUL_OK)
		return ret;
	val = n == 2 ? ~val : alu_sub(&alu, 0, val, false);
	return alu_finish(ctx, &alu, val, true);
}

/* Groups 4 and 5: INC and DEC leave CF alone. */
static enum emul_result alu_group_5(struct emul_ctx *ctx, unsigned int n)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	enum emul_result ret;
	u64 val;

	if (n > 1)
		return EMUL_UNKNOWN;
	ret = alu_fetch(ctx, true, &val);
	if (ret != EMUL_OK)
		return ret;
	val = alu_compute(&alu, n ? ALU_SUB : ALU_ADD, val, 1);
	alu.flags = (alu.flags & ~(u64)FLAG_CF) | (ctx->rflags & FLAG_CF);
	return alu_finish(ctx, &alu, val, true);
}

enum emul_result exec_alu(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int n = operand_reg(insn) & 7, key = exec_key(insn);
	enum alu_op op = key >> 3 & 7;
	u64 reg;

	if (!insn->has_modrm || insn->map)
		return EMUL_UNKNOWN;
	reg = operand_reg_get(ctx, operand_reg(insn), insn->op_size);
	if (key < 0x40)
		return key & 2 ? alu_to_reg(ctx, op) :
				 alu_to_rm(ctx, op, reg, op != ALU_CMP);
	switch (key) {
	case 0x80 ... 0x83:
		return alu_to_rm(ctx, n, insn->imm, n != ALU_CMP);
	case 0x84 ... 0x85:
		return alu_to_rm(ctx, ALU_AND, reg, false);
	case 0xf6 ... 0xf7:
		return alu_group_3(ctx, n);
	case 0xfe ... 0xff:
		return alu_group_5(ctx, n);
	default:
		return EMUL_UNKNOWN;
	}
}
