// SPDX-License-Identifier: GPL-2.0-only
/* Integer arithmetic and logic, shifts, and BOUND. */
#include <linux/types.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/modify.h"
#include "emul/operand.h"
#include "emul/system.h"

/* The operation of opcodes 00 to 3F. */
static enum alu_op alu_op(const struct emul_ctx *ctx)
{
	return ctx->insn.opcode >> 3;
}

static u64 alu_imm(const struct emul_ctx *ctx, const struct alu *alu)
{
	return ctx->insn.imm & operand_mask(alu->size);
}

static u64 compute_by_reg(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	return alu_compute(alu, alu_op(ctx), val, operand_reg_read(ctx));
}

static u64 compute_of_reg(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	return alu_compute(alu, alu_op(ctx), operand_reg_read(ctx), val);
}

static u64 compute_ax(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	return alu_compute(alu, alu_op(ctx), val, alu_imm(ctx, alu));
}

static u64 compute_by_imm(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	return alu_compute(alu, operand_digit(&ctx->insn), val,
			   alu_imm(ctx, alu));
}

static u64 compute_test(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	return alu_compute(alu, ALU_AND, val, operand_reg_read(ctx));
}

static u64 compute_test_imm(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	return alu_compute(alu, ALU_AND, val, alu_imm(ctx, alu));
}

static u64 compute_not(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	return ~val;
}

static u64 compute_neg(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	return alu_compute(alu, ALU_SUB, 0, val);
}

/* INC and DEC leave CF alone. */
static u64 alu_step(struct alu *alu, bool down, u64 val)
{
	bool carry = alu->flags & X86_EFLAGS_CF;

	val = alu_compute(alu, down ? ALU_SUB : ALU_ADD, val, 1);
	alu_flag(alu, X86_EFLAGS_CF, carry);
	return val;
}

static u64 compute_inc(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	return alu_step(alu, operand_digit(&ctx->insn), val);
}

static u64 compute_inc_reg(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	return alu_step(alu, ctx->insn.opcode & 8, val);
}

/* With a count of 0 the operand is read and written nevertheless. */
static u64 compute_shift(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int count = insn->imm;

	/* Opcodes D0 to D3: bit 1 tells whether CL is the count, else it is 1. */
	if (insn->opcode >= 0xd0)
		count = insn->opcode & 2 ? ctx->gpr[GPR_RCX] & 0xff : 1;
	return alu_shift(alu, operand_digit(insn), val, count);
}

/* Opcode bit 0: the count is in CL; bit 3: SHRD. */
static u64 compute_shld(const struct emul_ctx *ctx, struct alu *alu, u64 val)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int count = insn->opcode & 1 ? ctx->gpr[GPR_RCX] : insn->imm;

	return alu_double_shift(alu, insn->opcode & 8, val,
				operand_reg_read(ctx), count);
}

/** exec_alu_rm_reg - ADD to XOR, to ModRM.rm */
enum emul_result exec_alu_rm_reg(struct emul_ctx *ctx)
{
	return modify_rm(ctx, compute_by_reg);
}

/** exec_alu_reg_rm - ADD to XOR, to ModRM.reg */
enum emul_result exec_alu_reg_rm(struct emul_ctx *ctx)
{
	return modify_reg(ctx, compute_of_reg);
}

/** exec_alu_rm_imm - group 1 without CMP */
enum emul_result exec_alu_rm_imm(struct emul_ctx *ctx)
{
	return modify_rm(ctx, compute_by_imm);
}

/** exec_alu_ax_imm - ADD to CMP of an immediate and the accumulator */
enum emul_result exec_alu_ax_imm(struct emul_ctx *ctx)
{
	return modify_gpr(ctx, GPR_RAX, compute_ax, alu_op(ctx) != ALU_CMP);
}

/** exec_cmp_rm_reg - CMP of ModRM.rm with ModRM.reg */
enum emul_result exec_cmp_rm_reg(struct emul_ctx *ctx)
{
	return modify_flags(ctx, compute_by_reg);
}

/** exec_cmp_reg_rm - CMP of ModRM.reg with ModRM.rm */
enum emul_result exec_cmp_reg_rm(struct emul_ctx *ctx)
{
	return modify_flags(ctx, compute_of_reg);
}

/** exec_cmp_rm_imm - CMP of ModRM.rm with an immediate */
enum emul_result exec_cmp_rm_imm(struct emul_ctx *ctx)
{
	return modify_flags(ctx, compute_by_imm);
}

/** exec_test_rm_reg - TEST of ModRM.rm and ModRM.reg */
enum emul_result exec_test_rm_reg(struct emul_ctx *ctx)
{
	return modify_flags(ctx, compute_test);
}

/** exec_test_rm_imm - TEST of ModRM.rm and an immediate */
enum emul_result exec_test_rm_imm(struct emul_ctx *ctx)
{
	return modify_flags(ctx, compute_test_imm);
}

/** exec_test_ax_imm - TEST of the accumulator and an immediate */
enum emul_result exec_test_ax_imm(struct emul_ctx *ctx)
{
	return modify_gpr(ctx, GPR_RAX, compute_test_imm, false);
}

/** exec_not - NOT */
enum emul_result exec_not(struct emul_ctx *ctx)
{
	return modify_rm(ctx, compute_not);
}

/** exec_neg - NEG */
enum emul_result exec_neg(struct emul_ctx *ctx)
{
	return modify_rm(ctx, compute_neg);
}

/** exec_inc - INC, DEC of ModRM.rm */
enum emul_result exec_inc(struct emul_ctx *ctx)
{
	return modify_rm(ctx, compute_inc);
}

/** exec_inc_reg - INC, DEC of the register in the opcode */
enum emul_result exec_inc_reg(struct emul_ctx *ctx)
{
	return modify_gpr(ctx, ctx->insn.opcode & 7, compute_inc_reg, true);
}

/** exec_shift - group 2: rotates and shifts */
enum emul_result exec_shift(struct emul_ctx *ctx)
{
	return modify_rm(ctx, compute_shift);
}

/** exec_shld - SHLD, SHRD */
enum emul_result exec_shld(struct emul_ctx *ctx)
{
	return modify_rm(ctx, compute_shld);
}

/** exec_bound - BOUND: a signed index within a pair of limits, or #BR */
enum emul_result exec_bound(struct emul_ctx *ctx)
{
	struct operand_addr at = operand_address(ctx);
	unsigned int size = ctx->insn.op_size;
	s64 index = alu_signed(operand_reg_read(ctx), size);
	enum emul_result ret;
	u64 low, high;

	ret = operand_load(ctx, at, size, &low);
	/* Intel's processors do not look at the upper limit then. */
	if (ret == EMUL_OK && !ctx->amd && index < (s64)alu_signed(low, size))
		return exec_fault(ctx, X86_TRAP_BR, 0);
	if (ret == EMUL_OK)
		ret = operand_load(ctx, operand_after(ctx, at, size), size,
				   &high);
	if (ret != EMUL_OK)
		return ret;
	if (index < (s64)alu_signed(low, size) ||
	    index > (s64)alu_signed(high, size))
		return exec_fault(ctx, X86_TRAP_BR, 0);
	return EMUL_OK;
}
