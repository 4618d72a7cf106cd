// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flags as such, what depends on conditions, and conversions within the
 * accumulator.
 */
#include <linux/types.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/modify.h"
#include "emul/operand.h"
#include "emul/system.h"

/* The flags in AH; bit 1 is always 1, bits 3 and 5 are 0. */
#define FLAGS_AH	(X86_EFLAGS_SF | X86_EFLAGS_ZF | X86_EFLAGS_AF | X86_EFLAGS_PF | \
			 X86_EFLAGS_CF)

/** exec_clc - CLC, STC */
enum emul_result exec_clc(struct emul_ctx *ctx)
{
	return exec_flag(ctx, X86_EFLAGS_CF, ctx->insn.opcode & 1);
}

/** exec_cmc - CMC */
enum emul_result exec_cmc(struct emul_ctx *ctx)
{
	return exec_flag(ctx, X86_EFLAGS_CF, !(ctx->rflags & X86_EFLAGS_CF));
}

/** exec_cld - CLD, STD */
enum emul_result exec_cld(struct emul_ctx *ctx)
{
	return exec_flag(ctx, X86_EFLAGS_DF, ctx->insn.opcode & 1);
}

/** exec_sahf - SAHF */
enum emul_result exec_sahf(struct emul_ctx *ctx)
{
	ctx->rflags = (ctx->rflags & ~FLAGS_AH) |
		      (ctx->gpr[GPR_RAX] >> 8 & FLAGS_AH);
	return EMUL_OK;
}

/** exec_lahf - LAHF */
enum emul_result exec_lahf(struct emul_ctx *ctx)
{
	u64 ah = (ctx->rflags & FLAGS_AH) | X86_EFLAGS_FIXED;

	operand_reg_set(ctx, GPR_RAX, 2, (ctx->gpr[GPR_RAX] & 0xff) | ah << 8);
	return EMUL_OK;
}

/** exec_salc - SALC */
enum emul_result exec_salc(struct emul_ctx *ctx)
{
	operand_reg_set(ctx, GPR_RAX, 1,
			ctx->rflags & X86_EFLAGS_CF ? 0xff : 0);
	return EMUL_OK;
}

/** exec_setcc - SETcc */
enum emul_result exec_setcc(struct emul_ctx *ctx)
{
	return operand_rm_set(ctx, 1, alu_is_met(ctx));
}

/* Memory is read, and 32 bits are extended, whether the condition is met. */
static u64 compute_cmov(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	return alu_is_met(ctx) ? val : operand_reg_read(ctx);
}

/** exec_cmovcc - CMOVcc */
enum emul_result exec_cmovcc(struct emul_ctx *ctx)
{
	return modify_reg(ctx, compute_cmov);
}

/** exec_cbw - CBW, CWDE, CDQE: the source is half of the operand size */
enum emul_result exec_cbw(struct emul_ctx *ctx)
{
	unsigned int size = ctx->insn.op_size;
	u64 val = alu_signed(ctx->gpr[GPR_RAX], size / 2);

	operand_reg_set(ctx, GPR_RAX, size, val);
	return EMUL_OK;
}

/** exec_cwd - CWD, CDQ, CQO */
enum emul_result exec_cwd(struct emul_ctx *ctx)
{
	unsigned int size = ctx->insn.op_size;
	u64 val = alu_signed(ctx->gpr[GPR_RAX], size);

	operand_reg_set(ctx, GPR_RDX, size, val >> 63 ? ~0ULL : 0);
	return EMUL_OK;
}

/** exec_xlat - XLAT */
enum emul_result exec_xlat(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	struct operand_addr at = { operand_seg(insn, SEG_DS), ctx->gpr[GPR_RBX] };
	enum emul_result ret;
	u64 val;

	at = operand_after(ctx, at, ctx->gpr[GPR_RAX] & 0xff);
	ret = operand_load(ctx, at, 1, &val);
	if (ret == EMUL_OK)
		operand_reg_set(ctx, GPR_RAX, 1, val);
	return ret;
}
