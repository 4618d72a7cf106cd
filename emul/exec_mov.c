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

static u64 byte_swap(u64 val, unsigned int size)
{
	u64 out = 0;

	while (size--) {
		out = out << 8 | (val & 0xff);
		val >>= 8;
	}
	return out;
}

static enum emul_result mov_swap(struct emul_ctx *ctx, bool store)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int reg = operand_reg(insn);
	enum emul_result ret;
	u64 val;

	/* With F2 it is CRC32; the register form is undefined. */
	if (insn->rep || !operand_in_memory(insn))
		return EMUL_UNKNOWN;
	if (store) {
		val = operand_reg_get(ctx, reg, insn->op_size);
		return mov_to_rm(ctx, byte_swap(val, insn->op_size));
	}
	ret = operand_rm_get(ctx, insn->op_size, &val);
	if (ret != EMUL_OK)
		return ret;
	operand_reg_set(ctx, reg, insn->op_size,
			byte_swap(val, insn->op_size));
	return exec_next(ctx);
}

/* The memory operand must be writable before it is read. */
static enum emul_result mov_exchange(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int reg = operand_reg(insn), size = insn->op_size;
	enum emul_result ret = EMUL_OK;
	u64 val, la, old = operand_reg_get(ctx, reg, size);

	if (operand_in_memory(insn))
		ret = operand_check(ctx, operand_address(ctx), size, true, &la);
	if (ret == EMUL_OK)
		ret = operand_rm_get(ctx, size, &val);
	if (ret == EMUL_OK)
		ret = operand_rm_set(ctx, size, old);
	if (ret != EMUL_OK)
		return ret;
	operand_reg_set(ctx, reg, size, val);
	return exec_next(ctx);
}

enum emul_result exec_mov(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int reg = operand_reg(insn);

	switch (exec_key(insn)) {
	case 0x063:
		return mov_extend_dword(ctx);
	case 0x086:
	case 0x087:
		return mov_exchange(ctx);
	case 0x088:
	case 0x089:
	case 0x1c3:
		return mov_to_rm(ctx, operand_reg_get(ctx, reg, insn->op_size));
	case 0x08a:
	case 0x08b:
		return mov_to_reg(ctx);
	case 0x0a0:
	case 0x0a1:
		return mov_offset(ctx, false);
	case 0x0a2:
	case 0x0a3:
		return mov_offset(ctx, true);
	case 0x0c6:
	case 0x0c7:
		return reg & 7 ? EMUL_UNKNOWN : mov_to_rm(ctx, insn->imm);
	case 0x1b6:
	case 0x1b7:
		return mov_extend(ctx, 1 + (insn->opcode & 1), false);
	case 0x1be:
	case 0x1bf:
		return mov_extend(ctx, 1 + (insn->opcode & 1), true);
	case 0x2f0:
	case 0x2f1:
		return mov_swap(ctx, insn->opcode & 1);
	default:
		return EMUL_UNKNOWN;
	}
}
