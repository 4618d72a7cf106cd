// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"

/* Port I/O has no 64-bit form: REX.W changes nothing (SDM vol. 2, INS). */
static unsigned int string_size(const struct emul_insn *insn)
{
	bool port = (insn->opcode & ~3) == 0x6c;

	return port && insn->op_size == 8 ? 4 : insn->op_size;
}

static struct operand_addr string_address(const struct emul_ctx *ctx,
					  unsigned int reg, enum x86_seg_nr seg)
{
	struct operand_addr at = {
		seg, operand_reg_get(ctx, reg, ctx->insn.addr_size)
	};

	return at;
}

static void string_advance(struct emul_ctx *ctx, unsigned int reg)
{
	const struct emul_insn *insn = &ctx->insn;
	u64 step = string_size(insn);

	if (ctx->rflags & X86_EFLAGS_DF)
		step = -step;
	operand_reg_set(ctx, reg, insn->addr_size, ctx->gpr[reg] + step);
}

/* Only the source allows an override; the destination is in ES. */
static enum emul_result string_load(struct emul_ctx *ctx, u64 *val)
{
	enum x86_seg_nr seg = operand_seg(&ctx->insn, SEG_DS);

	return operand_load(ctx, string_address(ctx, GPR_RSI, seg),
			    ctx->insn.op_size, val);
}

static enum emul_result string_store(struct emul_ctx *ctx, u64 val)
{
	return operand_store(ctx, string_address(ctx, GPR_RDI, SEG_ES),
			     ctx->insn.op_size, val);
}

/** exec_ins - INS; a device is not read for a store that faults: so that comes first */
enum emul_result exec_ins(struct emul_ctx *ctx)
{
	struct operand_addr at = string_address(ctx, GPR_RDI, SEG_ES);
	unsigned int size = string_size(&ctx->insn);
	enum emul_result ret;
	u32 val;

	ret = exec_port(ctx, ctx->gpr[GPR_RDX], size);
	if (ret == EMUL_OK)
		ret = operand_probe(ctx, at, size);
	if (ret == EMUL_OK)
		ret = ctx->ops->in(ctx, ctx->gpr[GPR_RDX], &val, size);
	if (ret == EMUL_OK)
		ret = operand_write(ctx, at, &val, size);
	if (ret == EMUL_OK)
		string_advance(ctx, GPR_RDI);
	return ret;
}

/** exec_outs - OUTS */
enum emul_result exec_outs(struct emul_ctx *ctx)
{
	unsigned int size = string_size(&ctx->insn);
	enum x86_seg_nr seg = operand_seg(&ctx->insn, SEG_DS);
	enum emul_result ret;
	u64 val;

	ret = exec_port(ctx, ctx->gpr[GPR_RDX], size);
	if (ret == EMUL_OK)
		ret = operand_load(ctx, string_address(ctx, GPR_RSI, seg), size,
				   &val);
	if (ret == EMUL_OK)
		ret = ctx->ops->out(ctx, ctx->gpr[GPR_RDX], &val, size);
	if (ret == EMUL_OK)
		string_advance(ctx, GPR_RSI);
	return ret;
}

/** exec_cmps - CMPS, and SCAS, which compares with the accumulator */
enum emul_result exec_cmps(struct emul_ctx *ctx)
{
	bool scan = ctx->insn.opcode & 8;
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	u64 a = operand_reg_get(ctx, GPR_RAX, alu.size), b;
	enum emul_result ret = EMUL_OK;

	if (!scan)
		ret = string_load(ctx, &a);
	if (ret == EMUL_OK)
		ret = operand_load(ctx, string_address(ctx, GPR_RDI, SEG_ES),
				   alu.size, &b);
	if (ret != EMUL_OK)
		return ret;
	alu_compute(&alu, ALU_CMP, a, b);
	if (!scan)
		string_advance(ctx, GPR_RSI);
	string_advance(ctx, GPR_RDI);
	ctx->rflags = alu.flags;
	return EMUL_OK;
}

/** exec_movs - MOVS */
enum emul_result exec_movs(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 val;

	ret = string_load(ctx, &val);
	if (ret == EMUL_OK)
		ret = string_store(ctx, val);
	if (ret != EMUL_OK)
		return ret;
	string_advance(ctx, GPR_RSI);
	string_advance(ctx, GPR_RDI);
	return EMUL_OK;
}

/** exec_stos - STOS */
enum emul_result exec_stos(struct emul_ctx *ctx)
{
	enum emul_result ret = string_store(ctx, ctx->gpr[GPR_RAX]);

	if (ret == EMUL_OK)
		string_advance(ctx, GPR_RDI);
	return ret;
}

/** exec_lods - LODS */
enum emul_result exec_lods(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 val;

	ret = string_load(ctx, &val);
	if (ret != EMUL_OK)
		return ret;
	operand_reg_set(ctx, GPR_RAX, ctx->insn.op_size, val);
	string_advance(ctx, GPR_RSI);
	return EMUL_OK;
}

/* REPE (F3) goes on while ZF is set, REPNE (F2) while it is not. */
static bool string_stops(const struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;

	if ((insn->opcode & ~9) != 0xa6)
		return false;
	return !(ctx->rflags & X86_EFLAGS_ZF) == (insn->rep == 0xf3);
}

/** exec_repeat - one iteration of REP; RIP stays until the last one is done */
enum emul_result exec_repeat(struct emul_ctx *ctx)
{
	unsigned int size = ctx->insn.addr_size;
	u64 count = operand_reg_get(ctx, GPR_RCX, size);
	enum emul_result ret;

	if (!count)
		return EMUL_OK;
	ret = ctx->insn.exec(ctx);
	if (ret != EMUL_OK)
		return ret;
	operand_reg_set(ctx, GPR_RCX, size, count - 1);
	return count == 1 || string_stops(ctx) ? EMUL_OK : EMUL_JUMP;
}
