// SPDX-License-Identifier: GPL-2.0-only
/* Exchanges, of which those with memory are mostly locked. */
#include <linux/types.h>
#include <linux/string.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/modify.h"
#include "emul/operand.h"
#include "emul/system.h"

/*
 * Locked with a memory operand, with LOCK or without.  A register form cannot
 * fail; it writes ModRM.rm.
 */
static enum emul_result swap_write(struct emul_ctx *ctx, u64 old, u64 new)
{
	const struct emul_insn *insn = &ctx->insn;

	if (operand_in_memory(insn))
		return operand_cmpxchg(ctx, operand_address(ctx), &old, &new,
				       insn->op_size);
	operand_reg_set(ctx, operand_rm(insn), insn->op_size, new);
	return EMUL_OK;
}

/** exec_xchg - XCHG with ModRM */
enum emul_result exec_xchg(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 old;

	ret = modify_fetch(ctx, operand_rm_address(ctx), ctx->insn.op_size, &old);
	if (ret == EMUL_OK)
		ret = swap_write(ctx, old, operand_reg_read(ctx));
	if (ret == EMUL_OK)
		operand_reg_write(ctx, old);
	return ret;
}

/**
 * exec_xchg_ax - 90 to 97; 90 alone is NOP, which does not clear half of RAX
 *
 * F3 90 is PAUSE, on Intel with REX.B, too, where AMD's exchange R8.
 */
enum emul_result exec_xchg_ax(struct emul_ctx *ctx)
{
	unsigned int reg = operand_opcode_reg(&ctx->insn);
	unsigned int size = ctx->insn.op_size;
	u64 val = operand_reg_get(ctx, reg, size);

	if (reg == GPR_RAX ||
	    (!ctx->amd && ctx->insn.opcode == 0x90 && ctx->insn.rep == 0xf3))
		return EMUL_OK;
	operand_reg_set(ctx, reg, size, ctx->gpr[GPR_RAX]);
	operand_reg_set(ctx, GPR_RAX, size, val);
	return EMUL_OK;
}

/** exec_xadd - XADD */
enum emul_result exec_xadd(struct emul_ctx *ctx)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	struct operand_addr at = operand_rm_address(ctx);
	bool memory = operand_in_memory(&ctx->insn);
	enum emul_result ret;
	u64 old, new;

	ret = modify_fetch(ctx, at, alu.size, &old);
	if (ret != EMUL_OK)
		return ret;
	new = alu_compute(&alu, ALU_ADD, old, operand_reg_read(ctx));
	/* The sum is what remains when both are the same register. */
	if (!memory)
		operand_reg_write(ctx, old);
	ret = modify_update(ctx, at, alu.size, old, new);
	if (ret != EMUL_OK)
		return ret;
	if (memory)
		operand_reg_write(ctx, old);
	ctx->rflags = alu.flags;
	return EMUL_OK;
}

/** exec_cmpxchg - CMPXCHG; memory is written in any case, if only what was there */
enum emul_result exec_cmpxchg(struct emul_ctx *ctx)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	u64 ax = operand_reg_get(ctx, GPR_RAX, alu.size), old;
	enum emul_result ret;

	ret = modify_fetch(ctx, operand_rm_address(ctx), alu.size, &old);
	if (ret != EMUL_OK)
		return ret;
	alu_compute(&alu, ALU_CMP, ax, old);
	if (ax == old)
		ret = swap_write(ctx, old, operand_reg_read(ctx));
	else if (operand_in_memory(&ctx->insn))
		ret = swap_write(ctx, old, old);
	if (ret != EMUL_OK)
		return ret;
	if (ax != old)
		operand_reg_set(ctx, GPR_RAX, alu.size, old);
	ctx->rflags = alu.flags;
	return EMUL_OK;
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
	operand_reg_set(ctx, GPR_RAX, half, low);
	operand_reg_set(ctx, GPR_RDX, half, high);
}

/** exec_cmpxchg_wide - CMPXCHG8B, CMPXCHG16B */
enum emul_result exec_cmpxchg_wide(struct emul_ctx *ctx)
{
	unsigned int half = ctx->insn.op_size == 8 ? 8 : 4;
	struct operand_addr at = operand_address(ctx);
	u8 expected[16], old[16], new[16];
	enum emul_result ret;
	bool equal;

	if (half == 8 && !ctx->ops->has(ctx, EMUL_CX16))
		return exec_fault(ctx, X86_TRAP_UD, 0);
	if (half == 8 && operand_linear(ctx, at) & 15)
		return exec_fault(ctx, X86_TRAP_GP, 0);
	ret = operand_probe(ctx, at, 2 * half);
	if (ret == EMUL_OK)
		ret = operand_read(ctx, at, old, 2 * half);
	if (ret != EMUL_OK)
		return ret;
	wide_get(ctx, GPR_RAX, GPR_RDX, half, expected);
	wide_get(ctx, GPR_RBX, GPR_RCX, half, new);
	equal = !memcmp(expected, old, 2 * half);
	ret = operand_cmpxchg(ctx, at, old, equal ? new : old, 2 * half);
	if (ret != EMUL_OK)
		return ret;
	if (!equal)
		wide_set(ctx, half, old);
	return exec_flag(ctx, X86_EFLAGS_ZF, equal);
}
