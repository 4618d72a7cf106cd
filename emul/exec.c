// SPDX-License-Identifier: GPL-2.0-only
/* What all instructions have in common: conditions, and the end. */
#include <linux/types.h>
#include <linux/compiler.h>

#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/optable.h"
#include "emul/system.h"
#include "emul/vme.h"

void exec_next(struct emul_ctx *ctx)
{
	ctx->rip = exec_after(ctx);
	ctx->rflags &= ~X86_EFLAGS_RF;
}

static bool lock_allowed(const struct emul_insn *insn)
{
	return insn->flags & OP_LOCK && insn->has_modrm &&
	       operand_in_memory(insn);
}

/* SDM vol. 3, 2.5, "UMIP": what tells a program about the system. */
static enum emul_result umip_allowed(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 cr4;

	if (!ctx->cpl)
		return EMUL_OK;
	ret = exec_reg(ctx, EMUL_CR, 4, &cr4);
	if (ret == EMUL_OK && cr4 & X86_CR4_UMIP)
		ret = exec_fault(ctx, X86_TRAP_GP, 0);
	return ret;
}

#define OP_CONDITIONS (OP_PROTECTED | OP_PRIVILEGED | OP_VM_IOPL | OP_UMIP)

/* Real mode has level 0, virtual-8086 mode level 3. */
static enum emul_result conditions_met(struct emul_ctx *ctx, u32 flags)
{
	if (flags & OP_PROTECTED && !ctx->protected)
		return exec_fault(ctx, X86_TRAP_UD, 0);
	if (flags & OP_PRIVILEGED)
		return exec_privileged(ctx);
	if (flags & OP_VM_IOPL && exec_virtual(ctx) && exec_iopl(ctx) < 3)
		return vme_allowed(ctx);
	return flags & OP_UMIP ? umip_allowed(ctx) : EMUL_OK;
}

static enum emul_result exec_checked(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	enum emul_result ret = EMUL_OK;

	if (insn->lock && !lock_allowed(insn))
		return exec_fault(ctx, X86_TRAP_UD, 0);
	if (!insn->exec || (insn->vex && !insn->exec_vex))
		return EMUL_UNKNOWN;
	if (insn->feature && !ctx->ops->has(ctx, insn->feature))
		return exec_fault(ctx, X86_TRAP_UD, 0);
	if (insn->flags & OP_CONDITIONS)
		ret = conditions_met(ctx, insn->flags);
	if (ret != EMUL_OK)
		return ret;
	if (insn->rep && insn->flags & OP_STRING)
		return exec_repeat(ctx);
	return insn->exec(ctx);
}

/*
 * A transfer to another level or mode makes its last accesses there already;
 * in the context that shows only when it has succeeded, and as CPL.
 */
enum emul_result emul_exec(struct emul_ctx *ctx)
{
	const enum emul_mode mode = ctx->mode;
	const bool protected = ctx->protected;
	const u8 cpl = ctx->cpl;
	enum emul_result ret;

	ret = exec_checked(ctx);
	ctx->stack = NULL;
	ctx->mode = mode;
	ctx->protected = protected;
	if (ret == EMUL_JUMP)
		return EMUL_OK;
	if (ret == EMUL_TRAP)
		return ret;
	if (ret == EMUL_OK)
		exec_next(ctx);
	else
		ctx->cpl = cpl;
	return ret;
}
