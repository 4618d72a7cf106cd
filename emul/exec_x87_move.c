// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads and stores of x87 and MMX registers (SDM vol. 1, chapters 4, 8 and 9; vol. 2: FLD,
 * FST, FILD, FIST, FISTTP, MOVD, MOVQ).
 *
 * An exception that is not masked is told in the status word, and the next
 * instruction raises it; what it forbids (the load, the store, the pop) has not happened.
 */
#include <linux/types.h>
#include <linux/bits.h>
#include <linux/string.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"
#include "emul/x87.h"

#define TOP_BIT		BIT_ULL(63)	/* of a mantissa: the integer */
#define QUIET_BIT	BIT_ULL(62)
#define EXP_MAX		0x7fff
#define EXP_BIAS	0x3fff

/* A register: the sign, the biased exponent, the mantissa. */
struct ext {
	bool sign;
	int exp;
	u64 mant;
};

static const struct ext indefinite = { true, EXP_MAX, TOP_BIT | QUIET_BIT };

/* A format in memory: bytes, bits of the mantissa with the integer, least exponent. */
struct format {
	unsigned int size;
	unsigned int bits;
	int exp_min;
	int exp_max;
};

static const struct format single = { 4, 24, -126, 127 };
static const struct format wide = { 8, 53, -1022, 1023 };

/* ------------------------------------------------------------------------ */
/* The register stack. */

static struct ext ext_get(const u8 *st)
{
	struct ext e;
	u16 exp;

	memcpy(&e.mant, st, 8);
	memcpy(&exp, st + 8, 2);
	e.sign = exp >> 15;
	e.exp = exp & EXP_MAX;
	return e;
}

static void ext_put(u8 *st, struct ext e)
{
	u16 exp = e.exp | (e.sign ? 0x8000 : 0);

	memcpy(st, &e.mant, 8);
	memcpy(st + 8, &exp, 2);
}

/* Of instructions that calculate; those that the processor has keep less. */
static void x87_trace(struct emul_ctx *ctx, struct emul_fpu *f)
{
	const struct emul_insn *insn = &ctx->insn;

	f->fip = ctx->rip;
	f->fop = (insn->opcode & 7) << 8 | insn->modrm;
	f->fdp = operand_address(ctx).offset;
	f->fsw &= ~X87_C1;
}

static void x87_push(struct emul_fpu *f, struct ext e)
{
	unsigned int top = (x87_top(f) - 1) & 7;

	x87_set_status(f, (f->fsw & ~X87_TOP) | top << 11);
	ext_put(f->st[0], e);
	f->ftw |= 1 << top;
}

static void x87_pop(struct emul_fpu *f)
{
	unsigned int top = x87_top(f);

	f->ftw &= ~(1 << top);
	x87_set_status(f, (f->fsw & ~X87_TOP) | ((top + 1) & 7) << 11);
}

/* Load @e, unless that is invalid and not masked; a denormal is loaded all the same. */
static enum emul_result x87_load(struct emul_ctx *ctx, struct emul_fpu *f,
				 struct ext e, u16 errors)
{
	x87_trace(ctx, f);
	if (f->ftw >> ((x87_top(f) - 1) & 7) & 1) {
		errors = X87_INVALID | X87_STACK | X87_C1;
		e = indefinite;
	}
	f->fsw |= errors;
	if (!(errors & X87_INVALID & ~f->fcw))
		x87_push(f, e);
	return x87_commit(ctx, f);
}

/* ------------------------------------------------------------------------ */
/* Floating point. */

static void ext_normalize(struct ext *e)
{
	while (!(e->mant & TOP_BIT)) {
		e->mant <<= 1;
		e->exp--;
	}
}

static struct ext format_load(const struct format *fmt, u64 val, u16 *errors)
{
	unsigned int frac = fmt->bits - 1, ebits = 8 * fmt->size - fmt->bits;
	int exp = val >> frac & (BIT(ebits) - 1);
	struct ext e = {
		.sign = val >> (8 * fmt->size - 1) & 1,
		.mant = val << (64 - fmt->bits) & ~TOP_BIT,
	};

	*errors = 0;
	if (exp == (int)BIT(ebits) - 1) {
		e.exp = EXP_MAX;
		if (e.mant && !(e.mant & QUIET_BIT)) {
			*errors = X87_INVALID;
			e.mant |= QUIET_BIT;
		}
		e.mant |= TOP_BIT;
	} else if (exp) {
		e.exp = exp - fmt->exp_max + EXP_BIAS;
		e.mant |= TOP_BIT;
	} else if (e.mant) {
		*errors = X87_DENORMAL;
		e.exp = fmt->exp_min + EXP_BIAS;
		ext_normalize(&e);
	}
	return e;
}

/** exec_fld - FLD of 32 (D9 /0), 64 (DD /0) and 80 bits (DB /5) */
enum emul_result exec_fld(struct emul_ctx *ctx)
{
	const struct format *fmt = ctx->insn.opcode == 0xd9 ? &single : &wide;
	bool ten = ctx->insn.opcode == 0xdb;
	enum emul_result ret;
	struct emul_fpu *f;
	u16 errors = 0;
	struct ext e;
	u8 buf[10] = { 0 };
	u64 val;

	ret = x87_begin(ctx, true, &f);
	if (ret == EMUL_OK)
		ret = operand_read(ctx, operand_address(ctx), buf,
				   ten ? 10 : fmt->size);
	if (ret != EMUL_OK)
		return ret;
	memcpy(&val, buf, 8);
	e = ten ? ext_get(buf) : format_load(fmt, val, &errors);
	return x87_load(ctx, f, e, errors);
}

/* Drop the low @shift bits of @mant; @lost: some were set, @up: it was rounded up. */
static u64 mant_round(u64 mant, unsigned int shift, bool sign, u16 fcw,
		      u16 *errors)
{
	u64 out = shift < 64 ? mant >> shift : 0, rest, half;
	unsigned int mode = fcw >> 10 & 3;
	bool up;

	if (!shift)
		return mant;
	rest = shift < 64 ? mant & (BIT_ULL(shift) - 1) : mant;
	half = shift <= 64 ? BIT_ULL(shift - 1) : 0;
	if (!rest)
		return out;
	/* To nearest, down, up, to zero; what is far below has less than a half. */
	if (mode == 0)
		up = half && (rest > half || (rest == half && out & 1));
	else
		up = mode == (sign ? 1 : 2);
	*errors |= X87_PRECISION | (up ? X87_C1 : 0);
	return out + up;
}

static u64 format_infinity(const struct format *fmt)
{
	return (u64)(2 * fmt->exp_max + 1) << (fmt->bits - 1);
}

/* Rounded, it is too large (SDM vol. 1, table 4-10). */
static u64 format_overflow(const struct format *fmt, bool sign, u16 fcw,
			   u16 *errors)
{
	unsigned int mode = fcw >> 10 & 3;
	bool infinite = mode == 0 || mode == (sign ? 1 : 2);

	*errors = X87_OVERFLOW | X87_PRECISION | (infinite ? X87_C1 : 0);
	return format_infinity(fmt) - !infinite;
}

/* A number that is not zero; @errors: what comes of it. */
static u64 format_round(const struct format *fmt, struct ext e, u16 fcw,
			u16 *errors)
{
	unsigned int shift = 64 - fmt->bits, frac = fmt->bits - 1;
	u16 ignored = 0;
	int exp;
	u64 m;

	if (!e.exp)
		e.exp = 1;
	ext_normalize(&e);
	exp = e.exp - EXP_BIAS;
	m = mant_round(e.mant, shift, e.sign, fcw, &ignored);
	/* Tiny: still below the least exponent once it is rounded. */
	if (exp + (int)(m >> fmt->bits) < fmt->exp_min) {
		shift += fmt->exp_min - exp;
		m = mant_round(e.mant, shift > 65 ? 65 : shift, e.sign, fcw,
			       errors);
		if (*errors & X87_PRECISION || !(fcw & X87_UNDERFLOW))
			*errors |= X87_UNDERFLOW;
		return m;
	}
	/* Below it, and rounded to it. */
	if (exp < fmt->exp_min) {
		shift += fmt->exp_min - exp;
		exp = fmt->exp_min;
	}
	m = mant_round(e.mant, shift, e.sign, fcw, errors);
	if (m >> fmt->bits) {
		m >>= 1;
		exp++;
	}
	if (exp > fmt->exp_max)
		return format_overflow(fmt, e.sign, fcw, errors);
	if (!(m >> frac))
		return m;
	return (m & (BIT_ULL(frac) - 1)) | (u64)(exp + fmt->exp_max) << frac;
}

/* A mantissa without its integer is no number since the 387. */
static bool ext_unsupported(struct ext e)
{
	return e.exp && !(e.mant & TOP_BIT);
}

static u64 format_store(const struct format *fmt, struct ext e, u16 fcw,
			u16 *errors)
{
	u64 frac = e.mant << 1 >> (65 - fmt->bits), val;

	if (ext_unsupported(e)) {
		*errors = X87_INVALID;
		e = indefinite;
		frac = BIT_ULL(fmt->bits - 2);
	}
	if (e.exp == EXP_MAX) {
		if (e.mant << 1 && !(e.mant & QUIET_BIT))
			*errors = X87_INVALID;
		if (e.mant << 1)
			frac |= BIT_ULL(fmt->bits - 2);
		val = format_infinity(fmt) | frac;
	} else {
		val = e.mant ? format_round(fmt, e, fcw, errors) : 0;
	}
	return val | (u64)e.sign << (8 * fmt->size - 1);
}

/* What is stored, and the exceptions that come of it. */
struct x87_value {
	u8 bytes[10];
	unsigned int size;
	u16 errors;
};

/* Store, and pop, unless an exception that is not masked forbids it: not that of precision. */
static enum emul_result x87_store(struct emul_ctx *ctx, struct emul_fpu *f,
				  const struct x87_value *val, bool pop)
{
	u16 forbid = val->errors & ~X87_PRECISION;
	enum emul_result ret = EMUL_OK;

	x87_trace(ctx, f);
	if (forbid & X87_ERRORS & ~f->fcw) {
		f->fsw |= forbid & ~X87_C1;
		return x87_commit(ctx, f);
	}
	ret = operand_write(ctx, operand_address(ctx), val->bytes, val->size);
	if (ret != EMUL_OK)
		return ret;
	f->fsw |= val->errors;
	if (pop)
		x87_pop(f);
	return x87_commit(ctx, f);
}

static bool x87_empty(const struct emul_fpu *f)
{
	return !(f->ftw >> x87_top(f) & 1);
}

/** exec_fst - FST and FSTP of 32 (D9 /2, /3), 64 (DD) and 80 bits (DB /7) */
enum emul_result exec_fst(struct emul_ctx *ctx)
{
	const struct format *fmt = ctx->insn.opcode == 0xd9 ? &single : &wide;
	bool ten = ctx->insn.opcode == 0xdb;
	bool pop = operand_digit(&ctx->insn) & 1;
	struct x87_value val = { .size = ten ? 10 : fmt->size };
	enum emul_result ret;
	struct emul_fpu *f;
	struct ext e;
	u64 bits;

	ret = x87_begin(ctx, true, &f);
	if (ret != EMUL_OK)
		return ret;
	e = ext_get(f->st[0]);
	if (x87_empty(f)) {
		val.errors = X87_INVALID | X87_STACK;
		e = indefinite;
	}
	if (ten) {
		ext_put(val.bytes, e);
	} else {
		bits = format_store(fmt, e, f->fcw, &val.errors);
		memcpy(val.bytes, &bits, fmt->size);
	}
	return x87_store(ctx, f, &val, pop);
}

/* ------------------------------------------------------------------------ */
/* Integers. */

/* 16 bits: DF; 32: DB; 64: DF /5, /7, DD /1. */
static unsigned int int_size(const struct emul_insn *insn)
{
	if (insn->opcode == 0xdb)
		return 4;
	return insn->opcode == 0xdd || operand_digit(insn) >= 5 ? 8 : 2;
}

/** exec_fild - FILD, which is exact */
enum emul_result exec_fild(struct emul_ctx *ctx)
{
	unsigned int size = int_size(&ctx->insn);
	struct ext e = { .exp = EXP_BIAS + 63 };
	enum emul_result ret;
	struct emul_fpu *f;
	u64 val;

	ret = x87_begin(ctx, true, &f);
	if (ret == EMUL_OK)
		ret = operand_load(ctx, operand_address(ctx), size, &val);
	if (ret != EMUL_OK)
		return ret;
	val = alu_signed(val, size);
	e.sign = val >> 63;
	e.mant = e.sign ? -val : val;
	if (e.mant)
		ext_normalize(&e);
	else
		e.exp = 0;
	return x87_load(ctx, f, e, 0);
}

/* The least number says that it does not fit. */
static u64 int_round(struct ext e, unsigned int size, u16 fcw, u16 *errors)
{
	u64 limit = BIT_ULL(8 * size - 1), m = 0;
	int exp = e.exp - EXP_BIAS;

	if (ext_unsupported(e) || exp > 63)
		goto invalid;
	if (e.mant)
		m = mant_round(e.mant, exp < -2 ? 65 : 63 - exp, e.sign, fcw,
			       errors);
	if (m < limit || (m == limit && e.sign))
		return e.sign ? -m : m;
invalid:
	*errors = X87_INVALID;
	return limit;
}

/** exec_fist - FIST, FISTP; FISTTP (/1), which drops what is behind the point */
enum emul_result exec_fist(struct emul_ctx *ctx)
{
	struct x87_value val = { .size = int_size(&ctx->insn) };
	unsigned int n = operand_digit(&ctx->insn);
	enum emul_result ret;
	struct emul_fpu *f;
	u64 bits;

	if (n == 1 && !ctx->ops->has(ctx, EMUL_SSE3))
		return exec_fault(ctx, X86_TRAP_UD, 0);
	ret = x87_begin(ctx, true, &f);
	if (ret != EMUL_OK)
		return ret;
	bits = int_round(ext_get(f->st[0]), val.size, n == 1 ? 0xc00 : f->fcw,
			 &val.errors);
	if (x87_empty(f)) {
		val.errors = X87_INVALID | X87_STACK;
		bits = BIT_ULL(8 * val.size - 1);
	}
	memcpy(val.bytes, &bits, val.size);
	return x87_store(ctx, f, &val, n != 2);
}

/* ------------------------------------------------------------------------ */
/* MMX. */

/* All registers are in use afterwards, and TOP is 0 (SDM vol. 1, 9.5.1). */
static void mmx_take(struct emul_fpu *f)
{
	x87_set_status(f, f->fsw & ~X87_TOP);
	f->ftw = 0xff;
}

static enum emul_result mmx_begin(struct emul_ctx *ctx, struct emul_fpu **f)
{
	bool store = ctx->insn.opcode == 0xe7;	/* MOVNTQ came with SSE */
	enum emul_result ret;
	u64 cr0;

	ret = exec_reg(ctx, EMUL_CR, 0, &cr0);
	if (ret != EMUL_OK)
		return ret;
	if (cr0 & X86_CR0_EM || !ctx->ops->has(ctx, store ? EMUL_SSE : EMUL_MMX))
		return exec_fault(ctx, X86_TRAP_UD, 0);
	return x87_begin(ctx, true, f);
}

/** exec_mmx - MOVD, MOVQ, MOVNTQ of MMX registers */
enum emul_result exec_mmx(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int reg = operand_reg(insn) & 7, rm = operand_rm(insn) & 7;
	bool store = insn->opcode >= 0x7e, word = !(insn->opcode & 1);
	unsigned int size = word && !(insn->rex & 8) ? 4 : 8;
	struct ext e = { true, EXP_MAX, 0 };
	enum emul_result ret;
	struct emul_fpu *f;

	ret = mmx_begin(ctx, &f);
	if (ret != EMUL_OK)
		return ret;
	mmx_take(f);
	if (store) {
		e.mant = ext_get(f->st[reg]).mant;
		if (word || operand_in_memory(insn))
			ret = operand_rm_set(ctx, size, e.mant);
		else
			ext_put(f->st[rm], e);
	} else if (word || operand_in_memory(insn)) {
		ret = operand_rm_get(ctx, size, &e.mant);
		ext_put(f->st[reg], e);
	} else {
		e.mant = ext_get(f->st[rm]).mant;
		ext_put(f->st[reg], e);
	}
	return ret == EMUL_OK ? x87_commit(ctx, f) : ret;
}
