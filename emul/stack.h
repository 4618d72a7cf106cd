/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stack of an instruction that pushes or pops.
 *
 * Pushed values are checked at once and written together at the end: what
 * faults or waits for a device has written nothing.
 */
#ifndef LAMINA_EMUL_STACK_H
#define LAMINA_EMUL_STACK_H

#include "emul/emul.h"

/* A call gate's 31 parameters and what goes with them. */
#define STACK_PUSHES 36

/**
 * struct stack - a stack in use
 * @mask: the bits of a stack pointer
 * @sp: stack pointer, as it will be
 * @top: stack pointer at the beginning, where pushing started
 * @size: of one value, in bytes (2, 4, 8)
 * @n: values pushed
 * @val: the values
 */
struct stack {
	u64 mask;
	u64 sp;
	u64 top;
	unsigned int size;
	unsigned int n;
	u64 val[STACK_PUSHES];
};

/**
 * stack_mask - the bits of a stack pointer (APM vol. 2, 4.7.3)
 * @mode: default size of the code
 * @ss: the stack's segment, of which SS.B counts outside 64-bit mode
 */
u64 stack_mask(enum emul_mode mode, const struct x86_seg *ss);

/**
 * stack_init - use the current stack
 * @s: the stack
 * @ctx: the emulation
 * @size: of one value, in bytes
 */
void stack_init(struct stack *s, struct emul_ctx *ctx, unsigned int size);

/**
 * stack_switch - use another stack
 * @s: the stack
 * @ctx: the emulation; mode and privilege are those of the accesses
 * @ss: its segment; stays in use until the instruction ends
 * @sp: its pointer
 *
 * The size of a value, set before, stays.
 */
void stack_switch(struct stack *s, struct emul_ctx *ctx,
		  const struct x86_seg *ss, u64 sp);

/**
 * stack_push - push one value
 * @s: the stack
 * @ctx: the emulation
 * @val: the value; bits beyond the stack's size are ignored
 *
 * The write is checked but not done: stack_write() does it.
 *
 * Return: EMUL_OK, or what the checks say.
 */
enum emul_result stack_push(struct stack *s, struct emul_ctx *ctx, u64 val);

/**
 * stack_pop - pop one value
 * @s: the stack; nothing has been pushed
 * @ctx: the emulation
 * @val: the value, zero extended
 *
 * Return: EMUL_OK, or what the check or the callback says.
 */
enum emul_result stack_pop(struct stack *s, struct emul_ctx *ctx, u64 *val);

/**
 * stack_peek - read a value, as it would be with the pushed ones written
 * @s: the stack
 * @ctx: the emulation
 * @offset: where
 * @val: the value, zero extended
 *
 * Return: EMUL_OK, or what the check or the callback says.
 */
enum emul_result stack_peek(struct stack *s, struct emul_ctx *ctx, u64 offset,
			    u64 *val);

/**
 * stack_write - write what has been pushed, then the stack pointer
 * @s: the stack
 * @ctx: the emulation; nothing can fail any more
 *
 * Return: EMUL_OK, or what the callback says.
 */
enum emul_result stack_write(struct stack *s, struct emul_ctx *ctx);

/**
 * stack_finish - make the stack pointer the register's value
 * @s: the stack; nothing has been pushed
 * @ctx: the emulation
 */
void stack_finish(struct stack *s, struct emul_ctx *ctx);

#endif
