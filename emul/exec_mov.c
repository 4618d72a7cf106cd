// SPDX-License-Identifier: GPL-2.0-only
/* Moves without arithmetic, but for those of segment and system registers. */
#include <linux/types.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"

/** exec_mov_store - MOV of a register to ModRM.rm */
enum emul_result exec_mov_store(struct emul_ctx *ctx)
{
	return operand_rm_set(ctx, ctx->insn.op_size, operand_reg_read(ctx));
}

/** exec_mov_imm - MOV of an immediate to ModRM.rm */
enum emul_result exec_mov_imm(struct emul_ctx *ctx)
{
	return operand_rm_set(ctx, ctx->insn.op_size, ctx->insn.imm);
}

/* @size is that of the source. */
static enum emul_result mov_extend(struct emul_ctx *ctx, unsigned int size,
				   bool sign)
{
	enum emul_result ret;
	u64 val;

	ret = operand_rm_get(ctx, size, &val);
	if (ret == EMUL_OK)
		operand_reg_write(ctx, sign ? alu_signed(val, size) : val);
	return ret;
}

/** exec_mov_load - MOV of ModRM.rm to a register */
enum emul_result exec_mov_load(struct emul_ctx *ctx)
{
	return mov_extend(ctx, ctx->insn.op_size, false);
}

/** exec_movzx - MOVZX; opcode bit 0: from 16 bits */
enum emul_result exec_movzx(struct emul_ctx *ctx)
{
	return mov_extend(ctx, 1 + (ctx->insn.opcode & 1), false);
}

/** exec_movsx - MOVSX; opcode bit 0: from 16 bits */
enum emul_result exec_movsx(struct emul_ctx *ctx)
{
	return mov_extend(ctx, 1 + (ctx->insn.opcode & 1), true);
}

/**
 * exec_movsxd - MOVSXD; outside 64-bit mode the opcode is ARPL's
 *
 * With an operand size of 16 bits AMD still reads four bytes (APM vol. 3,
 * MOVSXD), Intel two.
 */
enum emul_result exec_movsxd(struct emul_ctx *ctx)
{
	return ctx->mode == EMUL_64 ? mov_extend(ctx, 4, true) : exec_arpl(ctx);
}

/** exec_mov_offset - MOV between the accumulator and an offset; bit 1: store */
enum emul_result exec_mov_offset(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	struct operand_addr at = { operand_seg(insn, SEG_DS), insn->imm };
	enum emul_result ret;
	u64 val;

	if (insn->opcode & 2)
		return operand_store(ctx, at, insn->op_size, ctx->gpr[GPR_RAX]);
	ret = operand_load(ctx, at, insn->op_size, &val);
	if (ret == EMUL_OK)
		operand_reg_set(ctx, GPR_RAX, insn->op_size, val);
	return ret;
}

/** exec_movnti - MOVNTI: no 16-bit form, not in 16-bit code either */
enum emul_result exec_movnti(struct emul_ctx *ctx)
{
	return operand_rm_set(ctx, ctx->insn.op_size == 8 ? 8 : 4,
			      ctx->gpr[operand_reg(&ctx->insn)]);
}

/** exec_mov_reg_imm - MOV of an immediate to the register in the opcode */
enum emul_result exec_mov_reg_imm(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;

	operand_reg_set(ctx, operand_opcode_reg(insn), insn->op_size, insn->imm);
	return EMUL_OK;
}

/** exec_lea - LEA: the offset, not the linear address; no segment, no check */
enum emul_result exec_lea(struct emul_ctx *ctx)
{
	operand_reg_write(ctx, operand_address(ctx).offset);
	return EMUL_OK;
}
