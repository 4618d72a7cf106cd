// SPDX-License-Identifier: GPL-2.0-only
/* Moves between vector registers, memory and general registers. */
#include <linux/types.h>
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"

#define STORE		0x01	/* to ModRM.rm, not from it */
#define ALIGNED		0x02	/* #GP when memory is not aligned */
#define HIGH		0x04	/* the upper half of ModRM.reg */
#define KEEP_MEMORY	0x08	/* a load from memory keeps the other bytes */
#define KEEP_REG	0x10	/* a move between registers does */
#define GENERAL		0x20	/* ModRM.rm is a general register */
#define CROSS		0x40	/* the register form is from half to half */
#define MEMORY_ONLY	0x80

#define XCR0_AVX	(BIT(1) | BIT(2))
/* Masks, and the two parts of what 512 bits and 32 registers add. */
#define XCR0_AVX512	(XCR0_AVX | BIT(5) | BIT(6) | BIT(7))

/* @key: mandatory prefix, map, opcode; @size: in bytes, 0 for REX.W to say. */
struct sse_move {
	u32 key;
	u8 size;
	u8 flags;
	u8 feature;	/* of the legacy form */
};

#define MOVE(prefix, map, opcode, size, flags) \
	{ (prefix) << 16 | (map) << 8 | (opcode), (size), (flags), \
	  SSE_FEATURE(prefix, map, opcode) }

/* SSE has MOVxPS and MOVSS, others than SSE2 a move each: LDDQU, MOVNTDQA. */
#define SSE_FEATURE(prefix, map, opcode) \
	((map) == 2 ? EMUL_SSE41 : (opcode) == 0xf0 ? EMUL_SSE3 : \
	 (prefix) == 0 || ((prefix) == 0xf3 && (opcode) < 0x20) ? EMUL_SSE : \
								  EMUL_SSE2)

static const struct sse_move sse_moves[] = {
	MOVE(0x00, 1, 0x10, 16, 0),			/* MOVUPS */
	MOVE(0x00, 1, 0x11, 16, STORE),
	MOVE(0x66, 1, 0x10, 16, 0),			/* MOVUPD */
	MOVE(0x66, 1, 0x11, 16, STORE),
	MOVE(0xf3, 1, 0x10, 4, KEEP_REG),		/* MOVSS */
	MOVE(0xf3, 1, 0x11, 4, KEEP_REG | STORE),
	MOVE(0xf2, 1, 0x10, 8, KEEP_REG),		/* MOVSD */
	MOVE(0xf2, 1, 0x11, 8, KEEP_REG | STORE),
	/* MOVLPS and MOVHLPS, MOVLPD, MOVHPS and MOVLHPS, MOVHPD */
	MOVE(0x00, 1, 0x12, 8, KEEP_MEMORY | KEEP_REG | CROSS),
	MOVE(0x00, 1, 0x13, 8, STORE | MEMORY_ONLY),
	MOVE(0x66, 1, 0x12, 8, KEEP_MEMORY | MEMORY_ONLY),
	MOVE(0x66, 1, 0x13, 8, STORE | MEMORY_ONLY),
	MOVE(0x00, 1, 0x16, 8, KEEP_MEMORY | KEEP_REG | CROSS | HIGH),
	MOVE(0x00, 1, 0x17, 8, STORE | MEMORY_ONLY | HIGH),
	MOVE(0x66, 1, 0x16, 8, KEEP_MEMORY | MEMORY_ONLY | HIGH),
	MOVE(0x66, 1, 0x17, 8, STORE | MEMORY_ONLY | HIGH),
	MOVE(0x00, 1, 0x28, 16, ALIGNED),		/* MOVAPS */
	MOVE(0x00, 1, 0x29, 16, ALIGNED | STORE),
	MOVE(0x66, 1, 0x28, 16, ALIGNED),		/* MOVAPD */
	MOVE(0x66, 1, 0x29, 16, ALIGNED | STORE),
	MOVE(0x00, 1, 0x2b, 16, ALIGNED | STORE),	/* MOVNTPS */
	MOVE(0x66, 1, 0x2b, 16, ALIGNED | STORE),	/* MOVNTPD */
	MOVE(0x66, 1, 0x6e, 0, GENERAL),		/* MOVD, MOVQ */
	MOVE(0x66, 1, 0x7e, 0, GENERAL | STORE),
	MOVE(0x66, 1, 0x6f, 16, ALIGNED),		/* MOVDQA */
	MOVE(0x66, 1, 0x7f, 16, ALIGNED | STORE),
	MOVE(0xf3, 1, 0x6f, 16, 0),			/* MOVDQU */
	MOVE(0xf3, 1, 0x7f, 16, STORE),
	MOVE(0xf3, 1, 0x7e, 8, 0),			/* MOVQ */
	MOVE(0x66, 1, 0xd6, 8, STORE),
	MOVE(0x66, 1, 0xe7, 16, ALIGNED | STORE),	/* MOVNTDQ */
	MOVE(0xf2, 1, 0xf0, 16, 0),			/* LDDQU */
	MOVE(0x66, 2, 0x2a, 16, ALIGNED),		/* MOVNTDQA */
};

static const struct sse_move *sse_find(const struct emul_insn *insn)
{
	u32 prefix = insn->rep ? insn->rep : insn->op66 ? 0x66 : 0;
	u32 key = prefix << 16 | insn->map << 8 | insn->opcode;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sse_moves); i++)
		if (sse_moves[i].key == key)
			return &sse_moves[i];
	return NULL;
}

/* APM vol. 2, 11.2.1; SDM vol. 3, table 2-2 and 13.1.4. */
static enum emul_result sse_enabled(struct emul_ctx *ctx, u64 cr0, u64 cr4)
{
	u64 wanted = ctx->insn.vex == 4 ? XCR0_AVX512 : XCR0_AVX, xcr0;

	if (!ctx->insn.vex)
		return cr0 & X86_CR0_EM || !(cr4 & X86_CR4_OSFXSR) ?
		       exec_fault(ctx, X86_TRAP_UD, 0) : EMUL_OK;
	/* SDM vol. 2, 2.4.3 and table 2-23; CR0.EM does not count. */
	if (!ctx->protected || !(cr4 & X86_CR4_OSXSAVE))
		return exec_fault(ctx, X86_TRAP_UD, 0);
	if (exec_reg(ctx, EMUL_XCR, 0, &xcr0) != EMUL_OK ||
	    (xcr0 & wanted) != wanted)
		return exec_fault(ctx, X86_TRAP_UD, 0);
	return EMUL_OK;
}

enum emul_result exec_sse_usable(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 cr0, cr4 = 0;

	ret = exec_reg(ctx, EMUL_CR, 0, &cr0);
	if (ret == EMUL_OK)
		ret = exec_reg(ctx, EMUL_CR, 4, &cr4);
	if (ret == EMUL_OK)
		ret = sse_enabled(ctx, cr0, cr4);
	if (ret == EMUL_OK && cr0 & X86_CR0_TS)
		ret = exec_fault(ctx, X86_TRAP_NM, 0);
	return ret;
}

/* Moves of MMX registers have no prefix; VEX has none of them. */
static bool sse_is_mmx(const struct emul_insn *insn)
{
	static const u8 opcodes[] = { 0x6e, 0x6f, 0x7e, 0x7f, 0xe7 };

	return !insn->vex && !insn->rep && !insn->op66 && insn->map == 1 &&
	       memchr(opcodes, insn->opcode, sizeof(opcodes));
}

/* Does this form leave or take over bytes that it does not move? */
static bool sse_keeps(const struct emul_insn *insn, const struct sse_move *move)
{
	return move->flags & (operand_in_memory(insn) ? KEEP_MEMORY : KEEP_REG);
}

/* VEX forms: only those that keep bytes name a register to take them from. */
static bool sse_valid(const struct emul_insn *insn, const struct sse_move *move)
{
	/* Of scalars L is ignored; halves and MOVD have no long form. */
	bool scalar = move->flags & KEEP_REG && !(move->flags & KEEP_MEMORY);

	if (!operand_in_memory(insn) && move->flags & MEMORY_ONLY)
		return false;
	if (!insn->vex)
		return true;
	if (insn->vex_long && move->size != 16 && !scalar)
		return false;
	return !insn->vex_reg || sse_keeps(insn, move);
}

/* AVX2 widened MOVNTDQA. */
static enum emul_feature sse_feature(const struct emul_insn *insn,
				     const struct sse_move *move)
{
	if (!insn->vex)
		return move->feature;
	return insn->vex_long && move->feature == EMUL_SSE41 ? EMUL_AVX2 : EMUL_AVX;
}

static unsigned int sse_size(const struct emul_insn *insn,
			     const struct sse_move *move)
{
	if (move->size == 16 && insn->vex_long)
		return 32;
	if (move->size)
		return move->size;
	return insn->rex & 8 ? 8 : 4;
}

static unsigned int sse_offset(const struct sse_move *move)
{
	return move->flags & HIGH ? 8 : 0;
}

/*
 * Write what is moved to a vector register.  Its other bytes are kept, or taken
 * from the register in VEX.vvvv, or cleared; VEX forms clear all beyond those.
 */
static void sse_put(struct emul_ctx *ctx, const struct sse_move *move,
		    unsigned int nr, const void *val)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int from = insn->vex ? insn->vex_reg : nr;
	u8 buf[32] = { 0 };

	if (ctx->mode != EMUL_64)
		from &= 7;
	if (sse_keeps(insn, move))
		ctx->ops->vector(ctx, from, buf, 16);
	memcpy(buf + sse_offset(move), val, sse_size(insn, move));
	ctx->ops->vector_set(ctx, nr, buf, insn->vex ? 32 : 16);
}

static enum emul_result sse_memory(struct emul_ctx *ctx,
				   const struct sse_move *move)
{
	unsigned int reg = operand_reg(&ctx->insn);
	unsigned int size = sse_size(&ctx->insn, move);
	struct operand_addr at = operand_address(ctx);
	enum emul_result ret;
	u8 val[32];

	/* Comes before the checks of the address itself. */
	if (move->flags & ALIGNED && operand_linear(ctx, at) & (size - 1))
		return exec_fault(ctx, X86_TRAP_GP, 0);
	if (move->flags & STORE) {
		ctx->ops->vector(ctx, reg, val, ctx->insn.vex ? 32 : 16);
		ret = operand_write(ctx, at, val + sse_offset(move), size);
	} else {
		ret = operand_read(ctx, at, val, size);
		if (ret == EMUL_OK)
			sse_put(ctx, move, reg, val);
	}
	return ret;
}

static enum emul_result sse_general(struct emul_ctx *ctx,
				    const struct sse_move *move)
{
	unsigned int size = sse_size(&ctx->insn, move);
	unsigned int reg = operand_reg(&ctx->insn);
	unsigned int rm = operand_rm(&ctx->insn);
	u64 val[2];

	if (move->flags & STORE) {
		ctx->ops->vector(ctx, reg, val, sizeof(val));
		operand_reg_set(ctx, rm, size, val[0]);
	} else {
		val[0] = operand_reg_get(ctx, rm, size);
		sse_put(ctx, move, reg, val);
	}
	return EMUL_OK;
}

static enum emul_result sse_register(struct emul_ctx *ctx,
				     const struct sse_move *move)
{
	unsigned int reg = operand_reg(&ctx->insn);
	unsigned int rm = operand_rm(&ctx->insn);
	bool store = move->flags & STORE;
	unsigned int from = 0;
	u8 val[32];

	if (move->flags & CROSS)
		from = 8 - sse_offset(move);
	ctx->ops->vector(ctx, store ? reg : rm, val, ctx->insn.vex ? 32 : 16);
	sse_put(ctx, move, store ? rm : reg, val + from);
	return EMUL_OK;
}

/**
 * exec_vector - moves of vector registers, legacy and VEX forms
 *
 * MOVxPS, MOVxPD, MOVDQx, MOVNTx, MOVSS, MOVSD, MOVD, MOVQ, LDDQU; of MMX too.
 */
enum emul_result exec_vector(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	const struct sse_move *move = sse_find(insn);
	enum emul_result ret;

	if (sse_is_mmx(insn))
		return exec_mmx(ctx);
	if (insn->vex == 4)
		return exec_evex(ctx);
	if (!move)
		return EMUL_UNKNOWN;
	if (!sse_valid(insn, move) || !ctx->ops->has(ctx, sse_feature(insn, move)))
		return exec_fault(ctx, X86_TRAP_UD, 0);
	ret = exec_sse_usable(ctx);
	if (ret != EMUL_OK)
		return ret;
	if (operand_in_memory(insn))
		return sse_memory(ctx, move);
	if (move->flags & GENERAL)
		return sse_general(ctx, move);
	return sse_register(ctx, move);
}
