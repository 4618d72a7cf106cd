// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>

#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/stack.h"
#include "emul/system.h"

enum { SP = 4, BP = 5 };

enum emul_result exec_push(struct emul_ctx *ctx, u64 val)
{
	enum emul_result ret;
	struct stack s;

	stack_init(&s, ctx, ctx->insn.op_size);
	ret = stack_push(&s, ctx, val);
	if (ret == EMUL_OK)
		ret = stack_write(&s, ctx);
	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

static enum emul_result push_rm(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 val;

	ret = operand_rm_get(ctx, ctx->insn.op_size, &val);
	return ret == EMUL_OK ? exec_push(ctx, val) : ret;
}

/* POP of the stack pointer: what was popped stays, not what was added. */
static enum emul_result pop_reg(struct emul_ctx *ctx, unsigned int reg)
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
	return exec_next(ctx);
}

/* An address made of the stack pointer is that after popping (SDM, POP). */
static enum emul_result pop_rm(struct emul_ctx *ctx)
{
	u64 sp = ctx->gpr[SP], val;
	enum emul_result ret;
	struct stack s;

	if (!operand_in_memory(&ctx->insn))
		return pop_reg(ctx, operand_rm(&ctx->insn));
	stack_init(&s, ctx, ctx->insn.op_size);
	ret = stack_pop(&s, ctx, &val);
	if (ret != EMUL_OK)
		return ret;
	stack_finish(&s, ctx);
	ret = operand_rm_set(ctx, ctx->insn.op_size, val);
	if (ret != EMUL_OK) {
		ctx->gpr[SP] = sp;
		return ret;
	}
	return exec_next(ctx);
}

static enum emul_result push_all(struct emul_ctx *ctx)
{
	enum emul_result ret = EMUL_OK;
	unsigned int i;
	struct stack s;

	stack_init(&s, ctx, ctx->insn.op_size);
	for (i = 0; i < 8 && ret == EMUL_OK; i++)
		ret = stack_push(&s, ctx, ctx->gpr[i]);
	if (ret == EMUL_OK)
		ret = stack_write(&s, ctx);
	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

static enum emul_result pop_all(struct emul_ctx *ctx)
{
	enum emul_result ret = EMUL_OK;
	unsigned int i;
	struct stack s;
	u64 val[8];

	stack_init(&s, ctx, ctx->insn.op_size);
	for (i = 8; i-- && ret == EMUL_OK;) {
		if (i == SP)
			s.sp = (s.sp + s.size) & s.mask;
		else
			ret = stack_pop(&s, ctx, &val[i]);
	}
	if (ret != EMUL_OK)
		return ret;
	for (i = 0; i < 8; i++)
		if (i != SP)
			operand_reg_set(ctx, i, s.size, val[i]);
	stack_finish(&s, ctx);
	return exec_next(ctx);
}

/* Without the extensions of CR4.VME virtual-8086 mode needs IOPL 3. */
static enum emul_result flags_allowed(struct emul_ctx *ctx)
{
	if (exec_virtual(ctx) && exec_iopl(ctx) < 3)
		return exec_fault(ctx, VECTOR_GP, 0);
	return EMUL_OK;
}

static enum emul_result push_flags(struct emul_ctx *ctx)
{
	u64 hidden = RFLAGS_RF | RFLAGS_VM;
	enum emul_result ret;

	ret = flags_allowed(ctx);
	return ret == EMUL_OK ? exec_push(ctx, ctx->rflags & ~hidden) : ret;
}

u64 exec_flags_writable(const struct emul_ctx *ctx, unsigned int size)
{
	u64 mask = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF |
		   RFLAGS_TF | RFLAGS_DF | RFLAGS_OF | RFLAGS_NT;
	bool real = !ctx->protected && !exec_virtual(ctx);

	if (size > 2)
		mask |= RFLAGS_AC | RFLAGS_ID;
	if (real || (ctx->protected && !ctx->cpl))
		mask |= RFLAGS_IOPL;
	if (real || ctx->cpl <= exec_iopl(ctx))
		mask |= RFLAGS_IF;
	return mask;
}

static enum emul_result pop_flags(struct emul_ctx *ctx)
{
	unsigned int size = ctx->insn.op_size;
	u64 val, mask = exec_flags_writable(ctx, size);
	enum emul_result ret;
	struct stack s;

	stack_init(&s, ctx, size);
	ret = flags_allowed(ctx);
	if (ret == EMUL_OK)
		ret = stack_pop(&s, ctx, &val);
	if (ret != EMUL_OK)
		return ret;
	stack_finish(&s, ctx);
	ctx->rflags = (ctx->rflags & ~mask) | (val & mask);
	return exec_next(ctx);
}

/* The frame pointers of the enclosing procedures, and the new one. */
static enum emul_result enter_display(struct emul_ctx *ctx, struct stack *s)
{
	unsigned int level = ctx->insn.imm2 & 31, i;
	u64 val, frame = s->sp, bp = ctx->gpr[BP];
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

/* SDM vol. 2, ENTER.  The new top of the stack must be writable. */
static enum emul_result enter(struct emul_ctx *ctx)
{
	enum emul_result ret;
	struct operand_addr at;
	struct stack s;
	u64 frame;

	stack_init(&s, ctx, ctx->insn.op_size);
	ret = stack_push(&s, ctx, ctx->gpr[BP]);
	if (ret != EMUL_OK)
		return ret;
	frame = s.sp;
	ret = enter_display(ctx, &s);
	if (ret != EMUL_OK)
		return ret;
	s.sp = (s.sp - ctx->insn.imm) & s.mask;
	at = (struct operand_addr){ EMUL_SS, s.sp };
	ret = operand_probe(ctx, at, s.size);
	if (ret == EMUL_OK)
		ret = stack_write(&s, ctx);
	if (ret != EMUL_OK)
		return ret;
	operand_reg_set(ctx, BP, s.size, frame);
	return exec_next(ctx);
}

static enum emul_result leave(struct emul_ctx *ctx)
{
	enum emul_result ret;
	struct stack s;
	u64 val;

	stack_init(&s, ctx, ctx->insn.op_size);
	s.sp = ctx->gpr[BP] & s.mask;
	ret = stack_pop(&s, ctx, &val);
	if (ret != EMUL_OK)
		return ret;
	stack_finish(&s, ctx);
	operand_reg_set(ctx, BP, s.size, val);
	return exec_next(ctx);
}

enum emul_result exec_stack(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int reg = operand_opcode_reg(insn);

	switch (exec_key(insn)) {
	case 0x50 ... 0x57:
		return exec_push(ctx, ctx->gpr[reg]);
	case 0x58 ... 0x5f:
		return pop_reg(ctx, reg);
	case 0x60:
		return push_all(ctx);
	case 0x61:
		return pop_all(ctx);
	case 0x68:
	case 0x6a:
		return exec_push(ctx, insn->imm);
	case 0x8f:
		return pop_rm(ctx);
	case 0x9c:
		return push_flags(ctx);
	case 0x9d:
		return pop_flags(ctx);
	case 0xc8:
		return enter(ctx);
	case 0xc9:
		return leave(ctx);
	case 0xff:
		return operand_digit(insn) == 6 ? push_rm(ctx) : EMUL_UNKNOWN;
	default:
		return EMUL_UNKNOWN;
	}
}
