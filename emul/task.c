// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "emul/descriptor.h"
#include "emul/exec.h"
#include "emul/stack.h"
#include "emul/system.h"
#include "emul/task.h"

#define DR6_BT		0x8000

/*
 * The part of a TSS that a switch saves and loads: EIP, EFLAGS, eight general and
 * six segment registers, in this order, @unit bytes each (SDM vol. 3, figures 7-2
 * and 7-10).  The 16-bit one has neither FS, GS, CR3 nor the T flag.
 */
enum { TASK_EIP, TASK_EFLAGS, TASK_GPR, TASK_SEG = 10, TASK_WORDS = 16 };

struct tss_layout {
	u8 unit;
	u8 words;
	u8 state;	/* offset of the first one */
	u8 ldt;
	u8 bytes;	/* least size of the segment */
};

static const struct tss_layout tss_16 = { 2, 14, 0x0e, 0x2a, 0x2c };
static const struct tss_layout tss_32 = { 4, 16, 0x20, 0x60, 0x68 };

#define TSS_CR3		0x1c
#define TSS_TRAP	0x64
#define TSS_BYTES_MAX	0x68

static const struct tss_layout *tss_layout(u16 attr)
{
	return attr & 8 ? &tss_32 : &tss_16;
}

/**
 * struct task - the new task
 * @t: how it is come to
 * @layout: of its TSS
 * @d: descriptor of its TSS
 * @tr: what TR becomes
 * @word: the registers
 * @ldt: selector of its LDT
 * @cr3: its page tables
 * @trap: T: a debug trap before its first instruction
 */
struct task {
	const struct emul_task *t;
	const struct tss_layout *layout;
	struct descriptor d;
	struct x86_seg tr;
	u32 word[TASK_WORDS];
	u16 ldt;
	u32 cr3;
	bool trap;
};

/* A TSS that is free, or busy for the return to it. */
static bool task_type(const struct task *n)
{
	unsigned int busy = n->t->source == TASK_IRET ? SYSTEM_BUSY : 0;
	unsigned int type = descriptor_type(&n->d) ^ busy;

	return descriptor_system(&n->d) &&
	       (type == SYSTEM_TSS || type == SYSTEM_TSS16);
}

/* SDM vol. 3, table 7-1, up to the limit. */
static enum emul_result task_find(struct emul_ctx *ctx, struct task *n)
{
	u8 vector = n->t->source == TASK_IRET ? X86_TRAP_TS : X86_TRAP_GP;
	u16 selector = n->t->selector;
	u32 error = selector_error(selector);
	enum emul_result ret;

	if (selector & 4)
		return exec_fault(ctx, vector, error);
	ret = descriptor_fetch(ctx, selector, vector, &n->d);
	if (ret != EMUL_OK)
		return ret;
	if (!task_type(n))
		return exec_fault(ctx, vector, error);
	if (!descriptor_present(&n->d))
		return exec_fault(ctx, X86_TRAP_NP, error);
	descriptor_unpack(&n->d, selector, &n->tr);
	n->layout = tss_layout(n->tr.attr);
	n->tr.attr |= SYSTEM_BUSY;
	if (n->tr.limit < n->layout->bytes - 1u)
		return exec_fault(ctx, X86_TRAP_TS, error);
	return EMUL_OK;
}

static u32 tss_word(const u8 *tss, unsigned int at, unsigned int size)
{
	u32 val = 0;

	memcpy(&val, tss + at, size);
	return val;
}

static enum emul_result task_read(struct emul_ctx *ctx, struct task *n)
{
	const struct tss_layout *l = n->layout;
	enum emul_result ret = EMUL_OK;
	u8 tss[TSS_BYTES_MAX] = { 0 };
	unsigned int i, len;

	for (i = 0; i < l->bytes && ret == EMUL_OK; i += len) {
		len = min(l->bytes - i, 64u);
		ret = implicit_read(ctx, n->tr.base + i, tss + i, len);
	}
	if (ret != EMUL_OK)
		return ret;
	memset(n->word, 0, sizeof(n->word));
	for (i = 0; i < l->words; i++)
		n->word[i] = tss_word(tss, l->state + i * l->unit, l->unit);
	n->ldt = tss_word(tss, l->ldt, 2);
	n->cr3 = tss_word(tss, TSS_CR3, 4);
	n->trap = l == &tss_32 && tss[TSS_TRAP] & 1;
	return EMUL_OK;
}

/* ------------------------------------------------------------------------ */
/* Leaving the old task. */

static u32 old_flags(const struct emul_ctx *ctx, const struct emul_task *t)
{
	u32 flags = ctx->rflags & ~X86_EFLAGS_RF;

	if (t->source == TASK_IRET)
		flags &= ~X86_EFLAGS_NT;
	return t->resume ? flags | X86_EFLAGS_RF : flags;
}

static enum emul_result old_save(struct emul_ctx *ctx,
				 const struct x86_seg *tr,
				 const struct emul_task *t)
{
	const struct tss_layout *l = tss_layout(tr->attr);
	u32 word[TASK_WORDS] = { t->after, old_flags(ctx, t) };
	u8 buf[TASK_WORDS * 4];
	unsigned int i;

	for (i = 0; i < 8; i++)
		word[TASK_GPR + i] = ctx->gpr[i];
	for (i = SEG_ES; i <= SEG_GS; i++)
		word[TASK_SEG + i] = exec_selector(ctx, i);
	for (i = 0; i < l->words; i++)
		memcpy(buf + i * l->unit, &word[i], l->unit);
	return implicit_write(ctx, tr->base + l->state, buf,
			      l->words * l->unit);
}

/* Does the old task wait for the new one's IRET? */
static bool task_nests(const struct emul_task *t)
{
	return t->source == TASK_CALL || t->source == TASK_INT;
}

/* May all be written that is going to be?  The old task's descriptor is the first. */
static enum emul_result task_probe(struct emul_ctx *ctx, const struct task *n,
				   const struct x86_seg *tr)
{
	const struct tss_layout *l = tss_layout(tr->attr);
	enum emul_result ret;

	ret = implicit_probe(ctx, tr->base + l->state, l->words * l->unit);
	if (ret == EMUL_OK && task_nests(n->t))
		ret = implicit_probe(ctx, n->tr.base, 2);
	if (ret == EMUL_OK && n->t->source != TASK_IRET)
		ret = implicit_probe(ctx, n->d.la, 8);
	return ret;
}

/*
 * Save the old task, and set and clear what says who is busy.  The bits come first:
 * the instruction may be executed again when another processor changes them.
 */
static enum emul_result task_leave(struct emul_ctx *ctx, struct task *n)
{
	bool nested = task_nests(n->t), found = false;
	struct descriptor old;
	struct x86_seg tr;
	enum emul_result ret = EMUL_OK;

	ctx->ops->segment(ctx, SEG_TR, &tr);
	if (!nested)
		ret = descriptor_find(ctx, tr.selector, &old, &found);
	if (ret == EMUL_OK)
		ret = task_probe(ctx, n, &tr);
	if (ret == EMUL_OK && found)
		ret = descriptor_unmark(ctx, &old, SYSTEM_BUSY);
	if (ret == EMUL_OK)
		ret = descriptor_mark(ctx, &n->d, SYSTEM_BUSY);
	if (ret == EMUL_OK)
		ret = old_save(ctx, &tr, n->t);
	if (ret == EMUL_OK && nested)
		ret = implicit_write(ctx, n->tr.base, &tr.selector, 2);
	/* A task that comes back to itself finds what was saved. */
	if (ret == EMUL_OK && tr.base == n->tr.base)
		ret = task_read(ctx, n);
	return ret;
}

/* ------------------------------------------------------------------------ */
/* Entering the new one: from here on faults are its own. */

static enum emul_result task_fault(struct emul_ctx *ctx, u8 vector, u16 selector)
{
	return exec_fault(ctx, vector, selector_error(selector));
}

static enum emul_result task_ldt(struct emul_ctx *ctx, u16 selector)
{
	struct x86_seg ldt = { .selector = selector };
	enum emul_result ret;
	struct descriptor d;

	ctx->ops->segment_set(ctx, SEG_LDTR, &ldt);
	if (selector & 4)
		return task_fault(ctx, X86_TRAP_TS, selector);
	if (selector_null(selector))
		return EMUL_OK;
	ret = descriptor_fetch(ctx, selector, X86_TRAP_TS, &d);
	if (ret != EMUL_OK)
		return ret;
	if (!descriptor_system(&d) || descriptor_type(&d) != SYSTEM_LDT ||
	    !descriptor_present(&d))
		return task_fault(ctx, X86_TRAP_TS, selector);
	descriptor_unpack(&d, selector, &ldt);
	ctx->ops->segment_set(ctx, SEG_LDTR, &ldt);
	return EMUL_OK;
}

static bool task_code_allowed(const struct descriptor *d, unsigned int rpl)
{
	unsigned int type = descriptor_type(d), dpl = descriptor_dpl(d);

	if (descriptor_system(d) || !(type & SEG_CODE))
		return false;
	return type & SEG_CONFORMING ? dpl <= rpl : dpl == rpl;
}

static enum emul_result task_code(struct emul_ctx *ctx, u16 selector)
{
	struct x86_seg cs;
	enum emul_result ret;
	struct descriptor d;

	if (selector_null(selector))
		return task_fault(ctx, X86_TRAP_TS, selector);
	ret = descriptor_fetch(ctx, selector, X86_TRAP_TS, &d);
	if (ret != EMUL_OK)
		return ret;
	if (!task_code_allowed(&d, ctx->cpl))
		return task_fault(ctx, X86_TRAP_TS, selector);
	if (!descriptor_present(&d))
		return task_fault(ctx, X86_TRAP_NP, selector);
	ret = descriptor_mark(ctx, &d, SEG_ACCESSED);
	if (ret != EMUL_OK)
		return ret;
	descriptor_unpack(&d, selector, &cs);
	ctx->ops->segment_set(ctx, SEG_CS, &cs);
	return EMUL_OK;
}

static enum emul_result task_data(struct emul_ctx *ctx, enum x86_seg_nr seg,
				  u16 selector)
{
	const struct stack_rules rules = { .cpl = ctx->cpl, .vector = X86_TRAP_TS };
	struct x86_seg new;
	enum emul_result ret;

	if (exec_virtual(ctx))
		ret = segment_load(ctx, seg, selector, &new);
	else if (seg == SEG_SS)
		ret = segment_load_stack(ctx, selector, &rules, &new);
	else
		ret = segment_load_data(ctx, selector, X86_TRAP_TS, &new);
	if (ret == EMUL_OK)
		ctx->ops->segment_set(ctx, seg, &new);
	return ret;
}

/* In the order of the 386's table of checks: LDT, code, stack, data. */
static enum emul_result task_segments(struct emul_ctx *ctx, const struct task *n)
{
	static const u8 order[] = {
		SEG_SS, SEG_DS, SEG_ES, SEG_FS, SEG_GS,
	};
	const u32 *selector = n->word + TASK_SEG;
	enum emul_result ret;
	unsigned int i;

	ret = task_ldt(ctx, n->ldt);
	if (ret == EMUL_OK && exec_virtual(ctx))
		ret = task_data(ctx, SEG_CS, selector[SEG_CS]);
	else if (ret == EMUL_OK)
		ret = task_code(ctx, selector[SEG_CS]);
	for (i = 0; i < ARRAY_SIZE(order) && ret == EMUL_OK; i++)
		ret = task_data(ctx, order[i], selector[order[i]]);
	return ret;
}

/* What needs no descriptor: SDM vol. 3, 7.3, steps 9 to 12. */
static enum emul_result task_registers(struct emul_ctx *ctx, const struct task *n)
{
	struct x86_seg seg = { 0 };
	enum emul_result ret;
	unsigned int i;
	u64 cr0 = 0;

	ctx->ops->segment_set(ctx, SEG_TR, &n->tr);
	ctx->rip = n->word[TASK_EIP];
	ctx->rflags = (n->word[TASK_EFLAGS] & RFLAGS_BITS) | X86_EFLAGS_FIXED;
	if (task_nests(n->t))
		ctx->rflags |= X86_EFLAGS_NT;
	ctx->protected = !exec_virtual(ctx);
	ctx->mode = EMUL_32;
	ctx->cpl = exec_virtual(ctx) ? 3 : n->word[TASK_SEG + SEG_CS] & 3;
	for (i = 0; i < 8; i++)
		ctx->gpr[i] = n->word[TASK_GPR + i];
	for (i = SEG_ES; i <= SEG_GS; i++) {
		seg.selector = n->word[TASK_SEG + i];
		ctx->ops->segment_set(ctx, i, &seg);
	}
	ctx->ops->task(ctx);
	ret = exec_reg(ctx, EMUL_CR, 0, &cr0);
	if (ret == EMUL_OK && cr0 & X86_CR0_PG && n->layout == &tss_32)
		ret = exec_reg_set(ctx, EMUL_CR, 3, n->cr3);
	return ret;
}

static enum emul_result task_push(struct emul_ctx *ctx, const struct task *n)
{
	enum emul_result ret;
	struct stack s;

	stack_init(&s, ctx, n->layout->unit);
	ret = stack_push(&s, ctx, n->t->error);
	return ret == EMUL_OK ? stack_write(&s, ctx) : ret;
}

static enum emul_result task_enter(struct emul_ctx *ctx, const struct task *n)
{
	struct x86_seg cs;
	enum emul_result ret;

	ret = task_registers(ctx, n);
	if (ret == EMUL_OK)
		ret = task_segments(ctx, n);
	if (ret == EMUL_OK && n->t->has_error)
		ret = task_push(ctx, n);
	ctx->ops->segment(ctx, SEG_CS, &cs);
	if (ret == EMUL_OK)
		ret = exec_target(ctx, &cs, ctx->rip);
	if (ret != EMUL_OK || !n->trap)
		return ret;
	ret = exec_fault(ctx, X86_TRAP_DB, 0);
	ctx->fault.address = DR6_BT;
	return ret;
}

/*
 * Nothing brings the old task back: what cannot be read now, because it is a
 * device's or because other processors change the tables all the time, is not valid.
 */
#define ENTER_TRIES 16

static enum emul_result task_begin(struct emul_ctx *ctx, const struct task *n)
{
	enum emul_result ret;
	int i = 0;

	do
		ret = task_enter(ctx, n);
	while (ret == EMUL_RETRY && ++i < ENTER_TRIES);
	if (ret == EMUL_OK)
		return EMUL_JUMP;
	if (ret != EMUL_FAULT)
		task_fault(ctx, X86_TRAP_TS, n->t->selector);
	return EMUL_TRAP;
}

enum emul_result task_switch(struct emul_ctx *ctx, const struct emul_task *t)
{
	struct task n = { .t = t };
	enum emul_result ret;

	ret = task_find(ctx, &n);
	if (ret == EMUL_OK && ctx->ops->task_taken(ctx, t))
		return EMUL_RETRY;
	if (ret == EMUL_OK)
		ret = task_read(ctx, &n);
	if (ret == EMUL_OK)
		ret = task_leave(ctx, &n);
	if (ret == EMUL_OK)
		ret = task_begin(ctx, &n);
	if ((ret == EMUL_FAULT || ret == EMUL_TRAP) && t->external &&
	    ctx->fault.has_error && ctx->fault.vector != X86_TRAP_PF)
		ctx->fault.error |= 1;
	return ret;
}

enum emul_result task_return(struct emul_ctx *ctx)
{
	struct emul_task t = { .source = TASK_IRET, .after = exec_after(ctx) };
	struct x86_seg tr;
	enum emul_result ret;

	ctx->ops->segment(ctx, SEG_TR, &tr);
	ret = implicit_read(ctx, tr.base, &t.selector, 2);
	return ret == EMUL_OK ? task_switch(ctx, &t) : ret;
}
