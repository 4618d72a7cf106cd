// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions whose effect, if any, no program can see, and those that are
 * always invalid.
 */
#include <linux/types.h>

#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"

/** exec_nop - NOP, PREFETCH, fences; INVD, WBINVD: caches are not the emulator's concern */
enum emul_result exec_nop(struct emul_ctx *ctx)
{
	return EMUL_OK;
}

/** exec_ud - UD0, UD1, UD2 */
enum emul_result exec_ud(struct emul_ctx *ctx)
{
	return exec_fault(ctx, X86_TRAP_UD, 0);
}

/* Checked as a read of one byte, which is not made: it may mean something to a device. */
static enum emul_result line_flush(struct emul_ctx *ctx, enum emul_feature feature)
{
	enum emul_result ret;
	u64 la;

	if (!ctx->ops->has(ctx, feature))
		return exec_fault(ctx, X86_TRAP_UD, 0);
	ret = operand_check(ctx, operand_address(ctx), 1, false, &la);
	return ret == EMUL_OK ? ctx->ops->probe(ctx, la, 1, false) : ret;
}

/** exec_clflush - CLFLUSH, CLFLUSHOPT */
enum emul_result exec_clflush(struct emul_ctx *ctx)
{
	return line_flush(ctx, ctx->insn.op66 ? EMUL_CLFLUSHOPT : EMUL_CLFLUSH);
}

/** exec_clwb - CLWB; without its prefix 66 XSAVEOPT */
enum emul_result exec_clwb(struct emul_ctx *ctx)
{
	return ctx->insn.op66 ? line_flush(ctx, EMUL_CLWB) : exec_xsaveopt(ctx);
}
