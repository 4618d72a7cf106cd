// SPDX-License-Identifier: GPL-2.0-only
/* Moves between vector registers, memory and general registers. */
#include <linux/types.h>
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

/* @key: mandatory prefix, map, opcode; @size: in bytes, 0 for REX.W to say. */
struct sse_move {
	u32 key;
	u8 size;
	u8 flags;
};

#define MOVE(prefix, map, opcode, size, flags) \
	{ (prefix) << 16 | (map) << 8 | (opcode), (size), (flags) }

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
	u32 key = prefix << 16 | exec_key(insn);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sse_moves); i++)
		if (sse_moves[i].key == key)
			return &sse_moves[i];
	return NULL;
}

/* APM vol. 2, 11.2.1; SDM vol. 3, table 2-2 and 13.1.4. */
static enum emul_result sse_usable(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 cr0, cr4 = 0;

	ret = exec_reg(ctx, EMUL_CR, 0, &cr0);
	if (ret == EMUL_OK)
		ret = exec_reg(ctx, EMUL_CR, 4, &cr4);
	if (ret != EMUL_OK)
		return ret;
	if (cr0 & CR0_EM || !(cr4 & CR4_OSFXSR))
		return exec_fault(ctx, VECTOR_UD, 0);
	if (cr0 & CR0_TS)
		return exec_fault(ctx, VECTOR_NM, 0);
	return EMUL_OK;
}

static unsigned int sse_size(const struct emul_insn *insn,
			     const struct sse_move *move)
{
	if (move->size)
		return move->size;
	return insn->rex & 8 ? 8 : 4;
}

/* Bytes of an XMM register; when written, the others are cleared or kept. */
struct sse_part {
	unsigned int nr, offset, size;
	bool keep;
};

static void sse_put(struct emul_ctx *ctx, struct sse_part part, const void *val)
{
	u8 buf[16] = { 0 };

	if (part.keep)
		ctx->ops->vector(ctx, part.nr, buf, sizeof(buf));
	memcpy(buf + part.offset, val, part.size);
	ctx->ops->vector_set(ctx, part.nr, buf, sizeof(buf));
}

static enum emul_result sse_memory(struct emul_ctx *ctx,
				   const struct sse_move *move)
{
	struct sse_part part = {
		.nr = operand_reg(&ctx->insn),
		.offset = move->flags & HIGH ? 8 : 0,
		.size = sse_size(&ctx->insn, move),
		.keep = move->flags & KEEP_MEMORY,
	};
	struct operand_addr at = operand_address(ctx);
	enum emul_result ret;
	u8 val[16];

	/* Comes before the checks of the address itself. */
	if (move->flags & ALIGNED && operand_linear(ctx, at) & 15)
		return exec_fault(ctx, VECTOR_GP, 0);
	if (move->flags & STORE) {
		ctx->ops->vector(ctx, part.nr, val, sizeof(val));
		ret = operand_write(ctx, at, val + part.offset, part.size);
	} else {
		ret = operand_read(ctx, at, val, part.size);
		if (ret == EMUL_OK)
			sse_put(ctx, part, val);
	}
	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

static enum emul_result sse_general(struct emul_ctx *ctx,
				    const struct sse_move *move)
{
	struct sse_part part = {
		.nr = operand_reg(&ctx->insn),
		.size = sse_size(&ctx->insn, move),
	};
	unsigned int rm = operand_rm(&ctx->insn);
	u64 val[2];

	if (move->flags & STORE) {
		ctx->ops->vector(ctx, part.nr, val, sizeof(val));
		operand_reg_set(ctx, rm, part.size, val[0]);
	} else {
		val[0] = operand_reg_get(ctx, rm, part.size);
		sse_put(ctx, part, val);
	}
	return exec_next(ctx);
}

static enum emul_result sse_register(struct emul_ctx *ctx,
				     const struct sse_move *move)
{
	bool store = move->flags & STORE;
	unsigned int reg = operand_reg(&ctx->insn);
	unsigned int rm = operand_rm(&ctx->insn), source = 0;
	struct sse_part to = {
		.nr = store ? rm : reg,
		.offset = move->flags & HIGH ? 8 : 0,
		.size = move->size,
		.keep = move->flags & KEEP_REG,
	};
	u8 val[16];

	if (move->flags & CROSS)
		source = 8 - to.offset;
	ctx->ops->vector(ctx, store ? reg : rm, val, sizeof(val));
	sse_put(ctx, to, val + source);
	return exec_next(ctx);
}

enum emul_result exec_sse(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	const struct sse_move *move = sse_find(insn);
	enum emul_result ret;

	if (!move)
		return EMUL_UNKNOWN;
	if (!operand_in_memory(insn) && move->flags & MEMORY_ONLY)
		return exec_fault(ctx, VECTOR_UD, 0);
	ret = sse_usable(ctx);
	if (ret != EMUL_OK)
		return ret;
	if (operand_in_memory(insn))
		return sse_memory(ctx, move);
	if (move->flags & GENERAL)
		return sse_general(ctx, move);
	return sse_register(ctx, move);
}
