// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>

#include "emul/emul.h"
#include "emul/modify.h"
#include "emul/operand.h"

enum emul_result modify_fetch(struct emul_ctx *ctx, struct operand_addr at,
			       unsigned int size, u64 *val)
{
	enum emul_result ret;

	if (!operand_in_memory(&ctx->insn)) {
		*val = operand_reg_get(ctx, operand_rm(&ctx->insn), size);
		return EMUL_OK;
	}
	ret = operand_probe(ctx, at, size);
	return ret == EMUL_OK ? operand_load(ctx, at, size, val) : ret;
}

enum emul_result modify_update(struct emul_ctx *ctx, struct operand_addr at,
				unsigned int size, u64 old, u64 new)
{
	if (!operand_in_memory(&ctx->insn)) {
		operand_reg_set(ctx, operand_rm(&ctx->insn), size, new);
		return EMUL_OK;
	}
	if (ctx->insn.lock)
		return operand_cmpxchg(ctx, at, &old, &new, size);
	return operand_store(ctx, at, size, new);
}
