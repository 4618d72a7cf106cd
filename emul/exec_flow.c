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

u64 exec_after(const struct emul_ctx *ctx)
{
	return emul_rip_advance(ctx->mode, ctx->rip, ctx->insn.len);
}

enum emul_result exec_jump(struct emul_ctx *ctx, u64 rip)
{
	ctx->rip = rip;
	ctx->rflags &= ~X86_EFLAGS_RF;
	return EMUL_JUMP;
}

enum emul_result exec_target(struct emul_ctx *ctx,
			     const struct x86_seg *cs, u64 rip)
{
	if (ctx->mode == EMUL_64 ? !operand_canonical(ctx, rip) :
				   rip > cs->limit)
		return exec_fault(ctx, X86_TRAP_GP, 0);
	return EMUL_OK;
}

/* A target within the current code segment; @target becomes the new RIP. */
static enum emul_result near_target(struct emul_ctx *ctx, u64 *target)
{
	struct x86_seg cs;

	*target &= operand_mask(ctx->insn.op_size);
	ctx->ops->segment(ctx, SEG_CS, &cs);
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

	stack_init(&s, ctx, ctx->insn.op_size);
	ret = stack_push(&s, ctx, exec_after(ctx));
	if (ret == EMUL_OK)
		ret = near_target(ctx, &target);
	if (ret == EMUL_OK)
		ret = stack_write(&s, ctx);
	return ret == EMUL_OK ? exec_jump(ctx, target) : ret;
}

/** exec_ret - near RET, with or without bytes to release */
enum emul_result exec_ret(struct emul_ctx *ctx)
{
	enum emul_result ret;
	struct stack s;
	u64 target;

	stack_init(&s, ctx, ctx->insn.op_size);
	ret = stack_pop(&s, ctx, &target);
	if (ret == EMUL_OK)
		ret = near_target(ctx, &target);
	if (ret != EMUL_OK)
		return ret;
	s.sp = (s.sp + ctx->insn.imm) & s.mask;
	stack_finish(&s, ctx);
	return exec_jump(ctx, target);
}

/** exec_call_rm - CALL through a register or memory */
enum emul_result exec_call_rm(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 target;

	ret = operand_rm_get(ctx, ctx->insn.op_size, &target);
	return ret == EMUL_OK ? call_near(ctx, target) : ret;
}

/** exec_jmp_rm - JMP through a register or memory */
enum emul_result exec_jmp_rm(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 target;

	ret = operand_rm_get(ctx, ctx->insn.op_size, &target);
	return ret == EMUL_OK ? jump_near(ctx, target) : ret;
}

static u64 relative_target(const struct emul_ctx *ctx)
{
	return exec_after(ctx) + ctx->insn.imm;
}

/** exec_call - near CALL */
enum emul_result exec_call(struct emul_ctx *ctx)
{
	return call_near(ctx, relative_target(ctx));
}

/** exec_jmp - near JMP */
enum emul_result exec_jmp(struct emul_ctx *ctx)
{
	return jump_near(ctx, relative_target(ctx));
}

/** exec_jcc - Jcc */
enum emul_result exec_jcc(struct emul_ctx *ctx)
{
	return alu_is_met(ctx) ? exec_jmp(ctx) : EMUL_OK;
}

/** exec_jcxz - JCXZ, JECXZ, JRCXZ */
enum emul_result exec_jcxz(struct emul_ctx *ctx)
{
	if (operand_reg_get(ctx, GPR_RCX, ctx->insn.addr_size))
		return EMUL_OK;
	return jump_near(ctx, relative_target(ctx));
}

/** exec_loop - LOOPNE, LOOPE, LOOP: the count changes unless the jump faults */
enum emul_result exec_loop(struct emul_ctx *ctx)
{
	unsigned int size = ctx->insn.addr_size;
	u64 count = operand_reg_get(ctx, GPR_RCX, size) - 1;
	bool zero = ctx->rflags & X86_EFLAGS_ZF;
	enum emul_result ret = EMUL_OK;

	if (count & operand_mask(size) &&
	    (ctx->insn.opcode == 0xe2 || zero == (ctx->insn.opcode == 0xe1)))
		ret = jump_near(ctx, relative_target(ctx));
	if (ret != EMUL_FAULT)
		operand_reg_set(ctx, GPR_RCX, size, count);
	return ret;
}
