// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>
#include <linux/kernel.h>

#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/system.h"

/* APM vol. 2, table 8-1; virtual-8086 mode is protected mode in this. */
enum emul_result exec_fault(struct emul_ctx *ctx, u8 vector, u32 error)
{
	bool has_error = vector >= VECTOR_TS &&
			 (ctx->protected || exec_virtual(ctx));

	ctx->fault = (struct emul_fault){
		.vector = vector,
		.has_error = has_error,
		.error = has_error ? error : 0,
	};
	return EMUL_FAULT;
}

enum emul_result exec_privileged(struct emul_ctx *ctx)
{
	return ctx->cpl ? exec_fault(ctx, VECTOR_GP, 0) : EMUL_OK;
}

enum emul_result exec_reg(struct emul_ctx *ctx, enum emul_regs set, u32 nr,
			  u64 *val)
{
	exec_fault(ctx, VECTOR_GP, 0);
	return ctx->ops->reg(ctx, set, nr, val);
}

enum emul_result exec_reg_set(struct emul_ctx *ctx, enum emul_regs set, u32 nr,
			      u64 val)
{
	exec_fault(ctx, VECTOR_GP, 0);
	return ctx->ops->reg_set(ctx, set, nr, val);
}

/*
 * A transfer to another level or mode makes its last accesses there already;
 * in the context that shows only when it has succeeded, and as CPL.
 */
enum emul_result exec_system(struct emul_ctx *ctx)
{
	static enum emul_result (*const units[])(struct emul_ctx *) = {
		exec_stack, exec_flow, exec_seg, exec_desc, exec_sys, exec_io,
		exec_fast, exec_far, exec_int, exec_base,
	};
	const enum emul_mode mode = ctx->mode;
	const bool protected = ctx->protected;
	enum emul_result ret = EMUL_UNKNOWN;
	const u8 cpl = ctx->cpl;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(units) && ret == EMUL_UNKNOWN; i++)
		ret = units[i](ctx);
	ctx->stack = NULL;
	ctx->mode = mode;
	ctx->protected = protected;
	if (ret != EMUL_OK)
		ctx->cpl = cpl;
	return ret;
}
