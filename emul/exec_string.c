// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"

enum { AX = 0, CX = 1, DX = 2, SI = 6, DI = 7 };

/* Port I/O has no 64-bit form: REX.W changes nothing (SDM vol. 2, INS). */
static unsigned int string_size(const struct emul_insn *insn)
{
	bool port = (insn->opcode & ~3) == 0x6c;

	return port && insn->op_size == 8 ? 4 : insn->op_size;
}

static struct operand_addr string_address(const struct emul_ctx *ctx,
					  unsigned int reg, enum emul_seg seg)
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

	if (ctx->rflags & RFLAGS_DF)
		step = -step;
	operand_reg_set(ctx, reg, insn->addr_size, ctx->gpr[reg] + step);
}

/* Only the source allows an override; the destination is in ES. */
static enum emul_result string_load(struct emul_ctx *ctx, u64 *val)
{
	enum emul_seg seg = operand_seg(&ctx->insn, EMUL_DS);

	return operand_load(ctx, string_address(ctx, SI, seg),
			    ctx->insn.op_size, val);
}

static enum emul_result string_store(struct emul_ctx *ctx, u64 val)
{
	return operand_store(ctx, string_address(ctx, DI, EMUL_ES),
			     ctx->insn.op_size, val);
}

/* A device must not be read for a store that faults: so the store comes first. */
static enum emul_result string_in(struct emul_ctx *ctx)
{
	unsigned int size = string_size(&ctx->insn);
	enum emul_result ret;
	u64 la;
	u32 val;

	ret = exec_port(ctx, ctx->gpr[DX], size);
	if (ret == EMUL_OK)
		ret = operand_check(ctx, string_address(ctx, DI, EMUL_ES), size,
				    true, &la);
	if (ret == EMUL_OK)
		ret = ctx->ops->probe(ctx, la, size);
	if (ret == EMUL_OK)
		ret = ctx->ops->in(ctx, ctx->gpr[DX], &val, size);
	if (ret == EMUL_OK)
		ret = ctx->ops->write(ctx, la, &val, size);
	if (ret == EMUL_OK)
		string_advance(ctx, DI);
	return ret;
}

static enum emul_result string_out(struct emul_ctx *ctx)
{
	unsigned int size = string_size(&ctx->insn);
	enum emul_seg seg = operand_seg(&ctx->insn, EMUL_DS);
	enum emul_result ret;
	u64 val;

	ret = exec_port(ctx, ctx->gpr[DX], size);
	if (ret == EMUL_OK)
		ret = operand_load(ctx, string_address(ctx, SI, seg), size,
				   &val);
	if (ret == EMUL_OK)
		ret = ctx->ops->out(ctx, ctx->gpr[DX], &val, size);
	if (ret == EMUL_OK)
		string_advance(ctx, SI);
	return ret;
}

/* SCAS compares with the accumulator, CMPS with what SI points to. */
static enum emul_result string_compare(struct emul_ctx *ctx, bool scan)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	u64 a = operand_reg_get(ctx, AX, alu.size), b;
	enum emul_result ret = EMUL_OK;

	if (!scan)
		ret = string_load(ctx, &a);
	if (ret == EMUL_OK)
		ret = operand_load(ctx, string_address(ctx, DI, EMUL_ES),
				   alu.size, &b);
	if (ret != EMUL_OK)
		return ret;
	alu_compute(&alu, ALU_CMP, a, b);
	if (!scan)
		string_advance(ctx, SI);
	string_advance(ctx, DI);
	ctx->rflags = alu.flags;
	return EMUL_OK;
}

static enum emul_result string_once(struct emul_ctx *ctx)
{
	unsigned int size = ctx->insn.op_size;
	enum emul_result ret = EMUL_OK;
	u64 val = operand_reg_get(ctx, AX, size);

	switch (ctx->insn.opcode & ~1) {
	case 0x6c:
		return string_in(ctx);
	case 0x6e:
		return string_out(ctx);
	case 0xa4:	/* MOVS */
		ret = string_load(ctx, &val);
		if (ret == EMUL_OK)
			ret = string_store(ctx, val);
		if (ret != EMUL_OK)
			return ret;
		string_advance(ctx, SI);
		string_advance(ctx, DI);
		return EMUL_OK;
	case 0xa6:
	case 0xae:
		return string_compare(ctx, ctx->insn.opcode & 8);
	case 0xaa:	/* STOS */
		ret = string_store(ctx, val);
		if (ret == EMUL_OK)
			string_advance(ctx, DI);
		return ret;
	default:	/* LODS */
		ret = string_load(ctx, &val);
		if (ret != EMUL_OK)
			return ret;
		operand_reg_set(ctx, AX, size, val);
		string_advance(ctx, SI);
		return EMUL_OK;
	}
}

/* REPE (F3) goes on while ZF is set, REPNE (F2) while it is not. */
static bool string_stops(const struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;

	if ((insn->opcode & ~9) != 0xa6)
		return false;
	return !(ctx->rflags & RFLAGS_ZF) == (insn->rep == 0xf3);
}

static enum emul_result string_repeat(struct emul_ctx *ctx)
{
	unsigned int size = ctx->insn.addr_size;
	u64 count = operand_reg_get(ctx, CX, size);
	enum emul_result ret;

	if (!count)
		return exec_next(ctx);
	ret = string_once(ctx);
	if (ret != EMUL_OK)
		return ret;
	operand_reg_set(ctx, CX, size, count - 1);
	return count == 1 || string_stops(ctx) ? exec_next(ctx) : EMUL_OK;
}

enum emul_result exec_string(struct emul_ctx *ctx)
{
	enum emul_result ret;

	switch (exec_key(&ctx->insn)) {
	case 0x06c ... 0x06f:
	case 0x0a4 ... 0x0a7:
	case 0x0aa ... 0x0af:
		break;
	default:
		return EMUL_UNKNOWN;
	}
	if (ctx->insn.rep)
		return string_repeat(ctx);
	ret = string_once(ctx);
	return ret == EMUL_OK ? exec_next(ctx) : ret;
}
