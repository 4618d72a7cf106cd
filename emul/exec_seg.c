// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>

#include "emul/descriptor.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/stack.h"
#include "emul/system.h"

u16 exec_selector(struct emul_ctx *ctx, enum x86_seg_nr seg)
{
	struct x86_seg val;

	ctx->ops->segment(ctx, seg, &val);
	return val.selector;
}

enum emul_result exec_store_word(struct emul_ctx *ctx, u64 val)
{
	const struct emul_insn *insn = &ctx->insn;

	return operand_rm_set(ctx, operand_in_memory(insn) ? 2 : insn->op_size,
			      val);
}

/** exec_mov_from_seg - MOV of a segment register to ModRM.rm */
enum emul_result exec_mov_from_seg(struct emul_ctx *ctx)
{
	return exec_store_word(ctx, exec_selector(ctx,
						  operand_digit(&ctx->insn)));
}

/* Behind MOV and POP the next instruction is to load RSP (APM vol. 2, 8.5.1). */
static void set_with_shadow(struct emul_ctx *ctx, enum x86_seg_nr seg,
			    const struct x86_seg *val)
{
	if (seg == SEG_SS)
		ctx->ops->shadow(ctx);
	ctx->ops->segment_set(ctx, seg, val);
}

/** exec_mov_to_seg - MOV of ModRM.rm to a segment register */
enum emul_result exec_mov_to_seg(struct emul_ctx *ctx)
{
	enum x86_seg_nr seg = operand_digit(&ctx->insn);
	struct x86_seg new;
	enum emul_result ret;
	u64 val;

	ret = operand_rm_get(ctx, 2, &val);
	if (ret == EMUL_OK)
		ret = segment_load(ctx, seg, val, &new);
	if (ret == EMUL_OK)
		set_with_shadow(ctx, seg, &new);
	return ret;
}

/* The segment register in opcodes of PUSH and POP. */
static enum x86_seg_nr opcode_seg(const struct emul_ctx *ctx)
{
	return ctx->insn.opcode >> 3 & 7;
}

/* Of 32 bits only the lower half is written (SDM vol. 2, PUSH). */
static enum emul_result push_half(struct emul_ctx *ctx, u16 selector)
{
	enum emul_result ret;
	struct stack s;

	stack_init(&s, ctx, 4);
	s.sp = (s.sp - s.size) & s.mask;
	ret = operand_store(ctx, (struct operand_addr){ SEG_SS, s.sp }, 2,
			    selector);
	if (ret == EMUL_OK)
		stack_finish(&s, ctx);
	return ret;
}

/** exec_push_seg - PUSH of a segment register */
enum emul_result exec_push_seg(struct emul_ctx *ctx)
{
	u16 selector = exec_selector(ctx, opcode_seg(ctx));

	if (!ctx->amd && ctx->insn.op_size == 4)
		return push_half(ctx, selector);
	return exec_push(ctx, selector);
}

/** exec_pop_seg - POP to a segment register */
enum emul_result exec_pop_seg(struct emul_ctx *ctx)
{
	struct x86_seg new;
	enum emul_result ret;
	struct stack s;
	u64 val;

	stack_init(&s, ctx, ctx->insn.op_size);
	ret = stack_pop(&s, ctx, &val);
	if (ret == EMUL_OK)
		ret = segment_load(ctx, opcode_seg(ctx), val, &new);
	if (ret != EMUL_OK)
		return ret;
	stack_finish(&s, ctx);
	set_with_shadow(ctx, opcode_seg(ctx), &new);
	return EMUL_OK;
}

unsigned int exec_pointer_size(const struct emul_ctx *ctx)
{
	unsigned int size = ctx->insn.op_size;

	return size == 8 && ctx->amd ? 4 : size;
}

enum emul_result exec_load_pointer(struct emul_ctx *ctx, u64 *offset,
				   u16 *selector)
{
	struct operand_addr at = operand_address(ctx);
	unsigned int size = exec_pointer_size(ctx);
	enum emul_result ret;
	u64 val;

	ret = operand_load(ctx, at, size, offset);
	if (ret != EMUL_OK)
		return ret;
	ret = operand_load(ctx, operand_after(ctx, at, size), 2, &val);
	*selector = val;
	return ret;
}

static enum emul_result load_far(struct emul_ctx *ctx, enum x86_seg_nr seg)
{
	struct x86_seg new;
	enum emul_result ret;
	u16 selector;
	u64 offset;

	ret = exec_load_pointer(ctx, &offset, &selector);
	if (ret == EMUL_OK)
		ret = segment_load(ctx, seg, selector, &new);
	if (ret != EMUL_OK)
		return ret;
	operand_reg_set(ctx, operand_reg(&ctx->insn),
			exec_pointer_size(ctx), offset);
	ctx->ops->segment_set(ctx, seg, &new);
	return EMUL_OK;
}

/** exec_les - LES */
enum emul_result exec_les(struct emul_ctx *ctx)
{
	return load_far(ctx, SEG_ES);
}

/** exec_lds - LDS */
enum emul_result exec_lds(struct emul_ctx *ctx)
{
	return load_far(ctx, SEG_DS);
}

/** exec_lss - LSS, LFS, LGS, whose opcodes have the segment's number */
enum emul_result exec_lss(struct emul_ctx *ctx)
{
	return load_far(ctx, ctx->insn.opcode & 7);
}
