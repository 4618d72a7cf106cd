// SPDX-License-Identifier: GPL-2.0-only
/* Single bits, counts of bits, and the order of bytes. */
#include <linux/types.h>
#include <linux/bits.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/modify.h"
#include "emul/opcode.h"
#include "emul/operand.h"
#include "emul/system.h"

/* An immediate, or in a register. */
static u64 bit_offset(const struct emul_ctx *ctx)
{
	if (ctx->insn.opcode == OPCODE_GROUP_8)
		return ctx->insn.imm;
	return operand_reg_read(ctx);
}

/*
 * A bit offset in a register reaches beyond the memory operand, in both
 * directions, in steps of the operand size (SDM vol. 2, BT).
 */
static struct operand_addr bit_address(const struct emul_ctx *ctx)
{
	struct operand_addr at = operand_rm_address(ctx);
	unsigned int size = ctx->insn.op_size;
	s64 far = alu_signed(bit_offset(ctx), size);

	if (ctx->insn.opcode != OPCODE_GROUP_8)
		at.offset += (u64)((far & -(s64)(8 * size)) >> 3);
	at.offset &= operand_mask(ctx->insn.addr_size);
	return at;
}

static u64 compute_bit(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	const struct emul_insn *insn = &ctx->insn;
	u64 bit = BIT_ULL(bit_offset(ctx) & (8 * alu->size - 1));
	unsigned int op = insn->opcode == OPCODE_GROUP_8 ? operand_digit(insn) :
							   insn->opcode >> 3 & 7;

	alu_flag(alu, X86_EFLAGS_CF, val & bit);
	if (op == 5)	/* BTS */
		return val | bit;
	return op == 6 ? val & ~bit : val ^ bit;
}

/** exec_bt - BT */
enum emul_result exec_bt(struct emul_ctx *ctx)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	enum emul_result ret;
	u64 val;

	if (!operand_in_memory(&ctx->insn))
		return modify_flags(ctx, compute_bit);
	ret = operand_load(ctx, bit_address(ctx), alu.size, &val);
	if (ret != EMUL_OK)
		return ret;
	compute_bit(ctx, &alu, val);
	ctx->rflags = alu.flags;
	return EMUL_OK;
}

/** exec_bts - BTS, BTR, BTC */
enum emul_result exec_bts(struct emul_ctx *ctx)
{
	return modify_at(ctx, bit_address(ctx), compute_bit);
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

/* TZCNT, LZCNT: CF when there is no bit, ZF when the result is 0. */
static u64 compute_zeros(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	unsigned int n = 8 * alu->size;

	if (val)
		n = ctx->insn.opcode & 1 ? n - 1 - highest_bit(val) :
					   lowest_bit(val);
	alu_flag(alu, X86_EFLAGS_CF, !val);
	alu_flag(alu, X86_EFLAGS_ZF, !n);
	return n;
}

/**
 * exec_bsf - BSF, BSR; with F3 TZCNT, LZCNT, where there are any
 *
 * BSF and BSR leave the register alone when there is no bit (APM vol. 3).
 */
enum emul_result exec_bsf(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 val;

	if (ctx->insn.rep == 0xf3 &&
	    ctx->ops->has(ctx, ctx->insn.opcode & 1 ? EMUL_LZCNT : EMUL_BMI1))
		return modify_reg(ctx, compute_zeros);
	ret = operand_rm_get(ctx, ctx->insn.op_size, &val);
	if (ret != EMUL_OK)
		return ret;
	if (val)
		operand_reg_write(ctx, ctx->insn.opcode & 1 ?
				       highest_bit(val) : lowest_bit(val));
	return exec_flag(ctx, X86_EFLAGS_ZF, !val);
}

static u64 compute_popcnt(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	unsigned int n = 0;

	alu_flag(alu, ALU_FLAGS, false);
	alu_flag(alu, X86_EFLAGS_ZF, !val);
	for (; val; val &= val - 1)
		n++;
	return n;
}

/** exec_popcnt - POPCNT */
enum emul_result exec_popcnt(struct emul_ctx *ctx)
{
	return modify_reg(ctx, compute_popcnt);
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
static enum emul_result crc_rm(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int size = insn->opcode & 1 ? insn->op_size : 1;
	unsigned int reg = operand_reg(insn), i;
	u32 crc = ctx->gpr[reg];
	enum emul_result ret;
	u64 val;

	ret = operand_rm_get(ctx, size, &val);
	if (ret != EMUL_OK)
		return ret;
	for (i = 0; i < size; i++)
		crc = crc_byte(crc, val >> 8 * i);
	operand_reg_set(ctx, reg, 8, crc);
	return EMUL_OK;
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

static u64 compute_movbe(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	return byte_swap(val, alu->size);
}

/** exec_movbe_crc32 - MOVBE, of memory only; with F2 CRC32 */
enum emul_result exec_movbe_crc32(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;

	if (!ctx->ops->has(ctx, insn->rep == 0xf2 ? EMUL_SSE42 : EMUL_MOVBE))
		return exec_fault(ctx, X86_TRAP_UD, 0);
	if (insn->rep == 0xf2)
		return crc_rm(ctx);
	if (insn->rep || !operand_in_memory(insn))
		return EMUL_UNKNOWN;
	if (!(insn->opcode & 1))
		return modify_reg(ctx, compute_movbe);
	return operand_rm_set(ctx, insn->op_size,
			      byte_swap(operand_reg_read(ctx), insn->op_size));
}

/** exec_bswap - BSWAP; of 16 bits undefined: processors make it 0 */
enum emul_result exec_bswap(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int reg = operand_opcode_reg(insn), size = insn->op_size;
	u64 val = size == 2 ? 0 : operand_reg_get(ctx, reg, size);

	operand_reg_set(ctx, reg, size, byte_swap(val, size));
	return EMUL_OK;
}
