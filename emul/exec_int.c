// SPDX-License-Identifier: GPL-2.0-only
/* INT n, INT3, INTO and IRET (SDM vol. 2; APM vol. 2, 8.6 to 8.9). */
#include <linux/types.h>

#include "emul/exec.h"
#include "emul/far.h"
#include "emul/operand.h"
#include "emul/system.h"
#include "emul/task.h"
#include "emul/vme.h"

#define ERROR_IDT 2	/* the error code names an entry of the IDT */

/* @flags, CS and the address @after it, as every interrupt pushes them. */
static enum emul_result int_push(struct emul_ctx *ctx, struct stack *s,
				 u64 flags, u64 after)
{
	enum emul_result ret;

	ret = far_push(s, ctx, flags);
	if (ret == EMUL_OK)
		ret = far_push(s, ctx, exec_selector(ctx, SEG_CS));
	if (ret == EMUL_OK)
		ret = far_push(s, ctx, after);
	return ret;
}

/* Through a table of far pointers, whose entry is at @la; @clear: flags. */
static enum emul_result int_pointer(struct emul_ctx *ctx, u64 la, u64 clear)
{
	enum emul_result ret;
	struct stack s;
	struct far f;
	u16 entry[2];

	ret = implicit_read(ctx, la, entry, 4);
	if (ret != EMUL_OK)
		return ret;
	stack_init(&s, ctx, 2);
	f.rip = entry[0];
	f.selector = entry[1];
	far_real(ctx, &f);
	ret = int_push(ctx, &s, vme_pushed(ctx), exec_after(ctx));
	if (ret == EMUL_OK)
		ret = far_enter(ctx, &f);
	if (ret == EMUL_OK)
		ret = stack_write(&s, ctx);
	if (ret != EMUL_OK)
		return ret;
	ctx->rflags &= ~clear;
	return far_commit(ctx, &f);
}

/* SDM vol. 3, 20.1.4. */
static enum emul_result int_real(struct emul_ctx *ctx, u8 vector)
{
	struct x86_table idt;

	ctx->ops->table(ctx, true, &idt);
	if (4 * vector + 3 > idt.limit)
		return exec_fault(ctx, X86_TRAP_GP, 0);
	return int_pointer(ctx, idt.base + 4 * vector, X86_EFLAGS_IF |
			   X86_EFLAGS_TF | X86_EFLAGS_AC);
}

/* The program's own table, at linear address 0 (SDM vol. 3, 20.3.3, methods 5 and 6). */
static enum emul_result int_own(struct emul_ctx *ctx, u8 vector)
{
	return int_pointer(ctx, 4 * vector, X86_EFLAGS_TF |
			   (vme_virtual_if(ctx) ? X86_EFLAGS_VIF :
						  X86_EFLAGS_IF));
}

/* A gate of the IDT; @g->d is not a descriptor of the GDT. */
struct int_gate {
	struct descriptor d;
	unsigned int type;
	unsigned int ist;
	unsigned int size;	/* of pushed values, in bytes */
};

static enum emul_result gate_read(struct emul_ctx *ctx, u8 vector,
				  struct int_gate *g)
{
	unsigned int size = ctx->long_mode ? 16 : 8;
	enum emul_result ret;
	struct x86_table idt;
	u64 raw[2] = { 0 };

	ctx->ops->table(ctx, true, &idt);
	if (size * (vector + 1u) - 1 > idt.limit)
		return exec_fault(ctx, X86_TRAP_GP, 8 * vector | ERROR_IDT);
	ret = implicit_read(ctx, idt.base + size * vector, raw, size);
	g->d.raw = raw[0];
	g->d.high = raw[1];
	g->type = descriptor_type(&g->d);
	g->ist = ctx->long_mode ? raw[0] >> 32 & 7 : 0;
	g->size = ctx->long_mode ? 8 : g->type & 8 ? 4 : 2;
	return ret;
}

/* The privilege of the gate counts, as the program asked for the interrupt. */
static enum emul_result gate_check(struct emul_ctx *ctx, u8 vector,
				   const struct int_gate *g)
{
	u32 error = 8 * vector | ERROR_IDT;
	bool known = g->type == SYSTEM_INT || g->type == SYSTEM_TRAP;

	if (!ctx->long_mode)
		known = known || g->type == SYSTEM_INT16 ||
			g->type == SYSTEM_TRAP16 || g->type == SYSTEM_TASK;
	if (!known || !descriptor_system(&g->d) ||
	    descriptor_dpl(&g->d) < ctx->cpl)
		return exec_fault(ctx, X86_TRAP_GP, error);
	if (!descriptor_present(&g->d))
		return exec_fault(ctx, X86_TRAP_NP, error);
	return EMUL_OK;
}

static enum emul_result gate_code(struct emul_ctx *ctx,
				  const struct int_gate *g, struct far *f)
{
	enum emul_result ret;
	unsigned int dpl;
	bool allowed;

	far_through(f, &g->d, g->size);
	ret = far_fetch(ctx, f);
	if (ret != EMUL_OK)
		return ret;
	dpl = descriptor_dpl(&f->d);
	allowed = dpl <= ctx->cpl;
	/* Out of virtual-8086 mode to level 0 only. */
	if (exec_virtual(ctx))
		allowed = !dpl && !far_conforming(f);
	ret = far_accept(ctx, f, allowed && far_gated(ctx, f));
	f->cpl = far_conforming(f) ? ctx->cpl : dpl;
	return ret;
}

/* Long mode aligns the stack, and pushes its old pointer always. */
static enum emul_result int_stack(struct emul_ctx *ctx, const struct far *f,
				  const struct int_gate *g,
				  struct x86_seg *ss, struct stack *s)
{
	bool inner = f->cpl < ctx->cpl;
	enum emul_result ret = EMUL_OK;
	u64 sp = ctx->gpr[GPR_RSP];

	ctx->ops->segment(ctx, SEG_SS, ss);
	s->size = g->size;
	if (inner || g->ist)
		ret = far_stack(ctx, f, g->ist, ss, &sp);
	if (ret != EMUL_OK)
		return ret;
	if (inner || ctx->long_mode) {
		ctx->mode = f->mode;
		stack_switch(s, ctx, ss, ctx->long_mode ? sp & ~15ULL : sp);
	} else {
		stack_init(s, ctx, g->size);
	}
	return EMUL_OK;
}

/*
 * All that is pushed, in this order.  The monitor of a virtual-8086 task gets flags as
 * they are, IOPL and IF (SDM vol. 3, 20.3.1.1).
 */
static enum emul_result int_frame(struct emul_ctx *ctx, struct stack *s,
				  u64 after)
{
	static const u8 segs[] = { SEG_GS, SEG_FS, SEG_DS, SEG_ES };
	unsigned int i, n = exec_virtual(ctx) ? sizeof(segs) : 0;
	enum emul_result ret = EMUL_OK;

	for (i = 0; i < n && ret == EMUL_OK; i++)
		ret = far_push(s, ctx, exec_selector(ctx, segs[i]));
	if (ctx->stack && ret == EMUL_OK)
		ret = far_push(s, ctx, exec_selector(ctx, SEG_SS));
	if (ctx->stack && ret == EMUL_OK)
		ret = far_push(s, ctx, ctx->gpr[GPR_RSP]);
	if (ret == EMUL_OK)
		ret = int_push(ctx, s, ctx->rflags & ~X86_EFLAGS_RF, after);
	return ret;
}

static void int_commit(struct emul_ctx *ctx, const struct int_gate *g,
		       const struct x86_seg *ss)
{
	const struct x86_seg none = { 0 };
	u64 clear = X86_EFLAGS_TF | X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_VM;

	if (exec_virtual(ctx)) {
		ctx->ops->segment_set(ctx, SEG_ES, &none);
		ctx->ops->segment_set(ctx, SEG_DS, &none);
		ctx->ops->segment_set(ctx, SEG_FS, &none);
		ctx->ops->segment_set(ctx, SEG_GS, &none);
	}
	if (ctx->stack)
		ctx->ops->segment_set(ctx, SEG_SS, ss);
	/* Interrupt gates have even numbers, trap gates odd ones. */
	if (!(g->type & 1))
		clear |= X86_EFLAGS_IF;
	ctx->rflags &= ~clear;
}

static enum emul_result int_task(struct emul_ctx *ctx, u8 vector,
				 const struct int_gate *g)
{
	const struct emul_task t = {
		.source = TASK_INT, .selector = g->d.raw >> 16,
		.vector = vector, .after = exec_after(ctx),
	};

	return task_switch(ctx, &t);
}

static enum emul_result int_handler(struct emul_ctx *ctx, struct int_gate *g)
{
	u64 after = exec_after(ctx);
	struct x86_seg ss;
	enum emul_result ret;
	struct stack s;
	struct far f;

	ret = gate_code(ctx, g, &f);
	if (ret != EMUL_OK)
		return ret;
	/* The handler's, in virtual-8086 mode too. */
	ctx->protected = true;
	ret = int_stack(ctx, &f, g, &ss, &s);
	if (ret == EMUL_OK)
		ret = int_frame(ctx, &s, after);
	if (ret == EMUL_OK)
		ret = far_enter(ctx, &f);
	if (ret == EMUL_OK)
		ret = stack_write(&s, ctx);
	if (ret != EMUL_OK)
		return ret;
	int_commit(ctx, g, &ss);
	return far_commit(ctx, &f);
}

static enum emul_result int_protected(struct emul_ctx *ctx, u8 vector)
{
	enum emul_result ret;
	struct int_gate g;

	ret = gate_read(ctx, vector, &g);
	if (ret == EMUL_OK)
		ret = gate_check(ctx, vector, &g);
	if (ret != EMUL_OK)
		return ret;
	return g.type == SYSTEM_TASK ? int_task(ctx, vector, &g) :
				       int_handler(ctx, &g);
}

static enum emul_result int_deliver(struct emul_ctx *ctx, u8 vector)
{
	if (ctx->protected || exec_virtual(ctx))
		return int_protected(ctx, vector);
	return int_real(ctx, vector);
}

enum emul_result emul_interrupt_real(struct emul_ctx *ctx, u8 vector)
{
	enum emul_result ret;

	/* What it returns to is the instruction that has not begun. */
	ctx->insn.len = 0;
	ret = int_real(ctx, vector);
	return ret == EMUL_JUMP ? EMUL_OK : ret;
}

/** exec_int3 - INT3 */
enum emul_result exec_int3(struct emul_ctx *ctx)
{
	return int_deliver(ctx, X86_TRAP_BP);
}

/** exec_into - INTO */
enum emul_result exec_into(struct emul_ctx *ctx)
{
	return ctx->rflags & X86_EFLAGS_OF ? int_deliver(ctx, X86_TRAP_OF) :
					     EMUL_OK;
}

/** exec_int - INT n, the only one that IOPL guards in virtual-8086 mode */
enum emul_result exec_int(struct emul_ctx *ctx)
{
	enum emul_result ret;
	bool own;

	ret = vme_redirected(ctx, ctx->insn.imm, &own);
	if (ret != EMUL_OK)
		return ret;
	return own ? int_own(ctx, ctx->insn.imm) :
		     int_deliver(ctx, ctx->insn.imm);
}

/* The flags that IRET changes, but on the way back to virtual-8086 mode. */
static u64 iret_flags(const struct emul_ctx *ctx)
{
	unsigned int size = ctx->insn.op_size;
	u64 mask = exec_flags_writable(ctx, size);

	if (size > 2)
		mask |= X86_EFLAGS_RF;
	if (size > 2 && ctx->protected && !ctx->cpl)
		mask |= X86_EFLAGS_VIF | X86_EFLAGS_VIP;
	return mask;
}

/* What IRET changes; of 32 bits it brings RF back, as exec_jump() does not know. */
static enum emul_result iret_commit(struct emul_ctx *ctx, const struct far *f,
				    u64 mask, u64 flags)
{
	u64 rflags = (ctx->rflags & ~(mask | X86_EFLAGS_RF)) | (flags & mask);

	far_commit(ctx, f);
	ctx->rflags = rflags;
	return EMUL_JUMP;
}

static enum emul_result iret_real(struct emul_ctx *ctx, struct far *f,
				  struct stack *s, u64 flags)
{
	u64 mask = iret_flags(ctx);
	enum emul_result ret;

	ret = vme_popped(ctx, &flags, &mask);
	far_real(ctx, f);
	if (ret == EMUL_OK)
		ret = far_enter(ctx, f);
	if (ret != EMUL_OK)
		return ret;
	stack_finish(s, ctx);
	return iret_commit(ctx, f, mask, flags);
}

/* Back to virtual-8086 mode: six more values (SDM vol. 3, 20.2.3). */
static enum emul_result iret_virtual(struct emul_ctx *ctx, struct far *f,
				     struct stack *s, u64 flags)
{
	static const u8 order[] = {
		SEG_NONE, SEG_SS, SEG_ES, SEG_DS, SEG_FS, SEG_GS,
	};
	enum emul_result ret = EMUL_OK;
	struct x86_seg seg;
	u64 val[sizeof(order)];
	unsigned int i;

	for (i = 0; i < sizeof(order) && ret == EMUL_OK; i++)
		ret = stack_pop(s, ctx, &val[i]);
	if (ret == EMUL_OK && f->rip > 0xffff)
		ret = exec_fault(ctx, X86_TRAP_GP, 0);
	if (ret != EMUL_OK)
		return ret;
	ctx->rflags = (flags & RFLAGS_BITS) | X86_EFLAGS_FIXED;
	ctx->protected = false;
	for (i = 1; i < sizeof(order); i++) {
		segment_load(ctx, order[i], val[i], &seg);
		ctx->ops->segment_set(ctx, order[i], &seg);
	}
	far_real(ctx, f);
	f->cpl = 3;
	ctx->gpr[GPR_RSP] = val[0];
	return iret_commit(ctx, f, ~0ULL, ctx->rflags);
}

static enum emul_result iret_protected(struct emul_ctx *ctx, struct far *f,
				       struct stack *s, u64 flags)
{
	enum emul_result ret = far_return(ctx, f, s, 0, ctx->mode == EMUL_64);

	/* The flags are those of the level that is left. */
	return ret == EMUL_OK ? iret_commit(ctx, f, iret_flags(ctx), flags) :
				ret;
}

static enum emul_result iret_stack(struct emul_ctx *ctx)
{
	enum emul_result ret;
	u64 selector, flags;
	struct stack s;
	struct far f;

	stack_init(&s, ctx, ctx->insn.op_size);
	ret = stack_pop(&s, ctx, &f.rip);
	if (ret == EMUL_OK)
		ret = stack_pop(&s, ctx, &selector);
	if (ret == EMUL_OK)
		ret = stack_pop(&s, ctx, &flags);
	if (ret != EMUL_OK)
		return ret;
	f.selector = selector;
	if (!ctx->protected)
		return iret_real(ctx, &f, &s, flags);
	if (flags & X86_EFLAGS_VM && !ctx->cpl && !ctx->long_mode)
		return iret_virtual(ctx, &f, &s, flags);
	return iret_protected(ctx, &f, &s, flags);
}

/** exec_iret - IRET; with NT it is the return from a task, which long mode lacks */
enum emul_result exec_iret(struct emul_ctx *ctx)
{
	if (!ctx->protected || !(ctx->rflags & X86_EFLAGS_NT))
		return iret_stack(ctx);
	return ctx->long_mode ? exec_fault(ctx, X86_TRAP_GP, 0) :
				task_return(ctx);
}
