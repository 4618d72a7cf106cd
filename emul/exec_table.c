// SPDX-License-Identifier: GPL-2.0-only
/* LGDT, LIDT, SGDT, SIDT. */
#include <linux/types.h>

#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"

static unsigned int base_size(const struct emul_ctx *ctx)
{
	return ctx->mode == EMUL_64 ? 8 : 4;
}

static struct operand_addr base_address(const struct emul_ctx *ctx)
{
	struct operand_addr at = operand_address(ctx);

	at.offset = (at.offset + 2) & operand_mask(ctx->insn.addr_size);
	return at;
}

/* Limit, then base, whatever the operand size (APM vol. 3, SGDT). */
enum emul_result exec_table_store(struct emul_ctx *ctx, bool idt)
{
	struct emul_table table;
	enum emul_result ret;

	ret = exec_umip(ctx);
	if (ret == EMUL_OK)
		ret = operand_probe(ctx, base_address(ctx), base_size(ctx));
	if (ret != EMUL_OK)
		return ret;
	ctx->ops->table(ctx, idt, &table);
	ret = operand_store(ctx, operand_address(ctx), 2, table.limit);
	if (ret == EMUL_OK)
		ret = operand_store(ctx, base_address(ctx), base_size(ctx),
				    table.base);
	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

/* With 16-bit operands the base has 24 bits (APM vol. 3, LGDT). */
enum emul_result exec_table_load(struct emul_ctx *ctx, bool idt)
{
	struct emul_table table;
	enum emul_result ret;
	u64 limit;

	ret = exec_privileged(ctx);
	if (ret == EMUL_OK)
		ret = operand_load(ctx, operand_address(ctx), 2, &limit);
	if (ret == EMUL_OK)
		ret = operand_load(ctx, base_address(ctx), base_size(ctx),
				   &table.base);
	if (ret != EMUL_OK)
		return ret;
	table.limit = limit;
	if (ctx->mode == EMUL_64 && !operand_canonical(ctx, table.base))
		return exec_fault(ctx, VECTOR_GP, 0);
	if (ctx->mode != EMUL_64 && ctx->insn.op_size == 2)
		table.base &= 0xffffff;
	ctx->ops->table_set(ctx, idt, &table);
	return exec_next(ctx);
}
