// SPDX-License-Identifier: GPL-2.0-only
/* IN and OUT, and the other instructions that IOPL guards; HLT. */
#include <linux/types.h>
#include <linux/bits.h>

#include "emul/descriptor.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"
#include "emul/vme.h"

#define TSS_IO_BASE 0x66	/* offset of the I/O bitmap's offset */

enum emul_result exec_io_map(struct emul_ctx *ctx, int offset, void *buf,
			     unsigned int len)
{
	struct x86_seg tr;
	enum emul_result ret;
	u16 base;
	u32 at;

	ctx->ops->segment(ctx, SEG_TR, &tr);
	if (!(tr.attr & SEG_P) ||
	    (tr.attr & SEG_TYPE) != SYSTEM_TSS_BUSY ||
	    tr.limit < TSS_IO_BASE + 1)
		return exec_fault(ctx, X86_TRAP_GP, 0);
	ret = implicit_read(ctx, tr.base + TSS_IO_BASE, &base, 2);
	if (ret != EMUL_OK)
		return ret;
	at = base + offset;
	if (at > tr.limit || at + len - 1 > tr.limit)
		return exec_fault(ctx, X86_TRAP_GP, 0);
	return implicit_read(ctx, tr.base + at, buf, len);
}

/* Two bytes are looked at, however many ports there are. */
static enum emul_result port_bitmap(struct emul_ctx *ctx, u16 port,
				    unsigned int size)
{
	enum emul_result ret;
	u16 bits;

	ret = exec_io_map(ctx, port / 8, &bits, 2);
	if (ret == EMUL_OK && bits >> port % 8 & (BIT(size) - 1))
		ret = exec_fault(ctx, X86_TRAP_GP, 0);
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
static unsigned int port_size(const struct emul_ctx *ctx)
{
	return ctx->insn.op_size == 8 ? 4 : ctx->insn.op_size;
}

/* Opcodes EC to EF: the port is in DX. */
static u16 port_number(const struct emul_ctx *ctx)
{
	return ctx->insn.opcode & 8 ? ctx->gpr[GPR_RDX] : ctx->insn.imm;
}

/** exec_in - IN */
enum emul_result exec_in(struct emul_ctx *ctx)
{
	unsigned int size = port_size(ctx);
	u16 port = port_number(ctx);
	enum emul_result ret;
	u32 val = 0;

	ret = exec_port(ctx, port, size);
	if (ret == EMUL_OK)
		ret = ctx->ops->in(ctx, port, &val, size);
	if (ret == EMUL_OK)
		operand_reg_set(ctx, GPR_RAX, size, val);
	return ret;
}

/** exec_out - OUT */
enum emul_result exec_out(struct emul_ctx *ctx)
{
	unsigned int size = port_size(ctx);
	u16 port = port_number(ctx);
	u32 val = ctx->gpr[GPR_RAX];
	enum emul_result ret;

	ret = exec_port(ctx, port, size);
	return ret == EMUL_OK ? ctx->ops->out(ctx, port, &val, size) : ret;
}

/** exec_cli - CLI, STI */
enum emul_result exec_cli(struct emul_ctx *ctx)
{
	bool on = ctx->insn.opcode & 1;

	if ((ctx->protected || exec_virtual(ctx)) && ctx->cpl > exec_iopl(ctx))
		return vme_set_if(ctx, on);
	if (on && !(ctx->rflags & X86_EFLAGS_IF))
		ctx->ops->shadow(ctx);
	return exec_flag(ctx, X86_EFLAGS_IF, on);
}

/** exec_hlt - HLT */
enum emul_result exec_hlt(struct emul_ctx *ctx)
{
	ctx->ops->halt(ctx);
	return EMUL_OK;
}
