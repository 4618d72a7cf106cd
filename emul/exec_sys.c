// SPDX-License-Identifier: GPL-2.0-only
/* Control, debug and model-specific registers, tables, caches, CPUID. */
#include <linux/types.h>

#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"

enum { AX = 0, CX = 1, DX = 2, BX = 3 };

#define MSR_TSC			0x10
#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_TSC_AUX		0xc0000103

/* CR1, CR5 to CR7 and CR9 to CR15 do not exist; the decoder knows most. */
static enum emul_result mov_cr(struct emul_ctx *ctx, bool write)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int nr = operand_reg(insn), rm = operand_rm(insn);
	enum emul_result ret;
	u64 val;

	if (nr > 8)
		return exec_fault(ctx, VECTOR_UD, 0);
	ret = exec_privileged(ctx);
	if (ret != EMUL_OK)
		return ret;
	if (write) {
		val = operand_reg_get(ctx, rm, insn->op_size);
		ret = exec_reg_set(ctx, EMUL_CR, nr, val);
	} else {
		ret = exec_reg(ctx, EMUL_CR, nr, &val);
		if (ret == EMUL_OK)
			operand_reg_set(ctx, rm, insn->op_size, val);
	}
	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

/* DR4 and DR5 are other names of DR6 and DR7 unless CR4.DE is set. */
static enum emul_result debug_number(struct emul_ctx *ctx, unsigned int *nr)
{
	enum emul_result ret;
	u64 cr4;

	*nr = operand_reg(&ctx->insn);
	if (*nr > 7)
		return exec_fault(ctx, VECTOR_UD, 0);
	if (*nr != 4 && *nr != 5)
		return EMUL_OK;
	ret = exec_reg(ctx, EMUL_CR, 4, &cr4);
	if (ret == EMUL_OK && cr4 & CR4_DE)
		ret = exec_fault(ctx, VECTOR_UD, 0);
	*nr += 2;
	return ret;
}

static enum emul_result mov_dr(struct emul_ctx *ctx, bool write)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int nr, rm = operand_rm(insn);
	enum emul_result ret;
	u64 val;

	ret = debug_number(ctx, &nr);
	if (ret == EMUL_OK)
		ret = exec_privileged(ctx);
	if (ret != EMUL_OK)
		return ret;
	if (write) {
		val = operand_reg_get(ctx, rm, insn->op_size);
		ret = exec_reg_set(ctx, EMUL_DR, nr, val);
	} else {
		ret = exec_reg(ctx, EMUL_DR, nr, &val);
		if (ret == EMUL_OK)
			operand_reg_set(ctx, rm, insn->op_size, val);
	}
	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

static enum emul_result clear_ts(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 cr0;

	ret = exec_privileged(ctx);
	if (ret == EMUL_OK)
		ret = exec_reg(ctx, EMUL_CR, 0, &cr0);
	if (ret == EMUL_OK)
		ret = exec_reg_set(ctx, EMUL_CR, 0, cr0 & ~(u64)CR0_TS);
	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

static enum emul_result store_msw(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 cr0;

	ret = exec_umip(ctx);
	if (ret == EMUL_OK)
		ret = exec_reg(ctx, EMUL_CR, 0, &cr0);
	return ret == EMUL_OK ? exec_store_word(ctx, cr0) : ret;
}

/* PE to TS; PE can be set only. */
static enum emul_result load_msw(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 cr0, val;

	ret = exec_privileged(ctx);
	if (ret == EMUL_OK)
		ret = operand_rm_get(ctx, 2, &val);
	if (ret == EMUL_OK)
		ret = exec_reg(ctx, EMUL_CR, 0, &cr0);
	if (ret != EMUL_OK)
		return ret;
	cr0 = (cr0 & ~0xeULL) | (val & 0xf);
	ret = exec_reg_set(ctx, EMUL_CR, 0, cr0);
	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

static void set_pair(struct emul_ctx *ctx, u64 val)
{
	ctx->gpr[AX] = (u32)val;
	ctx->gpr[DX] = val >> 32;
}

static u64 get_pair(const struct emul_ctx *ctx)
{
	return (u32)ctx->gpr[AX] | ctx->gpr[DX] << 32;
}

static enum emul_result move_msr(struct emul_ctx *ctx, bool write)
{
	u32 nr = ctx->gpr[CX];
	enum emul_result ret;
	u64 val;

	ret = exec_privileged(ctx);
	if (ret != EMUL_OK)
		return ret;
	if (write) {
		ret = exec_reg_set(ctx, EMUL_MSR, nr, get_pair(ctx));
	} else {
		ret = exec_reg(ctx, EMUL_MSR, nr, &val);
		if (ret == EMUL_OK)
			set_pair(ctx, val);
	}
	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

/* RDTSC, and RDTSCP which reads TSC_AUX too. */
static enum emul_result read_tsc(struct emul_ctx *ctx, bool aux)
{
	enum emul_result ret;
	u64 cr4, tsc, id;

	ret = exec_reg(ctx, EMUL_CR, 4, &cr4);
	if (ret == EMUL_OK && cr4 & CR4_TSD)
		ret = exec_privileged(ctx);
	if (ret == EMUL_OK && aux)
		ret = exec_reg(ctx, EMUL_MSR, MSR_TSC_AUX, &id);
	if (ret == EMUL_OK)
		ret = exec_reg(ctx, EMUL_MSR, MSR_TSC, &tsc);
	if (ret != EMUL_OK)
		return ret;
	set_pair(ctx, tsc);
	if (aux)
		ctx->gpr[CX] = (u32)id;
	return exec_next(ctx);
}

static enum emul_result move_xcr(struct emul_ctx *ctx, bool write)
{
	u32 nr = ctx->gpr[CX];
	enum emul_result ret;
	u64 val;

	ret = exec_reg(ctx, EMUL_CR, 4, &val);
	if (ret != EMUL_OK)
		return ret;
	if (!(val & CR4_OSXSAVE))
		return exec_fault(ctx, VECTOR_UD, 0);
	if (write) {
		ret = exec_privileged(ctx);
		if (ret == EMUL_OK)
			ret = exec_reg_set(ctx, EMUL_XCR, nr, get_pair(ctx));
	} else {
		ret = exec_reg(ctx, EMUL_XCR, nr, &val);
		if (ret == EMUL_OK)
			set_pair(ctx, val);
	}
	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

static enum emul_result cpuid(struct emul_ctx *ctx)
{
	u32 regs[4] = { ctx->gpr[AX], 0, ctx->gpr[CX], 0 };

	ctx->ops->cpuid(ctx, regs);
	ctx->gpr[AX] = regs[0];
	ctx->gpr[BX] = regs[1];
	ctx->gpr[CX] = regs[2];
	ctx->gpr[DX] = regs[3];
	return exec_next(ctx);
}

/*
 * No access: neither limits nor presence count, and an address that is not
 * canonical has no translation (SDM vol. 2, INVLPG).
 */
static enum emul_result invalidate_page(struct emul_ctx *ctx)
{
	enum emul_result ret = exec_privileged(ctx);
	u64 la;

	if (ret != EMUL_OK)
		return ret;
	la = operand_linear(ctx, operand_address(ctx));
	if (operand_canonical(ctx, la))
		ctx->ops->invlpg(ctx, la);
	return exec_next(ctx);
}

/* Types of INVPCID (SDM vol. 2, INVPCID); the others forget more. */
enum { PCID_ADDRESS, PCID_CONTEXT, PCID_TYPES = 4 };

static bool pcid_is_valid(const struct emul_ctx *ctx, u64 type,
			  const u64 desc[2], u64 cr4)
{
	if (type >= PCID_TYPES || desc[0] >> 12)
		return false;
	if (type <= PCID_CONTEXT && desc[0] && !(cr4 & CR4_PCIDE))
		return false;
	return type != PCID_ADDRESS || operand_canonical(ctx, desc[1]);
}

/* Whoever offers the instruction sees to it that the guest has it. */
static enum emul_result invalidate_pcid(struct emul_ctx *ctx)
{
	enum emul_result ret = exec_privileged(ctx);
	u64 type, cr4, desc[2];

	if (ret == EMUL_OK)
		ret = operand_read(ctx, operand_address(ctx), desc, 16);
	if (ret == EMUL_OK)
		ret = exec_reg(ctx, EMUL_CR, 4, &cr4);
	if (ret != EMUL_OK)
		return ret;
	type = operand_reg_get(ctx, operand_reg(&ctx->insn),
			       ctx->mode == EMUL_64 ? 8 : 4);
	if (!pcid_is_valid(ctx, type, desc, cr4))
		return exec_fault(ctx, VECTOR_GP, 0);
	if (type == PCID_ADDRESS)
		ctx->ops->invlpg(ctx, desc[1]);
	else
		ctx->ops->flush(ctx);
	return exec_next(ctx);
}

/* INVD and WBINVD: what is cached is no business of the emulator. */
static enum emul_result invalidate_caches(struct emul_ctx *ctx)
{
	enum emul_result ret = exec_privileged(ctx);

	return ret == EMUL_OK ? exec_next(ctx) : ret;
}

static enum emul_result swap_gs(struct emul_ctx *ctx)
{
	struct emul_segment gs;
	enum emul_result ret;
	u64 base;

	if (ctx->mode != EMUL_64)
		return exec_fault(ctx, VECTOR_UD, 0);
	ret = exec_privileged(ctx);
	if (ret != EMUL_OK)
		return ret;
	ctx->ops->segment(ctx, EMUL_GS, &gs);
	ret = exec_reg(ctx, EMUL_MSR, MSR_KERNEL_GS_BASE, &base);
	if (ret == EMUL_OK)
		ret = exec_reg_set(ctx, EMUL_MSR, MSR_KERNEL_GS_BASE, gs.base);
	if (ret != EMUL_OK)
		return ret;
	gs.base = base;
	ctx->ops->segment_set(ctx, EMUL_GS, &gs);
	return exec_next(ctx);
}

/* Group 7 with a register operand. */
static enum emul_result group_7_reg(struct emul_ctx *ctx)
{
	u8 modrm = ctx->insn.modrm;

	switch (modrm) {
	case 0xd0:
	case 0xd1:
		/* With a prefix these opcodes are not defined. */
		if (ctx->insn.rep || ctx->insn.op66)
			return EMUL_UNKNOWN;
		return move_xcr(ctx, modrm & 1);
	case 0xe0 ... 0xe7:
		return store_msw(ctx);
	case 0xf0 ... 0xf7:
		return load_msw(ctx);
	case 0xf8:
		return swap_gs(ctx);
	case 0xf9:
		return read_tsc(ctx, true);
	default:
		return EMUL_UNKNOWN;
	}
}

static enum emul_result group_7(struct emul_ctx *ctx)
{
	unsigned int n = operand_digit(&ctx->insn);

	if (!operand_in_memory(&ctx->insn))
		return group_7_reg(ctx);
	switch (n) {
	case 0 ... 1:
		return exec_table_store(ctx, n);
	case 2 ... 3:
		return exec_table_load(ctx, n & 1);
	case 4:
		return store_msw(ctx);
	case 6:
		return load_msw(ctx);
	case 7:
		return invalidate_page(ctx);
	default:
		return EMUL_UNKNOWN;
	}
}

enum emul_result exec_sys(struct emul_ctx *ctx)
{
	switch (exec_key(&ctx->insn)) {
	case 0x101:
		return group_7(ctx);
	case 0x106:
		return clear_ts(ctx);
	case 0x108:
	case 0x109:
		return invalidate_caches(ctx);
	case 0x120:
		return mov_cr(ctx, false);
	case 0x121:
		return mov_dr(ctx, false);
	case 0x122:
		return mov_cr(ctx, true);
	case 0x123:
		return mov_dr(ctx, true);
	case 0x130:
		return move_msr(ctx, true);
	case 0x131:
		return read_tsc(ctx, false);
	case 0x132:
		return move_msr(ctx, false);
	case 0x1a2:
		return cpuid(ctx);
	case 0x282:
		return invalidate_pcid(ctx);
	default:
		return EMUL_UNKNOWN;
	}
}
