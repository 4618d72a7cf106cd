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

/* The cache line's address is checked as for a read of one byte. */
static enum emul_result hint_flush(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 byte;

	ret = operand_load(ctx, operand_address(ctx), 1, &byte);
	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

/* Group 15: fences, CLFLUSH, CLFLUSHOPT and CLWB; no others. */
static enum emul_result hint_group_15(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int n = operand_digit(insn);

	if (insn->rep)
		return EMUL_UNKNOWN;
	if (operand_in_memory(insn))
		return n == 7 || (n == 6 && insn->op66) ? hint_flush(ctx) :
							  EMUL_UNKNOWN;
	return n >= 5 && !insn->op66 ? exec_next(ctx) : EMUL_UNKNOWN;
}

enum emul_result exec_hint(struct emul_ctx *ctx)
{
	switch (exec_key(&ctx->insn)) {
	case 0x10b:		/* UD2, UD1, UD0 */
	case 0x1b9:
	case 0x1ff:
		return exec_fault(ctx, VECTOR_UD, 0);
	case 0x10d:		/* PREFETCH; never faults */
	case 0x118 ... 0x11f:	/* the same, and reserved NOPs */
		return exec_next(ctx);
	case 0x1ae:
		return hint_group_15(ctx);
	default:
		return EMUL_UNKNOWN;
	}
}
