// SPDX-License-Identifier: GPL-2.0-only
/*
 * x87 control: the instructions that move the control and status words, the
 * environment and the whole state, but do not calculate (SDM vol. 1, 8.1 and 8.3.11).
 */
#include <linux/types.h>
#include <linux/string.h>

#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"
#include "emul/x87.h"

#define FSW_SUMMARY	0x8080	/* ES, and B, which is the same */
#define FSW_CLEARED	0x80ff	/* by FNCLEX: also SF */
#define FCW_WRITABLE	0x1f3f
#define FCW_FIXED	0x0040
#define FCW_INITIAL	0x037f

#define ST_BYTES	10

enum emul_result x87_begin(struct emul_ctx *ctx, bool wait, struct emul_fpu **f)
{
	enum emul_result ret;
	u64 cr0;

	ret = exec_reg(ctx, EMUL_CR, 0, &cr0);
	if (ret != EMUL_OK)
		return ret;
	if (cr0 & (X86_CR0_EM | X86_CR0_TS))
		return exec_fault(ctx, X86_TRAP_NM, 0);
	*f = ctx->ops->fpu(ctx);
	if (!*f)
		return EMUL_UNKNOWN;
	if (!wait || !((*f)->fsw & FSW_SUMMARY & 0xff))
		return EMUL_OK;
	/* Without CR0.NE it is an interrupt, by pins that are not known here. */
	return cr0 & X86_CR0_NE ? exec_fault(ctx, X86_TRAP_MF, 0) : EMUL_UNKNOWN;
}

/* ES is what the exceptions and their masks make of it. */
enum emul_result x87_commit(struct emul_ctx *ctx, struct emul_fpu *f)
{
	f->fcw = (f->fcw & FCW_WRITABLE) | FCW_FIXED;
	f->fsw &= ~FSW_SUMMARY;
	if (f->fsw & ~f->fcw & X87_ERRORS)
		f->fsw |= FSW_SUMMARY;
	f->xstate_bv |= FPU_X87;
	return ctx->ops->fpu_set(ctx);
}

void x87_set_status(struct emul_fpu *f, u16 fsw)
{
	unsigned int i, by = (fsw >> 11) - (f->fsw >> 11);
	u8 st[8][16];

	memcpy(st, f->st, sizeof(st));
	for (i = 0; i < 8; i++)
		memcpy(f->st[i], st[(i + by) & 7], sizeof(st[0]));
	f->fsw = fsw;
}

static void x87_init(struct emul_fpu *f)
{
	x87_set_status(f, 0);
	f->fcw = FCW_INITIAL;
	f->ftw = 0;
	f->fop = 0;
	f->fip = 0;
	f->fdp = 0;
}

/* Two bits a register: valid, zero, special, empty (SDM vol. 1, 8.1.7). */
static unsigned int tag_of(const u8 *st)
{
	u64 mantissa;
	u16 exp;

	memcpy(&mantissa, st, 8);
	memcpy(&exp, st + 8, 2);
	exp &= 0x7fff;
	if (!exp && !mantissa)
		return 1;
	return !exp || exp == 0x7fff || !(mantissa >> 63) ? 2 : 0;
}

static u16 tags_full(const struct emul_fpu *f)
{
	unsigned int i, top = f->fsw >> 11 & 7, tags = 0;

	for (i = 0; i < 8; i++)
		tags |= (f->ftw >> i & 1 ? tag_of(f->st[(i - top) & 7]) : 3)
			<< 2 * i;
	return tags;
}

static u8 tags_abridged(u16 full)
{
	unsigned int i, tags = 0;

	for (i = 0; i < 8; i++)
		if ((full >> 2 * i & 3) != 3)
			tags |= 1 << i;
	return tags;
}

/*
 * The environment: seven words of 16 or 32 bits (SDM vol. 1, figures 8-9 to 8-12).
 * In 64-bit mode it is the 32-bit protected one; segments read as 0, as on all
 * processors of today (CPUID.7.EBX[13]).
 */
#define ENV_WORDS 7

static unsigned int env_unit(const struct emul_ctx *ctx)
{
	return ctx->insn.op_size == 2 ? 2 : 4;
}

/* What is reserved in 32-bit words is 1. */
static void env_make(const struct emul_ctx *ctx, const struct emul_fpu *f,
		     u32 *env)
{
	u32 high = 0xffff0000, op = f->fop & 0x7ff, ip = f->fip, dp = f->fdp;
	bool wide = env_unit(ctx) == 4;

	env[0] = f->fcw | high;
	env[1] = f->fsw | high;
	env[2] = tags_full(f) | high;
	env[3] = ip;
	env[4] = op << 16;
	env[5] = dp;
	env[6] = high;
	if (ctx->protected)
		return;
	env[3] = wide ? (u16)ip | high : ip;
	env[4] = wide ? op | ip >> 16 << 12 : op | (ip >> 16 & 15) << 12;
	env[5] = wide ? (u16)dp | high : dp;
	env[6] = wide ? dp >> 16 << 12 : (dp >> 16 & 15) << 12;
}

static void env_take(const struct emul_ctx *ctx, struct emul_fpu *f,
		     const u32 *env)
{
	bool wide = env_unit(ctx) == 4;

	f->fcw = env[0];
	x87_set_status(f, env[1]);
	f->ftw = tags_abridged(env[2]);
	f->fip = env[3];
	f->fdp = env[5];
	if (ctx->protected) {
		/* The 16-bit format has no opcode. */
		f->fop = wide ? env[4] >> 16 & 0x7ff : 0;
		return;
	}
	f->fip = (u16)env[3] | (env[4] & 0x0ffff000) << 4;
	f->fdp = (u16)env[5] | (env[6] & 0x0ffff000) << 4;
	f->fop = env[4] & 0x7ff;
}

/* The environment and, with @all, the registers, in memory's layout. */
static unsigned int state_bytes(const struct emul_ctx *ctx, bool all)
{
	return ENV_WORDS * env_unit(ctx) + (all ? 8 * ST_BYTES : 0);
}

static enum emul_result state_store(struct emul_ctx *ctx, bool all)
{
	unsigned int i, unit = env_unit(ctx);
	u8 buf[ENV_WORDS * 4 + 8 * ST_BYTES];
	u32 env[ENV_WORDS];
	enum emul_result ret;
	struct emul_fpu *f;

	ret = x87_begin(ctx, false, &f);
	if (ret != EMUL_OK)
		return ret;
	env_make(ctx, f, env);
	for (i = 0; i < ENV_WORDS; i++)
		memcpy(buf + i * unit, &env[i], unit);
	for (i = 0; i < 8; i++)
		memcpy(buf + ENV_WORDS * unit + i * ST_BYTES, f->st[i], ST_BYTES);
	ret = operand_block(ctx, operand_address(ctx), NULL,
			    state_bytes(ctx, all), true);
	if (ret == EMUL_OK)
		ret = operand_block(ctx, operand_address(ctx), buf,
				    state_bytes(ctx, all), true);
	if (ret != EMUL_OK)
		return ret;
	if (all)
		x87_init(f);
	f->fcw |= X87_ERRORS;
	return x87_commit(ctx, f);
}

static enum emul_result state_load(struct emul_ctx *ctx, bool all)
{
	unsigned int i, unit = env_unit(ctx);
	u8 buf[ENV_WORDS * 4 + 8 * ST_BYTES];
	u32 env[ENV_WORDS] = { 0 };
	enum emul_result ret;
	struct emul_fpu *f;

	ret = x87_begin(ctx, true, &f);
	if (ret == EMUL_OK)
		ret = operand_block(ctx, operand_address(ctx), buf,
				    state_bytes(ctx, all), false);
	if (ret != EMUL_OK)
		return ret;
	for (i = 0; i < ENV_WORDS; i++)
		memcpy(&env[i], buf + i * unit, unit);
	env_take(ctx, f, env);
	for (i = 0; all && i < 8; i++)
		memcpy(f->st[i], buf + ENV_WORDS * unit + i * ST_BYTES, ST_BYTES);
	return x87_commit(ctx, f);
}

/** exec_fnstenv - FNSTENV */
enum emul_result exec_fnstenv(struct emul_ctx *ctx)
{
	return state_store(ctx, false);
}

/** exec_fnsave - FNSAVE */
enum emul_result exec_fnsave(struct emul_ctx *ctx)
{
	return state_store(ctx, true);
}

/** exec_fldenv - FLDENV */
enum emul_result exec_fldenv(struct emul_ctx *ctx)
{
	return state_load(ctx, false);
}

/** exec_frstor - FRSTOR */
enum emul_result exec_frstor(struct emul_ctx *ctx)
{
	return state_load(ctx, true);
}

/** exec_fnstcw - FNSTCW */
enum emul_result exec_fnstcw(struct emul_ctx *ctx)
{
	struct emul_fpu *f;
	enum emul_result ret = x87_begin(ctx, false, &f);

	return ret == EMUL_OK ? operand_rm_set(ctx, 2, f->fcw) : ret;
}

/** exec_fnstsw - FNSTSW to memory or AX */
enum emul_result exec_fnstsw(struct emul_ctx *ctx)
{
	struct emul_fpu *f;
	enum emul_result ret = x87_begin(ctx, false, &f);

	if (ret != EMUL_OK)
		return ret;
	if (operand_in_memory(&ctx->insn))
		return operand_rm_set(ctx, 2, f->fsw);
	operand_reg_set(ctx, GPR_RAX, 2, f->fsw);
	return EMUL_OK;
}

/** exec_fldcw - FLDCW */
enum emul_result exec_fldcw(struct emul_ctx *ctx)
{
	struct emul_fpu *f;
	enum emul_result ret = x87_begin(ctx, true, &f);
	u64 fcw;

	if (ret == EMUL_OK)
		ret = operand_rm_get(ctx, 2, &fcw);
	if (ret != EMUL_OK)
		return ret;
	f->fcw = fcw;
	return x87_commit(ctx, f);
}

/** exec_fninit - FNCLEX (DB E2), FNINIT (DB E3) */
enum emul_result exec_fninit(struct emul_ctx *ctx)
{
	struct emul_fpu *f;
	enum emul_result ret = x87_begin(ctx, false, &f);

	if (ret != EMUL_OK)
		return ret;
	if (ctx->insn.modrm & 1)
		x87_init(f);
	f->fsw &= ~FSW_CLEARED;
	return x87_commit(ctx, f);
}
