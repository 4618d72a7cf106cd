// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>
#include <linux/bits.h>
#include <linux/kernel.h>

#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/system.h"

/* APM vol. 2, table 8-1; virtual-8086 mode is protected mode in this. */
enum emul_result exec_fault(struct emul_ctx *ctx, u8 vector, u32 error)
{
	const u32 with_error = BIT(X86_TRAP_TS) | BIT(X86_TRAP_NP) |
			       BIT(X86_TRAP_SS) | BIT(X86_TRAP_GP) |
			       BIT(X86_TRAP_PF) | BIT(X86_TRAP_AC);
	bool has_error = with_error & BIT(vector) &&
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
	return ctx->cpl ? exec_fault(ctx, X86_TRAP_GP, 0) : EMUL_OK;
}

enum emul_result exec_reg(struct emul_ctx *ctx, enum emul_regs set, u32 nr,
			  u64 *val)
{
	exec_fault(ctx, X86_TRAP_GP, 0);
	return ctx->ops->reg(ctx, set, nr, val);
}

enum emul_result exec_reg_set(struct emul_ctx *ctx, enum emul_regs set, u32 nr,
			      u64 val)
{
	exec_fault(ctx, X86_TRAP_GP, 0);
	return ctx->ops->reg_set(ctx, set, nr, val);
}
