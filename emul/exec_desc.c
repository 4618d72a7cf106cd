// SPDX-License-Identifier: GPL-2.0-only
/* Descriptor-table registers, and instructions that look at descriptors. */
#include <linux/types.h>
#include <linux/bits.h>
#include <linux/string.h>

#include "emul/descriptor.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/modify.h"
#include "emul/operand.h"
#include "emul/system.h"

/* LDTR or TR, as ModRM.reg says. */
static enum x86_seg_nr system_seg(const struct emul_ctx *ctx)
{
	return operand_digit(&ctx->insn) & 1 ? SEG_TR : SEG_LDTR;
}

/** exec_sldt - SLDT, STR */
enum emul_result exec_sldt(struct emul_ctx *ctx)
{
	return exec_store_word(ctx, exec_selector(ctx, system_seg(ctx)));
}

/* The types that LLDT and LTR take. */
static bool system_type(const struct emul_ctx *ctx, enum x86_seg_nr seg,
			const struct descriptor *d)
{
	unsigned int type = descriptor_type(d);

	if (!descriptor_system(d))
		return false;
	if (seg == SEG_LDTR)
		return type == SYSTEM_LDT;
	return type == SYSTEM_TSS ||
	       (type == SYSTEM_TSS16 && !ctx->long_mode);
}

/* Fetch and check; not null.  APM vol. 3, LLDT and LTR. */
static enum emul_result fetch_system(struct emul_ctx *ctx, enum x86_seg_nr seg,
				     u16 selector, struct descriptor *d)
{
	u32 error = selector_error(selector);
	enum emul_result ret;

	/* Both are in the GDT. */
	if (selector & 4)
		return exec_fault(ctx, X86_TRAP_GP, error);
	ret = descriptor_fetch(ctx, selector, X86_TRAP_GP, d);
	if (ret != EMUL_OK)
		return ret;
	if (!system_type(ctx, seg, d))
		return exec_fault(ctx, X86_TRAP_GP, error);
	if (!descriptor_present(d))
		return exec_fault(ctx, X86_TRAP_NP, error);
	return descriptor_fetch_high(ctx, selector, d);
}

static enum emul_result load_system(struct emul_ctx *ctx, enum x86_seg_nr seg,
				    u16 selector)
{
	struct x86_seg new;
	enum emul_result ret;
	struct descriptor d;

	ret = fetch_system(ctx, seg, selector, &d);
	if (ret != EMUL_OK)
		return ret;
	descriptor_unpack(&d, selector, &new);
	if (ctx->long_mode && !operand_canonical(ctx, new.base))
		return exec_fault(ctx, X86_TRAP_GP, selector_error(selector));
	if (seg == SEG_TR) {
		ret = descriptor_mark(ctx, &d, SYSTEM_BUSY);
		new.attr |= SYSTEM_BUSY;
	}
	if (ret != EMUL_OK)
		return ret;
	ctx->ops->segment_set(ctx, seg, &new);
	return EMUL_OK;
}

/** exec_lldt - LLDT, LTR */
enum emul_result exec_lldt(struct emul_ctx *ctx)
{
	enum x86_seg_nr seg = system_seg(ctx);
	struct x86_seg null = { 0 };
	enum emul_result ret;
	u64 selector;

	ret = operand_rm_get(ctx, 2, &selector);
	if (ret != EMUL_OK)
		return ret;
	if (!selector_null(selector))
		return load_system(ctx, seg, selector);
	if (seg == SEG_TR)
		return exec_fault(ctx, X86_TRAP_GP, 0);
	null.selector = selector;
	ctx->ops->segment_set(ctx, seg, &null);
	return EMUL_OK;
}

/* The system types that LAR and LSL know (APM vol. 3, LAR and LSL). */
static bool type_known(const struct emul_ctx *ctx, const struct descriptor *d,
		       bool limit)
{
	u16 types = BIT(SYSTEM_LDT) | BIT(SYSTEM_TSS) | BIT(SYSTEM_TSS_BUSY);

	if (!descriptor_system(d))
		return true;
	if (!limit)
		types |= BIT(SYSTEM_CALL);
	if (!ctx->long_mode)
		types |= BIT(SYSTEM_TSS16) | BIT(SYSTEM_TSS16_BUSY);
	if (!ctx->long_mode && !limit)
		types |= BIT(SYSTEM_CALL16) | BIT(SYSTEM_TASK);
	return types & BIT(descriptor_type(d));
}

static bool code_is_conforming(const struct descriptor *d)
{
	unsigned int both = SEG_CODE | SEG_CONFORMING;

	return !descriptor_system(d) && (descriptor_type(d) & both) == both;
}

/* Fetch the descriptor of the ModRM operand if the program may see it. */
static enum emul_result look_up(struct emul_ctx *ctx, struct descriptor *d,
				bool *seen)
{
	enum emul_result ret;
	unsigned int dpl;
	u64 selector;

	*seen = false;
	ret = operand_rm_get(ctx, 2, &selector);
	if (ret != EMUL_OK || selector_null(selector))
		return ret;
	ret = descriptor_find(ctx, selector, d, seen);
	if (ret != EMUL_OK || !*seen || code_is_conforming(d))
		return ret;
	dpl = descriptor_dpl(d);
	*seen = dpl >= ctx->cpl && dpl >= (selector & 3);
	return EMUL_OK;
}

/* LAR, LSL, VERR and VERW: ZF says whether @use could use the descriptor. */
static enum emul_result descriptor_query(struct emul_ctx *ctx,
					 bool (*use)(struct emul_ctx *ctx,
						     const struct descriptor *d))
{
	enum emul_result ret;
	struct descriptor d;
	bool seen;

	ret = look_up(ctx, &d, &seen);
	if (ret == EMUL_OK)
		exec_flag(ctx, X86_EFLAGS_ZF, seen && use(ctx, &d));
	return ret;
}

static bool load_rights(struct emul_ctx *ctx, const struct descriptor *d)
{
	if (!type_known(ctx, d, false))
		return false;
	operand_reg_write(ctx, d->raw >> 32 & 0xffff00);
	return true;
}

static bool load_limit(struct emul_ctx *ctx, const struct descriptor *d)
{
	struct x86_seg seg;

	if (!type_known(ctx, d, true))
		return false;
	descriptor_unpack(d, 0, &seg);
	operand_reg_write(ctx, seg.limit);
	return true;
}

/* VERW writes. */
static bool verify_access(struct emul_ctx *ctx, const struct descriptor *d)
{
	return type_allows(descriptor_attr(d), operand_digit(&ctx->insn) & 1);
}

/** exec_lar - LAR */
enum emul_result exec_lar(struct emul_ctx *ctx)
{
	return descriptor_query(ctx, load_rights);
}

/** exec_lsl - LSL */
enum emul_result exec_lsl(struct emul_ctx *ctx)
{
	return descriptor_query(ctx, load_limit);
}

/** exec_verr - VERR, VERW */
enum emul_result exec_verr(struct emul_ctx *ctx)
{
	return descriptor_query(ctx, verify_access);
}

/** exec_arpl - ARPL: never below the RPL of the register */
enum emul_result exec_arpl(struct emul_ctx *ctx)
{
	unsigned int rpl = operand_reg_get(ctx, operand_reg(&ctx->insn), 2) & 3;
	enum emul_result ret;
	bool less;
	u64 val;

	if (!ctx->protected)
		return exec_fault(ctx, X86_TRAP_UD, 0);
	ret = modify_fetch(ctx, operand_rm_address(ctx), 2, &val);
	if (ret != EMUL_OK)
		return ret;
	less = (val & 3) < rpl;
	if (less)
		ret = operand_rm_set(ctx, 2, (val & ~3ULL) | rpl);
	return ret == EMUL_OK ? exec_flag(ctx, X86_EFLAGS_ZF, less) : ret;
}

static bool table_is_idt(const struct emul_ctx *ctx)
{
	return operand_digit(&ctx->insn) & 1;
}

static unsigned int base_size(const struct emul_ctx *ctx)
{
	return ctx->mode == EMUL_64 ? 8 : 4;
}

/** exec_sgdt - SGDT, SIDT: limit, then base, whatever the operand size (APM vol. 3) */
enum emul_result exec_sgdt(struct emul_ctx *ctx)
{
	struct x86_table table;
	u8 buf[10];

	ctx->ops->table(ctx, table_is_idt(ctx), &table);
	memcpy(buf, &table.limit, 2);
	memcpy(buf + 2, &table.base, 8);
	return operand_write(ctx, operand_address(ctx), buf,
			     2 + base_size(ctx));
}

/** exec_lgdt - LGDT, LIDT; 16-bit operands: the base has 24 bits (APM vol. 3, LGDT) */
enum emul_result exec_lgdt(struct emul_ctx *ctx)
{
	struct operand_addr at = operand_address(ctx);
	struct x86_table table;
	enum emul_result ret;
	u64 limit;

	ret = operand_load(ctx, at, 2, &limit);
	if (ret == EMUL_OK)
		ret = operand_load(ctx, operand_after(ctx, at, 2),
				   base_size(ctx), &table.base);
	if (ret != EMUL_OK)
		return ret;
	table.limit = limit;
	if (ctx->mode == EMUL_64 && !operand_canonical(ctx, table.base))
		return exec_fault(ctx, X86_TRAP_GP, 0);
	if (ctx->mode != EMUL_64 && ctx->insn.op_size == 2)
		table.base &= 0xffffff;
	ctx->ops->table_set(ctx, table_is_idt(ctx), &table);
	return EMUL_OK;
}
