// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/modify.h"
#include "emul/operand.h"

enum { CX = 1 };

/* Opcode bit 1 tells whether CL is the count, else it is 1. */
static unsigned int shift_count(const struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;

	if (insn->opcode < 0xd0)
		return insn->imm;
	return insn->opcode & 2 ? ctx->gpr[CX] & 0xff : 1;
}

/* With a count of 0 the operand is read and written nevertheless. */
static enum emul_result shift_rm(struct emul_ctx *ctx)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	unsigned int n = operand_digit(&ctx->insn);
	enum emul_result ret;
	u64 old, new;

	ret = modify_rm_fetch(ctx, alu.size, &old);
	if (ret != EMUL_OK)
		return ret;
	new = alu_shift(&alu, n, old, shift_count(ctx));
	ret = operand_rm_set(ctx, alu.size, new);
	if (ret != EMUL_OK)
		return ret;
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

/* SHLD and SHRD; opcode bit 0: the count is in CL. */
static enum emul_result shift_double(struct emul_ctx *ctx, bool right)
{
	const struct emul_insn *insn = &ctx->insn;
	struct alu alu = { insn->op_size, ctx->rflags };
	unsigned int count = insn->opcode & 1 ? ctx->gpr[CX] : insn->imm;
	enum emul_result ret;
	u64 old, new, fill;

	ret = modify_rm_fetch(ctx, alu.size, &old);
	if (ret != EMUL_OK)
		return ret;
	fill = operand_reg_get(ctx, operand_reg(insn), alu.size);
	new = alu_double_shift(&alu, right, old, fill, count);
	ret = operand_rm_set(ctx, alu.size, new);
	if (ret != EMUL_OK)
		return ret;
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

enum emul_result exec_shift(struct emul_ctx *ctx)
{
	switch (exec_key(&ctx->insn)) {
	case 0x0c0 ... 0x0c1:
	case 0x0d0 ... 0x0d3:
		return shift_rm(ctx);
	case 0x1a4 ... 0x1a5:
		return shift_double(ctx, false);
	case 0x1ac ... 0x1ad:
		return shift_double(ctx, true);
	default:
		return EMUL_UNKNOWN;
	}
}
