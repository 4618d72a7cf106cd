// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flags as such, what depends on conditions, and conversions within the
 * accumulator.
 */
#include <linux/types.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"

enum { AX, CX, DX, BX };

/* The flags in AH; bit 1 is always 1, bits 3 and 5 are 0. */
#define FLAGS_AH	(RFLAGS_SF | RFLAGS_ZF | RFLAGS_AF | RFLAGS_PF | \
			 RFLAGS_CF)

static enum emul_result flags_assign(struct emul_ctx *ctx, u64 mask, u64 set)
{
	ctx->rflags = (ctx->rflags & ~mask) | (set & mask);
	return exec_next(ctx);
}

static enum emul_result flags_to_ah(struct emul_ctx *ctx)
{
	u64 ah = (ctx->rflags & FLAGS_AH) | 2;

	operand_reg_set(ctx, AX, 2, (ctx->gpr[AX] & 0xff) | ah << 8);
	return exec_next(ctx);
}

static enum emul_result flags_set_cc(struct emul_ctx *ctx)
{
	bool met = alu_condition(ctx->rflags, ctx->insn.opcode & 15);
	enum emul_result ret = operand_rm_set(ctx, 1, met);

	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

/* Memory is read, and 32 bits are extended, whether the condition is met. */
static enum emul_result flags_move_cc(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int reg = operand_reg(insn), size = insn->op_size;
	enum emul_result ret;
	u64 val;

	ret = operand_rm_get(ctx, size, &val);
	if (ret != EMUL_OK)
		return ret;
	if (!alu_condition(ctx->rflags, insn->opcode & 15))
		val = operand_reg_get(ctx, reg, size);
	operand_reg_set(ctx, reg, size, val);
	return exec_next(ctx);
}

/* CBW, CWDE, CDQE: the source is half of the operand size. */
static enum emul_result ax_extend(struct emul_ctx *ctx)
{
	unsigned int size = ctx->insn.op_size;

	operand_reg_set(ctx, AX, size, alu_signed(ctx->gpr[AX], size / 2));
	return exec_next(ctx);
}

/* CWD, CDQ, CQO. */
static enum emul_result ax_extend_dx(struct emul_ctx *ctx)
{
	unsigned int size = ctx->insn.op_size;
	u64 val = alu_signed(ctx->gpr[AX], size);

	operand_reg_set(ctx, DX, size, val >> 63 ? ~0ULL : 0);
	return exec_next(ctx);
}

static enum emul_result ax_translate(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	struct operand_addr at = {
		operand_seg(insn, EMUL_DS), ctx->gpr[BX] + (ctx->gpr[AX] & 0xff)
	};
	enum emul_result ret;
	u64 val;

	at.offset &= operand_mask(insn->addr_size);
	ret = operand_load(ctx, at, 1, &val);
	if (ret != EMUL_OK)
		return ret;
	operand_reg_set(ctx, AX, 1, val);
	return exec_next(ctx);
}

enum emul_result exec_flags(struct emul_ctx *ctx)
{
	switch (exec_key(&ctx->insn)) {
	case 0x098:
		return ax_extend(ctx);
	case 0x099:
		return ax_extend_dx(ctx);
	case 0x09e:	/* SAHF */
		return flags_assign(ctx, FLAGS_AH, ctx->gpr[AX] >> 8);
	case 0x09f:	/* LAHF */
		return flags_to_ah(ctx);
	case 0x0d6:	/* SALC */
		operand_reg_set(ctx, AX, 1, ctx->rflags & RFLAGS_CF ? 0xff : 0);
		return exec_next(ctx);
	case 0x0d7:
		return ax_translate(ctx);
	case 0x0f5:	/* CMC */
		return flags_assign(ctx, RFLAGS_CF, ~ctx->rflags);
	case 0x0f8 ... 0x0f9:	/* CLC, STC */
		return flags_assign(ctx, RFLAGS_CF, ctx->insn.opcode & 1);
	case 0x0fc:	/* CLD */
		return flags_assign(ctx, RFLAGS_DF, 0);
	case 0x0fd:	/* STD */
		return flags_assign(ctx, RFLAGS_DF, RFLAGS_DF);
	case 0x140 ... 0x14f:
		return flags_move_cc(ctx);
	case 0x190 ... 0x19f:
		return flags_set_cc(ctx);
	default:
		return EMUL_UNKNOWN;
	}
}
