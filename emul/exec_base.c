// SPDX-License-Identifier: GPL-2.0-only
/* RDFSBASE to WRGSBASE, RDPID, CLAC, STAC. */
#include <linux/types.h>

#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"

#define MSR_TSC_AUX 0xc0000103

/* APM vol. 3, RDFSBASE and WRFSBASE: in 64-bit mode, with CR4.FSGSBASE. */
static enum emul_result base_allowed(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 cr4;

	ret = exec_reg(ctx, EMUL_CR, 4, &cr4);
	if (ret == EMUL_OK && (ctx->mode != EMUL_64 || !(cr4 & CR4_FSGSBASE)))
		ret = exec_fault(ctx, VECTOR_UD, 0);
	return ret;
}

static enum emul_result move_base(struct emul_ctx *ctx, enum emul_seg nr,
				  bool write)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int rm = operand_rm(insn);
	struct emul_segment seg;
	enum emul_result ret;

	ret = base_allowed(ctx);
	if (ret != EMUL_OK)
		return ret;
	ctx->ops->segment(ctx, nr, &seg);
	if (!write) {
		operand_reg_set(ctx, rm, insn->op_size, seg.base);
		return exec_next(ctx);
	}
	seg.base = operand_reg_get(ctx, rm, insn->op_size);
	if (!operand_canonical(ctx, seg.base))
		return exec_fault(ctx, VECTOR_GP, 0);
	ctx->ops->segment_set(ctx, nr, &seg);
	return exec_next(ctx);
}

/* F3 0F AE with a register: /0 to /3; other sizes than 4 and 8 are reserved. */
static enum emul_result group_15(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int n = operand_digit(insn);

	if (insn->rep != 0xf3 || operand_in_memory(insn) || n > 3 ||
	    insn->op_size == 2)
		return EMUL_UNKNOWN;
	return move_base(ctx, EMUL_FS + (n & 1), n & 2);
}

/* F3 0F C7 /7: the operand has 64 bits in 64-bit mode, else 32. */
static enum emul_result read_pid(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	enum emul_result ret;
	u64 id;

	if (insn->rep != 0xf3 || insn->modrm < 0xf8)
		return EMUL_UNKNOWN;
	ret = exec_reg(ctx, EMUL_MSR, MSR_TSC_AUX, &id);
	if (ret != EMUL_OK)
		return ret;
	operand_reg_set(ctx, operand_rm(insn), 4, id);
	return exec_next(ctx);
}

/* CLAC and STAC: of level 0, else undefined (SDM vol. 2, CLAC). */
static enum emul_result set_ac(struct emul_ctx *ctx, bool on)
{
	if (ctx->insn.rep || ctx->insn.op66)
		return EMUL_UNKNOWN;
	if (ctx->cpl)
		return exec_fault(ctx, VECTOR_UD, 0);
	ctx->rflags &= ~(u64)RFLAGS_AC;
	if (on)
		ctx->rflags |= RFLAGS_AC;
	return exec_next(ctx);
}

enum emul_result exec_base(struct emul_ctx *ctx)
{
	u8 modrm = ctx->insn.modrm;

	switch (exec_key(&ctx->insn)) {
	case 0x101:
		if (modrm != 0xca && modrm != 0xcb)
			return EMUL_UNKNOWN;
		return set_ac(ctx, modrm & 1);
	case 0x1ae:
		return group_15(ctx);
	case 0x1c7:
		return read_pid(ctx);
	default:
		return EMUL_UNKNOWN;
	}
}
