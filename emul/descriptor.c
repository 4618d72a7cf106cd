// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>
#include <linux/string.h>

#include "emul/descriptor.h"
#include "emul/system.h"

#define SELECTOR_TI 4

enum emul_result implicit_read(struct emul_ctx *ctx, u64 la, void *buf,
			       unsigned int len)
{
	enum emul_result ret;

	ctx->implicit = true;
	ret = ctx->ops->read(ctx, ctx->long_mode ? la : (u32)la, buf, len);
	ctx->implicit = false;
	return ret;
}

enum emul_result implicit_write(struct emul_ctx *ctx, u64 la, const void *buf,
				unsigned int len)
{
	enum emul_result ret;

	ctx->implicit = true;
	ret = ctx->ops->write(ctx, ctx->long_mode ? la : (u32)la, buf, len);
	ctx->implicit = false;
	return ret;
}

enum emul_result implicit_probe(struct emul_ctx *ctx, u64 la, unsigned int len)
{
	enum emul_result ret;

	ctx->implicit = true;
	ret = ctx->ops->probe(ctx, ctx->long_mode ? la : (u32)la, len, true);
	ctx->implicit = false;
	return ret;
}

/* Is the @len th byte from the descriptor's first within its table? */
static bool descriptor_place(struct emul_ctx *ctx, u16 selector,
			     unsigned int len, u64 *la)
{
	unsigned int offset = selector & 0xfff8;
	struct x86_seg ldt;
	struct x86_table gdt;

	if (selector & SELECTOR_TI) {
		ctx->ops->segment(ctx, SEG_LDTR, &ldt);
		*la = ldt.base + offset;
		return ldt.attr & SEG_P && offset + len - 1 <= ldt.limit;
	}
	ctx->ops->table(ctx, false, &gdt);
	*la = gdt.base + offset;
	return offset + len - 1 <= gdt.limit;
}

enum emul_result descriptor_find(struct emul_ctx *ctx, u16 selector,
				 struct descriptor *d, bool *found)
{
	d->high = 0;
	*found = descriptor_place(ctx, selector, 8, &d->la);
	if (!*found)
		return EMUL_OK;
	return implicit_read(ctx, d->la, &d->raw, 8);
}

enum emul_result descriptor_fetch(struct emul_ctx *ctx, u16 selector,
				  u8 vector, struct descriptor *d)
{
	enum emul_result ret;
	bool found;

	ret = descriptor_find(ctx, selector, d, &found);
	if (ret == EMUL_OK && !found)
		ret = exec_fault(ctx, vector, selector_error(selector));
	return ret;
}

/* APM vol. 2, 4.8.3: where a second descriptor had its type there is 0. */
enum emul_result descriptor_fetch_high(struct emul_ctx *ctx, u16 selector,
				       struct descriptor *d)
{
	enum emul_result ret;

	if (!ctx->long_mode)
		return EMUL_OK;
	if (!descriptor_place(ctx, selector, 16, &d->la))
		return exec_fault(ctx, X86_TRAP_GP, selector_error(selector));
	ret = implicit_read(ctx, d->la + 8, &d->high, 8);
	if (ret == EMUL_OK && d->high >> 40 & 0x1f)
		ret = exec_fault(ctx, X86_TRAP_GP, selector_error(selector));
	return ret;
}

/* The byte with the type becomes @new. */
static enum emul_result descriptor_retype(struct emul_ctx *ctx,
					  struct descriptor *d, u8 new)
{
	u8 old = d->raw >> 40;
	u64 la = d->la + 5;
	enum emul_result ret;

	if (old == new)
		return EMUL_OK;
	ctx->implicit = true;
	ret = ctx->ops->exchange(ctx, ctx->long_mode ? la : (u32)la, &old, &new,
				 1);
	ctx->implicit = false;
	if (ret == EMUL_OK)
		d->raw ^= (u64)(old ^ new) << 40;
	return ret;
}

enum emul_result descriptor_mark(struct emul_ctx *ctx, struct descriptor *d,
				 unsigned int bits)
{
	return descriptor_retype(ctx, d, d->raw >> 40 | bits);
}

enum emul_result descriptor_unmark(struct emul_ctx *ctx, struct descriptor *d,
				   unsigned int bits)
{
	return descriptor_retype(ctx, d, d->raw >> 40 & ~bits);
}

void descriptor_unpack(const struct descriptor *d, u16 selector,
		       struct x86_seg *out)
{
	out->selector = selector;
	out->attr = descriptor_attr(d);
	out->limit = (d->raw & 0xffff) | (d->raw >> 32 & 0xf0000);
	if (out->attr & SEG_G)
		out->limit = out->limit << 12 | 0xfff;
	out->base = (d->raw >> 16 & 0xffffff) | (d->raw >> 32 & 0xff000000);
	if (descriptor_system(d))
		out->base |= d->high << 32;
}

/* A null SS keeps the privilege level, as nothing else of the segment does. */
static enum emul_result load_null_stack(struct emul_ctx *ctx, u16 selector,
					const struct stack_rules *rules,
					struct x86_seg *out)
{
	if (!rules->wide || rules->cpl == 3 || (selector & 3) != rules->cpl)
		return exec_fault(ctx, rules->vector, 0);
	memset(out, 0, sizeof(*out));
	out->selector = selector;
	out->attr = rules->cpl << 5;
	return EMUL_OK;
}

/* SDM vol. 2, MOV: loading SS. */
enum emul_result segment_load_stack(struct emul_ctx *ctx, u16 selector,
				    const struct stack_rules *rules,
				    struct x86_seg *out)
{
	enum emul_result ret;
	struct descriptor d;

	if (selector_null(selector))
		return load_null_stack(ctx, selector, rules, out);
	ret = descriptor_fetch(ctx, selector, rules->vector, &d);
	if (ret != EMUL_OK)
		return ret;
	if ((selector & 3) != rules->cpl ||
	    !type_allows(descriptor_attr(&d), true) ||
	    descriptor_dpl(&d) != rules->cpl)
		return exec_fault(ctx, rules->vector, selector_error(selector));
	if (!descriptor_present(&d))
		return exec_fault(ctx, X86_TRAP_SS, selector_error(selector));
	ret = descriptor_mark(ctx, &d, SEG_ACCESSED);
	descriptor_unpack(&d, selector, out);
	return ret;
}

/* Data, or code that can be read, for both CPL and RPL. */
static bool data_allowed(const struct emul_ctx *ctx, u16 selector,
			 const struct descriptor *d)
{
	unsigned int type = descriptor_type(d), dpl = descriptor_dpl(d);

	if (!type_allows(descriptor_attr(d), false))
		return false;
	if (type & SEG_CODE && type & SEG_CONFORMING)
		return true;
	return dpl >= ctx->cpl && dpl >= (selector & 3);
}

/* SDM vol. 2, MOV: loading DS, ES, FS or GS. */
enum emul_result segment_load_data(struct emul_ctx *ctx, u16 selector,
				   u8 vector, struct x86_seg *out)
{
	enum emul_result ret;
	struct descriptor d;

	if (selector_null(selector)) {
		memset(out, 0, sizeof(*out));
		out->selector = selector;
		return EMUL_OK;
	}
	ret = descriptor_fetch(ctx, selector, vector, &d);
	if (ret != EMUL_OK)
		return ret;
	if (!data_allowed(ctx, selector, &d))
		return exec_fault(ctx, vector, selector_error(selector));
	if (!descriptor_present(&d))
		return exec_fault(ctx, X86_TRAP_NP, selector_error(selector));
	ret = descriptor_mark(ctx, &d, SEG_ACCESSED);
	descriptor_unpack(&d, selector, out);
	return ret;
}

/*
 * In real mode limit and attributes stay; in virtual-8086 mode they are fixed
 * (APM vol. 2, 4.5.1 and SDM vol. 3, 20.2.1).
 */
static void load_real(struct emul_ctx *ctx, enum x86_seg_nr seg, u16 selector,
		      struct x86_seg *out)
{
	ctx->ops->segment(ctx, seg, out);
	out->selector = selector;
	out->base = (u32)selector << 4;
	if (!exec_virtual(ctx))
		return;
	out->limit = 0xffff;
	out->attr = SEG_P | SEG_DPL | SEG_S |
		    SEG_WRITABLE | SEG_ACCESSED;
}

enum emul_result segment_load(struct emul_ctx *ctx, enum x86_seg_nr seg,
			      u16 selector, struct x86_seg *out)
{
	const struct stack_rules rules = {
		.cpl = ctx->cpl, .vector = X86_TRAP_GP,
		.wide = ctx->mode == EMUL_64,
	};

	if (!ctx->protected) {
		load_real(ctx, seg, selector, out);
		return EMUL_OK;
	}
	if (seg == SEG_SS)
		return segment_load_stack(ctx, selector, &rules, out);
	return segment_load_data(ctx, selector, X86_TRAP_GP, out);
}
