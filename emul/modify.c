// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>

#include "emul/emul.h"
#include "emul/modify.h"
#include "emul/operand.h"

enum emul_result modify_fetch(struct emul_ctx *ctx, struct operand_addr at,
			       unsigned int size, u64 *val)
{
	enum emul_result ret = operand_probe(ctx, at, size);

	return ret == EMUL_OK ? operand_load(ctx, at, size, val) : ret;
}

enum emul_result modify_update(struct emul_ctx *ctx, struct operand_addr at,
				unsigned int size, u64 old, u64 new)
{
	if (ctx->insn.lock)
		return operand_cmpxchg(ctx, at, &old, &new, size);
	return operand_store(ctx, at, size, new);
}

enum emul_result modify_rm_fetch(struct emul_ctx *ctx, unsigned int size,
				  u64 *val)
{
	if (operand_in_memory(&ctx->insn))
		return modify_fetch(ctx, operand_address(ctx), size, val);
	return operand_rm_get(ctx, size, val);
}

enum emul_result modify_rm_update(struct emul_ctx *ctx, unsigned int size,
				   u64 old, u64 new)
{
	if (operand_in_memory(&ctx->insn))
		return modify_update(ctx, operand_address(ctx), size, old,
				      new);
	return operand_rm_set(ctx, size, new);
}
