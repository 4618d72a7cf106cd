// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>

#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"

static enum emul_result mov_to_rm(struct emul_ctx *ctx, u64 val)
{
	enum emul_result ret = operand_rm_set(ctx, ctx->insn.op_size, val);

	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

static enum emul_result mov_to_reg(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	enum emul_result ret;
	u64 val;

	ret = operand_rm_get(ctx, insn->op_size, &val);
	if (ret != EMUL_OK)
		return ret;
	operand_reg_set(ctx, operand_reg(insn), insn->op_size, val);
	return exec_next(ctx);
}

/* MOVZX, MOVSX, MOVSXD; @size is that of the source. */
static enum emul_result mov_extend(struct emul_ctx *ctx, unsigned int size,
				   bool sign)
{
	const struct emul_insn *insn = &ctx->insn;
	enum emul_result ret;
	u64 val;

	ret = operand_rm_get(ctx, size, &val);
	if (ret != EMUL_OK)
		return ret;
	if (sign && val >> (8 * size - 1))
		val |= ~operand_mask(size);
	operand_reg_set(ctx, operand_reg(insn), insn->op_size, val);
	return exec_next(ctx);
}

/*
 * MOVSXD.  With an operand size of 16 bits AMD still reads four bytes (APM
 * vol. 3, MOVSXD), Intel two.
 */
static enum emul_result mov_extend_dword(struct emul_ctx *ctx)
{
	if (ctx->mode != EMUL_64)
		return EMUL_UNKNOWN;
	return mov_extend(ctx, 4, true);
}

/* The accumulator, and memory at an offset that is an immediate. */
static enum emul_result mov_offset(struct emul_ctx *ctx, bool store)
{
	const struct emul_insn *insn = &ctx->insn;
	struct operand_addr at = { operand_seg(insn, EMUL_DS), insn->imm };
	enum emul_result ret;
	u64 val;

	if (store) {
		val = operand_reg_get(ctx, 0, insn->op_size);
		ret = operand_store(ctx, at, insn->op_size, val);
	} else {
		ret = operand_load(ctx, at, insn->op_size, &val);
		if (ret == EMUL_OK)
			operand_reg_set(ctx, 0, insn->op_size, val);
	}
	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

/* MOVNTI has no 16-bit form, not in 16-bit code either. */
static enum emul_result mov_uncached(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int size = insn->op_size == 8 ? 8 : 4;
	enum emul_result ret;

	ret = operand_rm_set(ctx, size,
			     operand_reg_get(ctx, operand_reg(insn), size));
	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

static enum emul_result mov_imm_to_reg(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int reg = operand_opcode_reg(insn);

	operand_reg_set(ctx, reg, insn->op_size, insn->imm);
	return exec_next(ctx);
}

/* The offset, not the linear address; no segment, no check. */
static enum emul_result mov_address(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;

	operand_reg_set(ctx, operand_reg(insn), insn->op_size,
			operand_address(ctx).offset);
	return exec_next(ctx);
}

enum emul_result exec_mov(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int reg = operand_reg(insn);

	switch (exec_key(insn)) {
	case 0x063:
		return mov_extend_dword(ctx);
	case 0x088:
	case 0x089:
		return mov_to_rm(ctx, operand_reg_get(ctx, reg, insn->op_size));
	case 0x08a:
	case 0x08b:
		return mov_to_reg(ctx);
	case 0x08d:
		return mov_address(ctx);
	case 0x0a0:
	case 0x0a1:
		return mov_offset(ctx, false);
	case 0x0a2:
	case 0x0a3:
		return mov_offset(ctx, true);
	case 0x0b0 ... 0x0bf:
		return mov_imm_to_reg(ctx);
	case 0x0c6:
	case 0x0c7:
		return operand_digit(insn) ? EMUL_UNKNOWN :
					     mov_to_rm(ctx, insn->imm);
	case 0x1b6:
	case 0x1b7:
		return mov_extend(ctx, 1 + (insn->opcode & 1), false);
	case 0x1be:
	case 0x1bf:
		return mov_extend(ctx, 1 + (insn->opcode & 1), true);
	case 0x1c3:
		return mov_uncached(ctx);
	default:
		return EMUL_UNKNOWN;
	}
}
