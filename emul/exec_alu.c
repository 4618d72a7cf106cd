// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>
#include <linux/bits.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/modify.h"
#include "emul/operand.h"
#include "emul/system.h"

enum { AX };

/* The ModRM operand is the destination, @src the other operand. */
static enum emul_result alu_to_rm(struct emul_ctx *ctx, enum alu_op op, u64 src)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	enum emul_result ret;
	u64 old, new;

	ret = modify_rm_fetch(ctx, alu.size, &old);
	if (ret != EMUL_OK)
		return ret;
	new = alu_compute(&alu, op, old, src & operand_mask(alu.size));
	ret = modify_rm_update(ctx, alu.size, old, new);
	if (ret != EMUL_OK)
		return ret;
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

/* CMP and TEST: only the flags change. */
static enum emul_result alu_compare(struct emul_ctx *ctx, enum alu_op op,
				    u64 src)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	enum emul_result ret;
	u64 val;

	ret = operand_rm_get(ctx, alu.size, &val);
	if (ret != EMUL_OK)
		return ret;
	alu_compute(&alu, op, val, src & operand_mask(alu.size));
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

static enum emul_result alu_rm(struct emul_ctx *ctx, enum alu_op op, u64 src)
{
	return op == ALU_CMP ? alu_compare(ctx, op, src) :
			       alu_to_rm(ctx, op, src);
}

/* @reg is the destination, @src the other operand. */
static enum emul_result alu_to_reg(struct emul_ctx *ctx, enum alu_op op,
				   unsigned int reg, u64 src)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	u64 val = operand_reg_get(ctx, reg, alu.size);

	val = alu_compute(&alu, op, val, src & operand_mask(alu.size));
	if (op != ALU_CMP)
		operand_reg_set(ctx, reg, alu.size, val);
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

/* Opcodes 00 to 3F: bits 2:0 are the form of the operands. */
static enum emul_result alu_form(struct emul_ctx *ctx, enum alu_op op)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int reg = operand_reg(insn), form = insn->opcode & 7;
	enum emul_result ret;
	u64 src;

	if (form < 2)
		return alu_rm(ctx, op, operand_reg_get(ctx, reg, insn->op_size));
	if (form > 5)
		return EMUL_UNKNOWN;
	if (form > 3)
		return alu_to_reg(ctx, op, AX, insn->imm);
	ret = operand_rm_get(ctx, insn->op_size, &src);
	return ret == EMUL_OK ? alu_to_reg(ctx, op, reg, src) : ret;
}

static enum emul_result alu_test_ax(struct emul_ctx *ctx)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	u64 val = operand_reg_get(ctx, AX, alu.size);

	alu_compute(&alu, ALU_AND, val, ctx->insn.imm & operand_mask(alu.size));
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

/* Group 3: TEST, NOT, NEG; exec_mul() has the rest. */
static enum emul_result alu_group_3(struct emul_ctx *ctx, unsigned int n)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	enum emul_result ret;
	u64 old, new;

	if (n < 2)
		return alu_compare(ctx, ALU_AND, ctx->insn.imm);
	if (n > 3)
		return EMUL_UNKNOWN;
	ret = modify_rm_fetch(ctx, alu.size, &old);
	if (ret != EMUL_OK)
		return ret;
	new = n == 2 ? ~old : alu_compute(&alu, ALU_SUB, 0, old);
	ret = modify_rm_update(ctx, alu.size, old, new);
	if (ret != EMUL_OK)
		return ret;
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

/* INC and DEC leave CF alone. */
static u64 alu_step(struct alu *alu, bool down, u64 val)
{
	u64 flags = alu->flags;

	val = alu_compute(alu, down ? ALU_SUB : ALU_ADD, val, 1);
	alu_flag(alu, RFLAGS_CF, flags & RFLAGS_CF);
	return val;
}

static enum emul_result alu_group_5(struct emul_ctx *ctx, unsigned int n)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	enum emul_result ret;
	u64 old, new;

	if (n > 1)
		return EMUL_UNKNOWN;
	ret = modify_rm_fetch(ctx, alu.size, &old);
	if (ret != EMUL_OK)
		return ret;
	new = alu_step(&alu, n, old);
	ret = modify_rm_update(ctx, alu.size, old, new);
	if (ret != EMUL_OK)
		return ret;
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

/* 40 to 4F: the opcode has the register. */
static enum emul_result alu_step_reg(struct emul_ctx *ctx)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	unsigned int reg = ctx->insn.opcode & 7;
	u64 val = operand_reg_get(ctx, reg, alu.size);

	val = alu_step(&alu, ctx->insn.opcode & 8, val);
	operand_reg_set(ctx, reg, alu.size, val);
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

/* BOUND: a signed index within the pair of limits in memory, or #BR. */
static enum emul_result alu_bound(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	struct operand_addr at = operand_address(ctx);
	unsigned int size = insn->op_size;
	u64 index = operand_reg_get(ctx, operand_reg(insn), size);
	enum emul_result ret;
	u64 low, high;

	ret = operand_load(ctx, at, size, &low);
	at.offset = (at.offset + size) & operand_mask(insn->addr_size);
	if (ret == EMUL_OK)
		ret = operand_load(ctx, at, size, &high);
	if (ret != EMUL_OK)
		return ret;
	index = alu_signed(index, size);
	if ((s64)index < (s64)alu_signed(low, size) ||
	    (s64)index > (s64)alu_signed(high, size))
		return exec_fault(ctx, VECTOR_BR, 0);
	return exec_next(ctx);
}

enum emul_result exec_alu(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int reg = operand_reg(insn), key = exec_key(insn);
	u64 val;

	switch (key) {
	case 0x000 ... 0x03f:
		return alu_form(ctx, key >> 3);
	case 0x040 ... 0x04f:
		return alu_step_reg(ctx);
	case 0x062:
		return alu_bound(ctx);
	case 0x080 ... 0x083:
		return alu_rm(ctx, operand_digit(insn), insn->imm);
	case 0x084 ... 0x085:
		val = operand_reg_get(ctx, reg, insn->op_size);
		return alu_compare(ctx, ALU_AND, val);
	case 0x0a8 ... 0x0a9:
		return alu_test_ax(ctx);
	case 0x0f6 ... 0x0f7:
		return alu_group_3(ctx, operand_digit(insn));
	case 0x0fe ... 0x0ff:
		return alu_group_5(ctx, operand_digit(insn));
	default:
		return EMUL_UNKNOWN;
	}
}
