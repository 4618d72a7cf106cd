// SPDX-License-Identifier: GPL-2.0-only
/* RSM: out of system management mode (APM vol. 2, 10.4; SDM vol. 3, 31.7). */
#include <linux/string.h>

#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/smram.h"
#include "emul/system.h"

/* Real mode has no level but 0, virtual-8086 mode none but 3; else it is SS's. */
static u8 level_of(const struct smram_state *s)
{
	if (!(s->cr0 & X86_CR0_PE))
		return 0;
	if (s->rflags & X86_EFLAGS_VM)
		return 3;
	return (s->seg[SEG_SS].attr & SEG_DPL) >> 5;
}

/**
 * exec_rsm - RSM: all registers are what the state-save area says
 *
 * A state that cannot be shuts the processor down, which stays where it is.
 */
enum emul_result exec_rsm(struct emul_ctx *ctx)
{
	struct smram_state s;
	u8 area[SMRAM_BYTES];
	bool wide;

	if (!ctx->ops->smram(ctx, area, &wide))
		return exec_fault(ctx, X86_TRAP_UD, 0);
	if (!smram_load(area, &s, wide) || !ctx->ops->rsm(ctx, &s))
		return EMUL_SHUTDOWN;
	memcpy(ctx->gpr, s.gpr, (wide ? 16 : 8) * sizeof(*s.gpr));
	ctx->rip = s.rip;
	ctx->rflags = s.rflags;
	ctx->cpl = level_of(&s);
	if (s.shadow)
		ctx->ops->shadow(ctx);
	if (s.halted)
		ctx->ops->halt(ctx);
	return EMUL_JUMP;
}
