// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>

#include "emul/operand.h"
#include "emul/stack.h"

u64 stack_mask(enum emul_mode mode, const struct x86_seg *ss)
{
	if (mode == EMUL_64)
		return ~0ULL;
	return operand_mask(ss->attr & SEG_DB ? 4 : 2);
}

static void stack_start(struct stack *s, struct emul_ctx *ctx,
			const struct x86_seg *ss, u64 sp)
{
	s->mask = stack_mask(ctx->mode, ss);
	s->sp = sp & s->mask;
	s->top = s->sp;
	s->n = 0;
}

void stack_init(struct stack *s, struct emul_ctx *ctx, unsigned int size)
{
	struct x86_seg ss;

	ctx->ops->segment(ctx, SEG_SS, &ss);
	s->size = size;
	stack_start(s, ctx, &ss, ctx->gpr[GPR_RSP]);
}

void stack_switch(struct stack *s, struct emul_ctx *ctx,
		  const struct x86_seg *ss, u64 sp)
{
	ctx->stack = ss;
	stack_start(s, ctx, ss, sp);
}

static struct operand_addr stack_at(const struct stack *s, u64 offset)
{
	struct operand_addr at = { SEG_SS, offset & s->mask };

	return at;
}

enum emul_result stack_push(struct stack *s, struct emul_ctx *ctx, u64 val)
{
	u64 sp = (s->sp - s->size) & s->mask;
	enum emul_result ret;

	if (s->n == STACK_PUSHES)
		return EMUL_UNKNOWN;
	ret = operand_probe(ctx, stack_at(s, sp), s->size);
	if (ret != EMUL_OK)
		return ret;
	s->val[s->n++] = val & operand_mask(s->size);
	s->sp = sp;
	return EMUL_OK;
}

enum emul_result stack_pop(struct stack *s, struct emul_ctx *ctx, u64 *val)
{
	enum emul_result ret;

	ret = operand_load(ctx, stack_at(s, s->sp), s->size, val);
	if (ret == EMUL_OK)
		s->sp = (s->sp + s->size) & s->mask;
	return ret;
}

/* Offset of the pushed value @i. */
static u64 stack_offset(const struct stack *s, unsigned int i)
{
	return (s->top - (u64)(i + 1) * s->size) & s->mask;
}

enum emul_result stack_peek(struct stack *s, struct emul_ctx *ctx, u64 offset,
			    u64 *val)
{
	enum emul_result ret;
	unsigned int i, j;
	u64 d, byte;

	ret = operand_load(ctx, stack_at(s, offset), s->size, val);
	if (ret != EMUL_OK)
		return ret;
	for (i = 0; i < s->n * s->size; i++) {
		j = i % s->size;
		d = (stack_offset(s, i / s->size) + j - offset) & s->mask;
		if (d >= s->size)
			continue;
		byte = s->val[i / s->size] >> (8 * j) & 0xff;
		*val = (*val & ~(0xffULL << (8 * d))) | byte << (8 * d);
	}
	return EMUL_OK;
}

enum emul_result stack_write(struct stack *s, struct emul_ctx *ctx)
{
	enum emul_result ret = EMUL_OK;
	unsigned int i;

	for (i = 0; i < s->n && ret == EMUL_OK; i++)
		ret = operand_store(ctx, stack_at(s, stack_offset(s, i)),
				    s->size, s->val[i]);
	if (ret == EMUL_OK)
		stack_finish(s, ctx);
	return ret;
}

void stack_finish(struct stack *s, struct emul_ctx *ctx)
{
	unsigned int size = s->mask >> 32 ? 8 : s->mask >> 16 ? 4 : 2;

	operand_reg_set(ctx, GPR_RSP, size, s->sp);
}
