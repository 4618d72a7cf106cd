// SPDX-License-Identifier: GPL-2.0-only
/*
 * Near transfers of control.
 *
 * In 64-bit mode AMD's processors obey an operand-size prefix: the target has
 * 16 bits, and 16 bits are pushed or popped (APM vol. 3, CALL near).  Intel's
 * ignore it (SDM vol. 2, A.2.5, "f64").
 */
#include <linux/types.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/optable.h"
#include "emul/stack.h"
#include "emul/system.h"

enum { CX = 1 };

u64 exec_after(const struct emul_ctx *ctx)
{
	return emul_rip_advance(ctx->mode, ctx->rip, ctx->insn.len);
}

enum emul_result exec_jump(struct emul_ctx *ctx, u64 rip)
{
	ctx->rip = rip;
	ctx->rflags &= ~(u64)RFLAGS_RF;
	return EMUL_OK;
}

enum emul_result exec_target(struct emul_ctx *ctx,
			     const struct emul_segment *cs, u64 rip)
{
	if (ctx->mode == EMUL_64 ? !operand_canonical(ctx, rip) :
				   rip > cs->limit)
		return exec_fault(ctx, VECTOR_GP, 0);
	return EMUL_OK;
}

/* Operand size of a near transfer. */
static unsigned int near_size(const struct emul_ctx *ctx)
{
	return ctx->mode == EMUL_64 && !ctx->amd ? 8 : ctx->insn.op_size;
}

/* A target within the current code segment; @target becomes the new RIP. */
static enum emul_result near_target(struct emul_ctx *ctx, u64 *target)
{
	struct emul_segment cs;

	*target &= operand_mask(near_size(ctx));
	ctx->ops->segment(ctx, EMUL_CS, &cs);
	return exec_target(ctx, &cs, *target);
}

static enum emul_result jump_near(struct emul_ctx *ctx, u64 target)
{
	enum emul_result ret = near_target(ctx, &target);

	return ret == EMUL_OK ? exec_jump(ctx, target) : ret;
}

/* AMD's processors look at the stack first, Intel's manual at the target. */
static enum emul_result call_near(struct emul_ctx *ctx, u64 target)
{
	enum emul_result ret;
	struct stack s;

	stack_init(&s, ctx, near_size(ctx));
	ret = stack_push(&s, ctx, exec_after(ctx));
	if (ret == EMUL_OK)
		ret = near_target(ctx, &target);
	if (ret == EMUL_OK)
		ret = stack_write(&s, ctx);
	return ret == EMUL_OK ? exec_jump(ctx, target) : ret;
}

static enum emul_result return_near(struct emul_ctx *ctx, u16 release)
{
	enum emul_result ret;
	struct stack s;
	u64 target;

	stack_init(&s, ctx, near_size(ctx));
	ret = stack_pop(&s, ctx, &target);
	if (ret == EMUL_OK)
		ret = near_target(ctx, &target);
	if (ret != EMUL_OK)
		return ret;
	s.sp = (s.sp + release) & s.mask;
	stack_finish(&s, ctx);
	return exec_jump(ctx, target);
}

/* Groups 5: CALL and JMP through a register or memory. */
static enum emul_result flow_indirect(struct emul_ctx *ctx)
{
	unsigned int n = operand_digit(&ctx->insn);
	enum emul_result ret;
	u64 target;

	if (n != 2 && n != 4)
		return EMUL_UNKNOWN;
	ret = operand_rm_get(ctx, near_size(ctx), &target);
	if (ret != EMUL_OK)
		return ret;
	return n == 2 ? call_near(ctx, target) : jump_near(ctx, target);
}

static enum emul_result jump_if(struct emul_ctx *ctx, bool met)
{
	if (!met)
		return exec_next(ctx);
	return jump_near(ctx, exec_after(ctx) + ctx->insn.imm);
}

/* LOOPNE, LOOPE, LOOP: the count changes only when the jump does not fault. */
static enum emul_result flow_loop(struct emul_ctx *ctx)
{
	unsigned int size = ctx->insn.addr_size;
	u64 count = operand_reg_get(ctx, CX, size) - 1;
	bool zero = ctx->rflags & RFLAGS_ZF;
	enum emul_result ret;

	count &= operand_mask(size);
	ret = jump_if(ctx, count && (ctx->insn.opcode == 0xe2 ||
				     zero == (ctx->insn.opcode == 0xe1)));
	if (ret == EMUL_OK)
		operand_reg_set(ctx, CX, size, count);
	return ret;
}

/* On Intel this one would be two bytes longer than it was decoded. */
static bool flow_unknown(const struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;

	return ctx->mode == EMUL_64 && !ctx->amd && insn->op_size == 2 &&
	       (insn->op->flags & OP_IMM) == IMM_Z;
}

static enum emul_result flow_relative(struct emul_ctx *ctx, bool call)
{
	u64 target = exec_after(ctx) + ctx->insn.imm;

	if (flow_unknown(ctx))
		return EMUL_UNKNOWN;
	return call ? call_near(ctx, target) : jump_near(ctx, target);
}

enum emul_result exec_flow(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;

	switch (exec_key(insn)) {
	case 0x70 ... 0x7f:
	case 0x180 ... 0x18f:
		if (flow_unknown(ctx))
			return EMUL_UNKNOWN;
		return jump_if(ctx, alu_condition(ctx->rflags, insn->opcode & 15));
	case 0xc2:
		return return_near(ctx, insn->imm);
	case 0xc3:
		return return_near(ctx, 0);
	case 0xe0 ... 0xe2:
		return flow_loop(ctx);
	case 0xe3:
		return jump_if(ctx, !operand_reg_get(ctx, CX, insn->addr_size));
	case 0xe8:
		return flow_relative(ctx, true);
	case 0xe9:
	case 0xeb:
		return flow_relative(ctx, false);
	case 0xff:
		return flow_indirect(ctx);
	default:
		return EMUL_UNKNOWN;
	}
}
