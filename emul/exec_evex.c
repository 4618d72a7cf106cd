// SPDX-License-Identifier: GPL-2.0-only
/* Moves in their EVEX form: 512 bits, 32 registers, masks (SDM vol. 2, 2.7). */
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
#define MEMORY_ONLY	0x04
#define HIGH		0x08	/* MOVHPS and its kin: the upper half */
#define CROSS		0x10	/* the register form is from half to half */
#define NO_MASK		0x20	/* with a mask it is undefined */

enum evex_kind {
	EVEX_FULL,	/* a whole vector, in elements that a mask chooses */
	EVEX_SCALAR,	/* MOVSS, MOVSD */
	EVEX_HALF,	/* MOVLPS, MOVHPS: the other half is that of EVEX.vvvv */
	EVEX_QWORD,	/* MOVQ between vector registers and memory */
	EVEX_GENERAL,	/* MOVD, MOVQ: ModRM.rm is a general register */
};

/* @key: mandatory prefix, map, opcode; @wide: EVEX.W; @size: of an element. */
struct evex_move {
	u32 key;
	bool wide;
	u8 size;
	u8 kind;
	u8 flags;
};

#define MOVE(prefix, map, opcode, wide, size, kind, flags) \
	{ (prefix) << 16 | (map) << 8 | (opcode), wide, size, EVEX_##kind, flags }
#define BOTH(prefix, load, wide, size, kind, flags) \
	MOVE(prefix, 1, load, wide, size, kind, flags), \
	MOVE(prefix, 1, (load) + ((load) == 0x6f ? 0x10 : 1), wide, size, kind, \
	     (flags) | STORE)
/* Past the caches: only whole vectors, and of memory. */
#define NT	(ALIGNED | MEMORY_ONLY | NO_MASK)

static const struct evex_move evex_moves[] = {
	BOTH(0x00, 0x10, 0, 4, FULL, 0),		/* VMOVUPS */
	BOTH(0x66, 0x10, 1, 8, FULL, 0),		/* VMOVUPD */
	BOTH(0x00, 0x28, 0, 4, FULL, ALIGNED),		/* VMOVAPS */
	BOTH(0x66, 0x28, 1, 8, FULL, ALIGNED),		/* VMOVAPD */
	BOTH(0x66, 0x6f, 0, 4, FULL, ALIGNED),		/* VMOVDQA32 */
	BOTH(0x66, 0x6f, 1, 8, FULL, ALIGNED),		/* VMOVDQA64 */
	BOTH(0xf3, 0x6f, 0, 4, FULL, 0),		/* VMOVDQU32 */
	BOTH(0xf3, 0x6f, 1, 8, FULL, 0),		/* VMOVDQU64 */
	BOTH(0xf2, 0x6f, 0, 1, FULL, 0),		/* VMOVDQU8 */
	BOTH(0xf2, 0x6f, 1, 2, FULL, 0),		/* VMOVDQU16 */
	MOVE(0x00, 1, 0x2b, 0, 4, FULL, NT | STORE),	/* VMOVNTPS */
	MOVE(0x66, 1, 0x2b, 1, 8, FULL, NT | STORE),	/* VMOVNTPD */
	MOVE(0x66, 1, 0xe7, 0, 4, FULL, NT | STORE),	/* VMOVNTDQ */
	MOVE(0x66, 2, 0x2a, 0, 4, FULL, NT),		/* VMOVNTDQA */
	BOTH(0xf3, 0x10, 0, 4, SCALAR, 0),		/* VMOVSS */
	BOTH(0xf2, 0x10, 1, 8, SCALAR, 0),		/* VMOVSD */
	/* VMOVLPS and VMOVHLPS, VMOVLPD, VMOVHPS and VMOVLHPS, VMOVHPD */
	MOVE(0x00, 1, 0x12, 0, 8, HALF, NO_MASK | CROSS),
	MOVE(0x00, 1, 0x13, 0, 8, HALF, NO_MASK | MEMORY_ONLY | STORE),
	MOVE(0x66, 1, 0x12, 1, 8, HALF, NO_MASK | MEMORY_ONLY),
	MOVE(0x66, 1, 0x13, 1, 8, HALF, NO_MASK | MEMORY_ONLY | STORE),
	MOVE(0x00, 1, 0x16, 0, 8, HALF, NO_MASK | CROSS | HIGH),
	MOVE(0x00, 1, 0x17, 0, 8, HALF, NO_MASK | MEMORY_ONLY | HIGH | STORE),
	MOVE(0x66, 1, 0x16, 1, 8, HALF, NO_MASK | MEMORY_ONLY | HIGH),
	MOVE(0x66, 1, 0x17, 1, 8, HALF, NO_MASK | MEMORY_ONLY | HIGH | STORE),
	MOVE(0xf3, 1, 0x7e, 1, 8, QWORD, NO_MASK),	/* VMOVQ */
	MOVE(0x66, 1, 0xd6, 1, 8, QWORD, NO_MASK | STORE),
	MOVE(0x66, 1, 0x6e, 0, 4, GENERAL, NO_MASK),	/* VMOVD, VMOVQ */
	MOVE(0x66, 1, 0x7e, 0, 4, GENERAL, NO_MASK | STORE),
	MOVE(0x66, 1, 0x6e, 1, 8, GENERAL, NO_MASK),
	MOVE(0x66, 1, 0x7e, 1, 8, GENERAL, NO_MASK | STORE),
};

/* The fields of the last byte of the prefix. */
static unsigned int evex_mask_nr(const struct emul_insn *insn)
{
	return insn->evex & 7;
}

static bool evex_zeroing(const struct emul_insn *insn)
{
	return insn->evex & 0x80;
}

static unsigned int evex_length(const struct emul_insn *insn)
{
	return insn->evex >> 5 & 3;
}

static unsigned int evex_reg(const struct emul_insn *insn)
{
	return operand_reg(insn) + (insn->evex_bits & EVEX_R ? 16 : 0);
}

static unsigned int evex_rm(const struct emul_insn *insn)
{
	return operand_rm(insn) + (insn->evex_bits & EVEX_X ? 16 : 0);
}

/* Outside 64-bit mode W does not choose general registers of 64 bits. */
static const struct evex_move *evex_find(const struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	u32 prefix = insn->rep ? insn->rep : insn->op66 ? 0x66 : 0;
	u32 key = prefix << 16 | insn->map << 8 | insn->opcode;
	bool wide = insn->evex_bits & EVEX_W;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(evex_moves); i++) {
		const struct evex_move *m = &evex_moves[i];

		if (m->key == key && (m->wide == wide ||
				      (m->kind == EVEX_GENERAL && ctx->mode != EMUL_64)))
			return m;
	}
	return NULL;
}

/* Does this form take bytes over from the register in EVEX.vvvv? */
static bool evex_takes_over(const struct emul_insn *insn, const struct evex_move *m)
{
	if (m->kind == EVEX_SCALAR)
		return !operand_in_memory(insn);
	return m->kind == EVEX_HALF && !(m->flags & STORE);
}

/*
 * Zeros are asked for where they cannot be had.  Of an instruction without a mask AMD's
 * processors look at the bit only if memory is written: so does Zen 4, no manual says it.
 */
static bool evex_zeroing_is_wrong(const struct emul_ctx *ctx, const struct evex_move *m)
{
	const struct emul_insn *insn = &ctx->insn;

	if (!evex_zeroing(insn))
		return false;
	if (operand_in_memory(insn) && m->flags & STORE)
		return true;
	return m->flags & NO_MASK ? !ctx->amd : !evex_mask_nr(insn);
}

/* SDM vol. 2, 2.7.11: bits that must be what they are. */
static bool evex_valid(const struct emul_ctx *ctx, const struct evex_move *m)
{
	const struct emul_insn *insn = &ctx->insn;

	if (m->flags & MEMORY_ONLY && !operand_in_memory(insn))
		return false;
	/* No broadcast, no rounding. */
	if (insn->evex & 0x10)
		return false;
	if (insn->vex_reg && !evex_takes_over(insn, m))
		return false;
	if (m->flags & NO_MASK && evex_mask_nr(insn))
		return false;
	if (evex_zeroing_is_wrong(ctx, m))
		return false;
	/* Of scalars the length is ignored, the reserved one is not; the others have one. */
	if (m->kind == EVEX_FULL || m->kind == EVEX_SCALAR)
		return evex_length(insn) < 3;
	return !evex_length(insn);
}

static bool evex_there(struct emul_ctx *ctx, const struct evex_move *m)
{
	if (!ctx->ops->has(ctx, EMUL_AVX512F))
		return false;
	if (m->kind == EVEX_FULL && m->size < 4 &&
	    !ctx->ops->has(ctx, EMUL_AVX512BW))
		return false;
	return m->kind != EVEX_FULL || evex_length(&ctx->insn) == 2 ||
	       ctx->ops->has(ctx, EMUL_AVX512VL);
}

/* Bytes that are moved without a mask, and by which an 8-bit displacement counts. */
static unsigned int evex_bytes(const struct emul_insn *insn, const struct evex_move *m)
{
	return m->kind == EVEX_FULL ? 16u << evex_length(insn) : m->size;
}

/* The elements that are moved, as bits. */
static u64 evex_elements(struct emul_ctx *ctx, const struct evex_move *m)
{
	unsigned int n = evex_bytes(&ctx->insn, m) / m->size;
	u64 all = GENMASK_ULL(n - 1, 0);

	if (!evex_mask_nr(&ctx->insn))
		return all;
	return all & ctx->ops->opmask(ctx, evex_mask_nr(&ctx->insn));
}

/* SDM vol. 2, 2.7.5: disp8*N. */
static struct operand_addr evex_address(const struct emul_ctx *ctx, unsigned int n)
{
	const struct emul_insn *insn = &ctx->insn;
	struct operand_addr at = operand_address(ctx);

	if (insn->modrm >> 6 == 1)
		at.offset = (at.offset + insn->disp * (s64)(n - 1)) &
			    operand_mask(insn->addr_size);
	return at;
}

/*
 * Elements next to each other are one access; those that the mask leaves out are
 * none, and do not fault (SDM vol. 1, 15.6.4).  Without @buf a store is only checked.
 */
static enum emul_result evex_memory(struct emul_ctx *ctx, const struct evex_move *m,
				    struct operand_addr at, u64 elements, u8 *buf)
{
	enum emul_result ret = EMUL_OK;
	unsigned int i = 0, n, first;

	while (ret == EMUL_OK && i < 64 && elements >> i) {
		for (n = 0; i + n < 64 && elements >> (i + n) & 1; n++)
			;
		first = i * m->size;
		if (n)
			ret = operand_block(ctx, operand_after(ctx, at, first),
					    buf ? buf + first : NULL, n * m->size,
					    m->flags & STORE);
		i += n ? n : 1;
	}
	return ret;
}

/* What the destination keeps, or 0, where the mask has no bit. */
static void evex_merge(struct emul_ctx *ctx, const struct evex_move *m,
		       unsigned int nr, u64 elements, u8 *val)
{
	unsigned int bytes = evex_bytes(&ctx->insn, m), i;
	u8 old[64] = { 0 };

	if (!evex_zeroing(&ctx->insn))
		ctx->ops->vector(ctx, nr, old, sizeof(old));
	for (i = 0; i < bytes; i++)
		if (!(elements >> (i / m->size) & 1))
			val[i] = old[i];
	memset(val + bytes, 0, 64 - bytes);
}

/* Write what is moved; what lies beyond becomes that of EVEX.vvvv, or 0. */
static void evex_put(struct emul_ctx *ctx, const struct evex_move *m,
		     unsigned int nr, u64 elements, u8 *val)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int high = m->flags & HIGH ? 8 : 0;
	u8 out[64] = { 0 };

	evex_merge(ctx, m, nr, elements, val);
	if (evex_takes_over(insn, m)) {
		ctx->ops->vector(ctx, insn->vex_reg, out, sizeof(out));
		memset(out + 16, 0, sizeof(out) - 16);
		memcpy(out + high, val, m->size);
		val = out;
	}
	ctx->ops->vector_set(ctx, nr, val, 64);
}

static enum emul_result evex_load(struct emul_ctx *ctx, const struct evex_move *m,
				  struct operand_addr at, u64 elements)
{
	enum emul_result ret;
	u8 val[64] = { 0 };

	ret = evex_memory(ctx, m, at, elements, val);
	if (ret == EMUL_OK)
		evex_put(ctx, m, evex_reg(&ctx->insn), elements, val);
	return ret;
}

static enum emul_result evex_store(struct emul_ctx *ctx, const struct evex_move *m,
				   struct operand_addr at, u64 elements)
{
	enum emul_result ret;
	u8 val[64];

	ctx->ops->vector(ctx, evex_reg(&ctx->insn), val, sizeof(val));
	if (m->flags & HIGH)
		memcpy(val, val + 8, 8);
	/* All of it or nothing. */
	ret = evex_memory(ctx, m, at, elements, NULL);
	if (ret == EMUL_OK)
		ret = evex_memory(ctx, m, at, elements, val);
	return ret;
}

static enum emul_result evex_in_memory(struct emul_ctx *ctx, const struct evex_move *m)
{
	unsigned int bytes = evex_bytes(&ctx->insn, m);
	struct operand_addr at = evex_address(ctx, bytes);
	u64 elements = evex_elements(ctx, m);

	/* Of all of it, as soon as the mask has a bit. */
	if (m->flags & ALIGNED && elements && operand_linear(ctx, at) & (bytes - 1))
		return exec_fault(ctx, X86_TRAP_GP, 0);
	return m->flags & STORE ? evex_store(ctx, m, at, elements) :
				  evex_load(ctx, m, at, elements);
}

static void evex_general(struct emul_ctx *ctx, const struct evex_move *m)
{
	unsigned int size = ctx->insn.rex & 8 ? 8 : 4;
	unsigned int rm = operand_rm(&ctx->insn);
	u64 val[8] = { 0 };

	if (m->flags & STORE) {
		ctx->ops->vector(ctx, evex_reg(&ctx->insn), val, sizeof(val));
		operand_reg_set(ctx, rm, size, val[0]);
	} else {
		val[0] = operand_reg_get(ctx, rm, size);
		ctx->ops->vector_set(ctx, evex_reg(&ctx->insn), val, sizeof(val));
	}
}

static void evex_in_register(struct emul_ctx *ctx, const struct evex_move *m)
{
	const struct emul_insn *insn = &ctx->insn;
	bool store = m->flags & STORE;
	u8 val[64];

	ctx->ops->vector(ctx, store ? evex_reg(insn) : evex_rm(insn), val, sizeof(val));
	if (m->flags & CROSS && !(m->flags & HIGH))
		memcpy(val, val + 8, 8);
	evex_put(ctx, m, store ? evex_rm(insn) : evex_reg(insn),
		 evex_elements(ctx, m), val);
}

/**
 * exec_evex - the EVEX forms of exec_vector()
 *
 * Its row of the opcode table is that of the other forms.
 */
enum emul_result exec_evex(struct emul_ctx *ctx)
{
	const struct evex_move *m = evex_find(ctx);
	enum emul_result ret;

	if (!m)
		return EMUL_UNKNOWN;
	if (!evex_valid(ctx, m) || !evex_there(ctx, m))
		return exec_fault(ctx, X86_TRAP_UD, 0);
	ret = exec_sse_usable(ctx);
	if (ret != EMUL_OK)
		return ret;
	if (operand_in_memory(&ctx->insn))
		return evex_in_memory(ctx, m);
	if (m->kind == EVEX_GENERAL)
		evex_general(ctx, m);
	else
		evex_in_register(ctx, m);
	return EMUL_OK;
}
