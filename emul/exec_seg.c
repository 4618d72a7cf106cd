// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>

#include "emul/descriptor.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/stack.h"
#include "emul/system.h"

u16 exec_selector(struct emul_ctx *ctx, enum emul_seg seg)
{
	struct emul_segment val;

	ctx->ops->segment(ctx, seg, &val);
	return val.selector;
}

enum emul_result exec_store_word(struct emul_ctx *ctx, u64 val)
{
	const struct emul_insn *insn = &ctx->insn;
	enum emul_result ret;

	if (operand_in_memory(insn))
		ret = operand_rm_set(ctx, 2, val);
	else
		ret = operand_rm_set(ctx, insn->op_size, val);
	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

/* The new value is known and in order: from here on nothing fails. */
static enum emul_result seg_finish(struct emul_ctx *ctx, enum emul_seg seg,
				   const struct emul_segment *val)
{
	ctx->ops->segment_set(ctx, seg, val);
	return exec_next(ctx);
}

/* The next instruction is to load the stack pointer (APM vol. 2, 8.5.1). */
static enum emul_result seg_finish_shadow(struct emul_ctx *ctx,
					  enum emul_seg seg,
					  const struct emul_segment *val)
{
	if (seg == EMUL_SS)
		ctx->ops->shadow(ctx);
	return seg_finish(ctx, seg, val);
}

static enum emul_result mov_seg(struct emul_ctx *ctx)
{
	enum emul_seg seg = operand_digit(&ctx->insn);
	struct emul_segment new;
	enum emul_result ret;
	u64 val;

	ret = operand_rm_get(ctx, 2, &val);
	if (ret == EMUL_OK)
		ret = segment_load(ctx, seg, val, &new);
	return ret == EMUL_OK ? seg_finish_shadow(ctx, seg, &new) : ret;
}

static enum emul_result pop_seg(struct emul_ctx *ctx, enum emul_seg seg)
{
	struct emul_segment new;
	enum emul_result ret;
	struct stack s;
	u64 val;

	stack_init(&s, ctx, ctx->insn.op_size);
	ret = stack_pop(&s, ctx, &val);
	if (ret == EMUL_OK)
		ret = segment_load(ctx, seg, val, &new);
	if (ret != EMUL_OK)
		return ret;
	stack_finish(&s, ctx);
	return seg_finish_shadow(ctx, seg, &new);
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
	at.offset = (at.offset + size) & operand_mask(ctx->insn.addr_size);
	ret = operand_load(ctx, at, 2, &val);
	*selector = val;
	return ret;
}

/* LES, LDS, LSS, LFS, LGS. */
static enum emul_result load_far(struct emul_ctx *ctx, enum emul_seg seg)
{
	struct emul_segment new;
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
	return seg_finish(ctx, seg, &new);
}

enum emul_result exec_seg(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;

	switch (exec_key(insn)) {
	case 0x8c:
		return exec_store_word(ctx, exec_selector(ctx,
						operand_digit(insn)));
	case 0x8e:
		return mov_seg(ctx);
	case 0x06:
	case 0x0e:
	case 0x16:
	case 0x1e:
	case 0x1a0:
	case 0x1a8:
		return exec_push(ctx, exec_selector(ctx, insn->opcode >> 3 & 7));
	case 0x07:
	case 0x17:
	case 0x1f:
	case 0x1a1:
	case 0x1a9:
		return pop_seg(ctx, insn->opcode >> 3 & 7);
	case 0xc4:
		return load_far(ctx, EMUL_ES);
	case 0xc5:
		return load_far(ctx, EMUL_DS);
	case 0x1b2:
		return load_far(ctx, EMUL_SS);
	case 0x1b4:
		return load_far(ctx, EMUL_FS);
	case 0x1b5:
		return load_far(ctx, EMUL_GS);
	default:
		return EMUL_UNKNOWN;
	}
}
