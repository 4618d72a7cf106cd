// SPDX-License-Identifier: GPL-2.0-only
/* Exchanges: XCHG, XADD, CMPXCHG, CMPXCHG8B, CMPXCHG16B, BSWAP, MOVBE. */
#include <linux/types.h>
#include <linux/string.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/modify.h"
#include "emul/operand.h"
#include "emul/system.h"

enum { AX, CX, DX, BX };

/* Locked with a memory operand, with LOCK or without. */
static enum emul_result swap_rm(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int reg = operand_reg(insn), size = insn->op_size;
	u64 new = operand_reg_get(ctx, reg, size), old;
	enum emul_result ret;

	ret = modify_rm_fetch(ctx, size, &old);
	if (ret != EMUL_OK)
		return ret;
	if (operand_in_memory(insn))
		ret = operand_cmpxchg(ctx, operand_address(ctx), &old, &new,
				      size);
	else
		operand_reg_set(ctx, operand_rm(insn), size, new);
	if (ret != EMUL_OK)
		return ret;
	operand_reg_set(ctx, reg, size, old);
	return exec_next(ctx);
}

/* 90 to 97; 90 alone is NOP, which does not clear the upper half of RAX. */
static enum emul_result swap_ax(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int reg = operand_opcode_reg(insn);
	unsigned int size = insn->op_size;
	u64 val = operand_reg_get(ctx, reg, size);

	if (reg == AX)
		return exec_next(ctx);
	operand_reg_set(ctx, reg, size, operand_reg_get(ctx, AX, size));
	operand_reg_set(ctx, AX, size, val);
	return exec_next(ctx);
}

static enum emul_result swap_add(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	struct alu alu = { insn->op_size, ctx->rflags };
	unsigned int reg = operand_reg(insn);
	enum emul_result ret;
	u64 old, new;

	ret = modify_rm_fetch(ctx, alu.size, &old);
	if (ret != EMUL_OK)
		return ret;
	new = alu_compute(&alu, ALU_ADD, old,
			  operand_reg_get(ctx, reg, alu.size));
	if (operand_in_memory(insn))
		ret = modify_rm_update(ctx, alu.size, old, new);
	if (ret != EMUL_OK)
		return ret;
	operand_reg_set(ctx, reg, alu.size, old);
	/* The sum is what remains when both are the same register. */
	if (!operand_in_memory(insn))
		operand_reg_set(ctx, operand_rm(insn), alu.size, new);
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

/* Memory is written in any case, with what was there when not equal. */
static enum emul_result swap_compare(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	struct alu alu = { insn->op_size, ctx->rflags };
	u64 ax = operand_reg_get(ctx, AX, alu.size), old, new;
	enum emul_result ret;

	ret = modify_rm_fetch(ctx, alu.size, &old);
	if (ret != EMUL_OK)
		return ret;
	new = ax == old ? operand_reg_get(ctx, operand_reg(insn), alu.size) :
			  old;
	alu_compute(&alu, ALU_CMP, ax, old);
	if (operand_in_memory(insn))
		ret = operand_cmpxchg(ctx, operand_address(ctx), &old, &new,
				      alu.size);
	else if (ax == old)
		operand_reg_set(ctx, operand_rm(insn), alu.size, new);
	if (ret != EMUL_OK)
		return ret;
	if (ax != old)
		operand_reg_set(ctx, AX, alu.size, old);
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

/* Two registers of half the size, as memory has them. */
static void wide_get(const struct emul_ctx *ctx, unsigned int low,
		     unsigned int high, unsigned int half, void *buf)
{
	memcpy(buf, &ctx->gpr[low], half);
	memcpy(buf + half, &ctx->gpr[high], half);
}

static void wide_set(struct emul_ctx *ctx, unsigned int half, const u8 *buf)
{
	u64 low = 0, high = 0;

	memcpy(&low, buf, half);
	memcpy(&high, buf + half, half);
	operand_reg_set(ctx, AX, half, low);
	operand_reg_set(ctx, DX, half, high);
}

static enum emul_result swap_compare_wide(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int half = insn->op_size == 8 ? 8 : 4;
	struct alu alu = { half, ctx->rflags };
	struct operand_addr at;
	enum emul_result ret;
	u8 expected[16], old[16], new[16];
	bool equal;

	if (operand_digit(insn) != 1 || !operand_in_memory(insn))
		return EMUL_UNKNOWN;
	at = operand_address(ctx);
	if (half == 8 && operand_linear(ctx, at) & 15)
		return exec_fault(ctx, VECTOR_GP, 0);
	ret = operand_probe(ctx, at, 2 * half);
	if (ret == EMUL_OK)
		ret = operand_read(ctx, at, old, 2 * half);
	if (ret != EMUL_OK)
		return ret;
	wide_get(ctx, AX, DX, half, expected);
	wide_get(ctx, BX, CX, half, new);
	equal = !memcmp(expected, old, 2 * half);
	ret = operand_cmpxchg(ctx, at, old, equal ? new : old, 2 * half);
	if (ret != EMUL_OK)
		return ret;
	if (!equal)
		wide_set(ctx, half, old);
	alu_flag(&alu, RFLAGS_ZF, equal);
	ctx->rflags = alu.flags;
	return exec_next(ctx);
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

/* With 16 bits the result is undefined; processors make it 0. */
static enum emul_result swap_bytes_reg(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int reg = operand_opcode_reg(insn);
	unsigned int size = insn->op_size;
	u64 val = size == 2 ? 0 : operand_reg_get(ctx, reg, size);

	operand_reg_set(ctx, reg, size, byte_swap(val, size));
	return exec_next(ctx);
}

/* MOVBE; with F2 it is CRC32, and the register form is undefined. */
static enum emul_result swap_bytes_move(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int reg = operand_reg(insn), size = insn->op_size;
	enum emul_result ret;
	u64 val;

	if (insn->rep || !operand_in_memory(insn))
		return EMUL_UNKNOWN;
	if (insn->opcode & 1) {
		val = byte_swap(operand_reg_get(ctx, reg, size), size);
		ret = operand_rm_set(ctx, size, val);
	} else {
		ret = operand_rm_get(ctx, size, &val);
		if (ret == EMUL_OK)
			operand_reg_set(ctx, reg, size, byte_swap(val, size));
	}
	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

enum emul_result exec_swap(struct emul_ctx *ctx)
{
	switch (exec_key(&ctx->insn)) {
	case 0x086 ... 0x087:
		return swap_rm(ctx);
	case 0x090 ... 0x097:
		return swap_ax(ctx);
	case 0x1b0 ... 0x1b1:
		return swap_compare(ctx);
	case 0x1c0 ... 0x1c1:
		return swap_add(ctx);
	case 0x1c7:
		return swap_compare_wide(ctx);
	case 0x1c8 ... 0x1cf:
		return swap_bytes_reg(ctx);
	case 0x2f0 ... 0x2f1:
		return swap_bytes_move(ctx);
	default:
		return EMUL_UNKNOWN;
	}
}
