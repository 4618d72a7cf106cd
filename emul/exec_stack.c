// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>

#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/stack.h"
#include "emul/system.h"
#include "emul/vme.h"

enum emul_result exec_push(struct emul_ctx *ctx, u64 val)
{
	enum emul_result ret;
	struct stack s;

	stack_init(&s, ctx, ctx->insn.op_size);
	ret = stack_push(&s, ctx, val);
	if (ret == EMUL_OK)
		ret = stack_write(&s, ctx);
	return ret;
}

/** exec_push_reg - PUSH of the register in the opcode */
enum emul_result exec_push_reg(struct emul_ctx *ctx)
{
	return exec_push(ctx, ctx->gpr[operand_opcode_reg(&ctx->insn)]);
}

/** exec_push_imm - PUSH of an immediate */
enum emul_result exec_push_imm(struct emul_ctx *ctx)
{
	return exec_push(ctx, ctx->insn.imm);
}

/** exec_push_rm - PUSH of ModRM.rm */
enum emul_result exec_push_rm(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 val;

	ret = operand_rm_get(ctx, ctx->insn.op_size, &val);
	return ret == EMUL_OK ? exec_push(ctx, val) : ret;
}

/* POP of the stack pointer: what was popped stays, not what was added. */
static enum emul_result pop_to(struct emul_ctx *ctx, unsigned int reg)
{
	enum emul_result ret;
	struct stack s;
	u64 val;

	stack_init(&s, ctx, ctx->insn.op_size);
	ret = stack_pop(&s, ctx, &val);
	if (ret != EMUL_OK)
		return ret;
	stack_finish(&s, ctx);
	operand_reg_set(ctx, reg, ctx->insn.op_size, val);
	return EMUL_OK;
}

/** exec_pop_reg - POP to the register in the opcode */
enum emul_result exec_pop_reg(struct emul_ctx *ctx)
{
	return pop_to(ctx, operand_opcode_reg(&ctx->insn));
}

/**
 * exec_pop_rm - POP to ModRM.rm
 *
 * An address made of the stack pointer is that after popping (SDM, POP).
 */
enum emul_result exec_pop_rm(struct emul_ctx *ctx)
{
	u64 sp = ctx->gpr[GPR_RSP], val;
	enum emul_result ret;
	struct stack s;

	if (!operand_in_memory(&ctx->insn))
		return pop_to(ctx, operand_rm(&ctx->insn));
	stack_init(&s, ctx, ctx->insn.op_size);
	ret = stack_pop(&s, ctx, &val);
	if (ret != EMUL_OK)
		return ret;
	stack_finish(&s, ctx);
	ret = operand_rm_set(ctx, ctx->insn.op_size, val);
	if (ret != EMUL_OK)
		ctx->gpr[GPR_RSP] = sp;
	return ret;
}

/** exec_pusha - PUSHA */
enum emul_result exec_pusha(struct emul_ctx *ctx)
{
	enum emul_result ret = EMUL_OK;
	unsigned int i;
	struct stack s;

	stack_init(&s, ctx, ctx->insn.op_size);
	for (i = 0; i < 8 && ret == EMUL_OK; i++)
		ret = stack_push(&s, ctx, ctx->gpr[i]);
	if (ret == EMUL_OK)
		ret = stack_write(&s, ctx);
	return ret;
}

/** exec_popa - POPA */
enum emul_result exec_popa(struct emul_ctx *ctx)
{
	enum emul_result ret = EMUL_OK;
	unsigned int i;
	struct stack s;
	u64 val[8];

	stack_init(&s, ctx, ctx->insn.op_size);
	for (i = 8; i-- && ret == EMUL_OK;) {
		if (i == GPR_RSP)
			s.sp = (s.sp + s.size) & s.mask;
		else
			ret = stack_pop(&s, ctx, &val[i]);
	}
	if (ret != EMUL_OK)
		return ret;
	for (i = 0; i < 8; i++)
		if (i != GPR_RSP)
			operand_reg_set(ctx, i, s.size, val[i]);
	stack_finish(&s, ctx);
	return EMUL_OK;
}

/** exec_pushf - PUSHF */
enum emul_result exec_pushf(struct emul_ctx *ctx)
{
	return exec_push(ctx, vme_pushed(ctx) & ~X86_EFLAGS_VM);
}

u64 exec_flags_writable(const struct emul_ctx *ctx, unsigned int size)
{
	u64 mask = X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF | X86_EFLAGS_SF |
		   X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_OF | X86_EFLAGS_NT;
	bool real = !ctx->protected && !exec_virtual(ctx);

	if (size > 2)
		mask |= X86_EFLAGS_AC | X86_EFLAGS_ID;
	if (real || (ctx->protected && !ctx->cpl))
		mask |= X86_EFLAGS_IOPL;
	if (real || ctx->cpl <= exec_iopl(ctx))
		mask |= X86_EFLAGS_IF;
	return mask;
}

/** exec_popf - POPF */
enum emul_result exec_popf(struct emul_ctx *ctx)
{
	unsigned int size = ctx->insn.op_size;
	u64 val, mask = exec_flags_writable(ctx, size);
	enum emul_result ret;
	struct stack s;

	stack_init(&s, ctx, size);
	ret = stack_pop(&s, ctx, &val);
	if (ret == EMUL_OK)
		ret = vme_popped(ctx, &val, &mask);
	if (ret != EMUL_OK)
		return ret;
	stack_finish(&s, ctx);
	ctx->rflags = (ctx->rflags & ~mask) | (val & mask);
	return EMUL_OK;
}

/* The frame pointers of the enclosing procedures, and the new one. */
static enum emul_result enter_display(struct emul_ctx *ctx, struct stack *s)
{
	unsigned int level = ctx->insn.imm2 & 31, i;
	u64 val, frame = s->sp, bp = ctx->gpr[GPR_RBP];
	enum emul_result ret = EMUL_OK;

	for (i = 1; i < level && ret == EMUL_OK; i++) {
		bp -= s->size;
		ret = stack_peek(s, ctx, bp & s->mask, &val);
		if (ret == EMUL_OK)
			ret = stack_push(s, ctx, val);
	}
	if (level && ret == EMUL_OK)
		ret = stack_push(s, ctx, frame);
	return ret;
}

/** exec_enter - ENTER (SDM vol. 2); the new top of the stack must be writable */
enum emul_result exec_enter(struct emul_ctx *ctx)
{
	enum emul_result ret;
	struct operand_addr at;
	struct stack s;
	u64 frame;

	stack_init(&s, ctx, ctx->insn.op_size);
	ret = stack_push(&s, ctx, ctx->gpr[GPR_RBP]);
	if (ret != EMUL_OK)
		return ret;
	frame = s.sp;
	ret = enter_display(ctx, &s);
	if (ret != EMUL_OK)
		return ret;
	s.sp = (s.sp - ctx->insn.imm) & s.mask;
	at = (struct operand_addr){ SEG_SS, s.sp };
	ret = operand_probe(ctx, at, s.size);
	if (ret == EMUL_OK)
		ret = stack_write(&s, ctx);
	if (ret != EMUL_OK)
		return ret;
	operand_reg_set(ctx, GPR_RBP, s.size, frame);
	return EMUL_OK;
}

/** exec_leave - LEAVE */
enum emul_result exec_leave(struct emul_ctx *ctx)
{
	enum emul_result ret;
	struct stack s;
	u64 val;

	stack_init(&s, ctx, ctx->insn.op_size);
	s.sp = ctx->gpr[GPR_RBP] & s.mask;
	ret = stack_pop(&s, ctx, &val);
	if (ret != EMUL_OK)
		return ret;
	stack_finish(&s, ctx);
	operand_reg_set(ctx, GPR_RBP, s.size, val);
	return EMUL_OK;
}
