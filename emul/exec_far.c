// SPDX-License-Identifier: GPL-2.0-only
/* JMP, CALL and RET to other code segments, and call gates. */
#include <linux/types.h>

#include "emul/exec.h"
#include "emul/far.h"
#include "emul/operand.h"
#include "emul/system.h"
#include "emul/task.h"

/* How the target was found. */
struct gate {
	bool used;
	unsigned int size;	/* of pushed values, in bytes */
	unsigned int params;
};

/* Without a gate: the same level, or conforming code of an inner one. */
static enum emul_result far_direct(struct emul_ctx *ctx, struct far *f)
{
	unsigned int dpl = descriptor_dpl(&f->d);
	bool allowed = dpl == ctx->cpl && (f->selector & 3) <= ctx->cpl;

	if (far_conforming(f))
		allowed = dpl <= ctx->cpl;
	return far_accept(ctx, f, allowed);
}

/* The code segment and the entry point that a call gate names. */
static enum emul_result gate_target(struct emul_ctx *ctx, struct far *f,
				    struct gate *g, bool call)
{
	enum emul_result ret;
	unsigned int dpl;
	bool allowed;

	g->params = ctx->long_mode ? 0 : f->d.raw >> 32 & 31;
	far_through(f, &f->d, g->size);
	ret = far_fetch(ctx, f);
	if (ret != EMUL_OK)
		return ret;
	dpl = descriptor_dpl(&f->d);
	allowed = dpl <= ctx->cpl && far_gated(ctx, f);
	if (!call && !far_conforming(f))
		allowed = allowed && dpl == ctx->cpl;
	ret = far_accept(ctx, f, allowed);
	if (ret == EMUL_OK && !far_conforming(f))
		f->cpl = dpl;
	return ret;
}

/* A TSS is a target as a gate is; a busy one is none. */
static bool gate_known(const struct emul_ctx *ctx, unsigned int type)
{
	if (type == SYSTEM_CALL)
		return true;
	return !ctx->long_mode &&
	       (type == SYSTEM_CALL16 || type == SYSTEM_TASK ||
		type == SYSTEM_TSS || type == SYSTEM_TSS16);
}

static enum emul_result far_task(struct emul_ctx *ctx, u16 selector, bool call)
{
	const struct emul_task t = {
		.source = call ? TASK_CALL : TASK_JMP, .selector = selector,
		.after = exec_after(ctx),
	};

	return task_switch(ctx, &t);
}

/* What was fetched is no code (SDM vol. 2, JMP and CALL; APM vol. 2, 4.8.3). */
static enum emul_result far_gate(struct emul_ctx *ctx, struct far *f,
				 struct gate *g, bool call)
{
	unsigned int type = descriptor_type(&f->d);
	unsigned int dpl = descriptor_dpl(&f->d);
	u32 error = selector_error(f->selector);
	enum emul_result ret;

	if (!gate_known(ctx, type) || dpl < ctx->cpl || dpl < (f->selector & 3))
		return exec_fault(ctx, X86_TRAP_GP, error);
	if (type == SYSTEM_TSS || type == SYSTEM_TSS16)
		return far_task(ctx, f->selector, call);
	if (!descriptor_present(&f->d))
		return exec_fault(ctx, X86_TRAP_NP, error);
	if (type == SYSTEM_TASK)
		return far_task(ctx, f->d.raw >> 16, call);
	g->used = true;
	g->size = ctx->long_mode ? 8 : type == SYSTEM_CALL ? 4 : 2;
	ret = descriptor_fetch_high(ctx, f->selector, &f->d);
	return ret == EMUL_OK ? gate_target(ctx, f, g, call) : ret;
}

static enum emul_result far_resolve(struct emul_ctx *ctx, struct far *f,
				    struct gate *g, bool call)
{
	enum emul_result ret;

	g->used = false;
	g->params = 0;
	g->size = ctx->insn.op_size;
	if (!ctx->protected) {
		far_real(ctx, f);
		return EMUL_OK;
	}
	f->cpl = ctx->cpl;
	ret = far_fetch(ctx, f);
	if (ret != EMUL_OK)
		return ret;
	if (descriptor_system(&f->d))
		return far_gate(ctx, f, g, call);
	return far_direct(ctx, f);
}

/* CS and RIP to return to, then the transfer itself. */
static enum emul_result call_push(struct emul_ctx *ctx, struct far *f,
				  struct stack *s, u64 after)
{
	enum emul_result ret;

	ret = far_push(s, ctx, exec_selector(ctx, SEG_CS));
	if (ret == EMUL_OK)
		ret = far_push(s, ctx, after);
	if (ret == EMUL_OK)
		ret = far_enter(ctx, f);
	return ret == EMUL_OK ? stack_write(s, ctx) : ret;
}

static enum emul_result call_same(struct emul_ctx *ctx, struct far *f,
				  const struct gate *g)
{
	enum emul_result ret;
	struct stack s;

	stack_init(&s, ctx, g->size);
	ret = call_push(ctx, f, &s, exec_after(ctx));
	return ret == EMUL_OK ? far_commit(ctx, f) : ret;
}

/* Parameters, from the old stack; the first one is at its top. */
static enum emul_result call_params(struct emul_ctx *ctx, const struct gate *g,
				    u64 *params)
{
	enum emul_result ret = EMUL_OK;
	unsigned int i;
	struct stack s;

	stack_init(&s, ctx, g->size);
	for (i = 0; i < g->params && ret == EMUL_OK; i++)
		ret = stack_pop(&s, ctx, &params[i]);
	return ret;
}

/* The old stack and the parameters on the new one. */
static enum emul_result call_frame(struct emul_ctx *ctx, struct stack *s,
				   const struct gate *g, const u64 *params)
{
	enum emul_result ret;
	unsigned int i;

	ret = far_push(s, ctx, exec_selector(ctx, SEG_SS));
	if (ret == EMUL_OK)
		ret = far_push(s, ctx, ctx->gpr[GPR_RSP]);
	for (i = g->params; i && ret == EMUL_OK; i--)
		ret = far_push(s, ctx, params[i - 1]);
	return ret;
}

static enum emul_result call_inner(struct emul_ctx *ctx, struct far *f,
				   const struct gate *g)
{
	struct stack s = { .size = g->size };
	struct x86_seg ss;
	enum emul_result ret;
	u64 after = exec_after(ctx), sp, params[31];

	ret = call_params(ctx, g, params);
	if (ret == EMUL_OK)
		ret = far_stack(ctx, f, 0, &ss, &sp);
	if (ret != EMUL_OK)
		return ret;
	stack_switch(&s, ctx, &ss, sp);
	ret = call_frame(ctx, &s, g, params);
	if (ret == EMUL_OK)
		ret = call_push(ctx, f, &s, after);
	if (ret != EMUL_OK)
		return ret;
	ctx->ops->segment_set(ctx, SEG_SS, &ss);
	return far_commit(ctx, f);
}

/* The operand: an immediate, or with ModRM a far pointer in memory. */
static enum emul_result far_operand(struct emul_ctx *ctx, struct far *f)
{
	if (ctx->insn.has_modrm)
		return exec_load_pointer(ctx, &f->rip, &f->selector);
	f->selector = ctx->insn.imm2;
	f->rip = ctx->insn.imm;
	return EMUL_OK;
}

/** exec_jmp_far - far JMP */
enum emul_result exec_jmp_far(struct emul_ctx *ctx)
{
	enum emul_result ret;
	struct gate g;
	struct far f;

	ret = far_operand(ctx, &f);
	if (ret == EMUL_OK)
		ret = far_resolve(ctx, &f, &g, false);
	if (ret == EMUL_OK)
		ret = far_enter(ctx, &f);
	return ret == EMUL_OK ? far_commit(ctx, &f) : ret;
}

/** exec_call_far - far CALL */
enum emul_result exec_call_far(struct emul_ctx *ctx)
{
	enum emul_result ret;
	struct gate g;
	struct far f;

	ret = far_operand(ctx, &f);
	if (ret == EMUL_OK)
		ret = far_resolve(ctx, &f, &g, true);
	if (ret != EMUL_OK)
		return ret;
	if (f.cpl < ctx->cpl)
		return call_inner(ctx, &f, &g);
	return call_same(ctx, &f, &g);
}

/** exec_ret_far - far RET, with or without bytes to release */
enum emul_result exec_ret_far(struct emul_ctx *ctx)
{
	u16 release = ctx->insn.imm;
	enum emul_result ret;
	struct stack s;
	struct far f;
	u64 selector;

	stack_init(&s, ctx, ctx->insn.op_size);
	ret = stack_pop(&s, ctx, &f.rip);
	if (ret == EMUL_OK)
		ret = stack_pop(&s, ctx, &selector);
	if (ret != EMUL_OK)
		return ret;
	f.selector = selector;
	if (ctx->protected) {
		ret = far_return(ctx, &f, &s, release, false);
		return ret == EMUL_OK ? far_commit(ctx, &f) : ret;
	}
	far_real(ctx, &f);
	ret = far_enter(ctx, &f);
	if (ret != EMUL_OK)
		return ret;
	s.sp = (s.sp + release) & s.mask;
	stack_finish(&s, ctx);
	return far_commit(ctx, &f);
}
