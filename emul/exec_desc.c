// SPDX-License-Identifier: GPL-2.0-only
/* Descriptor-table registers, and instructions that look at descriptors. */
#include <linux/types.h>
#include <linux/bits.h>

#include "emul/descriptor.h"
#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/modify.h"
#include "emul/operand.h"
#include "emul/system.h"

/* SDM vol. 3, 2.5, "UMIP": what tells a program about the system. */
enum emul_result exec_umip(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 cr4;

	if (!ctx->cpl)
		return EMUL_OK;
	ret = exec_reg(ctx, EMUL_CR, 4, &cr4);
	if (ret == EMUL_OK && cr4 & CR4_UMIP)
		ret = exec_fault(ctx, VECTOR_GP, 0);
	return ret;
}

/* SLDT and STR. */
static enum emul_result store_selector(struct emul_ctx *ctx, enum emul_seg seg)
{
	enum emul_result ret = exec_umip(ctx);

	if (ret != EMUL_OK)
		return ret;
	return exec_store_word(ctx, exec_selector(ctx, seg));
}

/* The types that LLDT and LTR take. */
static bool system_type(const struct emul_ctx *ctx, enum emul_seg seg,
			const struct descriptor *d)
{
	unsigned int type = descriptor_type(d);

	if (!descriptor_system(d))
		return false;
	if (seg == EMUL_LDTR)
		return type == SYSTEM_LDT;
	return type == SYSTEM_TSS ||
	       (type == SYSTEM_TSS16 && !ctx->long_mode);
}

/* Fetch and check; not null.  APM vol. 3, LLDT and LTR. */
static enum emul_result fetch_system(struct emul_ctx *ctx, enum emul_seg seg,
				     u16 selector, struct descriptor *d)
{
	u32 error = selector_error(selector);
	enum emul_result ret;

	/* Both are in the GDT. */
	if (selector & 4)
		return exec_fault(ctx, VECTOR_GP, error);
	ret = descriptor_fetch(ctx, selector, VECTOR_GP, d);
	if (ret != EMUL_OK)
		return ret;
	if (!system_type(ctx, seg, d))
		return exec_fault(ctx, VECTOR_GP, error);
	if (!descriptor_present(d))
		return exec_fault(ctx, VECTOR_NP, error);
	return descriptor_fetch_high(ctx, selector, d);
}

static enum emul_result load_system(struct emul_ctx *ctx, enum emul_seg seg,
				    u16 selector)
{
	struct emul_segment new;
	enum emul_result ret;
	struct descriptor d;

	ret = fetch_system(ctx, seg, selector, &d);
	if (ret != EMUL_OK)
		return ret;
	descriptor_unpack(&d, selector, &new);
	if (ctx->long_mode && !operand_canonical(ctx, new.base))
		return exec_fault(ctx, VECTOR_GP, selector_error(selector));
	if (seg == EMUL_TR) {
		ret = descriptor_mark(ctx, &d, SYSTEM_BUSY);
		new.attr |= SYSTEM_BUSY;
	}
	if (ret != EMUL_OK)
		return ret;
	ctx->ops->segment_set(ctx, seg, &new);
	return exec_next(ctx);
}

static enum emul_result load_selector(struct emul_ctx *ctx, enum emul_seg seg)
{
	struct emul_segment null = { 0 };
	enum emul_result ret;
	u64 selector;

	ret = exec_privileged(ctx);
	if (ret == EMUL_OK)
		ret = operand_rm_get(ctx, 2, &selector);
	if (ret != EMUL_OK)
		return ret;
	if (!selector_null(selector))
		return load_system(ctx, seg, selector);
	if (seg == EMUL_TR)
		return exec_fault(ctx, VECTOR_GP, 0);
	null.selector = selector;
	ctx->ops->segment_set(ctx, seg, &null);
	return exec_next(ctx);
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

static bool conforming(const struct descriptor *d)
{
	unsigned int both = TYPE_CODE | TYPE_CONFORMING;

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
	if (ret != EMUL_OK || !*seen || conforming(d))
		return ret;
	dpl = descriptor_dpl(d);
	*seen = dpl >= ctx->cpl && dpl >= (selector & 3);
	return EMUL_OK;
}

static enum emul_result look_finish(struct emul_ctx *ctx, bool ok)
{
	ctx->rflags &= ~(u64)RFLAGS_ZF;
	if (ok)
		ctx->rflags |= RFLAGS_ZF;
	return exec_next(ctx);
}

/* LAR, LSL, VERR and VERW: ZF says whether @use could use the descriptor. */
static enum emul_result look(struct emul_ctx *ctx,
			     bool (*use)(struct emul_ctx *ctx,
					 const struct descriptor *d))
{
	enum emul_result ret;
	struct descriptor d;
	bool seen;

	ret = look_up(ctx, &d, &seen);
	return ret == EMUL_OK ? look_finish(ctx, seen && use(ctx, &d)) : ret;
}

static bool load_rights(struct emul_ctx *ctx, const struct descriptor *d)
{
	const struct emul_insn *insn = &ctx->insn;

	if (!type_known(ctx, d, false))
		return false;
	operand_reg_set(ctx, operand_reg(insn), insn->op_size,
			d->raw >> 32 & 0xffff00);
	return true;
}

static bool load_limit(struct emul_ctx *ctx, const struct descriptor *d)
{
	const struct emul_insn *insn = &ctx->insn;
	struct emul_segment seg;

	if (!type_known(ctx, d, true))
		return false;
	descriptor_unpack(d, 0, &seg);
	operand_reg_set(ctx, operand_reg(insn), insn->op_size, seg.limit);
	return true;
}

static bool verify_read(struct emul_ctx *ctx, const struct descriptor *d)
{
	return type_allows(descriptor_attr(d), false);
}

static bool verify_write(struct emul_ctx *ctx, const struct descriptor *d)
{
	return type_allows(descriptor_attr(d), true);
}

/* ARPL: never below the RPL of the register. */
static enum emul_result adjust_rpl(struct emul_ctx *ctx)
{
	unsigned int rpl = operand_reg_get(ctx, operand_reg(&ctx->insn), 2) & 3;
	enum emul_result ret;
	bool less;
	u64 val;

	ret = modify_rm_fetch(ctx, 2, &val);
	if (ret != EMUL_OK)
		return ret;
	less = (val & 3) < rpl;
	if (less)
		ret = operand_rm_set(ctx, 2, (val & ~3ULL) | rpl);
	return ret == EMUL_OK ? look_finish(ctx, less) : ret;
}

/* Real and virtual-8086 mode have no descriptors. */
static enum emul_result group_6(struct emul_ctx *ctx)
{
	unsigned int n = operand_digit(&ctx->insn);

	if (!ctx->protected)
		return exec_fault(ctx, VECTOR_UD, 0);
	switch (n) {
	case 0:
		return store_selector(ctx, EMUL_LDTR);
	case 1:
		return store_selector(ctx, EMUL_TR);
	case 2:
		return load_selector(ctx, EMUL_LDTR);
	case 3:
		return load_selector(ctx, EMUL_TR);
	case 4:
		return look(ctx, verify_read);
	case 5:
		return look(ctx, verify_write);
	default:
		return EMUL_UNKNOWN;
	}
}

enum emul_result exec_desc(struct emul_ctx *ctx)
{
	unsigned int key = exec_key(&ctx->insn);

	if (key == 0x100)
		return group_6(ctx);
	if (key != 0x102 && key != 0x103 && key != 0x63)
		return EMUL_UNKNOWN;
	/* MOVSXD. */
	if (key == 0x63 && ctx->mode == EMUL_64)
		return EMUL_UNKNOWN;
	if (!ctx->protected)
		return exec_fault(ctx, VECTOR_UD, 0);
	if (key == 0x63)
		return adjust_rpl(ctx);
	return look(ctx, key == 0x102 ? load_rights : load_limit);
}
