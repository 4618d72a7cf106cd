// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>

#include "emul/exec.h"
#include "emul/far.h"
#include "emul/system.h"

void far_real(struct emul_ctx *ctx, struct far *f)
{
	segment_load(ctx, SEG_CS, f->selector, &f->cs);
	f->cpl = ctx->cpl;
	f->mode = ctx->mode;
}

enum emul_result far_fetch(struct emul_ctx *ctx, struct far *f)
{
	if (selector_null(f->selector))
		return exec_fault(ctx, X86_TRAP_GP, 0);
	return descriptor_fetch(ctx, f->selector, X86_TRAP_GP, &f->d);
}

void far_through(struct far *f, const struct descriptor *gate,
		 unsigned int size)
{
	u64 raw = gate->raw;

	f->selector = raw >> 16;
	f->rip = (raw & 0xffff) | gate->high << 32;
	if (size > 2)
		f->rip |= raw >> 32 & 0xffff0000;
}

bool far_conforming(const struct far *f)
{
	return descriptor_type(&f->d) & SEG_CONFORMING;
}

bool far_gated(const struct emul_ctx *ctx, const struct far *f)
{
	return !ctx->long_mode || f->d.raw >> 53 & 1;
}

static enum emul_mode far_mode(const struct emul_ctx *ctx, u16 attr)
{
	if (ctx->long_mode && attr & SEG_L)
		return EMUL_64;
	return attr & SEG_DB ? EMUL_32 : EMUL_16;
}

/* In long mode L and D together are reserved (APM vol. 2, 4.8.1). */
enum emul_result far_accept(struct emul_ctx *ctx, struct far *f, bool allowed)
{
	u32 error = selector_error(f->selector);

	descriptor_unpack(&f->d, f->selector, &f->cs);
	f->mode = far_mode(ctx, f->cs.attr);
	if (descriptor_system(&f->d) ||
	    !(descriptor_type(&f->d) & SEG_CODE) || !allowed ||
	    (f->mode == EMUL_64 && f->cs.attr & SEG_DB))
		return exec_fault(ctx, X86_TRAP_GP, error);
	if (!descriptor_present(&f->d))
		return exec_fault(ctx, X86_TRAP_NP, error);
	/* Intel's drop the upper half of an offset into other than 64-bit code. */
	if (!ctx->amd && f->mode != EMUL_64)
		f->rip = (u32)f->rip;
	return EMUL_OK;
}

/* Limit or canonical form count as the target's mode says. */
static enum emul_result far_target(struct emul_ctx *ctx, const struct far *f)
{
	enum emul_mode mode = ctx->mode;
	enum emul_result ret;

	ctx->mode = f->mode;
	ret = exec_target(ctx, &f->cs, f->rip);
	ctx->mode = mode;
	return ret;
}

enum emul_result far_enter(struct emul_ctx *ctx, struct far *f)
{
	enum emul_result ret = far_target(ctx, f);

	if (ret != EMUL_OK || !ctx->protected)
		return ret;
	f->cs.attr |= SEG_ACCESSED;
	f->cs.selector = selector_error(f->selector) | f->cpl;
	return descriptor_mark(ctx, &f->d, SEG_ACCESSED);
}

enum emul_result far_commit(struct emul_ctx *ctx, const struct far *f)
{
	ctx->ops->segment_set(ctx, SEG_CS, &f->cs);
	ctx->cpl = f->cpl;
	return exec_jump(ctx, f->rip);
}

/* Where the TSS has the stack of level @cpl (SDM vol. 3, 7.2.1 and 7.6). */
struct tss_place {
	unsigned int offset;
	unsigned int size;	/* of the stack pointer; SS follows it */
	unsigned int len;
};

static struct tss_place tss_place(const struct emul_ctx *ctx, u16 attr,
				  unsigned int cpl, unsigned int ist)
{
	unsigned int type = attr & SEG_TYPE & ~SYSTEM_BUSY;

	if (ctx->long_mode && ist)
		return (struct tss_place){ 0x24 + 8 * (ist - 1), 8, 8 };
	if (ctx->long_mode)
		return (struct tss_place){ 4 + 8 * cpl, 8, 8 };
	if (type == SYSTEM_TSS16)
		return (struct tss_place){ 2 + 4 * cpl, 2, 4 };
	return (struct tss_place){ 4 + 8 * cpl, 4, 6 };
}

enum emul_result far_stack(struct emul_ctx *ctx, const struct far *f,
			   unsigned int ist, struct x86_seg *ss, u64 *sp)
{
	const struct stack_rules rules = {
		.cpl = f->cpl, .vector = X86_TRAP_TS, .wide = ctx->long_mode,
	};
	struct x86_seg tr;
	enum emul_result ret;
	struct tss_place at;
	u8 buf[8];
	bool same;

	ctx->ops->segment(ctx, SEG_TR, &tr);
	at = tss_place(ctx, tr.attr, f->cpl, ist);
	if (at.offset + at.len - 1 > tr.limit)
		return exec_fault(ctx, X86_TRAP_TS, selector_error(tr.selector));
	ret = implicit_read(ctx, tr.base + at.offset, buf, at.len);
	if (ret != EMUL_OK)
		return ret;
	*sp = 0;
	for (; at.size; at.size--)
		*sp = *sp << 8 | buf[at.size - 1];
	same = ctx->cpl == f->cpl;
	ctx->cpl = f->cpl;
	ctx->mode = f->mode;
	if (same)
		return EMUL_OK;
	if (ctx->long_mode)
		return segment_load_stack(ctx, f->cpl, &rules, ss);
	return segment_load_stack(ctx, buf[at.len - 2] | buf[at.len - 1] << 8,
				  &rules, ss);
}

enum emul_result far_push(struct stack *s, struct emul_ctx *ctx, u64 val)
{
	enum emul_result ret = stack_push(s, ctx, val);

	if (ret == EMUL_FAULT && ctx->fault.vector == X86_TRAP_SS &&
	    ctx->stack && ctx->mode != EMUL_64)
		ctx->fault.error = selector_error(ctx->stack->selector);
	return ret;
}

/* Data, or code that is not conforming, of a level further in. */
static bool segment_is_inner(const struct x86_seg *seg, u8 cpl)
{
	const u16 conforming = SEG_CODE | SEG_CONFORMING;

	return (seg->attr & SEG_DPL) >> 5 < cpl &&
	       (seg->attr & conforming) != conforming;
}

/*
 * Data segments that the outer level may not use become null, with a base of 0.
 * What is null already has none to lose: FS and GS keep their bases.  Intel's
 * forget the RPL of its selector (SDM vol. 2, RET; APM vol. 3, RETF).
 */
static void drop_segments(struct emul_ctx *ctx, u8 cpl)
{
	static const u8 segs[] = { SEG_ES, SEG_DS, SEG_FS, SEG_GS };
	const u16 usable = SEG_P | SEG_S;
	struct x86_seg seg;
	unsigned int i;

	for (i = 0; i < sizeof(segs); i++) {
		ctx->ops->segment(ctx, segs[i], &seg);
		if ((seg.attr & usable) != usable) {
			if (!ctx->amd && selector_null(seg.selector))
				seg.selector = 0;
		} else if (segment_is_inner(&seg, cpl)) {
			seg = (struct x86_seg){ 0 };
		}
		ctx->ops->segment_set(ctx, segs[i], &seg);
	}
}

/* The stack that was popped: to @ss and @s, where nothing fails any more. */
static enum emul_result return_stack(struct emul_ctx *ctx, struct far *f,
				     struct stack *s, struct x86_seg *ss)
{
	struct stack_rules rules = {
		.cpl = f->cpl, .vector = X86_TRAP_GP,
		.wide = f->mode == EMUL_64,
	};
	enum emul_result ret;
	u64 sp, selector;

	ret = stack_pop(s, ctx, &sp);
	if (ret == EMUL_OK)
		ret = stack_pop(s, ctx, &selector);
	if (ret == EMUL_OK)
		ret = segment_load_stack(ctx, selector, &rules, ss);
	if (ret != EMUL_OK)
		return ret;
	s->mask = stack_mask(f->mode, ss);
	s->sp = sp;
	return EMUL_OK;
}

enum emul_result far_return(struct emul_ctx *ctx, struct far *f,
			    struct stack *s, u16 release, bool always)
{
	enum emul_result ret;
	struct x86_seg ss;
	bool outer, allowed;

	f->cpl = f->selector & 3;
	outer = f->cpl > ctx->cpl;
	always = always || outer;
	ret = far_fetch(ctx, f);
	if (ret != EMUL_OK)
		return ret;
	allowed = far_conforming(f) ? descriptor_dpl(&f->d) <= f->cpl :
				      descriptor_dpl(&f->d) == f->cpl;
	ret = far_accept(ctx, f, allowed && f->cpl >= ctx->cpl);
	/* AMD's processors check RIP before they look at the stack, Intel's after it. */
	if (ret == EMUL_OK && ctx->amd)
		ret = far_target(ctx, f);
	s->sp = (s->sp + release) & s->mask;
	if (ret == EMUL_OK && always)
		ret = return_stack(ctx, f, s, &ss);
	if (ret == EMUL_OK)
		ret = far_enter(ctx, f);
	if (ret != EMUL_OK)
		return ret;
	if (outer)
		s->sp += release;
	s->sp &= s->mask;
	if (always)
		ctx->ops->segment_set(ctx, SEG_SS, &ss);
	if (outer)
		drop_segments(ctx, f->cpl);
	stack_finish(s, ctx);
	return EMUL_OK;
}
