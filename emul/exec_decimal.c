// SPDX-License-Identifier: GPL-2.0-only
/* Decimal adjustments of AL and AX (SDM vol. 2, each instruction's page). */
#include <linux/types.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"

/** exec_daa - DAA and DAS, of packed digits */
enum emul_result exec_daa(struct emul_ctx *ctx)
{
	bool sub = ctx->insn.opcode & 8;
	struct alu alu = { 1, ctx->rflags };
	unsigned int al = ctx->gpr[GPR_RAX] & 0xff, fix = 0;
	bool carry = al > 0x99 || ctx->rflags & X86_EFLAGS_CF;
	bool half = (al & 15) > 9 || ctx->rflags & X86_EFLAGS_AF;

	if (half)
		fix += 6;
	if (carry)
		fix += 0x60;
	/* DAS borrows from the low digit too. */
	if (sub && half && al < 6)
		carry = true;
	al = sub ? al - fix : al + fix;
	alu_result(&alu, al);
	alu_flag(&alu, X86_EFLAGS_AF, half);
	alu_flag(&alu, X86_EFLAGS_CF, carry);
	alu_flag(&alu, X86_EFLAGS_OF, false);
	operand_reg_set(ctx, GPR_RAX, 1, al);
	ctx->rflags = alu.flags;
	return EMUL_OK;
}

/** exec_aaa - AAA and AAS, of unpacked digits; SF, ZF, PF, OF are undefined */
enum emul_result exec_aaa(struct emul_ctx *ctx)
{
	bool sub = ctx->insn.opcode & 8;
	struct alu alu = { 1, ctx->rflags };
	unsigned int ax = ctx->gpr[GPR_RAX] & 0xffff;
	bool half = (ax & 15) > 9 || ctx->rflags & X86_EFLAGS_AF;

	if (half)
		ax = sub ? ax - 0x106 : ax + 0x106;
	alu_flag(&alu, X86_EFLAGS_AF | X86_EFLAGS_CF, half);
	operand_reg_set(ctx, GPR_RAX, 2, ax & 0xff0f);
	ctx->rflags = alu.flags;
	return EMUL_OK;
}

/** exec_aam - AAM and AAD: any base, not only ten; CF, AF and OF are undefined */
enum emul_result exec_aam(struct emul_ctx *ctx)
{
	bool join = ctx->insn.opcode & 1;
	struct alu alu = { 1, ctx->rflags };
	unsigned int al = ctx->gpr[GPR_RAX] & 0xff, ah = ctx->gpr[GPR_RAX] >> 8 & 0xff;
	unsigned int base = ctx->insn.imm;

	if (join) {
		al = (al + ah * base) & 0xff;
		ah = 0;
	} else {
		if (!base)
			return exec_fault(ctx, X86_TRAP_DE, 0);
		ah = al / base;
		al = al % base;
	}
	alu_result(&alu, al);
	alu_flag(&alu, X86_EFLAGS_CF | X86_EFLAGS_AF | X86_EFLAGS_OF, false);
	operand_reg_set(ctx, GPR_RAX, 2, ah << 8 | al);
	ctx->rflags = alu.flags;
	return EMUL_OK;
}
