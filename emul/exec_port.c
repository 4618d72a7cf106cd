// SPDX-License-Identifier: GPL-2.0-only
/* IN and OUT, and the other instructions that IOPL guards; HLT. */
#include <linux/types.h>
#include <linux/bits.h>

#include "emul/descriptor.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"

#define TSS_IO_BASE 0x66	/* offset of the I/O bitmap's offset */

enum { AX = 0, DX = 2 };

/* Two bytes are looked at, however many ports there are. */
static enum emul_result port_bitmap(struct emul_ctx *ctx, u16 port,
				    unsigned int size)
{
	struct emul_segment tr;
	enum emul_result ret;
	u16 base, bits;
	u32 offset;

	ctx->ops->segment(ctx, EMUL_TR, &tr);
	if (!(tr.attr & EMUL_ATTR_P) ||
	    (tr.attr & EMUL_ATTR_TYPE) != SYSTEM_TSS_BUSY ||
	    tr.limit < TSS_IO_BASE + 1)
		return exec_fault(ctx, VECTOR_GP, 0);
	ret = implicit_read(ctx, tr.base + TSS_IO_BASE, &base, 2);
	if (ret != EMUL_OK)
		return ret;
	offset = base + port / 8;
	if (offset + 1 > tr.limit)
		return exec_fault(ctx, VECTOR_GP, 0);
	ret = implicit_read(ctx, tr.base + offset, &bits, 2);
	if (ret == EMUL_OK && bits >> port % 8 & (BIT(size) - 1))
		ret = exec_fault(ctx, VECTOR_GP, 0);
	return ret;
}

enum emul_result exec_port(struct emul_ctx *ctx, u16 port, unsigned int size)
{
	if (!exec_virtual(ctx) &&
	    (!ctx->protected || ctx->cpl <= exec_iopl(ctx)))
		return EMUL_OK;
	return port_bitmap(ctx, port, size);
}

/* There are no 64-bit ports: REX.W changes nothing. */
static enum emul_result port_move(struct emul_ctx *ctx, u16 port, bool out)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int size = insn->op_size == 8 ? 4 : insn->op_size;
	enum emul_result ret;
	u32 val = 0;

	ret = exec_port(ctx, port, size);
	if (ret != EMUL_OK)
		return ret;
	if (out) {
		val = ctx->gpr[AX];
		ret = ctx->ops->out(ctx, port, &val, size);
	} else {
		ret = ctx->ops->in(ctx, port, &val, size);
		if (ret == EMUL_OK)
			operand_reg_set(ctx, AX, size, val);
	}
	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

/* CR4.VME and CR4.PVI would allow more: they are not known here. */
static enum emul_result set_interrupt(struct emul_ctx *ctx, bool on)
{
	bool was = ctx->rflags & RFLAGS_IF;

	if ((ctx->protected || exec_virtual(ctx)) && ctx->cpl > exec_iopl(ctx))
		return exec_fault(ctx, VECTOR_GP, 0);
	ctx->rflags &= ~(u64)RFLAGS_IF;
	if (on)
		ctx->rflags |= RFLAGS_IF;
	if (on && !was)
		ctx->ops->shadow(ctx);
	return exec_next(ctx);
}

static enum emul_result halt(struct emul_ctx *ctx)
{
	enum emul_result ret = exec_privileged(ctx);

	if (ret != EMUL_OK)
		return ret;
	ctx->ops->halt(ctx);
	return exec_next(ctx);
}

enum emul_result exec_io(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;

	switch (exec_key(insn)) {
	case 0xe4 ... 0xe7:
		return port_move(ctx, insn->imm, insn->opcode & 2);
	case 0xec ... 0xef:
		return port_move(ctx, ctx->gpr[DX], insn->opcode & 2);
	case 0xf4:
		return halt(ctx);
	case 0xfa:
	case 0xfb:
		return set_interrupt(ctx, insn->opcode & 1);
	default:
		return EMUL_UNKNOWN;
	}
}
