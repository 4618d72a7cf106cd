// SPDX-License-Identifier: GPL-2.0-only
/* Control, debug and model-specific registers, tables, caches, CPUID. */
#include <linux/types.h>

#include <asm/msr-index.h>

#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"

/* Opcode bit 1: to the numbered register. */
static enum emul_result move_numbered(struct emul_ctx *ctx, enum emul_regs set,
				      unsigned int nr)
{
	const struct emul_insn *insn = &ctx->insn;
	enum emul_result ret = exec_privileged(ctx);
	unsigned int rm = operand_rm(insn);
	u64 val;

	if (ret != EMUL_OK)
		return ret;
	if (insn->opcode & 2)
		return exec_reg_set(ctx, set, nr,
				    operand_reg_get(ctx, rm, insn->op_size));
	ret = exec_reg(ctx, set, nr, &val);
	if (ret == EMUL_OK)
		operand_reg_set(ctx, rm, insn->op_size, val);
	return ret;
}

/**
 * exec_mov_cr - MOV from and to a control register
 *
 * CR1, CR5 to CR7 and CR9 to CR15 do not exist; the decoder knows most.  With LOCK
 * it is not CR8, as it is on AMD.
 */
enum emul_result exec_mov_cr(struct emul_ctx *ctx)
{
	unsigned int nr = operand_reg(&ctx->insn);

	return nr > 8 ? exec_fault(ctx, X86_TRAP_UD, 0) :
			move_numbered(ctx, EMUL_CR, nr);
}

/* DR4 and DR5 are other names of DR6 and DR7 unless CR4.DE is set. */
static enum emul_result debug_number(struct emul_ctx *ctx, unsigned int *nr)
{
	enum emul_result ret;
	u64 cr4;

	*nr = operand_reg(&ctx->insn);
	if (*nr > 7)
		return exec_fault(ctx, X86_TRAP_UD, 0);
	if (*nr != 4 && *nr != 5)
		return EMUL_OK;
	ret = exec_reg(ctx, EMUL_CR, 4, &cr4);
	if (ret == EMUL_OK && cr4 & X86_CR4_DE)
		ret = exec_fault(ctx, X86_TRAP_UD, 0);
	*nr += 2;
	return ret;
}

/** exec_mov_dr - MOV from and to a debug register */
enum emul_result exec_mov_dr(struct emul_ctx *ctx)
{
	enum emul_result ret;
	unsigned int nr;

	ret = debug_number(ctx, &nr);
	return ret == EMUL_OK ? move_numbered(ctx, EMUL_DR, nr) : ret;
}

/** exec_clts - CLTS */
enum emul_result exec_clts(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 cr0;

	ret = exec_reg(ctx, EMUL_CR, 0, &cr0);
	if (ret == EMUL_OK)
		ret = exec_reg_set(ctx, EMUL_CR, 0, cr0 & ~X86_CR0_TS);
	return ret;
}

/** exec_smsw - SMSW */
enum emul_result exec_smsw(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 cr0;

	ret = exec_reg(ctx, EMUL_CR, 0, &cr0);
	return ret == EMUL_OK ? exec_store_word(ctx, cr0) : ret;
}

/** exec_lmsw - LMSW: PE to TS; PE can be set only */
enum emul_result exec_lmsw(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 cr0, val;

	ret = operand_rm_get(ctx, 2, &val);
	if (ret == EMUL_OK)
		ret = exec_reg(ctx, EMUL_CR, 0, &cr0);
	if (ret != EMUL_OK)
		return ret;
	return exec_reg_set(ctx, EMUL_CR, 0, (cr0 & ~0xeULL) | (val & 0xf));
}

static void set_pair(struct emul_ctx *ctx, u64 val)
{
	ctx->gpr[GPR_RAX] = (u32)val;
	ctx->gpr[GPR_RDX] = val >> 32;
}

/* EDX:EAX becomes the register that ECX names. */
static enum emul_result read_pair(struct emul_ctx *ctx, enum emul_regs set)
{
	enum emul_result ret;
	u64 val;

	ret = exec_reg(ctx, set, ctx->gpr[GPR_RCX], &val);
	if (ret == EMUL_OK)
		set_pair(ctx, val);
	return ret;
}

static enum emul_result write_pair(struct emul_ctx *ctx, enum emul_regs set)
{
	return exec_reg_set(ctx, set, ctx->gpr[GPR_RCX],
			    (u32)ctx->gpr[GPR_RAX] | ctx->gpr[GPR_RDX] << 32);
}

/** exec_rdmsr - RDMSR */
enum emul_result exec_rdmsr(struct emul_ctx *ctx)
{
	return read_pair(ctx, EMUL_MSR);
}

/** exec_wrmsr - WRMSR */
enum emul_result exec_wrmsr(struct emul_ctx *ctx)
{
	return write_pair(ctx, EMUL_MSR);
}

/** exec_xgetbv - XGETBV, XSETBV */
enum emul_result exec_xgetbv(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 cr4;

	ret = exec_reg(ctx, EMUL_CR, 4, &cr4);
	if (ret != EMUL_OK)
		return ret;
	if (!(cr4 & X86_CR4_OSXSAVE))
		return exec_fault(ctx, X86_TRAP_UD, 0);
	if (!(ctx->insn.modrm & 1))
		return read_pair(ctx, EMUL_XCR);
	ret = exec_privileged(ctx);
	return ret == EMUL_OK ? write_pair(ctx, EMUL_XCR) : ret;
}

/* With @aux ECX becomes TSC_AUX. */
static enum emul_result read_tsc(struct emul_ctx *ctx, bool aux)
{
	enum emul_result ret;
	u64 cr4, tsc, id;

	ret = exec_reg(ctx, EMUL_CR, 4, &cr4);
	if (ret == EMUL_OK && cr4 & X86_CR4_TSD)
		ret = exec_privileged(ctx);
	if (ret == EMUL_OK && aux)
		ret = exec_reg(ctx, EMUL_MSR, MSR_TSC_AUX, &id);
	if (ret == EMUL_OK)
		ret = exec_reg(ctx, EMUL_TSC, 0, &tsc);
	if (ret != EMUL_OK)
		return ret;
	set_pair(ctx, tsc);
	if (aux)
		ctx->gpr[GPR_RCX] = (u32)id;
	return EMUL_OK;
}

/** exec_rdtsc - RDTSC */
enum emul_result exec_rdtsc(struct emul_ctx *ctx)
{
	return read_tsc(ctx, false);
}

/** exec_rdtscp - RDTSCP */
enum emul_result exec_rdtscp(struct emul_ctx *ctx)
{
	return read_tsc(ctx, true);
}

/** exec_cpuid - CPUID */
enum emul_result exec_cpuid(struct emul_ctx *ctx)
{
	u32 regs[4] = { ctx->gpr[GPR_RAX], 0, ctx->gpr[GPR_RCX], 0 };

	ctx->ops->cpuid(ctx, regs);
	ctx->gpr[GPR_RAX] = regs[0];
	ctx->gpr[GPR_RBX] = regs[1];
	ctx->gpr[GPR_RCX] = regs[2];
	ctx->gpr[GPR_RDX] = regs[3];
	return EMUL_OK;
}

/**
 * exec_invlpg - INVLPG
 *
 * No access: neither limits nor presence count, and an address that is not
 * canonical has no translation (SDM vol. 2, INVLPG).
 */
enum emul_result exec_invlpg(struct emul_ctx *ctx)
{
	u64 la = operand_linear(ctx, operand_address(ctx));

	if (operand_canonical(ctx, la))
		ctx->ops->invlpg(ctx, la);
	return EMUL_OK;
}

/* Types of INVPCID (SDM vol. 2, INVPCID); the others forget more. */
enum { PCID_ADDRESS, PCID_CONTEXT, PCID_TYPES = 4 };

static bool pcid_is_valid(const struct emul_ctx *ctx, u64 type,
			  const u64 desc[2], u64 cr4)
{
	if (type >= PCID_TYPES || desc[0] >> 12)
		return false;
	if (type <= PCID_CONTEXT && desc[0] && !(cr4 & X86_CR4_PCIDE))
		return false;
	return type != PCID_ADDRESS || operand_canonical(ctx, desc[1]);
}

/** exec_invpcid - INVPCID */
enum emul_result exec_invpcid(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 type, cr4, desc[2];

	ret = operand_read(ctx, operand_address(ctx), desc, 16);
	if (ret == EMUL_OK)
		ret = exec_reg(ctx, EMUL_CR, 4, &cr4);
	if (ret != EMUL_OK)
		return ret;
	type = operand_reg_get(ctx, operand_reg(&ctx->insn),
			       ctx->mode == EMUL_64 ? 8 : 4);
	if (!pcid_is_valid(ctx, type, desc, cr4))
		return exec_fault(ctx, X86_TRAP_GP, 0);
	if (type == PCID_ADDRESS)
		ctx->ops->invlpg(ctx, desc[1]);
	else
		ctx->ops->flush(ctx);
	return EMUL_OK;
}

/** exec_swapgs - SWAPGS */
enum emul_result exec_swapgs(struct emul_ctx *ctx)
{
	struct x86_seg gs;
	enum emul_result ret;
	u64 base;

	if (ctx->mode != EMUL_64)
		return exec_fault(ctx, X86_TRAP_UD, 0);
	ret = exec_privileged(ctx);
	if (ret != EMUL_OK)
		return ret;
	ctx->ops->segment(ctx, SEG_GS, &gs);
	ret = exec_reg(ctx, EMUL_MSR, MSR_KERNEL_GS_BASE, &base);
	if (ret == EMUL_OK)
		ret = exec_reg_set(ctx, EMUL_MSR, MSR_KERNEL_GS_BASE, gs.base);
	if (ret != EMUL_OK)
		return ret;
	gs.base = base;
	ctx->ops->segment_set(ctx, SEG_GS, &gs);
	return EMUL_OK;
}

/* APM vol. 3, RDFSBASE and WRFSBASE: in 64-bit mode, with CR4.FSGSBASE. */
static enum emul_result base_allowed(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 cr4;

	ret = exec_reg(ctx, EMUL_CR, 4, &cr4);
	if (ret == EMUL_OK && (ctx->mode != EMUL_64 || !(cr4 & X86_CR4_FSGSBASE)))
		ret = exec_fault(ctx, X86_TRAP_UD, 0);
	return ret;
}

/**
 * exec_fsgsbase - RDFSBASE, RDGSBASE, WRFSBASE, WRGSBASE: F3 0F AE with a register
 *
 * Other operand sizes than 4 and 8 are reserved.
 */
enum emul_result exec_fsgsbase(struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int rm = operand_rm(insn), n = operand_digit(insn);
	struct x86_seg seg;
	enum emul_result ret;

	if (insn->op_size == 2)
		return EMUL_UNKNOWN;
	ret = base_allowed(ctx);
	if (ret != EMUL_OK)
		return ret;
	ctx->ops->segment(ctx, SEG_FS + (n & 1), &seg);
	if (n < 2) {
		operand_reg_set(ctx, rm, insn->op_size, seg.base);
		return EMUL_OK;
	}
	seg.base = operand_reg_get(ctx, rm, insn->op_size);
	if (!operand_canonical(ctx, seg.base))
		return exec_fault(ctx, X86_TRAP_GP, 0);
	ctx->ops->segment_set(ctx, SEG_FS + (n & 1), &seg);
	return EMUL_OK;
}

/** exec_rdpid - RDPID */
enum emul_result exec_rdpid(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 id;

	ret = exec_reg(ctx, EMUL_MSR, MSR_TSC_AUX, &id);
	if (ret == EMUL_OK)
		operand_reg_set(ctx, operand_rm(&ctx->insn), 4, id);
	return ret;
}

/**
 * exec_clac - CLAC and STAC
 *
 * Of level 0, else undefined (SDM vol. 2, CLAC).
 */
enum emul_result exec_clac(struct emul_ctx *ctx)
{
	if (ctx->cpl)
		return exec_fault(ctx, X86_TRAP_UD, 0);
	return exec_flag(ctx, X86_EFLAGS_AC, ctx->insn.modrm & 1);
}
