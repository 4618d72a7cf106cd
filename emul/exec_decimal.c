// SPDX-License-Identifier: GPL-2.0-only
/* Decimal adjustments of AL and AX (SDM vol. 2, each instruction's page). */
#include <linux/types.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"

enum { AX };

/* Packed digits: DAA, and DAS when @sub. */
static enum emul_result decimal_packed(struct emul_ctx *ctx, bool sub)
{
	struct alu alu = { 1, ctx->rflags };
	unsigned int al = ctx->gpr[AX] & 0xff, fix = 0;
	bool carry = al > 0x99 || ctx->rflags & RFLAGS_CF;
	bool half = (al & 15) > 9 || ctx->rflags & RFLAGS_AF;

	if (half)
		fix += 6;
	if (carry)
		fix += 0x60;
	/* DAS borrows from the low digit too. */
	if (sub && half && al < 6)
		carry = true;
	al = sub ? al - fix : al + fix;
	alu_result(&alu, al);
	alu_flag(&alu, RFLAGS_AF, half);
	alu_flag(&alu, RFLAGS_CF, carry);
	alu_flag(&alu, RFLAGS_OF, false);
	operand_reg_set(ctx, AX, 1, al);
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

/* Unpacked digits: AAA, and AAS when @sub; SF, ZF, PF, OF are undefined. */
static enum emul_result decimal_unpacked(struct emul_ctx *ctx, bool sub)
{
	struct alu alu = { 1, ctx->rflags };
	unsigned int ax = ctx->gpr[AX] & 0xffff;
	bool half = (ax & 15) > 9 || ctx->rflags & RFLAGS_AF;

	if (half)
		ax = sub ? ax - 0x106 : ax + 0x106;
	alu_flag(&alu, RFLAGS_AF | RFLAGS_CF, half);
	operand_reg_set(ctx, AX, 2, ax & 0xff0f);
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

/* AAM and AAD: any base, not only ten; CF, AF and OF are undefined. */
static enum emul_result decimal_base(struct emul_ctx *ctx, bool join)
{
	struct alu alu = { 1, ctx->rflags };
	unsigned int al = ctx->gpr[AX] & 0xff, ah = ctx->gpr[AX] >> 8 & 0xff;
	unsigned int base = ctx->insn.imm;

	if (join) {
		al = (al + ah * base) & 0xff;
		ah = 0;
	} else {
		if (!base)
			return exec_fault(ctx, VECTOR_DE, 0);
		ah = al / base;
		al = al % base;
	}
	alu_result(&alu, al);
	alu_flag(&alu, RFLAGS_CF | RFLAGS_AF | RFLAGS_OF, false);
	operand_reg_set(ctx, AX, 2, ah << 8 | al);
	ctx->rflags = alu.flags;
	return exec_next(ctx);
}

enum emul_result exec_decimal(struct emul_ctx *ctx)
{
	switch (exec_key(&ctx->insn)) {
	case 0x027:
		return decimal_packed(ctx, false);
	case 0x02f:
		return decimal_packed(ctx, true);
	case 0x037:
		return decimal_unpacked(ctx, false);
	case 0x03f:
		return decimal_unpacked(ctx, true);
	case 0x0d4:
		return decimal_base(ctx, false);
	case 0x0d5:
		return decimal_base(ctx, true);
	default:
		return EMUL_UNKNOWN;
	}
}
