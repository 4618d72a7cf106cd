/* SPDX-License-Identifier: GPL-2.0-only */
/* What far transfers of control have in common. */
#ifndef LAMINA_EMUL_FAR_H
#define LAMINA_EMUL_FAR_H

#include "emul/descriptor.h"
#include "emul/emul.h"
#include "emul/stack.h"

/**
 * struct far - where a far transfer goes
 * @selector: of the code segment, as given
 * @rip: offset in it
 * @cpl: privilege level there
 * @mode: default size there
 * @d: its descriptor, in protected mode
 * @cs: what CS becomes
 */
struct far {
	u16 selector;
	u64 rip;
	u8 cpl;
	enum emul_mode mode;
	struct descriptor d;
	struct x86_seg cs;
};

/**
 * far_real - a target in real or virtual-8086 mode
 * @ctx: the emulation
 * @f: selector and RIP are given, the rest is filled
 */
void far_real(struct emul_ctx *ctx, struct far *f);

/**
 * far_fetch - fetch the descriptor of the target
 * @ctx: the emulation, in protected mode
 * @f: the selector is given, the descriptor is filled
 *
 * Return: EMUL_OK, EMUL_FAULT (#GP), or what the callback says.
 */
enum emul_result far_fetch(struct emul_ctx *ctx, struct far *f);

/**
 * far_through - the target that a gate names
 * @f: selector and RIP are filled
 * @gate: the gate, which may be @f's own descriptor
 * @size: 2 for a gate with an offset of 16 bits
 */
void far_through(struct far *f, const struct descriptor *gate,
		 unsigned int size);

/**
 * far_conforming - is the fetched descriptor conforming code?
 * @f: the target
 */
bool far_conforming(const struct far *f);

/**
 * far_gated - may a gate name the fetched descriptor?
 * @ctx: the emulation
 * @f: the target
 *
 * In long mode gates lead to 64-bit code only (APM vol. 2, 4.8.3).
 */
bool far_gated(const struct emul_ctx *ctx, const struct far *f);

/**
 * far_accept - the checks of a code segment that do not depend on privilege
 * @ctx: the emulation, in protected mode
 * @f: the descriptor is fetched; the rest is filled, but RIP and CPL
 * @allowed: those that do
 *
 * Return: EMUL_OK or EMUL_FAULT (#GP, #NP).
 */
enum emul_result far_accept(struct emul_ctx *ctx, struct far *f, bool allowed);

/**
 * far_enter - check RIP and mark the segment accessed: the last that can fail
 * @ctx: the emulation
 * @f: the target
 *
 * Return: EMUL_OK, EMUL_FAULT (#GP(0)), or what the callback says.
 */
enum emul_result far_enter(struct emul_ctx *ctx, struct far *f);

/**
 * far_commit - write CS, CPL and RIP
 * @ctx: the emulation
 * @f: the target
 *
 * Return: EMUL_JUMP.
 */
enum emul_result far_commit(struct emul_ctx *ctx, const struct far *f);

/**
 * far_stack - the stack of an inner level or of an interrupt, from the TSS
 * @ctx: the emulation; its mode and CPL become those of the target
 * @f: the target
 * @ist: in long mode the entry of the stack table, 0 for that of the level
 * @ss: what SS becomes; untouched when the level stays
 * @sp: the stack pointer
 *
 * Return: EMUL_OK, EMUL_FAULT (#TS, #SS), or what the callback says.
 */
enum emul_result far_stack(struct emul_ctx *ctx, const struct far *f,
			   unsigned int ist, struct x86_seg *ss, u64 *sp);

/**
 * far_push - push one value, on a stack that was changed to
 * @s: the stack
 * @ctx: the emulation
 * @val: the value
 *
 * Return: as stack_push(); #SS has the new stack's selector as error code.
 */
enum emul_result far_push(struct stack *s, struct emul_ctx *ctx, u64 val);

/**
 * far_return - the part of RETF and IRET behind the popped CS
 * @ctx: the emulation, in protected mode
 * @f: selector and RIP are given
 * @s: the stack, from which CS has been popped
 * @release: bytes to release, on both stacks
 * @always: pop a stack whether the level changes or not
 *
 * All is done but RIP, CS and CPL, for which far_commit() is left.
 *
 * Return: EMUL_OK, EMUL_FAULT, or what a callback says.
 */
enum emul_result far_return(struct emul_ctx *ctx, struct far *f,
			    struct stack *s, u16 release, bool always);

#endif
