// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>
#include <linux/bits.h>

#include "emul/opcode.h"
#include "emul/vme.h"

/* The map of 32 bytes lies right in front of the I/O bitmap (SDM vol. 3, 20.3). */
#define REDIRECTION_BYTES 32

static enum emul_result cr4_has(struct emul_ctx *ctx, u64 bit, bool *has)
{
	enum emul_result ret;
	u64 cr4 = 0;

	ret = exec_reg(ctx, EMUL_CR, 4, &cr4);
	*has = cr4 & bit;
	return ret;
}

/* PUSHF, POPF and IRET with 16 bits only; INT n decides later. */
enum emul_result vme_allowed(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	enum emul_result ret;
	bool has;

	ret = cr4_has(ctx, X86_CR4_VME, &has);
	if (ret != EMUL_OK)
		return ret;
	if (!has || (insn->op_size != 2 && insn->opcode != OPCODE_INT))
		return exec_fault(ctx, X86_TRAP_GP, 0);
	return EMUL_OK;
}

/* IF shows VIF, and IOPL what the program believes it to be. */
u64 vme_pushed(const struct emul_ctx *ctx)
{
	u64 flags = ctx->rflags & ~X86_EFLAGS_RF;

	if (!vme_virtual_if(ctx))
		return flags;
	flags = (flags | X86_EFLAGS_IOPL) & ~X86_EFLAGS_IF;
	return flags & X86_EFLAGS_VIF ? flags | X86_EFLAGS_IF : flags;
}

enum emul_result vme_popped(struct emul_ctx *ctx, u64 *flags, u64 *mask)
{
	bool on = *flags & X86_EFLAGS_IF;

	if (!vme_virtual_if(ctx))
		return EMUL_OK;
	if (*flags & X86_EFLAGS_TF || (on && ctx->rflags & X86_EFLAGS_VIP))
		return exec_fault(ctx, X86_TRAP_GP, 0);
	*mask |= X86_EFLAGS_VIF;
	*flags = on ? *flags | X86_EFLAGS_VIF : *flags & ~X86_EFLAGS_VIF;
	return EMUL_OK;
}

enum emul_result vme_set_if(struct emul_ctx *ctx, bool on)
{
	u64 bit = exec_virtual(ctx) ? X86_CR4_VME : X86_CR4_PVI;
	enum emul_result ret;
	bool has;

	ret = cr4_has(ctx, bit, &has);
	if (ret != EMUL_OK)
		return ret;
	if (!has || ctx->cpl != 3 || (on && ctx->rflags & X86_EFLAGS_VIP))
		return exec_fault(ctx, X86_TRAP_GP, 0);
	return exec_flag(ctx, X86_EFLAGS_VIF, on);
}

enum emul_result vme_redirected(struct emul_ctx *ctx, u8 vector, bool *own)
{
	enum emul_result ret;
	bool has = false;
	u8 bits;

	*own = false;
	if (!exec_virtual(ctx))
		return EMUL_OK;
	ret = cr4_has(ctx, X86_CR4_VME, &has);
	if (ret != EMUL_OK || !has)
		return ret;
	ret = exec_io_map(ctx, vector / 8 - REDIRECTION_BYTES, &bits, 1);
	if (ret != EMUL_OK)
		return ret;
	*own = !(bits & BIT(vector % 8));
	if (!*own && exec_iopl(ctx) < 3)
		return exec_fault(ctx, X86_TRAP_GP, 0);
	return EMUL_OK;
}
