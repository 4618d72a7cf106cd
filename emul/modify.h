/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operands that an instruction reads and then writes, and instructions that are
 * nothing but a computation of one value from one operand: these give the
 * computation, and what is around it is written once, here.
 */
#ifndef LAMINA_EMUL_MODIFY_H
#define LAMINA_EMUL_MODIFY_H

#include <linux/compiler.h>

#include "emul/alu.h"
#include "emul/operand.h"

/*
 * A computation: @val is the ModRM operand, what else it takes is in the context.
 * It changes nothing but @alu's flags, which become RFLAGS if nothing fails.
 */
typedef u64 modify_fn(const struct emul_ctx *ctx, struct alu *alu, u64 val);

/**
 * modify_fetch - read what is going to be written by modify_update()
 * @ctx: the emulation
 * @at: where, when ModRM names memory
 * @size: in bytes (1, 2, 4, 8)
 * @val: what was read, zero extended
 *
 * That it may be written is checked first: a device is not read if that fails.
 *
 * Return: EMUL_OK, or what the check or the callbacks say.
 */
enum emul_result modify_fetch(struct emul_ctx *ctx, struct operand_addr at,
			       unsigned int size, u64 *val);

/**
 * modify_update - write back, atomically when there is a LOCK prefix
 * @ctx: the emulation
 * @at: where, when ModRM names memory
 * @size: in bytes (1, 2, 4, 8)
 * @old: what modify_fetch() read
 * @new: what to write
 *
 * Return: EMUL_OK, or what the callback says.
 */
enum emul_result modify_update(struct emul_ctx *ctx, struct operand_addr at,
				unsigned int size, u64 old, u64 new);

/**
 * modify_at - the operand becomes what is computed from it
 * @ctx: the emulation
 * @at: where it is, when ModRM names memory
 * @compute: a constant, so that it is no indirect call
 *
 * Return: EMUL_OK, or what modify_fetch() and modify_update() say.
 */
static __always_inline enum emul_result modify_at(struct emul_ctx *ctx,
						  struct operand_addr at,
						  modify_fn *compute)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	enum emul_result ret;
	u64 old, new;

	ret = modify_fetch(ctx, at, alu.size, &old);
	if (ret != EMUL_OK)
		return ret;
	new = compute(ctx, &alu, old);
	ret = modify_update(ctx, at, alu.size, old, new);
	if (ret == EMUL_OK)
		ctx->rflags = alu.flags;
	return ret;
}

/** modify_rm - modify_at() where ModRM says */
static __always_inline enum emul_result modify_rm(struct emul_ctx *ctx,
						  modify_fn *compute)
{
	return modify_at(ctx, operand_rm_address(ctx), compute);
}

/** modify_reg - ModRM.reg becomes what is computed from ModRM.rm */
static __always_inline enum emul_result modify_reg(struct emul_ctx *ctx,
						   modify_fn *compute)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	enum emul_result ret;
	u64 val;

	ret = operand_rm_get(ctx, alu.size, &val);
	if (ret != EMUL_OK)
		return ret;
	operand_reg_write(ctx, compute(ctx, &alu, val));
	ctx->rflags = alu.flags;
	return EMUL_OK;
}

/** modify_flags - only the flags of what is computed from ModRM.rm matter */
static __always_inline enum emul_result modify_flags(struct emul_ctx *ctx,
						     modify_fn *compute)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	enum emul_result ret;
	u64 val;

	ret = operand_rm_get(ctx, alu.size, &val);
	if (ret != EMUL_OK)
		return ret;
	compute(ctx, &alu, val);
	ctx->rflags = alu.flags;
	return EMUL_OK;
}

/**
 * modify_gpr - modify_reg() from and to one register, whatever ModRM is
 * @ctx: the emulation
 * @reg: the register
 * @compute: as for modify_at()
 * @write: false: only the flags matter
 *
 * Return: EMUL_OK.
 */
static __always_inline enum emul_result modify_gpr(struct emul_ctx *ctx,
						   unsigned int reg,
						   modify_fn *compute,
						   bool write)
{
	struct alu alu = { ctx->insn.op_size, ctx->rflags };
	u64 val = compute(ctx, &alu, operand_reg_get(ctx, reg, alu.size));

	if (write)
		operand_reg_set(ctx, reg, alu.size, val);
	ctx->rflags = alu.flags;
	return EMUL_OK;
}

#endif
