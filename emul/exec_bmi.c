// SPDX-License-Identifier: GPL-2.0-only
/*
 * BMI1, BMI2 and ADX (SDM vol. 2; APM vol. 3).  All but ADCX and ADOX are VEX
 * instructions on general registers.
 */
#include <linux/types.h>
#include <linux/bits.h>

#include "emul/alu.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"

/**
 * struct bmi - an instruction's operands
 * @alu: size and flags
 * @rm: the ModRM operand
 * @vex: the register in VEX.vvvv
 */
struct bmi {
	struct alu alu;
	u64 rm;
	u64 vex;
};

/* The mandatory prefix that VEX.pp stands for. */
enum { PP_NONE, PP_66, PP_F3, PP_F2 };

static unsigned int bmi_prefix(const struct emul_insn *insn)
{
	if (insn->rep)
		return insn->rep == 0xf3 ? PP_F3 : PP_F2;
	return insn->op66 ? PP_66 : PP_NONE;
}

static unsigned int bmi_vex_reg(const struct emul_ctx *ctx)
{
	return ctx->mode == EMUL_64 ? ctx->insn.vex_reg : ctx->insn.vex_reg & 7;
}

/* SDM vol. 2, table 2-29: no long form; neither in real nor in virtual-8086 mode. */
static enum emul_result bmi_begin(struct emul_ctx *ctx, struct bmi *b,
				  enum emul_feature feature)
{
	const struct emul_insn *insn = &ctx->insn;

	/* EVEX forms of the same opcodes are of other instructions. */
	if (insn->vex == 0 || insn->vex == 4)
		return EMUL_UNKNOWN;
	if (!ctx->protected || insn->vex_long || !ctx->ops->has(ctx, feature))
		return exec_fault(ctx, X86_TRAP_UD, 0);
	b->alu = (struct alu){ insn->op_size, ctx->rflags };
	b->vex = operand_reg_get(ctx, bmi_vex_reg(ctx), insn->op_size);
	return operand_rm_get(ctx, insn->op_size, &b->rm);
}

/* The flags of a result; @carry is CF, and OF is 0. */
static void bmi_flags(struct bmi *b, u64 val, bool carry)
{
	unsigned int size = b->alu.size;

	val &= operand_mask(size);
	alu_flag(&b->alu, X86_EFLAGS_CF, carry);
	alu_flag(&b->alu, X86_EFLAGS_OF, false);
	alu_flag(&b->alu, X86_EFLAGS_ZF, !val);
	alu_flag(&b->alu, X86_EFLAGS_SF, alu_top(&b->alu, val));
}

static enum emul_result bmi_end(struct emul_ctx *ctx, const struct bmi *b,
				unsigned int reg, u64 val)
{
	operand_reg_set(ctx, reg, b->alu.size, val);
	ctx->rflags = b->alu.flags;
	return EMUL_OK;
}

static enum emul_result bmi_undefined(struct emul_ctx *ctx)
{
	return ctx->insn.vex ? exec_fault(ctx, X86_TRAP_UD, 0) : EMUL_UNKNOWN;
}

/** exec_andn - ANDN */
enum emul_result exec_andn(struct emul_ctx *ctx)
{
	enum emul_result ret;
	struct bmi b;

	if (bmi_prefix(&ctx->insn) != PP_NONE)
		return bmi_undefined(ctx);
	ret = bmi_begin(ctx, &b, EMUL_BMI1);
	if (ret != EMUL_OK)
		return ret;
	bmi_flags(&b, ~b.vex & b.rm, false);
	return bmi_end(ctx, &b, operand_reg(&ctx->insn), ~b.vex & b.rm);
}

/** exec_blsr - BLSR (/1), BLSMSK (/2), BLSI (/3): to the register in VEX.vvvv */
enum emul_result exec_blsr(struct emul_ctx *ctx)
{
	unsigned int n = operand_digit(&ctx->insn);
	enum emul_result ret;
	struct bmi b;
	u64 val;

	if (bmi_prefix(&ctx->insn) != PP_NONE)
		return bmi_undefined(ctx);
	ret = bmi_begin(ctx, &b, EMUL_BMI1);
	if (ret != EMUL_OK)
		return ret;
	val = n == 1 ? b.rm & (b.rm - 1) : n == 2 ? b.rm ^ (b.rm - 1) :
						    b.rm & -b.rm;
	bmi_flags(&b, val, n == 3 ? b.rm : !b.rm);
	return bmi_end(ctx, &b, bmi_vex_reg(ctx), val);
}

static u64 bits_below(unsigned int n)
{
	return n < 64 ? BIT_ULL(n) - 1 : ~0ULL;
}

/* Bits of @mask, from low to high, take over those of @val (PDEP), or give them. */
static u64 bits_move(u64 val, u64 mask, bool deposit)
{
	u64 out = 0, bit;
	unsigned int i;

	for (i = 0; mask; mask &= mask - 1, i++) {
		bit = mask & -mask;
		if (deposit && val >> i & 1)
			out |= bit;
		if (!deposit && val & bit)
			out |= BIT_ULL(i);
	}
	return out;
}

/** exec_bzhi - BZHI; with F3 PEXT, with F2 PDEP */
enum emul_result exec_bzhi(struct emul_ctx *ctx)
{
	unsigned int pp = bmi_prefix(&ctx->insn), n;
	enum emul_result ret;
	struct bmi b;
	u64 val;

	if (pp == PP_66)
		return bmi_undefined(ctx);
	ret = bmi_begin(ctx, &b, EMUL_BMI2);
	if (ret != EMUL_OK)
		return ret;
	if (pp != PP_NONE) {
		val = bits_move(b.vex, b.rm, pp == PP_F2);
	} else {
		n = b.vex & 0xff;
		val = b.rm & bits_below(n);
		bmi_flags(&b, val, n >= 8 * b.alu.size);
	}
	return bmi_end(ctx, &b, operand_reg(&ctx->insn), val);
}

static u64 bmi_bextr(const struct bmi *b)
{
	unsigned int start = b->vex & 0xff;

	return start < 64 ? b->rm >> start & bits_below(b->vex >> 8 & 0xff) : 0;
}

/** exec_bextr - BEXTR; with 66 SHLX, with F3 SARX, with F2 SHRX */
enum emul_result exec_bextr(struct emul_ctx *ctx)
{
	unsigned int pp = bmi_prefix(&ctx->insn), count;
	enum emul_result ret;
	struct bmi b;
	u64 val;

	ret = bmi_begin(ctx, &b, pp == PP_NONE ? EMUL_BMI1 : EMUL_BMI2);
	if (ret != EMUL_OK)
		return ret;
	count = b.vex & (8 * b.alu.size - 1);
	if (pp == PP_66) {
		val = b.rm << count;
	} else if (pp == PP_F2) {
		val = b.rm >> count;
	} else if (pp == PP_F3) {
		val = (u64)((s64)alu_signed(b.rm, b.alu.size) >> count);
	} else {
		val = bmi_bextr(&b);
		bmi_flags(&b, val, false);
	}
	return bmi_end(ctx, &b, operand_reg(&ctx->insn), val);
}

/** exec_rorx - RORX */
enum emul_result exec_rorx(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int bits = 8 * insn->op_size, count = insn->imm & (bits - 1);
	enum emul_result ret;
	struct bmi b;

	if (insn->vex && (bmi_prefix(insn) != PP_F2 || insn->vex_reg))
		return exec_fault(ctx, X86_TRAP_UD, 0);
	ret = bmi_begin(ctx, &b, EMUL_BMI2);
	if (ret != EMUL_OK)
		return ret;
	return bmi_end(ctx, &b, operand_reg(insn), b.rm >> count |
		       b.rm << ((bits - count) & (bits - 1)));
}

/* When both are the same register the upper half stays (SDM vol. 2, MULX). */
static enum emul_result bmi_mulx(struct emul_ctx *ctx)
{
	enum emul_result ret;
	struct alu_pair p;
	struct bmi b;

	if (bmi_prefix(&ctx->insn) != PP_F2)
		return bmi_undefined(ctx);
	ret = bmi_begin(ctx, &b, EMUL_BMI2);
	if (ret != EMUL_OK)
		return ret;
	p = alu_multiply(operand_reg_get(ctx, GPR_RDX, b.alu.size), b.rm,
			 b.alu.size);
	operand_reg_set(ctx, bmi_vex_reg(ctx), b.alu.size, p.low);
	operand_reg_set(ctx, operand_reg(&ctx->insn), b.alu.size, p.high);
	return EMUL_OK;
}

/** exec_adx - ADCX (66), ADOX (F3): one flag in and out; the VEX form is MULX */
enum emul_result exec_adx(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int size = insn->rex & 8 ? 8 : 4;
	u64 flag = insn->rep ? X86_EFLAGS_OF : X86_EFLAGS_CF, val, sum;
	struct alu alu = { size, ctx->rflags };
	enum emul_result ret;

	if (insn->vex)
		return bmi_mulx(ctx);
	/* Without prefix it is WRSS. */
	if (!insn->rep && !insn->op66)
		return EMUL_UNKNOWN;
	if (!ctx->ops->has(ctx, EMUL_ADX))
		return exec_fault(ctx, X86_TRAP_UD, 0);
	ret = operand_rm_get(ctx, size, &val);
	if (ret != EMUL_OK)
		return ret;
	alu_flag(&alu, X86_EFLAGS_CF, ctx->rflags & flag);
	sum = alu_compute(&alu, ALU_ADC,
			  operand_reg_get(ctx, operand_reg(insn), size), val);
	operand_reg_set(ctx, operand_reg(insn), size, sum);
	return exec_flag(ctx, flag, alu.flags & X86_EFLAGS_CF);
}
