// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYSCALL, SYSRET, SYSENTER, SYSEXIT: transfers between fixed flat segments,
 * without descriptors (APM vol. 2, 6.1; SDM vol. 3, 5.8.7 and 5.8.8).
 */
#include <linux/types.h>

#include <asm/msr-index.h>

#include "emul/descriptor.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"

/* What SYSRET restores of R11: all that is defined but RF and VM. */
#define SYSRET_FLAGS		0x3c7fd7

#define FLAT (SEG_P | SEG_S | SEG_G)
#define FLAT_CODE (FLAT | SEG_CODE | SEG_READABLE | SEG_ACCESSED)
#define FLAT_DATA (FLAT | SEG_WRITABLE | SEG_ACCESSED | SEG_DB)

static void set_flat(struct emul_ctx *ctx, enum x86_seg_nr seg, u16 selector,
		     u16 attr)
{
	struct x86_seg val = {
		.limit = 0xffffffff, .selector = selector,
		.attr = attr | ctx->cpl << 5,
	};

	ctx->ops->segment_set(ctx, seg, &val);
}

static u16 code_attr(bool wide)
{
	return FLAT_CODE | (wide ? SEG_L : SEG_DB);
}

/* #UD when the pair is switched off, or where Intel does not have it. */
static enum emul_result syscall_allowed(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 efer;

	ret = exec_reg(ctx, EMUL_MSR, MSR_EFER, &efer);
	if (ret != EMUL_OK)
		return ret;
	if (!(efer & EFER_SCE) || (!ctx->amd && ctx->mode != EMUL_64))
		return exec_fault(ctx, X86_TRAP_UD, 0);
	return ctx->protected ? EMUL_OK : EMUL_UNKNOWN;
}

/* Without long mode target and flags are fixed (APM vol. 3, SYSCALL). */
static enum emul_result syscall_target(struct emul_ctx *ctx, u64 star,
				       u64 *rip, u64 *mask)
{
	u32 nr = ctx->mode == EMUL_64 ? MSR_LSTAR : MSR_CSTAR;
	enum emul_result ret;

	if (!ctx->long_mode) {
		*rip = (u32)star;
		*mask = X86_EFLAGS_IF | X86_EFLAGS_VM;
		return EMUL_OK;
	}
	ret = exec_reg(ctx, EMUL_MSR, nr, rip);
	if (ret == EMUL_OK)
		ret = exec_reg(ctx, EMUL_MSR, MSR_SYSCALL_MASK, mask);
	return ret;
}

/** exec_syscall - SYSCALL; unknown outside protected mode, like SYSRET */
enum emul_result exec_syscall(struct emul_ctx *ctx)
{
	u64 star, rip, mask, flags = ctx->rflags & ~X86_EFLAGS_RF;
	enum emul_result ret;

	ret = syscall_allowed(ctx);
	if (ret == EMUL_OK)
		ret = exec_reg(ctx, EMUL_MSR, MSR_STAR, &star);
	if (ret == EMUL_OK)
		ret = syscall_target(ctx, star, &rip, &mask);
	if (ret != EMUL_OK)
		return ret;
	star = star >> 32 & 0xfffc;
	ctx->cpl = 0;
	set_flat(ctx, SEG_CS, star, code_attr(ctx->long_mode));
	set_flat(ctx, SEG_SS, star + 8, FLAT_DATA);
	ctx->gpr[GPR_RCX] = exec_after(ctx);
	if (ctx->long_mode)
		ctx->gpr[GPR_R11] = flags;
	ctx->rflags = (flags & ~mask) | X86_EFLAGS_FIXED;
	return exec_jump(ctx, rip);
}

/*
 * SS: AMD changes the selector only, and not its RPL (APM vol. 3, SYSRET);
 * Intel loads the flat segment.
 */
static void sysret_stack(struct emul_ctx *ctx, u16 selector)
{
	struct x86_seg ss;

	if (!ctx->amd) {
		set_flat(ctx, SEG_SS, selector | 3, FLAT_DATA);
		return;
	}
	ctx->ops->segment(ctx, SEG_SS, &ss);
	ss.selector = selector;
	ctx->ops->segment_set(ctx, SEG_SS, &ss);
}

/** exec_sysret - SYSRET */
enum emul_result exec_sysret(struct emul_ctx *ctx)
{
	bool from64 = ctx->mode == EMUL_64;
	bool wide = from64 && ctx->insn.op_size == 8;
	u64 star, rip = wide ? ctx->gpr[GPR_RCX] : (u32)ctx->gpr[GPR_RCX];
	enum emul_result ret;

	ret = syscall_allowed(ctx);
	if (ret == EMUL_OK)
		ret = exec_privileged(ctx);
	if (ret == EMUL_OK)
		ret = exec_reg(ctx, EMUL_MSR, MSR_STAR, &star);
	if (ret != EMUL_OK)
		return ret;
	/* AMD lets the fetch fault, in the program. */
	if (!ctx->amd && wide && !operand_canonical(ctx, rip))
		return exec_fault(ctx, X86_TRAP_GP, 0);
	star = star >> 48;
	ctx->cpl = 3;
	set_flat(ctx, SEG_CS, (star + (wide ? 16 : 0)) | 3, code_attr(wide));
	sysret_stack(ctx, star + 8);
	if (from64)
		ctx->rflags = (ctx->gpr[GPR_R11] & SYSRET_FLAGS) | X86_EFLAGS_FIXED;
	else
		ctx->rflags |= X86_EFLAGS_IF;
	return exec_jump(ctx, rip);
}

/* AMD has neither SYSENTER nor SYSEXIT in long mode. */
static enum emul_result sysenter_allowed(struct emul_ctx *ctx, u64 *cs)
{
	enum emul_result ret;

	if (ctx->amd && ctx->long_mode)
		return exec_fault(ctx, X86_TRAP_UD, 0);
	if (!ctx->protected && !exec_virtual(ctx))
		return exec_fault(ctx, X86_TRAP_GP, 0);
	ret = exec_reg(ctx, EMUL_MSR, MSR_IA32_SYSENTER_CS, cs);
	if (ret == EMUL_OK && selector_null(*cs))
		ret = exec_fault(ctx, X86_TRAP_GP, 0);
	return ret;
}

/** exec_sysenter - SYSENTER */
enum emul_result exec_sysenter(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 cs, sp, ip;

	ret = sysenter_allowed(ctx, &cs);
	if (ret == EMUL_OK)
		ret = exec_reg(ctx, EMUL_MSR, MSR_IA32_SYSENTER_ESP, &sp);
	if (ret == EMUL_OK)
		ret = exec_reg(ctx, EMUL_MSR, MSR_IA32_SYSENTER_EIP, &ip);
	if (ret != EMUL_OK)
		return ret;
	cs &= 0xfffc;
	ctx->cpl = 0;
	set_flat(ctx, SEG_CS, cs, code_attr(ctx->long_mode));
	set_flat(ctx, SEG_SS, cs + 8, FLAT_DATA);
	ctx->gpr[GPR_RSP] = ctx->long_mode ? sp : (u32)sp;
	ctx->rflags &= ~(X86_EFLAGS_VM | X86_EFLAGS_IF);
	return exec_jump(ctx, ctx->long_mode ? ip : (u32)ip);
}

/** exec_sysexit - SYSEXIT */
enum emul_result exec_sysexit(struct emul_ctx *ctx)
{
	bool wide = ctx->insn.op_size == 8;
	u64 cs, sp = ctx->gpr[GPR_RCX], ip = ctx->gpr[GPR_RDX];
	enum emul_result ret;

	ret = sysenter_allowed(ctx, &cs);
	if (ret == EMUL_OK)
		ret = exec_privileged(ctx);
	if (ret != EMUL_OK)
		return ret;
	if (wide && (!operand_canonical(ctx, sp) ||
		     !operand_canonical(ctx, ip)))
		return exec_fault(ctx, X86_TRAP_GP, 0);
	cs = (cs + (wide ? 32 : 16)) | 3;
	ctx->cpl = 3;
	set_flat(ctx, SEG_CS, cs, code_attr(wide));
	set_flat(ctx, SEG_SS, cs + 8, FLAT_DATA);
	ctx->gpr[GPR_RSP] = wide ? sp : (u32)sp;
	return exec_jump(ctx, wide ? ip : (u32)ip);
}
