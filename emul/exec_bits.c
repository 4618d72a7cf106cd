// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>
#include <linux/bits.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/modify.h"
#include "emul/operand.h"

/* Numbered as in the reg field of group 8. */
enum bit_op { BIT_TEST = 4, BIT_SET, BIT_RESET, BIT_COMPLEMENT };

static u64 bit_compute(enum bit_op op, u64 val, u64 bit)
{
	switch (op) {
	case BIT_SET:
		return val | bit;
	case BIT_RESET:
		return val & ~bit;
	default:
		return val ^ bit;
	}
}

static enum emul_result bit_finish(struct emul_ctx *ctx, bool was)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };

	alu_flag(&alu, RFLAGS_CF, was);
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

/* @at: where the operand of operand size is that has bit @offset. */
static enum emul_result bit_memory(struct emul_ctx *ctx, enum bit_op op,
				   struct operand_addr at, unsigned int offset)
{
	unsigned int size = ctx->insn.op_size;
	u64 bit = BIT_ULL(offset), old, new;
	enum emul_result ret;

	if (op == BIT_TEST) {
		ret = operand_load(ctx, at, size, &old);
		return ret == EMUL_OK ? bit_finish(ctx, old & bit) : ret;
	}
	ret = modify_fetch(ctx, at, size, &old);
	if (ret != EMUL_OK)
		return ret;
	new = bit_compute(op, old, bit);
	ret = modify_update(ctx, at, size, old, new);
	return ret == EMUL_OK ? bit_finish(ctx, old & bit) : ret;
}

/*
 * A bit offset in a register reaches beyond the memory operand, in both
 * directions, in steps of the operand size (SDM vol. 2, BT).
 */
static enum emul_result bit_string(struct emul_ctx *ctx, enum bit_op op,
				   u64 offset)
{
	const struct emul_insn *insn = &ctx->insn;
	struct operand_addr at = operand_address(ctx);
	unsigned int size = insn->op_size, bits = 8 * size;
	s64 far = alu_signed(offset, size);

	at.offset += (u64)((far & -(s64)bits) >> 3);
	at.offset &= operand_mask(insn->addr_size);
	return bit_memory(ctx, op, at, offset & (bits - 1));
}

static enum emul_result bit_register(struct emul_ctx *ctx, enum bit_op op,
				     unsigned int offset)
{
	unsigned int rm = operand_rm(&ctx->insn), size = ctx->insn.op_size;
	u64 old = operand_reg_get(ctx, rm, size), bit = BIT_ULL(offset);

	if (op != BIT_TEST)
		operand_reg_set(ctx, rm, size, bit_compute(op, old, bit));
	return bit_finish(ctx, old & bit);
}

static enum emul_result bit_by_reg(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	enum bit_op op = insn->opcode >> 3 & 7;
	u64 offset = operand_reg_get(ctx, operand_reg(insn), insn->op_size);

	if (operand_in_memory(insn))
		return bit_string(ctx, op, offset);
	return bit_register(ctx, op, offset & (8 * insn->op_size - 1));
}

static enum emul_result bit_by_imm(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	enum bit_op op = operand_digit(insn);
	unsigned int offset = insn->imm & (8 * insn->op_size - 1);

	if (op < BIT_TEST)
		return EMUL_UNKNOWN;
	if (operand_in_memory(insn))
		return bit_memory(ctx, op, operand_address(ctx), offset);
	return bit_register(ctx, op, offset);
}

static unsigned int lowest_bit(u64 val)
{
	unsigned int n = 0;

	while (!(val >> n & 1))
		n++;
	return n;
}

static unsigned int highest_bit(u64 val)
{
	unsigned int n = 63;

	while (!(val >> n & 1))
		n--;
	return n;
}

static unsigned int count_bits(u64 val)
{
	unsigned int n = 0;

	for (; val; val &= val - 1)
		n++;
	return n;
}

/* BSF and BSR leave the register alone when there is no bit (APM vol. 3). */
static enum emul_result bit_scan(struct emul_ctx *ctx, bool reverse)
{
	const struct emul_insn *insn = &ctx->insn;
	struct alu alu = { insn->op_size, ctx->rflags };
	enum emul_result ret;
	u64 val;

	ret = operand_rm_get(ctx, alu.size, &val);
	if (ret != EMUL_OK)
		return ret;
	alu_flag(&alu, RFLAGS_ZF, !val);
	if (val)
		operand_reg_set(ctx, operand_reg(insn), alu.size, reverse ?
				highest_bit(val) : lowest_bit(val));
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

/* TZCNT, LZCNT: CF when there is no bit, ZF when the result is 0. */
static enum emul_result bit_zeros(struct emul_ctx *ctx, bool leading)
{
	const struct emul_insn *insn = &ctx->insn;
	struct alu alu = { insn->op_size, ctx->rflags };
	unsigned int n = 8 * alu.size;
	enum emul_result ret;
	u64 val;

	ret = operand_rm_get(ctx, alu.size, &val);
	if (ret != EMUL_OK)
		return ret;
	alu_flag(&alu, RFLAGS_CF, !val);
	if (val)
		n = leading ? n - 1 - highest_bit(val) : lowest_bit(val);
	alu_flag(&alu, RFLAGS_ZF, !n);
	operand_reg_set(ctx, operand_reg(insn), alu.size, n);
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

static enum emul_result bit_population(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	struct alu alu = { insn->op_size, ctx->rflags };
	enum emul_result ret;
	u64 val;

	ret = operand_rm_get(ctx, alu.size, &val);
	if (ret != EMUL_OK)
		return ret;
	alu_flag(&alu, RFLAGS_ARITH, false);
	alu_flag(&alu, RFLAGS_ZF, !val);
	operand_reg_set(ctx, operand_reg(insn), alu.size, count_bits(val));
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

/* One byte of CRC-32C, bits reflected (SDM vol. 2, CRC32). */
static u32 crc_byte(u32 crc, u8 byte)
{
	unsigned int i;

	crc ^= byte;
	for (i = 0; i < 8; i++)
		crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	return crc;
}

/* Opcode F0 has a byte as source, F1 the operand size. */
static enum emul_result bit_crc(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int size = insn->opcode & 1 ? insn->op_size : 1;
	unsigned int reg = operand_reg(insn), i;
	enum emul_result ret;
	u32 crc;
	u64 val;

	if (insn->rep != 0xf2)
		return EMUL_UNKNOWN;
	ret = operand_rm_get(ctx, size, &val);
	if (ret != EMUL_OK)
		return ret;
	crc = operand_reg_get(ctx, reg, 4);
	for (i = 0; i < size; i++)
		crc = crc_byte(crc, val >> 8 * i);
	operand_reg_set(ctx, reg, 8, crc);
	return exec_next(ctx);
}

enum emul_result exec_bits(struct emul_ctx *ctx)
{
	bool f3 = ctx->insn.rep == 0xf3;

	switch (exec_key(&ctx->insn)) {
	case 0x1a3:
	case 0x1ab:
	case 0x1b3:
	case 0x1bb:
		return bit_by_reg(ctx);
	case 0x1b8:
		return bit_population(ctx);
	case 0x1ba:
		return bit_by_imm(ctx);
	case 0x1bc:
		return f3 ? bit_zeros(ctx, false) : bit_scan(ctx, false);
	case 0x1bd:
		return f3 ? bit_zeros(ctx, true) : bit_scan(ctx, true);
	case 0x2f0 ... 0x2f1:
		return bit_crc(ctx);
	default:
		return EMUL_UNKNOWN;
	}
}
