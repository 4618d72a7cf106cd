/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CR4.VME and CR4.PVI: below IOPL 3 a program's interrupt flag is VIF, and in
 * virtual-8086 mode INT n may lead to the program's own handler (SDM vol. 3, 20.3
 * and 20.4; APM vol. 2, 8.11).
 */
#ifndef LAMINA_EMUL_VME_H
#define LAMINA_EMUL_VME_H

#include "emul/emul.h"
#include "emul/system.h"

/**
 * vme_allowed - may an instruction that IOPL guards go on in virtual-8086 mode?
 * @ctx: the emulation, in that mode, IOPL below 3
 *
 * Return: EMUL_OK: vme_virtual_if() is what it is about; EMUL_FAULT (#GP(0)); or
 * what reading CR4 says.
 */
enum emul_result vme_allowed(struct emul_ctx *ctx);

/**
 * vme_virtual_if - does VIF stand for IF in flags that are pushed and popped?
 * @ctx: the emulation; vme_allowed() has allowed the instruction
 */
static inline bool vme_virtual_if(const struct emul_ctx *ctx)
{
	return exec_virtual(ctx) && exec_iopl(ctx) < 3;
}

/**
 * vme_pushed - RFLAGS as PUSHF pushes them, and INT n to a program's own handler
 * @ctx: the emulation
 */
u64 vme_pushed(const struct emul_ctx *ctx);

/**
 * vme_popped - what flags that POPF or IRET has popped change
 * @ctx: the emulation
 * @flags: the flags; their VIF becomes what it is to be
 * @mask: which of them are taken over; VIF may come in addition
 *
 * Return: EMUL_OK or EMUL_FAULT (#GP(0)).
 */
enum emul_result vme_popped(struct emul_ctx *ctx, u64 *flags, u64 *mask);

/**
 * vme_set_if - CLI and STI where IOPL does not allow them
 * @ctx: the emulation
 * @on: STI
 *
 * Return: EMUL_OK, EMUL_FAULT (#GP(0)), or what reading CR4 says.
 */
enum emul_result vme_set_if(struct emul_ctx *ctx, bool on);

/**
 * vme_redirected - does INT n lead to the program's own handler?
 * @ctx: the emulation
 * @vector: n
 * @own: the answer; false outside virtual-8086 mode
 *
 * Return: EMUL_OK, EMUL_FAULT (#GP(0)), or what a callback says.
 */
enum emul_result vme_redirected(struct emul_ctx *ctx, u8 vector, bool *own);

#endif
