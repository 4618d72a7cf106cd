// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>
#include <linux/bits.h>
#include <linux/kernel.h>

#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/optable.h"
#include "emul/system.h"

enum emul_result exec_next(struct emul_ctx *ctx)
{
	ctx->rip = exec_after(ctx);
	ctx->rflags &= ~(u64)RFLAGS_RF;
	return EMUL_OK;
}

static bool lock_allowed(const struct emul_insn *insn)
{
	const struct op_group_row *group = optable_group(insn->op);

	if (!insn->has_modrm || !operand_in_memory(insn))
		return false;
	return insn->op->flags & OP_LOCK ||
	       group->lock & BIT(operand_digit(insn));
}

enum emul_result emul_exec(struct emul_ctx *ctx)
{
	static enum emul_result (*const units[])(struct emul_ctx *) = {
		exec_mov, exec_alu, exec_string, exec_shift, exec_bits,
		exec_swap, exec_flags, exec_mul, exec_hint, exec_decimal,
		exec_sse, exec_system,
	};
	const struct emul_insn *insn = &ctx->insn;
	enum emul_result ret = EMUL_UNKNOWN;
	unsigned int i;

	if (insn->vex)
		return exec_sse(ctx);
	if (insn->lock && !lock_allowed(insn))
		return exec_fault(ctx, VECTOR_UD, 0);
	for (i = 0; i < ARRAY_SIZE(units) && ret == EMUL_UNKNOWN; i++)
		ret = units[i](ctx);
	return ret;
}
